"""Replicas at a ladder of inverse temperatures that exchange their places, as ops (Hukushima &
Nemoto 1996).

    P(exchange) = min(1, exp((β − β′)(E − E′))),      of neighbours, even pairs and odd ones in turn
"""

from __future__ import annotations

from ...plan.plan import MANY_CHAINS, Plan
from ..builder import Builder, Phase
from ..schedule import Composition
from ..values import BATCH, Content, Life, Number, Value, View
from .sweeps import Chains, prepare_once, repeat_sweeps, states_of, sweep_of
from .terms import terms_of

LADDER = "ladder"
"""What arrays of the ladders are bound to, before their names."""
LADDERS, REPLICAS, ROUNDS, PAIRS = "ladders", "replicas", "rounds", "pairs"
"""Axes whose lengths are a call's."""


def exchanges(plan: Plan, chains: Chains) -> Composition:
    """The routine `exchanges`: `rounds` times `steps` sweeps of all replicas, then exchanges.

    Round r draws at update `call` + r; `parity` + r says which pairs try. Raises NotScheduled for a
    term that ops do not carry out.
    """
    b = Builder(plan, "exchanges", "Sweeps of replicas at a ladder of β, and exchanges of their β")
    terms = terms_of(b, cells=chains.cells)
    if chains.many:
        b.batch = MANY_CHAINS
    state = states_of(b, chains)
    free = tuple(n for block in plan.blocks for n in block if n not in chains.held)
    betas, place, accepted, tried, was_hot, uniforms = of_ladder(b)
    trips = trips_of(b)
    beta = b.shared("beta", Content.WEIGHTS, (BATCH,))
    phase, parity = Phase(state, Number("1.0")), b.number("parity", "i8")
    prepare_once(b, terms)
    call, steps = b.number("call", "i8"), b.number("steps", "i8")
    with b.repeat(b.number(ROUNDS, "i8"), "swap") as at:
        b.heading("every replica at its own β")
        b.do("take_betas", betas, place, beta)
        how = sweep_of(b, state, chains, Number(f"{call} + {at}"), beta)
        repeat_sweeps(b, terms, phase, steps, how, free, chains)
        b.heading("exchanges")
        energy = b.shared("minus_E", Content.FIGURE, (BATCH,), "f8")
        b.do("begin_energies", energy)
        terms.add_minus_energy(b, phase, energy, BATCH)
        pairs = Number(f"({parity} + {at}) % 2")
        b.do("exchange", energy, pairs, View(uniforms, at), betas, place, accepted, tried)
        b.do("count_trips", betas, place, was_hot, trips)
    return b.composition()


def of_ladder(b: Builder) -> tuple[Value, ...]:
    """The inverse temperatures, which replica is at which of them, how often pairs were accepted
    and tried, who was last at the hot end, and the uniform numbers that decide.
    """
    return (
        _of_ladder(b, "ladder", (REPLICAS,), "f8"),
        _of_ladder(b, "place", (LADDERS, REPLICAS), "i8"),
        *(_of_ladder(b, n, (PAIRS,), "f8") for n in ("accepted", "tried")),
        _of_ladder(b, "was_hot", (LADDERS, REPLICAS), "i8"),
        _of_ladder(b, "uniforms", (ROUNDS, PAIRS, LADDERS), "f8", Life.GIVEN),
    )


def _of_ladder(
    b: Builder, name: str, shape: tuple[str, ...], number: str, life: Life = Life.KEPT
) -> Value:
    return b.value(name, Content.SLOT, shape, life, number=number, source=(LADDER, name))


def trips_of(b: Builder) -> Value:
    """How often a replica came to the cold end from the hot one."""
    return b.value("trips", Content.SLOT, (1,), Life.KEPT, number="i8", source=(LADDER, "trips"))

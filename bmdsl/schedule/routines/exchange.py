"""Replicas at a ladder of inverse temperatures that exchange their places, as ops (Hukushima &
Nemoto 1996).

    P(exchange) = min(1, exp((β − β′)(E − E′))),      of neighbours, even pairs and odd ones in turn
"""

from __future__ import annotations

from typing import NamedTuple

from ...plan.plan import MANY_CHAINS, Plan
from ..builder import Builder, Phase
from ..schedule import Composition
from ..values import BATCH, Content, Life, Number, Value, View
from .pairs import Sums, groups_of, sum_pairs
from .records import records_of, sum_units
from .sweeps import Chains, prepare_once, repeat_sweeps, states_of, sweep_of
from .terms import terms_of

LADDER = "ladder"
"""What arrays of the ladders are bound to, before their names."""
LADDERS, REPLICAS, ROUNDS, PAIRS = "ladders", "replicas", "rounds", "pairs"
"""Axes whose lengths are a call's."""


OBSERVED = "observed"
"""The argument that is the number of the temperature that records are taken at."""


class Record(NamedTuple):
    """What is taken of the replicas at one of the temperatures after every few rounds: −E, Σ x
    over the units of a group, and sums over pairs and planes.
    """

    group: str
    sums: tuple[Sums, ...]


def exchanges(plan: Plan, chains: Chains, record: Record | None = None) -> Composition:
    """The routine `exchanges`: `rounds` times `steps` sweeps of all replicas, then exchanges. With
    a record, `draws` times as many rounds, each time a record of the replicas at betas[observed].

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
    energy = b.shared("minus_E", Content.FIGURE, (BATCH,), "f8")

    def repeat_rounds(before: str) -> None:
        with b.repeat(b.number(ROUNDS, "i8"), "swap") as swap:
            at = Number(f"{before}{swap}")
            b.heading("every replica at its own β")
            b.do("take_betas", betas, place, beta)
            how = sweep_of(b, state, chains, Number(f"{call} + {at}"), beta)
            repeat_sweeps(b, terms, phase, steps, how, free, chains)
            b.heading("exchanges")
            b.do("begin_energies", energy)
            terms.add_minus_energy(b, phase, energy, BATCH)
            pairs = Number(f"({parity} + {at}) % 2")
            b.do("exchange", energy, pairs, View(uniforms, at), betas, place, accepted, tried)
            b.do("count_trips", betas, place, was_hot, trips)

    if record is None:
        repeat_rounds("")
        return b.composition()
    energies, sums = records_of(b, LADDERS)
    rows = _of_ladder(b, "rows", (LADDERS,), "i8")
    means = frozenset((*chains.means, *chains.averaged))
    seen = {
        n: b.state(n, f"{n}_observed", LADDERS, Life.KEPT, n in means, source=(LADDER, "state", n))
        for n in dict.fromkeys((record.group, *groups_of(record.sums)))
    }
    with b.repeat(b.number("draws", "i8"), "draw") as draw:
        repeat_rounds(rounds_before(draw))
        b.heading("a record")
        b.do("find_rows", place, b.number(OBSERVED, "i8"), rows)
        b.do("take_figures", energy, rows, View(energies, draw))
        for n, x in seen.items():
            b.do("take_rows", state[n], rows, x)
        sum_units(b, seen, record.group, View(sums, draw))
        sum_pairs(b, record.sums, seen, draw)
    return b.composition()


def rounds_before(draw: Number) -> str:
    """What is added to the number of a round of this record."""
    return f"{draw} * {ROUNDS} + "


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

"""Parallel tempering: replicas from β = 1 down to `hot` exchange their places (Desjardins,
Courville, Bengio, Vincent & Delalleau 2010).

Chains that are stuck at β = 1 get away through the hot replicas. The ladder adapts: temperatures
are moved so that every pair of neighbours exchanges equally often (Syed, Bouchard-Côté,
Deligiannidis & Doucet 2022).
"""

from __future__ import annotations

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...plan.streams import CHAIN_STREAM, NEGATIVE_STREAM, of_event
from ...runs.run_folder import OWN
from ...schedule import exchange_ops
from ...schedule.builder import Phase
from ...schedule.routines.phases import Sweep, sweep
from ...schedule.values import Content, Life, Number, Value, times
from ..batch import Batch, Expectation
from ..composing import Composer
from ..conditions import refuse_given
from ..machine_protocol import Array, Machine, State

WORD = Word(
    "tempering",
    (
        Option("replicas", "integer", 10, low=2),
        Option("chains", "integer", 20, low=1),
        Option("steps", "integer", 1, low=1),
        Option("hot", "number", 0.0, low=0, high=1),
    ),
    summary="chains that exchange places with hotter ones",
)
REPLICA, BETAS, PLACE, ACCEPTED, TRIED = (
    OWN + "replica/",
    OWN + "betas",
    OWN + "place",
    OWN + "accepted",
    OWN + "tried",
)
ADAPT = 100
"""Updates between two changes of the ladder."""


def start(machine: Machine, choice: Choice) -> State:
    """All replicas under names of their own, [chains · replicas, size], row c · R + r replica r of
    ladder c; under the groups' names those at β = 1.
    """
    refuse_given(machine, choice)
    count, replicas = int(choice["chains"]), int(choice["replicas"])
    state = machine.initial_state(count * replicas, CHAIN_STREAM, 0)
    own: State = {REPLICA + n: x for n, x in state.items()}
    own[BETAS] = np.linspace(1, float(choice["hot"]), replicas)
    own[PLACE] = np.tile(np.arange(replicas), (count, 1))
    own[ACCEPTED], own[TRIED] = np.zeros(replicas - 1), np.zeros(replicas - 1)
    return own | {n: x[::replicas].copy() for n, x in state.items()}


def expect(
    machine: Machine, choice: Choice, batch: Batch, chains: State, positive: Expectation
) -> Expectation:
    """Exchanges, then sweeps of all replicas at their temperatures; the average of those
    at β = 1.
    """
    state = {n.removeprefix(REPLICA): x for n, x in chains.items() if n.startswith(REPLICA)}
    betas, place = chains[BETAS], chains[PLACE]
    chance = uniforms(machine.seed, choice, batch.update)
    counts = chains[ACCEPTED], chains[TRIED]
    minus_energy = -machine.written_energy(state)
    exchange_ops.exchange(minus_energy, batch.update % 2, chance, betas, place, *counts)
    exchange_ops.respace(batch.update, ADAPT, betas, *counts)
    rows = machine.sweep(
        state,
        int(choice["steps"]),
        {},
        batch.update,
        NEGATIVE_STREAM,
        beta=betas[place].ravel().astype(machine.dtype),
    )
    count, replicas = place.shape
    cold = np.argmax(place == 0, axis=1) + replicas * np.arange(count)
    for name, x in state.items():
        chains[name][...] = x[cold]
    return Expectation(rows_at(rows, cold), np.full(count, 1 / count, machine.dtype))


def rows_at(rows: State, chosen: Array) -> State:
    """Some of the rows, with the second moments that go with them."""
    picked = type(rows)({n: np.ascontiguousarray(x[chosen]) for n, x in rows.items()})
    for name, x in getattr(rows, "squares", {}).items():
        picked.squares[name] = x[chosen]  # type: ignore[attr-defined]  # rows of a compiled machine
    return picked


def uniforms(seed: int, choice: Choice, update: int) -> Array:
    """The numbers that decide one update's exchanges, a row for each pair: those that `expect`
    draws.
    """
    pairs, count = int(choice["replicas"]) // 2, int(choice["chains"])
    return of_event("TRAINING_EXCHANGE", seed, update).random((pairs, count))


def compose(c: Composer, choice: Choice, positive: Phase) -> Phase:
    """Exchanges, then sweeps of all replicas at their temperatures; the average of those
    at β = 1.
    """
    b = c.b
    count, replicas = int(choice["chains"]), int(choice["replicas"])
    own = c.rows(count)
    rows = times(own, replicas)
    state = {}
    for g in b.plan.groups:
        source = ("chain", REPLICA + g.name)
        state[g.name] = b.state(g.name, f"{g.name}_replicas", rows, Life.KEPT, source=source)
    at = Phase(state, c.share_of(count))
    betas = _kept(c, "betas", BETAS, (replicas,), "f8")
    place = _kept(c, "place", PLACE, (own, replicas), "i8")
    accepted, tried = (
        _kept(c, n, key, (replicas - 1,), "f8")
        for n, key in (("accepted", ACCEPTED), ("tried", TRIED))
    )
    chance = b.value(
        "uniforms",
        Content.CONSTANT,
        (replicas // 2, own),
        Life.GIVEN,
        number="f8",
        per_update=True,
        source=("uniforms",),
    )
    energy = b.shared("minus_E", Content.FIGURE, (rows,), "f8")
    b.do("begin_energies", energy)
    c.terms.add_minus_energy(b, at, energy, rows)
    turn = Number(f"{c.update} % 2")
    b.do("exchange", energy, turn, chance, betas, place, accepted, tried)
    b.do("respace", c.update, ADAPT, betas, accepted, tried)
    beta = b.shared("beta", Content.WEIGHTS, (rows,))
    b.do("take_betas", betas, place, beta)
    how = Sweep(NEGATIVE_STREAM, c.update, {}, beta=beta)
    ends = sweep(b, c.terms.untempered, at, int(choice["steps"]), how, rows, keep=True)
    cold = b.shared("cold", Content.SLOT, (own,), "i8")
    b.do("find_rows", place, Number("0"), cold)
    kept = c.chains(count, own)
    picked, squares = dict(kept.rows), {}
    for name, x in state.items():
        b.do("take_rows", x, cold, kept.rows[name])
        if ends.rows[name] is not x:
            picked[name] = b.mean_of(name, own, f"m_{name}_cold")
            b.do("take_rows", ends.rows[name], cold, picked[name])
        if name in ends.squares:
            squares[name] = b.mean_of(name, own, f"s2_{name}_cold")
            b.do("take_rows", ends.squares[name], cold, squares[name])
    return Phase(picked, kept.share, squares=squares)


def _kept(c: Composer, name: str, key: str, shape: tuple[int | str, ...], number: str) -> Value:
    """Something of the ladders that goes on from update to update."""
    return c.word(name, shape, number=number, key=("chain", key))

"""Trajectory tempering: replicas are the machine's own past, from independent units to the present
parameters, and exchange their states.

Parameters met along the training make a better ladder than temperatures: each is a small step from
the next, and none passes through a phase transition all at once (Béreux, Decelle, Furtlehner,
Rosset & Seoane 2025, Fast training and sampling of restricted Boltzmann machines). Since the first
is of independent units, log Z of the present one comes out on the way, as a sum of ratios between
neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...plan.streams import CHAIN_STREAM, NEGATIVE_STREAM, PAST_STREAM, of_event
from ...runs.run_folder import OWN
from ..batch import Batch, Expectation
from ..conditions import refuse_given
from ..machine_protocol import Array, Machine, State

if TYPE_CHECKING:
    from ...inference.phases import Phases

WORD = Word(
    "trajectory",
    (
        Option("replicas", "integer", 10, low=2),
        Option("chains", "integer", 50, low=2),
        Option("steps", "integer", 1, low=1),
        Option("exchange", "number", 0.3, low=0, high=1),
    ),
    summary=(
        "chains that exchange places with those of the machine's own past; log Z as training"
        " goes on"
    ),
)
COUNT, LOG_Z, RATE, SUMS = OWN + "count", OWN + "log_z", OWN + "rate", OWN + "sums"
SLOW = 0.05
"""How fast the share of exchanges with the last kept machine is followed."""


def _model(k: int, name: str = "") -> str:
    return f"{OWN}model/{k}/{name}"


def _past(k: int, name: str = "") -> str:
    return f"{OWN}past/{k}/{name}"


def start(machine: Machine, choice: Choice) -> State:
    """The present chains, room for `replicas` − 1 past machines with chains of their own, and the
    first: no coupling at all, whose log Z is known.
    """
    from ...inference import importance

    refuse_given(machine, choice)
    chains, room = int(choice["chains"]), int(choice["replicas"]) - 1
    state: State = dict(machine.initial_state(chains, CHAIN_STREAM, 0))
    coupling = {p.parameter for t in machine.model.terms if len(t.units) > 1 for p in t.parameters}
    for k in range(room):
        state |= {
            _model(k, n): np.array(x if n not in coupling or k else np.zeros_like(x))
            for n, x in machine.params.items()
        }
        state |= {_past(k, n): x.copy() for n, x in state.items() if not n.startswith(OWN)}
    state[COUNT], state[RATE] = np.array(1), np.array(1.0)
    state[LOG_Z] = np.zeros(room + 1)  # of every kept machine, then of the present one
    state[SUMS] = np.zeros(
        (room, 3)
    )  # between kept machine k and k + 1: log Σ exp forward, log Σ exp backward, how many
    state[SUMS][:, :2] = -np.inf
    with machine.standing_at(_params(machine, state, 0)):
        first = cast("Phases", machine)
        state[LOG_Z][0] = importance.estimate(
            first, importance.base_means(first, None), 64, 32, "linear", reverse=False
        ).value
    return state


def expect(
    machine: Machine, choice: Choice, batch: Batch, chains: State, positive: Expectation
) -> Expectation:
    """Exchanges of neighbours, sweeps of all; the average over the present chains.

    Keeps the present machine where it has moved on far enough.
    """
    phases = cast("Phases", machine)
    count = int(chains[COUNT])
    states = [_states(chains, k) for k in range(count)] + [
        {n: x for n, x in chains.items() if not n.startswith(OWN)}
    ]
    _exchange(phases, chains, states, batch.update)
    for k in range(count):
        with machine.standing_at(_params(machine, chains, k)):
            machine.sweep(states[k], int(choice["steps"]), {}, batch.update, PAST_STREAM + k)
    rows = machine.sweep(states[-1], int(choice["steps"]), {}, batch.update, NEGATIVE_STREAM)
    if chains[RATE] < float(choice["exchange"]):
        _keep(machine, chains, states[-1], int(choice["replicas"]) - 1)
    n = int(choice["chains"])
    return Expectation(rows, np.full(n, 1 / n, machine.dtype))


def _params(machine: Machine, chains: State, k: int) -> dict[str, Array]:
    return {n: chains[_model(k, n)] for n in machine.params}


def _states(chains: State, k: int) -> State:
    head = _past(k)
    return {n.removeprefix(head): x for n, x in chains.items() if n.startswith(head)}


def _exchange(machine: Phases, chains: State, states: list[State], update: int) -> None:
    """Neighbours k and k + 1, even pairs and odd ones in turn, exchange chains with probability
    min(1, p_k(y) p_l(x) / p_k(x) p_l(y)).

    The first block of a sweep is summed out of these weights: it is drawn anew right after. All
    pairs' weights go into log Z.
    """
    from scipy.special import logsumexp

    from ...runtime import summing

    count = len(states) - 1
    fields = []
    for k in range(count):
        with machine.standing_at({n: chains[_model(k, n)] for n in machine.params}):
            fields.append(machine.held_fields())
    fields.append(machine.held_fields())
    block = machine.program.plan.blocks[0]
    whole = len(machine.program.plan.blocks) == 1  # then nothing would be left to exchange
    summed = () if whole or any(machine.program.meets(n) for n in block) else block

    def weight(f: int, s: int) -> Array:
        kept = {n: x for n, x in states[s].items() if n not in summed}
        return summing.sum_out(machine.program, fields[f], kept, summed)[1]

    own = [weight(k, k) for k in range(count + 1)]
    generator = of_event("TRAINING_EXCHANGE", machine.seed, update)
    log_z = chains[LOG_Z]
    steps = [
        (weight(k + 1, k) - own[k], weight(k, k + 1) - own[k + 1]) for k in range(count)
    ]  # all before any chain changes its place
    for k, (up, down) in enumerate(steps):
        n, last = len(up), k == count - 1
        if last:
            ratio = 0.5 * ((logsumexp(up) - np.log(n)) - (logsumexp(down) - np.log(n)))
        else:
            sums = chains[SUMS][k]
            sums[:] = (
                np.logaddexp(sums[0], logsumexp(up)),
                np.logaddexp(sums[1], logsumexp(down)),
                sums[2] + n,
            )
            ratio = 0.5 * (sums[0] - sums[1])
        log_z[k + 1] = log_z[k] + ratio
        accepted = np.log(generator.random(n)) < up + down
        if last:
            chains[RATE] += SLOW * (
                float(np.minimum(1, np.exp(np.minimum(0, up + down))).mean()) - chains[RATE]
            )
        if k % 2 == update % 2:
            for name, x in states[k].items():
                y = states[k + 1][name]
                x[accepted], y[accepted] = y[accepted].copy(), x[accepted].copy()


def _keep(machine: Machine, chains: State, present: State, room: int) -> None:
    """The present machine becomes part of the past; where there is no room, every second of the
    past is forgotten first.
    """
    count = int(chains[COUNT])
    if count == room:
        kept = [0, *range(2 - count % 2, count - 1, 2), count - 1] if count > 2 else [0]
        kept = sorted(set(kept))[: room - 1]
        for new, old in enumerate(kept):
            for name in machine.params:
                chains[_model(new, name)][...] = chains[_model(old, name)]
            for name in present:
                chains[_past(new, name)][...] = chains[_past(old, name)]
            chains[LOG_Z][new] = chains[LOG_Z][old]
        chains[SUMS][:, :2], chains[SUMS][:, 2] = -np.inf, 0
        count = len(kept)
    for name, x in machine.params.items():
        chains[_model(count, name)][...] = x
    for name, x in present.items():
        chains[_past(count, name)][...] = x
    if count < room:
        chains[SUMS][count - 1] = -np.inf, -np.inf, 0
    chains[COUNT][...] = count + 1
    chains[RATE][...] = 1.0

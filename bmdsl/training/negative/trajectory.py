"""Trajectory tempering: replicas are the machine's own past, from independent units to the present
parameters, and exchange their states.

Parameters met along the training make a better ladder than temperatures: each is a small step from
the next, and none passes through a phase transition all at once (Béreux, Decelle, Furtlehner,
Rosset & Seoane 2025, Fast training and sampling of restricted Boltzmann machines). Since the first
is of independent units, log Z of the present one comes out on the way, as a sum of ratios between
neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import numpy as np

from ...interactions.constants import add_minus_constant
from ...language.late import special
from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...plan.streams import CHAIN_STREAM, NEGATIVE_STREAM, PAST_STREAM, of_event
from ...runs.run_folder import OWN
from ...schedule.builder import Phase
from ...schedule.meeting_ops import meets
from ...schedule.past_ops import SLOW, keep_present, reorder_slots
from ...schedule.routines.free_energy import add_log_weights
from ...schedule.routines.phases import Sweep, sweep
from ...schedule.values import Content, Life, Number
from ..batch import Batch, Expectation
from ..composing import Composer
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
MACHINES, PAST = OWN + "machines/", OWN + "past/"
"""Stacks of `replicas` slots: parameters of machines, and states of their chains. The present
machine is the last one, slot COUNT.
"""


def start(machine: Machine, choice: Choice) -> State:
    """The present chains, room for `replicas` − 1 past machines with chains of their own, and the
    first: no coupling at all, whose log Z is known.
    """
    from ...inference import importance

    refuse_given(machine, choice)
    chains, slots = int(choice["chains"]), int(choice["replicas"])
    state: State = dict(machine.initial_state(chains, CHAIN_STREAM, 0))
    coupling = {p.parameter for t in machine.model.terms if len(t.units) > 1 for p in t.parameters}
    for name, x in list(state.items()):
        state[PAST + name] = np.repeat(x[None], slots, axis=0)
    for name, x in machine.params.items():
        state[MACHINES + name] = stack = np.repeat(np.asarray(x)[None], slots, axis=0)
        if name in coupling:
            stack[0] = 0
    state[COUNT], state[RATE] = np.array(1), np.array(1.0)
    state[LOG_Z] = np.zeros(slots)  # of every kept machine, then of the present one
    state[SUMS] = np.zeros((slots - 1, 3))
    state[SUMS][:, :2] = -np.inf
    first_params = {n: state[MACHINES + n][0, ...] for n in machine.params}
    with machine.standing_at(first_params):
        first = cast("Phases", machine)
        state[LOG_Z][0] = importance.estimate(
            first, importance.base_means(first, None), 64, 32, "linear", reverse=False
        ).value
    return state


def uniforms(seed: int, choice: Choice, update: int) -> Array:
    """The numbers that decide one update's exchanges, a row for each pair of neighbours."""
    pairs, count = int(choice["replicas"]) - 1, int(choice["chains"])
    return of_event("TRAINING_EXCHANGE", seed, update).random((pairs, count))


def compose(c: Composer, choice: Choice, positive: Phase) -> Phase:
    """Exchanges of neighbours, sweeps of all; the average over the present chains.

    Keeps the present machine if it has moved on far enough.
    """
    return _Past(c, choice).compose()


class _Past:
    """The ops of one update, and the arrays that they share."""

    def __init__(self, c: Composer, choice: Choice) -> None:
        b, slots, count = c.b, int(choice["replicas"]), int(choice["chains"])
        self.c, self.b, self.choice, self.rows = c, b, choice, count
        self.kept = c.word("machines", (1,), number="i8", key=("chain", COUNT))
        self.log_z = c.word("log_z", (slots,), number="f8", key=("chain", LOG_Z))
        self.sums = c.word("sums_of_pairs", (slots - 1, 3), number="f8", key=("chain", SUMS))
        self.rate = c.word("share", (1,), number="f8", key=("chain", RATE))
        self.present = c.chains(count)
        self.machines = {
            n: c.word(f"{n}_stack", (slots, *x.shape), key=("chain", MACHINES + n))
            for n, x in b.params.items()
        }
        self.states = {
            n: c.word(f"{n}_stack", (slots, *x.shape), key=("chain", PAST + n))
            for n, x in self.present.rows.items()
        }
        self.params = {
            n: b.value(f"{n}_past", Content.PARAMETER, x.shape, labels=x.labels)
            for n, x in b.params.items()
        }
        past = {n: b.state(n, f"{n}_past", count) for n in self.states}
        self.past = Phase(past, self.present.share)

    def compose(self) -> Phase:
        """All of it."""
        b, c, steps = self.b, self.c, int(self.choice["steps"])
        last = Number(f"{self.kept}[0]")
        for n, x in b.params.items():
            b.do("put_slot", x, last, self.machines[n])
        self._put_present(last)
        self._exchange(last)
        b.heading("chains of kept machines")
        with b.repeat(last, "k") as k:
            with self._standing_at(k):
                self._take(k)
                with b.streams_further(k):
                    how = Sweep(PAST_STREAM, c.update, {}, word="past")
                    sweep(b, c.terms, self.past, steps, how, self.rows, keep=True)
                for n, x in self.past.rows.items():
                    b.do("put_slot", x, k, self.states[n])
        b.heading("the present machine's chains")
        for n, x in self.present.rows.items():
            b.do("take_slot", self.states[n], last, x)
        how = Sweep(NEGATIVE_STREAM, c.update, {})
        ends = sweep(b, c.terms, self.present, steps, how, self.rows, keep=True)
        b.heading("the present machine may become part of the past")
        self._put_present(last)
        order = b.value("order", Content.SLOT, (int(self.choice["replicas"]),), number="i8")
        least = float(self.choice["exchange"])
        b.do("keep_present", least, self.kept, self.log_z, self.sums, self.rate, order)
        for x in (*self.machines.values(), *self.states.values()):
            b.do("reorder_slots", order, x)
        return ends

    def _put_present(self, last: Number) -> None:
        for n, x in self.present.rows.items():
            self.b.do("put_slot", x, last, self.states[n])

    def _take(self, slot: Number) -> None:
        """The chains of a slot."""
        for n, x in self.past.rows.items():
            self.b.do("take_slot", self.states[n], slot, x)

    @contextmanager
    def _standing_at(self, k: Number) -> Iterator[None]:
        """Ops inside are those of machine k."""
        b = self.b
        for n, x in self.params.items():
            b.do("take_slot", self.machines[n], k, x)
        with b.standing_at(self.params, "past"):
            self.c.terms.prepare(b)
            yield

    def _exchange(self, last: Number) -> None:
        """Neighbours exchange chains.

        The first block of a sweep is summed out of their weights: it is drawn anew right after.
        """
        b, slots = self.b, int(self.choice["replicas"])
        block = b.plan.blocks[0]
        whole = len(b.plan.blocks) == 1  # then nothing would be left to exchange
        bound = any(meets(b.group(n)) or b.group(n).expert for n in block)
        summed = () if whole or bound else block
        kept = {n: x for n, x in self.past.rows.items() if n not in summed}
        w = b.value("log_weight_past", Content.FIGURE, (self.rows,), number="f8")
        weights = b.value("weights", Content.SLOT, (slots, 3, self.rows), number="f8")
        swaps = b.value("swaps", Content.SLOT, (slots - 1, self.rows), number="i8")
        chance = b.value(
            "uniforms",
            Content.CONSTANT,
            swaps.shape,
            Life.GIVEN,
            number="f8",
            per_update=True,
            source=("uniforms",),
        )
        b.heading("log-weights of every machine at its own chains and at its neighbours'")
        b.do("clear_weights", weights)
        terms = self.c.terms.untempered
        with b.repeat(Number(f"{last} + 1"), "k") as k, self._standing_at(k):
            with b.repeat(3, "j") as j:
                self._take(Number(f"min(max({k} + {j} - 1, 0), {last})"))
                add_log_weights(b, terms, Phase(kept, Number("1.0")), summed, w, self.rows)
                add_minus_constant(b, w)
                b.do("put_weights", w, k, j, weights)
        state = (self.log_z, self.sums, self.rate)
        b.do("exchange_with_past", weights, chance, self.c.update, self.kept, *state, swaps)
        for x in self.states.values():
            b.do("swap_slots", swaps, self.kept, x)


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


def _params(machine: Machine | Phases, chains: State, k: int) -> dict[str, Array]:
    return {n: chains[MACHINES + n][k, ...] for n in machine.params}


def _states(chains: State, k: int) -> State:
    return {n.removeprefix(PAST): x[k] for n, x in chains.items() if n.startswith(PAST)}


def _exchange(machine: Phases, chains: State, states: list[State], update: int) -> None:
    """Neighbours k and k + 1, even pairs and odd ones in turn, exchange chains with probability
    min(1, p_k(y) p_l(x) / p_k(x) p_l(y)).

    The first block of a sweep is summed out of these weights: it is drawn anew right after. All
    pairs' weights go into log Z.
    """

    from ...runtime import summing

    count = len(states) - 1
    fields = []
    for k in range(count):
        with machine.standing_at(_params(machine, chains, k)):
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
            ratio = 0.5 * (
                (special.logsumexp(up) - np.log(n)) - (special.logsumexp(down) - np.log(n))
            )
        else:
            sums = chains[SUMS][k]
            sums[:] = (
                np.logaddexp(sums[0], special.logsumexp(up)),
                np.logaddexp(sums[1], special.logsumexp(down)),
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
    """The present machine becomes part of the past; if there is no room, every second of the past
    is forgotten first.
    """
    kept = chains[COUNT].reshape(1)
    for name, x in machine.params.items():
        chains[MACHINES + name][kept[0]] = x
    for name, x in present.items():
        chains[PAST + name][kept[0]] = x
    order = np.empty(room + 1, np.int64)
    keep_present(np.inf, kept, chains[LOG_Z], chains[SUMS], chains[RATE].reshape(1), order)
    for name, x in chains.items():
        if name.startswith((MACHINES, PAST)):
            reorder_slots(order, x)

"""Parallel tempering: replicas of a machine at a ladder of inverse temperatures that exchange their
places (Hukushima & Nemoto 1996).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..plan.streams import GROUPS, SAMPLE_STREAM, of_event
from ..ranks.world import world
from ..runtime.bit_entries import NotBits
from ..runtime.bit_form import BitForm
from ..runtime.program import Array, State
from ..schedule import exchange_ops as by_step
from ..schedule.routines.bit_sweeps import BITS
from .bit_replicas import FEWEST_LADDERS, Packed, pack, refused, takes_bits

if TYPE_CHECKING:
    from .phases import Phases


@dataclass
class Lowest:
    """The state of least energy that each ladder has had at any of its temperatures, and the update
    of the sweep that found it.
    """

    energies: Array
    state: State
    found: Array


@dataclass
class Replicas:
    """`chains` ladders side by side: row c · R + r of the state is replica r of ladder c, at
    betas[place[c, r]].

    `accepted` and `tried` [R − 1] count exchanges of neighbours, `trips` [1] how often a replica
    went from the hot end to the cold one, and `was_hot` says which were last at the hot end.
    """

    betas: Array
    numbers: State
    """The state as numbers; behind the bits while there are such."""
    place: Array
    accepted: Array
    tried: Array
    was_hot: Array
    trips: Array = field(default_factory=lambda: np.zeros(1, np.int64))
    exchanges: int = 0
    first: int = 0
    of: int | None = None
    """The number of the first ladder among all that ranks share, and their number; None: these."""
    bits: Packed | None = None
    """The replicas as bits, in words of one beta."""
    why_not: str = ""
    """Why they are no bits, if that was asked."""
    kept: Lowest | None = None
    """The lowest states so far while they are numbers; None: they are not kept."""

    @property
    def layout(self) -> str:
        """How the replicas lie in memory, and why if they could lie otherwise."""
        if self.bits is not None:
            count = (
                "fields as counts" if isinstance(self.bits.form, BitForm) else "fields as numbers"
            )
            return f"bits, 64 ladders to a word of one beta, {count}"
        return f"numbers: {self.why_not}" if self.why_not else "numbers"

    def keep_lowest(self) -> None:
        """From now on the lowest states are kept."""
        chains, count = self.place.shape
        state = {n: x[::count].copy() for n, x in self.numbers.items()}
        self.kept = Lowest(np.full(chains, np.inf), state, np.zeros(chains, np.int64))

    def lowest(self, machine: Phases) -> Lowest:
        """The lowest states so far."""
        assert self.kept is not None
        if self.bits is None:
            return self.kept
        best = self.bits.passed
        ladders = len(self.place)
        found = self.bits.states_of(machine, best[BITS, "best"])
        state = {n: found.get(n, x) for n, x in self.kept.state.items()}
        least, when = (best[BITS, n][:ladders] for n in ("best_x", "found"))
        return Lowest(-least, state, when)

    def note_lowest(self, machine: Phases, update: int) -> None:
        """Keeps what is lower than all before, of replicas that are numbers."""
        assert self.kept is not None
        energies = machine.written_energy(self.numbers)
        chains, count = self.place.shape
        best = np.argmin(energies.reshape(chains, count), axis=1) + count * np.arange(chains)
        better = energies[best] < self.kept.energies
        rows = best[better]
        self.kept.energies[better] = energies[rows]
        self.kept.found[better] = update
        for n, x in self.kept.state.items():
            x[better] = self.numbers[n][rows]

    def states_at(self, machine: Phases, k: int) -> State:
        """The states at betas[k], [chains, size] a group."""
        rows = self.rows_at(k)
        found = {} if self.bits is None else self.bits.states_at(machine, k)
        return {n: found[n] if n in found else x[rows] for n, x in self.numbers.items()}

    def at_beta(self) -> Array:
        """The inverse temperature of every row."""
        return self.betas[self.place].ravel()

    def arrays(self) -> dict[str, Array]:
        """What exchanges read and change."""
        return {
            "ladder": self.betas,
            "place": self.place,
            "accepted": self.accepted,
            "tried": self.tried,
            "was_hot": self.was_hot,
            "trips": self.trips,
        }

    def uniforms(self, seed: int, update: int) -> Array:
        """The numbers that decide the exchanges of this update, [pairs, ladders]."""
        chains, count = self.place.shape
        every = chains if self.of is None else self.of
        drawn = of_event("EXCHANGE", seed, update).random((count // 2, every))
        return drawn[:, self.first : self.first + chains]

    def rows_at(self, k: int) -> Array:
        """The row of each ladder that is at betas[k]: [chains]."""
        chains, count = self.place.shape
        return np.argmax(self.place == k, axis=1) + count * np.arange(chains)


@dataclass(frozen=True)
class Swaps:
    """How well replicas exchange: the ladder, the share of exchanges accepted between neighbours,
    and trips from hot to cold.
    """

    betas: Array
    acceptance: Array
    trips: int
    layout: str = "numbers"
    """How the replicas lay in memory, and why if they could lie otherwise."""


def start(
    machine: Phases,
    chains: int,
    betas: Array,
    update: int,
    begin: State | None = None,
    first: int = 0,
    of: int | None = None,
) -> Replicas:
    """Ladders whose replicas begin at the biases alone, or at `begin`, [chains · R, size]."""
    count = len(betas)
    state = machine.initial_state(chains * count, update=update) if begin is None else begin
    place = np.tile(np.arange(count), (chains, 1))
    hot = int(np.argmin(betas))
    return Replicas(
        np.asarray(betas, np.float64),
        state,
        place,
        np.zeros(count - 1),
        np.zeros(count - 1),
        (place == hot).astype(np.int64),
        first=first,
        of=of,
    )


def sweep(
    machine: Phases,
    replicas: Replicas,
    steps: int,
    held: State,
    update: int,
    rounds: int = 1,
) -> None:
    """`rounds` times `steps` sweeps of every replica, then exchanges between neighbours, even pairs
    and odd ones in turn; random numbers are those of the updates from `update` on.

    An exchange of betas b, b' and energies E, E' is accepted with probability min(1, exp((b − b')(E
    − E'))): the joint distribution of all replicas stays what it is.
    """
    if replicas.place.shape[1] == 1:
        for r in range(rounds):
            beta = replicas.at_beta()
            machine.sweep(replicas.numbers, steps, held, update=update + r, beta=beta)
        return
    turn, ladder = replicas.exchanges, replicas.arrays()

    def uniforms(r: int) -> Array:
        return replicas.uniforms(machine.seed, update + r)

    keys: dict[str, int] = {"call": update, "parity": turn, "steps": steps, "rounds": rounds}
    keys["stream"] = GROUPS * SAMPLE_STREAM
    seen = {n: machine.program.flat(n, x) for n, x in held.items()}
    keep = replicas.kept is not None
    if as_bits(machine, replicas, seen):
        assert replicas.bits is not None
        machine.compiled.replicas.run(machine, replicas.bits, ladder, keys, uniforms, keep)
    elif keep:
        for r in range(rounds):
            one = keys | {"call": update + r, "parity": turn + r, "rounds": 1}
            _move(machine, replicas, held, ladder, one, partial(_of_round, uniforms, r))
            replicas.note_lowest(machine, update + r)
    else:
        _move(machine, replicas, held, ladder, keys, uniforms)
    replicas.exchanges += rounds


def _move(
    machine: Phases,
    replicas: Replicas,
    held: State,
    ladder: dict[str, Array],
    keys: dict[str, int],
    uniforms: Callable[[int], Array],
) -> None:
    """Rounds of sweeps and exchanges of replicas that are numbers."""
    state, update, turn = replicas.numbers, keys["call"], keys["parity"]
    seen = {n: machine.program.flat(n, x) for n, x in held.items()}
    if by_routine(machine) and machine.compiled.run_exchanges(
        machine, state, seen, ladder, keys, uniforms
    ):
        return
    for r in range(keys["rounds"]):
        machine.sweep(state, keys["steps"], held, update=update + r, beta=replicas.at_beta())
        minus_energy = -machine.written_energy(state)
        by_step.exchange(minus_energy, (turn + r) % 2, uniforms(r), *list(ladder.values())[:4])
        by_step.count_trips(replicas.betas, replicas.place, replicas.was_hot, replicas.trips)


def _of_round(uniforms: Callable[[int], Array], first: int, r: int) -> Array:
    """The uniform numbers of a round that is counted from another."""
    return uniforms(first + r)


def by_routine(machine: Phases) -> bool:
    """Whether sweeps and exchanges are one routine: those of single units, wherever they lie."""
    return machine.moves == "gibbs" and machine.layout != "stencil"


def as_bits(machine: Phases, replicas: Replicas, held: State) -> bool:
    """Whether replicas are bits; makes them so when they first move.

    Raises BM778 if the machine's layout is `bits` and they cannot be.
    """
    if machine.moves != "gibbs":
        machine.verify_layout_of_moves()
        replicas.why_not = f"moves are `{machine.moves}`"
        return False
    if machine.layout == "auto" and len(replicas.place) < FEWEST_LADDERS:
        replicas.why_not = f"fewer than {FEWEST_LADDERS} ladders"
    if replicas.bits is None and not replicas.why_not and takes_bits(machine, len(replicas.place)):
        try:
            replicas.bits = pack(
                machine, replicas.numbers, held, replicas.place, machine.compiled.bits
            )
        except NotBits as reason:
            if machine.layout == "bits":
                raise refused(machine, reason) from None
            replicas.why_not = str(reason)
    return replicas.bits is not None


def swaps(replicas: Replicas) -> Swaps:
    """Statistics of all exchanges so far, of the ladders of all ranks."""
    counts = replicas.accepted, replicas.tried, replicas.trips
    if replicas.of is not None:
        counts = tuple(map(sum, zip(*world().all(counts), strict=True)))  # type: ignore[assignment]  # three arrays again
    accepted, tried, trips = counts
    with np.errstate(invalid="ignore"):
        return Swaps(replicas.betas, accepted / tried, int(trips[0]), replicas.layout)

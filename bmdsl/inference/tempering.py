"""Parallel tempering: replicas of a machine at a ladder of inverse temperatures that exchange their
places (Hukushima & Nemoto 1996).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..plan.streams import of_event
from ..runtime.program import Array, State

if TYPE_CHECKING:
    from .phases import Phases


@dataclass
class Replicas:
    """`chains` ladders side by side: row c · R + r of the state is replica r of ladder c, at
    betas[place[c, r]].

    `accepted` and `tried` [R − 1] count exchanges of neighbours, `trips` how often a replica went
    from the hot end to the cold one.
    """

    betas: Array
    state: State
    place: Array
    accepted: Array
    tried: Array
    seen_hot: Array
    trips: int = 0
    exchanges: int = field(default=0)

    def at_beta(self) -> Array:
        """The inverse temperature of every row."""
        return self.betas[self.place].ravel()

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


def start(
    machine: Phases, chains: int, betas: Array, update: int, begin: State | None = None
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
        place == hot,
    )


def sweep(machine: Phases, replicas: Replicas, steps: int, held: State, update: int) -> None:
    """`steps` sweeps of every replica, then one round of exchanges between neighbours, even pairs
    and odd ones in turn.

    An exchange of betas b, b' and energies E, E' is accepted with probability min(1, exp((b − b')(E
    − E'))): the joint distribution of all replicas stays what it is.
    """
    machine.sweep(replicas.state, steps, held, update=update, beta=replicas.at_beta())
    chains, count = replicas.place.shape
    if count == 1:
        return
    energies = machine.written_energy(replicas.state).reshape(chains, count)
    generator = of_event("EXCHANGE", machine.seed, update)
    exchange(
        replicas.betas,
        replicas.place,
        energies,
        replicas.exchanges % 2,
        generator,
        replicas.accepted,
        replicas.tried,
    )
    replicas.exchanges += 1
    hot, cold = (
        replicas.place == np.argmin(replicas.betas),
        replicas.place == np.argmax(replicas.betas),
    )
    replicas.trips += int((cold & replicas.seen_hot).sum())
    replicas.seen_hot = (replicas.seen_hot & ~cold) | hot


def exchange(
    betas: Array,
    place: Array,
    energies: Array,
    first: int,
    generator: np.random.Generator,
    accepted: Array,
    tried: Array,
) -> None:
    """Neighbours of the ladder, every second pair from `first` on, change places with probability
    min(1, exp((β − β′)(E − E′))), in place.

    `place` and `energies` are [chains, replicas]; `accepted` and `tried` count for every pair.
    """
    by_place, ladder = np.argsort(place, axis=1), np.arange(len(place))
    for k in range(first, len(betas) - 1, 2):
        a, b = by_place[:, k], by_place[:, k + 1]
        gain = (betas[k] - betas[k + 1]) * (energies[ladder, a] - energies[ladder, b])
        swap = np.log(generator.random(len(ladder))) < gain
        place[ladder[swap], a[swap]], place[ladder[swap], b[swap]] = k + 1, k
        accepted[k] += swap.sum()
        tried[k] += len(ladder)


LEAST = 0.01
"""The least share of refused exchanges that a pair is taken to have: no two temperatures fall
together.
"""


def respaced(betas: Array, accepted: Array, tried: Array) -> Array:
    """The ladder with temperatures moved so that every pair of neighbours refuses equally often;
    its ends stay.

    Refusals add up along a ladder whatever its spacing (Syed, Bouchard-Côté, Deligiannidis & Doucet
    2022, Non-reversible parallel tempering).
    """
    refused = 1 - accepted / np.maximum(tried, 1)
    barrier = np.concatenate([[0.0], np.cumsum(np.maximum(refused, LEAST))])
    return np.interp(np.linspace(0, barrier[-1], len(betas)), barrier, betas)


def swaps(replicas: Replicas) -> Swaps:
    """Statistics of all exchanges so far."""
    with np.errstate(invalid="ignore"):
        return Swaps(replicas.betas, replicas.accepted / replicas.tried, replicas.trips)

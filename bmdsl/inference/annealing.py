"""Simulated annealing: chains cooled from hot to cold, the best state of all (Kirkpatrick, Gelatt & Vecchi 1983)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .program import Array, State

if TYPE_CHECKING:
    from .phases import Phases

QUENCH, COLD = 4, 1e4
"""Sweeps at the end that only go down, and how much colder than the coldest field they are."""
SAME = 1e-6


@dataclass(frozen=True)
class Ground:
    """The state of least energy that was found: group → [*axes], its energy as written (nats), every chain's at the end, and the effort."""

    state: Mapping[str, Array]
    energy: float
    energies: Array
    betas: tuple[float, float]
    sweeps: int
    seconds: float

    @property
    def hits(self) -> int:
        """Chains that ended at the least energy."""
        return int((self.energies <= self.energy + SAME * max(1.0, abs(self.energy))).sum())


def anneal(machine: Phases, chains: int, betas: Array, held: State, update: int, start: State | None = None,
           progress: Callable[[int], None] | None = None) -> State:  # fmt: skip
    """The states of `chains` chains after one sweep at each of `betas`, which begin at the biases alone or at `start`, [chains, size]."""
    state = machine.initial_state(chains, update=update) if start is None else start
    step = max(1, len(betas) // 100)
    for first in range(0, len(betas), step):
        part = betas[first : first + step]
        machine.sweep(state, len(part), held, update=update, beta=np.repeat(part[:, None], chains, axis=1), first=first)
        if progress is not None:
            progress(first + len(part))
    return state


def search(machine: Phases, chains: int, betas: Array, held: State, update: int, progress: Callable[[int], None] | None = None) -> tuple[Ground, State]:
    """The ground state: anneal, quench, and take the best. Also the final states of all chains."""
    began = time.perf_counter()
    cold = np.full(QUENCH, COLD * max(1.0, float(betas[-1])))
    state = anneal(machine, chains, np.concatenate([betas, cold]), held, update, progress=progress)
    energies = machine.written_energy(state)
    best = int(np.argmin(energies))
    shaped = {n: machine.program.shaped(n, x[best : best + 1])[0] for n, x in state.items()}
    seconds = time.perf_counter() - began
    return Ground(shaped, float(energies[best]), energies, (float(betas[0]), float(betas[-1])), len(betas), seconds), state

"""Real units on their way by Hamiltonian dynamics through experts (Neal 2011, MCMC using
Hamiltonian dynamics), in NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .expert_energies import Seen

Array = np.ndarray
LEAPS = (10, 30)
"""Fewest and most leapfrog steps of a trajectory; each sweep draws its number."""
WISHED = 0.8
"""The share of accepted trajectories that long runs steer to (Beskos et al. 2013 have 0.65 as most
efficient; a higher one mixes surely).
"""
SHORT, SHORTEST = 0.2, 1e-3
"""Share of trajectories with shorter steps beside experts that grow faster than a square, and how
short: far out these bend the energy much more.
"""


@dataclass
class Walk:
    """Real units on their way by Hamiltonian dynamics."""

    experts: Seen
    field: Array
    own: Array
    u: Array
    beta: Array
    free: Array
    x: Array
    generator: np.random.Generator
    now: Array
    """The rows' energies at x, once a trajectory is over."""
    moved: Array
    """The rows that have moved."""

    def _arguments(self, at: Array) -> Array:
        return self.u + (at - self.x) @ self.experts.matrix

    def _energy(self, at: Array) -> Array:
        inside = (0.5 * self.own * at * at - self.field * at).sum(1)
        return np.asarray(inside + self.beta * self.experts.energy(self._arguments(at)))

    def _slope(self, at: Array) -> Array:
        pull = self.experts.slope(self._arguments(at))
        return np.where(self.free, self.own * at - self.field + self.beta[:, None] * pull, 0.0)

    def _take(self, at: Array, taken: Array, energy: Array) -> None:
        now = np.where(taken[:, None], at, self.x)
        self.u = self._arguments(now)
        self.x, self.now, self.moved = now, energy, self.moved | taken

    def leap(self, bend: Array, walled: bool, adapts: bool, memory: Array) -> None:
        """One trajectory, taken or refused; `memory` fits the length of later steps."""
        g, x = self.generator, self.x
        leaps = int(g.integers(LEAPS[0], LEAPS[1] + 1))
        step = np.exp(memory[0]) * self._longest(bend) * g.uniform(0.8, 1.2)
        short = walled and g.random() < SHORT
        step *= SHORTEST ** g.random() if short else 1.0
        momentum = np.where(self.free, g.standard_normal(x.shape), 0.0)
        begun = self._energy(x)
        with np.errstate(over="ignore", invalid="ignore"):
            at, p = x.copy(), momentum - 0.5 * step * self._slope(x)
            for k in range(leaps):
                at = at + step * p
                p = p - (step if k + 1 < leaps else 0.5 * step) * self._slope(at)
            ended = self._energy(at)
            change = begun + 0.5 * (momentum**2).sum(1) - ended - 0.5 * (p**2).sum(1)
        finite = np.isfinite(change)
        chance = np.where(finite, np.exp(np.minimum(0, np.where(finite, change, -np.inf))), 0.0)
        taken = g.random(len(x)) < chance
        memory[1] = chance.mean()
        if adapts and not short:
            memory[0] += 0.2 * (chance.mean() - WISHED)
        self._take(at, taken, np.where(taken, ended, begun))

    def turn(self) -> None:
        """Metropolis moves x → −x, of all units and of one of them: from well to well, over no
        barrier.
        """
        size, g = self.x.shape[1], self.generator
        for alone in (False, True) if size > 1 else (False,):
            chosen = self.free
            if alone:
                chosen = chosen & (g.integers(size, size=len(self.x))[:, None] == np.arange(size))
            turned = np.where(chosen, -self.x, self.x)
            after = self._energy(turned)
            taken = np.log(g.random(len(self.x))) < self.now - after
            self._take(turned, taken, np.where(taken, after, self.now))

    def _longest(self, bend: Array) -> float:
        """A step that leapfrog takes well: a little less than the shortest length over which the
        energy bends.
        """
        steep = float(self.own.max()) + float(self.beta.max()) * stiffness(
            self.experts.matrix, bend
        )
        return float(0.9 / np.sqrt(max(1e-12, steep)))


def stiffness(matrix: Array, bend: Array) -> float:
    """The largest eigenvalue of M diag(|s| sup |f″|) Mᵀ, by power iteration."""
    size, top = len(matrix), 0.0
    v = np.full(size, size**-0.5)
    for _ in range(12):
        w = matrix @ (bend * (v @ matrix))
        top = float(np.linalg.norm(w))
        if top == 0:
            break
        v = w / top
    return top

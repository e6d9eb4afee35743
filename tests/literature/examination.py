"""An entry with its machine, its parameters, and what is true of it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

import bmdsl

from .harness import Entry, State, ask, fill
from .reference import Domain, Sums, log_likelihood
from .units import Array

STEP = 3e-5


class Examination:
    """An entry with its machine, its parameters and what is true of it."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._machine = bmdsl.parse(entry.source).compile(seed=1, dtype="float64")
        self._symmetric = {p.name for p in self._machine.model.parameters if p.symmetric}
        self.params = fill(entry, {n: x.shape for n, x in self._machine.params.items()})
        for n in self._symmetric:
            upper = np.triu(self.params[n], 1)
            self.params[n] = upper + upper.T
        self.states = ask(entry)

    @property
    def machine(self) -> bmdsl.Machine:
        """The machine at the entry's parameters, whatever a check did to them."""
        for name, value in self.params.items():
            self._machine.params[name] = value
        return self._machine

    @cached_property
    def data(self) -> State:
        """The cases of visible and given groups."""
        return {n: x for n, x in self.states.items() if n not in self.entry.hidden}

    @property
    def clamp(self) -> State:
        """The first case of the given groups."""
        return {n: self.states[n][:1] for n in self.entry.given}

    def clamp_all(self, n: int) -> State:
        """The first case of the given groups, n times."""
        return {name: np.repeat(x, n, axis=0) for name, x in self.clamp.items()}

    @cached_property
    def parts(self) -> tuple[list[Sums], list[Sums]]:
        """Sums over the hidden units of every case, and over all units."""
        tops, bottoms = self._domains
        return [d.at(self.params) for d in tops], [d.at(self.params) for d in bottoms]

    @cached_property
    def _domains(self) -> tuple[list[Domain], list[Domain]]:
        return log_likelihood(
            self.entry, self.data | {n: self.states[n] for n in self.entry.hidden}
        )

    @property
    def joint(self) -> tuple[Domain, Sums]:
        """All units, given the first case's given groups."""
        return self._domains[1][0], self.parts[1][0]

    def mean_log_likelihood(self, params: dict[str, Array]) -> float:
        """Of the cases."""
        tops, bottoms = self._domains
        return float(
            np.mean([d.at(params).log_sum for d in tops])
            - np.mean([d.at(params).log_sum for d in bottoms])
        )

    @cached_property
    def slopes(self) -> dict[str, tuple[Array, float]]:
        """Of each parameter a random direction and the mean log-likelihood's slope along it."""
        generator, found = np.random.default_rng([self.entry.seed, 2]), {}
        for name, value in self.params.items():
            direction = generator.normal(size=value.shape)
            if name in self._symmetric:
                direction = np.triu(direction, 1) + np.triu(direction, 1).T
            ends = [
                self.mean_log_likelihood(self.params | {name: value + s * STEP * direction})
                for s in (1, -1)
            ]
            found[name] = direction, (ends[0] - ends[1]) / (2 * STEP)
        return found

    def along(self, name: str, gradient: Array) -> float:
        """A gradient's component along `slopes`; a symmetric parameter counts by its upper half."""
        direction = self.slopes[name][0]
        return float(
            (np.triu(direction) * gradient).sum()
            if name in self._symmetric
            else (direction * gradient).sum()
        )

    def near(self, found: object, wanted: object, what: str, factor: float = 1.0) -> None:
        """AssertionError unless two arrays agree to the entry's tolerance."""
        found, wanted = np.asarray(found, float), np.asarray(wanted, float)
        assert found.shape == wanted.shape, f"{what} has shape {found.shape}, not {wanted.shape}"
        bound = factor * self.entry.tolerance * np.maximum(1.0, np.abs(wanted))
        assert (np.abs(found - wanted) <= bound).all(), (
            f"{what} is\n{found}\nand should be\n{wanted}"
        )

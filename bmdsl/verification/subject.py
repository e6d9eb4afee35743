"""The small machine that is proved beside its brute force, and one comparison of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.special import logsumexp

from ..inference.machine import Machine
from ..plan.streams import fixed_generator
from .brute_force import BruteForce, State
from .nodes import Nodes

Array = np.ndarray
EXACT, QUADRATURE = 1e-9, 2e-6
ENTRIES = 24
"""Most entries of a parameter that are moved one by one."""
CASES, SWEEPS = 6, 100


@dataclass(frozen=True)
class Row:
    """One comparison: the largest error and where, the tolerance; or why it was left out."""

    what: str
    error: float = 0.0
    tolerance: float = 0.0
    where: str = ""
    skipped: str = ""

    @property
    def passed(self) -> bool:
        return bool(self.skipped) or bool(self.error <= self.tolerance)


@dataclass(frozen=True)
class Subject:
    """The small machine in double precision, the one in single precision that samples, and the
    truth.
    """

    machine: Machine
    sampler: Machine
    brute: BruteForce
    nodes: dict[str, Nodes]
    given: State
    given_cases: dict[object, BruteForce] = field(default_factory=dict)

    @property
    def tolerance(self) -> float:
        """EXACT where all states are listed, else QUADRATURE, or four times what the quadrature
        itself is uncertain by.
        """
        return (
            EXACT
            if all(n.exact for n in self.nodes.values())
            else max(QUADRATURE, 4 * self.brute.error)
        )

    def clamped(self, cases: State, k: int) -> BruteForce:
        """The joint states of what is left free where the groups of `cases` are held at case k."""
        held = {n: x[k : k + 1] for n, x in cases.items()}
        key = tuple((n, x.tobytes()) for n, x in sorted(held.items()))
        if key not in self.given_cases:
            self.given_cases[key] = BruteForce(
                self.brute.model, self.nodes, {**self.given, **held}, self.machine.params
            )
        return self.given_cases[key]

    def cases(self) -> State:
        """A few joint states, [CASES, *axes], the same at every call."""
        pick = fixed_generator("VERIFIED_STATES").integers(0, self.brute.count, CASES)
        return {
            n: np.repeat(x[:1], CASES, axis=0) if n in self.given else x[pick]
            for n, x in self.brute.states.items()
        }


def row_of(what: str, errors: list[tuple[float, str]], tolerance: float) -> Row:
    """The comparison with the largest error, one that is no number above all."""
    worst = max(errors, key=lambda e: np.inf if np.isnan(e[0]) else e[0], default=(0.0, ""))
    return Row(what, float(worst[0]), tolerance, worst[1])


def apart(found: Array, wanted: Array) -> float:
    """The largest difference, relative where values are large."""
    return float(
        np.max(
            np.abs(np.asarray(found, float) - wanted) / np.maximum(1, np.abs(wanted)), initial=0.0
        )
    )


def visible_cases(s: Subject) -> State:
    """A few joint states without their hidden units."""
    return {n: x for n, x in s.cases().items() if n not in s.machine.hidden}


Place = tuple[int, ...]


def entries(s: Subject) -> Iterator[tuple[str, Place, set[Place]]]:
    """Parameter, entry, and the entries that move with it: every one, or ENTRIES of a parameter
    that has more.
    """
    symmetric = {p.name for p in s.machine.model.parameters if p.symmetric}
    for name, array in s.machine.params.items():
        known = [at for at in np.ndindex(array.shape) if name not in symmetric or at[0] < at[1]]
        spread = np.unique(np.linspace(0, len(known) - 1, min(len(known), ENTRIES)).astype(int))
        for at in (known[k] for k in spread):
            yield name, at, {at, at[::-1]} if name in symmetric else {at}


def moved(s: Subject, name: str, places: set[Place], step: float) -> dict[str, Array]:
    """The parameters with some entries of one a step further."""
    further = {n: np.array(x, np.float64) for n, x in s.machine.params.items()}
    for place in places:
        further[name][place] += step
    return further


def arrived(s: Subject, count: int) -> State:
    """States of the distribution, flat: drawn from the list of all, or after many sweeps where
    there is only a quadrature.
    """
    if not all(n.exact for n in s.nodes.values()):
        return {
            n: s.sampler.program.flat(n, x)
            for n, x in s.sampler.sample(count, steps=SWEEPS, clamp=held(s, count)).items()
        }
    w = s.brute.log_weights(s.machine.params)
    pick = fixed_generator("VERIFIED_DRAWS").choice(
        s.brute.count, count, p=np.exp(w - logsumexp(w))
    )
    return {
        n: s.sampler.program.flat(n, np.repeat(x[:1], count, axis=0) if n in s.given else x[pick])
        for n, x in s.brute.states.items()
    }


def held(s: Subject, n: int) -> State:
    """The given groups, for n chains."""
    return {name: np.repeat(x, n, axis=0) for name, x in s.given.items()}

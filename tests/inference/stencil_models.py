"""Random lattices as text, and their energy written out anew: shifted copies of the states."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

LETTERS = "xyz"
UNIT = 0.25


@dataclass(frozen=True)
class RandomTerm:
    """J Π x[letters + offset], or J[letters] Π …, each unit's axes ending as `ends` says."""

    groups: tuple[int, ...]
    offsets: tuple[tuple[int, ...], ...]
    ends: tuple[str, ...]
    size: float
    mixed: bool
    """Whether couplings are an array of both signs."""
    signs: tuple[float, ...] = (-1.0, 1.0)
    """What an array's couplings are multiples of `size` by."""


@dataclass(frozen=True)
class RandomLattice:
    """Groups of one or two unit types on one lattice."""

    axes: tuple[int, ...]
    units: tuple[str, ...]
    biases: tuple[float, ...]
    terms: tuple[RandomTerm, ...]
    seed: int = 0
    arrays: dict[str, np.ndarray] = field(default_factory=dict, compare=False)

    @property
    def text(self) -> str:
        """The model."""
        letters = LETTERS[: len(self.axes)]
        lengths = ", ".join(map(str, self.axes))
        groups = " ".join(f"visible g{k}[{lengths}] : {u}" for k, u in enumerate(self.units))
        names = [f"J{k}" for k, t in enumerate(self.terms) if t.mixed]
        params = f"param {', '.join(names)}" if names else ""
        parts = [
            f"- {b!r} g{k}[{','.join(letters)}]" for k, b in enumerate(self.biases)
        ]  # a field on every unit
        for k, t in enumerate(self.terms):
            own = f"J{k}[{','.join(letters)}]" if t.mixed else repr(t.size)
            units = " ".join(
                f"g{g}[{','.join(map(_subscript, letters, offset, t.ends))}]"
                for g, offset in zip(t.groups, t.offsets, strict=True)
            )
            parts.append(f"- {own} {units}")
        return f"model m {{ {groups} {params} energy = {' '.join(parts)} }}".replace("- -", "+ ")

    def values(self) -> dict[str, np.ndarray]:
        """The arrays of couplings."""
        rng = np.random.default_rng(self.seed)
        return {
            f"J{k}": abs(t.size) * rng.choice(t.signs, self.axes)
            for k, t in enumerate(self.terms)
            if t.mixed
        }

    def minus_energy(self, states: list[np.ndarray]) -> float:
        """−E of one state, an array for each group."""
        values = self.values()
        total = sum(b * float(x.sum()) for b, x in zip(self.biases, states, strict=True))
        for k, t in enumerate(self.terms):
            product = np.ones(self.axes)
            for g, offset in zip(t.groups, t.offsets, strict=True):
                product *= _shifted(states[g], offset, t.ends)
            total += float((product * values.get(f"J{k}", t.size)).sum())
        return total


def _subscript(letter: str, offset: int, end: str) -> str:
    return letter if offset == 0 else f"{end}({letter}{offset:+d})"


def _shifted(x: np.ndarray, offset: tuple[int, ...], ends: tuple[str, ...]) -> np.ndarray:
    """x at places + offset, 0 outside axes that do not wrap."""
    for axis, (by, end) in enumerate(zip(offset, ends, strict=True)):
        x = np.roll(x, -by, axis)
        if end == "pad" and by:
            place = np.arange(x.shape[axis]) + by
            outside = (place < 0) | (place >= x.shape[axis])
            x = np.where(
                np.expand_dims(outside, tuple(a for a in range(x.ndim) if a != axis)), 0.0, x
            )
    return x


@st.composite
def lattices(draw: st.DrawFn) -> RandomLattice:
    """Lattices of one to three axes; no unit meets itself in a term."""
    dimension = draw(st.integers(1, 3))
    longest = {1: 140, 2: 7, 3: 4}[dimension]
    axes = tuple(draw(st.integers(2, longest)) for _ in range(dimension))
    units = tuple(draw(st.lists(st.sampled_from(["spin", "binary"]), min_size=1, max_size=2)))
    biases = tuple(draw(st.sampled_from([0.07, -0.11])) for _ in units)
    offset = st.tuples(*[st.integers(-2, 2)] * dimension)
    terms = []
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(0, len(units) - 1))
        second = draw(st.integers(0, len(units) - 1))
        more = draw(st.integers(0, 2)) if {units[first], units[second]} == {"spin"} else 0
        groups = (first, second, *[first] * more)
        offsets = ((0,) * dimension, *(draw(offset) for _ in groups[1:]))
        mixed = draw(st.booleans()) and {units[g] for g in groups} == {"spin"}
        size = UNIT * draw(st.sampled_from([1, 2, -1]))
        ends = tuple(draw(st.sampled_from(["wrap", "pad"])) for _ in axes)
        places = [
            (g, *(d % n for d, n in zip(offset, axes, strict=True)))
            for g, offset in zip(groups, offsets, strict=True)
        ]
        if len(set(places)) < len(places):
            continue  # a unit that meets itself
        signs = draw(st.sampled_from([(-1.0, 1.0), (-1.0, 0.0, 1.0), (1.0, 2.0), (-1.0, 3.0)]))
        terms.append(RandomTerm(groups, offsets, ends, size, mixed, signs))
    assume(terms)
    return RandomLattice(axes, units, biases, tuple(terms), draw(st.integers(0, 99)))

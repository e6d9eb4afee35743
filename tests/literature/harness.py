'''The literature's models: how an entry is written.

An entry is a function: its name is the model's, its docstring the citation, its body the energy in
NumPy, written from the paper and sharing nothing with the package. The decorator has the text of
the model (the statements between the braces) and the domain of each group:

    @entry("""visible v[3] : binary  hidden h[2] : binary  param W, b, c
              energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]""",
           visible=dict(v=binary(3)), hidden=dict(h=binary(2)))
    def binary_rbm(p, v, h):
        """Smolensky 1986, Information processing in dynamical systems."""
        return -(dot(v, p.W) * h).sum(1) - v @ p.b - h @ p.c

`p` has the parameters as attributes. States are [rows, *axes of the group], one-hot for one-of-K
units; the energy is [rows] and is what the *text* says: base measures of units (exp(−x²/2σ²) of a
Gaussian unit, 1/x! of a Poisson unit) come from the domains of `units.py`, as P(x) = Π base(x)
exp(−E(x)) / Z. Keep all finite (and quadrature) units together under about 4000 joint states.

Parameters have normal values with deviation 0.5 (`scale`), from a generator seeded by the name;
`values` has others: name → array, or a function of (generator, shape). Given groups take random
values of their domain, or those in `cases`: group → [CASES, *axes], which may be set for visible
groups too. `train` is the model's train block.

Every check of `checks.py` runs on every entry where it makes sense. What the package rightly does
not compute is written in `refused`, names of checks that must end with a diagnostic. A fault of the
package is written in `faults`, check → reason (or `Fault(reason, strict=False)` if it is being
mended): the check is then an expected failure of its
own, and all others still count. The check `model` is reading and compiling the text, with all
others. `slow` entries run by hand, as do the checks `annealing` and `learns` of every entry.

A new family is a new file in this folder: nothing else has to know of it.
'''

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np

from .units import Array, Units

CASES = 4
State = dict[str, Array]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """A known fault of the package: what is wrong, in plain words."""

    reason: str
    strict: bool = True


@dataclass(frozen=True, eq=False)
class Entry:
    """A model of the literature with its energy and its domain."""

    name: str
    citation: str
    text: str
    energy: Callable[..., Array]
    visible: Mapping[str, Units]
    hidden: Mapping[str, Units] = field(default_factory=dict)
    given: Mapping[str, Units] = field(default_factory=dict)
    arguments: Mapping[str, float] = field(default_factory=dict)
    values: Values = field(default_factory=dict)
    cases: Values = field(default_factory=dict)
    scale: float = 0.5
    train: str = ""
    refused: frozenset[str] = frozenset()
    faults: Mapping[str, Fault] = field(default_factory=dict)
    left_out: str = ""
    """A visible group whose posterior given the other visible groups is asked for too."""
    tolerance: float = 1e-7
    """Largest error of a derived number, relative to 1 or to the number if that is larger."""
    sweeps: int = 25
    """Sweeps after which chains started anywhere have forgotten it."""
    slow: bool = False

    @property
    def source(self) -> str:
        """The whole `.bm` text."""
        words = ", ".join(f"{n} = {v:g}" for n, v in self.arguments.items())
        train = f"\n  train {{ {self.train} }}" if self.train else ""
        return (
            f"model {self.name}({words}) {{\n{self.text}{train}\n}}\n"
            if words
            else f"model {self.name} {{\n{self.text}{train}\n}}\n"
        )

    @property
    def seed(self) -> int:
        """Of the entry's own random numbers."""
        return crc32(self.name.encode())

    @property
    def groups(self) -> dict[str, Units]:
        """All groups."""
        return {**self.visible, **self.hidden, **self.given}

    @property
    def free(self) -> dict[str, Units]:
        """The groups that the model has a distribution over."""
        return {**self.visible, **self.hidden}

    def total(self, params: Mapping[str, Array], states: Mapping[str, Array]) -> Array:
        """The energy with base measures, so that P = exp(−E)/Z: [rows]."""
        energy = np.asarray(self.energy(SimpleNamespace(**params), **states), float)
        for name, units in self.groups.items():
            base = units.log_base(states[name])
            energy = energy - base.reshape(len(base), -1).sum(1)
        return energy


NO_LOG_Z = "log_partition, log_likelihood, gradient, marginals, exact_sample, train_exactly"
"""Refused if units with infinitely many states meet one another."""

REGISTRY: dict[str, Entry] = {}
"""Name → entry, filled as the families' files are imported."""


def entry(
    text: str, *, refused: str = "", faults: Mapping[str, str | Fault] | None = None, **options: Any
) -> Callable[[Callable[..., Array]], Entry]:
    """Makes the decorated energy an entry of the registry; `refused` has names between commas."""

    def register(energy: Callable[..., Array]) -> Entry:
        name, citation = energy.__name__, " ".join((energy.__doc__ or "").split())
        assert citation, f"{name} has no citation"
        assert name not in REGISTRY, f"two entries are called {name}"
        words = {w.strip() for w in refused.split(",") if w.strip()}
        known = {n: f if isinstance(f, Fault) else Fault(f) for n, f in (faults or {}).items()}
        made = Entry(
            name, citation, text, energy, refused=frozenset(words), faults=known, **options
        )
        REGISTRY[name] = made
        return made

    return register


def dot(x: Array, w: Array) -> Array:
    """Σ over the axes of a state x [rows, *axes] with those of w [*axes, *rest]: [rows, *rest]."""
    return np.tensordot(x, w, axes=(tuple(range(1, x.ndim)), tuple(range(x.ndim - 1))))


def symmetric(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A symmetric matrix with a zero diagonal, normal with deviation 0.5."""
    w = np.triu(generator.normal(0, 0.5, shape), 1)
    return w + w.T


def uniform(low: float, high: float) -> Callable[[np.random.Generator, tuple[int, ...]], Array]:
    """Values for a parameter, uniform between two numbers."""
    return lambda generator, shape: generator.uniform(low, high, shape)


def fill(entry: Entry, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Values of all parameters of an entry."""
    generator = np.random.default_rng(entry.seed)
    params = {}
    for name, shape in shapes.items():
        value = entry.values.get(name)
        if callable(value):
            value = value(generator, shape)
        elif value is None:
            value = generator.normal(0, entry.scale, shape)
        params[name] = np.asarray(value, float).reshape(shape)
    return params


def ask(entry: Entry, seed: int = 0) -> State:
    """CASES random joint states; given and visible groups as in `cases`, where these are set."""
    generator = np.random.default_rng([entry.seed, seed])
    states = {n: u.random(generator, CASES) for n, u in entry.groups.items()}
    return states | {
        n: np.asarray(x, float).reshape(CASES, *entry.groups[n].axes)
        for n, x in entry.cases.items()
    }

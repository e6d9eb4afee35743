"""A drawn model by brute force: its energy is a small expression tree, evaluated on all joint
states at once.

It knows nothing of the language's own terms: what a text means is computed here from what was
drawn, so that parsing, checking, lowering and the compiler are all judged. Derivatives are complex
steps, exact to rounding since an energy is a polynomial.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bmdsl import units

NODES = 40
"""Gauss–Hermite nodes of a Gaussian unit."""
NODES_OF_AN_INTERVAL = 24
"""Gauss–Legendre nodes of an exponential unit."""
Array = np.ndarray
At = Mapping[str, int]


@dataclass(frozen=True)
class Group:
    name: str
    role: str
    shape: tuple[int, ...]
    unit: str
    options: tuple[tuple[str, float], ...] = ()
    states: int | None = None

    @property
    def axes(self) -> tuple[int, ...]:
        return self.shape if self.states is None else (*self.shape, self.states)

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    def text(self) -> str:
        shape = f"[{', '.join(map(str, self.shape))}]" if self.shape else ""
        options = f"({', '.join(f'{k} = {v:g}' for k, v in self.options)})" if self.options else ""
        return f"{self.role} {self.name}{shape} : {self.unit}{options}"


@dataclass(frozen=True)
class Parameter:
    name: str
    shape: tuple[int, ...]
    declared: bool = False
    symmetric: bool = False

    def text(self) -> str:
        shape = f"[{', '.join(map(str, self.shape))}]" if self.declared and self.shape else ""
        return f"param {self.name}{shape} init normal(0, 0.4)" + " symmetric" * self.symmetric


@dataclass(frozen=True)
class Place:
    """Σ coefficient·letter + constant, plain, wrapped or padded."""

    letters: tuple[tuple[str, int], ...]
    constant: int = 0
    edge: str = ""

    def text(self) -> str:
        parts = [x if c == 1 else f"{c}*{x}" for x, c in self.letters]
        inside = " + ".join(
            parts + [str(self.constant)] * (self.constant > 0 or not parts)
        ) + f" - {-self.constant}" * (self.constant < 0)
        return f"{self.edge}({inside})" if self.edge else inside

    def at(self, values: At) -> int:
        return self.constant + sum(c * values[x] for x, c in self.letters)


@dataclass(frozen=True)
class Number:
    """A constant; `name` where it is a model argument."""

    value: float
    name: str = ""

    def text(self) -> str:
        return self.name or f"{self.value:g}"


@dataclass(frozen=True)
class Unit:
    group: Group
    places: tuple[Place, ...]

    def text(self) -> str:
        return self.group.name + (
            f"[{', '.join(p.text() for p in self.places)}]" if self.places else ""
        )


@dataclass(frozen=True)
class Weight:
    parameter: Parameter
    places: tuple[Place, ...]

    def text(self) -> str:
        return self.parameter.name + (
            f"[{', '.join(p.text() for p in self.places)}]" if self.places else ""
        )


@dataclass(frozen=True)
class Power:
    base: Unit | Weight | Number | Sum
    exponent: int

    def text(self) -> str:
        return f"{self.base.text()}^{self.exponent}"


@dataclass(frozen=True)
class Sum:
    """Addends in parentheses, each with its sign."""

    addends: tuple[tuple[int, Product], ...]

    def text(self) -> str:
        shown = "".join(
            (" - " if s < 0 else " + " if n else "") + p.text()
            for n, (s, p) in enumerate(self.addends)
        )
        return f"({shown.strip()})"


@dataclass(frozen=True)
class Product:
    factors: tuple[Unit | Weight | Number | Power | Sum, ...]
    stars: tuple[bool, ...] = ()
    """Whether `*` is written before each factor after the first."""

    def text(self) -> str:
        out = self.factors[0].text()
        for n, f in enumerate(self.factors[1:]):
            star = n < len(self.stars) and self.stars[n]
            inner = f.base if isinstance(f, Power) else f
            before = self.factors[n]
            star = (
                star
                or isinstance(inner, Sum)
                or isinstance(inner, Number)
                or isinstance(before, Sum)
            )
            out += (" * " if star else " ") + f.text()
        return out


@dataclass(frozen=True)
class Addend:
    """± product, summed over `letters` (name, start, stop) where `relations` (first, "<" or "!=",
    second) hold.
    """

    sign: int
    product: Product
    letters: tuple[tuple[str, int, int], ...]
    ranges: tuple[str, ...] = ()
    """Letters whose range is written as a clause."""
    relations: tuple[tuple[str, str, str], ...] = ()

    def text(self) -> str:
        values = {n: (a, b) for n, a, b in self.letters}
        clauses = [f"{x} in {values[x][0]}..{values[x][1]}" for x in self.ranges] + [
            " ".join(r) for r in self.relations
        ]
        return self.product.text() + (f" for {', '.join(clauses)}" if clauses else "")

    def assignments(self) -> Iterator[dict[str, int]]:
        names = [n for n, _, _ in self.letters]
        for values in itertools.product(*(range(a, b) for _, a, b in self.letters)):
            at = dict(zip(names, values, strict=True))
            if all(at[x] < at[y] if r == "<" else at[x] != at[y] for x, r, y in self.relations):
                yield at


@dataclass(frozen=True)
class Drawn:
    """A model's text and its meaning.

    `sugar` lines are written instead of the `hidden_addends` that they stand for.
    """

    groups: tuple[Group, ...]
    parameters: tuple[Parameter, ...]
    addends: tuple[Addend, ...]
    arguments: tuple[tuple[str, float], ...] = ()
    sugar: tuple[str, ...] = ()
    hidden_addends: tuple[Addend, ...] = ()
    statements: int = 1
    sugar_parameters: tuple[Parameter, ...] = ()

    @cached_property
    def text(self) -> str:
        arguments = (
            f"({', '.join(f'{k} = {v:g}' for k, v in self.arguments)})" if self.arguments else ""
        )
        lines = (
            [g.text() for g in self.groups] + [p.text() for p in self.parameters] + list(self.sugar)
        )
        for k in range(self.statements):
            part = self.addends[k :: self.statements]
            body = "".join(
                (" - " if a.sign < 0 else " + " if n else " ") + a.text()
                for n, a in enumerate(part)
            )
            lines += [f"energy {'=' if k == 0 else '+='}{body}"] * bool(part)
        return f"model m{arguments} {{\n" + "\n".join("  " + x for x in lines) + "\n}\n"

    @property
    def all_addends(self) -> tuple[Addend, ...]:
        return self.addends + self.hidden_addends

    @property
    def all_parameters(self) -> tuple[Parameter, ...]:
        return self.parameters + self.sugar_parameters

    def of_role(self, role: str) -> tuple[Group, ...]:
        return tuple(g for g in self.groups if g.role == role)


def unit_states(group: Group) -> list[tuple[Array, float]]:
    """(state, log base measure) of one unit, from the definition of its type.

    A Gaussian's are quadrature nodes and weights.
    """
    options = dict(group.options)
    match group.unit:
        case "binary":
            return [(np.array([x]), 0.0) for x in (0.0, 1.0)]
        case "spin":
            return [(np.array([x]), 0.0) for x in (-1.0, 1.0)]
        case "categorical":
            return [(row, 0.0) for row in np.eye(int(options["K"]))]
        case "binomial":
            n = int(options["N"])
            return [(np.array([float(x)]), math.log(math.comb(n, x))) for x in range(n + 1)]
        case "multinary":
            n = round(options["N"] / options["gain"])
            return [
                (np.array([options["gain"] * x]), math.log(math.comb(n, x))) for x in range(n + 1)
            ]
        case "gaussian":
            x, w = np.polynomial.hermite_e.hermegauss(NODES)
            s = float(options["sigma"])
            return [(np.array([s * a]), math.log(s * b)) for a, b in zip(x, w, strict=True)]
        case "exponential":
            x, w = np.polynomial.legendre.leggauss(NODES_OF_AN_INTERVAL)
            half = float(options["max"]) / 2
            return [
                (np.array([half * (a + 1)]), math.log(half * b)) for a, b in zip(x, w, strict=True)
            ]
    unit = units.get(
        group.unit
    )  # a type of someone else: its support and base are what its conformance check has verified
    support = unit.support(*options.values())
    assert support is not None
    return [(np.array([x]), unit.log_base(x, *options.values())) for x in support]


def base_at(group: Group, x: Array) -> Array:
    """log base measure of states [n, *axes]: [n]."""
    rows = x.reshape(len(x), -1)
    if group.unit == "gaussian":
        return -0.5 * (rows**2).sum(1) / dict(group.options)["sigma"] ** 2
    if group.states is not None or group.unit == "exponential":
        return np.zeros(len(rows))
    table = {float(s[0]): b for s, b in unit_states(group)}
    return np.array([sum(table[float(v)] for v in row) for row in rows])


def joint_states(groups: tuple[Group, ...]) -> tuple[dict[str, Array], Array]:
    """All joint states: group → [n, *axes], and their log base measures [n]."""
    single = [unit_states(g) for g in groups for _ in range(g.count)]
    index = np.indices([len(s) for s in single]).reshape(len(single), -1)
    n = index.shape[1]
    base = np.zeros(n)
    out: dict[str, Array] = {}
    at = 0
    for g in groups:
        columns = []
        for _ in range(g.count):
            base += np.array([b for _, b in single[at]])[index[at]]
            columns.append(np.array([s for s, _ in single[at]])[index[at]])
            at += 1
        out[g.name] = (
            np.concatenate(columns, axis=1).reshape(n, *g.axes)
            if columns
            else np.zeros((n, *g.axes))
        )
    return out, base


def energy(m: Drawn, params: Mapping[str, Array], states: Mapping[str, Array]) -> Array:
    """Σ addends at every state, without base measures: [n].

    Complex parameters give complex energies.
    """
    n = len(next(iter(states.values())))
    arguments = dict(m.arguments)
    total = np.zeros(n, np.result_type(float, *params.values()))

    def value(node: object, at: At) -> Array | complex:
        match node:
            case Number(x, name):
                return arguments[name] if name else x
            case Power(base, exponent):
                return value(base, at) ** exponent
            case Sum(addends):
                return sum(s * value(p, at) for s, p in addends)
            case Product(factors):
                out: Array | complex = 1.0
                for f in factors:
                    out = out * value(f, at)
                return out
            case Weight(p, places):
                return params[p.name][tuple(s.at(at) for s in places)]
            case Unit(g, places):
                where = []
                for s, length in zip(places, g.axes, strict=True):
                    k = s.at(at)
                    if s.edge == "pad" and not 0 <= k < length:
                        return 0.0
                    where.append(k % length if s.edge == "wrap" else k)
                return states[g.name][(slice(None), *where)]
        raise TypeError(node)

    for a in m.all_addends:
        for at in a.assignments():
            total += a.sign * value(a.product, at)
    return total


def log_sum(values: Array) -> float:
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum()))


def log_partition(m: Drawn, params: Mapping[str, Array]) -> float:
    states, base = joint_states(m.groups)
    return log_sum(base - energy(m, params, states))


def _given(v: Mapping[str, Array], count: int) -> dict[str, Array]:
    return {n: np.repeat(x[None], count, 0) for n, x in v.items()}


def hidden_weights(
    m: Drawn, params: Mapping[str, Array], v: Mapping[str, Array]
) -> tuple[dict[str, Array], Array]:
    """Joint states of the hidden groups beside one case, and log weights: log base − E."""
    hidden = m.of_role("hidden")
    states, base = joint_states(hidden) if hidden else ({}, np.zeros(1))
    rows = _given(v, len(base)) | states
    own = sum(float(base_at(g, v[g.name][None])[0]) for g in m.groups if g.role == "visible")
    return rows, own + base - energy(m, params, rows)


def free_energy(m: Drawn, params: Mapping[str, Array], v: Mapping[str, Array]) -> float:
    return -log_sum(hidden_weights(m, params, v)[1])


def posterior(m: Drawn, params: Mapping[str, Array], v: Mapping[str, Array]) -> dict[str, Array]:
    rows, w = hidden_weights(m, params, v)
    p = np.exp(w - log_sum(w))
    return {g.name: np.tensordot(p, rows[g.name], 1) for g in m.of_role("hidden")}


def unit_conditional(
    m: Drawn, params: Mapping[str, Array], group: Group, state: Mapping[str, Array]
) -> Array:
    """E[x_u | every other unit] of each unit of a group at one joint state: the group's axes."""
    per = group.states or 1
    x = state[group.name].reshape(-1, per)
    out = np.zeros_like(x)
    options = unit_states(group)
    for u in range(len(x)):
        rows = np.repeat(x[None], len(options), 0)
        rows[:, u] = [s for s, _ in options]
        joint = _given({n: y for n, y in state.items() if n != group.name}, len(options)) | {
            group.name: rows.reshape(len(options), *group.axes)
        }
        w = np.array([b for _, b in options]) - energy(m, params, joint)
        out[u] = np.exp(w - log_sum(w)) @ rows[:, u]
    return out.reshape(group.axes)


def gradient(
    m: Drawn, params: Mapping[str, Array], cases: list[dict[str, Array]]
) -> dict[str, Array]:
    """d mean log P(v) / dθ = ⟨∂(−E)/∂θ⟩ given the cases − ⟨∂(−E)/∂θ⟩ of the model, by
    enumeration.
    """
    states, base = joint_states(m.groups)
    w = base - energy(m, params, states)
    rows, p = [states], [-np.exp(w - log_sum(w))]
    for v in cases:
        at, w = hidden_weights(m, params, v)
        rows.append(at)
        p.append(np.exp(w - log_sum(w)) / len(cases))
    joint = {n: np.concatenate([r[n] for r in rows]) for n in states}
    weights = np.concatenate(p)
    out = {}
    for q in m.all_parameters:
        g = np.zeros(q.shape)
        for at in np.ndindex(*q.shape):
            if q.symmetric and at[0] == at[1]:
                continue
            step = np.zeros(q.shape, complex)
            step[at] = 1e-30j
            if q.symmetric:
                step[at[::-1]] = 1e-30j
            g[at] = (
                -(energy(m, {**params, q.name: params[q.name] + step}, joint).imag / 1e-30)
                @ weights
            )
        out[q.name] = g
    return out

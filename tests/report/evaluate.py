"""An evaluator of derivations: walks an expression tree with Python loops over letters, NumPy over
cases.

It knows the trees' definition and the unit types' scalar functions, and nothing of how trees are
made.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import special

from bmdsl.language.model import Length, Subscript
from bmdsl.plan.plan import Plan
from bmdsl.report.derivation import expression as x

Array = np.ndarray
ENDLESS = 60
"""Factors of a product without end that count."""


def _dilogarithm(v: Array) -> Array:
    return special.spence(1 - np.asarray(v))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "cosh": np.cosh,
    "sinh": np.sinh,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "abs": lambda v: v * np.sign(np.real(v)),
    "sign": lambda v: np.sign(np.real(v)),
    "phi": lambda v: np.exp(-v * v / 2) / math.sqrt(2 * math.pi),
    "Phi": special.ndtr,
    "Li2": _dilogarithm,
    "binom": special.binom,
    "factorial": lambda v: special.gamma(np.asarray(v) + 1),
}
"""Elementary functions by name, of complex numbers too, so that derivatives can be complex steps.
"""


@dataclass
class Evaluator:
    """`states` are arrays [n, *axes]; `definitions` the equations that quantities refer to, by kind
    and group.
    """

    plan: Plan
    params: Mapping[str, Array]
    arguments: Mapping[str, float]
    states: Mapping[str, Array]
    definitions: Mapping[tuple[str, str], x.Equation] = field(default_factory=dict)
    moments: Mapping[tuple[str, int], Array] = field(default_factory=dict)
    expectations: Mapping[str, tuple[Mapping[str, Array], Array]] = field(default_factory=dict)
    """Under what → states and their probabilities."""
    symbols: Mapping[str, Any] = field(default_factory=dict)
    nodes: Callable[[tuple[str, ...]], tuple[dict[str, Array], Array]] | None = None
    """All joint states of groups, and their weights."""

    def length(self, n: Length) -> int:
        assert isinstance(n, int), "lengths are bound where formulas are evaluated"
        return n

    def axes(self, group: str) -> tuple[int, ...]:
        return tuple(self.length(n) for n in self.plan.model.group(group).axes)

    # ------------------------------------------------------------ letters

    def values(
        self,
        indices: tuple[x.Index, ...],
        restrictions: tuple[x.Restriction, ...],
        env: Mapping[str, int],
    ) -> Iterator[dict[str, int]]:
        """All values of the letters for which the restrictions hold."""
        names = [i.name for i in indices]
        for chosen in itertools.product(*(self.range(i, env) for i in indices)):
            at = {**env, **dict(zip(names, chosen, strict=True))}
            if all(self.holds(r, at) for r in restrictions):
                yield at

    def range(self, i: x.Index, env: Mapping[str, int]) -> range:
        if i.stop is None:
            return range(i.start, ENDLESS)
        assert isinstance(i.stop, int | str)
        return range(i.start, self.length(i.stop))

    def place(self, s: Subscript, env: Mapping[str, int]) -> int:
        return s.constant + sum(c * env[n] for n, c in s.letters)

    def holds(self, r: x.Restriction, env: Mapping[str, int]) -> bool:
        match r:
            case x.Relation(operator, left, right, axis):
                a, b = self.place(left, env), self.place(right, env)
                if "wrap" in (left.edge, right.edge):
                    assert axis is not None
                    a, b = a % self.length(axis), b % self.length(axis)
                return {"<": a < b, "≠": a != b, "=": a == b}[operator]
            case x.OnEdge(graph, first, second):
                return self.edge(graph, self.place(first, env), self.place(second, env)) is not None
            case x.Apart(left_, right_, axes):
                return any(
                    self.holds(x.Relation("≠", a, b, n), env)
                    for a, b, n in zip(left_, right_, axes, strict=True)
                )
            case x.Within(value, start, stop):
                return start <= self.place(value, env) < self.length(stop)
        raise TypeError(r)

    def edge(self, graph: str, first: int, second: int) -> int | None:
        edges = next(g.edges for g in self.plan.model.graphs if g.name == graph)
        assert edges is not None
        found = np.flatnonzero((edges[:, 0] == first) & (edges[:, 1] == second))
        return int(found[0]) if len(found) else None

    def inside(
        self, subscripts: tuple[Subscript, ...], axes: tuple[int, ...], env: Mapping[str, int]
    ) -> tuple[int, ...] | None:
        """Where in an array; None outside one that is padded."""
        out = []
        for s, n in zip(subscripts, axes, strict=True):
            k = self.place(s, env)
            if s.edge == "pad" and not 0 <= k < n:
                return None
            k = k % n if s.edge == "wrap" else k
            assert 0 <= k < n, f"{s} is {k}, outside 0..{n - 1}"
            out.append(k)
        return tuple(out)

    # ------------------------------------------------------------ trees

    def of(self, node: Any, env: Mapping[str, int]) -> Any:
        """The value of a tree for each case."""
        match node:
            case x.Numeral(value):
                return float(value)
            case x.Named(name):
                return math.pi if name == "π" else self.arguments[name]
            case x.Counter(letter):
                return float(env[letter])
            case x.State(group, subscripts):
                at = self.inside(subscripts, self.axes(group), env)
                return 0.0 if at is None else self.states[group][(slice(None), *at)]
            case x.Moment(group, subscripts, power):
                at = self.inside(subscripts, self.axes(group), env)
                return 0.0 if at is None else self.moments[group, power][(slice(None), *at)]
            case x.Entry(parameter, subscripts, graph):
                if graph is not None:
                    row = self.edge(graph, *(self.place(s, env) for s in subscripts))
                    assert row is not None, "no such edge"
                    return self.params[parameter][row]
                at = self.inside(subscripts, self.params[parameter].shape, env)
                assert at is not None
                return self.params[parameter][at]
            case x.Quantity(kind, group, subscripts):
                return self.quantity(kind, group, subscripts, env)
            case x.Symbol(name):
                return (
                    self.of(self.definitions["E", ""].rights[0], {})
                    if name == "E" and "E" not in self.symbols
                    else self.symbols[name]
                )
            case x.Addition(terms):
                return sum(self.of(t, env) for t in terms)
            case x.Multiplication(factors):
                return self.product(factors, env)
            case x.Raised(base, exponent):
                return self.of(base, env) ** self.of(exponent, env)
            case x.Applied(function, arguments):
                return FUNCTIONS[function](*(self.of(a, env) for a in arguments))
            case x.OfType():
                return self.of_type(node, env)
            case x.Series(kind, indices, restrictions, body):
                if any(not isinstance(i.stop, int | str | None) for i in indices):
                    return self.counted(node, env)
                total: Any = 0.0 if kind == "sum" else 1.0
                for at in self.values(indices, restrictions, env):
                    total = (
                        total + self.of(body, at) if kind == "sum" else total * self.of(body, at)
                    )
                return total
            case x.Bracket(restrictions):
                return float(all(self.holds(r, env) for r in restrictions))
            case x.Expected(under, body):
                states, weights = self.expectations[under]
                values = replace(self, states=states, expectations={}).of(body, env)
                return float(np.dot(np.broadcast_to(values, weights.shape), weights))
            case x.StateSum(groups, body):
                return self.state_sum(groups, body, env)
        raise TypeError(f"no rule evaluates {type(node).__name__}")

    def counted(self, node: x.Series, env: Mapping[str, int]) -> Any:
        """A series up to the value of a unit, which is another one for each case."""
        (index,) = node.indices
        ends = np.asarray(self.of(index.stop, env))
        total = np.full(ends.shape, 0.0 if node.kind == "sum" else 1.0)
        for k in range(index.start, int(ends.max(initial=0)) + 1):
            value = self.of(node.body, {**env, index.name: k})
            total = np.where(
                k > ends, total, total + value if node.kind == "sum" else total * value
            )
        return total

    def product(self, factors: tuple[Any, ...], env: Mapping[str, int]) -> Any:
        """Brackets first: what stands behind a false one need have no value."""
        total: Any = 1.0
        for f in sorted(factors, key=lambda f: not isinstance(f, x.Bracket)):
            if isinstance(f, x.Bracket) and not self.of(f, env):
                return 0.0
            total = total * self.of(f, env)
        return total

    def quantity(
        self, kind: str, group: str, subscripts: tuple[Subscript, ...], env: Mapping[str, int]
    ) -> Any:
        definition = self.definitions[kind, group]
        at = self.inside(subscripts, self.axes(group)[: len(subscripts)], env)
        assert at is not None, "a quantity is asked for outside its axes"
        return self.of(
            definition.rights[0], {i.name: k for i, k in zip(definition.letters, at, strict=True)}
        )

    def of_type(self, node: x.OfType, env: Mapping[str, int]) -> Any:
        g = self.plan.group(node.group)
        function = getattr(g.unit, node.function)
        if node.letter is None:
            arguments = [np.atleast_1d(np.asarray(self.of(a, env), float)) for a in node.arguments]
            return np.array(
                [
                    function(*map(float, row), *g.arguments)
                    for row in zip(*np.broadcast_arrays(*arguments), strict=True)
                ]
            )
        assert len(node.arguments) == 1
        parts = [self.of(node.arguments[0], at) for at in self.values((node.letter,), (), env)]
        rows = np.stack(np.broadcast_arrays(*map(np.atleast_1d, parts)), axis=-1)
        if node.component is None:
            return np.array([function(row, *g.arguments) for row in rows])
        out = np.empty_like(rows)
        for row, mean in zip(rows, out, strict=True):
            function(row, mean, *g.arguments)
        return out[:, self.place(node.component, env)]

    def state_sum(self, groups: tuple[str, ...], body: Any, env: Mapping[str, int]) -> Array:
        assert self.nodes is not None
        count = max((len(v) for v in self.states.values()), default=1)
        out = []
        for n in range(count):
            some, weights = self.nodes(groups)
            fixed = {
                g: np.repeat(v[n : n + 1], len(weights), 0)
                for g, v in self.states.items()
                if g not in groups
            }
            out.append(
                np.dot(
                    np.broadcast_to(
                        replace(self, states={**fixed, **some}).of(body, env), weights.shape
                    ),
                    weights,
                )
            )
        return np.array(out)

"""Random models of the language, as hypothesis draws them: text and meaning side by side (see
`tests/oracle.py`).
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import strategies as st

from bmdsl import units
from tests.oracle import (
    Addend,
    Drawn,
    Group,
    Number,
    Parameter,
    Place,
    Power,
    Product,
    Sum,
    Unit,
    Weight,
)

VISIBLE = ("v", "s", "pixels", "x_2")
HIDDEN = ("h", "z", "σ")
PARAMETERS = ("W", "b", "J", "gain", "λ", "A", "c_1", "out")
LETTERS = ("i", "j", "k", "a", "l", "η", "p", "q")
ARGUMENTS = (("t", 0.5), ("scale", -0.75))
LIMIT = 9.0
"""log2 of the most joint states of a drawn model (a Gaussian unit counts as its quadrature nodes).
"""
COSTS = {"gaussian": 5.4, "exponential": 4.6}
"""Types without a finite support, and log2 of the nodes that the oracle sums over."""
SHAPES = ((), (1,), (2,), (3,), (4,), (1, 2), (2, 1), (2, 2), (3, 2))


def finite_types() -> tuple[str, ...]:
    """Registered types with a finite support at the arguments that the strategy draws."""
    return tuple(
        n
        for n in units.names()
        if n in ("binary", "spin", "categorical", "binomial") or _plain_support(n)
    )


def _plain_support(name: str) -> bool:
    unit = units.get(name)
    values = [o.default if o.default is not None else 2 for o in unit.options]
    return unit.support(*values) is not None and len(unit.statistics) == 1


@st.composite
def groups(draw: Any) -> tuple[Group, ...]:
    """1–3 visible and 0–3 hidden groups within the limit of states."""
    budget = LIMIT
    out = []
    n_visible, n_hidden = draw(st.integers(1, 3)), draw(st.integers(0, 3))
    for n in range(n_visible + n_hidden):
        role = "visible" if n < n_visible else "hidden"
        name = VISIBLE[n] if n < n_visible else HIDDEN[n - n_visible]
        kinds = [*finite_types(), "binary"] + [
            n
            for n, cost in COSTS.items()
            if budget > cost and not any(g.unit in COSTS for g in out)
        ]
        unit = draw(st.sampled_from(kinds))
        options, states, cost = _options(draw, unit)
        room = budget if unit in COSTS else 0.6 * budget
        possible = [x for x in SHAPES if math.prod(x) * cost <= room]
        if not possible:
            continue
        shape = draw(st.sampled_from(possible))
        budget -= math.prod(shape) * cost
        out.append(Group(name, role, shape, unit, options, states))
    if not any(g.role == "visible" for g in out):
        out.insert(0, Group("v", "visible", (2,), "binary"))
    return tuple(draw(st.permutations(out)))


def _options(draw: Any, unit: str) -> tuple[tuple[tuple[str, float], ...], int | None, float]:
    """Arguments of a type, its states if one-of-K, and log2 of a unit's states."""
    if unit == "categorical":
        k = draw(st.integers(2, 3))
        return (("K", k),), k, math.log2(k)
    if unit == "binomial":
        n = draw(st.integers(1, 3))
        return (("N", n),), None, math.log2(n + 1)
    if unit == "multinary":
        n, gain = draw(st.sampled_from(((2, 1.0), (1, 0.5), (2, 2.0))))
        return (("N", n), ("gain", gain)), None, math.log2(n / gain + 1)
    if unit == "gaussian":
        return (("sigma", draw(st.sampled_from((0.5, 1.0, 0.8)))),), None, COSTS[unit]
    if unit == "exponential":
        return (("max", draw(st.sampled_from((1.0, 2.5)))),), None, COSTS[unit]
    kind = units.get(unit)
    options = tuple((o.name, o.default if o.default is not None else 2) for o in kind.options)
    support = kind.support(*(v for _, v in options))
    return options, None, math.log2(len(support)) if support is not None else LIMIT


class _Pen:
    """What a model's terms share while they are drawn: parameters so far and free names."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.parameters: list[Parameter] = []

    def parameter(
        self, shape: tuple[int, ...], declared: bool, symmetric: bool = False
    ) -> Parameter:
        """An existing parameter of this shape, or a new one."""
        alike = [p for p in self.parameters if p.shape == shape and p.symmetric == symmetric]
        if alike and self.draw(st.integers(0, 2)) == 0:
            p = self.draw(st.sampled_from(alike))
            if declared and not p.declared:
                self.parameters[self.parameters.index(p)] = p = Parameter(
                    p.name, shape, True, symmetric
                )
            return p
        number = len(self.parameters)
        p = Parameter(
            PARAMETERS[number] if number < len(PARAMETERS) else f"w{number}",
            shape,
            declared,
            symmetric,
        )
        self.parameters.append(p)
        return p


class _Letters:
    """The letters of one addend: name → (start, stop, whether a clause writes the range)."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.free = list(draw(st.permutations(LETTERS)))
        self.known: dict[str, tuple[int, int, bool]] = {}

    def new(self, start: int, stop: int, clause: bool) -> str:
        name = self.free.pop()
        self.known[name] = (start, stop, clause)
        return name

    def place(self, length: int, unit_axis: bool = True) -> Place:
        """A subscript of an axis of this length."""
        same = [x for x, (a, b, c) in self.known.items() if b == length and a == 0 and not c]
        kind = self.draw(st.sampled_from(["own"] * 6 + ["same", "constant", "compound", "ranged"]))
        if kind == "same" and same:
            return Place(((self.draw(st.sampled_from(same)), 1),))
        if kind == "constant":
            return Place((), self.draw(st.integers(0, length - 1)))
        if kind == "ranged":
            start = self.draw(st.integers(0, length - 1))
            return Place(((self.new(start, self.draw(st.integers(start + 1, length)), True), 1),))
        if kind == "compound" and unit_axis:
            known = (
                self.draw(
                    st.lists(
                        st.sampled_from(sorted(self.known)), min_size=1, max_size=2, unique=True
                    )
                )
                if self.known
                else []
            )
            known = known or [self.new(0, self.draw(st.integers(1, 3)), True)]
            letters = tuple((x, self.draw(st.sampled_from((1, 1, 2)))) for x in known)
            constant = self.draw(st.integers(-1, 2))
            low = constant + sum(c * self.known[x][0] for x, c in letters)
            high = constant + sum(c * (self.known[x][1] - 1) for x, c in letters)
            inside = low >= 0 and high < length
            edge = self.draw(st.sampled_from(("wrap", "pad") + ("",) * (3 * inside)))
            if edge or constant or len(letters) > 1 or letters[0][1] > 1:
                return Place(letters, constant, edge)
            return Place(letters, constant, edge or "wrap")
        return Place(((self.new(0, length, False), 1),))


def _weight(draw: Any, pen: _Pen, letters: _Letters, names: list[str]) -> Weight:
    """A parameter over these letters, in this order."""
    shape = tuple(letters.known[x][1] for x in names)
    if len(names) and draw(st.integers(0, 7)) == 0:  # a shifted subscript needs a written shape
        shift = draw(st.integers(1, 2))
        wide = (shape[0] + shift, *shape[1:])
        return Weight(
            pen.parameter(wide, True),
            (Place(((names[0], 1),), shift), *(Place(((x, 1),)) for x in names[1:])),
        )
    return Weight(pen.parameter(shape, draw(st.booleans())), tuple(Place(((x, 1),)) for x in names))


def _weights(draw: Any, pen: _Pen, letters: _Letters) -> list[Weight | Power]:
    """0–2 parameters that together may leave letters out (tied), or share a letter of their own
    (factored).
    """
    names = list(letters.known)
    kind = draw(st.sampled_from(["all"] * 5 + ["tied", "two", "factored", "none", "square"]))
    order = list(draw(st.permutations(names)))
    if kind == "none":
        return []
    if kind == "tied":
        return [_weight(draw, pen, letters, order[: draw(st.integers(0, len(order)))])]
    if kind == "two":
        cut = draw(st.integers(0, len(order)))
        return [_weight(draw, pen, letters, order[:cut]), _weight(draw, pen, letters, order[cut:])]
    if kind == "factored" and len(order) >= 2:
        f = letters.new(0, draw(st.integers(1, 2)), True)
        return [
            _weight(draw, pen, letters, [*order[:1], f]),
            _weight(draw, pen, letters, [f, *order[1:]]),
        ]
    if kind == "square":
        return [Power(_weight(draw, pen, letters, order), draw(st.integers(2, 3)))]
    return [_weight(draw, pen, letters, order)]


def _allowed(first: Group, second: Group | None) -> bool:
    """Whether a term may multiply these groups: a product of a unit with itself must be a
    statistic.
    """
    return (
        second is None
        or first.name != second.name
        or first.unit not in ("binomial", "multinary", "exponential")
    )


@st.composite
def addends(draw: Any, pen: _Pen, among: tuple[Group, ...]) -> Addend:
    """One addend: 0–2 units, their parameters, constants, clauses."""
    letters = _Letters(draw)
    count = draw(st.sampled_from((1, 1, 2, 2, 2, 2, 0, 3)))
    chosen = [draw(st.sampled_from(among)) for _ in range(count)]
    if (
        count == 3
        # at most one of them without a finite support, so that the energy stays quadratic in
        # Gaussian
        # units
    ):
        chosen = [
            g
            for n, g in enumerate(chosen)
            if g.unit not in COSTS or all(x.unit not in COSTS for x in chosen[:n])
        ]
    if any(not _allowed(a, b) for a, b in combinations(chosen, 2)):
        chosen = chosen[:1]
    lateral = len(chosen) == 2 and chosen[0].name == chosen[1].name
    found = [Unit(g, tuple(letters.place(n) for n in g.axes)) for g in chosen]
    factors: list[Any] = list(found)
    symmetric = _symmetric_pair(draw, pen, letters, found) if lateral else None
    factors += [symmetric] if symmetric else _weights(draw, pen, letters)
    if len(chosen) == 1:
        power = draw(st.sampled_from((1, 1, 1, 2, 3)))
        possible = (
            power in (1, 2)
            if chosen[0].unit == "gaussian"
            else chosen[0].unit in ("binary", "spin", "categorical")
        )
        padded = any(place.edge == "pad" for place in found[0].places)
        if chosen[0].unit == "spin" and padded and power == 2:
            possible = False  # 1 inside the edge and 0 beyond it, which is refused
        if power > 1 and possible:
            factors[0] = Power(found[0], power)
    relations = []
    plain = [x for x in letters.known]
    if len(plain) >= 2 and draw(st.integers(0, 3 if not lateral else 1)) == 0:
        a, b = draw(st.permutations(plain))[:2]
        relations.append((a, draw(st.sampled_from(("<", "!="))), b))
    factors += _extras(draw, pen, letters, found)
    factors = list(draw(st.permutations(factors))) or [Number(1.5)]
    stars = tuple(draw(st.booleans()) for _ in factors[1:])
    ranges = tuple(x for x, (_, _, c) in letters.known.items() if c)
    table = tuple((x, a, b) for x, (a, b, _) in letters.known.items())
    return Addend(
        draw(st.sampled_from((-1, -1, 1))),
        Product(tuple(factors), stars),
        table,
        ranges,
        tuple(relations),
    )


def _symmetric_pair(draw: Any, pen: _Pen, letters: _Letters, found: list[Unit]) -> Weight | None:
    """A symmetric parameter over two letters of equal range."""
    alike = [
        (a, b)
        for a in letters.known
        for b in letters.known
        if a != b and letters.known[a][1] == letters.known[b][1]
    ]
    if not alike or not draw(st.booleans()):
        return None
    a, b = draw(st.sampled_from(alike))
    n = letters.known[a][1]
    return Weight(
        pen.parameter((n, n), draw(st.booleans()), True), (Place(((a, 1),)), Place(((b, 1),)))
    )


def _extras(draw: Any, pen: _Pen, letters: _Letters, found: list[Unit]) -> list[Any]:
    """Constants, arguments, and a sum in parentheses whose addends carry the same letters."""
    out: list[Any] = []
    kind = draw(st.sampled_from(("", "", "", "number", "argument", "power", "sum", "unit sum")))
    if kind == "number":
        out.append(Number(draw(st.sampled_from((0.5, 2.0, 0.25)))))
    elif kind == "argument":
        out.append(Number(0.0, draw(st.sampled_from([n for n, _ in ARGUMENTS]))))
    elif kind == "power":
        out.append(Power(Number(0.0, draw(st.sampled_from([n for n, _ in ARGUMENTS]))), 2))
    elif kind == "sum":
        names = list(letters.known)[: draw(st.integers(0, 2))]
        a, b = (_weight(draw, pen, letters, list(draw(st.permutations(names)))) for _ in range(2))
        both = Sum(
            ((1, Product((a,))), (draw(st.sampled_from((1, -1))), Product((Number(0.5), b))))
        )
        out.append(Power(both, 2) if draw(st.booleans()) else both)
    elif kind == "unit sum" and len(found) == 1 and found[0].group.unit == "gaussian":
        w = _weight(draw, pen, letters, [x for p in found[0].places for x, _ in p.letters])
        out.append(Sum(((1, Product((Number(0.5), found[0]))), (-1, Product((w,))))))
    return out


@st.composite
def models(draw: Any) -> Drawn:
    """A whole model whose every parameter acts."""
    gs = draw(groups())
    pen = _Pen(draw)
    written = [draw(addends(pen, gs)) for _ in range(draw(st.integers(1, 4)))]
    if not any(isinstance(f, Unit) for a in written for f in a.product.factors):
        g = gs[0]
        letters = _Letters(draw)
        names = [letters.new(0, n, False) for n in g.axes]
        unit = Unit(g, tuple(Place(((x, 1),)) for x in names))
        written.append(
            Addend(
                -1,
                Product((_weight(draw, pen, letters, names), unit)),
                tuple((x, a, b) for x, (a, b, _) in letters.known.items()),
            )
        )
    declared = {p.name: p for p in pen.parameters}
    written = [_renamed(a, declared) for a in written]
    sugar: list[str] = []
    meant: list[Addend] = []
    made: list[Parameter] = []
    if draw(st.integers(0, 3)) == 0:
        sugar, meant, made = _sugar(draw, gs)
    return Drawn(
        gs,
        tuple(pen.parameters),
        tuple(written),
        ARGUMENTS,
        tuple(sugar),
        tuple(meant),
        draw(st.integers(1, 2)),
        tuple(made),
    )


def _renamed(a: Addend, declared: dict[str, Parameter]) -> Addend:
    """The addend with every parameter as it was declared in the end (a later use may have made its
    shape a written one).
    """

    def walk(node: Any) -> Any:
        match node:
            case Weight(p, places):
                return Weight(declared[p.name], places)
            case Power(base, exponent):
                return Power(walk(base), exponent)
            case Sum(parts):
                return Sum(tuple((s, walk(p)) for s, p in parts))
            case Product(factors, stars):
                return Product(tuple(walk(f) for f in factors), stars)
        return node

    return Addend(a.sign, walk(a.product), a.letters, a.ranges, a.relations)


def _sugar(draw: Any, gs: tuple[Group, ...]) -> tuple[list[str], list[Addend], list[Parameter]]:
    """`layers` over a chain of groups, or `bias`, with the addends they stand for."""
    chain = draw(st.permutations(gs))[: draw(st.integers(1, 3))]
    meant, made = [], []

    def dense(name: str, over: list[Group]) -> None:
        letters, at, ends = [], [], []
        for n, g in enumerate(over):
            mine = [f"{'xy'[n]}{k}" for k in range(len(g.axes))]
            letters += [(x, 0, length) for x, length in zip(mine, g.axes, strict=True)]
            places = tuple(Place(((x, 1),)) for x in mine)
            at += places
            ends.append(Unit(g, places))
        p = Parameter(name, tuple(n for g in over for n in g.axes))
        made.append(p)
        meant.append(Addend(-1, Product((Weight(p, tuple(at)), *ends)), tuple(letters)))

    for g in chain:
        dense(f"b_{g.name}", [g])
    for a, b in zip(chain, chain[1:], strict=False):
        dense(f"W_{a.name}_{b.name}", [a, b])
    names = [g.name for g in chain]
    return [f"layers {' -- '.join(names)}" if len(names) > 1 else f"bias {names[0]}"], meant, made


def parameter_values(m: Drawn, seed: int, size: float = 0.4) -> dict[str, np.ndarray]:
    """Values of every parameter; small where Gaussian units must stay proper."""
    generator = np.random.default_rng(seed)
    if any(g.unit == "gaussian" for g in m.groups):
        size /= 2
    out = {}
    for p in m.all_parameters:
        x = generator.normal(0, size, p.shape)
        if p.symmetric:
            x = np.triu(x, 1)
            x = x + x.T
        out[p.name] = x
    return out

"""Subscripts under conditions: bounds are those of all allowed values, taken one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.language.model import Condition, Graph, Letter, Subscript
from bmdsl.language.reach import bounds

from .. import naive

LETTERS = "ijk"


@st.composite
def cases(draw):
    """Ranges of three letters, conditions among them, a subscript."""
    ranges = {}
    for x in LETTERS:
        start = draw(st.integers(-2, 3))
        ranges[x] = Letter(x, start + draw(st.integers(1, 6)), start)
    pairs = draw(st.lists(st.permutations(LETTERS).map(lambda p: tuple(p[:2])), max_size=3))
    orders = tuple(Condition(draw(st.sampled_from(("less", "unequal"))), *p) for p in pairs)
    letters = tuple((x, c) for x in LETTERS if (c := draw(st.integers(-3, 3))))
    return Subscript(letters, draw(st.integers(-2, 2))), ranges, orders


def values(s: Subscript, ranges: dict[str, Letter], allowed) -> list[int]:
    spans = [range(ranges[x].start, int(ranges[x].stop)) for x in LETTERS]
    ats = (dict(zip(LETTERS, at, strict=True)) for at in itertools.product(*spans))
    return [s.constant + sum(c * at[x] for x, c in s.letters) for at in ats if allowed(at)]


@settings(max_examples=200, deadline=None)
@given(cases())
def test_bounds_are_those_of_all_values_that_conditions_allow(case):
    s, ranges, orders = case

    def allowed(at):
        return all(
            at[c.first] < at[c.second] if c.kind == "less" else at[c.first] != at[c.second]
            for c in orders
        )

    found = values(s, ranges, allowed)
    used = {x for x, _ in s.letters}
    joined = set(used)
    for _ in LETTERS:
        joined |= {x for c in orders if {c.first, c.second} & joined for x in (c.first, c.second)}
    if (
        not found
    ):  # a contradiction among letters that nothing joins to the subscript's stays unseen
        assert bounds(s, ranges, orders, {}) is None or not joined >= {
            x for c in orders for x in (c.first, c.second)
        }
        return
    assert bounds(s, ranges, orders, {}) == (min(found), max(found))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=5),
    st.integers(-2, 2),
    st.integers(-2, 2),
    st.integers(-1, 1),
)
def test_bounds_along_edges_are_those_of_the_edges(edges, a, b, c):
    graph = Graph("G", 7, np.array(edges))
    s = Subscript(tuple((x, w) for x, w in (("i", a), ("j", b), ("k", c)) if w), 1)
    ranges = {"i": Letter("i", 7), "j": Letter("j", 7), "k": Letter("k", 3)}
    found = [1 + a * x + b * y + c * z for x, y in edges for z in range(3)]
    assert bounds(s, ranges, (Condition("edge", "i", "j", "G"),), {"G": graph}) == (
        min(found),
        max(found),
    )


def test_large_ranges_are_bounded_in_no_time():
    ranges = {x: Letter(x, 2**31 - 1) for x in LETTERS}
    orders = (Condition("less", "i", "j"), Condition("less", "j", "k"))
    assert bounds(Subscript((("k", 1), ("i", -1))), ranges, orders, {}) == (2, 2**31 - 2)
    assert bounds(Subscript((("i", 1), ("j", -1))), ranges, orders, {}) == (-(2**31) + 3, -1)


@st.composite
def couplings(draw):
    """A compound subscript under a condition, all pairs it allows, and a declared length."""
    n = draw(st.integers(2, 5))
    clause = draw(st.sampled_from(["i < j", "j < i", "i != j", "<i,j> in G"]))
    a, b, c = draw(
        st.sampled_from(
            [(-1, 1, 0), (1, -1, 0), (-1, 1, -1), (1, 1, 0), (1, 1, -1), (2, -1, 0), (-1, 2, 0)]
        )
    )
    pairs = {
        "i < j": [(i, j) for i in range(n) for j in range(n) if i < j],
        "j < i": [(i, j) for i in range(n) for j in range(n) if j < i],
        "i != j": [(i, j) for i in range(n) for j in range(n) if i != j],
        "<i,j> in G": [(i, j) for i in range(n) for j in range(n) if i < j],
    }[clause]
    return n, clause, (a, b, c), pairs, draw(st.integers(1, 9))


@settings(max_examples=80, deadline=None)
@given(couplings())
def test_a_model_is_refused_if_and_only_if_a_subscript_leaves_its_axis(case):
    n, clause, (a, b, c), pairs, length = case
    text = f"{a}*i + {b}*j" + (f" - {-c}" if c else "")
    reached = [a * i + b * j + c for i, j in pairs]
    source = (
        f"model m {{ graph G = complete({n})  visible s[{n}] : spin  param J[{length}]  "
        f"energy = J[{text.replace('+ -', '- ')}] s[i] s[j] for {clause} }}"
    )
    if min(reached) < 0 or max(reached) >= length:
        with pytest.raises(BmError, match="BM207"):
            bmdsl.parse(source)
        return
    model = bmdsl.parse(source).checked
    r = np.random.default_rng(n)
    s, j = r.choice([-1.0, 1.0], n), r.normal(size=length)
    wanted = sum(j[x] * s[p] * s[q] for x, (p, q) in zip(reached, pairs, strict=True))
    assert naive.energy(model, {"J": j}, {"s": s}) == pytest.approx(wanted)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(0, 4), st.integers(1, 5), st.integers(1, 7), st.booleans())
def test_a_declared_parameter_may_be_used_in_part(n, start, width, length, compound):
    stop = start + width
    unit = f"v[i-{start}]" if compound else "v[i]"
    source = (
        f"model m {{ visible v[{n}] : binary  param b[{length}]  "
        f"energy = - b[i] {unit} for i in {start}..{stop} }}"
    )
    fits = stop <= length and (width <= n if compound else stop <= n)
    if not fits:
        with pytest.raises(BmError, match="BM207|BM210"):
            bmdsl.parse(source)
        return
    model = bmdsl.parse(source).checked
    b, v = np.arange(1.0, length + 1), np.arange(n) % 2 * 1.0
    wanted = -sum(b[i] * v[i - start if compound else i] for i in range(start, stop))
    assert naive.energy(model, {"b": b}, {"v": v}) == pytest.approx(wanted)
    idle = next((d.message for d in model.lints if d.code == "BM960"), "")
    assert idle.startswith(f"{length - width} of {length} entries") if width < length else not idle


def test_a_parameter_longer_than_an_axis_without_a_clause_is_still_refused():
    with pytest.raises(BmError, match="BM210"):
        bmdsl.parse("model m { visible v[4] : binary  param b[5]  energy = - b[i] v[i] }")

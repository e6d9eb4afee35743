"""The walker of letters: integers, arrays and source text against loops over everything that the
conditions leave.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as options
from hypothesis import strategies as st

import bmdsl
from bmdsl.emit.term_loops import Lengths, emit_loops, parameter_entry
from bmdsl.language.letters import (
    OUTSIDE,
    Table,
    einsum_names,
    grid_columns,
    is_read_by_edge,
    letters_in,
    nest_of,
    place_of,
    plain_letters,
    setting_count,
    settings,
    table,
    unit_place,
)
from bmdsl.language.model import (
    Condition,
    Graph,
    Group,
    Initial,
    Letter,
    Model,
    Parameter,
    ParameterFactor,
    Subscript,
    Term,
    UnitFactor,
)
from bmdsl.plan.identifiers import edges_variable, letter
from bmdsl.verification.written import written_energy

NAMES = "ijkl"
NODES = 4
GRAPHS = {
    "G": ((0, 1), (0, 3), (1, 2), (2, 3)),
    "H": ((0, 2), (1, 3), (2, 3), (1, 1), (3, 0)),
    "none": (),
}


@st.composite
def subscripts(draw: st.DrawFn, letters: list[Letter]) -> tuple[Subscript, int]:
    """An affine subscript with an axis that is long enough, unless it wraps or pads."""
    used = draw(st.lists(st.sampled_from(letters), unique_by=lambda x: x.name, max_size=2))
    coefficients = [draw(st.sampled_from([1, 1, 2, -1])) for _ in used]
    parts = tuple((x.name, c) for x, c in zip(used, coefficients, strict=True))
    edge = draw(st.sampled_from(["plain", "wrap", "pad"]))
    constant = draw(st.integers(-2, 2))
    reached = [
        sum(c * v for (_, c), v in zip(parts, values, strict=True))
        for values in itertools.product(*(range(x.start, int(x.stop)) for x in used))
    ]
    if edge == "plain":
        constant -= min(0, min(reached) + constant)
        return Subscript(parts, constant), max(reached) + constant + draw(st.integers(1, 2))
    return Subscript(parts, constant, edge), draw(st.integers(1, 4))  # type: ignore[arg-type]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Model, Term]:
    """A term of up to three units and four letters, under up to two conditions, and its model."""
    letters = []
    for name in NAMES[: draw(st.integers(1, 4))]:
        start = draw(st.integers(0, 2))
        letters.append(Letter(name, start + draw(st.integers(1, 3)), start))
    pairs = list(itertools.permutations([x.name for x in letters], 2))
    conditions = []
    for first, second in draw(st.lists(st.sampled_from(pairs), max_size=2)) if pairs else []:
        kind = draw(st.sampled_from(["less", "unequal", "edge"]))
        graph = draw(st.sampled_from(sorted(GRAPHS))) if kind == "edge" else None
        conditions.append(Condition(kind, first, second, graph))  # type: ignore[arg-type]
    on_edges = {x for c in conditions if c.kind == "edge" for x in (c.first, c.second)}
    letters = [Letter(x.name, NODES) if x.name in on_edges else x for x in letters]
    groups, units = [], []
    for k in range(draw(st.integers(0, 3))):
        axes = [draw(subscripts(letters)) for _ in range(draw(st.integers(0, 2)))]
        groups.append(Group(f"g{k}", "visible", tuple(n for _, n in axes), "spin", ()))
        units.append(UnitFactor(f"g{k}", tuple(s for s, _ in axes)))
    graphs = [Graph(n, NODES, np.array(e, int).reshape(-1, 2)) for n, e in GRAPHS.items()]
    term = Term(1.0, (), tuple(units), tuple(letters), tuple(conditions))
    return Model("m", (), tuple(groups), (), (term,), tuple(graphs)), term


def all_settings(term: Term) -> list[dict[str, int]]:
    """Values of all letters over all ranges, but for those that a condition forbids."""
    out = []
    for values in itertools.product(*(range(x.start, int(x.stop)) for x in term.letters)):
        at = {x.name: v for x, v in zip(term.letters, values, strict=True)}
        keep = True
        for c in term.conditions:
            pair = at[c.first], at[c.second]
            if c.kind == "edge":
                keep &= pair in GRAPHS[str(c.graph)]
            else:
                keep &= pair[0] < pair[1] if c.kind == "less" else pair[0] != pair[1]
        if keep:
            out.append(at)
    return out


def place(u: UnitFactor, axes: tuple[int, ...], at: Mapping[str, int]) -> tuple[int, ...] | None:
    """A unit's place, None if it is outside a padded axis."""
    out = []
    for s, n in zip(u.subscripts, axes, strict=True):
        value = s.constant
        for name, c in s.letters:
            value += c * at[name]
        while s.edge == "wrap" and value < 0:
            value += n
        while s.edge == "wrap" and value >= n:
            value -= n
        if s.edge == "pad" and value not in range(n):
            return None
        assert value in range(n)
        out.append(value)
    return tuple(out)


def column(found: tuple[int, ...], axes: tuple[int, ...]) -> int:
    return list(itertools.product(*map(range, axes))).index(found)


def key(at: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(at.items()))


def rows(found: Table) -> list[dict[str, int]]:
    return [{n: int(v[k]) for n, v in found.letters.items()} for k in range(found.count)]


@options(max_examples=150, deadline=None)
@given(cases())
def test_settings_are_those_that_the_conditions_allow(case: tuple[Model, Term]):
    model, term = case
    found = list(settings(model, term))
    ats = [key(at) for at, _ in found]
    assert len(set(ats)) == len(ats)
    assert set(ats) == set(map(key, all_settings(term)))
    edges = [c for c in term.conditions if c.kind == "edge"]
    for at, numbers in found:
        for c, number in zip(edges, numbers, strict=True):
            assert GRAPHS[str(c.graph)][number] == (at[c.first], at[c.second])
    assert len(found) <= setting_count(model, term)
    if all(c.kind == "edge" for c in term.conditions) and len(edges) < 2:
        assert len(found) == setting_count(model, term)


@options(max_examples=150, deadline=None)
@given(cases())
def test_a_table_holds_all_settings_in_the_order_of_the_loops(case: tuple[Model, Term]):
    model, term = case
    found, wanted = table(model, nest_of(term)), list(settings(model, term))
    assert rows(found) == [at for at, _ in wanted]
    assert list(zip(*found.edges, strict=True)) == [n for _, n in wanted if n]


@options(max_examples=150, deadline=None)
@given(cases())
def test_places_and_columns_are_those_of_loops(case: tuple[Model, Term]):
    model, term = case
    everything = table(model, nest_of(term))
    for u in term.units:
        axes = tuple(int(n) for n in model.group(u.group).axes)
        where = unit_place(model, u)
        wanted = [place(u, axes, at) for at in rows(everything)]
        assert [where.at(at) for at in rows(everything)] == wanted
        columns, inside = where.columns(everything.letters)
        columns, inside = (np.broadcast_to(x, everything.count) for x in (columns, inside))
        assert inside.tolist() == [w is not None for w in wanted]
        assert columns[inside].tolist() == [column(w, axes) for w in wanted if w is not None]


@options(max_examples=150, deadline=None)
@given(cases())
def test_printed_loops_visit_the_same_units_in_the_same_order(case: tuple[Model, Term]):
    model, term = case
    lengths = Lengths()
    lines, depth, columns = emit_loops(model, term, lengths, 0)
    names = [x.name for x in term.letters]
    shown = ", ".join([*(letter(x) for x in names), *columns])
    lines.append("    " * depth + f"out.append(({shown},))")
    out: list[tuple[int, ...]] = []
    scope: dict[str, Any] = {"out": out, "n": [int(x) for x in lengths.known]}
    scope |= {edges_variable(g.name): g.edges for g in model.graphs}
    exec("\n".join(lines), scope)
    wanted = []
    for at, _ in settings(model, term):
        places = [unit_place(model, u).at(at) for u in term.units]
        if None not in places:
            axes = [tuple(int(n) for n in model.group(u.group).axes) for u in term.units]
            there = [column(p, a) for p, a in zip(places, axes, strict=True) if p is not None]
            wanted.append((*(at[x] for x in names), *there))
    assert [tuple(map(int, row)) for row in out] == wanted


@options(max_examples=100, deadline=None)
@given(st.data())
def test_a_grid_of_columns_is_that_of_loops(data: st.DataObject):
    letters = [Letter(x, data.draw(st.integers(1, 3))) for x in "ij"]
    drawn = [data.draw(subscripts(letters)) for _ in range(2)]
    u, axes = UnitFactor("g", tuple(s for s, _ in drawn)), tuple(n for _, n in drawn)
    lengths = {x.name: int(x.stop) for x in letters}
    order = data.draw(st.permutations("ij"))
    found = grid_columns(place_of(u.subscripts, axes), tuple(order), lengths)
    assert found.shape == tuple(lengths[x] for x in order) and found.dtype == np.int32
    for values in np.ndindex(*found.shape):
        wanted = place(u, axes, dict(zip(order, values, strict=True)))
        assert found[values] == (OUTSIDE if wanted is None else column(wanted, axes))


def test_a_subscript_that_leaves_its_axis_is_an_error_in_every_form():
    where = place_of((Subscript((("i", 1),), 2),), (3,))
    assert where.at({"i": 0}) == (2,)
    with pytest.raises(IndexError, match=r"subscript i\+2 is 3 on an axis of 3"):
        where.at({"i": 1})
    with pytest.raises(IndexError, match="on an axis of 3"):
        where.columns({"i": np.arange(2)})


def test_letters_are_plain_if_they_are_different_and_on_their_own():
    i, j, number = (Subscript(x) for x in ((("i", 1),), (("j", 1),), ()))
    assert plain_letters((i, j)) == ("i", "j") and plain_letters(()) == ()
    for other in (i, number, Subscript(j.letters, 1, "wrap"), Subscript((("j", 2),))):
        assert plain_letters((i, other)) is None
    assert letters_in((Subscript((("j", 1), ("i", -1)), 0, "pad"), j, number)) == ("j", "i")
    assert einsum_names("xyx") == {"x": "a", "y": "b"}


# ---------------------------------------------------------------- two graphs in one term

TWO_GRAPHS = (
    "model m { graph G = ring(4)  graph H = ring(5)  visible s[4] : spin  visible t[5] : spin"
    "  param J, K[5]  energy = - J[i,j] K[k] s[i] s[j] t[k] t[l] for <i,j> in G, <k,l> in H }"
)
SHARED_END = (
    "model m { graph G = ring(4)  graph H = ring(4)  visible s[4] : spin"
    "  param J  energy = - J[i,j] s[i] s[j] s[k] for <i,j> in G, <j,k> in H }"
)


@pytest.mark.parametrize("text", [TWO_GRAPHS, SHARED_END])
@pytest.mark.parametrize("jit", [False, True], ids=["python", "numba"])
def test_a_term_over_two_graphs_runs_over_pairs_of_their_edges(text: str, jit: bool):
    machine = bmdsl.parse(text).compile(
        seed=1, dtype="float64", backend="numba" if jit else "reference"
    )
    generator = np.random.default_rng(2)
    for name, x in machine.params.items():
        machine.params[name] = generator.normal(size=x.shape)
    p = machine.params
    state = {n: np.sign(x) for n, x in machine.initial_state(3).items()}
    s, t = state["s"], state.get("t")
    g, h = (machine.model.graphs[k].edges for k in (0, 1))
    assert g is not None and h is not None
    wanted = np.zeros(3)
    for (number, (i, j)), (k, m) in itertools.product(enumerate(g), h):
        if t is not None:
            wanted -= p["J"][number] * p["K"][k] * s[:, i] * s[:, j] * t[:, k] * t[:, m]
        elif j == k:
            wanted -= p["J"][number] * s[:, i] * s[:, j] * s[:, m]
    shaped = {n: machine.program.shaped(n, x) for n, x in state.items()}
    np.testing.assert_allclose(machine.energy(**shaped), wanted, rtol=1e-12, atol=1e-12)
    checked = machine.program.plan.model
    written = written_energy(checked, machine.params, checked.terms, shaped)
    np.testing.assert_allclose(written, wanted, rtol=1e-12, atol=1e-12)


def test_a_parameter_of_edges_is_read_by_the_edges_number():
    model = bmdsl.parse(TWO_GRAPHS).checked
    term = model.terms[0]
    by_edge = [
        is_read_by_edge(term, p, model.parameter(p.parameter).shape) for p in term.parameters
    ]
    assert by_edge == [True, False]
    assert parameter_entry(model, term.parameters[0], term) == "p_J[e]"
    plain = Term(1.0, (ParameterFactor("J", ()),), (), ())
    lone = Model("m", (), (), (Parameter("J", (), Initial("constant", (0.0,))),), (plain,))
    assert parameter_entry(lone, plain.parameters[0], plain) == "p_J[()]"

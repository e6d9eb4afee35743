"""Lattices of units of any type, whose couplings follow from where a unit stands: couplings,
colours, draws and energies are those of the enumerated form, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.graph.colouring import colour_order
from bmdsl.inference.chain_arrays import by_cells
from bmdsl.inference.machine import Machine
from bmdsl.kernels import listed
from bmdsl.language.diagnostics import BmError
from bmdsl.runtime.listing import Listing
from bmdsl.schedule.cell_ops import written_out
from tests.schedule.random_values import of_parameters

TYPES = {"spin": 1, "binary": 1, "multinary(3)": 1, "gaussian": 1, "categorical(3)": 3}
MIXED = """model m { visible s[6,4] : spin  visible g[6,4] : gaussian
  visible c[6,4] : categorical(4)  param J, K
  energy = - J[i] s[i,j] s[wrap(i+1),j] - 0.1 g[i,j] s[i,pad(j+1)] + 1.5 g[i,j] g[i,j]
    - 0.4 c[i,j,2] s[i,wrap(j+2)] - K[k,l] c[i,j,k] c[pad(i+1),j,l]
    - 0.2 c[i,j,k] c[pad(i+1),j,wrap(k+1)] s[i,j] }"""
HIDDEN = """model m { visible c[4,4] : categorical(3)  hidden h[4,4] : spin
  energy = - 0.3 c[i,j,1] h[i,wrap(j+1)] - 0.2 c[i,j,k] c[pad(i+1),j,k] h[i,j] }"""
ROWS = """model m(n) { visible s[n,30] : spin  param J, K, b
  energy = - J[x,y] s[x,y] s[pad(x+1),y] - K[y] s[x,y] s[x,wrap(y+1)] - b[x,y] s[x,y] }"""


@dataclass(frozen=True)
class Lattice:
    """A random lattice as text."""

    text: str
    states: dict[str, int]


@st.composite
def lattices(draw: st.DrawFn) -> Lattice:
    """Lattices of one to three axes and one or two groups, terms of two or three units, couplings
    that are one number or an array of any of the letters.
    """
    dimension = draw(st.integers(1, 3))
    letters = "xyz"[:dimension]
    axes = [draw(st.integers(2, {1: 9, 2: 5, 3: 4}[dimension])) for _ in letters]
    types = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=2))
    terms, params = [], []
    for number in range(draw(st.integers(1, 3))):
        units, inner, places = [], "", set()
        for m in range(draw(st.integers(2, 3))):
            g = draw(st.integers(0, len(types) - 1))
            offset = [draw(st.integers(-2, 2)) if m else 0 for _ in letters]
            subscripts = [
                f"{draw(st.sampled_from(['wrap', 'pad']))}({x}{d:+d})" if d else x
                for x, d in zip(letters, offset, strict=True)
            ]
            if TYPES[types[g]] > 1:
                own = draw(st.sampled_from(["1", "k", "klm"[m]]))
                inner += own if own not in "1" + inner else ""
                subscripts.append(own)
            units.append(f"g{g}[{','.join(subscripts)}]")
            places.add((g, *(d % n for d, n in zip(offset, axes, strict=True))))
        assume(len(places) == len(units))  # no unit meets itself
        read = [x for x in letters + inner if draw(st.booleans())]
        if draw(st.booleans()):
            read = read[::-1]
        coupling = "0.3"
        if read:
            params.append(f"J{number}")
            coupling = f"J{number}[{','.join(read)}]"
        terms.append(f"- {coupling} {' '.join(units)}")
    sizes = ",".join(map(str, axes))
    groups = " ".join(f"visible g{k}[{sizes}] : {t}" for k, t in enumerate(types))
    names = f"param {', '.join(params)}" if params else ""
    states = {f"g{k}": TYPES[t] for k, t in enumerate(types)}
    return Lattice(f"model m {{ {groups} {names} energy = {' '.join(terms)} }}", states)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(x=lattices())
def test_couplings_and_colours_of_random_lattices_are_those_of_their_lists(x: Lattice) -> None:
    machine = bmdsl.parse(x.text).compile(backend="reference")
    program = machine.program
    assume(program.plan.all_listed)  # a convolution else
    stencils = program.listing.stencils
    assert stencils is not None
    of_parameters(machine)
    tail = program.tail(machine.params)
    values = stencils.values(tail, program.dtype)
    each = np.empty(program.listing.count, program.dtype)
    for t in program.plan.listed:
        program.functions["values", t](each[program.listing.first[t] :], *tail)
    np.testing.assert_array_equal(stencils.written_out(values), each)
    for name, k in x.states.items():
        cells = stencils.cells(name)
        lists = program.listing.incidence(name).bound(each)
        made = written_out(cells.size, k, *cells.operands, values)
        for found, wanted in zip(made, lists, strict=True):
            np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(stencils.strength(values, name)[0], strength(lists))
        lo = program.listing.offset[name]
        order, classes = colour_order(*neighbours(lists, lo, cells.size, k))
        np.testing.assert_array_equal(stencils.colours(name)[0], order)
        np.testing.assert_array_equal(stencils.colours(name)[1], classes)


def strength(lists: tuple[np.ndarray, ...]) -> np.ndarray:
    """Σ |values| of every column."""
    start, _, value, more, more_value, *_ = lists
    out = np.zeros(len(start) - 1)
    np.add.at(out, np.repeat(np.arange(len(out)), np.diff(start)), np.abs(value))
    np.add.at(out, np.repeat(np.arange(len(out)), np.diff(more)), np.abs(more_value))
    return out


def neighbours(
    lists: tuple[np.ndarray, ...], lo: int, units: int, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The units of the group that share a coupling with each unit."""
    start, other, _, more, _, more_start, more_other = lists
    near: list[set[int]] = [set() for _ in range(units)]
    for column in range(units * k):
        found = [*other[start[column] : start[column + 1]]]
        found += [*more_other[more_start[more[column]] : more_start[more[column + 1]]]]
        near[column // k] |= {int(d - lo) // k for d in found if lo <= d < lo + units * k}
    ends = np.cumsum([0, *map(len, near)])
    return ends, np.array([v for own in near for v in sorted(own)], np.int64)


@pytest.fixture(scope="module")
def mixed() -> Machine:
    machine = bmdsl.parse(MIXED).compile(seed=3)
    of_parameters(machine)
    return machine


def swept(machine: Machine, layout: str, n: int, **how: object) -> dict[str, np.ndarray]:
    state = machine.initial_state(n)
    machine.layout = layout
    machine.sweep(state, 3, how.pop("observed", {}), update=1, **how)
    machine.layout = "auto"
    return state


@pytest.mark.parametrize("n", [6, 20])
def test_draws_of_groups_of_three_types_are_those_of_lists(mixed: Machine, n: int) -> None:
    seen = np.full((n, 24), np.nan)
    seen[:, :7] = 1.0
    for how in ({}, {"beta": np.linspace(0.4, 1.4, n)}, {"observed": {"s": seen}}):
        by_lists, found = swept(mixed, "codes", n, **how), swept(mixed, "stencil", n, **how)
        for name, x in found.items():
            np.testing.assert_array_equal(x, by_lists[name])
            assert len(np.unique(x, axis=0)) > 1


def test_the_meaning_of_the_ops_gives_the_same_draws(mixed: Machine) -> None:
    plain = bmdsl.parse(MIXED).compile(seed=3, backend="reference")
    of_parameters(plain)
    found, wanted = swept(mixed, "stencil", 4), swept(plain, "stencil", 4)
    for name in ("s", "c"):
        np.testing.assert_array_equal(found[name], wanted[name])
    np.testing.assert_allclose(found["g"], wanted["g"], rtol=1e-5)


def test_few_chains_in_tiles_are_drawn_as_from_lists() -> None:
    machine = bmdsl.parse(ROWS, n=40).compile(seed=1)
    of_parameters(machine)
    by_lists, found = swept(machine, "numbers", 2), swept(machine, "stencil", 2)
    np.testing.assert_array_equal(found["s"], by_lists["s"])
    kinds = machine.program.listing.stencils.tiles("s").kind
    assert (kinds >= 0).any() and (kinds < 0).any()


def test_energies_are_sums_over_all_couplings(mixed: Machine) -> None:
    state, listing = mixed.initial_state(5), mixed.program.listing
    values = listing.written_out(listing.values(mixed.program.tail(mixed.params), mixed.dtype))
    x = listing.joined(state)
    wanted = np.zeros(5)
    for part in listing.parts:
        listed.energies(x, part.places, values[part.number], wanted)
    own = {n: np.asarray(b, np.float64) for n, b in mixed.held_fields().bias2.items()}
    wanted -= (state["g"].astype(np.float64) ** 2) @ own["g"].ravel()
    np.testing.assert_allclose(mixed.written_energy(state), wanted, rtol=1e-6)


def test_a_large_lattice_of_any_type_makes_no_list_of_couplings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(self: Listing, *given: object) -> None:
        raise AssertionError("couplings are written out")

    monkeypatch.setattr(Listing, "_places", refused)
    machine = bmdsl.parse(ROWS, n=2200).compile(seed=1)
    of_parameters(machine)
    assert by_cells(machine, 8) and not by_cells(machine, 7)
    machine.layout = "stencil"
    state = machine.initial_state(8)
    machine.sweep(state, 1, {}, update=1)
    assert np.isfinite(machine.written_energy(state)).all()
    machine.anneal(n=8, sweeps=2)


def test_a_layout_that_chains_cannot_have_is_refused() -> None:
    machine = bmdsl.parse(MIXED).compile(backend="reference")
    with pytest.raises(BmError) as refused:
        swept(machine, "bits", 4)
    assert refused.value.diagnostics[0].code == "BM778"


def test_means_of_hidden_units_at_the_end_are_those_of_lists() -> None:
    machine = bmdsl.parse(HIDDEN).compile(seed=2)
    found = {}
    for layout in ("codes", "stencil"):
        state, machine.layout = machine.initial_state(5), layout
        found[layout] = machine.sweep(state, 3, {}, update=1)
    for name, x in found["codes"].items():
        np.testing.assert_array_equal(found["stencil"][name], x)


def test_the_plan_says_from_which_size_on_nothing_is_listed() -> None:
    assert "training, mean field, exchanges, AIS and scores too" in str(
        bmdsl.parse(ROWS, n=40).plan
    )


def test_a_lattice_of_odd_length_has_a_stencil_too() -> None:
    machine = bmdsl.parse(
        "model m { visible s[17] : spin  energy = - 0.5 s[i] s[wrap(i+1)] }"
    ).compile(backend="reference")
    order, classes = machine.program.listing.stencils.colours("s")
    assert len(classes) == 4
    colour = np.repeat(np.arange(3), np.diff(classes))[np.argsort(order)]
    assert (colour != np.roll(colour, 1)).all()
    assert np.isin(swept(machine, "stencil", 2)["s"], (-1, 1)).all()

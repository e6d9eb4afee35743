"""Lattices that are too wide to be summed out unit after unit: what their stencils tell."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

import bmdsl
from bmdsl.inference.lattice_width import least_units
from bmdsl.inference.unit_tables import UnitTables
from bmdsl.language.diagnostics import BmError
from bmdsl.plan.stencils import NotStencil


@pytest.mark.parametrize(
    "text",
    [
        "visible s[5,6] : spin  energy = - 0.3 s[x,y] s[wrap(x+1),y] - 0.2 s[x,y] s[x,pad(y+1)]",
        "visible s[9,9] : spin  energy = - 0.3 s[x,y] s[pad(x+1),pad(y+2)] s[pad(x+2),y]",
        "visible s[3,4,4] : binary  visible t[3,4,4] : spin"
        "  energy = - 0.3 s[x,y,z] s[x,wrap(y+1),z] t[x,y,z] - s[x,y,z] t[x,y,z] s[x,y,wrap(z-1)]",
        "visible c[6,5] : categorical(3)"
        "  energy = - c[x,y,k] c[pad(x+1),y,k] - c[x,y,1] c[pad(x+1),pad(y+1),2]",
        "visible s[40] : spin  energy = - 0.3 s[x] s[pad(x+1)] - 0.2 s[x] s[wrap(x+2)]",
        "visible s[9,9] : spin  visible h[9,9] : binary"
        "  energy = - 0.3 s[x,y] h[pad(x+1),y] - 0.1 s[x,y] h[x,pad(y-1)]"
        " - 0.2 s[x,y] h[x,y]",
        "visible s[7,9] : spin  visible h[7,9] : binary  visible t[7,9] : spin"
        "  energy = - s[x,y] h[wrap(x+1),y] - h[x,y] t[x,pad(y+1)] - t[x,y] s[wrap(x+2),pad(y+1)]"
        " - 0.1 h[x,y] h[x,pad(y+1)]",
        "visible s[8,8] : spin  energy = - 0.3 s[x,y] s[pad(x+1),y] - 0.1 s[y,x] s[x,y] for x < y",
    ],
)
def test_no_order_of_a_lattice_has_smaller_tables_than_its_grids_say(text: str) -> None:
    program = bmdsl.parse(f"model m {{ {text} }}").compile(backend="reference").program
    units = least_units(program, ())
    assert least_units(program, program.plan.listed_groups) == 0
    try:
        lattice = program.plan.lattice
    except NotStencil:
        assert units == 0
        return
    assert (units > 1) == (len(lattice.axes) > 1)
    graph, states = nx.Graph(), max(int(g.states or 1) for g in program.plan.groups)
    for part in program.listing.parts:
        for unit in np.asarray(part.places) // states:
            graph.add_edges_from(combinations(unit.tolist(), 2))
    width, _ = nx.approximation.treewidth_min_degree(graph)
    assert width + 1 >= units


def test_a_lattice_far_too_wide_is_refused_before_its_units_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*given: object) -> None:
        raise AssertionError("units are looked at")

    monkeypatch.setattr(UnitTables, "__init__", refused)
    machine = bmdsl.load("ising", L=60).compile(backend="reference")
    with pytest.raises(BmError, match=r"a table of 2\^59 numbers or more") as found:
        machine.log_partition()
    assert found.value.diagnostics[0].code == "BM801"

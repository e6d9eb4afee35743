"""How large the tables of sums over a lattice's units are at least, told from its stencils: what is
far too wide is refused before anything is made of its units.

A graph with a grid of k × k units inside, whatever else it has, needs a table over k + 1 of them in
any order of summing them out one by one: its treewidth is k or more (Robertson & Seymour 1986). So
does one that has it once units that share a coupling are merged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, permutations

from ..plan.stencils import Lattice, NotStencil, Offset, Stencil, StencilUnit
from ..runtime.program import Program

Box = tuple[range, ...]
"""Places of each axis."""
Step = tuple[Offset, Box]
"""How far apart two units stand that share a coupling, in all of a box where both are inside."""
MOST_STEPS = 64
"""Steps that are tried in pairs."""


def least_units(program: Program, held: Collection[str]) -> int:
    """How many units with more than one state the largest table has at least; 0 if the model is no
    lattice. Units of the groups `held` have no table.
    """
    try:
        lattice = program.plan.lattice
    except NotStencil:
        return 0
    free = [g.name for g in program.plan.groups if g.name not in held and g.states != 1]
    most = 0
    while free:
        shifts, regions = _merged(lattice, free)
        free = [n for n in free if n not in shifts]
        grids = (_grid(a, b, regions) for a, b in combinations(_steps(lattice, shifts), 2))
        most = max(most, *grids, 0)
    return most + 1 if most else 0


def _merged(lattice: Lattice, free: Collection[str]) -> tuple[dict[str, Offset], list[Box]]:
    """Groups whose units become one with a unit of the first: how far from it they stand, and the
    boxes in which a coupling joins them to it. Units that are merged leave no wider a graph.
    """
    first, *_ = free
    shifts, regions = {first: (0,) * len(lattice.axes)}, list[Box]()
    found = True
    while found:
        found = False
        for x in lattice.stencils:
            for u, v in permutations(x.units, 2):
                if u.group in shifts and v.group in free and v.group not in shifts:
                    shifts[v.group] = tuple(
                        c + j - i
                        for c, i, j in zip(shifts[u.group], u.offset, v.offset, strict=True)
                    )
                    regions.append(_inside(x, shifts))
                    found = True
    return shifts, regions


def _steps(lattice: Lattice, shifts: Mapping[str, Offset]) -> list[Step]:
    """How far apart places are whose units share a coupling."""
    found = dict[Step, None]()
    for x in lattice.stencils:
        places = [_less(u.offset, shifts[u.group]) for u in x.units if u.group in shifts]
        for a, b in combinations(places, 2):
            d = _less(b, a)
            if any(d):
                found[max(d, _less(a, b)), _inside(x, shifts)] = None
    return list(found)[:MOST_STEPS]


def _less(a: Offset, b: Offset) -> Offset:
    return tuple(i - j for i, j in zip(a, b, strict=True))


def _inside(x: Stencil, shifts: Mapping[str, Offset]) -> Box:
    """Places between which couplings turn around no axis and meet no end, as the units do that are
    merged there.
    """
    near = [d for u in x.units for d in (u.offset, *_of_merged(u, shifts))]
    margins = [max(abs(d[a]) for d in near) for a in range(len(x.box))]
    return tuple(range(r.start + m, r.stop - m) for r, m in zip(x.box, margins, strict=True))


def _of_merged(u: StencilUnit, shifts: Mapping[str, Offset]) -> tuple[Offset, ...]:
    own = shifts.get(u.group)
    return () if own is None else (own, _less(u.offset, own))


def _grid(a: Step, b: Step, regions: Sequence[Box]) -> int:
    """The k of the largest grid k × k, of these two steps, that is surely there."""
    (d, m), (e, n) = a, b
    if all(d[i] * e[j] == d[j] * e[i] for i, j in combinations(range(len(d)), 2)):
        return 0  # along one line
    axes = zip(m, n, *regions, strict=True)
    rooms = [min(r.stop for r in x) - max(r.start for r in x) for x in axes]
    if min(rooms) < 1:
        return 0
    sides = zip(d, e, rooms, strict=True)
    return min((room - 1) // (abs(i) + abs(j)) + 1 for i, j, room in sides if i or j)

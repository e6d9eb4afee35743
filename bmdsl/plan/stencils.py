"""Stencils: terms of lattices whose units stand at fixed distances from one another.

In a stencil every unit's subscripts are the lattice's letters, one an axis, each with a constant,
and `wrap` or `pad` as the axis ends. What couples to a unit then follows from where it stands: no
list of couplings exists. Units are coloured by Σ a·x modulo q, with q and a from the distances at
which units of one group meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import gcd, prod

from ..language.model import Length, Letter, Model, Term, UnitFactor

MOST_COLOURS = 16
"""Colours up to which a lattice is coloured by sums of places."""
MOST_TRIED = 1 << 14
"""Vectors a that are tried for each number of colours at most."""

REGISTER = 512
"""Bits of a register."""
Offset = tuple[int, ...]


class NotStencil(Exception):
    """A plan's terms are no stencils of one lattice; the text says why."""


@dataclass(frozen=True)
class StencilUnit:
    """One unit of a term: it stands at the letters' values plus `offset`, modulo the length of an
    axis that `wraps`.
    """

    group: str
    offset: Offset
    wraps: tuple[bool, ...]


@dataclass(frozen=True)
class Stencil:
    """A term of a lattice, one coupling for each setting of letters in a box."""

    term: int
    units: tuple[StencilUnit, ...]
    box: tuple[range, ...]
    """Axis → the values of its letter at which all units are inside."""
    order: tuple[int, ...]
    """The axes in the order of the term's loops, outermost first."""
    uniform: bool
    """Whether all couplings are one number."""

    @property
    def count(self) -> int:
        """How many couplings it has."""
        return prod(map(len, self.box))


@dataclass(frozen=True)
class Lattice:
    """Groups of units on the same axes, and the stencils that couple them."""

    axes: tuple[int, ...]
    groups: tuple[str, ...]
    stencils: tuple[Stencil, ...]
    colours: int
    weights: tuple[int, ...]
    """Axis → a: the colour of a place x is Σ a·x modulo `colours`."""

    @cached_property
    def size(self) -> int:
        """Places of the lattice."""
        return prod(self.axes)

    @property
    def in_register(self) -> int:
        """Units of one colour in a register, of one row or of eight, whichever has more."""
        units, rows = -(-self.axes[-1] // self.colours), self.size // self.axes[-1]
        of_eight = 8 * (units // -(-units // 64)) * rows // (8 * -(-rows // 8))
        return max(units // -(-units // REGISTER), of_eight)

    def __str__(self) -> str:
        weights = ", ".join(map(str, self.weights))
        return f"{' × '.join(map(str, self.axes))}, colours ({weights})·x mod {self.colours}"


def stencil_of(model: Model, number: int, term: Term) -> Stencil:
    """The stencil that a listed term is.

    Raises NotStencil if it is none.
    """
    if not term.units or term.conditions or term.expert is not None:
        raise NotStencil("a term runs over a graph, or its letters have conditions")
    first = term.units[0]
    letters = [_letter(first, a) for a in range(len(first.subscripts))]
    named = {x.name: x for x in term.letters}
    if not letters or sorted(named) != sorted(letters):
        raise NotStencil("a term's letters are not the lattice's axes, one each")
    axes = model.group(first.group).axes
    for u in term.units:
        if u.power != 1 or model.group(u.group).axes != axes:
            raise NotStencil("a term joins units of lattices of different axes, or powers of units")
        if [_letter(u, a) for a in range(len(u.subscripts))] != letters:
            raise NotStencil("units of a term stand at no fixed distance from one another")
    if any(s.edge == "pad" for p in term.parameters for s in p.subscripts):
        raise NotStencil("a coupling array is read outside its ends")
    box = tuple(_box(term.units, a, named[x], axes[a]) for a, x in enumerate(letters))
    return Stencil(
        number,
        tuple(
            StencilUnit(
                u.group,
                tuple(s.constant for s in u.subscripts),
                tuple(s.edge == "wrap" for s in u.subscripts),
            )
            for u in term.units
        ),
        box,
        tuple(letters.index(x.name) for x in term.letters),
        not any(p.subscripts for p in term.parameters),
    )


def lattice_of(model: Model, listed: tuple[int, ...], groups: tuple[str, ...]) -> Lattice:
    """The one lattice of these groups and terms.

    Raises NotStencil if they are none.
    """
    if any(isinstance(n, str) for g in groups for n in model.group(g).axes):
        raise NotStencil("lengths have no values yet")
    if any(model.group(g).states is not None for g in groups):
        raise NotStencil("a unit's state is several numbers")
    stencils = tuple(stencil_of(model, t, model.terms[t]) for t in listed)
    shapes = {tuple(int(n) for n in model.group(g).axes) for g in groups}
    if len(shapes) != 1 or not stencils:
        raise NotStencil("groups have different axes")
    axes = shapes.pop()
    colours, weights = _colouring(axes, stencils)
    return Lattice(axes, groups, stencils, colours, weights)


def _letter(u: UnitFactor, axis: int) -> str:
    letters = u.subscripts[axis].letters
    if len(letters) != 1 or letters[0][1] != 1:
        raise NotStencil("a subscript is no letter with a constant")
    return letters[0][0]


def _box(units: tuple[UnitFactor, ...], axis: int, letter: Letter, length: Length) -> range:
    lo, hi = letter.start, int(letter.stop)
    for s in (u.subscripts[axis] for u in units):
        if s.edge != "wrap":
            lo, hi = max(lo, -s.constant), min(hi, int(length) - s.constant)
    return range(lo, max(lo, hi))


def _colouring(axes: tuple[int, ...], stencils: tuple[Stencil, ...]) -> tuple[int, tuple[int, ...]]:
    """q and a for which no two units of a group that share a coupling have one colour."""
    apart, turns = set[Offset](), set[int]()
    for x in stencils:
        for k, u in enumerate(x.units):
            turns |= {a for a, wraps in enumerate(u.wraps) if wraps and u.offset[a]}
            for v in x.units[:k]:
                if u.group == v.group:
                    apart.add(tuple(i - j for i, j in zip(u.offset, v.offset, strict=True)))
    for q in range(1, MOST_COLOURS + 1):
        if q ** len(axes) > MOST_TRIED:
            break
        for a in product(range(q), repeat=len(axes)):
            turned = all(a[i] * axes[i] % q == 0 for i in turns)
            if turned and gcd(a[-1], q) == 1 and all(_sum(a, d) % q for d in apart):
                return q, a
    raise NotStencil(
        "no colours by sums of places keep its units apart, as on an axis of odd length that wraps"
    )


def _sum(a: tuple[int, ...], d: Offset) -> int:
    return sum(i * j for i, j in zip(a, d, strict=True))

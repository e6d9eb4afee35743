"""Stencils: terms of lattices whose units stand at fixed distances from one another.

In a stencil every unit's subscripts are the lattice's letters, one an axis, each with a constant,
and `wrap` or `pad` as the axis ends. What couples to a unit then follows from where it stands: no
list of couplings exists. Letters of a unit's states, of one-of-K units or vectors, are written out:
a term has a stencil for each setting of them. Where colours are wanted, units have them by Σ a·x
modulo q, with q and a from the distances at which units of one group meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import gcd, prod

from ..language.model import Length, Letter, Model, Subscript, Term, UnitFactor

MOST_COLOURS = 16
"""Colours up to which a lattice is coloured by sums of places."""
MOST_TRIED = 1 << 14
"""Vectors a that are tried for each number of colours at most."""
MOST_SETTINGS = 1 << 12
"""Settings of the letters of units' states up to which they are written out."""

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
    state: int = 0
    """Which of its numbers the term has."""


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
    steps: tuple[int, ...] = ()
    """Axis → how far apart values of the term are, in their list, of neighbouring letters."""
    first: int = 0
    """Where in that list the value would be whose letters are all 0."""
    loops: tuple[int, ...] = ()
    """The values of the letters of states, and −1 − axis for the others, as the term's loops are
    nested."""

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

    @cached_property
    def size(self) -> int:
        """Places of the lattice."""
        return prod(self.axes)

    @cached_property
    def colouring(self) -> tuple[int, tuple[int, ...]]:
        """q and a: the colour of a place x is Σ a·x modulo q.

        Raises NotStencil if there are none.
        """
        return _colouring(self.axes, self.stencils)

    @property
    def colours(self) -> int:
        """How many colours there are. Raises NotStencil if they are no sums of places."""
        return self.colouring[0]

    @property
    def weights(self) -> tuple[int, ...]:
        """Axis → a. Raises NotStencil if colours are no sums of places."""
        return self.colouring[1]

    @property
    def in_register(self) -> int:
        """Units of one colour in a register, of one row or of eight, whichever has more.

        Raises NotStencil if colours are no sums of places.
        """
        units, rows = -(-self.axes[-1] // self.colours), self.size // self.axes[-1]
        of_eight = 8 * (units // -(-units // 64)) * rows // (8 * -(-rows // 8))
        return max(units // -(-units // REGISTER), of_eight)

    @property
    def coloured(self) -> str:
        """The lattice and its colours. Raises NotStencil if they are no sums of places."""
        weights = ", ".join(map(str, self.weights))
        return f"{self}, colours ({weights})·x mod {self.colours}"

    def __str__(self) -> str:
        return " × ".join(map(str, self.axes))


def value_letters(term: Term) -> tuple[Letter, ...]:
    """The letters on which a term's couplings depend, as its loops are nested."""
    read = {x for p in term.parameters for s in p.subscripts for x, _ in s.letters}
    return tuple(x for x in term.letters if x.name in read)


def has_values_apart(model: Model, term: Term) -> bool:
    """Whether no two couplings of a stencil share a value, whatever it is."""
    read = {x.name for x in value_letters(term)}
    return {x.name for x in term.letters} <= read


def verify_stencil(model: Model, term: Term) -> list[str]:
    """The letters of a term that is a stencil whatever its lengths are, an axis each.

    Raises NotStencil if it is none.
    """
    if not term.units or term.conditions or term.expert is not None:
        raise NotStencil("a term runs over a graph, or its letters have conditions")
    first = model.group(term.units[0].group)
    sites = [_site_subscripts(model, u) for u in term.units]
    letters = [_letter(s) for s in sites[0]]
    states = {x for u in term.units for x, _ in _state_letters(model, u)}
    named = {x.name for x in term.letters}
    if not letters or len(set(letters)) < len(letters) or named - states != set(letters):
        raise NotStencil("a term's letters are not the lattice's axes, one each")
    for u, own in zip(term.units, sites, strict=True):
        if u.power != 1 or model.group(u.group).shape != first.shape:
            raise NotStencil("a term joins units of lattices of different axes, or powers of units")
        if [_letter(s) for s in own] != letters:
            raise NotStencil("units of a term stand at no fixed distance from one another")
    if any(s.edge == "pad" for p in term.parameters for s in p.subscripts):
        raise NotStencil("a coupling array is read outside its ends")
    return letters


def stencils_of(model: Model, number: int, term: Term) -> tuple[Stencil, ...]:
    """The stencils that a listed term is, one for each setting of the letters of units' states.

    Raises NotStencil if it is none.
    """
    letters = verify_stencil(model, term)
    named = {x.name: x for x in term.letters}
    axes = model.group(term.units[0].group).shape
    sites = [_site_subscripts(model, u) for u in term.units]
    box = tuple(_box([s[a] for s in sites], named[x], axes[a]) for a, x in enumerate(letters))
    if any(len(b) > int(n) for b, n in zip(box, axes, strict=True)):
        raise NotStencil("a letter has more values than its axis")
    inner = [x for x in term.letters if x.name not in letters]
    ranges = [range(x.start, int(x.stop)) for x in inner]
    if prod(map(len, ranges)) > MOST_SETTINGS:
        raise NotStencil(f"states of units have more than {MOST_SETTINGS:,} settings in a term")
    step, far = dict[str, int](), 1
    for x in reversed(value_letters(term)):
        step[x.name], far = far, far * (int(x.stop) - x.start)
    at = -sum(named[x].start * d for x, d in step.items())
    out = []
    for values in product(*ranges):
        setting = {x.name: v for x, v in zip(inner, values, strict=True)}
        units = tuple(
            StencilUnit(
                u.group,
                tuple(s.constant for s in own),
                tuple(s.edge == "wrap" for s in own),
                _state(model, u, setting),
            )
            for u, own in zip(term.units, sites, strict=True)
        )
        out.append(
            Stencil(
                number,
                units,
                box,
                tuple(letters.index(x.name) for x in term.letters if x.name in letters),
                not any(p.subscripts for p in term.parameters),
                tuple(step.get(x, 0) for x in letters),
                at + sum(step.get(x, 0) * v for x, v in setting.items()),
                tuple(
                    setting.get(x.name, -1 - letters.index(x.name) if x.name in letters else 0)
                    for x in term.letters
                ),
            )
        )
    return tuple(out)


def lattice_of(model: Model, listed: tuple[int, ...], groups: tuple[str, ...]) -> Lattice:
    """The one lattice of these groups and terms.

    Raises NotStencil if they are none.
    """
    if any(isinstance(n, str) for g in groups for n in model.group(g).axes):
        raise NotStencil("lengths have no values yet")
    stencils = tuple(x for t in listed for x in stencils_of(model, t, model.terms[t]))
    shapes = {tuple(int(n) for n in model.group(g).shape) for g in groups}
    if len(shapes) != 1 or not stencils:
        raise NotStencil("groups have different axes")
    axes = shapes.pop()
    for x in stencils:
        for k, u in enumerate(x.units):
            if any(u.group == v.group and not any(_apart(u, v, axes)) for v in x.units[:k]):
                raise NotStencil("a unit meets itself in a term")
    return Lattice(axes, groups, stencils)


def _apart(u: StencilUnit, v: StencilUnit, axes: tuple[int, ...]) -> Offset:
    return tuple((i - j) % n for i, j, n in zip(u.offset, v.offset, axes, strict=True))


def _site_subscripts(model: Model, u: UnitFactor) -> tuple[Subscript, ...]:
    """A unit's subscripts without that of its states."""
    return u.subscripts if model.group(u.group).states is None else u.subscripts[:-1]


def _state_letters(model: Model, u: UnitFactor) -> tuple[tuple[str, int], ...]:
    """The letters of a unit's states, with what each counts."""
    if model.group(u.group).states is None:
        return ()
    own = u.subscripts[-1]
    if own.edge == "pad":
        raise NotStencil("a unit's state is counted as zero outside its states")
    return own.letters


def _state(model: Model, u: UnitFactor, setting: dict[str, int]) -> int:
    states = model.group(u.group).states
    if states is None:
        return 0
    own = u.subscripts[-1]
    at = own.constant + sum(c * setting[x] for x, c in own.letters)
    return at % int(states) if own.edge == "wrap" else at


def _letter(s: Subscript) -> str:
    if len(s.letters) != 1 or s.letters[0][1] != 1:
        raise NotStencil("a subscript is no letter with a constant")
    return s.letters[0][0]


def _box(subscripts: list[Subscript], letter: Letter, length: Length) -> range:
    lo, hi = letter.start, int(letter.stop)
    for s in subscripts:
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

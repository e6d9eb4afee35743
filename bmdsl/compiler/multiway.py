"""Terms that are summed without their couplings ever being written out: tensors of three groups, and products of arrays over shared letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

from ..language.model import Model, Subscript, Term, UnitFactor
from .contraction import ROWS, Letters, Path, best_path


@dataclass(frozen=True)
class Tensor:
    """A term of three units of different groups whose one parameter is [*axes of a, *axes of b, *axes of c]: used as it is, never copied."""

    groups: tuple[str, str, str]
    parameter: str
    term: int
    scale: float


@dataclass(frozen=True)
class Contraction:
    """A term Σ Π parameters · Π units of different groups, every letter over whole axes: four units in a term, or a factored `A[i,f] B[j,f] C[k,f]`."""

    groups: tuple[str, ...]
    letters: tuple[Letters, ...]
    """Of each group's axes."""
    parameters: tuple[str, ...]
    parameter_letters: tuple[Letters, ...]
    term: int
    scale: float

    def field(self, group: str, lengths: Mapping[str, int], picked: str | None = None) -> Path:
        """How the field of a group is summed; with `picked`, for all states of that one-of-K unit at once.

        The arrays are the other groups' states (but for `picked`), in order, then the parameters; the result is [rows, (states,) *axes].
        """
        others = [(ROWS, *x) for g, x in zip(self.groups, self.letters, strict=True) if g not in (group, picked)]
        states = self.letters[self.groups.index(picked)] if picked is not None else ()
        return best_path([*others, *self.parameter_letters], (ROWS, *states, *self.letters[self.groups.index(group)]), lengths)

    def moment(self, place: int, lengths: Mapping[str, int]) -> Path:
        """How the gradient of the parameter at this place is summed: the arrays are all groups' states, then the other parameters."""
        others = [x for k, x in enumerate(self.parameter_letters) if k != place]
        return best_path([*((ROWS, *x) for x in self.letters), *others], self.parameter_letters[place], lengths)

    def names(self, group: str) -> tuple[str, ...]:
        """What the arrays of `field` are called."""
        return (*(g for g in self.groups if g != group), *self.parameters)

    def lengths(self, model: Model, rows: int) -> dict[str, int]:
        """Letter → length, from the axes of groups and parameters, all bound; `rows` is what a path is chosen for."""
        known = {ROWS: rows}
        for name, letters in zip(self.groups, self.letters, strict=True):
            known |= dict(zip(letters, (int(n) for n in model.group(name).axes), strict=True))
        for name, letters in zip(self.parameters, self.parameter_letters, strict=True):
            known |= dict(zip(letters, (int(n) for n in model.parameter(name).shape), strict=True))
        return known


def tensor_of(model: Model, number: int, term: Term) -> Tensor | None:
    """The term as a tensor, where it is one."""
    names = [u.group for u in term.units]
    if len(set(names)) != 3 or len(names) != 3 or any(u.power != 1 for u in term.units):
        return None
    for units in permutations(term.units):
        name = array_of(model, term, units)
        if name:
            return Tensor((units[0].group, units[1].group, units[2].group), name, number, -term.coefficient)
    return None


def contraction_of(model: Model, number: int, term: Term) -> Contraction | None:
    """The term as a contraction, where it is one: three units and more, or two that meet through a letter of their own (a low rank)."""
    names = [u.group for u in term.units]
    inside = {s.letter for u in term.units for s in u.subscripts}
    low_rank = len(term.parameters) > 1 and any(s.letter not in inside for p in term.parameters for s in p.subscripts)
    if len(names) < 2 or (len(names) == 2 and not low_rank) or len(set(names)) < len(names) or not term.parameters:
        return None
    if term.conditions or term.expert is not None or any(u.power != 1 for u in term.units) or any(p.power != 1 for p in term.parameters):
        return None
    stops = {x.name: x.stop for x in term.letters if x.start == 0}
    units = [_letters(u.subscripts, model.group(u.group).axes, stops) for u in term.units]
    parameters = [_letters(p.subscripts, model.parameter(p.parameter).shape, stops) for p in term.parameters]
    if any(x is None for x in (*units, *parameters)):
        return None
    bound = {x for u in parameters for x in u or ()}
    if any(x not in bound for u in units for x in u or ()):
        return None  # a letter that no parameter has: its couplings are equal, and few enough to list
    return Contraction(tuple(names), tuple(x for x in units if x is not None), tuple(p.parameter for p in term.parameters),
                       tuple(x for x in parameters if x is not None), number, -term.coefficient)  # fmt: skip


def _letters(subscripts: tuple[Subscript, ...], axes: tuple[object, ...], stops: Mapping[str, object]) -> Letters | None:
    """The letters of a factor, each over the whole of its axis; None where one is not."""
    found = tuple(s.letter for s in subscripts)
    if None in found or len(set(found)) < len(found) or len(found) != len(axes):
        return None
    letters = tuple(x for x in found if x is not None)
    return letters if all(x in stops and stops[x] == n for x, n in zip(letters, axes, strict=True)) else None


def array_of(model: Model, term: Term, units: tuple[UnitFactor, ...]) -> str | None:
    """The one parameter whose axes are those of these units, in their order."""
    letters = [s.letter for u in units for s in u.subscripts]
    if term.conditions or len(term.parameters) != 1 or None in letters or len(set(letters)) != len(letters):
        return None
    p = term.parameters[0]
    shape = model.parameter(p.parameter).shape
    axes = tuple(n for u in units for n in model.group(u.group).axes)
    starts = any(one.start != 0 for one in term.letters)
    if p.power != 1 or starts or [s.letter for s in p.subscripts] != letters or tuple(shape) != axes:
        return None
    return p.parameter

"""Terms that are summed without their couplings ever being written out: tensors of three groups, and products of arrays over shared letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

from ..language.model import Model, Subscript, Term, UnitFactor
from .contraction import ROWS, Letters, Path, best_path
from .unfolding import Unfolding


@dataclass(frozen=True)
class Tensor:
    """A term of three units of different groups whose one parameter is [*axes of a, *axes of b, *axes of c]: used as it is, never copied."""

    groups: tuple[str, str, str]
    parameter: str
    term: int
    scale: float


@dataclass(frozen=True)
class Contraction:
    """A term Σ Π parameters · Π units of different groups: four units in a term, a factored `A[i,f] B[j,f] C[k,f]`, a convolution.

    A parameter's letters run over whole axes, and so do a group's, unless it is unfolded.
    """

    groups: tuple[str, ...]
    letters: tuple[Letters, ...]
    """Of each group's axes, or of its unfolding."""
    parameters: tuple[str, ...]
    parameter_letters: tuple[Letters, ...]
    term: int
    scale: float
    unfolded: tuple[Unfolding | None, ...]
    """Of each group: how index arithmetic reaches its units, None where its letters are its axes."""

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
        return {ROWS: rows} | {x.name: int(x.stop) for x in model.terms[self.term].letters}

    @property
    def is_convolution(self) -> bool:
        """Whether two groups meet through one parameter whose entries serve many sites."""
        return len(self.groups) == 2 and len(self.parameters) == 1 and bool(self.sites)

    @property
    def sites(self) -> Letters:
        """Letters that no parameter has: its entries are shared over them."""
        bound = {x for p in self.parameter_letters for x in p}
        return tuple(dict.fromkeys(x for g in self.letters for x in g if x not in bound))


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
    """The term as a contraction, where it is one.

    Three units and more, or two that meet through a letter of their own (a low rank), each letter in a parameter; or any number that share
    entries of a parameter over sites (a convolution).
    """
    names = [u.group for u in term.units]
    if len(names) < 2 or len(set(names)) < len(names) or not term.parameters or any(x.start != 0 for x in term.letters):
        return None
    if term.conditions or term.expert is not None or any(u.power != 1 for u in term.units) or any(p.power != 1 for p in term.parameters):
        return None
    stops = {x.name: x.stop for x in term.letters}
    parameters = [_letters(p.subscripts, model.parameter(p.parameter).shape, stops) for p in term.parameters]
    if any(x is None for x in parameters):
        return None
    plain = [_letters(u.subscripts, model.group(u.group).axes, stops) for u in term.units]
    unfolded = tuple(None if x is not None else Unfolding(u.subscripts) for x, u in zip(plain, term.units, strict=True))
    units = tuple(x if u is None else u.letters for x, u in zip(plain, unfolded, strict=True))
    bound = {x for p in parameters for x in p or ()}
    inside = [x for u in units for x in u or ()]
    shared = {x for x in inside if x not in bound}
    low_rank = len(term.parameters) > 1 and bool(bound - set(inside))
    if shared and not (all(inside.count(x) > 1 for x in shared) and any(inside.count(x) == 1 for x in bound)):
        return None  # nothing to sum over at a site: couplings few enough to list
    if not shared and (any(unfolded) or (len(names) == 2 and not low_rank)):
        return None
    return Contraction(tuple(names), tuple(x for x in units if x is not None), tuple(p.parameter for p in term.parameters),
                       tuple(x for x in parameters if x is not None), number, -term.coefficient, unfolded)  # fmt: skip


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

"""The form of a term: which kind of contribution to the energy it is, and how parameters meet
units.

Read off the letters of a checked term alone, never off the lengths of axes. (A graph that joins
most of its nodes counts as a matrix, any other as a list: its edges are a part of the text.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import permutations

from .letters import Letters, letters_in, plain_letters
from .model import Length, Letter, Model, Subscript, Term, UnitFactor

MIN_DENSE_SHARE = 4
"""A graph with at least one in this many of the possible edges is a matrix."""


class Form(Enum):
    """The kinds of term. E is their sum, and base measures."""

    CONSTANT = "no unit"
    BIAS = "x of single units"
    SQUARE = "x^2 of single units"
    COUPLING = "a matrix between two groups"
    SQUARED_COUPLING = "a matrix between two groups, one of which it takes to a power"
    LATERAL = "a matrix inside a group"
    LISTED = "couplings written out one by one"
    TENSOR = "one array of three groups"
    CONTRACTION = "a product of arrays summed over shared letters"
    CONVOLUTION = "one array of two groups, shared over sites"
    EXPERT = "a function of a projection"


@dataclass(frozen=True)
class TermForm:
    """−E holds scale · Σ Π parameters · Π units, and what its letters say of it."""

    form: Form | None
    """None: a power of single units that no form has."""
    scale: float
    """−coefficient."""
    units: tuple[UnitFactor, ...]
    """As written."""
    unit_letters: tuple[Letters | None, ...]
    """Of each unit, the letters that are its axes, each over the whole length; None if it has
    index arithmetic, a letter twice, or a part of an axis."""
    parameters: tuple[str, ...]
    parameter_letters: tuple[Letters | None, ...]
    """Of each parameter, its subscripts if these are different letters on their own."""
    array: str | None = None
    """The one parameter that *is* the array of couplings: its axes are those of the units."""
    order: tuple[int, ...] = ()
    """The units in the order of the array's axes."""
    linear: str | None = None
    """The one parameter, if the term is linear in it and in each unit, and its sum is over the
    letters of these alone: no condition, and no letter that only counts."""

    @property
    def ordered(self) -> tuple[UnitFactor, ...]:
        """The units in the order of the array's axes."""
        return tuple(self.units[k] for k in self.order)

    @property
    def is_summed(self) -> bool:
        """Whether it is summed letter by letter, its couplings never written out."""
        return self.form in (Form.CONTRACTION, Form.CONVOLUTION)


def form_of(model: Model, term: Term) -> TermForm:
    """The form of a checked term, with the facts that follow from its letters."""
    ranges = {x.name: x for x in term.letters}
    unit_letters = tuple(
        _whole(u.subscripts, model.group(u.group).axes, ranges) for u in term.units
    )
    parameter_letters = tuple(plain_letters(p.subscripts) for p in term.parameters)
    form = _form(model, term, unit_letters, ranges)
    whole = _array(model, term, form, unit_letters) if form in _WITH_ARRAY else None
    return TermForm(
        form,
        -term.coefficient,
        term.units,
        unit_letters,
        tuple(p.parameter for p in term.parameters),
        parameter_letters,
        None if whole is None else whole[0],
        tuple(range(len(term.units))) if whole is None else whole[1],
        term.parameters[0].parameter if len(term.parameters) == 1 and _is_linear(term) else None,
    )


def forms_of(model: Model) -> tuple[TermForm, ...]:
    """The form of every term, in order."""
    return tuple(form_of(model, t) for t in model.terms)


def share_letters(a: UnitFactor, b: UnitFactor) -> bool:
    """Whether some letter subscripts both units, so that not all of them are paired with all."""
    return bool(set(letters_in(a.subscripts)) & set(letters_in(b.subscripts)))


_WITH_ARRAY = (Form.BIAS, Form.SQUARE, Form.COUPLING, Form.SQUARED_COUPLING, Form.TENSOR)


def _form(
    model: Model,
    term: Term,
    unit_letters: tuple[Letters | None, ...],
    ranges: Mapping[str, Letter],
) -> Form | None:
    if term.expert is not None:
        return Form.EXPERT
    if not term.units:
        return Form.CONSTANT
    if len(term.units) == 1:
        return {1: Form.BIAS, 2: Form.SQUARE}.get(term.units[0].power)
    if _is_tensor(model, term, unit_letters):
        return Form.TENSOR
    summed = _summed(model, term, unit_letters, ranges)
    if summed is not None:
        return summed
    if _is_listed(model, term):
        return Form.LISTED
    if term.units[0].group == term.units[1].group:
        return Form.LATERAL
    powers = [u.power for u in term.units]
    return Form.COUPLING if powers == [1, 1] else Form.SQUARED_COUPLING


def _is_linear(term: Term) -> bool:
    powers = [*(p.power for p in term.parameters), *(u.power for u in term.units)]
    return _is_plain_sum(term) and term.expert is None and all(k == 1 for k in powers)


def _is_plain_sum(term: Term) -> bool:
    """Whether no condition leaves settings out, and each letter subscripts a factor.

    A letter that subscripts none multiplies the term by its range, as k does in `J s[i] t[k]^2` of
    spins, whose t[k]^2 is 1.
    """
    factors = (*(p.subscripts for p in term.parameters), *(u.subscripts for u in term.units))
    used = letters_in(s for subscripts in factors for s in subscripts)
    return not term.conditions and all(x.name in used for x in term.letters)


def _whole(
    subscripts: Sequence[Subscript], axes: Sequence[Length], ranges: Mapping[str, Letter]
) -> Letters | None:
    """The letters of a factor, each over the whole of its axis; None if one is not."""
    letters = plain_letters(subscripts)
    if letters is None or len(letters) != len(axes) or any(x not in ranges for x in letters):
        return None
    spans = [(ranges[x].start, ranges[x].stop) for x in letters]
    return letters if spans == [(0, n) for n in axes] else None


# ---------------------------------------------------------------- arrays


def _is_tensor(model: Model, term: Term, unit_letters: tuple[Letters | None, ...]) -> bool:
    """Whether it is one parameter with the axes of three units of different groups."""
    groups = {u.group for u in term.units}
    if len(term.units) != 3 or len(groups) != 3 or any(u.power != 1 for u in term.units):
        return False
    return _array(model, term, Form.TENSOR, unit_letters) is not None


def _array(
    model: Model, term: Term, form: Form, unit_letters: tuple[Letters | None, ...]
) -> tuple[str, tuple[int, ...]] | None:
    """The one parameter whose axes are those of the units, and the order in which they are.

    Units without axes may stand in any order: two are in the order of their groups' declarations.
    """
    if not _is_plain_sum(term) or [p.power for p in term.parameters] != [1]:
        return None
    if None in unit_letters:
        return None
    p = term.parameters[0]
    parameter = model.parameter(p.parameter)
    places = list(range(len(term.units)))
    if form in (Form.COUPLING, Form.SQUARED_COUPLING):
        declared = [g.name for g in model.groups]
        places.sort(key=lambda k: declared.index(term.units[k].group))
    for order in permutations(places):
        letters = tuple(x for k in order for x in unit_letters[k] or ())
        axes = tuple(n for k in order for n in model.group(term.units[k].group).axes)
        if plain_letters(p.subscripts) == letters and parameter.shape == axes:
            return parameter.name, order
    return None


def _summed(
    model: Model,
    term: Term,
    unit_letters: tuple[Letters | None, ...],
    ranges: Mapping[str, Letter],
) -> Form | None:
    """CONTRACTION, CONVOLUTION, or None.

    A contraction has three units and more, or two that meet through a letter of their own (a low
    rank), each letter in a parameter; or any number that share entries of a parameter over sites,
    letters that no parameter has. A convolution is one parameter of two groups over sites, each of
    whose letters is of one group alone.
    """
    groups = [u.group for u in term.units]
    if len(set(groups)) < len(groups) or not term.parameters or not _is_linear(term):
        return None
    if any(x.start != 0 for x in term.letters):
        return None
    parameters = [
        _whole(p.subscripts, model.parameter(p.parameter).shape, ranges) for p in term.parameters
    ]
    if any(x is None for x in parameters):
        return None
    bound = {x for letters in parameters for x in letters or ()}
    inside = [
        x
        for letters, u in zip(unit_letters, term.units, strict=True)
        for x in (letters_in(u.subscripts) if letters is None else letters)
    ]
    sites = {x for x in inside if x not in bound}
    if not sites:
        low_rank = len(term.parameters) > 1 and bool(bound - set(inside))
        is_one = None not in unit_letters and (len(groups) > 2 or low_rank)
        return Form.CONTRACTION if is_one else None
    once = any(inside.count(x) == 1 for x in bound)
    if not once or any(inside.count(x) == 1 for x in sites):
        return None  # nothing to sum over at a site: couplings few enough to list
    is_one_array = len(groups) == 2 and len(term.parameters) == 1
    apart = all(inside.count(x) == 1 for x in bound)  # the array is a matrix between the groups
    return Form.CONVOLUTION if is_one_array and apart else Form.CONTRACTION


# ---------------------------------------------------------------- lists


def _is_listed(model: Model, term: Term) -> bool:
    """Whether couplings are written out one by one: of three units and more, or of two that are
    not all paired with all.
    """
    if len(term.units) > 2:
        return True
    if any(c.kind == "edge" and not _is_dense(model, c.graph) for c in term.conditions):
        return True
    first, second = term.units
    if first.group != second.group and any(u.power != 1 for u in term.units):
        return False  # a matrix between two statistics, however few of its entries are not 0
    if first.group == second.group and first.subscripts == second.subscripts:
        return False  # every unit with itself: a statistic of one unit
    return share_letters(first, second)


def _is_dense(model: Model, name: str | None) -> bool:
    graph = next(g for g in model.graphs if g.name == name)
    if graph.edges is None or graph.nodes is None:
        return False
    return MIN_DENSE_SHARE * len(graph.edges) >= graph.nodes * (graph.nodes - 1) // 2

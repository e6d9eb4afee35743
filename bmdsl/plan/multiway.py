"""Terms that are summed without their couplings ever being written out: tensors of three groups,
and products of arrays over shared letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..language.forms import Form, TermForm
from ..language.letters import letters_in
from ..language.model import Model, Subscript
from .contraction import ROWS, Letters, Path, best_path


@dataclass(frozen=True)
class Tensor:
    """A term of three units of different groups whose one parameter is [*axes of a, *axes of b,
    *axes of c]: used as it is, never copied.
    """

    groups: tuple[str, str, str]
    parameter: str
    term: int
    scale: float


@dataclass(frozen=True)
class Contraction:
    """A term Σ Π parameters · Π units of different groups: four units in a term, a factored `A[i,f]
    B[j,f] C[k,f]`, a convolution.

    A parameter's letters run over whole axes, and so do a group's, unless it is unfolded.
    """

    groups: tuple[str, ...]
    letters: tuple[Letters, ...]
    """Of each group's axes, or of its unfolding."""
    parameters: tuple[str, ...]
    parameter_letters: tuple[Letters, ...]
    term: int
    scale: float
    unfolded: tuple[tuple[Subscript, ...] | None, ...]
    """Of each group: the subscripts by which index arithmetic reaches its units, None where its
    letters are its axes.
    """
    is_convolution: bool
    """Whether two groups meet through one parameter whose entries serve many sites."""

    def field(self, group: str, lengths: Mapping[str, int], picked: str | None = None) -> Path:
        """How the field of a group is summed; with `picked`, for all states of that one-of-K unit
        at once.

        The arrays are the other groups' states (but for `picked`), in order, then the parameters;
        the result is [rows, (states,) *axes].
        """
        others = [
            (ROWS, *x)
            for g, x in zip(self.groups, self.letters, strict=True)
            if g not in (group, picked)
        ]
        states = self.letters[self.groups.index(picked)] if picked is not None else ()
        return best_path(
            [*others, *self.parameter_letters],
            (ROWS, *states, *self.letters[self.groups.index(group)]),
            lengths,
        )

    def moment(self, place: int, lengths: Mapping[str, int]) -> Path:
        """How the gradient of the parameter at this place is summed: the arrays are all groups'
        states, then the other parameters.
        """
        others = [x for k, x in enumerate(self.parameter_letters) if k != place]
        return best_path(
            [*((ROWS, *x) for x in self.letters), *others], self.parameter_letters[place], lengths
        )

    def names(self, group: str) -> tuple[str, ...]:
        """What the arrays of `field` are called."""
        return (*(g for g in self.groups if g != group), *self.parameters)

    def lengths(self, model: Model, rows: int) -> dict[str, int]:
        """Letter → length, from the axes of groups and parameters, all bound; `rows` is what a path
        is chosen for.
        """
        return {ROWS: rows} | {x.name: int(x.stop) for x in model.terms[self.term].letters}

    @property
    def sites(self) -> Letters:
        """Letters that no parameter has: its entries are shared over them."""
        bound = {x for p in self.parameter_letters for x in p}
        return tuple(dict.fromkeys(x for g in self.letters for x in g if x not in bound))


def tensor_of(form: TermForm, number: int) -> Tensor | None:
    """The term of this number as a tensor, if its form is one."""
    if form.form is not Form.TENSOR or form.array is None:
        return None
    a, b, c = (u.group for u in form.ordered)
    return Tensor((a, b, c), form.array, number, form.scale)


def contraction_of(form: TermForm, number: int) -> Contraction | None:
    """The term of this number as a contraction, if its form is one."""
    if not form.is_summed:
        return None
    pairs = list(zip(form.units, form.unit_letters, strict=True))
    return Contraction(
        tuple(u.group for u in form.units),
        tuple(letters_in(u.subscripts) if x is None else x for u, x in pairs),
        form.parameters,
        tuple(x for x in form.parameter_letters if x is not None),
        number,
        form.scale,
        tuple(u.subscripts if x is None else None for u, x in pairs),
        form.form is Form.CONVOLUTION,
    )

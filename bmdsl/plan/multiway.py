"""Terms that are summed without their couplings ever being written out: tensors of three groups,
and products of arrays over shared letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ..language.forms import Form, TermForm
from ..language.letters import letters_in
from ..language.model import Model, Subscript
from .contraction import ROWS, Letters, Path, best_path
from .planned_term import TermCost, UpdateSize

if TYPE_CHECKING:
    from .plan import Plan


@dataclass(frozen=True)
class Tensor:
    """A term of three units of different groups whose one parameter is [*axes of a, *axes of b,
    *axes of c]: used as it is, never copied.
    """

    groups: tuple[str, str, str]
    parameter: str
    term: int
    scale: float

    def how(self, plan: Plan, target: str) -> str:
        """How it gives the field of one of its groups."""
        if plan.selector is not None and target == plan.selector[0]:
            return f"all its states in one product, {', '.join(plan.selector[1])} summed out"
        one = [n for n in self.groups if n != target and plan.is_one_unit(n)]
        if one:
            return (
                f"slices of {self.parameter} that the states of {one[-1]} pick; all states in one"
                " product where they are summed out"
            )
        return f"one product with {self.parameter} unfolded"

    def text(self, plan: Plan, target: str) -> str:
        """How it reaches one of its groups."""
        return f"{_others(self.groups, target)}: {self.how(plan, target)}"

    def cost(self, plan: Plan, update: UpdateSize) -> TermCost:
        """A multiplication a triple and row."""
        return TermCost(2 * prod(plan.group(n).size for n in self.groups) * update.passes)

    def sweep_pairs(self, plan: Plan) -> int:
        """Entries of the slices that states pick."""
        return _slices(plan, self.groups)


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

    def text(self, plan: Plan, target: str) -> str:
        """How it reaches one of its groups."""
        if self.is_convolution:
            how = f"a convolution with {self.parameters[0]}: sites gathered, a few cases a product"
        else:
            how = (
                f"{', '.join(self.parameters)} and states, summed letter by letter in the cheapest"
                " order"
            )
        return f"{_others(self.groups, target)}: {how}"

    def cost(self, plan: Plan, update: UpdateSize) -> TermCost:
        """The products of the paths that give fields, one a step, and moments, one a phase."""
        lengths = self.lengths(plan.model, max(update.chains, update.batch))
        fields = [self.field(g, lengths) for g in self.groups if plan.group(g).role != "given"]
        moments = [self.moment(k, lengths) for k in range(len(self.parameters))]
        operations = sum(p.operations for p in fields) * update.steps
        operations += 2 * sum(p.operations for p in moments)
        if self.is_convolution:  # whose sites are gathered a few cases at a time
            return TermCost(operations)
        return TermCost(operations, between=max(p.numbers for p in (*fields, *moments)))

    def sweep_pairs(self, plan: Plan) -> int:
        """As many as a tensor of these groups whose states pick slices."""
        return _slices(plan, self.groups)

    @property
    def sites(self) -> Letters:
        """Letters that no parameter has: its entries are shared over them."""
        bound = {x for p in self.parameter_letters for x in p}
        return tuple(dict.fromkeys(x for g in self.letters for x in g if x not in bound))


def _others(groups: tuple[str, ...], target: str) -> str:
    return " × ".join(n for n in groups if n != target)


def _slices(plan: Plan, groups: tuple[str, ...]) -> int:
    sizes = [plan.group(n).size for n in groups]
    return sum(sizes[0] * n for n in sizes[1:])


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

"""Arrays of groups: states, means, fields and parameters of a plan, under the names and shapes that
ops take them by.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from ..language.model import Length
from ..plan.identifiers import identifier
from ..plan.plan import GroupPlan, Plan
from ..ranks.interface import share
from .collector import Collector
from .values import (
    BATCH,
    CHAINS,
    Array,
    Content,
    Life,
    Number,
    Part,
    Value,
    View,
    chain_rows,
    is_spread,
    length,
)


def product_of(lengths: Iterable[Length | str]) -> int | str:
    """The product of lengths; text while one of them has no value."""
    known = tuple(n for n in lengths if n != 1)
    if all(isinstance(n, int) for n in known):
        return prod(int(n) for n in known)
    return " ".join(str(n) for n in known)


def levels_of(g: GroupPlan) -> tuple[float, float] | None:
    """The two values that a group's units have as states, if these are −1 or 0, and 1."""
    if g.states is not None:
        return (0.0, 1.0)
    support = g.unit.support(*g.arguments)
    found = None if support is None else tuple(sorted(float(x) for x in support))
    return (found[0], 1.0) if found in ((0.0, 1.0), (-1.0, 1.0)) else None


class GroupArrays(Collector):
    """Collects the ops of one routine of a plan, and has the arrays of its groups and
    parameters.
    """

    def __init__(self, plan: Plan, name: str, summary: str) -> None:
        super().__init__(plan, name, summary)
        self.batch = 0
        """The most cases of a minibatch."""
        self.ranks: tuple[int, int] | None = None
        """Which rank's routine it is, and of how many; None if there is but one."""
        for p in plan.model.parameters:
            shape = self.matrix_shape(p.name)
            facts = {"source": ("parameter", p.name), "labels": self.matrix_labels(p.name)}
            self.params[p.name] = self.value(p.name, Content.PARAMETER, shape, Life.KEPT, **facts)

    def group(self, name: str) -> GroupPlan:
        """A group of the plan."""
        return self.plan.group(name)

    def size(self, name: str) -> int | str:
        """The columns of a group's states; text while a length has no value."""
        return product_of(self.group(name).axes)

    def matrix_shape(self, parameter: str) -> tuple[int | str, int | str]:
        """The matrix that a parameter is to ops: [size a, size b] of the groups that it couples
        directly, else one row.
        """
        direct = self.plan.direct_coupling(parameter)
        if direct is not None:
            return self.size(direct.a), self.size(direct.b)
        p = self.plan.model.parameter(parameter)
        if len(p.shape) > 1 and self._uses(parameter) <= {x.term for x in self.plan.multiway}:
            whole = next((t.groups for t in self.plan.tensors if t.parameter == parameter), None)
            first = 1 if whole is None else len(self.group(whole[0]).axes)
            return product_of(p.shape[:first]), product_of(p.shape[first:])
        square = p.symmetric and len(p.shape) == 2
        return (p.shape[0], p.shape[1]) if square else (1, product_of(p.shape))

    def matrix_labels(self, parameter: str) -> tuple[str, ...]:
        """The groups that the axes of a parameter's matrix run over, if it is a coupling of two and
        nothing else.
        """
        found = self.plan.direct_coupling(parameter)
        return (
            (found.a, found.b)
            if found is not None and self._uses(parameter) <= set(found.terms)
            else ()
        )

    def _uses(self, parameter: str) -> set[int]:
        """The terms that have a parameter."""
        terms = enumerate(self.plan.model.terms)
        return {n for n, t in terms for x in t.parameters if x.parameter == parameter}

    def row_label(self, rows: int | str) -> str:
        """What rows are: the minibatch's cases, or chains."""
        return BATCH if rows == BATCH else "chains"

    def levels(self, group: str, means: bool = False) -> tuple[float, float] | None:
        """The two values that a group's units have as states, if these are −1 or 0, and 1."""
        return None if means else levels_of(self.group(group))

    def state(
        self,
        group: str,
        name: str,
        rows: int | str,
        life: Life = Life.SCRATCH,
        means: bool = False,
        **facts: object,
    ) -> Value:
        """An array of a group's states, or of its means."""
        content = Content.MEANS if means else Content.STATES
        shape, labels = (rows, self.size(group)), (self.row_label(rows), group)
        levels = self.levels(group, means)
        return self.value(name, content, shape, life, levels=levels, labels=labels, **facts)

    def mean_of(self, group: str, rows: int | str, name: str) -> Value:
        """The scratch array for a group's means."""
        labels = (self.row_label(rows), group)
        return self.shared(name, Content.MEANS, (rows, self.size(group)), labels=labels)

    def eta_of(self, group: str, rows: int | str, name: str = "eta") -> Value:
        """The scratch array for a group's fields, [2, rows, size] of units with a field
        on x² too.
        """
        g = self.group(group)
        shape: tuple[int | str, ...] = (rows, self.size(group))
        what = "chains" if rows != BATCH else ""
        label = "_".join(x for x in (name, identifier(group), what) if x)
        labels = (self.row_label(rows), group)
        if g.square:
            return self.shared(label, Content.FIELD, (2, *shape), labels=("power", *labels))
        return self.shared(label, Content.FIELD, shape, labels=labels)

    def field_parts(self, group: str, eta: Value | Part) -> tuple[Array, ...]:
        """The field on x, and on x² if the type has that statistic."""
        return tuple(
            self.field_part(group, eta, p) for p in ((1, 2) if self.group(group).square else (1,))
        )

    def field_part(self, group: str, eta: Value | Part, power: int) -> Array:
        """The field on x^power."""
        if not self.group(group).square:
            return eta
        return (
            Part(eta.value, eta.rows, power - 1) if isinstance(eta, Part) else View(eta, power - 1)
        )

    def rows_of(self, x: Value) -> int | str:
        """How many rows an array of states has."""
        return x.shape[-2]

    def chain_axis(self, count: int, spread: bool = True) -> int | str:
        """The axis of `count` chains; if they are `spread`, a rank has its share of them."""
        if self.ranks is None or not spread:
            return count
        first, last = share(count, *self.ranks)
        return chain_rows(last - first, count)

    def first_row(self, rows: int | str) -> Number:
        """The number, among those of all ranks, of the first of these rows: draws are keyed by
        it.
        """
        words = str(rows).split()
        if self.ranks is None or not is_spread(rows):
            return Number("0")
        if words[0] == CHAINS:
            first, many = self.number(f"first_of_{words[3]}_chains", "i8"), int(words[5])
        else:
            first, many = self.number("first_case", "i8", per_update=True), length(rows, 1)
        return first if many == 1 else Number(f"{many} * {first}")

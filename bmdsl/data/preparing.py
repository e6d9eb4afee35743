"""Between data in their own units and a machine's units: transforms with what they learned from the
training cases, and back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from .. import units
from ..language.decoding import json_of
from ..language.diagnostics import BmError, fail
from ..language.model import Group
from ..language.model import Model as CheckedModel
from ..language.outside import STATISTICS
from ..plan.streams import of_cases, of_event
from .arrays import real
from .levels import TableCode
from .transform import Fitted, Options, gives_means, learns
from .transform import fit as fit_transforms
from .validate import as_one_hot, check_finite, check_values

Arrays = dict[str, np.ndarray]
COLUMNS = "columns"
"""Of a file's metadata: what the cells of a table's columns mean, as JSON."""
KEY = "transforms"
"""Of a file's metadata: group → [name, options] of its transforms, in order.

Files of before do not have it.
"""


@dataclass(frozen=True)
class Preparation:
    """What a machine's training did to its data: group → transforms with their statistics; None
    while these are not known.

    `fed`: data are hidden means of a layer below, taken as they are.
    """

    model: CheckedModel
    groups: Mapping[str, Fitted] | None
    fed: bool = False
    code: TableCode | None = None
    """What the cells of the training table mean; None where data were no table."""

    @classmethod
    def before(cls, model: CheckedModel) -> Preparation:
        """That of a machine that has seen no data: known if no transform learns from them."""
        steps = {n: steps_of(model, n) for n in transformed(model)}
        return cls(
            model,
            (
                None
                if any(learns([name for name, _ in own]) for own in steps.values())
                else {n: Fitted.of(own, {}) for n, own in steps.items()}
            ),
        )

    @classmethod
    def stored(
        cls, model: CheckedModel, metadata: Mapping[str, str], arrays: Mapping[str, np.ndarray]
    ) -> Preparation:
        """As `facts` and `arrays` of a machine's file have it; that of a machine without data where
        the file says nothing.
        """
        if KEY not in metadata:
            return cls.before(model)
        kept = {
            n.removeprefix(STATISTICS): x for n, x in arrays.items() if n.startswith(STATISTICS)
        }
        groups = {}
        for name, steps in json_of(metadata[KEY]).items():
            own = {
                n.removeprefix(f"{name}/"): x for n, x in kept.items() if n.startswith(f"{name}/")
            }
            groups[name] = Fitted.of([(word, options) for word, options in steps], own)
        code = TableCode.of_json(metadata[COLUMNS]) if COLUMNS in metadata else None
        return cls(model, groups, code=code)

    def facts(self) -> dict[str, str]:
        """For a file's metadata."""
        if self.groups is None:
            return {}
        return {
            **({} if self.code is None else {COLUMNS: self.code.to_json()}),
            KEY: json.dumps(
                {
                    n: [[s.name, dict(s.options)] for s in fitted.steps]
                    for n, fitted in self.groups.items()
                }
            ),
        }

    def arrays(self) -> Arrays:
        """Statistics by the names that they have beside the parameters."""
        return {
            f"{STATISTICS}{n}/{key}": x
            for n, fitted in (self.groups or {}).items()
            for key, x in fitted.arrays().items()
        }

    def known(self) -> Mapping[str, Fitted]:
        """Group → transforms. BM781 while they have learned nothing."""
        if self.groups is None:
            names = ", ".join(f"`{name}`" for name in learning(self.model))
            raise fail(
                "BM781",
                f"{names} of `{self.model.name}` has no statistics: the machine does not know the"
                " data that it was trained on",
                help=(
                    "train it first; a machine that was saved before has them after training again"
                ),
            )
        return self.groups

    def serves(self, model: CheckedModel) -> bool:
        """Whether it is of this model's transforms, so that parameters made with it stay right."""
        if self.groups is None or self.fed:
            return False
        return all(
            n in self.groups
            and [(s.name, dict(s.options)) for s in self.groups[n].steps] == steps_of(model, n)
            for n in transformed(model)
        )

    def prepare(self, data: Any) -> Any:
        """Data in their own units as the machine's units take them: an array for an array, group →
        array for the rest.
        """
        from .finding import find, flatten

        found = find(data, self.model, code=self.code)
        made = prepare(
            flatten(found.arrays, self.model),
            self.model,
            found.source,
            self.model.training.seed,
            kept=self,
        ).arrays
        return made if isinstance(data, Mapping) or len(made) > 1 else next(iter(made.values()))

    def restore(self, data: Any) -> Any:
        """The inverse of `prepare`; groups that no transform touches stay.

        BM780 where a transform has none.
        """
        known = self.known()
        if isinstance(data, Mapping):
            return {
                n: known[n].invert(real(x, f"`{n}`")) if n in known else x for n, x in data.items()
            }
        first = next(g.name for g in self.model.groups if g.role == "visible")
        return known[first].invert(real(data, f"`{first}`")) if first in known else data

    def outward(self, name: str, values: np.ndarray) -> np.ndarray:
        """A group's values in the data's own units, if its transforms can be undone; else as they
        are.
        """
        return (
            self.groups[name].invert(values)
            if self._undoes(name) and self.groups is not None
            else values
        )

    def inward(self, name: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """A group's values from the units that `outward` gives them."""
        if not self._undoes(name) or self.groups is None or values.size == 0:
            return values
        cases = values.reshape(-1, *shape)
        return (
            self.groups[name]
            .apply(cases, of_cases("INWARD", self.model.training.seed))
            .reshape(values.shape)
        )

    def _undoes(self, name: str) -> bool:
        return (
            self.groups is not None
            and name in self.groups
            and bool(self.groups[name].steps)
            and not self.groups[name].without_inverse()
        )


def steps_of(model: CheckedModel, group: str) -> list[tuple[str, Options]]:
    """The transforms of a group with their options, in order: its own, or those of all groups."""
    own = dict(model.training.transform_of).get(group, model.training.transform)
    return [(c.name, dict(c.options)) for c in own]


def learning(model: CheckedModel) -> list[str]:
    """Transforms of any group that take statistics from the training cases."""
    steps = [name for n in transformed(model) for name, _ in steps_of(model, n)]
    return [name for name in dict.fromkeys(steps) if learns([name])]


def transformed(model: CheckedModel) -> tuple[str, ...]:
    """Groups that transforms are for: visible ones, but no label, which is no measurement; given
    ones that have transforms of their own.
    """
    own = dict(model.training.transform_of)
    return tuple(
        g.name
        for g in model.groups
        if g.states is None and (g.role == "visible" or (g.role == "given" and g.name in own))
    )


class Prepared(NamedTuple):
    """Data that a machine takes, and what was done to them."""

    arrays: Arrays
    preparation: Preparation


def prepare(
    arrays: Arrays,
    model: CheckedModel,
    source: str,
    seed: int,
    allow_missing: bool = True,
    kept: Preparation | None = None,
    weights: np.ndarray | None = None,
    code: TableCode | None = None,
    block: int = 0,
    rows: np.ndarray | None = None,
) -> Prepared:
    """Transformed and checked data of every visible and given group; BmError names file, row and
    column of what is wrong.

    Transforms learn from these cases, weighed by `weights`, unless `kept` has what they learned
    from others. Of a stream these are the cases of a `block`, whose `rows` have these numbers.
    """
    generator = of_event("TRANSFORM", seed, block)
    known = None if kept is None else kept.known()
    out: Arrays = {}
    learned: dict[str, Fitted] = {}
    for group in model.groups:
        if group.role == "hidden":
            continue
        if group.name not in arrays:
            raise fail("BM872", f"no data for `{group.name}`", group.span)
        values = arrays[group.name]
        steps = steps_of(model, group.name)
        fed = kept is not None and kept.fed
        means = fed or gives_means([name for name, _ in steps])
        if group.name in transformed(model):
            if steps:
                check_finite(
                    values, group.name, source, rows
                )  # a transform might take an infinite value for a missing one
            if known is None:
                learned[group.name], values = fit_transforms(values, steps, generator, weights)
            elif group.name in known:
                learned[group.name] = known[group.name]
                values = known[group.name].apply(values, generator)
        missing = allow_missing and group.role == "visible"
        try:
            out[group.name] = _checked(
                values, group, source, missing, means and group.role == "visible", rows
            )
        except BmError as error:
            if values is arrays[group.name]:
                raise
            raise _of_transform(error, group, model, arrays[group.name], source, missing) from None
    made = Preparation(model, learned) if kept is None else kept
    return Prepared(out, made if code is None else replace(made, code=code))


def ready_values(
    arrays: Arrays, model: CheckedModel, preparation: Preparation, block: int
) -> Arrays:
    """Data of a `block` that were checked before, as `prepare` gives them."""
    known = {n: fitted for n, fitted in preparation.known().items() if fitted.steps}
    generator = of_event("TRANSFORM", model.training.seed, block) if known else None
    out: Arrays = {}
    for group in model.groups:
        if group.role != "hidden":
            values = arrays[group.name]
            if group.name in known and generator is not None:
                values = known[group.name].apply(values, generator)
            out[group.name] = _states(values, group, "data")
    return out


def _of_transform(
    error: BmError,
    group: Group,
    model: CheckedModel,
    before: np.ndarray,
    source: str,
    allow_missing: bool,
) -> BmError:
    """The error of transformed data; BM797 where they were states of their units before."""
    try:
        _checked(before, group, source, allow_missing, means=False)
    except BmError:
        return error
    names = ", ".join(name for name, _ in steps_of(model, group.name))
    others = [
        g.name
        for g in model.groups
        if g.role == "visible" and g.states is None and g.name != group.name
    ]
    own = dict(model.training.transform_of).get(group.name)
    way = "leave `transform` out: the data are states of their units already"
    if others and own is None:
        way = (
            f"`transform({', '.join(others)}) {names}` is for these groups alone, or"
            f" `transform({group.name}) none` beside it"
        )
    return fail(
        "BM797",
        f"`transform {names}` takes the data for `{group.name}` out of the domain of {group.unit}"
        " units",
        (own or model.training.transform)[0].span,
        help=way,
        note=error.diagnostics[0].message,
    )


def _states(
    values: np.ndarray, group: Group, source: str, rows: np.ndarray | None = None
) -> np.ndarray:
    """The values; state numbers of one-of-K units as one-hot rows."""
    shape = tuple(int(n) for n in group.axes)
    if units.get(group.unit).states is not None and values.shape[1:] == shape[:-1]:
        return as_one_hot(values, shape[-1], group.name, source, rows)
    return values


def _checked(
    values: np.ndarray,
    group: Group,
    source: str,
    allow_missing: bool,
    means: bool,
    rows: np.ndarray | None = None,
) -> np.ndarray:
    """The values, states of their units, or `means`: between a unit's lowest state and
    its highest.
    """
    unit = units.get(group.unit)
    shape = tuple(int(n) for n in group.axes)
    values = _states(values, group, source, rows)
    arguments = tuple(float(v) for _, v in group.options)
    support = None if unit.states is not None else unit.support(*arguments)
    if means and support is not None:
        low, high = float(np.min(support)), float(np.max(support))
        check_values(
            values,
            shape,
            lambda x: (x >= low) & (x <= high),
            f"[{low:g}, {high:g}] of means",
            group.name,
            source,
            allow_missing,
            rows,
        )
    else:
        domain = unit.domain
        for option, value in group.options:
            domain = re.sub(rf"\b{option}\b", f"{value:g}", domain)
        check_values(
            values,
            shape,
            lambda x: unit.contains(x, *arguments),
            domain,
            group.name,
            source,
            allow_missing,
            rows,
        )
    return values

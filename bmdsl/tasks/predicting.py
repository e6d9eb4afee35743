"""One column predicted from the others: P(column | the rest of the row) of every row, and how good
that is where the data have the column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.dates import date_text
from ..data.levels import TableCode
from ..data.number_forms import PLAIN, NumberForm
from ..data.selecting import absent
from ..data.table import number_text
from ..data.tabulating import DIGITS
from ..inference.unit_posterior import state_numbers, unit_posterior, unit_states, with_unit
from ..language.diagnostics import counted, fail

if TYPE_CHECKING:
    from ..inference.machine import Machine

Array = np.ndarray
MIN_PROBABILITY = 1e-15
"""Below it a probability counts as this much in a log loss, so that one row is not infinite."""
SHARES, MEAN = "of the column's own shares", "of its mean alone"


class Target(NamedTuple):
    """The unit that a column is, with the names of its states; none of a number."""

    column: str
    group: str
    unit: int
    states: tuple[str, ...]
    names: tuple[str, ...] = ()
    """The table's columns that hold it: one, or one for every state."""
    date: str = ""
    """How the table writes it, of a column of dates."""
    form: NumberForm = PLAIN
    """How it writes numbers."""


@dataclass(frozen=True)
class Predicted:
    """What follows for the target from the rest of every case."""

    target: Target
    values: Array
    """[cases]: the number of the likeliest state, or the mean in the data's own units."""
    truth: Array
    """[cases]: the same of the data, NaN where the cell is empty."""
    probabilities: Array | None
    """[cases, states]; None of a number."""
    bounded: Array
    """[cases]: where probabilities come of mean field's bounds."""

    def columns(self) -> dict[str, Any]:
        """Columns by name: what the data say, where they do, the prediction, and its
        probabilities.
        """
        name, made = self.target.column, dict[str, Any]()
        if not np.isnan(self.truth).all():
            made[name] = self._shown(self.truth)
        made[f"predicted_{name}"] = self._shown(self.values)
        if self.probabilities is not None:
            for state, p in zip(self.target.states, self.probabilities.T, strict=True):
                made[f"P({name}={state})"] = p
        if self.bounded.any():
            made["is_bound"] = self.bounded.astype(float)
        return made

    def _shown(self, values: Array) -> Any:
        if self.target.date:
            return [date_text(float(x), self.target.date) or None for x in values]
        if self.target.form.clock:
            written = self.target.form.written
            return [None if np.isnan(x) else written(repr(float(x))) for x in values]
        if not self.target.states:
            return np.array([float(f"{x:.{DIGITS}g}") for x in values])
        return [None if np.isnan(x) else self.target.states[int(x)] for x in values]

    def scored(self, weights: Array | None = None) -> Scores:
        """How good it is over the cases of which the data have the column."""
        there = ~(np.isnan(self.truth) | np.isnan(self.values))
        count = int(there.sum())
        if not count:
            return Scores(0, {})
        w = np.ones(count) if weights is None else weights[there]
        truth, values = self.truth[there], self.values[there]
        if self.probabilities is None:
            error = np.average((values - truth) ** 2, weights=w) ** 0.5
            mean = np.average(truth, weights=w)
            alone = np.average((truth - mean) ** 2, weights=w) ** 0.5
            return Scores(count, {"error": float(error), "error_of_mean": float(alone)})
        known = truth.astype(int)
        shares = np.bincount(known, w, len(self.target.states)) / w.sum()
        own = self.probabilities[there][np.arange(count), known]
        return Scores(
            count,
            {
                "accuracy": float(np.average(values == truth, weights=w)),
                "accuracy_of_commonest": float(shares.max()),
                "log_loss": float(-np.average(np.log(np.maximum(own, MIN_PROBABILITY)), weights=w)),
                "log_loss_of_shares": float(-(shares[shares > 0] @ np.log(shares[shares > 0]))),
            },
        )

    def notes(self) -> list[str]:
        """How the probabilities were found."""
        name = self.target.column
        if self.probabilities is None:
            of = "days" if self.target.date else "hours" if self.target.form.clock else ""
            errors = f", and its error in {of}" if of else ""
            return [f"`{name}` is the mean over Gibbs sweeps given the rest of the row{errors}"]
        if self.bounded.any():
            return [
                f"P({name} | the rest) of {counted(int(self.bounded.sum()), 'row')} is of mean"
                " field's bounds: exact sums have too many states"
            ]
        return [f"P({name} | the rest of the row), exactly"]


NAMES = {
    "accuracy": ("accuracy", "{:.2f} %", 100),
    "accuracy_of_commonest": ("  of its commonest state alone", "{:.2f} %", 100),
    "log_loss": ("log loss", "{:.4f} nats", 1),
    "log_loss_of_shares": (f"  {SHARES}", "{:.4f} nats", 1),
    "error": ("root mean square error", "{:.5g}", 1),
    "error_of_mean": (f"  {MEAN}", "{:.5g}", 1),
}
"""Figure → its name in a table, how it is shown, and times what."""


class Scores(NamedTuple):
    """Figures by name over so many cases: accuracy and log loss in nats, beside those of the
    column's own shares; of a number the root mean square error.
    """

    cases: int
    figures: Mapping[str, float]

    def shown(self) -> dict[str, str]:
        """Name → value, for a table."""
        return {
            "rows with the column": f"{self.cases:,}",
            **{NAMES[n][0]: NAMES[n][1].format(NAMES[n][2] * x) for n, x in self.figures.items()},
        }


def find_target(machine: Machine, code: TableCode | None, column: str) -> Target:
    """The unit that a column of the training table is, or a group of a single unit by its name.

    Raises BM740 for a name that is neither, BM990 for a column that the model is given.
    """
    given = {c.column for n in machine.given if code and n in code.groups for c in code.groups[n]}
    if column in given or column in machine.given:
        raise fail(
            "BM990",
            f"`{column}` is given to the model: it has no probability",
            help="make its group `visible` and train again",
        )
    known: dict[str, Target] = {}
    for name in machine.visible:
        known |= _columns(machine, code, name)
        if _units(machine, name) == 1:
            known.setdefault(name, Target(name, name, 0, _states(machine, name)))
    if column not in known:
        raise absent(column, list(known), f"model `{machine.model.name}`")
    return known[column]


def _columns(machine: Machine, code: TableCode | None, name: str) -> dict[str, Target]:
    """Columns of a visible group, each with its unit."""
    if code is None or name not in code.groups:
        return {}
    coded, k, states = code.groups[name], code.one_hot(name), _states(machine, name)
    if k:
        columns = [c.column for c in coded]
        units = [tuple(columns[i : i + k]) for i in range(0, len(columns), k)]
        single = {name: Target(name, name, 0, units[0], units[0])} if len(units) == 1 else {}
        return single | {
            c: Target(c, name, i, own, own) for i, own in enumerate(units) for c in own
        }
    support = unit_states(machine, name)
    made = {}
    for i, c in enumerate(coded):
        own = states
        if support is not None and c.levels:
            at = range(len(support)) if support.shape[1] > 1 else support[:, 0]
            levels = dict(zip(c.values, c.levels, strict=True))
            own = tuple(levels.get(float(x), number_text(float(x))) for x in at)
        made[c.column] = Target(c.column, name, i, own, (c.column,), c.date, c.form)
    return made


def _states(machine: Machine, name: str) -> tuple[str, ...]:
    support = unit_states(machine, name)
    if support is None:
        return ()
    values = range(len(support)) if support.shape[1] > 1 else support[:, 0]
    return tuple(number_text(float(x)) for x in values)


def _units(machine: Machine, name: str) -> int:
    return machine.program.sizes[name] // machine.program.states[name]


def predict(
    machine: Machine, data: Mapping[str, Array], target: Target, steps: int = 200
) -> Predicted:
    """The target of every prepared case, from all else that the case has; numbers by their means
    over the second half of `steps` sweeps.
    """
    name, unit = target.group, target.unit
    states = unit_states(machine, name)
    if states is not None:
        found = unit_posterior(machine, data, name, unit)
        p = found.probabilities
        best = np.where(np.isnan(p).any(1), np.nan, np.nan_to_num(p).argmax(1))
        truth = state_numbers(data, name, unit, states)
        return Predicted(target, best, truth, p, found.bounded)
    hidden = with_unit(data, name, unit, np.nan)
    filled = machine.impute(hidden, None, steps)
    groups = filled if isinstance(filled, dict) else {machine.visible[0]: filled}
    own, known = (
        machine.preparation.outward(name, np.asarray(x)).reshape(len(x), -1)[:, unit]
        for x in (groups[name], data[name])
    )
    return Predicted(target, own, known, None, np.zeros(len(own), bool))

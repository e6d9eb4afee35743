"""What stands for an expectation as values: the rows of a phase, and the arrays of a gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .values import Number, Value


@dataclass(frozen=True)
class ByState:
    """E[z_k x] and E[z_k x²] of groups whose means depend on the state of the one-of-K unit z.

    Rows are cases, columns [state, unit]. A phase's rows hold r_k = E[z_k] and E[x] = Σ_k E[z_k x].
    """

    unit: str
    means: Mapping[str, Value]
    squares: Mapping[str, Value]

    def value(self, group: str, power: int) -> Value:
        """E[z_k x^power]."""
        return (self.means if power == 1 else self.squares)[group]


@dataclass(frozen=True)
class Phase:
    """Weighted rows that stand for an expectation, as values: ⟨f⟩ = Σ_n weights_n f(rows_n).

    `weights` None: all rows weigh the same, `share` each.
    """

    rows: Mapping[str, Value]
    """Group → its states or means; parts of these inside an iteration."""
    share: Number
    weights: Value | None = None
    squares: Mapping[str, Value] = field(default_factory=dict)
    fields: Mapping[str, Value] = field(default_factory=dict)
    """Fields that means came from: a draw from the same conditional costs no second product."""
    drawn: tuple[str, ...] = ()
    """Hidden groups whose rows are draws, given which `fields` were made."""
    by_state: ByState | None = None
    """What an exact posterior by the states of a one-of-K unit knows beyond means."""
    turned: Turned | None = None


@dataclass(frozen=True)
class Turned:
    """The rows of several groups, side by side, one column of numbers a row: [columns, rows]."""

    columns: Value
    rows: Mapping[str, Value]
    """Group → the rows that its columns were made of."""


@dataclass(frozen=True)
class Gradient:
    """Parameter name → the array that its gradient is added up in."""

    of: Mapping[str, Value]

    def __getitem__(self, name: str) -> Value:
        return self.of[name]

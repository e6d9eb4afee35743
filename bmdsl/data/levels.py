"""Cells of columns as values of units: yes and no as 1 and 0, categories by number, numbers as they
are; and back, with the names kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field

import numpy as np

from ..language.decoding import json_of
from .dates import date_text
from .marks import Marks
from .number_forms import PLAIN, NumberForm

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Coded:
    """One column of a group. `levels` are the texts that stand for `values`; none where cells are
    numbers that are taken as they are.
    """

    column: str
    levels: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    whole: bool = False
    """Whether all training cells were whole numbers."""
    decimals: int | None = None
    """Digits after the point that training cells had at most; None where that is not known."""
    date: str = ""
    """How the training table wrote dates, where cells are dates; values are days since 1970."""
    form: NumberForm = PLAIN
    """How it wrote numbers: with decimal commas, or in `kg`."""

    def text(self, value: float) -> str:
        """The name of the level nearest to a value, or the date; empty for NaN and where there are
        neither. A level that is a number is written as the table writes numbers.
        """
        if self.date:
            return date_text(value, self.date)
        if not self.levels or np.isnan(value):
            return ""
        level = self.levels[int(np.argmin(np.abs(np.array(self.values) - value)))]
        return self.form.written(level)


@dataclass(frozen=True)
class TableCode:
    """How a table's columns became the groups of a model, learned from the training table and kept
    with the run.
    """

    groups: Mapping[str, tuple[Coded, ...]]
    ids: tuple[str, ...] = ()
    missing: Marks = Marks()
    states: Mapping[str, int] = field(default_factory=dict)
    """One-of-K group → K."""
    may_lack: frozenset[str] = frozenset()
    """Columns that are to be predicted: in a table without them all their cells are missing."""
    order: tuple[str, ...] = ()
    """The training table's columns as they stood; empty in files of before."""

    def to_json(self) -> str:
        """For a file's metadata."""
        groups = {
            n: [
                [
                    c.column,
                    list(c.levels),
                    list(c.values),
                    c.whole,
                    c.decimals,
                    c.date,
                    astuple(c.form),
                ]
                for c in coded
            ]
            for n, coded in self.groups.items()
        }
        made = {"groups": groups, "ids": self.ids, "missing": self.missing.common}
        made["missing_of"] = dict(self.missing.own)
        return json.dumps({**made, "states": dict(self.states), "order": self.order})

    @classmethod
    def of_json(cls, text: str) -> TableCode:
        """As `to_json` wrote it."""
        made = json_of(text)
        groups = {
            n: tuple(
                Coded(c, tuple(a), tuple(b), bool(w), *d[:2], *(NumberForm(*f) for f in d[2:]))
                for c, a, b, w, *d in coded
            )
            for n, coded in made["groups"].items()
        }
        order = tuple(made.get("order", ()))
        own = {n: tuple(x) for n, x in made.get("missing_of", {}).items()}
        marks = Marks(tuple(made["missing"]), own)
        return cls(groups, tuple(made["ids"]), marks, made["states"], order=order)

    def one_hot(self, group: str) -> int:
        """States of a one-of-K group of which every state is a column; 0 where columns hold
        the states' numbers.
        """
        coded = self.groups[group]
        k = self.states.get(group, 0)
        return k if k and len(coded) % k == 0 and not coded[0].levels else 0

    def unit_names(self, group: str) -> list[str]:
        """A name for every number of a case: `age`, `smokes`, `satisfaction=4`."""
        k = self.states.get(group, 0)
        if not k or self.one_hot(group):
            return [c.column for c in self.groups[group]]
        return [
            f"{c.column}={c.levels[j] if j < len(c.levels) else j}"
            for c in self.groups[group]
            for j in range(k)
        ]

    def columns(self, group: str, values: np.ndarray) -> Iterator[tuple[Coded, np.ndarray]]:
        """Values of a group [cases, ...] by column, one number a case: of one-of-K units the number
        of the likeliest state.
        """
        flat = values.reshape(len(values), -1)
        k = self.states.get(group, 0)
        if k and self.one_hot(group):
            blocks = flat.reshape(len(flat), -1, k)
            best = np.where(np.isnan(blocks), -np.inf, blocks).argmax(2)
            flat = (np.arange(k) == best[..., None]).astype(float).reshape(len(flat), -1)
        elif k:
            blocks = flat.reshape(len(flat), -1, k)
            best = np.where(np.isnan(blocks), -np.inf, blocks).argmax(2).astype(float)
            flat = np.where(np.isnan(blocks).all(2), np.nan, best)
        yield from zip(self.groups[group], flat.T, strict=True)

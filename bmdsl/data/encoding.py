"""From a table to arrays by group: what the cells of every column mean is learned from the training
table, and used for others as it was learned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from .. import units
from ..language.diagnostics import counted, fail
from ..language.model import Group
from ..language.model import Model as CheckedModel
from .column_kinds import kind_of
from .column_notices import notice, tell_of_code, tell_of_dates, tell_of_forms, tell_of_marks
from .date_columns import date_values, dates_for_numbers, learn_dates
from .delimited import TWO_VALUED
from .levels import Arrays, Coded, TableCode
from .marks import Marks
from .selecting import absent, select
from .table import Column, Table, number_text
from .transform import takes_dates

MAX_SHOWN = 8
LACKING = "a column of empty cells stands for values that are not known"


def learn(table: Table, model: CheckedModel) -> TableCode:
    """What the columns that the model's data block names mean.

    Notices tell of columns that another unit type would serve better. Raises BM743 for more or
    fewer columns than the group has units, BM744 for text where numbers are needed, BM745 for more
    categories than states.
    """
    assert model.table is not None
    chosen = select(model.table, table.names, table.source)
    marks = chosen.marks
    groups: dict[str, tuple[Coded, ...]] = {}
    states: dict[str, int] = {}
    own = dict(model.training.transform_of)
    for name, columns in chosen.groups.items():
        group = model.group(name)
        found = [table[c] for c in columns]
        _verify_count(found, group, table, marks)
        if units.get(group.unit).states is not None:
            groups[name], states[name] = _categories(found, group, table, marks)
            for c in found:
                tell_of_dates(c, group, table, marks)
        else:
            steps = [s.name for s in own.get(name, model.training.transform)]
            if takes_dates(steps):
                groups[name] = tuple(learn_dates(c, table, marks) for c in found)
                continue
            groups[name] = tuple(_coded(c, group, table, marks, bool(steps)) for c in found)
            for c in found:
                notice(c, kind_of(c, marks), group, table, marks, bool(steps))
        tell_of_code(groups[name], group, table)
    every = [table[c] for cs in chosen.groups.values() for c in cs]
    tell_of_forms(every, table, marks)
    tell_of_marks(every, table, marks)
    return TableCode(groups, chosen.ids, marks, states, order=table.names)


def encode(table: Table, code: TableCode, model: CheckedModel) -> Arrays:
    """float64 arrays by group: [cases] of a group of one unit, else [cases, columns].

    One-of-K groups are state numbers, or one-hot where the columns are.

    Raises BM740 for a column that is not there, BM745 for a text that training did not have.
    """
    out = {}
    for group, coded in code.groups.items():
        parts = [_values(_column(table, c.column, code), c, table, code.missing) for c in coded]
        if model.group(group).role == "given":
            _verify_known(parts, coded, model.group(group), table)
        single = len(parts) == 1 and not model.group(group).shape
        out[group] = parts[0] if single else np.stack(parts, 1)
    return out


def _verify_known(
    parts: Sequence[np.ndarray], coded: Sequence[Coded], group: Group, table: Table
) -> None:
    """BM713 at the first missing cell of a given group."""
    for x, c in zip(parts, coded, strict=True):
        if np.isnan(x).any():
            row = int(np.argmax(np.isnan(x)))
            raise fail(
                "BM713",
                f"column `{c.column}` of {table.source} has no value in {table.place(row)}, but"
                f" `{group.name}` is given: always known",
                group.span,
                help="fill the cell in, leave the row out, or make the group visible",
            )


def _column(table: Table, name: str, code: TableCode) -> Column:
    if name not in table.names and name in code.may_lack:
        return Column(name, texts=(None,) * len(table))
    if name not in table.names:
        raise absent(name, table.names, table.source, way_out=LACKING)
    return table[name]


def _values(column: Column, coded: Coded, table: Table, marks: Marks) -> np.ndarray:
    gone = column.missing(marks)
    if coded.date:
        return date_values(column, coded, table, marks)
    if not coded.levels:
        numbers = column.as_numbers(marks)
        if numbers is None:
            raise _text_for_numbers(column, table, marks)
        return numbers
    known = dict(zip(coded.levels, coded.values, strict=True))
    out = np.full(len(gone), np.nan)
    for k, text in enumerate(_plain(column, marks)):
        if gone[k]:
            continue
        if text not in known:
            lower = {n.lower(): v for n, v in known.items()}
            if text.lower() in lower and len(lower) == len(known):
                out[k] = lower[text.lower()]
                continue
            raise fail(
                "BM745",
                f"`{text}` in {table.place(k)}, column `{column.name}` of {table.source}, is none"
                f" of the values that it was learned with: {_listed(coded.levels)}",
                help="correct the cell, or leave it empty: an empty cell is missing",
            )
        out[k] = known[text]
    return out


def _plain(column: Column, marks: Marks) -> list[str]:
    """Cells as levels are named: numbers in one way, `1.0` and `1` alike, where all that are no
    marks are numbers.
    """
    texts = column.texts is not None and not column.categories
    numbers = column.as_numbers(marks) if texts else None
    if numbers is None:
        return [x.strip() for x in column.shown]
    return ["" if np.isnan(x) else number_text(x) for x in numbers]


def _levels(column: Column, marks: Marks) -> tuple[str, ...]:
    """The texts of a column, each once, in its own order, that of numbers, or the alphabet's; no
    before yes.
    """
    if column.categories:
        return column.categories
    gone, cells = column.missing(marks), _plain(column, marks)
    seen = Counter(x for x, no in zip(cells, gone, strict=True) if not no)
    numbers = column.as_numbers(marks)
    if numbers is not None:
        return tuple(number_text(x) for x in np.unique(numbers[~np.isnan(numbers)]))
    if all(x.lower() in TWO_VALUED for x in seen):
        return tuple(sorted(seen, key=lambda x: (TWO_VALUED[x.lower()], -seen[x], x)))
    return tuple(sorted(seen))


def _coded(column: Column, group: Group, table: Table, marks: Marks, transformed: bool) -> Coded:
    """A column of a group whose units are numbers."""
    numbers = column.as_numbers(marks)
    there = None if numbers is None else numbers[~np.isnan(numbers)]
    whole = there is not None and bool((there == np.round(there)).all())
    support = units.get(group.unit).support(*(float(v) for _, v in group.options))
    plain = Coded(column.name, (), (), whole, column.decimals(marks), form=column.form)
    if there is not None and not column.categories:
        if support is None or transformed or np.isin(there, support).all():
            return plain
        if not whole:
            raise _outside(column, numbers, support, group, table)
        values = np.unique(there)
        if len(support) == 2 and len(values) == 2:
            return replace(
                plain, levels=tuple(map(number_text, values)), values=tuple(support), decimals=None
            )
        if len(support) > 2 and values[-1] - values[0] < len(support):
            names = [number_text(values[0] + k) for k in range(len(support))]
            return replace(plain, levels=tuple(names), values=tuple(support), decimals=None)
        raise _outside(column, numbers, support, group, table)
    levels = _levels(column, marks)
    if support is None:
        raise _text_for_numbers(column, table, marks)
    if len(support) == 2 and not column.categories and all(x.lower() in TWO_VALUED for x in levels):
        return Coded(
            column.name, levels, tuple(float(support[TWO_VALUED[x.lower()]]) for x in levels)
        )
    if len(levels) > len(support) or (len(support) > 2 and not column.categories):
        what = (
            f"has {len(levels)} categories, {_listed(levels)}"
            if len(levels) > len(support)
            else f"has categories whose order is not known, {_listed(levels)}"
        )
        raise fail(
            "BM745",
            f"column `{column.name}` of {table.source} {what}, for {group.unit} units of"
            f" {len(support)} states",
            group.span,
            help=f"a group of its own: `visible {column.name} : categorical({len(levels)})`",
        )
    return Coded(column.name, levels, tuple(float(x) for x in support[: len(levels)]))


def _categories(
    columns: Sequence[Column], group: Group, table: Table, marks: Marks
) -> tuple[tuple[Coded, ...], int]:
    """Columns of a one-of-K group, and K: the declared one, or the most categories that a column
    has.
    """
    declared = group.states if isinstance(group.states, int) else None
    if k := _one_hot_states(columns, group, marks):
        return tuple(Coded(c.name) for c in columns), k
    levels = [_scale(_levels(c, marks), declared) for c in columns]
    longest = max(levels, key=len)
    shared = [longest if set(own) <= set(longest) else own for own in levels]
    for c, own in zip(columns, shared, strict=True):
        if declared is not None and len(own) > declared:
            raise fail(
                "BM745",
                f"column `{c.name}` of {table.source} has {len(own)} categories, {_listed(own)},"
                f" for units of {declared} states",
                group.span,
                help=f"`categorical({len(own)})`, or correct the cells",
            )
    made = [
        Coded(c.name, own, tuple(map(float, range(len(own)))), form=c.form)
        for c, own in zip(columns, shared, strict=True)
    ]
    return tuple(made), declared or len(longest)


def _scale(levels: tuple[str, ...], declared: int | None) -> tuple[str, ...]:
    """Levels of whole numbers with the gaps between them filled, from 0 or 1 on."""
    if not levels or not all(x.isdigit() for x in levels):
        return levels
    low, high = int(levels[0]), int(levels[-1])
    if declared is not None:
        if high < declared:
            return tuple(map(str, range(declared)))
        return tuple(map(str, range(1, declared + 1))) if low and high <= declared else levels
    if low in (0, 1) and high - low < 2 * len(levels):
        return tuple(map(str, range(low, high + 1)))
    return levels


def _one_hot_states(columns: Sequence[Column], group: Group, marks: Marks) -> int:
    """K where the columns are one-hot, a column a state; else 0."""
    fixed = [n for n in group.shape if isinstance(n, int)]
    count = prod(fixed) if len(fixed) == len(group.shape) else None
    k = group.states if isinstance(group.states, int) else None
    if k is None and count:
        k = len(columns) // count
    if k is None or k < 2 or len(columns) % k or (count and len(columns) != count * k):
        return 0
    found = [c.as_numbers(marks) for c in columns]
    if any(x is None for x in found):
        return 0
    blocks = np.stack([x for x in found if x is not None], 1).reshape(len(columns[0]), -1, k)
    seen = blocks[~np.isnan(blocks).any(2)]
    return k if np.isin(seen, (0, 1)).all() and (seen.sum(1) == 1).all() else 0


def _verify_count(columns: Sequence[Column], group: Group, table: Table, marks: Marks) -> None:
    if not all(isinstance(n, int) for n in group.shape):
        return
    size = prod(int(n) for n in group.shape)
    per_unit = len(columns) == size or (
        group.states is not None and _one_hot_states(columns, group, marks)
    )
    vector = units.get(group.unit).components
    if per_unit or (vector and len(columns) == size * int(vector)):
        return
    raise fail(
        "BM743",
        f"`{group}` has {counted(size, 'unit')}, but the data block gives it"
        f" {counted(len(columns), 'column')} of {table.source}",
        group.span,
        help=(
            f"`visible {group.name}[{len(columns)}] : {group.unit}`, or a length without a value,"
            f" as `model NAME(D)` and `{group.name}[D]`, which is taken from the data"
        ),
    )


def _outside(
    column: Column, numbers: np.ndarray | None, support: np.ndarray, group: Group, table: Table
) -> Exception:
    """BM715: a number that no unit of the group can be."""
    assert numbers is not None
    wrong = ~np.isnan(numbers) & ~np.isin(numbers, support)
    row = int(np.argmax(wrong))
    states = _listed([number_text(float(x)) for x in support])
    return fail(
        "BM715",
        f"column `{column.name}` of {table.source} holds {number_text(float(numbers[row]))} in"
        f" {table.place(row)}, but {group.unit} units are {states}",
        group.span,
        help=(
            f"a group of its own, `visible {column.name} : gaussian` or `categorical`; a mark of"
            f' missing cells, `missing = "{number_text(float(numbers[row]))}"`; or'
            f" `transform({group.name}) binarize` in the train block"
        ),
    )


def _text_for_numbers(column: Column, table: Table, marks: Marks) -> Exception:
    gone = column.missing(marks)
    kind = kind_of(column, marks)
    row = next(
        (
            k
            for k, x in enumerate(column.shown)
            if not gone[k] and Column("", (x,), form=column.form).as_numbers(marks) is None
        ),
        0,
    )
    help = f"leave the column out, or carry it through: `id = {column.name}`"
    if (dated := dates_for_numbers(column, table, marks)) is not None:
        return dated
    if kind.unit == "binary":
        help = (
            f"a group of its own: `visible {column.name} : binary`, or a column of a binary group"
        )
    elif kind.unit == "categorical":
        help = f"a group of its own: `visible {column.name} : categorical({len(kind.levels)})`"
    elif kind.name == "text":
        help += '; a text that marks a missing cell: `missing = "unknown"`'
    return fail(
        "BM744",
        f"column `{column.name}` of {table.source} holds text where numbers are needed:"
        f" `{column.shown[row]:.40}` in {table.place(row)}",
        help=help,
    )


def _listed(levels: Sequence[str]) -> str:
    shown = ", ".join(f"`{x}`" for x in levels[:MAX_SHOWN])
    return shown + (f" and {len(levels) - MAX_SHOWN} more" if len(levels) > MAX_SHOWN else "")

"""Which columns of a table a data block means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from ..language.diagnostics import counted, fail, near
from ..language.model import ColumnRange, TableColumns
from .marks import Marks


class Selected(NamedTuple):
    """Names of columns: of every group, and those that are carried through; marks of missing
    cells.
    """

    groups: Mapping[str, tuple[str, ...]]
    ids: tuple[str, ...]
    marks: Marks = Marks()


def select(declared: TableColumns, names: Sequence[str], source: str) -> Selected:
    """The columns of a table with these names.

    A pattern takes what no name and no range takes, of the table's order; of several patterns, the
    first that fits. Raises BM740 for a column that is not there, BM741 for a range that runs
    backwards or a pattern that fits nothing, BM742 for a column of two groups.
    """
    entries = [*declared.groups, ("id", declared.ids)]
    plain: dict[int, tuple[str, ...]] = {}
    taken: dict[str, str] = {}
    places = [(k, owner, _plain(c, names)) for k, (owner, c) in enumerate(_each(entries))]
    for k, owner, c in places:
        if c.pattern:
            continue
        plain[k] = _between(c, names, source)
        for name in plain[k]:
            if name in taken:
                both = (
                    f"`{taken[name]}` and `{owner}`" if taken[name] != owner else f"`{owner}` twice"
                )
                raise fail(
                    "BM742",
                    f"column `{name}` is for {both}",
                    c.span,
                    help="a column has one place: name the others one by one",
                )
            taken[name] = owner
    for k, owner, c in places:
        if not c.pattern:
            continue
        plain[k] = tuple(n for n in names if n not in taken and fnmatchcase(n, c.first))
        if not plain[k]:
            raise fail(
                "BM741",
                f"no column of {source} that is still free fits `{c.first}`",
                c.span,
                help=f"its columns: {_listed(names)}",
            )
        taken.update(dict.fromkeys(plain[k], owner))
    made: dict[str, tuple[str, ...]] = {}
    for k, owner, _ in places:
        made[owner] = (*made.get(owner, ()), *plain[k])
    groups = {n: made[n] for n, _ in declared.groups}
    return Selected(groups, made.get("id", ()), _marks(declared, names, source))


def _marks(declared: TableColumns, names: Sequence[str], source: str) -> Marks:
    """The marks of all columns, and those of single ones by the columns' names."""
    made = Marks(declared.missing)
    for columns, marks in declared.missing_of:
        for c in (_plain(c, names) for c in columns):
            found = (
                [n for n in names if fnmatchcase(n, c.first)]
                if c.pattern
                else _between(c, names, source)
            )
            for name in found:
                made = made.and_of(name, marks)
    return made


def _each(entries: Sequence[tuple[str, tuple[ColumnRange, ...]]]) -> list[tuple[str, ColumnRange]]:
    return [(owner, c) for owner, columns in entries for c in columns]


def _plain(c: ColumnRange, names: Sequence[str]) -> ColumnRange:
    """A pattern that is a column's own name, as `How old are you?`, means that column."""
    return replace(c, pattern=False) if c.pattern and c.first in names else c


def _between(c: ColumnRange, names: Sequence[str], source: str) -> tuple[str, ...]:
    first = _place(c.first, c, names, source)
    if c.last is None:
        return (names[first],)
    last = _place(c.last, c, names, source)
    if last < first:
        raise fail(
            "BM741",
            f"`{c.last}` stands before `{c.first}` in {source}",
            c.span,
            help=f"`{c.last}..{c.first}`, the {counted(first - last + 1, 'column')} between them",
        )
    return tuple(names[first : last + 1])


def _place(name: str, c: ColumnRange, names: Sequence[str], source: str) -> int:
    if name in names:
        return list(names).index(name)
    raise absent(name, names, source, c)


def absent(
    name: str,
    names: Sequence[str],
    source: str,
    c: ColumnRange | None = None,
    way_out: str = "",
) -> Exception:
    """BM740: the table has no such column; `way_out` is told where no name is like it."""
    close = near(name, names)
    return fail(
        "BM740",
        f"{source} has no column `{name}`",
        None if c is None else c.span,
        help=(
            f"did you mean `{close}`?"
            if close
            else f"its columns: {_listed(names)}{'; ' if way_out else ''}{way_out}"
        ),
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{n}`" for n in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")

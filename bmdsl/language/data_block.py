"""Data blocks against the model's groups: which columns of a table form which group, which are
carried through, and what marks a missing cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import tree as t
from .diagnostics import BmError, Diagnostic, fail, near
from .model import ColumnRange, Group, TableColumns

IDS, MISSING = "id", "missing"
"""Entries besides groups: columns carried through, and marks of missing cells. A group of that name
comes first.
"""
WILD = ("*", "?")


def data_block(
    blocks: list[t.DataBlock],
    groups: Mapping[str, Group],
    folder: Path | None,
    wrong: list[Diagnostic],
) -> TableColumns | None:
    """The columns of every visible and given group; None without a block. What is wrong goes to
    `wrong`.
    """
    if not blocks:
        return None
    wrong += [Diagnostic("BM524", "a model has one data block", b.span) for b in blocks[1:]]
    block, seen = blocks[0], [n for n, g in groups.items() if g.role != "hidden"]
    found: dict[str, tuple[ColumnRange, ...]] = {}
    own: list[tuple[tuple[ColumnRange, ...], tuple[str, ...]]] = []
    for e in block.entries:
        try:
            _verify_entry(e, groups, seen, found)
            if e.among:
                marks = tuple(_text(c.first) for c in e.columns)
                own.append((tuple(map(_range, e.among)), marks))
                continue
            found[e.name.text] = tuple(map(_range, e.columns))
        except BmError as error:
            wrong.extend(error.diagnostics)
    missing = [n for n in seen if n not in found]
    if missing:
        names = ", ".join(f"`{n}`" for n in missing)
        wrong.append(
            Diagnostic(
                "BM523",
                f"the data block names no columns for {names}",
                block.span,
                helps=(f'`{missing[0]} = first..last`, `{missing[0]} = a, b` or `"*"`, the rest',),
            )
        )
    marks = tuple(c.first for c in found.pop(MISSING, ()) if MISSING not in groups)
    ids = found.pop(IDS, ()) if IDS not in groups else ()
    path = _path(block, folder)
    return TableColumns(path, tuple(found.items()), ids, marks, tuple(own), block.span)


def _verify_entry(
    e: t.DataEntry,
    groups: Mapping[str, Group],
    seen: list[str],
    found: Mapping[str, tuple[ColumnRange, ...]],
) -> None:
    name = e.name.text
    if e.among and (name != MISSING or name in groups):
        raise fail(
            "BM520",
            f"`{name}` is not for single columns",
            e.among[0].span,
            help=f"write `{name}` without parentheses; `missing(age) = -9` has them",
        )
    if name in found and not e.among:
        raise fail("BM522", f"`{name}` has its columns already", e.name.span, help="one list each")
    if name in groups and name not in seen:
        raise fail(
            "BM521",
            f"`{name}` is hidden: no data are for it",
            e.name.span,
            help=f"its data are for {', '.join(f'`{n}`' for n in seen)}",
        )
    if name not in (*seen, IDS, MISSING):
        close = near(name, (*seen, IDS, MISSING))
        known = ", ".join(f"`{n}`" for n in seen)
        raise fail(
            "BM520",
            f"`{name}` is no group of this model",
            e.name.span,
            help=(
                f"did you mean `{close}`?"
                if close
                else f"groups with data are {known}; `id` carries columns through, `missing` lists"
                " marks of missing cells"
            ),
        )
    if name == MISSING and name not in groups and any(c.last is not None for c in e.columns):
        raise fail("BM520", "a mark of missing cells is one text or number", e.span)


def _range(c: t.Columns) -> ColumnRange:
    pattern = isinstance(c.first, t.String) and any(w in c.first.value for w in WILD)
    return ColumnRange(
        _text(c.first), None if c.last is None else _text(c.last), pattern and not c.last, c.span
    )


def _text(x: t.Name | t.String) -> str:
    return x.text if isinstance(x, t.Name) else x.value


def _path(block: t.DataBlock, folder: Path | None) -> str | None:
    """The file beside the `.bm` file where it is there, else as it is written."""
    if block.path is None:
        return None
    beside = (folder or Path()) / block.path.value
    return str(beside) if beside.is_file() else block.path.value

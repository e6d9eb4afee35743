"""JSON Lines: a case a line, as an array of numbers or as an object whose values are numbers.

`null` is a missing value (NaN).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...language.decoding import json_of
from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..text_lines import read_text

WORD = Word("jsonl", summary="JSON Lines: an array or an object of numbers a line; also .jsonl.gz")
KEYED = False
GZIP = True
ALSO = ("ndjson",)


def read(path: Path, key: str | None = None) -> np.ndarray:
    """float64 [cases, *shape]; of objects, the columns in the order of the first.

    Raises BM703 or BM705.
    """
    rows: list[Any] = []
    names: list[str] | None = None
    for number, line in enumerate(read_text(path, "text file in UTF-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            case = json_of(line)
        except ValueError as problem:
            raise fail("BM705", f"line {number} of `{path}` is no JSON: {problem}") from None
        if isinstance(case, dict):
            names = list(case) if names is None and not rows else names
            if names is None or set(case) != set(names):
                raise fail(
                    "BM705", f"line {number} of `{path}` has other names than the lines before it"
                )
            case = [case[name] for name in names]
        rows.append(_numbers(case, path, number))
    try:
        return np.array(rows, np.float64)
    except ValueError:
        raise fail("BM705", f"the lines of `{path}` have different numbers of entries") from None


def _numbers(case: Any, path: Path, number: int) -> Any:
    """The case with NaN for `null`, every entry a number."""
    if case is None:
        return float("nan")
    if isinstance(case, bool | int | float):
        return float(case)
    if isinstance(case, list):
        return [_numbers(x, path, number) for x in case]
    help = "a case holds numbers alone; categories are 0, 1, 2, ..."
    raise fail(
        "BM705",
        f"line {number} of `{path}` holds what is not a number: `{str(case)[:40]}`",
        help=help,
    )

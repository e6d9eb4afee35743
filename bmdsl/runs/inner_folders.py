"""The folders that a run's folder has inside: its own, or nothing is written.

A run of a stranger may have a link in the place of one, and what is kept or removed there would be
another folder's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..files import file_names
from ..language.decoding import json_in
from ..language.diagnostics import fail


def layers_in(stack: Path) -> list[str]:
    """The folders of a stack's layers by its `stack.json`, which need not be whole: none where it
    is not there, or a name is no name.
    """
    try:
        facts = json_in(stack)
        names = file_names(str(x["name"]) for x in facts["layers"]).values()
        return [n for n in names if re.fullmatch(r"[^\W\d]\w*", n)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def verify_own(folder: Path, names: Iterable[str]) -> None:
    """BmError BM844 where one of these folders inside a run's, or a folder in it, is a link."""
    for name in names:
        inside = folder / name
        for path in (inside, *(inside.iterdir() if inside.is_dir() else ())):
            if path.is_symlink() and (path == inside or path.is_dir()):
                raise fail(
                    "BM844",
                    f"`{path}` is a link: what is kept there would be written elsewhere",
                    help="put the folder itself in its place",
                )

"""Docstrings as Markdown: an asterisk of a shape, `[n, *axes]`, is no emphasis; what is marked as
stable or provisional says so.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from griffe import Extension

sys.path.insert(0, str(Path(__file__).parent))
from stability import by_path  # noqa: E402  # the site's tools are no package

QUOTED = re.compile(r"(`[^`]*`)")


class PlainDocstrings(Extension):
    """Escapes in docstrings what Markdown would take for its own, outside of backticks, and ends
    them with their mark.
    """

    def __init__(self) -> None:
        self.marks = by_path()

    def on_instance(self, *, obj: Any, **others: Any) -> None:
        """Called for every object that is read."""
        if obj.is_alias or obj.docstring is None:
            return
        first, blank, more = escaped(obj.docstring.value).partition("\n\n")
        mark = self.marks.get(obj.path)
        told = "" if mark is None else f"\n\n{mark}"
        obj.docstring.value = " ".join(first.split()) + blank + more + told  # a summary is one line


def escaped(text: str) -> str:
    """`[n, *axes]` → `[n, \\*axes]`; lists are left as they are."""
    parts = QUOTED.split(text)
    parts[::2] = [re.sub(r"(?<=\S)\*|\*(?=\w)|(?<=\w)_(?=\W)", r"\\\g<0>", x) for x in parts[::2]]
    return "".join(parts)

"""Docstrings as Markdown: an asterisk of a shape, `[n, *axes]`, is no emphasis."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension

QUOTED = re.compile(r"(`[^`]*`)")


class PlainDocstrings(Extension):
    """Escapes in docstrings what Markdown would take for its own, outside of backticks."""

    def on_instance(self, *, obj: Any, **others: Any) -> None:
        """Called for every object that is read."""
        if obj.is_alias or obj.docstring is None:
            return
        first, blank, more = escaped(obj.docstring.value).partition("\n\n")
        obj.docstring.value = " ".join(first.split()) + blank + more  # a summary is one line


def escaped(text: str) -> str:
    """`[n, *axes]` → `[n, \\*axes]`; lists are left as they are."""
    parts = QUOTED.split(text)
    parts[::2] = [re.sub(r"(?<=\S)\*|\*(?=\w)|(?<=\w)_(?=\W)", r"\\\g<0>", x) for x in parts[::2]]
    return "".join(parts)

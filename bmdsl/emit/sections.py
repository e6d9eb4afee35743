"""A generated module's text in sections, and each of these as a module of its own that needs no
other's compiled code.

numba compiles a function again for every file that it is in. Functions that only the units' types
determine are therefore run from a file of their own, which all models share: a second model with
binary units compiles only what is its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

HEADING = "# -- {} --"
FUNCTION = re.compile(r"^def (\w+)\(", re.M)
_BETWEEN = re.compile(r"^# -- .+ --$", re.M)
_FIRST = re.compile(r"^@", re.M)


def split(
    source: str, name_of: Callable[[str], str], linked: Mapping[str, str] | None = None
) -> list[str]:
    """The texts to run, in this order; the last is the model's and has everything in it by name.

    `name_of` gives a text's module name; `linked` the text that takes the place of a helper which
    is compiled elsewhere.

    Each has the head and, of the functions before the first heading, those that it calls. One
    without headings is one text.
    """
    top, *sections = _BETWEEN.split(source)
    if not sections:
        return [source]
    where = _FIRST.search(top)
    at = where.start() if where else len(top)
    head, helpers = top[:at], {FUNCTION.findall(x)[0]: x for x in _functions(top[at:])}
    helpers |= {name: text for name, text in (linked or {}).items() if name in helpers}
    shared = [_whole(head, helpers, s) for s in sections[:-1]]
    imports = [
        f"from {name_of(text)} import {', '.join(FUNCTION.findall(s))}"
        for text, s in zip(shared, sections[:-1], strict=True)
    ]
    return [*shared, _whole(head + "\n".join(imports) + "\n\n\n", helpers, sections[-1])]


def _functions(text: str) -> list[str]:
    return [x for x in text.strip().split("\n\n\n") if x]


def _whole(head: str, helpers: dict[str, str], section: str) -> str:
    wanted, left = set[str](), set(re.findall(r"\w+", section)) & set(helpers)
    while left:
        wanted |= left
        left = {w for name in left for w in re.findall(r"\w+", helpers[name])} & set(
            helpers
        ) - wanted
    return (
        head + "\n\n\n".join([*(helpers[name] for name in sorted(wanted)), section.strip()]) + "\n"
    )  # sorted: whatever the order of the groups

"""How large and how deep a text may be: past these it is refused before anything is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from .diagnostics import BmError, counted, fail
from .source import Source, Span

MAX_TEXT = 1 << 22
"""Characters of one file, comments included."""
MAX_WORDS = 100_000
"""Names, numbers and signs of one file, which take some five seconds to parse."""
MAX_NAME = 200
"""Characters of a name."""
MAX_QUOTED = 1000
"""Characters between quotes, a path at most."""
MAX_DEPTH = 200
"""Expressions inside one another. An addend in parentheses, and a factor, is one more around those
before it; walking the tree takes up to four calls of Python's thousand for each.
"""
MAX_TERMS = 10_000
MAX_GROUPS = 1000
"""A random stream has keys for 1,022 groups: `plan/streams.py`."""
MAX_SETTINGS = 200
_WORD = re.compile(r'"[^"\n]*"|#[^\n]*|\w+|[^\w\s]')


def verify_text(source: Source) -> None:
    """BmError for a text that is too large to parse: BM972 for its length, BM973 for a name's or a
    quoted text's, BM323 for brackets inside one another.
    """
    text = source.text
    if len(text) > MAX_TEXT:
        raise _too_long(source, f"{len(text):,} characters", f"{MAX_TEXT:,}")
    depth = count = 0
    for found in _WORD.finditer(text):
        word = found[0]
        if word[0] == "#":
            continue
        count += 1
        if len(word) == 1:
            depth = max(0, depth + (word in "([") - (word in ")]"))
            if depth > MAX_DEPTH:
                raise too_deep(Span(source, found.start(), found.end()))
        elif len(word) > MAX_NAME and (quoted := word[0] == '"') <= (len(word) > MAX_QUOTED):
            if word[0].isdigit():  # a number, which has a message of its own
                continue
            raise fail(
                "BM973",
                f"a {'text in quotes' if quoted else 'name'} of {len(word):,} characters is too"
                f" long: at most {MAX_QUOTED if quoted else MAX_NAME:,}",
                Span(source, found.start(), found.start() + 20),
            )
    if count > MAX_WORDS:
        raise _too_long(source, f"{count:,} words and signs", f"{MAX_WORDS:,}")


def _too_long(source: Source, size: str, limit: str) -> BmError:
    return fail(
        "BM972",
        f"`{source.name}` has {size}, a text may have {limit}",
        help='letters stand for many units at once; numbers can be in files: `init "W.npy"`',
    )


def too_deep(span: Span) -> BmError:
    """BM323 at a place."""
    return fail(
        "BM323",
        f"this is nested too deeply: at most {MAX_DEPTH} expressions stand inside one another, or"
        " in one product, or in one sum in parentheses",
        span,
        help="write it as several terms: `energy += ...`",
    )


def verify_depth(tree: Any, source: Source) -> None:
    """BmError BM323 for a parser's tree of which a walk would need too many calls."""
    stack: list[tuple[Any, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            start = node.meta.start_pos
            raise too_deep(Span(source, start, start + 1))
        below = [c for c in node.children if hasattr(c, "children")]
        spine = len(below) if node.data == "sum" else 0  # its addends are added from the left
        # parentheses, and a power without exponent, leave nothing in the tree that is made
        bare = node.data == "paren" or (node.data == "power" and node.children[-1] is None)
        own = 0 if bare else 1
        stack += ((c, depth + max(own, spine - k)) for k, c in enumerate(below))


def verify_counts(things: Iterator[tuple[str, int, Sequence[Any]]]) -> None:
    """BmError BM974 for each kind of which there are more than its limit, at the first of them."""
    for what, limit, found in things:
        if len(found) > limit:
            raise fail(
                "BM974",
                f"there are {counted(len(found), what)}: at most {limit:,}",
                found[limit].span,
                help="letters stand for many at once: `visible v[5000]`, `b[i] v[i]`",
            )

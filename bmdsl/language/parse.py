"""Text → syntax tree, by the one grammar in `grammar/bm.lark`."""

from __future__ import annotations

import functools
import hashlib
import io
import sys
from typing import Any

import lark

from ..files import folder
from .cache import cache_folder, read_checked, write_checked
from .diagnostics import BmError
from .language_line import the_one, verify_version
from .limits import too_deep, verify_depth, verify_text
from .source import Source, Span
from .syntax_errors import diagnose, skip_statement
from .tree import Comment, File
from .tree_builder import Builder

LIMIT = 20
"""Most syntax errors of one text."""
LONG = 20_000
"""Characters from which on a text is parsed a few times at most."""
FEW = 3


def parse(source: Source) -> File:
    """The tree of a text.

    BmError with all syntax errors: after one, the next statement is read on; BM015 for a version
    of the language that is not known; BM323, BM972 or BM973 for one past the limits.
    """
    verify_text(source)
    verify_version(source)
    parser, text, wrong, end = _parser(), source.text, [], -1
    while True:
        try:
            tree = parser.parse(text)
            break
        except lark.exceptions.UnexpectedInput as error:
            found = diagnose(source, error)
            place = found.others[0].span if found.others else found.span
            at, after = (place.start, place.end) if place is not None else (len(text), len(text))
            if found.code == "BM008":  # a keyword where a name should be starts no statement
                at -= 1
            if at < end:  # a consequence of what was left out
                break
            wrong.append(found)
            most = LIMIT if len(text) < LONG else FEW
            rest = skip_statement(text, at, after) if len(wrong) < most else None
            if rest is None:
                break
            text, end = rest
    if wrong:
        raise BmError(*wrong)
    comments = _comments(source.text)
    notes = tuple(Comment(str(c), Span(source, c.start_pos or 0, c.end_pos or 0)) for c in comments)
    verify_depth(tree, source)
    try:
        lines, imports, definitions = Builder(source).file(tree)
    except RecursionError:
        raise too_deep(Span(source, 0, 0)) from None
    first = min((x.span for x in (*imports, *definitions)), key=lambda s: s.start, default=None)
    return File(source, imports, definitions, notes, the_one(lines, first))


def _comments(text: str) -> list[lark.Token]:
    found: list[lark.Token] = []
    at = 0
    quoted = False
    while at < len(text):
        c = text[at]
        if c == '"':
            quoted = not quoted
        elif c == "\n":
            quoted = False
        elif c == "#" and not quoted:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            found.append(lark.Token("COMMENT", text[at:end], start_pos=at, end_pos=end))
            at = end
            continue
        at += 1
    return found


@functools.cache
def _parser() -> Any:
    """The parser, from the table in the user's cache where one is there for this grammar and these
    versions: making it takes a quarter of a second.
    """
    grammar = (folder("grammar") / "bm.lark").read_text(encoding="utf-8")
    key = hashlib.sha256(f"{grammar}\0{lark.__version__}\0{sys.version}".encode()).hexdigest()[:24]
    place = cache_folder("grammar") / key
    kept = read_checked(place)
    if kept is not None:
        return lark.Lark.load(io.BytesIO(kept))
    made = lark.Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        propagate_positions=True,
        maybe_placeholders=True,
    )
    table = io.BytesIO()
    made.save(table)
    write_checked(place, table.getvalue())
    return made

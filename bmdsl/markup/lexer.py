"""`.bm` text in colours: a lexer that Pygments, and all that use it, find by the name `bm`."""

from __future__ import annotations

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
)

__all__ = ["BmLexer"]

DECLARATIONS = ("model", "stack", "import", "param", "energy", "graph", "layers", "bias", "train")
ROLES = ("visible", "hidden", "given")
INSIDE = ("init", "for", "in", "sum", "on", "jointly", "greedily")
"""The words of the grammar, by what they do."""


class BmLexer(RegexLexer):
    """Tokens of a `.bm` file."""

    name = "bm"
    url = "https://pypi.org/project/bmdsl/"
    aliases = ["bm", "bmdsl"]
    filenames = ["*.bm"]
    version_added = ""

    tokens = {
        "root": [
            (r"\s+", Text.Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r'"[^"\n]*"', String),
            (r"(model|stack)(\s+)([^\W\d]\w*)", bygroups(Keyword, Text.Whitespace, Name.Class)),
            (r"^language(?=\s+\d)", Keyword),  # a name elsewhere
            (words(ROLES, suffix=r"\b"), Keyword.Type),
            (words(DECLARATIONS, suffix=r"\b"), Keyword),
            (words(INSIDE, suffix=r"\b"), Keyword),
            (r"(:)(\s*)([^\W\d]\w*)", bygroups(Punctuation, Text.Whitespace, Name.Builtin)),
            (r"[^\W\d]\w*(?=\s*\()", Name.Function),
            (r"[^\W\d]\w*", Name),
            (r"\d[\d_]*(\.\d[\d_]*)?([eE][+-]?\d+)?", Number),
            (r"\.\.|\+=|!=|--|[-+*/^=<>]", Operator),
            (r"[\[\]{}(),:.]", Punctuation),
        ]
    }

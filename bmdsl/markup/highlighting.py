"""Text of a model as coloured HTML."""

from __future__ import annotations

CLASS = "bm"
"""The class of a coloured block, where a page has the style sheet."""


def highlighted(text: str) -> str:
    """The text on a ground of its own, for a notebook: colours stand in it, no style sheet is
    needed.
    """
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    from .lexer import BmLexer

    paper = "background:#f6f6f4;color:#222;padding:.6rem .8rem;border-radius:4px;overflow-x:auto"
    formatter = HtmlFormatter(
        noclasses=True,
        nobackground=True,
        style="friendly",
        prestyles=f"font-family:monospace;{paper};line-height:1.4;font-size:90%;margin:.3rem 0",
    )
    return str(highlight(text, BmLexer(), formatter))


def classed(text: str) -> str:
    """The text with classes in place of colours: `style_sheet` has them."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    from .lexer import BmLexer

    return str(highlight(text, BmLexer(), HtmlFormatter(cssclass=CLASS)))


def style_sheet() -> str:
    """CSS of `classed`: dark colours on light, and light ones on dark where the reader's screen is
    dark.
    """
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="friendly", nobackground=True).get_style_defs(f".{CLASS}")
    dark = HtmlFormatter(style="github-dark", nobackground=True).get_style_defs(f".{CLASS}")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"

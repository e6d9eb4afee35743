"""What papers and other languages write, and what stands for it here."""

from __future__ import annotations

import re

SIGNS = {
    "%": "comments start with `#`; a subscript is taken modulo its axis by `wrap(x+1)`",
    ";": "statements and terms end by themselves: leave it out",
    "∑": "sums are written `sum[i] ...`; a letter that no `sum` binds is summed over anyway",
    "\\": "no LaTeX here: `sum[i] ...` for a sum, `W[i,j]` for a subscript, `sigma` for a letter",
    "∏": "there is no product sign: write the factors one after another, or a `layers` statement",
    "·": "a product is written `*`, or by nothing: `W[i,j] v[i] h[j]`",
    "×": "a product is written `*`, or by nothing: `W[i,j] v[i] h[j]`",
    "−": "the minus sign is `-`",
    "&": "several conditions are separated by commas: `for i < j, k in 0..3`",
    "|": "an absolute value is no statistic of a unit; conditions are separated by commas",
    "@": "a matrix product is written by subscripts: `W[i,j] v[i] h[j]`",
}
"""Characters that the language has no use for."""
SUPERSCRIPTS = ("²", "³")


def instead_of_sign(sign: str) -> str:
    """A way out for a character that cannot stand in a text; empty where none is known."""
    return SIGNS.get(sign, "")


def instead_of_name(name: str) -> str:
    """A way out for an undeclared name that is a sum or a power elsewhere: `sum_i`, `Σ`, `²`."""
    if name in SUPERSCRIPTS:
        return "powers are written `^`: v[i]^2"
    found = re.fullmatch(r"(?:sum|Σ|sigma)_?([a-z]{0,2}[0-9]?)", name, re.IGNORECASE)
    if found is None or name.lower() == "sigma":
        return ""
    letters = list(found[1]) or ["i"]
    written = " ".join(f"sum[{x}]" for x in letters if x.isalpha())
    return f"sums are written `{written} ...`; a letter that no `sum` binds is summed over anyway"

"""`bm expand FILE`: `layers` and `bias` written out."""

from __future__ import annotations

from ..options import LOOK, File

PLACE = LOOK, 3


def run(file: File) -> None:
    """Print a file with its sugar (`layers`, `bias`) written out."""
    from ...tasks.expand import expanded

    print(expanded(file), end="")

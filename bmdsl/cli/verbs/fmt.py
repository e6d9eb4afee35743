"""`bm fmt FILE`: one style for every file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import LOOK

PLACE = LOOK, 2


def run(
    files: Annotated[list[Path], typer.Argument(help=".bm files")],
    check: Annotated[bool, typer.Option("--check", help="change nothing; exit 1 if a file would change")] = False,
) -> None:
    """Rewrite files in the one style; comments and meaning stay."""
    from ...formatting import formatted, rewrite

    untidy = [file for file, text in [(file, formatted(file)) for file in files] if text is not None]
    for file in untidy:
        if not check:
            rewrite(file)
        print(f"{file}: {'would be' if check else 'was'} reformatted")
    if check and untidy:
        raise typer.Exit(1)

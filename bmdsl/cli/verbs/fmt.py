"""`bm fmt FILE|FOLDER|-`: one style for every file."""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..options import LOOK, Json

PLACE = LOOK, 2
STDIN = Path("-")


def run(
    files: Annotated[
        list[Path],
        typer.Argument(
            help=".bm files, folders of them, or `-` for standard input", allow_dash=True
        ),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="change nothing; exit 1 if a file would change")
    ] = False,
    diff: Annotated[
        bool,
        typer.Option(
            "--diff", help="change nothing; show what would change; exit 1 if anything would"
        ),
    ] = False,
    upgrade: Annotated[
        bool,
        typer.Option("--upgrade", help="also rewrite words that an earlier version spelled so"),
    ] = False,
    as_json: Json = False,
) -> None:
    """Rewrite files in the one style; comments and meaning stay."""
    from ...tasks.fmt import formatted, formatted_text, models_in, rewrite

    if STDIN in files:
        text = sys.stdin.read()
        tidy = formatted_text(text, upgrade)
        if as_json:
            print(json.dumps({"changed": tidy != text, "text": tidy}))
        else:
            print(_difference("<stdin>", text, tidy) if diff else "" if check else tidy, end="")
        if (check or diff) and tidy != text:
            raise typer.Exit(1)
        return
    found = models_in(files)
    untidy = [(file, text) for file in found if (text := formatted(file, upgrade)) is not None]
    for file, text in untidy:
        if diff and not as_json:
            print(_difference(str(file), file.read_text(encoding="utf-8"), text), end="")
            continue
        if not (check or diff):
            rewrite(file, upgrade)
        if not as_json:
            print(f"{file}: {'would be' if check else 'was'} reformatted")
    if as_json:
        changed = [str(file) for file, _ in untidy]
        print(json.dumps({"files": list(map(str, found)), "changed": changed}))
    if (check or diff) and untidy:
        raise typer.Exit(1)


def _difference(name: str, before: str, after: str) -> str:
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found = difflib.unified_diff(*lines, fromfile=name, tofile=name)
    # as diff and patch have it where a file's last line has no end
    return "".join(x if x.endswith("\n") else f"{x}\n\\ No newline at end of file\n" for x in found)

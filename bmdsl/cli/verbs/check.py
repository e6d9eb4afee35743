"""`bm check FILE`: is the text a model?"""

from __future__ import annotations

import json

import typer

from ...language.diagnostics import BmError
from ..options import Define, File, Json, load


def run(file: File, define: Define = None, as_json: Json = False) -> None:
    """Check a file; all of its errors are reported at once."""
    try:
        model = load(file, define)
    except BmError as error:
        if not as_json:
            raise
        print(json.dumps({"ok": False, "diagnostics": [d.as_dict() for d in error.diagnostics]}))
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps({"ok": True, "model": model.name, "diagnostics": []}))
    else:
        print(f"{file}: model `{model.name}` is fine")

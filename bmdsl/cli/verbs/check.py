"""`bm check FILE`: is the text a model?"""

from __future__ import annotations

import json
import sys

import typer

from ..options import LOOK, Allow, Define, Deny, File, Json, Units, Which, judged, load

PLACE = LOOK, 1


def run(file: File, define: Define = None, which: Which = None, units: Units = None, deny: Deny = None, allow: Allow = None,
        as_json: Json = False) -> None:  # fmt: skip
    """Check a file; all of its errors are reported at once."""
    from ...language.diagnostics import BmError

    try:
        model = load(file, define, name=which)
        lints = judged(model, deny, allow)
    except BmError as error:
        if not as_json:
            raise
        print(json.dumps({"ok": False, "diagnostics": [d.as_dict() for d in error.diagnostics]}))
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps({"ok": True, "model": model.name, "diagnostics": [d.as_dict() for d in lints]}))
        return
    for lint in lints:
        print(f"{lint}\n", file=sys.stderr)
    count = f", with {len(lints)} warning{'s' if len(lints) > 1 else ''}" if lints else ""
    print(f"{file}: model `{model.name}` is fine{count}")

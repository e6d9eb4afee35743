"""`bm check FILE`: is the text a model?"""

from __future__ import annotations

import json
import sys

import typer

from ..options import LOOK, Allow, Define, Deny, File, Json, Units, Which, judged, load_all

PLACE = LOOK, 1


def run(file: File, define: Define = None, which: Which = None, units: Units = None, deny: Deny = None, allow: Allow = None,
        as_json: Json = False) -> None:  # fmt: skip
    """Check a file; all errors of its models are reported at once. Of a run or a saved machine, the files it was made of and how they are now."""
    from ...checking import is_saved, made_of, verify_compiles, verify_starts
    from ...handle import Stacked
    from ...language.diagnostics import BmError

    try:
        if is_saved(file):
            found = made_of(file)
            shown = [made.as_dict() for made in found]
            print(json.dumps({"ok": True, "machines": shown}) if as_json else "\n".join(line for made in found for line in made.lines()))
            return
        models = load_all(file, define, which)
        verify_compiles(models)
        verify_starts(models)
        lints = judged(models, deny, allow)
    except BmError as error:
        if not as_json:
            raise
        print(json.dumps({"ok": False, "diagnostics": [d.as_dict() for d in error.diagnostics]}))
        raise typer.Exit(1) from None
    names = [model.name for model in models]
    if as_json:
        print(json.dumps({"ok": True, "models": names, "diagnostics": [d.as_dict() for d in lints]}))
        return
    for lint in lints:
        print(f"{lint}\n", file=sys.stderr)
    for model in models:
        kind = "stack" if isinstance(model, Stacked) else "model"
        print(f"{file}: {kind} `{model.name}` is fine")

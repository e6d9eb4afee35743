"""`bm check FILE ...`: is the text a model?"""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from ..options import LOOK, Allow, Define, Deny, Files, Json, Units, Which, judged, load_all

PLACE = LOOK, 1


def run(
    files: Files,
    define: Define = None,
    which: Which = None,
    units: Units = None,
    deny: Deny = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Check files; all errors of all their models are reported.

    Of a run or a saved machine, the files it was made of and how they are now.
    """
    from ...language.diagnostics import BmError

    answers: list[dict[str, Any]] = []
    for file in files:
        try:
            answers.append(_check(file, define, which, deny, allow, as_json))
        except BmError as error:
            answers.append({"ok": False, "diagnostics": [d.as_dict() for d in error.diagnostics]})
            if not as_json:
                print(error, file=sys.stderr, end="\n" if file == files[-1] else "\n\n")
    ok = all(one["ok"] for one in answers)
    if as_json:
        named = [{"file": file, **one} for file, one in zip(files, answers, strict=True)]
        print(json.dumps(answers[0] if len(files) == 1 else {"ok": ok, "files": named}))
    if not ok:
        raise typer.Exit(1)


def _check(
    file: str,
    define: list[str] | None,
    which: str | None,
    deny: list[str] | None,
    allow: list[str] | None,
    as_json: bool,
) -> dict[str, Any]:
    """What is said of one file, printed if not `as_json`; BmError with what is wrong in it."""
    from ...model import Stacked
    from ...tasks.check import is_saved, made_of, verify_compiles, verify_starts

    if is_saved(file):
        found = made_of(file)
        if not as_json:
            print("\n".join(line for made in found for line in made.lines()))
        return {"ok": True, "machines": [made.as_dict() for made in found]}
    models = load_all(file, define, which)
    verify_compiles(models)
    verify_starts(models)
    lints = judged(models, deny, allow)
    if not as_json:
        for lint in lints:
            print(f"{lint}\n", file=sys.stderr)
        for model in models:
            print(
                f"{file}: {'stack' if isinstance(model, Stacked) else 'model'} `{model.name}` is"
                " fine"
            )
    return {
        "ok": True,
        "models": [model.name for model in models],
        "diagnostics": [d.as_dict() for d in lints],
    }

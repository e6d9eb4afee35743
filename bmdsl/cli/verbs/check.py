"""`bm check FILE ...`: is the text a model?"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..options import LOOK, Allow, Define, Deny, Files, Json, Units, Which, judged, load_all

if TYPE_CHECKING:
    from ...language.diagnostics import Diagnostic

PLACE = LOOK, 1


class Format(StrEnum):
    """Who reads what is said."""

    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


def run(
    files: Files,
    define: Define = None,
    which: Which = None,
    units: Units = None,
    deny: Deny = None,
    allow: Allow = None,
    form: Annotated[
        Format,
        typer.Option("--format", help="github: annotations of a workflow; sarif: SARIF 2.1"),
    ] = Format.text,
    as_json: Json = False,
) -> None:
    """Check files; all errors of all their models are reported.

    Of a run or a saved machine, the files it was made of and how they are now.
    """
    from ...language.diagnostics import BmError

    form = Format.json if as_json else form
    shown = form is Format.text
    answers: list[dict[str, Any]] = []
    found: list[tuple[str, Diagnostic]] = []
    for file in files:
        try:
            answer, lints = _check(file, define, which, deny, allow, shown)
            answers.append(answer)
            found += [(file, d) for d in lints]
        except BmError as error:
            answers.append({"ok": False, "diagnostics": [d.as_dict() for d in error.diagnostics]})
            found += [(file, d) for d in error.diagnostics]
            if shown:
                print(error, file=sys.stderr, end="\n" if file == files[-1] else "\n\n")
    ok = all(one["ok"] for one in answers)
    if form is Format.json:
        named = [{"file": file, **one} for file, one in zip(files, answers, strict=True)]
        print(json.dumps(answers[0] if len(files) == 1 else {"ok": ok, "files": named}))
    elif not shown:
        _annotate(form, found)
    if not ok:
        raise typer.Exit(1)


def _annotate(form: Format, found: list[tuple[str, Diagnostic]]) -> None:
    from ...tasks.annotations import as_github, as_sarif

    text = as_github(found) if form is Format.github else as_sarif(found)
    if text:
        print(text)


def _check(
    file: str,
    define: list[str] | None,
    which: str | None,
    deny: list[str] | None,
    allow: list[str] | None,
    shown: bool,
) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """What is said of one file, printed if `shown`, and its lints; BmError with what is wrong in
    it.
    """
    from ...model import Stacked
    from ...tasks.check import is_saved, made_of, verify_compiles, verify_starts

    if is_saved(file):
        found = made_of(file)
        if shown:
            print("\n".join(line for made in found for line in made.lines()))
        return {"ok": True, "machines": [made.as_dict() for made in found]}, ()
    models = load_all(file, define, which)
    verify_compiles(models)
    verify_starts(models)
    lints = judged(models, deny, allow)
    if shown:
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
    }, lints

"""`bm verify FILE`: a small copy of the model, proved against brute force."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..options import LOOK, Define, File, Json, Units, load_all

if TYPE_CHECKING:
    from ...tasks.verify import Verified

PLACE = LOOK, 6


def run(
    file: File,
    define: Define = None,
    size: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="a size of the small copy, as --size H=3"),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="only this model of the file")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="of the random parameters and of the sampler")
    ] = 0,
    units: Units = None,
    as_json: Json = False,
) -> None:
    """Shrink a model until it can be enumerated, and hold all that is derived from it against brute
    force.
    """
    from ...model import Model
    from ...tasks.verify import (
        Verified,
        each,
    )  # noqa: F811  # the annotation's import is for type checkers alone

    sizes = dict(_size(text) for text in size or ())
    done = []
    for model in load_all(file, define, name):
        if not isinstance(model, Model):
            typer.echo(f"{model.name}: a stack, whose models are verified one by one", err=True)
            continue
        for found in each(model, sizes, seed):
            if isinstance(found, Verified):
                done.append(found)
                if not as_json:
                    shown = (
                        ", ".join(
                            f"{n} = {k}" if isinstance(n, str) else f"{n} → {k}"
                            for n, k in found.sizes.items()
                            if n != k
                        )
                        or "as written"
                    )
                    compared = [r for r in found.rows if not r.skipped]
                    held = f"{sum(r.passed for r in compared)} of {len(compared)} comparisons hold"
                    print(f"{found.name}: {held}, with {shown} ({found.states:,} joint states)\n")
            elif not as_json:
                if found.skipped:
                    print(f"--    {found.what:24}  {found.skipped}")
                else:
                    where = f"  at {found.where}" if found.where else ""
                    print(
                        f"{'ok  ' if found.passed else 'FAIL'}  {found.what:24}  {found.error:8.1e}"
                        f"  of {found.tolerance:7.1e}{where}",
                        flush=True,
                    )
    if as_json:
        print(json.dumps([_as_dict(v) for v in done]))
    if not all(v.passed for v in done):
        raise typer.Exit(1)


def _as_dict(v: Verified) -> dict[str, Any]:
    checks = [
        {
            "what": r.what,
            "error": r.error,
            "tolerance": r.tolerance,
            "where": r.where,
            "skipped": r.skipped,
            "passed": r.passed,
        }
        for r in v.rows
    ]
    return {
        "model": v.name,
        "sizes": {str(n): k for n, k in v.sizes.items()},
        "states": v.states,
        "checks": checks,
        "passed": v.passed,
    }


def _size(text: str) -> tuple[str, int]:
    from ...language.diagnostics import fail

    name, sign, value = text.partition("=")
    if not sign or not value.strip().isdigit() or int(value) < 1:
        raise fail(
            "BM922",
            f"`--size {text}` is not of the form NAME=VALUE",
            help="for instance `--size H=3`",
        )
    return name.strip(), int(value)

"""`bm units`: the unit types, and whether one is what it says."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ..options import KNOWN, Json, Units

PLACE = KNOWN, 1


def run(
    own: Units = None,
    check: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="hold this type's formulas, draws and compiled code against one another",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the unit types with their domains, or check one."""
    from ... import units

    if check is not None:
        _check(check, as_json)
        return
    known = [units.get(name) for name in units.names()]
    if as_json:
        print(
            json.dumps(
                [
                    {
                        "name": u.name,
                        "domain": u.domain,
                        "summary": u.summary,
                        "options": [o.name for o in u.options],
                    }
                    for u in known
                ]
            )
        )
        return
    shown = [
        u.name + (f"({', '.join(o.name for o in u.options)})" if u.options else "") for u in known
    ]
    width, domains = max(map(len, shown)), max(len(u.domain) for u in known)
    for text, u in zip(shown, known, strict=True):
        print(f"{text:{width}}  {u.domain:{domains}}  {u.summary}")


def _check(name: str, as_json: bool) -> None:
    from ...language.diagnostics import fail
    from ...tasks.units import examine

    findings, wrong = examine(name)
    if as_json:
        rows = [
            {
                "what": f.what,
                "error": f.error,
                "tolerance": f.tolerance,
                "where": f.where,
                "passed": f.passed,
            }
            for f in findings
        ]
        print(json.dumps({"name": name, "checks": rows, "problems": wrong}))
    else:
        for f in findings:
            print(
                f"{'ok  ' if f.passed else 'FAIL'}  {f.what:36}  {f.error:8.1e}  of"
                f" {f.tolerance:7.1e}  at {f.where}"
            )
    failed = [
        f"{f.what}: {f.error:.3g}, where {f.tolerance:g} is allowed, at {f.where}"
        for f in findings
        if not f.passed
    ]
    if wrong or failed:
        raise fail(
            "BM852",
            f"unit type `{name}`: {[*wrong, *failed][0]}",
            help="the interface is in docs/new-unit.md",
        )

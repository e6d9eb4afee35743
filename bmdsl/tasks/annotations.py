"""Diagnostics for machines that read them: GitHub's annotations, and SARIF 2.1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..language.diagnostics import Diagnostic
from ..language.version import VERSION

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_github(found: Sequence[tuple[str, Diagnostic]]) -> str:
    """A workflow command a line for (file, diagnostic), which GitHub shows beside the code."""
    return "\n".join(_command(file, one) for file, one in found)


def _command(file: str, one: Diagnostic) -> str:
    place = {"file": _file(file, one), "title": one.code}
    if one.span is not None:
        place |= {
            "line": str(one.span.line),
            "col": str(one.span.column),
            "endColumn": str(one.span.column + max(1, one.span.end - one.span.start)),
        }
    facts = ",".join(f"{k}={_property(v)}" for k, v in place.items())
    return f"::{one.level} {facts}::{_escaped(_words(one))}"


def _words(one: Diagnostic) -> str:
    head = one.message + (f": {one.label}" if one.label else "")
    notes = [*(f"note: {n}" for n in one.notes), *(f"help: {h}" for h in one.helps)]
    return "\n".join([head, *notes])


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _file(file: str, one: Diagnostic) -> str:
    """Where the diagnostic points: an imported file, or the one that was checked."""
    return one.span.source.name if one.span is not None else file


def as_sarif(found: Sequence[tuple[str, Diagnostic]]) -> str:
    """One run of one tool, a result a diagnostic."""
    rules = sorted({one.code for _, one in found})
    tool = {
        "driver": {
            "name": "bmdsl",
            "version": VERSION,
            "rules": [{"id": code} for code in rules],
        }
    }
    results = [_result(file, one) for file, one in found]
    run = {"tool": tool, "results": results, "columnKind": "unicodeCodePoints"}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _result(file: str, one: Diagnostic) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _file(file, one)}}
    if one.span is not None:
        place["region"] = {
            "startLine": one.span.line,
            "startColumn": one.span.column,
            "charOffset": one.span.start,
            "charLength": one.span.end - one.span.start,
        }
    return {
        "ruleId": one.code,
        "level": one.level,
        "message": {"text": _words(one)},
        "locations": [{"physicalLocation": place}],
    }

"""`bm data`: the named data sets, and what is in a table or in shards."""

from __future__ import annotations

import json
import shlex
from typing import Annotated

import typer

from ..options import KNOWN, Json, Missing

PLACE = KNOWN, 2
ACTIONS = ("describe",)


def run(
    action: Annotated[
        str | None,
        typer.Argument(metavar="[describe]", help="say what is in a table, or in shards"),
    ] = None,
    file: Annotated[
        str | None,
        typer.Argument(
            help="the table: .csv, .tsv, .parquet, .xlsx; a folder of shards; .npy, .h5, .zarr"
        ),
    ] = None,
    missing: Missing = None,
    as_json: Json = False,
) -> None:
    """List the named data sets; `bm data describe FILE` says what is in a table, and which
    declarations fit it, or what is in a folder of shards.
    """
    if action is not None:
        _describe(action, file, missing or [], as_json)
        return
    from ...data.load import names

    known = names()
    if as_json:
        print(json.dumps([{"name": name, "summary": summary} for name, summary in known.items()]))
        return
    for name, summary in known.items():
        print(f"{name:{max(map(len, known))}}  {summary}")


def _describe(action: str, file: str | None, missing: list[str], as_json: bool) -> None:
    from ...data.describing import describe
    from ...data.streams.describing import describe_shards, is_described
    from ...language.diagnostics import fail

    if action not in ACTIONS or file is None:
        raise fail(
            "BM736",
            f"`bm data {action}{'' if file is None else ' ' + file}` is not understood",
            help=f"`bm data` lists sets, `bm data describe {file or action}` describes a table",
        )
    if is_described(file):
        shards = describe_shards(file)
        if as_json:
            print(json.dumps(shards.as_dict()))
            return
        print("\n".join([shards.head(), "", *shards.lines()]))
        return
    found = describe(file, missing)
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    print(found.head())
    print()
    print("\n".join(found.lines()))
    print()
    for told in (found.doubts(), found.of_dates(), found.of_hours()):
        if told:
            print("\n".join(told), end="\n\n")
    print("\n".join(found.declarations()))
    print()
    marks = "".join(f" --missing {shlex.quote(m)}" for m in missing)
    print(f"`bm new NAME --from {file}{marks}` writes a model with these that trains at once")

"""Options that several verbs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..handle import Model

File = Annotated[str, typer.Argument(help="a .bm file, or the name of a shipped model")]
Define = Annotated[list[str] | None, typer.Option("-D", help="a model argument, NAME=VALUE")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="a setting of the train block, train.NAME=VALUE")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]


def load(file: str, define: list[str] | None, settings: list[str] | None = None) -> Model:
    """The model of a file with `-D` and `--set` applied."""
    from .. import handle
    from ..language.diagnostics import fail
    from ..overrides import parse_assignment

    values: dict[str, float] = {}
    for text in define or ():
        name, sign, value = text.partition("=")
        try:
            number = float(value.replace("_", ""))
        except ValueError:
            raise fail("BM861", f"`-D {text}` is not of the form NAME=NUMBER", help="for instance `-D H=200`") from None
        values[name.strip()] = int(number) if number == int(number) else number
    model = handle.load(file, None, **values)
    chosen = dict(parse_assignment(s) for s in settings or ())
    return model.bind(chosen) if chosen else model

"""`bm train FILE [DATA] --out DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, Allow, Define, Deny, File, Json, Seed, Settings, Threads, Units, Which, load, memory, overrides, warn
from ..outcome import finish

PLACE = USE, 1


def run(
    file: File,
    data: Annotated[str | None, typer.Argument(help="a named set or a file; default: the train block's")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="the run folder")] = Path("runs/last"),
    define: Define = None,
    settings: Settings = None,
    which: Which = None,
    weights: Annotated[Path | None, typer.Option(help="a file with one weight a case")] = None,
    units: Units = None,
    seed: Seed = None,
    threads: Threads = None,
    dtype: Annotated[str, typer.Option(help="float32 or float64")] = "float32",
    memory_limit: Annotated[str | None, typer.Option(metavar="SIZE", help="refuse a model that needs more, as 4GB; default: 80 % of the machine")] = None,
    deny: Deny = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Train a model; its lengths are taken from the data."""
    from ...fitting import start

    model = load(file, define, settings, which)
    if seed is not None:
        model = model.bind({**overrides(settings), "seed": seed})
    warn(model, deny, allow)
    finish(start(model, data, out, weights, dtype, memory(memory_limit)), as_json)

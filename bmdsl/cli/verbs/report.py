"""`bm report RUN`: the run in one HTML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, Chains, Json, RunFolder, Temperatures, Threads, Units

PLACE = USE, 8


def run(
    folder: RunFolder,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="the file; default: report.html in the run's folder"),
    ] = None,
    likelihood: Annotated[
        bool, typer.Option("--likelihood", help="run AIS and reverse AIS for the log-likelihood")
    ] = False,
    chains: Chains = 1000,
    steps: Temperatures = 1000,
    units: Units = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Write one HTML file with health, figures, pictures, the model's text, its graph and what
    follows from its energy.
    """
    from ...tasks.report import write_report

    path = write_report(folder, out, likelihood, chains, steps)
    print(json.dumps({"out": str(path)}) if as_json else path)

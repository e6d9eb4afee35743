"""`bm report RUN`: the run in one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, RunFolder, Threads, Units

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
    chains: Annotated[int, typer.Option(min=2, help="of AIS")] = 1000,
    steps: Annotated[int, typer.Option(min=2, help="temperatures of AIS")] = 1000,
    units: Units = None,
    threads: Threads = None,
) -> None:
    """Write one HTML file with health, figures, pictures, the model's text, its graph and what
    follows from its energy.
    """
    from ...tasks.report import write_report

    print(write_report(folder, out, likelihood, chains, steps))

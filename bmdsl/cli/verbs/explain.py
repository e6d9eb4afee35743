"""`bm explain FILE`: the derivation."""

from __future__ import annotations

from typing import Annotated

import typer

from ..options import Define, File, load


def run(file: File, define: Define = None, latex: Annotated[bool, typer.Option("--latex", help="print LaTeX")] = False) -> None:
    """Print conditionals, free energy and gradient."""
    from ...report.derivation import as_latex, as_text

    plan = load(file, define).plan
    print(as_latex(plan) if latex else as_text(plan))

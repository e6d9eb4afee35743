"""`bm explain FILE`: the derivation."""

from __future__ import annotations

from typing import Annotated

import typer

from ..options import LOOK, Define, File, Units, Which, load

PLACE = LOOK, 4


def run(
    file: File,
    define: Define = None,
    which: Which = None,
    units: Units = None,
    latex: Annotated[bool, typer.Option("--latex", help="print LaTeX")] = False,
) -> None:
    """Print what follows from the energy: conditionals, free energy, gradient, blocks, parameters,
    costs.
    """
    from ...report import derivation, model_facts

    plan = load(file, define, name=which).plan
    for part in (derivation, model_facts):
        print(part.as_latex(plan) if latex else part.as_text(plan) + "\n")

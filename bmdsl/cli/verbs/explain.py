"""`bm explain FILE`: the derivation."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ..options import LOOK, Define, File, Json, Units, Which, load

PLACE = LOOK, 4


def run(
    file: File,
    define: Define = None,
    which: Which = None,
    units: Units = None,
    latex: Annotated[bool, typer.Option("--latex", help="print LaTeX")] = False,
    as_json: Json = False,
) -> None:
    """Print what follows from the energy: conditionals, free energy, gradient, blocks, parameters,
    costs.
    """
    from ...report import derivation, model_facts

    model = load(file, define, name=which)
    plan = model.plan
    parts = [p.as_latex(plan) if latex else p.as_text(plan) for p in (derivation, model_facts)]
    if as_json:
        print(json.dumps({"model": model.name, "latex": latex, "text": "\n\n".join(parts)}))
        return
    for text in parts:
        print(text if latex else text + "\n")

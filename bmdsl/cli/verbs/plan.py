"""`bm plan FILE`: who is sampled how, in which order."""

from __future__ import annotations

import json

from ..options import LOOK, Define, File, Json, Units, Which, load

PLACE = LOOK, 5


def run(
    file: File,
    define: Define = None,
    which: Which = None,
    units: Units = None,
    as_json: Json = False,
) -> None:
    """Print who is sampled how, in which order."""
    model = load(file, define, name=which)
    text = str(model.plan)
    print(json.dumps({"model": model.name, "text": text}) if as_json else text)

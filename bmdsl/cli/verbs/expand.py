"""`bm expand FILE`: `layers` and `bias` written out."""

from __future__ import annotations

import json

from ..options import LOOK, File, Json

PLACE = LOOK, 3


def run(file: File, as_json: Json = False) -> None:
    """Print a file with its sugar (`layers`, `bias`) written out."""
    from ...tasks.expand import expanded

    text = expanded(file)
    print(json.dumps({"file": file, "text": text}) + "\n" if as_json else text, end="")

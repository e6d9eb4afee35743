"""`bm data`: the named data sets."""

from __future__ import annotations

import json

from ..options import KNOWN, Json

PLACE = KNOWN, 2


def run(as_json: Json = False) -> None:
    """List the named data sets."""
    from ...data.load import names

    known = names()
    if as_json:
        print(json.dumps([{"name": name, "summary": summary} for name, summary in known.items()]))
        return
    for name, summary in known.items():
        print(f"{name:{max(map(len, known))}}  {summary}")

"""`bm units`: the unit types."""

from __future__ import annotations

import json

from ..options import KNOWN, Json, Units

PLACE = KNOWN, 1


def run(own: Units = None, as_json: Json = False) -> None:
    """List the unit types with their domains."""
    from ... import units

    known = [units.get(name) for name in units.names()]
    if as_json:
        print(json.dumps([{"name": u.name, "domain": u.domain, "summary": u.summary, "options": [o.name for o in u.options]} for u in known]))
        return
    shown = [u.name + (f"({', '.join(o.name for o in u.options)})" if u.options else "") for u in known]
    width, domains = max(map(len, shown)), max(len(u.domain) for u in known)
    for text, u in zip(shown, known, strict=True):
        print(f"{text:{width}}  {u.domain:{domains}}  {u.summary}")

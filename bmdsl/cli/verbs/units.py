"""`bm units`: the unit types."""

from __future__ import annotations


def run() -> None:
    """List the unit types with their domains."""
    from ... import units

    for name in units.names():
        unit = units.get(name)
        print(f"{name:12} {unit.domain:18} {unit.summary}")

"""`bm plan FILE`: who is sampled how, in which order."""

from __future__ import annotations

from ..options import LOOK, Define, File, Units, Which, load

PLACE = LOOK, 5


def run(file: File, define: Define = None, which: Which = None, units: Units = None) -> None:
    """Print who is sampled how, in which order."""
    print(load(file, define, name=which).plan)

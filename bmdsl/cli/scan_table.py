"""The table that `bm sample --scan` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

MIXED = 1.05
"""The split R-hat of the energy from which on chains are said to disagree."""


def show_scan(
    source: str,
    define: Mapping[str, float],
    seed: int | None,
    text: str,
    run: tuple[int, int, int],
    how: tuple[str, str],
    out: Path | None,
    as_json: bool,
    observables: tuple[str, ...] = (),
) -> None:
    """The table of a scan, `run` its chains, sweeps and burn-in."""
    from ..tasks.scan import axis_of
    from ..tasks.scan import scan as scanned

    told = False if as_json else None
    found = scanned(source, define, seed, axis_of(text), *run, how, out, told, observables)
    if as_json:
        points = [
            {found.axis.name: p.at, "rhat": p.rhat}
            | {n: {"value": x.value, "error": x.error} for n, x in p.figures.items()}
            for p in found.points
        ]
        curve = str(found.curve_path) if found.curve_path else None
        files = {"out": str(found.path), "picture": str(found.picture), "curve": curve}
        print(json.dumps(files | {"points": points}))
        return
    names = [n for n in found.points[0].figures if "[" not in n]  # one of many stands in the file
    print(f"{found.axis.name:>10}" + "".join(f"  {n.replace('_', ' '):>22}" for n in names))
    for p in found.points:
        cells = (f"{p.figures[n].value:.5g} ± {p.figures[n].error:.2g}" for n in names)
        print(f"{p.at:>10.5g}" + "".join(f"  {c:>22}" for c in cells))
    slow = [f"{p.at:.5g}" for p in found.points if p.rhat > MIXED]
    if slow:
        print(
            f"\nR̂ of the energy is above {MIXED} at {found.axis.name} = {', '.join(slow)}: chains"
            " disagree, more --steps"
        )
    if found.axis.thermal and found.curve is None:
        print("\nneighbouring values share too few energies for a curve between them: more values")
    written = (found.path, found.curve_path, found.picture)
    print("\n" + "\n".join(str(p) for p in written if p is not None))

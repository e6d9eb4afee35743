"""Inverse temperatures: a schedule to anneal along, a ladder of replicas, and where both begin and
end if nobody says.
"""

from __future__ import annotations

import numpy as np

from ..language.diagnostics import fail
from ..runtime.domain import ends, span
from ..runtime.program import TAKES, Array, Fields, Program

KINDS = ("geometric", "linear")


def ladder(start: float, stop: float, count: int, kind: str = "geometric") -> Array:
    """`count` inverse temperatures from `start` to `stop`, both included: a constant ratio or a
    constant step apart.

    BmError BM814 for a kind that is none, or ends that a ladder cannot have.
    """
    if kind not in KINDS:
        raise fail(
            "BM814", f"there is no schedule `{kind}`", help=f"schedules are {', '.join(KINDS)}"
        )
    if not (np.isfinite([start, stop]).all() and min(start, stop) >= 0) or (
        kind == "geometric" and min(start, stop) == 0
    ):
        raise fail(
            "BM814",
            f"inverse temperatures from {start:g} to {stop:g} are no {kind} schedule",
            help="both must be above 0" if kind == "geometric" else "both must be at least 0",
        )
    if count < 1:
        raise fail(
            "BM814", f"a schedule of {count} inverse temperatures has no step", help="at least 1"
        )
    return (
        np.geomspace(start, stop, count) if kind == "geometric" else np.linspace(start, stop, count)
    )


def default_range(program: Program, f: Fields) -> tuple[float, float]:
    """(hot, cold): at hot the strongest field still flips every other time, at cold the weakest
    coupling holds ninety-nine times in a hundred.

    hot = log 2 / max ΔE and cold = log 100 / min ΔE, ΔE bounded by a unit's couplings and its range
    of values.
    """
    program.verify_takes(TAKES, "a ladder of temperatures")
    most, least = 0.0, np.inf
    reach = {
        g.name: max((abs(x) for x in ends(g) if np.isfinite(x)), default=1.0)
        for g in program.plan.groups
    }
    for g in program.plan.groups:
        if g.role == "given":
            continue
        seen = [(t, arrays) for t, arrays in f.terms if g.name in t.groups]
        parts = [t.strength(arrays, g.name, reach) for t, arrays in seen]
        total = sum((sizes for sizes, _ in parts), np.zeros(g.size))
        smallest = min((x for _, x in parts), default=np.inf)
        most = max(most, span(g) * float(total.max(initial=0.0)))
        least = min(least, span(g) * smallest)
    if most == 0 or not np.isfinite(least):
        return 1.0, 1.0
    return float(np.log(2) / most), float(max(np.log(100) / least, np.log(2) / most))

"""The ends of a unit's domain and the width of its base measure, found from its type alone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..units.interface import FAR, UnitType
from .plan import GroupPlan


def ends(g: GroupPlan) -> tuple[float, float]:
    """The least and the largest value of a unit; ±inf where there is none."""
    return _ends(g.unit, g.arguments)  # type: ignore[arg-type]  # a type is hashable


@lru_cache(1 << 10)
def _ends(unit: type[UnitType], arguments: tuple[float, ...]) -> tuple[float, float]:
    return unit.ends(*arguments)


def is_real(g: GroupPlan) -> bool:
    """Whether a group's units are real numbers without bounds, of a mean and a width of
    their own.
    """
    return bool(g.square and not np.isfinite(ends(g)).any())


def base_precision(g: GroupPlan) -> float:
    """λ of a base measure exp(−λx²/2), read off far out."""
    return float(-2 * g.unit.log_base(FAR, *g.arguments) / FAR**2)

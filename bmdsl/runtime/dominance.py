"""Large lattices of units without bounds whose precisions are above the sums of their couplings: a
distribution, proved without a list of couplings.
"""

from __future__ import annotations

import numpy as np

from .growth import Growth
from .meeting_units import MAX_DENSE, Finding
from .program import Fields
from .terms.listed import BoundListed


def dominant(growth: Growth, f: Fields) -> Finding | None:
    """A finding for all units of a large lattice at once: λ_i > Σ_j |Q_ij| for each of them, so
    that every eigenvalue of Q is at least the least difference (Gershgorin). None where that says
    nothing.
    """
    program = growth.program
    if growth.real.sum() <= MAX_DENSE or growth.curved or not _pairs(growth):
        return None
    found = next(((t, x) for t, x in f.couplings if isinstance(t, BoundListed)), None)
    if found is None or found[0].listing.stencils is None:
        return None
    least = np.inf
    for name in growth.reals:
        first = growth.offset[name]
        own = slice(first, first + program.sizes[name])
        rest = growth.precision[own] - found[0].listing.stencils.strength(found[1][0], name)[0]
        if name in f.bias2:
            rest -= 2 * np.asarray(f.bias2[name], np.float64).reshape(-1)
        least = min(least, float(rest.min(initial=np.inf)))
    if not least > 0:
        return None
    return Finding(np.flatnonzero(growth.real), "proper", least)


def _pairs(growth: Growth) -> bool:
    """Whether all terms are listed, and those of two units without bounds or more are pairs."""
    plan = growth.program.plan
    for t in plan.listed:
        units = plan.model.terms[t].units
        real = sum(u.power for u in units if u.group in growth.reals)
        if real > 2 or (real == 2 and len(units) > 2):
            return False
    return plan.all_listed

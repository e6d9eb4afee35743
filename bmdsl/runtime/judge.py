"""Whether an energy leaves a distribution, set of units by set of units: proved, disproved by a ray
along which it falls, or open.

Units without bounds that meet form a set. Its addends of degree 3 and more that are at least 0
everywhere are left out. What is left is

* of degree 2: ½ xᵀQ(s)x, a precision matrix for every state s of the bounded units, which must be
  positive for all of them;
* of a degree that experts outgrow in every direction: nothing to fear. Where they leave directions,
  Q must be positive in these;
* more than that: a ray is looked for, and where none is found, the chains are watched.
"""

from __future__ import annotations

import numpy as np

from .addends import Addends, Rows
from .dominance import dominant
from .growth import CLEARLY, Growth
from .meeting_units import SLACK, Finding, MeetingUnits
from .pair_bounds import pair_bounds
from .program import Array, Fields


def judge(growth: Growth, f: Fields) -> list[Finding]:
    """A finding for every set of units without bounds that these parameters make meet, or whose
    precision they change.
    """
    at_once = dominant(growth, f)
    if at_once is not None:
        return [at_once]
    addends, experts = growth.addends(f), growth.experts(f)
    flat = np.flatnonzero(growth.real & (growth.degree <= 1 + CLEARLY) & (growth.degree > 0))
    out = [Finding(flat, "open")] if len(flat) else []
    labels = _sets(growth, addends, experts)
    real = growth.real[addends.places]
    first = np.where(real, addends.places, growth.one).min(1)
    own = labels[first]
    touched = {int(labels[np.flatnonzero(row)[0]]) for e in experts for row in e.matrix}
    alone = (
        np.bincount(labels[growth.real[:]], minlength=labels.max() + 1)
        if growth.real.any()
        else np.zeros(1)
    )
    singles = (alone[own] == 1) & (growth.real_degree(addends) == 2) & ~np.isin(own, list(touched))
    out += _singles(growth, addends.picked(singles))
    for label in np.unique([*own[~singles], *touched]).astype(int):
        columns = np.flatnonzero((labels == label) & growth.real)
        rows = [r for e in experts if (r := _touching(e, columns)) is not None]
        out.append(MeetingUnits(growth, columns, addends.picked(own == label), rows).finding())
    return out


def _sets(growth: Growth, addends: Addends, experts: list[Rows]) -> Array:
    """A number for every column; columns of one set of units that meet have the same."""
    from scipy.sparse import coo_matrix  # wanted of models that may leave no distribution
    from scipy.sparse.csgraph import connected_components

    n = growth.one + 1
    real = growth.real[addends.places]
    first = np.where(real, addends.places, growth.one).min(1)
    ends = [
        (np.where(real[:, m], addends.places[:, m], first), first)
        for m in range(addends.places.shape[1])
    ]
    for e in experts:
        for row in e.matrix:
            inside = np.flatnonzero(row)
            ends.append((inside, np.full(len(inside), inside[0])))
    a = np.concatenate([x for x, _ in ends]) if ends else np.zeros(0, int)
    b = np.concatenate([x for _, x in ends]) if ends else np.zeros(0, int)
    labels: Array = connected_components(
        coo_matrix((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False
    )[1]
    return labels


def _touching(e: Rows, columns: Array) -> Rows | None:
    which = (e.matrix[:, columns] != 0).any(1)
    return (
        Rows(e.degree, e.matrix[which], e.up[which], e.down[which], e.term) if which.any() else None
    )


def _singles(growth: Growth, addends: Addends) -> list[Finding]:
    """Units whose precision is changed, and which meet no other: all at once where bounds say
    enough.
    """
    if not len(addends.values):
        return []
    bounds = pair_bounds(growth, addends)
    precision = growth.precision[bounds.first] + 2 * bounds.low
    good = precision > 0
    slack = float(SLACK * precision[good].min(initial=np.inf)) if good.any() else 0.0
    out = [Finding(bounds.first[good], "proper", slack)] if good.any() else []
    for k in np.flatnonzero(~good):
        column, own = (
            int(bounds.first[k]),
            addends.picked((addends.places == bounds.first[k]).any(1)),
        )
        if bounds.attained[k]:
            term = own.terms[int(np.argmin(growth.interval(own)[0]))]
            out.append(
                Finding(np.array([column]), "improper", value=float(precision[k]), term=int(term))
            )
        else:
            out.append(MeetingUnits(growth, np.array([column]), own, []).finding())
    return out

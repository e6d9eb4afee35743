"""The parts of a module for a group whose units act on one another: swept unit after unit, chain by
chain, with fields kept up to date.
"""

from __future__ import annotations

from ..kernels.cells import places_of_ramps, spread_of
from ..plan.identifiers import scalar
from ..plan.plan import GroupPlan
from .emit_listed import CELLS, INCIDENCE, KEY
from .emit_terms import define
from .inline import body_of


def emit_meeting(g: GroupPlan, kind: str, mean: bool, by_cells: bool = False) -> str:
    """One update of a group unit after unit: fields are kept, and a change costs as much as the
    unit has couplings.

    With `mean`, one pass of mean field instead of a draw: each unit's mean from the means of the
    others. `by_cells`: couplings follow from where a unit stands in a lattice, not from lists.
    """
    states = "states" if g.states is not None else "1"
    eta = ["eta", *(["eta2"] if g.square else []), *(["states"] if g.states is not None else [])]
    takes = [
        *eta,
        "beta",
        *(["S"] if g.lateral else []),
        *(["X", "offset", *(CELLS if by_cells else INCIDENCE)] if g.woven else []),
        "seen",
        *([] if mean else [*KEY, "first"]),
        "out",
    ]
    arguments = "".join(f", F({a!r})" for a in g.arguments)
    name = scalar(g.unit.name, "mean" if mean else "sample")
    own = "X[r, offset + p + s]" if g.woven else "out[r, p + s]"
    uniform = "" if mean else ", u[q]"
    if g.states is not None:
        update = [
            "for s in range(states):",
            "    field[s] = beta[r] * eta[r, p + s]",
            f"{name}(field{uniform}, new{arguments})",
        ]
    else:
        fields = "F(beta[r] * eta[r, p])" + (", F(beta[r] * eta2[r, p])" if g.square else "")
        update = [f"new[0] = {name}({fields}{uniform}{arguments})"]
    draw = [
        "        u = np.empty(64 * tiles, F)",
        "        for t in range(tiles):",
        f"            fill_uniforms({', '.join(KEY)}, first + r, t, u[64 * t : 64 * t + 64])",
    ]
    body = [
        "    masked = seen.shape[0] > 0",
        f"    units = eta.shape[1] // {states}",
        "    tiles = (units + 63) // 64",
        "    for r in prange(eta.shape[0]):",
        *([] if mean else draw),
        f"        new = np.empty({states}, F)",
        *(["        field = np.empty(states, F)"] if g.states is not None else []),
        *(["        at = np.zeros(ramps.shape[0], np.int64)"] if by_cells else []),
        "        for q in range(units):",
        *("            " + line for line in (body_of(places_of_ramps) if by_cells else [])),
        f"            p = q * {states}",
        "            if masked and not math.isnan(seen[r, p]):",
        f"                new[:] = seen[r, p : p + {states}]",
        "            else:",
        *("                " + line for line in update),
        f"            for s in range({states}):",
        f"                delta = new[s] - {own}",
        "                if delta != 0.0:",
        *("                    " + line for line in (_in_cells(g) if by_cells else _spread(g))),
        f"                    {own} = new[s]",
        *(["        out[r] = X[r, offset : offset + eta.shape[1]]"] if g.woven else []),
    ]
    verb, what = ("settle", "Means of one pass of mean field") if mean else ("draw", "Draws")
    doc = f"{what}, unit after unit; eta [row, column] holds their fields and is kept up to date."
    return define(f"{kind}_{verb}{'_of_cells' * by_cells}", takes, doc, body, "parallel")


def _in_cells(g: GroupPlan) -> list[str]:
    """Lines that tell the other fields of the group of a change `delta` in column s of unit q."""
    one = [] if g.states is not None else ["states = 1"]
    return [*one, *body_of(spread_of)]


def _spread(g: GroupPlan) -> list[str]:
    """Lines that tell the other fields of the group of a change `delta` in column p + s."""
    dense = (
        ["for d in range(eta.shape[1]):", "    eta[r, d] += delta * S[p + s, d]"]
        if g.lateral
        else []
    )
    if not g.woven:
        return dense
    return [
        *dense,
        "for e in range(start[p + s], start[p + s + 1]):",
        "    d = other[e] - offset",
        "    if 0 <= d < eta.shape[1]:",
        "        eta[r, d] += delta * value[e]",
        "for e in range(more[p + s], more[p + s + 1]):",
        "    for o in range(more_start[e], more_start[e + 1]):",
        "        d = more_other[o] - offset",
        "        if 0 <= d < eta.shape[1]:",
        "            w = delta * more_value[e]",
        "            for m in range(more_start[e], more_start[e + 1]):",
        "                if m != o:",
        "                    w *= X[r, more_other[m]]",
        "            eta[r, d] += w",
    ]

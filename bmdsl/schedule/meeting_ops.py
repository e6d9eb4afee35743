"""Kinds of op for groups whose units act on one another: draws unit after unit, means, sweeps of
many chains.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..plan.plan import GroupPlan, Plan
from .ops import Kind, Takes, reads, updates, whole
from .unit_ops import unbound

INCIDENCE: dict[str, Takes] = {
    "start": reads(1, "i8"),
    "other": reads(1, "i4"),
    "value": reads(1),
    "more": reads(1, "i8"),
    "more_value": reads(1),
    "more_start": reads(1, "i8"),
    "more_other": reads(1, "i4"),
}
"""A group's couplings, unit after unit, as `listed_ops` has them."""
SITES = {
    "unit": "i4",
    "near": "i4",
    "value": "F",
    "start": "i8",
    "middle": "i8",
    "first": "i8",
    "count": "i8",
    "begin": "i8",
}
"""The units of a lattice in tiles of 64: tile t has the first `count[t]` of unit[64t], …, and as
many couplings each. Those of state s of K are start[K t + s], …, start[K t + s + 1] − 1, up to
middle[K t + s] with one other unit; of coupling e, unit 64t + q has value[64e + q], and its other
units are the columns near[64i + q] for i from first[e] to first[e + 1] − 1. Colour c is the tiles
begin[c], …, begin[c + 1] − 1.
"""
SITE_ARRAYS = {n: reads(1, number) for n, number in SITES.items()}
KEY = ("seed", "stream", "update", "step")


def meets(g: GroupPlan) -> bool:
    """Whether products couple a group's units with one another, so that they are drawn one after
    another.
    """
    return g.lateral or g.woven


def draw_kind(
    plan: Plan,
    g: GroupPlan,
    means: bool = False,
    couplings: Mapping[str, Takes] = INCIDENCE,
    where: str = "",
) -> Kind:
    """Draws of a group unit after unit, its fields kept up to date, whose couplings these arguments
    say; with `means` one pass of mean field.
    """
    arguments: dict[str, Takes] = {"eta": updates()}
    if g.states is not None:
        arguments["states"] = whole()
    elif g.square:
        arguments["eta2"] = reads()
    arguments["beta"] = reads(1)
    if g.lateral:
        arguments["S"] = reads()
    if g.woven:
        arguments |= {"X": updates(), "offset": whole(), **couplings}
    arguments["seen"] = reads()
    if not means:
        arguments |= {n: whole() for n in (*KEY, "first")}
    arguments["out"] = updates()
    name = plan.functions[f"{'settle' if means else 'draw'}{where}", g.name]
    return Kind(
        name, tuple(arguments.items()), f"{g.name} unit after unit", unbound(name), origin="module"
    )


def sites_kind(
    plan: Plan,
    g: GroupPlan,
    couplings: Mapping[str, Takes] = SITE_ARRAYS,
    function: str = "sites",
    where: str = "",
) -> Kind:
    """Updates of a group in few chains, colour after colour, 64 units at a time, in an array
    [chain, column] of all listed groups, whose couplings these arguments say.
    """
    arguments: dict[str, Takes] = {"X": updates(), "offset": whole(), "base": reads(1)}
    if g.square:
        arguments["base2"] = reads(1)
    if g.states is not None:
        arguments["states"] = whole()
    arguments |= {"beta": reads(1), **couplings, "seen": reads()}
    arguments |= {n: whole() for n in (*KEY, "steps", "first_chain")}
    what = f"{g.name}{where}, 64 units at a time"
    name = plan.functions[function, g.name]
    return Kind(name, tuple(arguments.items()), what, unbound(name), origin="module")


def sweep_kind(
    plan: Plan,
    g: GroupPlan,
    couplings: Mapping[str, Takes] = INCIDENCE,
    function: str = "sweep",
    where: str = "",
) -> Kind:
    """Updates of a group in all chains, colour after colour, in an array [column, chain] of all
    listed groups, whose couplings these arguments say.
    """
    arguments: dict[str, Takes] = {"X": updates(), "offset": whole(), "base": reads(1)}
    if g.square:
        arguments["base2"] = reads(1)
    if g.states is not None:
        arguments["states"] = whole()
    arguments |= {"beta": reads(1), "order": reads(1, "i8"), "classes": reads(1, "i8")}
    arguments |= {**couplings, "seen": reads()}
    arguments |= {n: whole() for n in (*KEY, "steps", "first_chain")}
    name = plan.functions[function, g.name]
    what = f"{g.name} in all chains{where}"
    return Kind(name, tuple(arguments.items()), what, unbound(name), origin="module")

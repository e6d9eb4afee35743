"""Kinds of op that a unit type gives: means, second moments, log-partitions and draws
from fields.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..plan.plan import GroupPlan, Plan
from .ops import Kind, Takes, reads, real, updates, whole, writes

VERBS = ("mean", "mean_square", "draw", "log_partition", "variance", "log_base", "base_slope")


def unit_kind(plan: Plan, g: GroupPlan, verb: str) -> Kind:
    """The kind of op that carries a verb out for all units of a group.

    Its compiled form is the generated module's.
    """
    arguments: dict[str, Takes]
    if verb in ("log_base", "base_slope"):
        name, formula = plan.functions[verb, g.name], f"{verb} of {g.name}"
        out, letter = (writes(1, "f8"), "r") if verb == "log_base" else (writes(), "rj")
        arguments = {"x": reads(), "out": out}
        takes = tuple(arguments.items())
        return Kind(name, takes, formula, unbound(name), ("rj", letter), origin="module")
    arguments = {"eta": reads()}
    if g.states is None and g.square:
        arguments["eta2"] = reads()
    if g.states is not None:
        arguments["states"] = whole()
    if verb == "draw":
        arguments["seen"] = reads()
        arguments |= {n: whole() for n in ("seed", "stream", "update", "step", "first")}
    arguments["out"] = writes(1, "f8") if verb == "log_partition" else writes()
    name = plan.functions[verb, g.name]
    letters = {
        "eta": "rj",
        "eta2": "rj",
        "seen": "sk",
        "out": "r" if verb == "log_partition" else "rj",
    }
    indices = tuple(letters[n] for n in arguments if n in letters)
    formula = f"{verb} of {g.name}"
    return Kind(name, tuple(arguments.items()), formula, unbound(name), indices, origin="module")


def between_kind(plan: Plan, g: GroupPlan, verb: str) -> Kind:
    """The kind of op of a group at fields between their own and those of its base distribution:
    `draw_between`, or `add_change` of its log-partitions.
    """
    square = g.states is None and g.square
    arguments: dict[str, Takes] = {"eta": reads()}
    if square:
        arguments["eta2"] = reads()
    if g.states is not None:
        arguments["states"] = whole()
    arguments |= {n: reads() for n in (("base", "base2") if square else ("base",))}
    if verb == "draw_between":
        arguments["beta"] = real()
        arguments |= {n: whole() for n in ("seed", "stream", "update", "step", "first")}
    else:
        arguments |= {"low": real(), "high": real()}
    arguments["out"] = writes() if verb == "draw_between" else updates(1, "f8")
    letters = {"eta": "rj", "eta2": "rj", "base": "oj", "base2": "oj"}
    letters["out"] = "rj" if verb == "draw_between" else "r"
    indices = tuple(letters[n] for n in arguments if n in letters)
    name = plan.functions[verb, g.name]
    formula = f"{verb} of {g.name}"
    return Kind(name, tuple(arguments.items()), formula, unbound(name), indices, origin="module")


def unbound(name: str) -> Callable[..., None]:
    """A function that says that nothing is bound to this name yet."""

    def missing(*operands: np.ndarray) -> None:
        raise RuntimeError(
            f"`{name}` is bound to the functions of a generated module before it is used"
        )

    return missing

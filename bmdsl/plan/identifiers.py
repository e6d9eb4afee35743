"""A model's words as words of Python: no two become one, and none meets a word of Python's or of
the module's own.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .plan import Plan

Key = tuple[Any, ...]
"""What a function of a generated module is for: `("mean", "h")`, `("bias", "h", 1)`, `("couple",
(("v", 1), ("h", 1)))`, `("values", 3)`.
"""
PARTS = (
    "log_partition",
    "peak",
    "rest",
    "mean",
    "variance",
    "sample",
    "sample_block",
    "log_base",
    "base_slope",
    "mean_square",
)
"""Functions of a unit type that a module copies."""
VERBS = (
    "log_partition",
    "mean",
    "variance",
    "log_base",
    "base_slope",
    "mean_square",
    "draw",
    "draw_between",
    "add_change",
    "settle",
    "sweep",
    "sites",
    "sweep_of_cells",
    "sites_of_cells",
    "draw_of_cells",
    "settle_of_cells",
)
"""Functions of a group that its kind of units determines."""
HEAD = (
    "math",
    "np",
    "numba",
    "COMPILE",
    "_compiled",
    "F",
    "prange",
    "kernel",
    "fused",
    "parallel",
    "summing",
    "fill_uniforms",
)
RESERVED = frozenset((*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *HEAD))
"""Words that no function of a module may be called by."""


def identifier(name: str) -> str:
    """A word of a model in ASCII, to be used behind a prefix: letters, digits and `_` stay, any
    other character is `_u<hexadecimal>_`.

    Injective, so that it can be read back: an `_` of the word's own that would begin such a
    sequence is written as one, `_u5f_`. Python takes words that Unicode calls compatible, as `ﬁ`
    and `fi`, for one; these are kept apart too.
    """
    return re.sub(r"_(?=u[0-9a-f])|[^A-Za-z0-9_]", lambda found: f"_u{ord(found[0]):x}_", name)


def letter(name: str) -> str:
    """A summed letter's variable."""
    return f"i_{identifier(name)}"


def parameter_variable(name: str) -> str:
    """A parameter's variable.

    The prefix keeps a user's `n` or `out` apart from the module's own.
    """
    return f"p_{identifier(name)}"


def gradient_variable(name: str) -> str:
    """The variable of a parameter's gradient."""
    return f"d_{identifier(name)}"


def edges_variable(name: str) -> str:
    """The variable of a graph's edges."""
    return f"edges_{identifier(name)}"


def scalar(unit: str, part: str) -> str:
    """A unit type's function in a module: `binary_mean`."""
    return f"{identifier(unit)}_{part}"


def scalars_of(plan: Plan) -> frozenset[str]:
    """Names that the unit types' functions have in a plan's module."""
    return frozenset(scalar(g.unit.name, part) for g in plan.groups for part in PARTS)


def function_names(plan: Plan) -> dict[Key, str]:
    """Every function of a plan's own module: what it is for → its name, no two alike.

    Names are joined words, as `couple_v_h`. Where two would be one (groups `v`, `a_b` and `v_a`,
    `b`), the later one is numbered.
    """
    out: dict[Key, str] = {}
    taken = set(RESERVED | scalars_of(plan))
    for key, words in _wanted(plan):
        name = first = "_".join(words)
        number = 2
        while name in taken:
            name, number = f"{first}_{number}", number + 1
        taken.add(name)
        out[key] = name
    return out


def _wanted(plan: Plan) -> Iterator[tuple[Key, list[str]]]:
    """The keys in an order that is the plan's own, each with the words that its name is joined
    from.
    """
    yield ("constant",), ["constant"]
    yield ("collect",), ["collect", "constant"]
    for number in plan.listed:
        for verb in ("count", "places", "values", "alike", "collect", "collect_alike"):
            yield (verb, number), [verb, str(number)]
    for g in plan.groups:
        for power in (1, 2):
            for verb in ("bias", "collect"):
                yield (verb, g.name, power), [verb, identifier(g.name), str(power)]
    pairs = [
        *(c.key for c in plan.couplings),
        *(((g.name, 1), (g.name, 1)) for g in plan.groups if g.lateral),
    ]
    for pair in pairs:
        for verb in ("couple", "collect"):
            yield (
                (verb, pair),
                [verb, *(identifier(n) + (str(power) if power != 1 else "") for n, power in pair)],
            )
    for g in plan.groups:
        for verb in VERBS:
            yield (verb, g.name), [verb, identifier(g.name)]

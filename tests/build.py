"""Small models made by hand, so that a test of a later stage does not depend on the parser."""

from __future__ import annotations

from typing import Any

import numpy as np

from bmdsl import units
from bmdsl.emit.build import build_module
from bmdsl.emit.emit import emit_module
from bmdsl.graph.factor_graph import build_factor_graph
from bmdsl.inference.machine import Machine
from bmdsl.language.model import (
    Condition,
    Group,
    Initial,
    Letter,
    Model,
    Parameter,
    ParameterFactor,
    Subscript,
    Term,
    UnitFactor,
)
from bmdsl.plan.building import build_plan
from bmdsl.runtime.program import Program


def subscripts(text: str) -> tuple[Subscript, ...]:
    return tuple(Subscript(((x, 1),)) for x in text)


def group(
    name: str, role: Any, shape: tuple[int, ...], unit: str = "binary", **options: float
) -> Group:
    return Group(
        name,
        role,
        shape,
        unit,
        tuple(options.items()),
        int(options["K"]) if "K" in options else None,
    )


def term(
    parameters: list[tuple[str, str]],
    factors: list[tuple[str, str] | tuple[str, str, int]],
    lengths: dict[str, int],
    conditions: tuple[Condition, ...] = (),
    coefficient: float = -1.0,
) -> Term:
    names = {x for _, s in parameters for x in s} | {x for f in factors for x in f[1]}
    return Term(
        coefficient,
        tuple(ParameterFactor(p, subscripts(s)) for p, s in parameters),
        tuple(UnitFactor(f[0], subscripts(f[1]), *f[2:]) for f in factors),
        tuple(Letter(x, lengths[x]) for x in sorted(names)),
        conditions,
    )


def model(
    name: str,
    groups: list[Group],
    parameters: dict[str, tuple[int, ...]],
    terms: list[Term],
    symmetric: tuple[str, ...] = (),
) -> Model:
    made = tuple(
        Parameter(p, s, Initial("normal", (0.0, 0.5)), symmetric=p in symmetric)
        for p, s in parameters.items()
    )
    return Model(name, (), tuple(groups), made, tuple(terms))


def machine(m: Model, jit: bool = False, dtype: str = "float64", seed: int = 1) -> Machine:
    plan = build_plan(build_factor_graph(m), {g.unit: units.get(g.unit) for g in m.groups})
    source, lengths = emit_module(plan, jit, dtype)
    return Machine(m, Program(plan, build_module(source, jit), lengths, np.dtype(dtype)), seed)


LESS = (Condition("less", "i", "j"),)


def rbm() -> Model:
    n = {"i": 4, "j": 3}
    return model(
        "rbm",
        [group("v", "visible", (4,)), group("h", "hidden", (3,))],
        {"W": (4, 3), "b": (4,), "c": (3,)},
        [
            term([("b", "i")], [("v", "i")], n),
            term([("c", "j")], [("h", "j")], n),
            term([("W", "ij")], [("v", "i"), ("h", "j")], n),
        ],
    )


def spin_rbm() -> Model:
    n = {"i": 3, "j": 3}
    return model(
        "spin_rbm",
        [group("v", "visible", (3,), "spin"), group("h", "hidden", (3,), "spin")],
        {"W": (3, 3), "b": (3,)},
        [
            term([("b", "i")], [("v", "i")], n),
            term([("W", "ji")], [("v", "i"), ("h", "j")], n, coefficient=-0.5),
        ],
    )


def potts_rbm() -> Model:
    n = {"i": 2, "a": 3, "j": 3}
    return model(
        "potts_rbm",
        [group("s", "visible", (2,), "categorical", K=3), group("h", "hidden", (3,))],
        {"W": (2, 3, 3), "b": (2, 3), "c": (3,)},
        [
            term([("b", "ia")], [("s", "ia")], n),
            term([("c", "j")], [("h", "j")], n),
            term([("W", "iaj")], [("s", "ia"), ("h", "j")], n),
        ],
    )


def dbm() -> Model:
    n = {"i": 3, "j": 3, "k": 2}
    return model(
        "dbm",
        [
            group("v", "visible", (3,)),
            group("h1", "hidden", (3,)),
            group("h2", "hidden", (2,), "binomial", N=2),
        ],
        {"W": (3, 3), "V": (3, 2), "b": (3,), "c": (3,), "d": (2,)},
        [
            term([("b", "i")], [("v", "i")], n),
            term([("c", "j")], [("h1", "j")], n),
            term([("d", "k")], [("h2", "k")], n),
            term([("W", "ij")], [("v", "i"), ("h1", "j")], n),
            term([("V", "jk")], [("h1", "j"), ("h2", "k")], n),
        ],
    )


def bm() -> Model:
    n = {"i": 4, "j": 4}
    h = {"i": 3, "j": 3}
    x = {"i": 4, "j": 3}
    return model(
        "bm",
        [group("v", "visible", (4,)), group("h", "hidden", (3,))],
        {"U": (4, 4), "V": (3, 3), "W": (4, 3), "b": (4,), "d": (3,)},
        [
            term([("U", "ij")], [("v", "i"), ("v", "j")], n, LESS),
            term([("V", "ij")], [("h", "i"), ("h", "j")], h, LESS),
            term([("W", "ij")], [("v", "i"), ("h", "j")], x),
            term([("b", "i")], [("v", "i")], x),
            term([("d", "j")], [("h", "j")], x),
        ],
        symmetric=("U", "V"),
    )


def potts() -> Model:
    n = {"i": 3, "j": 3, "a": 2, "b": 2}
    return model(
        "potts",
        [group("s", "visible", (3,), "categorical", K=2)],
        {"J": (3, 2, 3, 2), "f": (3, 2)},
        [
            term([("f", "ia")], [("s", "ia")], n),
            term([("J", "iajb")], [("s", "ia"), ("s", "jb")], n, LESS),
        ],
    )


def self_pairs() -> Model:
    n = {"i": 3, "j": 3}
    return model(
        "self_pairs",
        [group("v", "visible", (3,)), group("s", "hidden", (3,), "spin")],
        {"U": (3, 3), "V": (3, 3), "g": ()},
        [
            term([("U", "ij")], [("v", "i"), ("v", "j")], n),
            term([("V", "ij")], [("s", "i"), ("s", "j")], n),
            term([("g", "")], [("v", "i"), ("s", "i")], n),
        ],
    )


def gbrbm() -> Model:
    n = {"i": 2, "j": 3}
    return model(
        "gbrbm",
        [group("v", "visible", (2,), "gaussian", sigma=0.8), group("h", "hidden", (3,))],
        {"W": (2, 3), "b": (2,), "c": (3,), "q": ()},
        [
            term([("b", "i")], [("v", "i")], n),
            term([("c", "j")], [("h", "j")], n),
            term([("W", "ij")], [("v", "i"), ("h", "j")], n),
            term([("q", "")], [("v", "i", 2)], n, coefficient=-0.1),
        ],
    )


ALL = (rbm, spin_rbm, potts_rbm, dbm, bm, potts, self_pairs, gbrbm)

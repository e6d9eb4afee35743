"""The generated source: deterministic, pinned for one model, free of sizes and of the user's words
where they could bite.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bmdsl import units
from bmdsl.emit.emit import emit_module
from bmdsl.graph.factor_graph import build_factor_graph
from bmdsl.plan.building import build_plan
from tests.build import ALL, group, model, rbm, term

GOLDEN = Path(__file__).parents[1] / "golden" / "good" / "rbm_by_hand.txt"


def emitted(m):  # type: ignore[no-untyped-def]
    return emit_module(
        build_plan(build_factor_graph(m), {g.unit: units.get(g.unit) for g in m.groups})
    )


def test_generated_source_of_an_rbm_is_pinned():
    assert emitted(rbm())[0] == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("make", ALL, ids=lambda f: f.__name__)
def test_generated_source_is_deterministic(make):  # type: ignore[no-untyped-def]
    assert emitted(make()) == emitted(make())


def test_another_size_gives_the_same_source():
    def sized(d, h):  # type: ignore[no-untyped-def]
        n = {"i": d, "j": h}
        return model(
            "m",
            [group("v", "visible", (d,)), group("h", "hidden", (h,))],
            {"W": (d, h)},
            [term([("W", "ij")], [("v", "i"), ("h", "j")], n)],
        )

    assert emitted(sized(4, 3))[0] == emitted(sized(784, 500))[0]


def test_parameters_may_be_named_like_the_modules_own_variables():
    import numpy as np

    from tests.build import machine

    n = {"i": 2, "j": 2}
    m = model(
        "m",
        [group("out", "visible", (2,)), group("eta", "hidden", (2,))],
        {"k": (2, 2), "n": (2,), "scale": (2,)},
        [
            term([("k", "ij")], [("out", "i"), ("eta", "j")], n, coefficient=-2.0),
            term([("n", "i")], [("out", "i")], n),
            term([("scale", "j")], [("eta", "j")], n),
        ],
    )
    assert np.isfinite(machine(m).log_partition())

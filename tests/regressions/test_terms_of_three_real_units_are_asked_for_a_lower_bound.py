"""`- 0.1 x y z` of three Gaussians was sampled and given a log Z; a spike-and-slab machine ran to
1e190.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from tests.stats import verify_mean

THREE = (
    "model m { visible x : gaussian  visible y : gaussian  visible z : gaussian  energy = - 0.1 x"
    " y z }"
)
SLAB = (
    "model m { visible v : gaussian  hidden h : binary  hidden s : gaussian  energy = - 3 v s h }"
)
USES: dict[str, Callable[[bmdsl.Machine], object]] = {
    "sample": lambda m: m.sample(10, steps=5),
    "ais": lambda m: m.log_partition("ais", chains=10, steps=10),
    "free energy": lambda m: m.free_energy(**{n: np.array([3.0]) for n in m.visible}),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("text", [THREE, SLAB])
def test_it_is_refused_with_a_way_down(text: str, use: str) -> None:
    m = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    with pytest.raises(BmError) as caught:
        USES[use](m)
    shown = str(caught.value)
    assert "BM813" in shown and "it falls as -" in shown, shown


def test_the_state_that_lets_it_fall_is_named() -> None:
    with pytest.raises(BmError) as caught:
        bmdsl.parse(SLAB).compile(dtype="float64", backend="reference").sample(2)
    assert "eigenvalue -2" in str(caught.value) and "with h = 1" in str(caught.value), str(
        caught.value
    )


def test_a_weaker_slab_is_sampled() -> None:
    m = bmdsl.parse(SLAB.replace("- 3 v", "- 0.6 v")).compile(
        dtype="float64", backend="reference", seed=1
    )
    drawn = m.sample(3000, steps=15)
    p = 1 / (1 + 1 / np.sqrt(1 - 0.36))  # of h = 0: Z given h = 1 is 2 pi / sqrt(1 - w^2)
    verify_mean(drawn["h"], 1 - p)
    verify_mean((drawn["v"] * drawn["s"])[drawn["h"] == 1], 0.6 / 0.64)

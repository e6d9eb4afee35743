"""Optimizers and schedules against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl.language.model import Choice
from bmdsl.registry import discover

OPTIMIZERS = discover("bmdsl.training.optimizers")
SCHEDULES = discover("bmdsl.training.schedules")


def two_steps(choice: Choice, gradients=(1.0, -2.0)) -> float:
    params = {"W": np.zeros(2, np.float64), "s": np.zeros((), np.float64)}
    module = OPTIMIZERS[choice.name]
    state = module.start(params, choice)
    for g in gradients:
        module.step(params, {n: np.full_like(x, g) for n, x in params.items()}, state, choice, 1.0)
    assert params["W"][0] == params["W"][1] == params["s"]
    return float(params["s"])


@pytest.mark.parametrize(
    ("momentum", "nesterov", "expected"),
    [
        (0.0, False, 0.1 - 0.2),
        (0.5, False, 0.1 + (0.05 - 0.2)),
        # u1 = 0.1, u2 = -0.15; steps are 0.5 u + 0.1 g: 0.05 + 0.1 and -0.075 - 0.2
        (0.5, True, 0.15 - 0.275),
    ],
)
def test_sgd(momentum, nesterov, expected):
    choice = Choice("sgd", (("rate", 0.1), ("momentum", momentum), ("nesterov", nesterov)))
    assert two_steps(choice) == pytest.approx(expected)


def test_adam():
    choice = Choice("adam", (("rate", 0.1), ("beta1", 0.9), ("beta2", 0.99), ("epsilon", 0.0)))
    # step 1 is the rate; then m = 0.09 - 0.2 = -0.11 over 0.19, v = 0.0099 + 0.04 = 0.0499 over
    # 0.0199
    assert two_steps(choice) == pytest.approx(0.1 + 0.1 * (-0.11 / 0.19) / (0.0499 / 0.0199) ** 0.5)


def test_rmsprop():
    choice = Choice("rmsprop", (("rate", 0.1), ("decay", 0.9), ("epsilon", 0.0)))
    # s = 0.1, then 0.09 + 0.4
    assert two_steps(choice) == pytest.approx(0.1 / 0.1**0.5 - 0.2 / 0.49**0.5)


@pytest.mark.parametrize("name", ["sgd", "adam", "rmsprop"])
def test_float32_stays(name):
    module = OPTIMIZERS[name]
    choice = Choice(name, tuple((o.name, o.default) for o in module.WORD.options))
    params = {"W": np.zeros(3, np.float32)}
    state = module.start(params, choice)
    module.step(params, {"W": np.ones(3, np.float32)}, state, choice, 0.5)
    assert params["W"].dtype == np.float32 and (params["W"] > 0).all()


@pytest.mark.parametrize(
    ("choice", "values"),
    [
        (Choice("constant"), (1, 1, 1)),
        (Choice("linear", (("to", 0.5),)), (1, 0.75, 0.5)),
        (Choice("cosine", (("to", 0.2),)), (1, 0.6, 0.2)),
        (Choice("inverse", (("tau", 5.0),)), (1, 0.5, 1 / 3)),
    ],
)
def test_schedules(choice, values):
    assert [SCHEDULES[choice.name].factor(choice, t, 10) for t in (0, 5, 10)] == pytest.approx(
        values
    )

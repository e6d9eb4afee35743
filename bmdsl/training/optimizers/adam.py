"""Adam (Kingma & Ba 2015): θ ← θ + ε m̂ / (√v̂ + δ), with m, v moving averages of g, g² and m̂, v̂
corrected for their start at 0.
"""

from __future__ import annotations

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...schedule.builder import Gradient
from ...schedule.values import Number
from ..composing import Composer
from ..composing import trained as trained_of
from ..machine_protocol import Array, Sums

WORD = Word(
    "adam",
    (
        Option("rate", "number", 1e-3, low=0, open_low=True),
        Option("beta1", "number", 0.9, low=0, high=1, open_high=True),
        Option("beta2", "number", 0.999, low=0, high=1, open_high=True),
        Option("epsilon", "number", 1e-8, low=0, open_low=True),
    ),
    summary="steps scaled by moving averages of the gradient and its square",
)

CLEARS = True


def start(params: dict[str, Array], choice: Choice) -> dict[str, Array]:
    """Both averages at zero, and the number of steps taken."""
    state = {
        f"{kind}.{name}": np.zeros_like(x)
        for kind in ("mean", "square")
        for name, x in params.items()
    }
    return {**state, "steps": np.zeros(1, np.int64)}


def step(
    params: dict[str, Array],
    gradient: dict[str, Array],
    state: dict[str, Array],
    choice: Choice,
    factor: float,
) -> Sums:
    """One step up the gradient, in place; (Σ g², Σ θ²) of every parameter."""
    from ...kernels import steps

    state["steps"] += 1
    count = int(state["steps"][0])
    beta1, beta2 = float(choice["beta1"]), float(choice["beta2"])
    rate = float(choice["rate"]) * factor / (1 - beta1**count)
    sums = {}
    for name, x in params.items():
        real = x.dtype.type
        arrays = (x, gradient[name], state[f"mean.{name}"], state[f"square.{name}"])
        numbers = (rate, 1 - beta1, 1 - beta2, 1 - beta2**count, float(choice["epsilon"]))
        sums[name] = steps.adam(*(a.reshape(-1) for a in arrays), *(real(n) for n in numbers))
    return sums


def compose(c: Composer, choice: Choice, gradient: Gradient, rate: Number) -> None:
    """One step of every trained parameter."""
    count = c.word("steps_taken", (1,), number="i8", key=("optimizer", "steps"))
    c.b.do("count_up", count)
    for name in trained_of(c.b.plan):
        theta = c.b.params[name]
        averages = [
            c.word(f"{kind}_{name}", theta.shape, key=("optimizer", f"{kind}.{name}"))
            for kind in ("mean", "square")
        ]
        numbers = (rate, *(c.b.literal(choice, n) for n in ("beta1", "beta2", "epsilon")))
        c.b.do("step_adam", theta, gradient[name], *averages, count, *numbers, c.sums(name))

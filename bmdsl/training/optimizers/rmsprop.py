"""RMSprop (Tieleman & Hinton 2012, lecture 6.5): s ← ρ s + (1 − ρ) g², θ ← θ + ε g / (√s + δ)."""

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
    "rmsprop",
    (
        Option("rate", "number", 1e-3, low=0, open_low=True),
        Option("decay", "number", 0.9, low=0, high=1),
        Option("epsilon", "number", 1e-8, low=0),
    ),
    summary="steps scaled by a moving average of the squared gradient",
)

CLEARS = True


def start(params: dict[str, Array], choice: Choice) -> dict[str, Array]:
    """The average of g² at zero."""
    return {f"square.{name}": np.zeros_like(x) for name, x in params.items()}


def step(
    params: dict[str, Array],
    gradient: dict[str, Array],
    state: dict[str, Array],
    choice: Choice,
    factor: float,
) -> Sums:
    """One step up the gradient, in place; (Σ g², Σ θ²) of every parameter."""
    from ...kernels import steps

    numbers = (float(choice["rate"]) * factor, 1 - float(choice["decay"]), float(choice["epsilon"]))
    return {
        name: steps.rmsprop(
            x.reshape(-1),
            gradient[name].reshape(-1),
            state[f"square.{name}"].reshape(-1),
            *(x.dtype.type(n) for n in numbers),
        )
        for name, x in params.items()
    }


def compose(c: Composer, choice: Choice, gradient: Gradient, rate: Number) -> None:
    """One step of every trained parameter."""
    for name in trained_of(c.b.plan):
        theta = c.b.params[name]
        average = c.word(f"square_{name}", theta.shape, key=("optimizer", f"square.{name}"))
        numbers = (rate, *(c.b.literal(choice, n) for n in ("decay", "epsilon")))
        c.b.do("step_rmsprop", theta, gradient[name], average, *numbers, c.sums(name))

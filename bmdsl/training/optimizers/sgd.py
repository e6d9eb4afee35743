"""Gradient ascent with momentum: u ← μ u + ε g, θ ← θ + u (Polyak 1964).

With `nesterov`, θ ← θ + μ u + ε g, the look-ahead form of Sutskever et al. 2013.
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
    "sgd",
    (
        Option("rate", "number", 0.05, low=0, open_low=True),
        Option("momentum", "number", 0.0, low=0, high=1),
        Option("nesterov", "boolean", False),
    ),
    summary="gradient ascent with momentum",
)

CLEARS = True


def start(params: dict[str, Array], choice: Choice) -> dict[str, Array]:
    """A velocity for each parameter."""
    return (
        {f"velocity.{name}": np.zeros_like(x) for name, x in params.items()}
        if choice["momentum"]
        else {}
    )


def step(
    params: dict[str, Array],
    gradient: dict[str, Array],
    state: dict[str, Array],
    choice: Choice,
    factor: float,
) -> Sums:
    """One step up the gradient, in place; (Σ g², Σ θ²) of every parameter.

    `factor` is the schedule's.
    """
    from ...kernels import steps

    sums = {}
    for name, x in params.items():
        real = x.dtype.type
        velocity = (
            state[f"velocity.{name}"].reshape(-1) if choice["momentum"] else np.empty(0, x.dtype)
        )
        rate = real(float(choice["rate"]) * factor)
        sums[name] = steps.sgd(
            x.reshape(-1),
            gradient[name].reshape(-1),
            velocity,
            rate,
            real(choice["momentum"]),
            bool(choice["nesterov"]),
        )
    return sums


def compose(c: Composer, choice: Choice, gradient: Gradient, rate: Number) -> None:
    """One step of every trained parameter."""
    for name in trained_of(c.b.plan):
        theta = c.b.params[name]
        shape = theta.shape if choice["momentum"] else (0, 0)
        key = ("optimizer", f"velocity.{name}") if choice["momentum"] else ("nothing",)
        velocity = c.word(f"u_{name}", shape, key=key)
        numbers = (rate, c.b.literal(choice, "momentum"), int(bool(choice["nesterov"])))
        c.b.do("step_sgd", theta, gradient[name], velocity, *numbers, c.sums(name))

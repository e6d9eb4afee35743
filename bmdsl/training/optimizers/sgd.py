"""Gradient ascent with momentum: u ← μ u + ε g, θ ← θ + u (Polyak 1964).

With `nesterov`, θ ← θ + μ u + ε g, the look-ahead form of Sutskever et al. 2013.
"""

from __future__ import annotations

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Option, Word
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
    return {f"velocity.{name}": np.zeros_like(x) for name, x in params.items()} if choice["momentum"] else {}


def step(params: dict[str, Array], gradient: dict[str, Array], state: dict[str, Array], choice: Choice, factor: float) -> Sums:
    """One step up the gradient, in place; (Σ g², Σ θ²) of every parameter. `factor` is the schedule's."""
    from ...kernels import steps

    sums = {}
    for name, x in params.items():
        real = x.dtype.type
        velocity = state[f"velocity.{name}"].reshape(-1) if choice["momentum"] else np.empty(0, x.dtype)
        rate = real(float(choice["rate"]) * factor)
        sums[name] = steps.sgd(x.reshape(-1), gradient[name].reshape(-1), velocity, rate, real(choice["momentum"]), bool(choice["nesterov"]))
    return sums

"""Gradient ascent with momentum: u ← μ u + ε g, θ ← θ + u (Polyak 1964).

With `nesterov`, θ ← θ + μ u + ε g, the look-ahead form of Sutskever et al. 2013.
"""

from __future__ import annotations

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ..machine_protocol import Array

WORD = Word(
    "sgd",
    (
        Option("rate", "number", 0.05, low=0, open_low=True),
        Option("momentum", "number", 0.0, low=0, high=1),
        Option("nesterov", "boolean", False),
    ),
    summary="gradient ascent with momentum",
)


def start(params: dict[str, Array], choice: Choice) -> dict[str, Array]:
    """A velocity for each parameter."""
    return {f"velocity.{name}": np.zeros_like(x) for name, x in params.items()} if choice["momentum"] else {}


def step(params: dict[str, Array], gradient: dict[str, Array], state: dict[str, Array], choice: Choice, factor: float) -> None:
    """One step up the gradient, in place. `factor` is the schedule's."""
    rate, momentum = float(choice["rate"]) * factor, float(choice["momentum"])
    for name, x in params.items():
        move = x.dtype.type(rate) * gradient[name]
        if momentum:
            velocity = state[f"velocity.{name}"]
            velocity *= x.dtype.type(momentum)
            velocity += move
            move = move + x.dtype.type(momentum) * velocity if choice["nesterov"] else velocity
        x += move

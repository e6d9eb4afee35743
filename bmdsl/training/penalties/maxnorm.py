"""Max-norm constraint (Srebro & Shraibman 2005): after a step, columns (all axes but the last)
longer than `norm` are scaled back.
"""

from __future__ import annotations

import numpy as np

from ...interactions.moments import folded
from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...schedule.builder import Gradient, Phase
from ...schedule.group_arrays import product_of
from ...schedule.values import Array, Folded, Number
from ..composing import Composer
from ..machine_protocol import Machine
from ..modifiers import trained

WORD = Word(
    "maxnorm",
    (
        Option("parameter", "parameter", required=True),
        Option("norm", "number", required=True, low=0, open_low=True),
    ),
    summary="columns no longer than a bound",
    repeated=True,
)


def project(machine: Machine, choice: Choice) -> None:
    """w_j ← w_j · min(1, norm / |w_j|).

    A parameter of one axis is one column; a fixed one stays as it is.
    """
    w = trained(machine).get(str(choice["parameter"]))
    if w is None:
        return
    axes = tuple(range(w.ndim - 1)) if w.ndim > 1 else None
    length = np.sqrt((w.astype(np.float64) ** 2).sum(axis=axes, keepdims=w.ndim > 0))
    bound = float(choice["norm"])
    w *= np.where(length > bound, bound / np.maximum(length, bound), 1.0).astype(w.dtype)


def compose(c: Composer, choice: Choice, gradient: Gradient, positive: Phase, place: int) -> None:
    """The gradient stays as it is."""


def compose_projection(c: Composer, choice: Choice) -> None:
    """w_j ← w_j · min(1, norm / |w_j|); a fixed parameter stays as it is."""
    name = str(choice["parameter"])
    parameter = c.b.plan.model.parameter(name)
    if parameter.fixed:
        return
    w, shape = c.b.params[name], parameter.shape
    if len(shape) > 1:
        columns: Array = folded(c.b, w, product_of(shape[-1:]))
    else:
        columns = Folded(w, Number("1"))
    c.b.do("clip_columns", columns, float(choice["norm"]))

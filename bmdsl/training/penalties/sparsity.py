"""Sparse activity: pushes the mean activation q_j of the positive phase to `target` through the biases.

g_b ← g_b + rate (target − q): the cross-entropy penalty's gradient in the units' inputs (Hinton 2010, A practical guide, section 11),
on the biases alone (Lee, Ekanadham & Ng 2008).
"""

from __future__ import annotations

from ...language.diagnostics import fail
from ...language.model import Choice
from ...language.structure import bias_of
from ...language.vocabulary import Option, Word
from ..batch import Expectation
from ..machine_protocol import Array, Machine

WORD = Word(
    "sparsity",
    (
        Option("group", "group", required=True),
        Option("target", "number", required=True, low=0, high=1),
        Option("rate", "number", 0.01, low=0),
    ),
    summary="mean activation near a target",
    repeated=True,
)


def add_gradient(machine: Machine, choice: Choice, gradient: dict[str, Array], positive: Expectation) -> None:
    """Adds the push to the group's bias. BmError where the group has none."""
    group = str(choice["group"])
    bias = bias_of(machine.model, group)
    if bias is None:
        raise fail("BM759", f"`sparsity({group})` works on the biases of `{group}`, which has none", choice.span,
                   help=f"add `bias {group}`")  # fmt: skip
    g = gradient[bias.parameter]
    push = float(choice["rate"]) * bias.scale * (float(choice["target"]) - positive.mean(group))
    g += push.reshape(g.shape).astype(g.dtype)

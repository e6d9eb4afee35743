"""Sparse activity: pushes the mean activation q_j of the positive phase to `target` through the
biases.

g_b ← g_b + rate (target − q): the cross-entropy penalty's gradient in the units' inputs (Hinton
2010, A practical guide, section 11), on the biases alone (Lee, Ekanadham & Ng 2008). A bias that
the units of a feature map share gets the sum of their pushes, as it gets the sum of their
gradients.
"""

from __future__ import annotations

import numpy as np

from ...language.diagnostics import BmError, fail
from ...language.model import Choice
from ...language.structure import shared_bias_of
from ...language.vocabulary import Option, Word
from ...schedule.builder import Gradient, Phase
from ...schedule.values import Folded
from ..batch import Expectation
from ..composing import Composer
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


def add_gradient(
    machine: Machine, choice: Choice, gradient: dict[str, Array], positive: Expectation
) -> None:
    """Adds the push to the group's bias. BmError where the group has none."""
    group = str(choice["group"])
    bias = shared_bias_of(machine.model, group)
    if bias is None:
        raise _without_bias(choice, group)
    g = gradient[bias.parameter]
    axes = tuple(int(a) for a in machine.model.group(group).axes)
    push = (
        float(choice["rate"])
        * bias.scale
        * (float(choice["target"]) - positive.mean(group).reshape(axes))
    )
    g += np.einsum(f"{bias.letters[0]}->{bias.letters[1]}", push).astype(g.dtype)


def _without_bias(choice: Choice, group: str) -> BmError:
    """What is wrong if a group has no biases."""
    return fail(
        "BM759",
        f"`sparsity({group})` works on the biases of `{group}`, which has none of its own",
        choice.span,
        help=f"add `bias {group}`, or one that sites share: `- b[k] {group}[k,x,y]`",
    )


def compose(c: Composer, choice: Choice, gradient: Gradient, positive: Phase, place: int) -> None:
    """Adds the push to the group's bias."""
    group = str(choice["group"])
    bias = shared_bias_of(c.b.plan.model, group)
    if bias is None:
        raise _without_bias(choice, group)
    rate, target = float(choice["rate"]) * bias.scale, float(choice["target"])
    weights, x, g = c.row_weights(positive), positive.rows[group], gradient[bias.parameter]
    units, entries = bias.letters
    if units == entries:
        c.b.do("add_push", x, weights, rate, target, g)
        return
    axes = dict(zip(units, c.b.plan.axes(group), strict=True))
    lengths = [axes[q] for q in entries]
    entry = np.arange(int(np.prod(lengths))).reshape(lengths)
    turned = np.einsum(f"{entries}->{''.join(sorted(entries, key=units.index))}", entry)
    spread = turned.reshape([axes[q] if q in entries else 1 for q in units])
    places = np.broadcast_to(spread, list(axes.values())).reshape(-1)
    owners = c.b.constant(f"entries_of_{group}", places)
    c.b.do("add_shared_push", x, weights, rate, target, owners, Folded(g))

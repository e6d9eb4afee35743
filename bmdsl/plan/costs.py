"""What a plan costs: parameters, memory and floating-point operations of one update, counted before
anything is allocated.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from math import prod

from ..language.diagnostics import fail
from ..language.model import Training
from .plan import Plan
from .planned_term import UpdateSize

SHARE = 0.8
"""Of the machine's memory, what a model may take unless told otherwise."""


COPIES = 4
"""Arrays of every parameter's shape: itself, its gradient, and at most two that an optimizer keeps.
"""


@dataclass(frozen=True)
class Costs:
    """Counts for one update at the train block's batch size and number of chains."""

    parameters: int
    itemsize: int
    weights: int
    """Bytes of parameters, gradient and optimizer state."""
    couplings: int
    """Bytes of matrices built from parameters, and of the moments their gradients come from."""
    states: int
    """Bytes of minibatch and chains with their fields and means."""
    operations: int
    """Floating-point operations of the matrix products, two for a multiplication and addition."""

    @property
    def bytes(self) -> int:
        return self.weights + self.couplings + self.states

    def lines(self) -> list[str]:
        """As `bm explain` prints them."""
        parts = (
            f"parameters, gradient and optimizer {_size(self.weights)}, couplings"
            f" {_size(self.couplings)}, states {_size(self.states)}"
        )
        return [
            f"parameters  {self.parameters:,}",
            f"memory      {_size(self.bytes)} ({parts})",
            f"operations  {count_text(self.operations)}FLOP an update",
        ]


def count_costs(plan: Plan, training: Training, itemsize: int = 4) -> Costs:
    """Costs of a plan whose sizes are all bound."""
    sizes = {g.name: g.size for g in plan.groups}
    parameters = sum(prod(int(n) for n in p.shape) for p in plan.model.parameters)
    options = dict(training.negative.options)
    whole = {n: int(options.get(n, 1)) for n in ("replicas", "steps")}  # type: ignore[call-overload]  # whole numbers
    chains, steps = int(options.get("chains", training.batch)), whole["steps"]  # type: ignore[call-overload]  # a whole number
    rows = training.batch + chains * whole["replicas"]
    update = UpdateSize(training.batch, chains, steps, itemsize)
    parts = [x.cost(plan, update) for x in plan.interactions]
    between = max((x.between for x in parts), default=0)
    return Costs(
        parameters,
        itemsize,
        parameters * COPIES * itemsize,
        sum(x.bytes for x in parts),
        sum(sizes.values()) * 3 * rows * itemsize + 3 * between * itemsize,
        sum(x.operations for x in parts),
    )


def memory_limit() -> int | None:
    """Bytes a model may take: a share of the machine's memory; None where the system does not say
    how much it has.
    """
    try:
        return int(SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return None


def refuse_too_large(
    plan: Plan, training: Training, itemsize: int, limit: int | None = None
) -> None:
    """BmError BM830 where the counted memory is above `limit` bytes (None: the machine's own
    limit). A model without parameters has no updates: one chain is counted.
    """
    if not plan.model.parameters:
        training = replace(training, batch=1)
    costs = count_costs(plan, training, itemsize)
    bound = memory_limit() if limit is None else limit
    if bound is not None and costs.bytes > bound:
        raise fail(
            "BM830",
            f"model `{plan.model.name}` needs {_size(costs.bytes)}, the limit is {_size(bound)}",
            help="make it smaller, or raise the limit with `--memory-limit`",
            note="; ".join(" ".join(x.split()) for x in costs.lines()),
        )


def _size(count: int) -> str:
    return f"{count_text(count)}B"


def count_text(count: float) -> str:
    """A count with a metric prefix."""
    for prefix in ("", "k", "M", "G"):
        if count < 1000:
            return f"{count:.3g} {prefix}"
        count /= 1000
    return f"{count:,.3g} T"

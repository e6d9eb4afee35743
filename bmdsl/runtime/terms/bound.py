"""A plan's terms bound to its sizes: the one place that knows which kinds there are."""

from __future__ import annotations

from collections.abc import Iterator

from ...plan.term_kinds import Kind
from ..experts import BoundExpert
from ..listing import Listing
from ..module_calls import ModuleCalls
from .bias import BoundBias
from .contracted import BoundContracted
from .convolved import BoundConvolved
from .dense import BoundDense
from .expert import ExpertTerm
from .interface import BoundTerm
from .lateral import BoundLateral
from .listed import BoundListed
from .tensor import BoundThreeWay

TAKES = frozenset({Kind.CONSTANT, Kind.BASE}).union(
    *(
        x.KINDS
        for x in (
            BoundBias,
            BoundLateral,
            BoundDense,
            BoundListed,
            BoundThreeWay,
            BoundContracted,
            BoundConvolved,
            ExpertTerm,
        )
    )
)
"""What energies, gradients and draws account for; fields too, but of units that experts see."""


def biases(calls: ModuleCalls) -> tuple[BoundBias, ...]:
    """The biases of every group."""
    return tuple(BoundBias(calls, g) for g in calls.plan.groups)


def couplings(
    calls: ModuleCalls, listing: Listing | None, experts: tuple[BoundExpert, ...]
) -> Iterator[BoundTerm]:
    """All other terms. Generated functions take a group's couplings within it in this order.

    Convolutions have kernels of their own where numba compiles.
    """
    plan = calls.plan
    yield from (BoundDense(calls, c) for c in plan.couplings)
    yield from (BoundLateral(calls, g) for g in plan.groups if g.lateral)
    if listing is not None:
        yield BoundListed(calls, listing)
    yield from (BoundThreeWay(calls, t) for t in plan.tensors)
    for c in plan.contractions:
        unrolled = calls.plain or not c.is_convolution
        yield BoundContracted(calls, c) if unrolled else BoundConvolved(calls, c)
    yield from (ExpertTerm(calls, e) for e in experts)

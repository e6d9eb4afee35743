"""Weighted moments of rows, as ops."""

from __future__ import annotations

from ..schedule.builder import Builder, Phase
from ..schedule.values import Array, Content, Folded, Number, Value


def times(factor: float, share: Number) -> Number:
    """factor · share, as text."""
    if factor == 1.0:
        return share
    return Number(f"-{share}") if factor == -1.0 else Number(f"{factor!r} * {share}")


def add_pair_moment(
    b: Builder, phase: Phase, x: Array, y: Array, out: Value, factor: float
) -> None:
    """out += factor · ⟨x ⊗ y⟩."""
    scale = times(factor, phase.share)
    if phase.weights is not None:
        weighed = b.shared(f"weighed_{y}", Content.MEANS, y_shape(y))
        b.do("weigh_rows", y, phase.weights, weighed)
        y = weighed
    if x.content is Content.STATES and x.levels is not None:
        b.do("add_moment_of_states", x, x.levels[0], y, scale, out)
    else:
        b.do("add_moment", x, y, scale, out)


def weighed(b: Builder, phase: Phase, x: Array) -> Array:
    """x times the weights of its rows, if these are not all the same."""
    if phase.weights is None:
        return x
    out = b.shared(f"weighed_{x}", Content.MEANS, y_shape(x))
    b.do("weigh_rows", x, phase.weights, out)
    return out


def folded(b: Builder, x: Value, columns: int | str) -> Array:
    """An array as a matrix of so many columns."""
    return x if x.shape[-1] == columns else Folded(x, b.length(f"n_{x}", columns))


def y_shape(y: Array) -> tuple[int | str, ...]:
    """The shape of an array operand."""
    return y.shape if isinstance(y, Value) else y.value.shape[1:]


def add_row_moment(b: Builder, phase: Phase, x: Value, out: Value, factor: float) -> None:
    """out += factor · ⟨x⟩, a row."""
    scale = times(factor, phase.share)
    if phase.weights is not None:
        b.do("add_weighted_sum", x, phase.weights, scale, out)
    else:
        b.do("add_sum", x, scale, out)

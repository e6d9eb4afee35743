"""Conditional means of independent groups as ops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..builder import Builder, Phase
from ..values import Content, Value, View

if TYPE_CHECKING:
    from .terms import Terms


def temper(b: Builder, group: str, eta: Value, beta: Value | View | None) -> None:
    """Every row's fields times its inverse temperature."""
    if beta is not None:
        for part in b.field_parts(group, eta):
            b.do("weigh_rows", part, beta, part)


def conditional_means(
    b: Builder,
    terms: Terms,
    groups: Iterable[str],
    phase: Phase,
    rows: int | str,
    word: str = "data",
    beta: Value | View | None = None,
) -> Phase:
    """The phase with the means of independent groups, each given all that the phase has.

    `beta` multiplies the fields of every row.
    """
    means, squares, fields = dict(phase.rows), dict(phase.squares), dict(phase.fields)
    for name in groups:
        fields[name] = eta = terms.field(b, name, phase, rows)
        temper(b, name, eta, beta)
        means[name] = m = b.mean_of(name, rows, f"m_{name}_{word}")
        b.mean(name, eta, m)
        if b.group(name).square:
            squares[name] = s = b.shared(f"s2_{name}_{word}", Content.MEANS, m.shape)
            b.mean_square(name, eta, s)
    return replace(phase, rows=means, squares=squares, fields=fields)

"""Constants against the precision that a machine is made in."""

from __future__ import annotations

from collections.abc import Iterator

from .diagnostics import fail
from .model import Model
from .shapes import nested
from .source import Span

MAX_OF = {"float32": 3.4028234e38, "float64": 1e300}
"""Largest number of each precision; text holds none past 1e300."""


def verify_magnitudes(model: Model, dtype: str) -> None:
    """Verifies that every constant of the model is finite in this precision.

    Raises BM406 for a coefficient, or a number that a parameter starts from, that is infinite.
    """
    for value, span in _constants(model):
        if abs(value) > MAX_OF[dtype]:
            raise fail(
                "BM406",
                f"{value:g} is infinite in {dtype}",
                span,
                help='a number below 3.4e38, or `dtype="float64"`',
            )


def _constants(model: Model) -> Iterator[tuple[float, Span | None]]:
    for term in model.terms:
        for part, _ in nested(term):
            yield part.coefficient, part.span
    for p in model.parameters:
        yield from ((x, p.span) for x in p.init.arguments if isinstance(x, int | float))

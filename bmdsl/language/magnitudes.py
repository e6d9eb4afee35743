"""Constants against the precision that a machine is made in."""

from __future__ import annotations

from collections.abc import Iterator

from .diagnostics import fail
from .model import Model
from .shapes import nested
from .source import Span

MAX_OF = {"float32": 3.4028234e38, "float64": 1e300}
"""Largest number of each precision; text holds none past 1e300."""
RANGE_OF = {"float32": (1e-18, 1e18), "float64": (1e-150, 1e150)}
"""Numbers of a unit type, as a width, whose squares and one over them are finite and not 0."""


def verify_magnitudes(model: Model, dtype: str) -> None:
    """Verifies that every constant of the model is finite in this precision.

    Raises BM406 for a coefficient, or a number that a parameter starts from, that is infinite.
    """
    least, most = RANGE_OF[dtype]
    for g in model.groups:
        for name, x in g.options:
            if isinstance(x, float) and x and not least <= abs(x) <= most:
                raise fail(
                    "BM406",
                    f"`{name} = {x:g}` of `{g.name}` has a square, or one over it, that {dtype}"
                    " cannot hold",
                    g.span,
                    help=f"a number from {least:g} to {most:g}, by another unit of measurement",
                )
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

"""The arrays of records of chains that are bits: energies and counts of odd products."""

from __future__ import annotations

from ..builder import Builder
from ..values import Content, Life, Value
from .bit_sweeps import BITS, form_array
from .pairs import RECORDS

TALLIES = {"products": (1, "i4"), "runs": (2, "i8"), "classed": (1, "i8")}
"""Axes and numbers of the arrays that say which products are counted."""
ITEMS = {"run": "i8", "run_weight": "f8", "item": "i8", "item_near": "i4", "item_both": "i4"}
"""Numbers of the arrays that say what energies are made of, in the order of `sum_bit_terms`."""


def tallies_of(b: Builder) -> list[Value]:
    """Which products are counted."""
    return [form_array(b, n, axes, number) for n, (axes, number) in TALLIES.items()]


def counts_of(b: Builder) -> Value:
    """Counts of odd products, of every record [classes, chains]."""
    shape, source = (RECORDS, -1, -1), (BITS, "counts")
    return b.value("counts", Content.CONSTANT, shape, Life.KEPT, number="i8", source=source)


def energies_of(b: Builder) -> Value:
    """−E of the chains, a row for every record."""
    shape, source = (RECORDS, -1), (BITS, "energies")
    return b.value("energies", Content.FIGURE, shape, Life.KEPT, number="f8", source=source)

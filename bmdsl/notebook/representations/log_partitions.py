"""Estimates of log Z(x) for many given values: their mean, spread, and what speaks against them."""

from __future__ import annotations

from ...inference.conditional_partition import LogPartitions
from ...language.vocabulary import Word
from ...markup.fragments import heading, rows, verdict

WORD = Word("LogPartitions", summary="log Z of every given value, in short")


def html(found: LogPartitions) -> str:
    """Means over the cases by side, and the least and largest value."""
    value = found.value
    table = [("AIS", *(f"{x:.2f}" for x in found.mean(found.forward)))]
    if found.reverse is not None:
        table.append(("reverse AIS", *(f"{x:.2f}" for x in found.mean(found.reverse))))
    doubt = found.doubt
    return (
        heading(
            f"log Z(x) of {len(value):,} cases",
            f"{value.min():.2f} to {value.max():.2f} nats, {len(found.forward.value):,} distinct"
            f" values of x, {found.chains:,} chains each",
        )
        + rows(table, ("side", "mean in nats", "standard error"))
        + verdict(doubt or "nothing speaks against it", not doubt)
    )

"""An estimate of log Z: both sides with their errors, and what speaks against it."""

from __future__ import annotations

from ...inference.importance import LogPartition, Side
from ...language.vocabulary import Word
from ...markup.fragments import heading, rows, verdict

WORD = Word("LogPartition", summary="both sides of AIS with errors")


def html(found: LogPartition) -> str:
    """A row a side: value, standard error, 95 % interval, effective chains."""

    def row(name: str, side: Side) -> tuple[str, ...]:
        low, high = side.interval
        return (
            name,
            f"{side.value:.2f}",
            f"{side.std_error:.2f}",
            f"{low:.2f} … {high:.2f}",
            f"{side.effective:,.0f} of {found.chains:,}",
        )

    sides = [row("AIS (too low on average)", found.forward)]
    if found.reverse is not None:
        sides.append(row("reverse AIS (too high)", found.reverse))
    doubt = found.doubt
    said = verdict(doubt or "nothing speaks against it", not doubt)
    return (
        heading(
            f"log Z = {found.value:.2f} ± {found.std_error:.2f} nats",
            f"{found.chains:,} chains, {len(found.betas) - 1:,} temperatures",
        )
        + rows(sides, ("side", "nats", "standard error", "95 %", "effective chains"))
        + said
    )

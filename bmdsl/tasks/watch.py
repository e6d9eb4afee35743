"""A run seen while it trains: its figures as they are written, as lines of small bars in the
terminal.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..language.printable import printable
from ..runs.run_folder import read_facts, read_metrics

STOPPED = ("patience", "callback", "interrupted", "failed")
"""How a training ends before its last update."""
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40
FIRST = (
    "log_likelihood",
    "bound",
    "pseudo_likelihood",
    "validation",
    "reconstruction_error",
    "free_energy_gap",
)


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Values as bars from lowest to highest, the last `width` means of equal stretches."""
    if not values:
        return ""
    count = min(width, len(values))
    edges = [round(k * len(values) / count) for k in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    low, high = min(means), max(means)
    step = (high - low) / (len(BARS) - 1) or 1.0
    return "".join(BARS[round((x - low) / step)] for x in means)


def lines(
    metrics: Sequence[Mapping[str, Any]], total: int | None, stopped: str | None
) -> list[str]:
    """What a look shows: where the run is, what the monitors say, every figure with its course."""
    if not metrics:
        return ["no epoch is finished yet"]
    last = metrics[-1]
    where = (
        f"epoch {last['epoch']}, update {last['update']:,}"
        + (f" of {total:,}" if total else "")
        + f", {last['seconds']:.0f} s"
    )
    if stopped in (None, "") and total and last["update"] < total:
        where += f", about {last['seconds'] * (total - last['update']) / last['update']:.0f} s left"
    names = dict.fromkeys(
        n
        for m in metrics
        for n, x in m.items()
        if isinstance(x, int | float) and n not in ("epoch", "update", "seconds")
    )
    order = [n for n in FIRST if n in names] + [n for n in names if n not in FIRST]
    width = max(len(n) for n in order)
    rows = []
    for name in order:
        values = [float(m[name]) for m in metrics if name in m]
        rows.append(
            f"{name.replace('_', ' '):{width}}  {sparkline(values):{WIDTH}}  {values[-1]:.5g}"
        )
    return [where, str(last.get("health", "")), "", *rows]


def look(folder: Path) -> tuple[list[str], bool]:
    """The lines of a run as it stands, and whether it is done."""
    metrics = read_metrics(folder)
    facts = read_facts(folder)
    total = facts.get("total")
    done = (
        bool(metrics)
        and total is not None
        and (metrics[-1]["update"] >= total or facts.get("stopped") in STOPPED)
    )
    return lines(metrics, total, "done" if done else None), done


def watch(folder: Path, every: float = 2.0) -> None:
    """Shows the run until it is done or the reader leaves with Ctrl-C; one look where there is no
    terminal.
    """
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    def drawn(lines: Sequence[str]) -> Text:
        return Text(printable("\n".join(lines)))

    console = Console(highlight=False)
    shown, done = look(folder)
    if done or not console.is_terminal:
        console.print(drawn(shown))
        return
    with Live(drawn(shown), console=console, auto_refresh=False) as live:
        while not done:
            time.sleep(every)
            shown, done = look(folder)
            live.update(drawn(shown), refresh=True)

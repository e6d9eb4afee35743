"""How far a training has come, in a notebook: one output that is drawn anew twice a second, with a
bar, the time left, what monitors say, and a small curve a figure.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..markup.fragments import escape
from ..markup.svg_curves import Panel, panels
from .time_words import duration

PAUSE = 0.5
"""Seconds between two drawings."""
MAX_POINTS = 200
"""Points of a curve that are kept: past them every second one is dropped."""


class NotebookProgress:
    """`display` is IPython's: called once, its handle's `update` draws anew."""

    def __init__(self, total: int, display: Any, words: str = "") -> None:
        self.total, self.begun, self.due = total, time.monotonic(), 0.0
        self.curves: dict[str, list[tuple[float, float]]] = {}
        self.every, self.calls = 1, 0
        self.last: tuple[int, Mapping[str, float], str] = (0, {}, words)
        self.handle = display(_Html(self.html(*self.last)), display_id=True)

    def __call__(self, done: int, figures: Mapping[str, float], words: str = "") -> None:
        self.last = done, dict(figures), words
        if self.calls % self.every == 0:
            for name, x in figures.items():
                self.curves.setdefault(name, []).append((done, float(x)))
            if any(len(points) > MAX_POINTS for points in self.curves.values()):
                self.curves = {n: points[::2] for n, points in self.curves.items()}
                self.every *= 2
        self.calls += 1
        now = time.monotonic()
        if now >= self.due:
            self.due = now + PAUSE
            self.draw()

    def draw(self) -> None:
        """Draws what was shown last."""
        self.handle.update(_Html(self.html(*self.last)))

    def html(self, done: int, figures: Mapping[str, float], words: str) -> str:
        """The whole output."""
        passed = time.monotonic() - self.begun
        share = done / self.total if self.total else 1.0
        when = f"{duration(passed)}"
        if 0 < done < self.total:
            when += f", about {duration(passed * (self.total - done) / done)} left"
        bar = (
            '<div style="border-radius:4px;background:rgba(128,128,128,.25);max-width:36rem">'
            f'<div style="width:{100 * share:.1f}%;height:.5rem;border-radius:4px;'
            'background:#3d7fc1"></div></div>'
        )
        said = "&ensp;".join(f"{escape(n.replace('_', ' '))} {x:.4g}" for n, x in figures.items())
        drawn = [
            Panel(n.replace("_", " "), {n: points}, x_label="done")
            for n, points in self.curves.items()
            if len({y for _, y in points}) > 1
        ]
        return (
            f"<div>{done:,} of {self.total:,}, {when}</div>{bar}"
            f'<div style="font-size:90%">{said}</div><div>{escape(words)}</div>{panels(drawn)}'
        )


class _Html:
    """HTML that IPython shows as such."""

    def __init__(self, html: str) -> None:
        self.html = html

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return "a training's progress"

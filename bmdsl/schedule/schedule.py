"""The schedule: a routine as a value, before it is text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .ops import Heading, Node, Op, Repeat, Until
from .values import Life, Value


@dataclass(frozen=True)
class Schedule:
    """A routine that repeats `body` for the updates `first`, ..., `last` − 1, or that carries it
    out `once`.

    `values` are its array arguments, in order; `numbers` its scalar ones, with their types.
    """

    name: str
    summary: str
    values: tuple[Value, ...]
    numbers: tuple[tuple[str, str], ...]
    body: tuple[Node, ...]
    streams: tuple[tuple[str, int], ...] = ()
    """The random streams of its draws: constants of the printed text."""
    once: bool = False

    def value(self, name: str) -> Value:
        """The value of this name."""
        return next(v for v in self.values if v.name == name)

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.summary}"]
        for life in Life:
            group = [v for v in self.values if v.life is life]
            if group:
                lines.append(f"  {life.value}")
            for v in group:
                shape = " × ".join(map(str, v.shape)) or "one number"
                lines.append(f"    {v.name:16} {v.content.value}, {shape}, {v.number}")
        if not self.once:
            lines.append("  for every update")
        return "\n".join([*lines, *_lines(self.body, 2)])


@dataclass(frozen=True)
class Composition:
    """A routine that is carried out once a call, with what it is bound to besides parameters."""

    schedule: Schedule
    lengths: Mapping[str, int | str]
    """Arguments that are lengths of the model."""
    constants: Mapping[str, np.ndarray]
    """Arrays of the model, by the names of their values."""


def _lines(body: tuple[Node, ...], depth: int) -> list[str]:
    out = []
    for node in body:
        if isinstance(node, Heading):
            out.append("  " * depth + f"# {node.text}")
        elif isinstance(node, Op):
            out.append("  " * depth + f"{node.call():60}  {node.note}")
        elif isinstance(node, Repeat):
            out.append("  " * depth + f"repeat {node.count} times")
            out += _lines(node.body, depth + 1)
        elif isinstance(node, Until):
            out.append("  " * depth + f"repeat at most {node.count} times while {node.going} > 0")
            out += _lines(node.body, depth + 1)
    return out

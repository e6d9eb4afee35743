"""The most and the least likely cases: what `bm eval --rank` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..language.diagnostics import fail


@dataclass(frozen=True)
class Ranked:
    """The most and the least likely cases: their places in the data and −F(v) in nats, log P(v) but
    for the constant log Z.
    """

    part: str
    cases: int
    likely: tuple[tuple[int, float], ...]
    unlikely: tuple[tuple[int, float], ...]
    bound: bool
    picture: Path | None
    notes: tuple[str, ...] = ()

    def rows(self) -> list[tuple[str, ...]]:
        """A table: places and −F(v) of both ends."""
        what = "bound on −F(v)" if self.bound else "−F(v)"
        head = ("", "most likely", what, "least likely", what)
        both = zip(self.likely, self.unlikely, strict=True)
        return [
            head,
            *(
                (str(k), f"{a[0]:,}", f"{a[1]:.2f}", f"{b[0]:,}", f"{b[1]:.2f}")
                for k, (a, b) in enumerate(both, 1)
            ),
        ]

    def as_dict(self) -> Mapping[str, object]:
        """For `--json`."""
        return {
            "part": self.part,
            "cases": self.cases,
            "bound": self.bound,
            "most_likely": [list(x) for x in self.likely],
            "least_likely": [list(x) for x in self.unlikely],
            "notes": list(self.notes),
            "picture": str(self.picture) if self.picture else None,
        }


def rank(folder: Path, data: str | None, part: str | None, count: int) -> Ranked:
    """The `count` most and least likely cases of one part (default: the last that the set has), and
    rank.png in the run's folder.
    """
    from ..inference.gaps import Gaps
    from ..report.plots import tiles
    from .run_cases import last_part, one_machine

    run, name, cases = last_part(folder, data, part)
    machine = one_machine(run, folder)
    scored, gaps = Gaps.of(machine, cases).scored(machine, cases)
    ranked = np.flatnonzero(gaps.seen & ~gaps.left_out)
    if not len(ranked):
        raise fail(
            "BM751",
            "of no case has what was seen a free energy that is exact or bounded",
            help="leave fewer entries missing",
        )
    values = np.full(len(gaps.seen), np.nan)
    values[ranked] = scored
    order = ranked[np.argsort(-scored, kind="stable")]
    notes = gaps.notes()
    if (gaps.missing[ranked]).any():
        notes.append(
            "the fewer entries were seen, the likelier they are: compare cases with the same ones"
            " missing"
        )
    count = min(count, len(order))
    ends = [
        tuple((int(k), float(values[k])) for k in chosen)
        for chosen in (order[:count], order[::-1][:count])
    ]
    first, picture = machine.visible[0], None
    if first in run.images and folder.is_dir():
        picture = folder / "rank.png"
        rows = np.concatenate([cases[first][order[:count]], cases[first][order[::-1][:count]]])
        rows = machine.preparation.outward(first, rows)
        tiles(
            rows,
            run.images[first],
            picture,
            f"{name}: the {count} most likely cases, and below them the {count} least likely",
            False,
            columns=count,
        )
    return Ranked(
        name, len(ranked), ends[0], ends[1], bool(gaps.bounded.any()), picture, tuple(notes)
    )

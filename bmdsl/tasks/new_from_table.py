"""A model for a table: what `bm new NAME --from FILE` writes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from math import floor, log2
from pathlib import Path

from ..data.describing import Description, describe, units_of
from ..data.notice import say
from ..data.proposing import Proposed
from ..inference.observed_scores import BITS
from ..language.diagnostics import counted, fail
from ..language.format import format
from ..language.parse import parse
from ..language.source import Source
from .new import verify_name, write_new

UPDATES = 1000
"""Updates after which a small machine has learned a table."""
MIN_HIDDEN, MAX_HIDDEN = 8, 64
"""Hidden units of a narrow and of a wide table; between them one a column.

Measured as log P in nats of a fifth of the rows, held out, after 1,000 updates: 30 pixels of
letters have -18.0, -16.8, -16.1, -15.8 and -15.4 with 5, 10, 20, 30 and 60 hidden units, 24 pixels
of digits and their number -13.2 and -12.4 with 8 and 16, 31 measurements of cells -32.0, -30.6 and
-28.1 with 5, 10 and 31, 11 columns of patients -13.6 and -13.1 with 5 and 10, 14 of a survey -9.21,
-9.16, -9.14 and -9.12 with 4, 10, 20 and 40. More was never worse.
"""
MAX_NAMED = 3
"""Columns of a group that its comment names one by one."""
SUMMED = "binary", "categorical"
"""Types of units whose missing cells are summed out state by state."""
MAX_EXACT = 20
"""Columns up to which so many hidden units leave log Z exact."""


def new_from_table(
    source: str,
    target: Path,
    marks: Sequence[str] = (),
    days: Sequence[str] = (),
    hours: Sequence[str] = (),
) -> Path:
    """Writes `NAME.bm`, a commented model that trains on the table; never over a file that is
    there. Returns the new file.

    BmError BM737 for a table without a column that could be learned.
    """
    path = target.with_name(target.name.removesuffix(".bm") + ".bm")
    verify_name(path.stem)
    found = describe(source, marks, days, hours)
    if not found.proposal.groups:
        raise fail(
            "BM737",
            f"`{source}` has no column that a model could learn",
            help=f"`bm data describe {source}` says what its columns are",
        )
    for line in found.doubts():
        say(line.strip())
    for told in (found.of_dates(), found.of_hours()):
        if told:
            say(" ".join(x.strip() for x in told))
    place = os.path.relpath(Path(source).resolve(), path.resolve().parent)
    text = model_text(found, path.stem, Path(place).as_posix())
    return write_new(path, format(parse(Source(str(path), text))))


def model_text(found: Description, name: str, place: str) -> str:
    """The model of a table: hidden units that all columns share."""
    groups = found.proposal.groups
    rows = len(found.table)
    columns = sum(len(g.columns) for g in groups)
    hidden = hidden_units(columns, rows, _gaps(found, but=SUMMED))
    batch = min(100, max(10, rows // 80 * 10))
    lines = [
        f"# {found.head()}",
        f"#   bm train {name}.bm            # trains it; runs/last has figures and pictures",
        "#   bm eval runs/last --likelihood",
        f"#   bm eval runs/last --predict {shlex.quote(_last(found))}",
        "#   bm infer runs/last --impute nan",
        *_left_out(found),
        *(f"# {x.strip()}" for x in (*found.of_dates(), *found.of_hours())),
        *(
            f"# {s}: a mark of missing cells? Then `{s.entry(found.proposal.marks)}` below"
            for s in found.proposal.suspects
        ),
        *_of_hidden(name, hidden, columns),
        f"model {name}(H = {hidden}) {{",
        *(f"  visible {g.declaration}   # {_what(g)}" for g in groups),
        "  hidden h[H] : binary",
        "",
        *found.proposal.block(place),
        "",
        *(x for g in groups for x in _energy(g)),
        "",
        "  train {",
        *(f"    transform({g.name}) {g.transform}" for g in groups if g.transform),
        *(["    positive gibbs(steps = 5)   # cells that are missing are drawn"] * _gaps(found)),
        "    negative pcd(steps = 5, chains = 100)",
        "    optimizer adam(rate = 0.02)",
        "    schedule linear",
        f"    batch {batch}",
        f"    epochs {max(20, round(UPDATES * batch / max(rows, 1)))}",
        "    validate 0.1   # of the rows, held out to compare likelihoods",
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def hidden_units(columns: int, rows: int, gaps: bool) -> int:
    """A hidden unit for each column; where real numbers have `gaps`, of narrow tables no more than
    can be summed out for every row, as the numbers cannot.
    """
    wanted = min(MAX_HIDDEN, max(MIN_HIDDEN, columns))
    if gaps and columns <= MAX_EXACT:
        return min(wanted, max(MIN_HIDDEN, floor(BITS - log2(max(rows, 1)))))
    return wanted


def _of_hidden(name: str, hidden: int, columns: int) -> list[str]:
    """What is said of the number of hidden units, and when to change it."""
    exact = hidden <= MAX_EXACT
    why = ", few enough for an exact likelihood" if exact else ""
    cost = f" (past {MAX_EXACT} it is estimated, with its error)" if exact else ""
    return [
        f"# H = {hidden} hidden units for {counted(columns, 'column')}{why}. Raise this if the",
        f"# log-likelihood of validation rows still rises with it{cost}:",
        f"#   bm train {name}.bm -D H={2 * hidden} --out runs/more",
        "#   bm eval runs/more --likelihood",
        "# and lower it if only that of training rows does.",
    ]


def _energy(g: Proposed) -> list[str]:
    """Biases and weights to the hidden units; of real numbers also what they vary by."""
    lines = []
    if g.unit == "binary":
        lines.append(f"  param b_{g.name} init logit_mean({g.name})")
    lines.append(f"  layers {g.name} -- h")
    if g.unit.startswith("gaussian"):
        at = "" if g.single else "[i]"
        lines += [
            f"  param p_{g.name} init 0.75 nonnegative   # 1/sigma^2 + p is the precision given h",
            f"  energy += 0.5 p_{g.name}{at} {g.name}{at}^2",
        ]
    return lines


def _last(found: Description) -> str:
    """The last column of the groups: what is asked for often stands there."""
    grouped = {c for g in found.proposal.groups for c in g.columns}
    return [n for n in found.proposal.names if n in grouped][-1]


def _what(g: Proposed) -> str:
    if len(g.columns) <= MAX_NAMED:
        return (
            f"{', '.join(g.columns)}: {g.what}"
            if len(g.columns) > 1
            else f"{g.columns[0]}, {g.what}"
        )
    return f"{g.columns[0]} to {g.columns[-1]}, {g.what}"


def _gaps(found: Description, but: Sequence[str] = ()) -> bool:
    """Whether cells of the groups' columns are missing, `but` of these types of units."""
    grouped = {c for g in found.proposal.groups for c in g.columns}
    columns = [s for s in found.proposal.columns if s.name in grouped]
    return any(s.missing for s in columns if s.kind.unit not in but)


def _left_out(found: Description) -> list[str]:
    """What is said of columns that are no data."""
    return [
        f"# `{s.name}`, {s.kind.name}: {units_of(s).removeprefix('none: ')}"
        for s in found.proposal.columns
        if not s.kind.unit
    ]

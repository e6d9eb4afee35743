"""A machine's network in a file of another program: what `bm export` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..exports.network import network
from ..files import put, with_ending
from ..language.diagnostics import fail, near
from ..registry import discover

if TYPE_CHECKING:
    from ..inference.machine import Machine


def export(machine: Machine, to: str, path: Path) -> Path:
    """Writes the network in the format `to`, beside its place and then renamed.

    BmError BM933 for a format that is none.
    """
    known = discover("bmdsl.exports")
    if to not in known:
        close = near(to, known)
        raise fail(
            "BM933",
            f"there is no format `{to}`",
            help=f"did you mean `{close}`?" if close else f"formats are {', '.join(known)}",
        )
    made = network(machine)
    path = with_ending(path, (known[to].SUFFIX,))
    path.parent.mkdir(parents=True, exist_ok=True)
    return put(path, lambda beside: known[to].write(made, beside))

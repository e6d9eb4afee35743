"""`bm data`: the named data sets."""

from __future__ import annotations


def run() -> None:
    """List the named data sets."""
    from ...data.load import names

    for name, summary in names().items():
        print(f"{name:16} {summary}")

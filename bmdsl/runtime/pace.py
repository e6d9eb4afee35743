"""How much goes into one call of compiled code."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Pace:
    """How many updates or sweeps go into one call: as many as took a tenth of a second so far, so
    that signals and progress are seen to.
    """

    SECONDS = 0.1

    def __init__(self, first: int = 1) -> None:
        self.count = max(1, first)

    @contextmanager
    def timed(self, count: int) -> Iterator[None]:
        """Times a call of so many."""
        started = time.perf_counter()
        yield
        each = (time.perf_counter() - started) / count
        self.count = max(1, min(8 * self.count, int(self.SECONDS / max(each, 1e-9))))

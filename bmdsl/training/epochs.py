"""Updates and the epochs that they belong to."""

from __future__ import annotations

from collections.abc import Iterator


def epochs_in(first: int, count: int, per_epoch: int) -> Iterator[tuple[int, int, int]]:
    """The epochs that updates `first`, ..., first + count − 1 belong to: their numbers, first
    updates and ends.
    """
    while count > 0:
        epoch, place = divmod(first, per_epoch)
        part = min(count, per_epoch - place)
        yield epoch, first, first + part
        first, count = first + part, count - part

"""What a reader decided by itself, said once: through the logger `bmdsl`, which the command line
prints on stderr.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)
LOGGER = logging.getLogger("bmdsl")


def say(text: str) -> None:
    """Logs one sentence at level INFO; silent in Python unless the caller turns the logger on."""
    LOGGER.info(text)


@contextmanager
def quietly(quiet: bool = True) -> Iterator[None]:
    """Inside, transforms do not warn of what their values look like: of a part of the cases that is
    one of many.
    """
    token = _quiet.set(quiet)
    try:
        yield
    finally:
        _quiet.reset(token)


def is_quiet() -> bool:
    """Whether warnings of values are left out."""
    return _quiet.get()

"""What a reader decided by itself, said once: through the logger `bmdsl`, which the command line
prints on stderr.
"""

from __future__ import annotations

import logging

LOGGER = logging.getLogger("bmdsl")


def say(text: str) -> None:
    """Logs one sentence at level INFO; silent in Python unless the caller turns the logger on."""
    LOGGER.info(text)

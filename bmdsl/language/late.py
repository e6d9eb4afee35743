"""Large libraries of which a command may need nothing: each is imported when something of it is
first used.
"""

from __future__ import annotations

import importlib
from typing import Any


class Late:
    """A module that is imported when first asked for an attribute."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(importlib.import_module(self._name), name)
        setattr(self, name, found)
        return found


networkx: Any = Late("networkx")
special: Any = Late("scipy.special")

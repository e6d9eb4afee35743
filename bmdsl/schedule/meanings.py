"""The kinds of op that belong to no model, each its meaning in NumPy under its own name: what a
printed routine imports to run as Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .collector import load_kinds
from .ops import KINDS

load_kinds()


def __getattr__(name: str) -> Callable[..., Any]:
    """The meaning of the kind of op of this name."""
    if name not in KINDS:
        raise AttributeError(f"there is no kind of op called `{name}`")
    return KINDS[name].reference

"""Packages that only some data need."""

from __future__ import annotations

import importlib
from typing import Any

from ..language.diagnostics import fail


def needed(module: str, package: str, what: str, install: str) -> Any:
    """The module, imported. BmError BM706 if its package is not installed: `what` needs it, and
    `pip install` with `install` brings it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as problem:
        raise fail(
            "BM706", f"{what} needs the package {package}", help=f"pip install {install}"
        ) from problem

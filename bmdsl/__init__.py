"""bmdsl: write the energy of a Boltzmann machine, and everything else is derived."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .language.version import VERSION as __version__

if TYPE_CHECKING:
    from . import units
    from .api import Model, load, load_stack, parse
    from .api import open_machine as open
    from .api import open_trained_stack as open_stack
    from .language.diagnostics import BmError
    from .tasks.machine import Machine

__all__ = [
    "BmError",
    "Machine",
    "Model",
    "__version__",
    "load",
    "load_stack",
    "open",
    "open_stack",
    "parse",
    "units",
]

_PLACES = {
    "BmError": ("language.diagnostics", "BmError"),
    "Machine": ("api", "Machine"),
    "Model": ("api", "Model"),
    "load": ("api", "load"),
    "load_stack": ("api", "load_stack"),
    "open": ("api", "open_machine"),
    "open_stack": ("api", "open_trained_stack"),
    "parse": ("api", "parse"),
}


def __getattr__(name: str) -> Any:
    """Names are imported when first used, so that `bm --help` stays quick."""
    import importlib

    if name == "units":
        return importlib.import_module(".units", __name__)
    if name in _PLACES:
        module, attribute = _PLACES[name]
        return getattr(importlib.import_module(f".{module}", __name__), attribute)
    raise AttributeError(f"module `bmdsl` has no attribute `{name}`")


def __dir__() -> list[str]:
    """All that there is, for Tab: names that were not used yet too."""
    return list(__all__)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext bmdsl`: cells of `.bm` text, `%%bm`."""
    from .notebook.magic import load

    load(shell)


if hasattr(sys, "ps1"):  # somebody types at Python's prompt
    from .language import diagnostics, interactive

    interactive.install(diagnostics.BmError)

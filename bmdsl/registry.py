"""Finds words by looking: every module of a folder that defines `WORD` (a `Word`) adds that word. No list is kept by hand."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from .language.vocabulary import Word


def discover(package: str) -> dict[str, ModuleType]:
    """Modules of `package` that define `WORD`, by the word's name, sorted by name."""
    folder = importlib.import_module(package)
    modules = (importlib.import_module(f"{package}.{info.name}") for info in pkgutil.iter_modules(folder.__path__))
    return dict(sorted((m.WORD.name, m) for m in modules if hasattr(m, "WORD")))


def words(package: str) -> dict[str, Word]:
    """The words of a folder, as the checker wants them."""
    return {name: module.WORD for name, module in discover(package).items()}

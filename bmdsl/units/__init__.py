"""Unit types: the built-in ones, found in this folder, and the user's own, registered or installed
as `bmdsl.units` entry points.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
from pathlib import Path

from ..language.diagnostics import fail, near
from ..language.installed import brought
from ..language.vocabulary import UnitWord
from .conformance import verify
from .interface import UnitType

__all__ = ["UnitType", "get", "names", "register", "words"]

_registry: dict[str, type[UnitType]] = {}
_written: dict[str, tuple[str, str]] = {}
_searched = False


def register(unit: type[UnitType]) -> type[UnitType]:
    """Adds a unit type under its name; may be used as a decorator.

    BmError BM850 where another type has the name, BM852 where its functions are missing or
    contradict one another.
    """
    if not is_shipped(unit):
        verify(unit)
    known = _registry.get(unit.name)
    if known is not None and known.__qualname__ != unit.__qualname__:
        raise fail(
            "BM850",
            f"unit type `{unit.name}` is already registered",
            help="give the new type another name",
        )
    _registry[unit.name] = unit
    _written[unit.name] = _file_of(unit)
    return unit


def is_shipped(unit: type[UnitType]) -> bool:
    """Whether a type comes with the package."""
    return unit.__module__.startswith(f"{__name__}.")


def written_in(name: str) -> tuple[str, str]:
    """The file that a registered type is written in and its SHA-256 as it was then; empty where it
    is none.
    """
    return _written.get(name, ("", ""))


def _file_of(unit: type[UnitType]) -> tuple[str, str]:
    if is_shipped(unit):
        return "", ""
    try:
        path = Path(inspect.getsourcefile(unit) or "").resolve()
        return str(path), hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, TypeError):  # typed in at a prompt
        return "", ""


def _search() -> None:
    global _searched
    if _searched:
        return
    _searched = True
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, UnitType)
                and value is not UnitType
                and value.__module__ == module.__name__
            ):
                register(value)
    for unit in brought("bmdsl.units"):
        register(unit)


def get(name: str) -> type[UnitType]:
    """The unit type of this name; BmError with a near name if there is none."""
    _search()
    if name not in _registry:
        close = next((n for n, u in _registry.items() if name.lower() in u.also), None) or near(
            name, _registry
        )
        raise fail(
            "BM851",
            f"unknown unit type `{name}`",
            help=f"did you mean `{close}`?" if close else f"known: {', '.join(names())}",
        )
    return _registry[name]


def names() -> tuple[str, ...]:
    """Registered names, sorted."""
    _search()
    return tuple(sorted(_registry))


def words() -> dict[str, UnitWord]:
    """Every type as the checker of the language wants it."""
    _search()
    return {name: _registry[name].word() for name in names()}

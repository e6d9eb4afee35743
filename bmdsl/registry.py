"""Finds words by looking: every module of a folder that defines `WORD` (a `Word`) adds that word.

No list is kept by hand.

Words that do not come with the package are found too: modules that an installed package names under
the entry-point group of the folder's name (`bmdsl.training.negative`), and modules that were
registered.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from types import ModuleType

from .language.installed import brought
from .language.vocabulary import Word

REPRESENTATIONS = "bmdsl.notebook.representations"
"""The folder of what values look like in a notebook; a word is the name of a class."""
_registered: dict[str, dict[str, ModuleType]] = {}


def register(package: str, module: ModuleType) -> None:
    """Adds a module with a `WORD` to the words of a folder; one of the same name takes
    its place.
    """
    _registered.setdefault(package, {})[module.WORD.name] = module


def discover(package: str) -> dict[str, ModuleType]:
    """Modules with a `WORD` that belong to `package`, by the word's name, sorted by name."""
    found = {**dict(_found(package)), **_registered.get(package, {})}
    return {name: found[name] for name in sorted(found)}


@functools.cache
def _found(package: str) -> tuple[tuple[str, ModuleType], ...]:
    folder = importlib.import_module(package)
    modules = [
        importlib.import_module(f"{package}.{info.name}")
        for info in pkgutil.iter_modules(folder.__path__)
    ]
    modules += brought(package)
    return tuple((m.WORD.name, m) for m in modules if hasattr(m, "WORD"))


def words(package: str) -> dict[str, Word]:
    """The words of a folder, as the checker wants them."""
    return {name: module.WORD for name, module in discover(package).items()}


class Shown:
    """A value that a notebook shows as HTML: its class, or one that it inherits from, is the `WORD`
    of a module of `bmdsl.notebook.representations`, whose `html(value)` draws it.
    """

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        """The HTML, None where no module knows the class: then the text is shown."""
        known = discover(REPRESENTATIONS)
        for kind in type(self).__mro__:
            if kind.__name__ in known:
                return str(known[kind.__name__].html(self))
        return None

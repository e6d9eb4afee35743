"""Unit types of a user's own, from a Python file: `bm train m.bm --units my_units.py`."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from .. import units
from ..language.diagnostics import BmError, BmWarning, Diagnostic, fail
from ..language.model import Model as CheckedModel
from ..language.outside import Origin


def register_file(path: Path) -> tuple[str, ...]:
    """Runs the file and registers every UnitType that it defines; their names.

    BmError for a file that is missing, breaks or has none.
    """
    if not path.is_file():
        raise fail("BM902", f"there is no file `{path}` with unit types")
    name = f"bmdsl_user_units_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise fail(
            "BM903",
            f"`{path}` is not a Python file",
            help="unit types are written in a file that ends in .py",
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # the compiler looks the functions' source up through it
    try:
        spec.loader.exec_module(module)
    except BmError:
        raise
    except Exception as error:  # whatever the user's own code does wrong
        line = next((f":{f.lineno}" for f in _frames(error) if f.filename == str(path)), "")
        raise fail(
            "BM903",
            f"the unit file `{path}` cannot be run",
            note=f"{path}{line}: {type(error).__name__}: {error}",
        ) from None
    own = [
        x
        for x in vars(module).values()
        if isinstance(x, type) and issubclass(x, units.UnitType) and x.__module__ == name
    ]
    if not own:
        raise fail(
            "BM904",
            f"`{path}` defines no unit type",
            help="a unit type is a class derived from `bmdsl.units.UnitType`",
        )
    for unit in own:
        units.register(unit)
    return tuple(unit.name for unit in own)


def unit_origins(model: CheckedModel) -> tuple[Origin, ...]:
    """The files of a model's unit types that are not shipped: their code is not kept, but what it
    was is told by its hash.
    """
    found = [units.get(name) for name in dict.fromkeys(g.unit for g in model.groups)]
    return tuple(
        Origin("units", unit.name, *units.written_in(unit.name))
        for unit in found
        if not units.is_shipped(unit)
    )


def verify_units(origins: Sequence[Origin]) -> None:
    """BmError BM938 where a saved machine's unit type is not registered; a warning BM939 where its
    file has changed since.
    """
    for o in origins:
        if o.kind != "units":
            continue
        where = f"`{Path(o.path).name}`" if o.path else "code of your own"
        if o.name not in units.names():
            raise fail(
                "BM938",
                f"the machine has units of type `{o.name}`, which is defined in {where}",
                note=f"SHA-256 of that file: {o.sha256 or '?'}",
                help=(
                    f"`--units {o.path or 'FILE.py'}`, or `bmdsl.units.register` before it is"
                    " opened"
                ),
            )
        path, sha256 = units.written_in(o.name)
        if o.sha256 and sha256 and sha256 != o.sha256:
            message = (
                f"unit type `{o.name}` is not as it was when the machine was saved: numbers may"
                " differ"
            )
            note = f"SHA-256 of its file was {o.sha256[:12]}…, that of `{path}` is {sha256[:12]}…"
            warnings.warn(
                BmWarning(Diagnostic("BM939", message, notes=(note,), level="warning")),
                stacklevel=3,
            )


def _frames(error: Exception) -> list:  # type: ignore[type-arg]
    import traceback

    return list(reversed(traceback.extract_tb(error.__traceback__)))

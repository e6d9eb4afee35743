"""Unit types of a user's own, from a Python file: `bm train m.bm --units my_units.py`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from . import units
from .language.diagnostics import BmError, fail


def register_file(path: Path) -> tuple[str, ...]:
    """Runs the file and registers every UnitType that it defines; their names. BmError for a file that is missing, breaks or has none."""
    if not path.is_file():
        raise fail("BM902", f"there is no file `{path}` with unit types")
    name = f"bmdsl_user_units_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise fail("BM903", f"`{path}` is not a Python file", help="unit types are written in a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # the compiler looks the functions' source up through it
    try:
        spec.loader.exec_module(module)
    except BmError:
        raise
    except Exception as error:  # whatever the user's own code does wrong
        line = next((f":{f.lineno}" for f in _frames(error) if f.filename == str(path)), "")
        raise fail("BM903", f"the unit file `{path}` cannot be run", note=f"{path}{line}: {type(error).__name__}: {error}") from None
    own = [x for x in vars(module).values() if isinstance(x, type) and issubclass(x, units.UnitType) and x.__module__ == name]
    if not own:
        raise fail("BM904", f"`{path}` defines no unit type", help="a unit type is a class derived from `bmdsl.units.UnitType`")
    for unit in own:
        units.register(unit)
    return tuple(unit.name for unit in own)


def _frames(error: Exception) -> list:  # type: ignore[type-arg]
    import traceback

    return list(reversed(traceback.extract_tb(error.__traceback__)))

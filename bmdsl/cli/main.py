"""The `bm` command: every module of `verbs/` that defines `run` is a verb. Diagnostics go to stderr, results to stdout."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer

from . import verbs

app = typer.Typer(help="Boltzmann machines from their energies.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for _info in pkgutil.iter_modules(verbs.__path__):
    app.command(_info.name)(importlib.import_module(f"{verbs.__name__}.{_info.name}").run)


def main() -> None:
    """Exit 0 done, 1 the model or data is wrong, 2 usage, 70 our own bug, 130 interrupted."""
    from ..language.diagnostics import BmError

    try:
        app()
    except BmError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception as error:  # the last line of defence: a user never sees a traceback
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        print(f"this is a bug of bmdsl: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"please report it with the command you typed and this place: {place.name}, line {place.lineno}", file=sys.stderr)
        sys.exit(70)

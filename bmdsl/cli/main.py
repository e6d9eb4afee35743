"""The `bm` command: every module of `verbs/` that defines `run` is a verb.

Diagnostics go to stderr, results to stdout.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import pkgutil
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..language.version import VERSION
from . import verbs
from .completion import complete_at_once
from .of_ranks import together, verb
from .options import KNOWN, LOOK, USE
from .terminal import guarded

RARELY = 100_000, 20, 100
"""When unreachable cycles of objects are looked for: numba makes objects by the million, and a
tenth of the time to compile went into looking among them.
"""

app = typer.Typer(
    help=(
        "Boltzmann machines from their energies: write E(x) in a .bm file, everything else is"
        " derived."
    ),
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


NEXT = """bmdsl %s: write the energy of a Boltzmann machine, the rest is derived

  bm train rbm digits --out runs/rbm    train a shipped model on a shipped data set
  bm report runs/rbm                    the run in one HTML file
  bm new mine --like rbm                a model of your own, mine.bm
  bm new mine --from survey.csv         a model for a table of your own
  bm check mine.bm                      every error at once; bm explain: what follows
  bm data, bm units                     the data sets and the unit types that there are
  bm doctor                             is this installation as it should be?

bm --help lists all verbs, bm VERB --help what one takes"""
"""What `bm` alone says."""


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"bmdsl {VERSION}")
        raise typer.Exit


def _show_schema(verb: str | None) -> None:
    if verb is None:
        return
    from .schema import schema_of

    if verb not in _with_schema():
        known = ", ".join(_with_schema())
        raise typer.BadParameter(f"`{verb}` is no verb with --json: those are {known}")
    print(json.dumps(schema_of(verb), indent=2))
    raise typer.Exit


def _with_schema() -> list[str]:
    from .schema import verbs

    return verbs()


@app.callback()
def _common(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            callback=_show_version,
            is_eager=True,
            help="print the version and exit",
        ),
    ] = False,
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            metavar="VERB",
            callback=_show_schema,
            is_eager=True,
            autocompletion=_with_schema,
            help="print the JSON Schema of what a verb prints with --json, and exit",
        ),
    ] = None,
    allow_files: Annotated[
        bool,
        typer.Option(
            "--allow-files",
            help="let the text of a saved machine name files outside its folder",
        ),
    ] = False,
) -> None:
    if allow_files:
        from ..language.outside import any_file

        context.with_resource(any_file())
    if context.invoked_subcommand is None:
        print(NEXT % VERSION)


def _add_verbs() -> None:
    """Verbs by panel, then by number: the order in which they are first needed."""
    modules = [
        importlib.import_module(f"{verbs.__name__}.{info.name}")
        for info in pkgutil.iter_modules(verbs.__path__)
    ]
    panels = (LOOK, USE, KNOWN)
    for module in sorted(modules, key=lambda m: (panels.index(m.PLACE[0]), m.PLACE[1])):
        name = module.__name__.rpartition(".")[2]
        app.command(name, rich_help_panel=module.PLACE[0])(verb(module))


_add_verbs()


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    """A warning of ours is a diagnostic, without the place in our code; others stay silent, as no
    user can act on them.
    """
    from ..language.diagnostics import BmWarning

    if issubclass(category, BmWarning):
        print(f"{message}\n", file=sys.stderr)


class _Notes(logging.Handler):
    """What readers decided by themselves, on stderr, each sentence once."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.shown: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text not in self.shown:
            self.shown.add(text)
            print(f"note: {text}", file=sys.stderr)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Signals that have come, each raised as an interrupt where it falls; work that must stay whole
    defers them.
    """
    from ..runtime.interrupts import SIGNALS, Raising

    stop = Raising()
    before = {
        n: signal.signal(n, stop)
        for n in SIGNALS
        if signal.getsignal(n) not in (signal.SIG_IGN, None)
    }
    try:
        yield stop.numbers
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def status() -> int:
    """Runs the command of `sys.argv` and gives its exit code: see `entry.main`.

    An interrupt wins over the error that it ends in.
    """
    gc.set_threshold(*RARELY)
    return together(_on_this_rank)


def _on_this_rank() -> int:
    try:
        with guarded(), _signals() as seen:
            code = _status(seen)
            return _interrupted(seen, 130) if seen and code == 0 else code
    except KeyboardInterrupt as stop:  # it fell before the verb began, or after it had ended
        return _interrupted([getattr(stop, "number", signal.SIGINT)], 130)


def _status(seen: list[int]) -> int:
    from ..language.cache import ready_for
    from ..language.diagnostics import BmError, BmWarning
    from ..runtime.interrupts import Stopped, cause

    logger = logging.getLogger("bmdsl")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [_Notes()]
    ready_for(Path(__file__).parents[1])
    warnings.simplefilter("always", BmWarning)
    warnings.showwarning = _show_warning
    if {"--install-completion", "--show-completion"} & set(sys.argv[1:2]):
        complete_at_once()
    try:
        app()
    except SystemExit as done:
        if done.code in (
            130,
            143,
        ):  # from a verb that has stopped cleanly, or from typer, which knows of Ctrl-C alone
            stop = cause(done)
            return _interrupted(seen, 128 + stop.number if isinstance(stop, Stopped) else done.code)
        return done.code if isinstance(done.code, int) else 0
    except BmError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        return _interrupted(seen, 128 + stop.number if isinstance(stop, Stopped) else 130)
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        sys.stderr.close()
        return 0
    except MemoryError:
        print("error[BM830]: there is not enough memory for this", file=sys.stderr)
        print("  = help: fewer chains, a smaller batch, or fewer units", file=sys.stderr)
        return 1
    except OSError as error:  # a full disk, a folder that may not be written: no bug of ours
        print(
            f"error[BM914]: `{error.filename or 'a file'}` cannot be read or written:"
            f" {error.strerror or error}",
            file=sys.stderr,
        )
        return 1
    except Exception as error:  # the last line of defence: a user never sees a traceback
        if seen or cause(error) is not None:
            return _interrupted(seen, 130)
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        print(f"this is a bug of bmdsl: {type(error).__name__}: {error}", file=sys.stderr)
        print(
            f"please report it with the command you typed and this place: {place.name}, line"
            f" {place.lineno}",
            file=sys.stderr,
        )
        return 70
    return 0


def _interrupted(seen: list[int], code: int) -> int:
    print("interrupted", file=sys.stderr)
    return 128 + seen[0] if seen else code

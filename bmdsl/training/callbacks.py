"""What a user's code may do while a training goes on: look at it, and stop it.

A callback is told when training starts, after every `every` updates, after every epoch, and at the
end; whichever of these it does not define costs nothing. One that returns True stops the training,
whose parameters are then those of that moment (or the best ones, where validation watches).
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..language.decoding import json_of
from ..language.diagnostics import BmError, BmWarning, Diagnostic, fail, near
from ..registry import discover
from .machine_protocol import Machine
from .outcome import Run

PACKAGE = "bmdsl.training.trackers"


@dataclass(frozen=True)
class Moment:
    """Where a training stands. `machine` has its parameters as they are now; they are not to be
    changed.
    """

    machine: Machine
    out: Path | None
    """The run's folder; None for a training that leaves no files."""
    epoch: int
    """Finished epochs."""
    update: int
    """Finished updates, of `total`."""
    total: int
    seconds: float
    """Since the training, or its resume, began."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """After an epoch its line of the metrics; between, those of the last update; at the start what
    the run is: model, arguments, settings, data.
    """


class Callback:
    """Inherit, and define what is of interest."""

    every: int = 0
    """Updates from one `on_update` to the next; 0 for none."""

    def on_start(self, moment: Moment) -> bool | None:
        """Before the first update."""

    def on_update(self, moment: Moment) -> bool | None:
        """After every `every` updates."""

    def on_epoch(self, moment: Moment) -> bool | None:
        """After every epoch. Updates are then carried out an epoch at a time."""

    def on_end(self, run: Run) -> None:
        """When training is over, however it ended: `run.stopped` says how."""


class _AfterEpochs(Callback):
    """A plain function as a callback."""

    def __init__(self, function: Callable[[Moment], object]) -> None:
        self.function = function

    def on_epoch(self, moment: Moment) -> bool | None:
        return self.function(moment) is True


class ProgressCall(Callback):
    """A function of an epoch's figures as a callback."""

    def __init__(self, function: Callable[[dict[str, Any]], None]) -> None:
        self.function = function

    def on_epoch(self, moment: Moment) -> None:
        self.function(dict(moment.figures))


def start_facts(metadata: Mapping[str, str]) -> dict[str, Any]:
    """What a tracker notes of a run: model, arguments, settings, seed, data."""
    out: dict[str, Any] = {n: metadata[n] for n in ("model", "dtype", "data") if n in metadata}
    for name in ("arguments", "settings", "seed"):
        found = json_of(metadata.get(name, "{}"))
        out |= found if isinstance(found, dict) else {name: found}
    return out


Given = Callback | Callable[[Moment], object] | str
"""What a user may give: a callback, a function that is called after every epoch, or the name of a
tracker, such as `csv`.
"""


class CallbackFailed(Exception):
    """An exception of a user's callback, on its way out of the loop."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def callbacks_of(given: Sequence[Given]) -> tuple[Callback, ...]:
    """Callbacks of what was given.

    Raises BM981 for what is none, BM982 for a tracker whose library is not installed.
    """
    if isinstance(given, str | Callback) or not isinstance(given, Sequence):
        given = (given,)
    return tuple(map(_callback, given))


def _callback(given: Any) -> Callback:
    if isinstance(given, Callback):
        return given
    if isinstance(given, str):
        return tracker(given)
    if callable(given) and not isinstance(given, type):
        return _AfterEpochs(given)
    raise fail(
        "BM981",
        f"`{given!r}` is no callback",
        help="an instance of `bmdsl.training.callbacks.Callback`, a function of a `Moment`, or the"
        f" name of a tracker: {', '.join(discover(PACKAGE))}",
    )


class _Tracked(Callback):
    """A tracker that may fail: at the start the training does not begin, later it goes on without.

    A server that is away for a night costs no training.
    """

    def __init__(self, name: str, inner: Callback) -> None:
        self.name, self.inner, self.failed = name, inner, False

    def on_start(self, moment: Moment) -> None:
        self.failed = False
        try:
            self.inner.on_start(moment)
        except BmError:
            raise
        except Exception as error:
            raise fail(
                "BM987", f"the tracker `{self.name}` cannot begin", note=_first_line(error)
            ) from error

    def on_epoch(self, moment: Moment) -> None:
        self._carefully(self.inner.on_epoch, moment)

    def on_end(self, run: Run) -> None:
        self._carefully(self.inner.on_end, run)

    def _carefully(self, method: Callable[[Any], object], told: Any) -> None:
        if self.failed:
            return
        try:
            method(told)
        except Exception as error:
            self.failed = True
            text = f"the tracker `{self.name}` has failed; the training goes on without it"
            found = Diagnostic("BM988", text, notes=(_first_line(error),), level="warning")
            warnings.warn(BmWarning(found), stacklevel=2)


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0] if text else ''}".rstrip(": ")


def tracker(name: str) -> Callback:
    """The tracker of this name: a module of `bmdsl.training.trackers` with a `Tracker`."""
    known = discover(PACKAGE)
    if name not in known:
        close = near(name, known)
        raise fail(
            "BM981",
            f"there is no tracker `{name}`",
            help=f"did you mean `{close}`?" if close else f"trackers are {', '.join(known)}",
        )
    library = getattr(known[name], "LIBRARY", "")
    if library and not _is_installed(library):
        raise fail(
            "BM982",
            f"`{name}` needs the package `{library}`, which is not installed",
            help=f'pip install "bmdsl[{name}]"',
        )
    return _Tracked(name, known[name].Tracker())


def _is_installed(library: str) -> bool:
    import sys

    return library in sys.modules or importlib.util.find_spec(library) is not None


def told(name: str, callback: Callback) -> bool:
    """Whether a callback defines this method itself."""
    return getattr(type(callback), name) is not getattr(Callback, name)


class Hooks:
    """The callbacks of one training.

    Each method gives whether one of them wants it to stop; CallbackFailed where one raises.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.callbacks = tuple(callbacks)
        self.ended = False
        self.by_epoch = any(told("on_epoch", c) for c in callbacks)
        self.intervals = sorted(
            {c.every for c in callbacks if c.every > 0 and told("on_update", c)}
        )

    def updates_until(self, update: int) -> int | None:
        """Updates from here to the next that a callback wants to see; None if there is none."""
        return min((n - update % n for n in self.intervals), default=None)

    def start(self, moment: Moment) -> bool:
        """Before the first update."""
        return self._any(c.on_start for c in self.callbacks)(moment)

    def update(self, moment: Callable[[], Moment], at: int) -> bool:
        """After update `at`: `moment` is made only if somebody looks."""
        due = [c for c in self.callbacks if c.every > 0 and at % c.every == 0]
        due = [c for c in due if told("on_update", c)]
        return bool(due) and self._any(c.on_update for c in due)(moment())

    def epoch(self, moment: Moment) -> bool:
        """After an epoch."""
        return self._any(c.on_epoch for c in self.callbacks)(moment)

    def end(self, run: Run) -> None:
        """Once: every callback is told, whatever others raise; the first exception goes on."""
        if self.ended:
            return
        self.ended = True
        errors = []
        for c in self.callbacks:
            try:
                c.on_end(run)
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]

    @staticmethod
    def _any(methods: Any) -> Callable[[Moment], bool]:
        chosen = tuple(methods)

        def call(moment: Moment) -> bool:
            try:
                return any([method(moment) is True for method in chosen])
            except Exception as error:
                raise CallbackFailed(error) from error

        return call

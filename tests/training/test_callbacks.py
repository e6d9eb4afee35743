"""Callbacks: when they are called, how they stop a training, what becomes of their exceptions, and
the trackers by fakes of their libraries.
"""

from __future__ import annotations

import csv
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl import registry
from bmdsl.language.diagnostics import BmWarning
from bmdsl.training import callbacks
from bmdsl.training.callbacks import Callback, Moment
from bmdsl.training.outcome import Run
from tests.conftest import _use

TEXT = """model tiny(D = 4, H = 3) {
  visible v[D] : binary
  hidden  h[H] : binary
  layers v -- h
}"""
CASES = (np.random.default_rng(0).random((30, 4)) < 0.4).astype(float)


class Notes(Callback):
    """Writes down what it is told."""

    def __init__(self, every: int = 0, stop: str = "") -> None:
        self.every, self.stop = every, stop
        self.told: list[str] = []
        self.figures: list[dict[str, Any]] = []

    def note(self, what: str, moment: Moment) -> bool:
        self.told.append(f"{what} {moment.epoch} {moment.update}")
        self.figures.append(dict(moment.figures))
        return self.told[-1] == self.stop

    def on_start(self, moment: Moment) -> bool:
        return self.note("start", moment)

    def on_update(self, moment: Moment) -> bool:
        return self.note("update", moment)

    def on_epoch(self, moment: Moment) -> bool:
        return self.note("epoch", moment)

    def on_end(self, run: Run) -> None:
        self.told.append(f"end {run.stopped}")


def machine() -> bmdsl.Machine:
    return bmdsl.parse(TEXT).compile(backend="reference")


def train(*given: Any, epochs: int = 2, **more: Any) -> Run:
    return machine().train(CASES, epochs=epochs, batch=10, progress=False, callbacks=given, **more)


def test_a_callback_is_told_of_every_moment():
    notes = Notes(every=2)
    run = train(notes)
    assert notes.told == [
        "start 0 0",
        "update 0 2",
        "epoch 1 3",
        "update 1 4",
        "update 2 6",
        "epoch 2 6",
        "end done",
    ]
    assert notes.figures[0]["model"] == "tiny" and notes.figures[0]["epochs"] == 2
    assert notes.figures[-1] == run.metrics[-1]
    assert notes.figures[1]["gradient_norm"] > 0


@pytest.mark.parametrize(
    ("stop", "updates", "lines"), [("start 0 0", 0, 0), ("update 1 4", 4, 2), ("epoch 1 3", 3, 1)]
)
def test_a_callback_stops_the_training(stop: str, updates: int, lines: int):
    notes = Notes(every=2, stop=stop)
    run = train(notes)
    assert (run.updates, len(run.metrics), run.stopped) == (updates, lines, "callback")
    assert notes.told[-2:] == [stop, "end callback"] or notes.told[-1] == "end callback"


def test_the_last_update_is_no_stop():
    assert train(Notes(stop="epoch 2 6")).stopped == "done"


def test_a_stopped_training_goes_on_bit_for_bit(tmp_path: Path):
    whole = train(epochs=2)
    stopped = train(Notes(every=1, stop="update 1 4"), out=tmp_path / "run")
    assert stopped.stopped == "callback"
    again = machine()
    run = again.train(CASES, out=tmp_path / "run", resume=True, epochs=2, batch=10, progress=False)
    for name, x in whole.machine.params.items():
        assert np.array_equal(x, again.params[name])
    assert run.stopped == "done"


def test_callbacks_change_no_number():
    plain, watched = train(), train(Notes(every=1))
    for name, x in plain.machine.params.items():
        assert np.array_equal(x, watched.machine.params[name])


def test_a_function_is_called_after_epochs():
    seen: list[int] = []
    run = train(
        lambda moment: seen.append(moment.epoch), lambda moment: moment.epoch == 2, epochs=5
    )
    assert seen == [1, 2] and run.stopped == "callback"


def test_an_exception_of_a_callback_leaves_a_checkpoint(tmp_path: Path):
    notes = Notes()

    def broken(moment: Moment) -> None:
        if moment.epoch == 2:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        train(broken, notes, epochs=5, out=tmp_path / "run")
    assert "after update 6" in caught.value.__notes__[0]
    assert notes.told[-1] == "end failed"
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (facts["updates"], facts["stopped"]) == (6, "failed")
    assert bmdsl.open(tmp_path / "run").params["b_v"].shape == (4,)


@pytest.mark.parametrize("given", [3, Notes, "tensorbored", "chalk"])
def test_what_is_no_callback_is_refused_before_training(given: Any):
    with pytest.raises(bmdsl.BmError, match="BM981"):
        train(given)


def test_a_tracker_whose_library_is_absent_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(callbacks, "_is_installed", lambda name: False)
    with pytest.raises(bmdsl.BmError, match=r'BM982(?s:.*)pip install "bmdsl\[wandb\]"'):
        train("wandb")


def test_a_tracker_that_fails_costs_no_training(monkeypatch: pytest.MonkeyPatch):
    def fail(*given: Any, **named: Any) -> None:
        raise OSError("the server is away\nfor long")

    fake = Fake("wandb")
    fake.summary = {}
    monkeypatch.setitem(sys.modules, "wandb", fake)
    fake.log = fail
    with pytest.warns(BmWarning, match="BM988(?s:.*)OSError: the server is away$") as told:
        run = train("wandb", epochs=3)
    assert (run.stopped, run.updates, len(told)) == ("done", 9, 1)
    fake.init = fail
    with pytest.raises(bmdsl.BmError, match="BM987"):
        train("wandb")


def test_every_tracker_keeps_the_contract():
    found = registry.discover(callbacks.PACKAGE)
    assert set(found) == {"csv", "tensorboard", "mlflow", "wandb"}
    for module in found.values():
        assert issubclass(module.Tracker, Callback) and module.WORD.summary


def test_csv_holds_the_metrics_and_goes_on_in_a_resume(tmp_path: Path):
    run = train("csv", out=tmp_path / "run")
    path = tmp_path / "run" / "metrics.csv"
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [int(x["update"]) for x in lines] == [3, 6]
    assert float(lines[-1]["gradient_norm"]) == run.metrics[-1]["gradient_norm"]
    again = {"out": tmp_path / "run", "resume": True, "callbacks": ["csv"], "progress": False}
    machine().train(CASES, epochs=3, batch=10, **again)
    with path.open(newline="") as file:
        assert [int(x["epoch"]) for x in csv.DictReader(file)] == [1, 2, 3]


def test_csv_without_a_folder_is_refused():
    with pytest.raises(bmdsl.BmError, match="BM983"):
        train("csv")


class Fake(types.ModuleType):
    """A library that writes down its calls."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, [*arguments, *named.values()]))
            return None if name == "active_run" and len(self.calls) == 1 else self

        return call

    def said(self, name: str) -> list[Any]:
        return [x for n, x in self.calls if n == name]


def test_mlflow_gets_parameters_metrics_and_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    fake = Fake("mlflow")
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    run = train("mlflow", out=tmp_path / "mine")
    assert fake.said("start_run") == [["mine"]]
    assert fake.said("log_params")[0][0]["model"] == "tiny"
    assert [x[1] for x in fake.said("log_metrics")] == [1, 2]
    assert fake.said("log_metrics")[1][0]["gradient_norm"] == run.metrics[-1]["gradient_norm"]
    assert fake.said("end_run") == [["FINISHED"]]


def test_wandb_gets_a_configuration_figures_and_the_end(monkeypatch: pytest.MonkeyPatch):
    fake = Fake("wandb")
    fake.summary = {}
    monkeypatch.setitem(sys.modules, "wandb", fake)
    run = train("wandb")
    assert fake.said("init")[0][2]["epochs"] == 2
    assert [x[1] for x in fake.said("log")] == [3, 6]
    assert fake.said("log")[1][0]["gradient_norm"] == run.metrics[-1]["gradient_norm"]
    assert fake.summary == {"stopped": "done"} and fake.said("finish") == [[0]]


def test_tensorboard_gets_a_scalar_a_figure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    fake = Fake("tensorboard")
    monkeypatch.setitem(sys.modules, "tensorboard", fake)
    monkeypatch.setitem(sys.modules, "tensorboard.summary", fake)
    run = train("tensorboard", out=tmp_path / "mine")
    assert fake.said("DirectoryOutput") == [[str(tmp_path / "mine" / "tensorboard")]]
    assert ["gradient_norm", run.metrics[-1]["gradient_norm"], 2] in fake.said("add_scalar")
    assert fake.calls[-1] == ("close", [])


def test_a_stack_tells_of_every_layer(tmp_path: Path):
    """Callbacks see a start and an end a layer; each layer's folder has its own file."""
    _use("reference")  # put back before the next test
    text = TEXT + "\nstack two { lower : tiny  upper : tiny(D = 3) on lower.h }\n"
    (tmp_path / "two.bm").write_text(text)
    notes = Notes()
    stack = bmdsl.load_stack(tmp_path / "two.bm")
    stack.train(CASES, tmp_path / "run", callbacks=[notes, "csv"], epochs=1, batch=30)
    assert [x for x in notes.told if not x.startswith("epoch")] == ["start 0 0", "end done"] * 2
    files = {str(p.parent.name) for p in (tmp_path / "run").rglob("metrics.csv")}
    assert files == {"lower", "upper"}

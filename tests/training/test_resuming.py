"""A training that was killed goes on as if nothing had happened: parameters, what optimizers,
chains, penalties and monitors remember, and every line of the metrics.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.runs.run_folder import RunFolder
from bmdsl.runtime.interrupts import Stopped
from bmdsl.training import keeping, loop
from bmdsl.training.memory import apart, together
from tests.reliability.runs import differences, ending

RBM = """model m { visible v[5] : binary  hidden h[3] : binary  param W init normal(0, 0.3), b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { WORDS  batch 4  epochs 3  monitor 1 } }"""
MIXTURE = """model m { visible v[5] : binary  hidden z : categorical(3)
  param W init normal(0, 1), d
  energy = - W[i,k] v[i] z[k] - d[k] z[k]
  train { WORDS  batch 4  epochs 3  monitor 1 } }"""
WORDS = {
    "persistent chains, patience": (RBM, "negative pcd(chains = 6)  validate 0.2  patience 50"),
    "means, a penalty": (MIXTURE, "negative cd()  penalty sparsity(z, target = 0.3, rate = 1)"),
}
"""Others, and all negative phases, are killed by `tests.reliability.kill_runs`."""
DATA = (np.random.default_rng(3).random((14, 5)) < 0.4).astype("float32")


class Killed(BaseException):
    """An end that nothing catches."""


@pytest.fixture(autouse=True)
def _looked_at_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bmdsl.training.monitors.likelihood.STEPS", 2)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every call."""
    monkeypatch.setattr(keeping, "MIN_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(keeping, "MIN_TIMES_THEIR_COST", 0)


def trained(text: str, out: Path, backend: str = "reference", resume: bool = False) -> Any:
    model = bmdsl.parse(text)
    machine = model.compile(seed=2, backend=backend)
    if not resume:
        machine.start_from({"v": DATA})
    metadata = model.metadata(machine)
    return loop.train(
        machine, {"v": DATA}, model.checked.training, out, metadata=metadata, resume=resume
    )


def killed_at(update: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ends a training before this update."""
    call = loop._Loop._call

    def until(self: Any, compiled: Any, first: int, count: int) -> Any:
        if first >= update:
            raise Killed
        return call(self, compiled, first, count)

    with monkeypatch.context() as patched:
        patched.setattr(loop._Loop, "_call", until)
        patched.setattr(loop._Loop, "_count_of_call", lambda self, compiled, pace: 1)
        yield


def verify_goes_on(
    text: str, folder: Path, monkeypatch: pytest.MonkeyPatch, updates: tuple[int, ...], backend: str
) -> None:
    text = text.replace("monitor 1", "monitor 1  checkpoint 1e-9")
    trained(text, folder / "whole", backend)
    for k, update in enumerate(updates):
        for _ in killed_at(update, monkeypatch):
            with pytest.raises(Killed):
                trained(text, folder / "part", backend, resume=k > 0)
    trained(text, folder / "part", backend, resume=True)
    assert differences(ending(folder / "whole"), ending(folder / "part")) == []


@pytest.mark.parametrize("words", WORDS)
def test_a_training_killed_inside_epochs_and_between_them_ends_the_same(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast: None
) -> None:
    text, block = WORDS[words]
    verify_goes_on(text.replace("WORDS", block), tmp_path, monkeypatch, (2, 7), "reference")


def test_every_validation_can_be_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before a checkpoint that waits for the disk is due."""
    text, block = WORDS["persistent chains, patience"]
    text = text.replace("WORDS", block).replace("epochs 3", "epochs 5")
    trained(text, tmp_path / "whole")
    for k, (update, kept) in enumerate(((2, 0), (5, 3), (14, 12))):  # 3 updates an epoch
        for _ in killed_at(update, monkeypatch):
            with pytest.raises(Killed):
                trained(text, tmp_path / "part", resume=k > 0)
        assert RunFolder(tmp_path / "part", {}).read_state()[1]["updates"] == kept
    trained(text, tmp_path / "part", resume=True)
    assert differences(ending(tmp_path / "whole"), ending(tmp_path / "part")) == []
    assert len(list((tmp_path / "part/checkpoints").iterdir())) == 4  # the start's and the end's


def test_compiled_updates_go_on_with_the_sums_that_they_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast: None
) -> None:
    text, block = WORDS["means, a penalty"]
    verify_goes_on(text.replace("WORDS", block), tmp_path, monkeypatch, (5,), "numba")


def test_memories_are_taken_apart_and_put_together() -> None:
    memory = {"a": {"x": np.arange(3.0), "n": np.float32(2.5), "deep": {}}, "told": ["BM1"], "k": 3}
    arrays, plain = apart(memory, "m")
    found = together(arrays, json.loads(json.dumps(plain)), "m")
    assert set(arrays) == {"m/a/x", "m/a/n"} and found["told"] == ["BM1"] and found["k"] == 3
    np.testing.assert_array_equal(found["a"]["x"], memory["a"]["x"])  # type: ignore[index]
    assert isinstance(found["a"]["n"], np.float32) and found["a"]["deep"] == {}


@pytest.mark.parametrize("where", ["_compiled", "_look"])
def test_a_signal_before_the_first_epoch_ends_keeps_a_checkpoint(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = RBM.replace("WORDS", "negative pcd(chains = 6)").replace("monitor 1", "monitor 0")
    trained(text, tmp_path / "whole")

    def stopped(*_: object) -> None:
        try:
            raise Stopped(signal.SIGTERM, whole=False)
        except Stopped:
            raise SystemError("returned a result with an exception set")  # noqa: B904

    with monkeypatch.context() as patched:
        patched.setattr(loop._Loop, where, stopped)
        run = trained(text, tmp_path / "part")
    assert run.interrupted and run.exit_code == 143 and run.updates == 0
    trained(text, tmp_path / "part", resume=True)
    wanted, found = (ending(tmp_path / n) for n in ("whole", "part"))
    assert wanted["./params"] == found["./params"]  # the clock says which lines have figures


def test_another_model_or_setting_does_not_go_on(tmp_path: Path) -> None:
    text = RBM.replace("WORDS", "negative pcd(chains = 6)").replace("monitor 1", "monitor 0")

    def machine(text: str, seed: int = 2) -> Any:
        return bmdsl.parse(text).compile(seed=seed, backend="reference")

    machine(text).train(DATA, out=tmp_path, epochs=1, progress=False)
    for changed, seed, code in (
        (text.replace("h[3]", "h[4]"), 2, "BM832"),
        (text.replace("- c[j]", "+ c[j]"), 2, "BM832"),
        (text.replace("batch 4", "batch 5"), 2, "BM833.*`batch`"),
        (text, 3, "BM833.*seed 2"),
    ):
        with pytest.raises(bmdsl.BmError, match=code):
            machine(changed, seed).train(DATA, out=tmp_path, resume=True, progress=False)
    other = machine(text.replace("batch 4", "batch 5").replace("b, c", "b init 1, c"))
    run = other.train(DATA, out=tmp_path, resume=True, progress=False, batch=4, epochs=2)
    assert run.metrics[-1]["epoch"] == 2
    with pytest.raises(bmdsl.BmError, match="BM757"):
        machine(text).train(DATA, out=tmp_path / "none", resume=True)


@pytest.mark.parametrize("seconds", ["0", "-1"])
def test_checkpoints_are_apart_by_a_number_of_seconds(seconds: str) -> None:
    text = RBM.replace("WORDS", "checkpoint 0.5")
    assert bmdsl.parse(text).checked.training.checkpoint == 0.5
    with pytest.raises(bmdsl.BmError, match="BM503.*seconds"):
        bmdsl.parse(text.replace("0.5", seconds))

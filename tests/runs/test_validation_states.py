"""The state at a validation: between two checkpoints the last one that is whole counts, whatever a
kill, a power cut or another's hand left of the files.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import bmdsl
from bmdsl.language.diagnostics import BmWarning
from bmdsl.runs.opening import open_checkpoint
from bmdsl.runs.run_folder import RunFolder
from bmdsl.runs.validation_states import FILES

FACTS = {"run": "0123456789abcdef", "model_sha256": "aa", "settings_sha256": "bb", "source": "é"}
ARRAYS = {
    "params/x": np.arange(6, dtype=np.float32).reshape(2, 3),
    "counts": np.array(7, dtype=np.uint64),
    "none": np.empty((0, 3), np.int8),
    "seen": np.array([True, False]),
}


def killed(path: Path, validations: int, checkpoint: bool = True) -> Path:
    """What a kill leaves of a run with a checkpoint after update 10 and validations after 20, 30,
    ...
    """
    with RunFolder(path / "living", FACTS) as folder:
        folder.start_metrics(False)
        folder.append_metrics({"epoch": 1, "update": 10})
        if checkpoint:
            folder.write_state(ARRAYS, {"updates": 10})
        for k in range(2, validations + 2):
            folder.append_metrics({"epoch": k, "update": 10 * k})
            made = {**ARRAYS, "params/x": ARRAYS["params/x"] + k}
            folder.write_validation_state(made, {"updates": 10 * k, "more": "x" * (9 - k)})
        shutil.copytree(path / "living", path / "run")
    return path / "run"


def updates(path: Path) -> int:
    return int(RunFolder(path, {}).read_state()[1]["updates"])


@pytest.mark.parametrize("validations", [1, 2, 5])
def test_the_last_validation_is_gone_on_from(tmp_path: Path, validations: int) -> None:
    run = killed(tmp_path, validations)
    with RunFolder(run, {}) as folder:
        arrays, counters = folder.read_state()
        lines = folder.start_metrics(True)
    last = validations + 1
    assert counters["updates"] == 10 * last and [x["epoch"] for x in lines][-1] == last
    for name, x in {**ARRAYS, "params/x": ARRAYS["params/x"] + last}.items():
        assert arrays[name].dtype == x.dtype
        np.testing.assert_array_equal(arrays[name], x)
    for name in FILES[:validations]:  # whole files of safetensors, for whoever looks into them
        assert set(load_file(run / "checkpoints" / name)) == set(ARRAYS)


def test_a_checkpoint_makes_earlier_validations_void(tmp_path: Path) -> None:
    with RunFolder(tmp_path, FACTS) as folder:
        folder.start_metrics(False)
        folder.write_state(ARRAYS, {"updates": 0})
        folder.write_validation_state(ARRAYS, {"updates": 50})
        folder.write_state(ARRAYS, {"updates": 30})  # a training that diverged went back
        assert updates(tmp_path) == 30
        folder.write_validation_state(ARRAYS, {"updates": 40})
        assert updates(tmp_path) == 40
        folder.write_state(ARRAYS, {"updates": 45})
    assert updates(tmp_path) == 45
    assert not [n for n in FILES if (tmp_path / "checkpoints" / n).exists()]


@pytest.mark.parametrize("what", ["flipped", "cut", "zeros", "torn"])
def test_a_file_that_is_not_whole_is_passed_over(tmp_path: Path, what: str) -> None:
    run = killed(tmp_path, 3)
    last, before = (run / "checkpoints" / name for name in FILES)
    assert updates(run) == 40
    whole, older = last.read_bytes(), before.read_bytes()
    for k in range(1, len(whole), 31):
        damaged = {
            "flipped": whole[:k] + bytes([whole[k] ^ 1]) + whole[k + 1 :],
            "cut": whole[:k],
            "zeros": whole[:k] + bytes(len(whole) - k),
            "torn": whole[:k] + older[k:],  # half of it written
        }[what]
        if damaged not in (whole, older):
            last.write_bytes(damaged)
            assert updates(run) == 30, k
    before.write_bytes(b"")
    assert updates(run) == 10


def test_another_runs_is_not_taken(tmp_path: Path) -> None:
    run, other = killed(tmp_path / "a", 2), tmp_path / "other"
    with RunFolder(other, {**FACTS, "run": "another"}) as folder:
        folder.start_metrics(False)
        folder.write_state(ARRAYS, {"updates": 10})
        folder.write_validation_state(ARRAYS, {"updates": 90})
        shutil.copy(other / "checkpoints" / FILES[0], run / "checkpoints")
    assert updates(run) == 30


def test_metrics_that_are_damaged_since_are_named(tmp_path: Path) -> None:
    run = killed(tmp_path, 1)
    path = run / "metrics.jsonl"
    path.write_bytes(path.read_bytes()[:-4] + b"\x00" * 4)
    with pytest.warns(BmWarning, match="BM835.*metrics.jsonl.*line 2(.|\n)*update 10"):
        assert updates(run) == 10


def hard_link(path: Path, target: Path) -> None:
    path.hardlink_to(target)


@pytest.mark.parametrize("link", [Path.symlink_to, hard_link])
def test_nothing_is_written_through_a_link(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    (target := tmp_path / "mine").write_text("as it was")
    with RunFolder(tmp_path / "run", FACTS) as folder:
        folder.start_metrics(False)
        folder.write_state(ARRAYS, {"updates": 0})
        for name in FILES:
            link(tmp_path / "run/checkpoints" / name, target)
        for k in (1, 2, 3):
            folder.write_validation_state(ARRAYS, {"updates": k})
        assert updates(tmp_path / "run") == 3
    assert target.read_text() == "as it was"


def test_who_goes_on_overwrites_what_it_went_on_from_last(tmp_path: Path) -> None:
    run = killed(tmp_path, 2)
    taken = {u: (run / "checkpoints" / name) for u, name in ((20, FILES[0]), (30, FILES[1]))}
    was = taken[30].read_bytes()
    with RunFolder(run, FACTS) as folder:
        folder.start_metrics(True)
        folder.append_metrics({"epoch": 4, "update": 40})
        folder.write_validation_state(ARRAYS, {"updates": 40})
        assert taken[30].read_bytes() == was != taken[20].read_bytes()
        assert updates(run) == 40
        lines = (run / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(x)["epoch"] for x in lines] == [1, 2, 3, 4]


TEXT = """model m { visible v[6] : binary  hidden h[4] : binary  param W init normal(0, 0.1), b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { optimizer sgd(rate = 0.1)  batch 8  validate 0.2  patience 100  epochs 6 } }"""


def test_a_killed_training_is_gone_on_with_from_its_last_validation(tmp_path: Path) -> None:
    data = tmp_path / "x.npy"
    np.save(data, np.random.default_rng(0).integers(0, 2, (40, 6)))

    def killed_then(moment: Any) -> None:
        if moment.epoch == 3:
            shutil.copytree(tmp_path / "whole", tmp_path / "killed")

    def machine() -> bmdsl.Machine:
        return bmdsl.parse(TEXT).compile(seed=3, backend="reference")

    whole = machine()
    wanted = whole.train(str(data), out=tmp_path / "whole", callbacks=[killed_then])
    with RunFolder(tmp_path / "killed", {}) as folder:
        found = folder.checkpoint()
        assert found is not None and found.path.name in FILES
        assert made_again_updates(folder) == found.counters["updates"] == 3 * 4
    resumed = machine()
    again = resumed.train(str(data), out=tmp_path / "killed", resume=True)
    assert [x["validation"] for x in again.metrics] == [x["validation"] for x in wanted.metrics]
    for name, x in whole.params.items():
        np.testing.assert_array_equal(resumed.params[name], x)


def made_again_updates(folder: RunFolder) -> int:
    """The updates of a run whose machine could be made again from its last state alone."""
    assert open_checkpoint(folder).machine.params
    return int(folder.read_state()[1]["updates"])

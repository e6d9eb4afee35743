"""`bm tune`: a run for every point of a grid."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.tasks.tune import points_of
from tests.cli.command import Bm

PATIENCE = 240
"""Seconds that a cluster of other processes may take to begin."""
TEXT = """model m(D = 6, H = 4) { visible v[D] : binary  hidden h[H] : binary
  param W init normal(0, 0.3)  param b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { negative pcd(chains = 5)  optimizer sgd(rate = 0.05, momentum = 0.5)
    batch 9  epochs 2  seed 3 } }"""


def test_points_are_all_combinations_of_arguments_settings_and_options() -> None:
    grid = ["H=2,3", "rate=0.1,0.2", "negative.steps=2", "optimizer.momentum=0"]
    found = points_of(bmdsl.parse(TEXT), grid)
    assert [p.arguments["H"] for p in found] == [2, 2, 3, 3]
    assert [p.settings["optimizer"] for p in found[:2]] == [
        f"sgd(rate = {rate}, momentum = 0, nesterov = false)" for rate in ("0.1", "0.2")
    ]
    assert {p.settings["negative"] for p in found} == {"pcd(steps = 2, chains = 5)"}
    assert found[0].folder == "H=2_rate=0.1_negative.steps=2_optimizer.momentum=0"
    words = points_of(bmdsl.parse(TEXT), ["negative=cd(steps = 2, means = true),pcd"])
    assert [p.settings["negative"] for p in words] == ["cd(steps = 2, means = true)", "pcd"]


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        (["H=3"], "two points or more"),
        (["foo=1,2"], "`foo` is no argument of `m`"),
        (["H"], "is not a name with different values"),
        (["H=2,2"], "is not a name with different values"),
        (["H=2,three"], "`three` no number"),
        (["H=2,3", "H=4,5"], "given twice"),
        (["rate=0.1,0.2", "optimizer=adam,rmsprop"], "`optimizer` and an option of it"),
    ],
)
def test_a_grid_that_is_none_is_refused(grid: list[str], said: str) -> None:
    with pytest.raises(BmError, match=said) as found:
        points_of(bmdsl.parse(TEXT), grid)
    assert found.value.diagnostics[0].code == "BM999"


def test_every_point_is_trained_and_one_that_fails_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bm = Bm(tmp_path, monkeypatch, capsys)
    (tmp_path / "m.bm").write_text(TEXT)
    np.save(tmp_path / "v.npy", (np.random.default_rng(0).random((25, 6)) < 0.4).astype(float))
    done = bm("tune", "m.bm", "v.npy", "-G", "steps=1,2,0", "--out", "grid", "--json")
    assert done.returncode == 1 and "BM515" in done.stderr
    told = json.loads(done.stdout)
    assert len(told["runs"]) == 2 and list(told["failed"]) == ["grid/steps=0"]
    assert bmdsl.open(tmp_path / "grid" / "steps=2").model.training.negative["steps"] == 2
    again = bm("tune", "m.bm", "v.npy", "-G", "steps=1,2", "--out", "grid")
    assert again.returncode == 1 and "BM796" in again.stderr


def test_workers_of_a_dask_cluster_train_what_processes_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    distributed = pytest.importorskip("distributed")
    bm = Bm(tmp_path, monkeypatch, capsys)
    (tmp_path / "m.bm").write_text(TEXT)
    np.save(tmp_path / "v.npy", (np.random.default_rng(0).random((25, 6)) < 0.4).astype(float))
    grid = ("tune", "m.bm", "v.npy", "-G", "steps=1,2,0", "--json", "--out")
    bm(*grid, "here")
    one_thread = {"processes": False, "n_workers": 1, "threads_per_worker": 1}
    with distributed.LocalCluster(**one_thread, dashboard_address=None) as cluster:
        done = bm(*grid, "there", "--dask", cluster.scheduler_address)
    assert done.returncode == 1 and "BM515" in done.stderr
    told = json.loads(done.stdout)
    assert len(told["runs"]) == 2 and list(told["failed"]) == ["there/steps=0"]
    for point in ("steps=1", "steps=2"):
        here, there = (bmdsl.open(tmp_path / place / point).params for place in ("here", "there"))
        assert all(np.array_equal(here[name], there[name]) for name in here)


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    from bmdsl.tasks import dask_client

    monkeypatch.setattr(dask_client, "SECONDS_TO_CONNECT", 0.2)
    with pytest.raises(BmError, match="no scheduler of Dask answers") as found:
        dask_client.on_workers("tcp://127.0.0.1:9", str, [])
    assert found.value.diagnostics[0].code == "BM994"


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A process of this Python, which ends with the block."""
    process = subprocess.Popen(
        [sys.executable, *command], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_cluster_started_from_the_command_line_outlives_a_worker(tmp_path: Path) -> None:
    """A scheduler and two workers are processes of their own; one is killed while it trains."""
    pytest.importorskip("distributed")
    (tmp_path / "m.bm").write_text(TEXT.replace("epochs 2", "epochs 1500"))
    np.save(tmp_path / "v.npy", (np.random.default_rng(0).random((25, 6)) < 0.4).astype(float))
    place, file = tmp_path / "there", tmp_path / "scheduler.json"
    dask = (
        "-m",
        "dask",
        "scheduler",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(file),
    )
    worker = (
        "-m",
        "dask",
        "worker",
        "--scheduler-file",
        str(file),
        "--nthreads",
        "1",
        "--no-dashboard",
    )
    worker += ("--local-directory", str(tmp_path), "--no-nanny")
    with started(*dask), started(*worker) as first, started(*worker):
        until = time.monotonic() + PATIENCE
        while not file.exists():
            assert time.monotonic() < until
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        bm = "from bmdsl.cli.entry import main; main()"
        tune = ("-c", bm, "tune", str(tmp_path / "m.bm"), str(tmp_path / "v.npy"), "--json")
        tune += ("-G", "steps=1,2,3,4,5,6", "--out", str(place), "--dask", address)
        with started(*tune) as process:
            while not list(place.glob("*/metrics.jsonl")):
                assert process.poll() is None and time.monotonic() < until + PATIENCE
                time.sleep(0.1)
            first.kill()
            said, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, complaint
    assert len(json.loads(said)["runs"]) == 6
    lengths = [len(x.read_text().splitlines()) for x in place.glob("*/metrics.jsonl")]
    assert lengths == [1500] * 6

"""What stands around the updates costs little: looks by their time, scores by counting, checkpoints
every few seconds; nothing computed depends on it.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.language.model import Choice, Training
from bmdsl.runs.run_folder import RunFolder
from bmdsl.training import epoch_ends, keeping, loop
from bmdsl.training.budget import EARLY, LAST_SHARE, LOADING, Budget
from bmdsl.training.callbacks import Hooks
from bmdsl.training.loop import train
from bmdsl.training.validation import SCORE_SHARE, share_beside_scores
from tests.training.naive_machine import NaiveRbm

pytestmark = pytest.mark.compiled

SGD = Choice("sgd", (("rate", 0.2), ("momentum", 0.5), ("nesterov", False)))
PCD = Training(
    positive=Choice("exact"),
    negative=Choice("pcd", (("steps", 1), ("chains", 12))),
    optimizer=SGD,
    batch=8,
    epochs=20,
)
RBM = """model m { visible v[6] : binary  hidden h[4] : binary  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative pcd(chains = 20)  optimizer sgd(rate = 0.1)  batch 20
  epochs 30 } }"""


def data(n: int = 32) -> dict[str, np.ndarray]:
    return {"v": (np.random.default_rng(1).random((n, 4)) < 0.4).astype(np.float32)}


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_looks_take_their_share_of_the_time_and_no_more() -> None:
    clock = FakeClock()
    budget = Budget(0.1, ("figures", "dear"), clock)
    looks, first = 0, True
    for _ in range(1000):
        clock.now += 1
        if budget.affords("figures"):
            looks += 1
            with budget.spending("figures"):
                clock.now += 50 if first else 2  # the first one compiles
                first = False
            assert budget.accounts["figures"].spent <= max(4, 0.05 * budget.trained)
    assert budget.trained == 1000
    # the second one's time counts for the first one too, and one more is left for the end
    assert looks == 1000 * 0.05 // 2 - 1
    assert budget.affords("figures", last=True)


def test_a_first_look_waits_for_as_many_updates_as_it_and_the_last_one_may_cost() -> None:
    def affords(share: float, updates: int, seconds: float = 100.0, last: bool = False) -> bool:
        clock = FakeClock()
        budget = Budget(share, ("figures", "dear"), clock)
        clock.now += seconds
        return budget.affords("dear", updates, cost=10, last=last)

    assert not affords(0.1, 399) and affords(0.1, 400)
    assert not affords(0.1, 99, last=True) and affords(0.1, 100, last=True)  # all that there is
    assert not affords(0.0, int(9 / LAST_SHARE), last=True)
    assert affords(0.0, int(10 / LAST_SHARE), last=True)
    assert affords(1.0, 1)
    # nor is it loaded for a training that does not pay for loading it
    short = LOADING / 0.05
    assert not affords(0.1, 400, 0.99 * short) and affords(0.1, 400, 1.01 * short)


def test_time_of_an_inner_account_is_not_on_the_outer_one() -> None:
    clock = FakeClock()
    budget = Budget(0.1, ("figures", "dear"), clock)
    for _ in range(2):
        with budget.spending("figures"):
            clock.now += 1
            with budget.spending("dear"):
                clock.now += 30
    assert (budget.accounts["figures"].spent, budget.accounts["dear"].spent) == (2, 60)
    assert budget.trained == 0


@pytest.fixture
def dear_looks(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Every look takes ten seconds, an update none; epochs take one by `on_progress`."""
    clock = FakeClock()
    error = epoch_ends.reconstruction_error

    def slow(*given: Any) -> float:
        clock.now += 10
        return error(*given)

    monkeypatch.setattr(epoch_ends, "reconstruction_error", slow)
    monkeypatch.setattr(loop, "Budget", lambda share, names: Budget(share, names, clock))
    return clock


def looked(dear_looks: FakeClock, **settings: Any) -> list[int]:
    def pass_a_second(line: dict[str, Any]) -> None:
        dear_looks.now += 1

    settings = {"epochs": 500} | settings
    run = train(NaiveRbm(), data(), replace(PCD, **settings), on_progress=pass_a_second)
    assert len(run.metrics) == settings["epochs"]
    assert all(
        "gradient_norm" in line for line in run.metrics
    )  # what costs nothing is in every line
    return [line["epoch"] for line in run.metrics if "reconstruction_error" in line]


def test_a_look_over_budget_is_skipped_and_the_end_is_looked_at(dear_looks: FakeClock) -> None:
    assert looked(dear_looks) == [2, 3, 500]
    assert looked(dear_looks, epochs=1000) == [2, 3, 801, 1000]  # 4 · 10 s are below 5 %


def test_every_epoch_is_looked_at_where_that_is_asked_for(dear_looks: FakeClock) -> None:
    assert looked(dear_looks, epochs=20, monitor=1.0) == list(range(1, 21))


def test_monitor_is_a_share() -> None:
    assert bmdsl.parse(RBM.replace("epochs 30", "monitor 0.5")).checked.training.monitor == 0.5
    with pytest.raises(BmError, match="BM503.*`monitor` is a share"):
        bmdsl.parse(RBM.replace("epochs 30", "monitor 2"))


def test_a_score_that_patience_watches_is_of_every_epoch_others_are_counted_out() -> None:
    def scored(**settings: Any) -> list[int]:
        run = train(NaiveRbm(), data(), replace(PCD, validate=0.25, epochs=90, **settings))
        assert run.best_update in [line["update"] for line in run.metrics if "validation" in line]
        return [line["epoch"] for line in run.metrics if "validation" in line]

    assert scored(patience=90) == list(range(1, 91))
    assert scored() == [85, 90]  # (6 + 8 / 8 / 3) updates in 2.5 % of 3 an epoch: 84.4


def test_a_resume_is_exact_whatever_looks_were_taken(tmp_path: Path) -> None:
    x = (np.random.default_rng(5).random((100, 6)) < 0.5).astype(float)

    def machine(monitor: float) -> bmdsl.Machine:
        return bmdsl.parse(RBM).bind({"monitor": monitor}).compile(seed=1)

    def stop(line: dict[str, Any]) -> None:
        if line["epoch"] == 17:
            raise KeyboardInterrupt

    whole = machine(1)
    assert all("health" in line for line in whole.train(x).metrics)
    part, folder = machine(0), tmp_path / "run"
    metadata = {"source": RBM}
    train(part, {"v": x}, part.model.training, folder, metadata=metadata, on_progress=stop)
    fresh = machine(0.05)
    run = train(fresh, {"v": x}, fresh.model.training, folder, metadata=metadata, resume=True)
    assert [line["epoch"] for line in run.metrics] == list(range(1, 31))
    for name, value in whole.params.items():
        np.testing.assert_array_equal(value, fresh.params[name])
    np.testing.assert_array_equal(whole.sample(5)["v"], fresh.sample(5)["v"])


@pytest.mark.parametrize(("seconds", "times", "written"), [(1e9, 20, 2), (0.0, 0, 21)])
def test_checkpoints_are_apart_by_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, times: int, written: int
) -> None:
    count, write = [], RunFolder.write_state
    monkeypatch.setattr(RunFolder, "write_state", lambda *a: count.append(1) or write(*a))
    monkeypatch.setattr(keeping, "MIN_SECONDS_BETWEEN_CHECKPOINTS", seconds)
    monkeypatch.setattr(keeping, "MIN_TIMES_THEIR_COST", times)
    train(NaiveRbm(), data(), PCD, tmp_path)
    assert len(count) == written  # the start's and the end's, and every epoch's


KILLED = """
import os, signal, sys
from pathlib import Path
from bmdsl.training import keeping, loop
from tests.training.test_budget import PCD, data
from tests.training.naive_machine import NaiveRbm
keeping.MIN_SECONDS_BETWEEN_CHECKPOINTS, keeping.MIN_TIMES_THEIR_COST = 1e9, 0
def tell(line):
    epoch = line["epoch"]
    if epoch == 7:
        # seconds have passed: the eighth epoch ends with a checkpoint
        the_loop.checkpoint_due = 0.0
    if epoch == 13:
        the_loop.folder.flush()
        os.kill(os.getpid(), signal.SIGKILL)
init = loop._Loop.__init__
def remember(self, *a):
    global the_loop
    the_loop = self
    init(self, *a)
loop._Loop.__init__ = remember
loop.train(NaiveRbm(), data(), PCD, Path(sys.argv[1]), on_progress=tell)
"""


def test_a_kill_leaves_a_checkpoint_and_metrics_that_go_on_exactly(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(x)["epoch"] for x in lines] == list(range(1, 14))
    assert RunFolder(tmp_path, {}).read_state()[1]["updates"] == 8 * 4
    whole, fresh = NaiveRbm(), NaiveRbm()
    wanted = train(whole, data(), PCD)
    run = train(fresh, data(), PCD, tmp_path, resume=True)
    assert [line["epoch"] for line in run.metrics] == list(range(1, 21))
    norms = [[line["gradient_norm"] for line in r.metrics] for r in (wanted, run)]
    np.testing.assert_array_equal(*norms)
    for name, value in whole.params.items():
        np.testing.assert_array_equal(value, fresh.params[name])


def test_metrics_are_written_before_the_checkpoint_that_they_belong_to(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, {})
    for epoch in (1, 2, 3):
        folder.append_metrics({"epoch": epoch, "update": epoch})
    path = tmp_path / "metrics.jsonl"
    assert len(path.read_text().splitlines()) == 1  # the others wait for more
    folder.write_state({"x": np.zeros(2)}, {"updates": 3})
    assert [json.loads(x)["epoch"] for x in path.read_text().splitlines()] == [1, 2, 3]


def test_a_stop_inside_an_update_takes_counters_and_metrics_back_too(tmp_path: Path) -> None:
    """An update that breaks off goes back to the last validation; patience must count on from
    there.
    """
    settings = replace(PCD, epochs=40, validate=0.25, patience=40)
    whole = NaiveRbm()
    wanted = train(whole, data(), settings)
    part = NaiveRbm()
    updates, accumulate = [], part.accumulate

    def broken(*given: Any) -> None:
        updates.append(1)
        if len(updates) == 2 * 75:  # two phases an update
            raise KeyboardInterrupt
        accumulate(*given)

    part.accumulate = broken  # type: ignore[method-assign]
    run = train(part, data(), settings, tmp_path)
    assert run.interrupted and run.updates == 72  # every epoch of 3 updates ends with one
    assert run.metrics[-1]["update"] == 72
    fresh = NaiveRbm()
    again = train(fresh, data(), settings, tmp_path, resume=True)
    assert (again.best_score, again.best_update) == (wanted.best_score, wanted.best_update)
    for name, value in whole.params.items():
        np.testing.assert_array_equal(value, fresh.params[name])


@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.0, 2.0, 5.0])
def test_the_first_account_has_all_of_the_share_until_others_afford_a_look(seconds: float) -> None:
    clock, look = FakeClock(), 0.004
    budget = Budget(0.05, ("figures", "dear"), clock)
    while budget.trained < seconds:
        clock.now += 0.001
        if budget.affords("figures"):
            with budget.spending("figures"):
                clock.now += look
        assert budget.spent <= 0.05 * budget.trained
    assert budget.affords("figures", last=True)
    part = 0.05 * max(seconds / 2, min(seconds, EARLY))
    assert part - 3 * look < budget.spent <= part - look + 1e-9


def test_the_last_look_takes_no_more_than_what_all_have_left() -> None:
    clock = FakeClock()
    budget = Budget(0.1, ("figures", "dear"), clock)
    for name, seconds in (("figures", 1), ("figures", 1), ("dear", 5), ("dear", 5)):
        with budget.spending(name):
            clock.now += seconds
    clock.now += 169.9
    assert not budget.affords("dear", last=True)  # 2 + 10 + 5 of 16.99
    clock.now += 0.2
    assert budget.affords("dear", last=True) and not budget.affords("dear")


def test_looks_leave_scores_their_share() -> None:
    assert share_beside_scores(0.05) == SCORE_SHARE == 0.05 / 2
    assert share_beside_scores(0.01) == 0.005 and share_beside_scores(0.5) == 0.475
    assert share_beside_scores(1.0) == 1.0  # every epoch is looked at, whatever it takes


@pytest.mark.parametrize("done", [0, 3, 7, 20])
def test_a_call_of_more_than_an_epoch_ends_with_one_so_that_monitors_can_look(done: int) -> None:
    one: Any = object.__new__(loop._Loop)
    one.run_, one.per_epoch, one.total = SimpleNamespace(updates=done), 7, 1000
    one.cases = SimpleNamespace(updates_at_hand=lambda epoch, place, batch: 10**9)
    one.hooks, one.judged, one.training = Hooks(()), None, SimpleNamespace(monitor=0.05, batch=10)
    compiled: Any = SimpleNamespace(by_epoch=False, most=lambda: 10**9)
    for affordable in range(1, 40):
        pace: Any = SimpleNamespace(count=affordable)
        count = one._count_of_call(compiled, pace)
        assert 1 <= count <= affordable
        assert done % 7 + count <= 7 or (done + count) % 7 == 0

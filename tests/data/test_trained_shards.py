"""A training on shards is the training on the same cases in the same order, goes on in the middle
of an epoch, and its cases are evaluated as they were trained on.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl import BmError
from bmdsl.data.streams import reader, shared_reading
from bmdsl.data.streams.order import Blocks, Order
from bmdsl.data.streams.source import ShardSource
from bmdsl.data.streams.windows import Windows
from bmdsl.language.diagnostics import BmWarning
from bmdsl.ranks.by_threads import in_threads
from bmdsl.tasks.eval import evaluate, of_run, write_rows
from bmdsl.tasks.resume import resume
from bmdsl.training import keeping, loop
from bmdsl.training.cases import Cases
from tests.reliability.runs import differences, ending

RBM = """model m(D) { visible v[D] : binary  hidden h[3] : binary
  param W init normal(0, 0.3)  param b init logit_mean(v)  param c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { negative pcd(chains = 6)  batch 7  epochs 2  monitor 0  WORDS } }"""
LABELLED = """model m { visible v[5] : binary  visible y : categorical(3)  hidden h[3] : binary
  param W init normal(0, 0.3)  param U init normal(0, 0.3)  param b init logit_mean(v)
  energy = - W[i,j] v[i] h[j] - U[k,j] y[k] h[j] - b[i] v[i]
  train { negative pcd(chains = 6)  batch 7  epochs 2  monitor 0 } }"""
SIZES = (40, 25, 0, 60)
BLOCK, ROOM = 8, 30


class Killed(BaseException):
    """An end that nothing catches."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and windows of few cases, and checkpoints after every call."""
    monkeypatch.setattr(keeping, "MIN_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(keeping, "MIN_TIMES_THEIR_COST", 0)
    made = reader.BlockLayout.of.__func__  # type: ignore[attr-defined]

    def small(cls: Any, source: Any, numbers: int, megabytes: int) -> Any:
        monkeypatch.setattr(reader, "BLOCK", BLOCK * (4 * numbers + reader.BESIDES))
        found = made(cls, source, numbers, megabytes)
        return reader.BlockLayout(found.shard, found.low, found.high, ROOM)

    monkeypatch.setattr(reader.BlockLayout, "of", classmethod(small))


def cases() -> np.ndarray:
    return (np.random.default_rng(3).random((sum(SIZES), 5)) < 0.4).astype(np.uint8)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    place, at = tmp_path / "shards", 0
    place.mkdir()
    for k, size in enumerate(SIZES):
        np.save(place / f"{k}.npy", cases()[at : at + size])
        at += size
    return place


def machine_of(words: str = "") -> Any:
    return bmdsl.parse(RBM.replace("WORDS", words), D=5).compile(seed=2)


@pytest.mark.parametrize(("updates", "most"), [(36, 2 * sum(SIZES)), (18 + 2, sum(SIZES) + ROOM)])
def test_nothing_is_read_for_updates_after_the_last(
    shards: Path, updates: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    fill = reader.ShardReader.fill

    def noted(self: Any, *given: Any) -> int:
        read.append(fill(self, *given))
        return read[-1]

    monkeypatch.setattr(reader.ShardReader, "fill", noted)
    run = machine_of().train(str(shards), updates=updates, progress=False)
    assert run.updates == updates and sum(read) <= most


@pytest.mark.parametrize("weighed", [False, True])
def test_shards_give_the_parameters_of_the_same_order_in_memory(
    shards: Path, weighed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = np.random.default_rng(0).random(sum(SIZES)) if weighed else None
    streamed, whole = machine_of(), machine_of()
    run = streamed.train(str(shards), weights=weights, progress=False)
    sizes = np.array([min(BLOCK, n - k) for n in SIZES for k in range(0, n, BLOCK)])
    blocks = Blocks(sizes, sizes, ROOM)
    monkeypatch.setattr(Cases, "order", lambda self, seed, epoch: Order(blocks, seed, epoch)[:])
    whole.train(cases(), weights=weights, progress=False)
    assert run.updates == 2 * 18 and Order(blocks, 0, 0).windows > 4
    for name, x in whole.params.items():
        np.testing.assert_array_equal(streamed.params[name], x)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "bool"])
@pytest.mark.parametrize(
    ("words", "in_bytes"),
    [
        ("transform binarize(threshold, at = 100)", True),
        ("transform scale, binarize", True),
        ("transform log(shift = 129), scale  validate 0.3", True),
        ("transform binarize(stochastic, at = 0.5)", False),
        ("transform scale, standardize", False),
    ],
)
def test_bytes_stay_bytes_in_memory_and_mean_what_transforms_make_of_them(
    tmp_path: Path, dtype: str, words: str, in_bytes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each number becomes the same wherever it stands; the values are those of all cases
    transformed at once.
    """
    drawn = np.random.default_rng(5).integers(0, 2 if "stochastic" in words else 256, (125, 5))
    values = (drawn > 128) if dtype == "bool" else drawn.astype(np.uint8).view(dtype)
    if dtype == "int8" and "stochastic" in words:
        values = abs(values)
    for k, part in enumerate(np.split(values, np.cumsum(SIZES)[:-1])):
        np.save(tmp_path / f"{k}.npy", part)
    text = RBM.replace("v[D] : binary", "v[D] : gaussian").replace("logit_mean", "mean")
    model = bmdsl.parse(text.replace("WORDS", words), D=5)
    windows: list[Windows] = []
    close, taken, take = Windows.close, dict[int, np.ndarray](), Windows.take

    def kept(self: Windows) -> None:
        windows.append(self)
        assert {str(w.values["v"].dtype) for w in self._held} == {dtype if in_bytes else "float32"}
        close(self)

    def noted(self: Windows, name: str, cases: np.ndarray) -> np.ndarray:
        found = take(self, name, cases)
        taken.update(zip(cases.tolist(), found, strict=True))
        return found

    monkeypatch.setattr(Windows, "close", kept)
    monkeypatch.setattr(Windows, "take", noted)
    machine = model.compile(seed=2)
    machine.train(str(tmp_path), progress=False)
    (used,) = windows
    whole = machine.prepare(values) if "stochastic" not in words else values
    rows = used.view.places()
    assert sorted(taken) == list(range(len(rows)))
    for case, x in taken.items():
        np.testing.assert_array_equal(x, np.asarray(whole, np.float32)[rows[case]])


def test_shards_with_labels_and_gaps_are_trained_on_as_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = np.random.default_rng(1)
    v = cases().astype(np.float32)
    v[generator.random(v.shape) < 0.1] = np.nan
    y = generator.integers(0, 3, len(v))
    for k, part in enumerate(np.split(np.arange(len(v)), np.cumsum(SIZES)[:-1])):
        np.savez(tmp_path / f"{k}.npz", v=v[part], y=y[part])
    model = bmdsl.parse(LABELLED)
    streamed, whole = model.compile(seed=2), model.compile(seed=2)
    run = streamed.train(str(tmp_path), progress=False)
    sizes = np.array([n for n in SIZES if n])  # a file is unpacked as a whole
    blocks = Blocks(sizes, sizes, ROOM)
    monkeypatch.setattr(Cases, "order", lambda self, seed, epoch: Order(blocks, seed, epoch)[:])
    other = whole.train({"v": v, "y": y}, progress=False)
    assert run.notes == other.notes and "no missing values" in run.notes[0]
    for name, x in whole.params.items():
        np.testing.assert_array_equal(streamed.params[name], x)


def test_shards_may_be_held_in_memory_as_well(shards: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    machine_of("validate 0.3  streaming never").train(str(shards), run, progress=False)
    assert [x.cases for x in evaluate(run, None)] == [87, 38]


def test_a_training_that_was_killed_inside_epochs_ends_the_same(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "validate 0.3  patience 50  checkpoint 1e-9"
    machine_of(words).train(str(shards), tmp_path / "whole", progress=False)
    call, reads = loop._Loop._call, []
    for k, update in enumerate((5, 16)):

        def until(self: Any, compiled: Any, first: int, count: int, last: int = update) -> Any:
            if first >= last:
                raise Killed
            return call(self, compiled, first, count)

        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(loop._Loop, "_call", until)
            patched.setattr(loop._Loop, "_count_of_call", lambda self, compiled, pace: 1)
            if not k:
                machine_of(words).train(str(shards), tmp_path / "part", progress=False)
            else:
                resume(tmp_path / "part", {})
    monkeypatch.setattr("bmdsl.tasks.streaming.survey", lambda *_: reads.append("all"))
    resume(tmp_path / "part", {})
    assert not reads  # what was found at the start is known
    assert differences(ending(tmp_path / "whole"), ending(tmp_path / "part")) == []


@pytest.mark.parametrize(("size", "words"), [(2, ""), (3, "validate 0.3  transform standardize")])
def test_ranks_train_on_shards_as_one_does_and_read_each_its_share(
    shards: Path, words: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minibatches of two windows, a last one of an epoch with less cases, blocks of unequal
    sizes; each rank reads and holds its share.
    """
    text = RBM.replace("v[D] : binary", "v[D] : gaussian").replace("logit_mean", "mean")
    model = bmdsl.parse(text.replace("WORDS", words), D=5)
    counts: dict[int, list[int]] = {}
    read, close, take = ShardSource.read, Windows.close, Windows.take

    def counted(self: ShardSource, shard: int, low: int, high: int, *into: Any) -> Any:
        counts.setdefault(id(self), [0, 0])[0] += high - low
        return read(self, shard, low, high, *into)

    def closed(self: Windows) -> None:
        found = counts[id(self.view.reader.source)]
        found[1] = max([found[1], *(len(w.cases) for w in self._held)])
        close(self)

    def taken(self: Windows, name: str, cases: np.ndarray) -> np.ndarray:
        held = np.any([w.places(cases) >= 0 for w in self._held], axis=0)
        assert self.shared is None or held.all(), "a case that another rank was handed"
        return take(self, name, cases)

    monkeypatch.setattr(ShardSource, "read", counted)
    monkeypatch.setattr(Windows, "close", closed)
    monkeypatch.setattr(Windows, "take", taken)
    monkeypatch.setattr(
        shared_reading, "MAX_SENT_BYTES", 80
    )  # four cases of five numbers at a time

    def work() -> tuple[Any, ...]:
        machine = model.compile(seed=2)
        run = machine.train(str(shards), progress=False)
        return {n: x.copy() for n, x in machine.params.items()}, run

    whole, run = work()
    ((alone, _),) = counts.values()
    counts.clear()
    for params, of in in_threads(size, work):
        assert of.updates == run.updates
        for name, x in whole.items():
            np.testing.assert_allclose(params[name], x, atol=2e-6, err_msg=name)
        if "validate" in words:
            of_one = [x["validation"] for x in run.metrics if "validation" in x]
            of_all = [x["validation"] for x in of.metrics if "validation" in x]
            assert of_all == pytest.approx(of_one, rel=1e-4)
    assert len(counts) == size
    if not words:
        reads = [x for x, _ in counts.values()]
        assert sum(reads) < 1.2 * alone + size * (2 * BLOCK + 8), (reads, alone)
        assert max(reads) < 0.75 * alone, (reads, alone)
        assert max(x for _, x in counts.values()) <= ROOM / size + 7


def test_shards_go_on_with_another_number_of_ranks_inside_an_epoch(
    shards: Path, tmp_path: Path
) -> None:
    model = bmdsl.parse(RBM.replace("WORDS", "checkpoint 1e-9"), D=5)

    def work(out: Path | None, **settings: Any) -> dict[str, np.ndarray]:
        machine = model.compile(seed=2)
        machine.train(str(shards), out, progress=False, **settings)
        return dict(machine.params)

    whole = work(None)
    in_threads(3, lambda: work(tmp_path / "part", updates=8))
    in_threads(2, lambda: resume(tmp_path / "part", {"updates": 36}))
    for name, x in bmdsl.open(tmp_path / "part").params.items():
        np.testing.assert_allclose(x, whole[name], atol=2e-6, err_msg=name)


def test_shards_that_have_changed_are_named_by_a_resume(shards: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    machine_of().train(str(shards), run, progress=False, epochs=1)
    moved = tmp_path / "moved"
    shutil.copytree(shards, moved)
    resume(run, {"epochs": 1}, str(moved))  # the same shards elsewhere, without a warning
    path = moved / "1.npy"
    for change, told in (
        (lambda: np.save(path, cases()[:25] ^ 1), "`1.npy` has changed (other bytes)"),
        (lambda: np.save(path, cases()[:20]), "`1.npy` has changed (20 cases, then 25)"),
        (path.unlink, "`1.npy` is gone"),
    ):
        change()
        with pytest.raises(BmError, match="BM785") as error:
            resume(run, {"epochs": 2})
        assert told in str(error.value)
    with pytest.warns(BmWarning, match="BM784"):
        resume(run, {"epochs": 2}, str(moved))


def test_a_shard_that_goes_while_it_is_trained_on_leaves_a_run_to_resume(
    shards: Path, tmp_path: Path
) -> None:
    run, path = tmp_path / "run", shards / "3.npy"

    def lose(moment: Any) -> None:
        path.rename(tmp_path / "3.npy")

    with pytest.raises(BmError, match="BM724") as error:
        machine_of().train(str(shards), run, progress=False, callbacks=[lose])
    assert "3.npy" in str(error.value)
    (tmp_path / "3.npy").rename(path)
    assert resume(run, {}).run.updates == 2 * 18


def test_figures_of_shards_are_those_of_their_cases(shards: Path, tmp_path: Path) -> None:
    run, whole = tmp_path / "run", tmp_path / "all.npy"
    machine = machine_of("validate 0.3")
    told = machine.train(str(shards), run, progress=False)
    np.save(whole, cases())
    train, held = evaluate(run, None)
    assert (train.part, held.part) == ("train", "validation")
    assert train.cases + held.cases == sum(SIZES) and held.cases > 20
    assert held.reconstruction_error == pytest.approx(told.metrics[-1]["validation"])
    (streamed,), (read,) = evaluate(run, str(shards / "0.npy")), evaluate(run, str(whole), None)
    assert streamed.cases == 40 and read.cases == sum(SIZES)
    for figure in ("reconstruction_error", "free_energy", "log_likelihood"):
        a, b, all_ = (getattr(x, figure) for x in (train, held, read))
        assert (train.cases * a + held.cases * b) / sum(SIZES) == pytest.approx(all_)
    parts = of_run(run, None, None, 10, 10, progress=False).parts
    assert [p.cases for p in parts] == [train.cases, held.cases]
    assert write_rows(run, None, "validation", tmp_path / "rows.csv").rows == held.cases


def test_what_pretraining_needs_is_said(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bmdsl.data.memory.memory_limit", lambda: 100)
    deep = bmdsl.load("dbm", D=5, H1=3, H2=2).compile(seed=0)
    with pytest.raises(BmError, match="BM726") as error:
        deep.train(str(shards), progress=False, pretrain="greedy")
    assert "`pretrain`" in str(error.value)

"""Shards of every format are read as one data set, in an order that is a function of seed and
epoch; what is wrong with them is said by name.
"""

from __future__ import annotations

import json
import os
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl import BmError
from bmdsl.data.finding import find
from bmdsl.data.preparing import Preparation
from bmdsl.data.streams import shards
from bmdsl.data.streams.describing import describe_shards
from bmdsl.data.streams.order import Blocks, Order, cut
from bmdsl.data.streams.reader import ShardReader
from bmdsl.data.streams.surveying import learned, survey
from bmdsl.data.streams.view import ShardView
from bmdsl.data.streams.windows import Windows
from bmdsl.language.diagnostics import BmWarning
from bmdsl.registry import discover

ONE = """model one(D) {
  visible v[D] : gaussian
  hidden  h[3] : binary
  param W init normal(0, 0.01)
  param b init mean(v)
  param c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  train { SETTINGS }
}
"""
TWO = """model two {
  visible v[6] : binary
  visible y : categorical(3)
  hidden  h[3] : binary
  param W init normal(0, 0.1)
  param U init normal(0, 0.1)
  param b
  energy = - b[i] v[i] - W[i,j] v[i] h[j] - U[k,j] y[k] h[j]
}
"""
SIZES = (50, 0, 31, 70)


def model(settings: str = "", text: str = ONE, **arguments: int) -> Any:
    return bmdsl.parse(text.replace("SETTINGS", settings), **arguments).checked


def parts(width: int = 6, dtype: str = "float32") -> list[np.ndarray]:
    generator = np.random.default_rng(3)
    return [generator.normal(size=(n, width)).astype(dtype) for n in SIZES]


def write_npy(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    np.save(folder / f"{name}.npy", arrays["v"])


def write_npz(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    np.savez_compressed(folder / f"{name}.npz", **arrays)


def write_h5(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    import h5py

    with h5py.File(folder / f"{name}.h5", "w") as file:
        for key, x in arrays.items():
            whole = None if not len(x) else (min(8, len(x)), *x.shape[1:])
            file.create_dataset(key, data=x, chunks=whole)


def write_zarr(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    import zarr

    group = zarr.open_group(folder / f"{name}.zarr", mode="w")
    for key, x in arrays.items():
        made = group.create_array(key, shape=x.shape, dtype=x.dtype, chunks=(8, *x.shape[1:]))
        made[:] = x


def write_parquet(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    """A column of lists for an array of two axes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        n: pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), x.shape[1])
        if x.ndim > 1
        else pa.array(x)
        for n, x in arrays.items()
    }
    pq.write_table(pa.table(columns), folder / f"{name}.parquet", row_group_size=16)


def write_table(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    """A column a feature."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({f"x{k}": x for k, x in enumerate(arrays["v"].T)})
    pq.write_table(table, folder / f"{name}.parquet", row_group_size=16)


FORMATS = (write_npy, write_npz, write_h5, write_zarr, write_parquet, write_table)
SEVERAL = (write_npz, write_h5, write_zarr, write_parquet)
Write = Callable[[Path, str, dict[str, np.ndarray]], None]


def reader_of(place: Path, checked: Any, weights: np.ndarray | None = None) -> ShardReader:
    found = find(str(place), checked, streamed="always").shards
    assert found is not None
    made = ShardReader.of(
        found, checked, Preparation.before(checked), np.dtype(np.float32), weights
    )
    return (
        made
        if made.preparation.groups is not None
        else made.with_preparation(learned(made, checked))
    )


def written(folder: Path, write: Write = write_npy, of: list[np.ndarray] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    for k, x in enumerate(parts() if of is None else of):
        write(folder, f"part-{k}", {"v": x})
    return folder


@pytest.mark.parametrize("write", FORMATS)
def test_the_shards_of_a_folder_are_the_cases_of_all_in_the_order_of_names(
    tmp_path: Path, write: Write
) -> None:
    place, checked = written(tmp_path / "d", write), model(D=6)
    reader = reader_of(place, checked)
    view, whole = ShardView(reader, "train"), np.concatenate(parts())
    rows = np.array([149, 0, 50, 49, 80, 81])
    assert len(view) == len(whole) and len(reader.layout) >= 3
    np.testing.assert_array_equal(np.asarray(view.columns["v"]), whole)
    np.testing.assert_array_equal(view.columns["v"][rows], whole[rows])
    np.testing.assert_array_equal(find(str(place), checked).arrays["v"], whole)  # all in memory


@pytest.mark.parametrize("write", SEVERAL)
def test_groups_are_arrays_or_columns_of_their_names(tmp_path: Path, write: Write) -> None:
    generator, folder = np.random.default_rng(1), tmp_path / "d"
    folder.mkdir()
    v = [(generator.random((n, 6)) < 0.4).astype(np.uint8) for n in SIZES]
    y = [generator.integers(0, 3, n).astype(np.int32) for n in SIZES]
    for k in range(len(SIZES)):
        write(folder, f"part-{k}", {"v": v[k], "y": y[k]})
    view = ShardView(reader_of(folder, model(text=TWO)), "all", verify=True)
    np.testing.assert_array_equal(np.asarray(view.columns["v"]), np.concatenate(v))
    np.testing.assert_array_equal(np.asarray(view.columns["y"]), np.eye(3)[np.concatenate(y)])
    assert describe_shards(str(folder)).cases == sum(SIZES)


def test_groups_of_npy_lie_in_folders_of_their_names(tmp_path: Path) -> None:
    for name in ("v", "y"):
        (tmp_path / name).mkdir()
        for k, n in enumerate((5, 7)):
            x = np.ones((n, 6), np.uint8) if name == "v" else np.full(n, k)
            np.save(tmp_path / name / f"{k}.npy", x)
    view = ShardView(reader_of(tmp_path, model(text=TWO)), "all")
    assert np.asarray(view.columns["y"]).argmax(1).tolist() == [0] * 5 + [1] * 7
    assert [x.name for x in describe_shards(str(tmp_path)).arrays] == ["v", "y"]
    np.save(tmp_path / "y" / "1.npy", np.zeros(6, int))
    assert "`v` has 7, `y` has 6" in refused("BM723", tmp_path, model(text=TWO))


def naive_order(sizes: list[int], held: list[int], room: int, seed: int, epoch: int) -> list[int]:
    """The order as the documentation has it, case by case."""
    starts = np.concatenate([[0], np.cumsum(sizes)])
    chain = np.random.default_rng((seed, 0, epoch)).permutation(len(sizes))
    windows: list[list[int]] = []
    full = room + 1
    for block in (k for k in chain if sizes[k]):
        if full + held[block] > room:
            windows.append([])
            full = 0
        windows[-1].append(int(block))
        full += held[block]
    out: list[int] = []
    for w, blocks in enumerate(windows):
        cases = [c for k in sorted(blocks) for c in range(starts[k], starts[k + 1])]
        mixed = np.random.default_rng((seed, 0, epoch, w + 1)).permutation(len(cases))
        out += [cases[k] for k in mixed]
    return out


def test_the_order_is_the_documented_function_of_blocks_seed_and_epoch() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        held = generator.integers(1, 9, 12)
        sizes = np.minimum(held, generator.integers(0, 9, 12))
        blocks = Blocks(sizes, held, room := int(generator.integers(1, 40)))
        for epoch in range(3):
            order = Order(blocks, 5, epoch)
            expected = naive_order(sizes.tolist(), held.tolist(), room, 5, epoch)
            assert order[:].tolist() == expected
            low, high = sorted(generator.integers(0, len(expected) + 1, 2))
            assert Order(blocks, 5, epoch)[low:high].tolist() == expected[low:high]
            assert sorted(expected) == list(range(sizes.sum()))
            for w in range(order.windows):  # no more in memory than fits, but for a larger block
                own = order.blocks_of(w)
                assert held[own].sum() <= room or len(own) == 1


def test_cases_sorted_by_class_are_mixed_in_every_window() -> None:
    """A window is a random sample of blocks: the share of a class in it has the standard deviation
    of one of as many blocks, drawn without replacement.
    """
    labels = np.repeat(np.arange(10), 2000)  # 200 blocks of 100 cases, 20 blocks a class
    order = Order(Blocks(np.full(200, 100), np.full(200, 100), 5000), 1, 0)
    shares = np.array(
        [np.bincount(labels[order.cases_of(w)], minlength=10) / 5000 for w in range(4)]
    )
    deviation = np.sqrt(0.1 * 0.9 / 50 * (200 - 50) / 199)
    assert abs(shares - 0.1).max() < 5 * deviation
    first = labels[order[:100]]
    assert len(np.unique(first)) > 5


def test_blocks_never_part_what_is_decoded_at_once() -> None:
    assert cut(10, 1, (), 4).tolist() == [0, 4, 8, 10]
    assert cut(10, 3, (), 4).tolist() == [0, 3, 6, 9, 10]
    assert cut(10, 7, (), 4).tolist() == [0, 7, 10]
    assert cut(11, 1, (2, 2, 5, 1, 1), 4).tolist() == [0, 4, 9, 11]
    assert cut(0, 4, (), 4).tolist() == [0]


@pytest.mark.parametrize("settings", ["", "validate 0.3", "transform standardize  validate 0.2"])
@pytest.mark.parametrize("weighed", [False, True])
def test_a_window_has_the_cases_of_its_positions(
    tmp_path: Path, settings: str, weighed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bmdsl.data.streams.reader.BLOCK", 8 * 48)
    monkeypatch.setattr("bmdsl.data.streams.reader.PER_WINDOW", 3)
    place, checked = written(tmp_path / "d"), model(settings, D=6)
    weights = np.arange(sum(SIZES)) % 4 * 1.0 if weighed else None
    reader = reader_of(place, checked, weights)
    object.__setattr__(reader.layout, "room", 40)
    view, held = ShardView(reader, "train"), ShardView(reader, "held")
    everything = np.asarray(ShardView(reader, "all").columns["v"])
    places = view.places()
    both = np.concatenate([places, held.places()])
    there = np.arange(sum(SIZES)) if weights is None else np.flatnonzero(weights)
    assert np.sort(both).tolist() == there.tolist()
    windows = Windows(view, seed=2)
    for epoch in range(2):
        order, at = windows.order(epoch), 0
        assert order.windows > 2
        for step in (7, 30, 1, 55, 3) * 10:
            rows = order[at : at + step]
            if len(rows):
                found = windows.take("v", rows)
                np.testing.assert_array_equal(found, rows_of(everything, places[rows], there))
                touched = np.unique(order.window_of[view.blocks.of(rows)])
                assert len(windows._held) <= len(touched)
            at += step
        assert at > len(order)
    windows.close()


def rows_of(values: np.ndarray, places: np.ndarray, there: np.ndarray) -> np.ndarray:
    """ShardRows by their places among all cases, of which `values` has those that are `there`."""
    return values[np.searchsorted(there, places)]


def test_memory_is_that_of_the_windows_however_large_the_file(tmp_path: Path) -> None:
    """A sparse file of 77 MB, surveyed and taken in minibatches of one epoch, a window of 4 MB."""
    count, width, path = 100_000, 768, tmp_path / "a.npy"
    np.lib.format.open_memmap(path, "w+", np.uint8, (count, width)).flush()
    checked = model("streaming always(window = 4)", text=ONE.replace("mean(v)", "0"), D=width)
    reader = reader_of(path, checked)
    tracemalloc.start()
    survey(reader)
    windows = Windows(ShardView(reader, "train"), 0)
    order = windows.order(0)
    for at in range(0, len(order), 1000):
        windows.take("v", order[at : at + 1000])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    windows.close()
    assert len(order) == count and order.windows > 60
    assert peak < 24 << 20, f"{peak >> 20} MB"


@pytest.mark.parametrize("name", ["standardize", "scale", "equal_mean", "whiten"])
@pytest.mark.parametrize("weighed", [False, True])
def test_transforms_learn_the_same_part_after_part(name: str, weighed: bool) -> None:
    generator, module = np.random.default_rng(0), discover("bmdsl.data.transforms")[name]
    x = (3 + 5 * generator.random((40, 5))).astype(np.float32)
    x[:, 2] = 7
    if name != "whiten":
        x[3, 1] = x[20:25, 4] = np.nan
    w = generator.integers(0, 3, 40) * 1.0 if weighed else None
    cuts = [slice(0, 9), slice(9, 10), slice(10, 40)]
    found = module.fit_parts(lambda: iter([(x[c], None if w is None else w[c]) for c in cuts]))
    for key, value in module.fit(x, w).items():
        np.testing.assert_allclose(found[key], value, rtol=1e-9, atol=1e-9)


def test_a_survey_finds_means_and_gaps_of_the_training_cases(tmp_path: Path) -> None:
    of = parts()
    of[0][7, 2] = of[2][30, 2] = of[3][5, 0] = np.nan
    reader = reader_of(written(tmp_path / "d", of=of), model("validate 0.3", D=6))
    view = ShardView(reader, "train")
    x, found = np.concatenate(of)[view.places()], survey(reader)
    gone = np.isnan(x).any(1)
    assert found.missing == (("v",) if gone.any() else ())
    assert (found.cases_missing, found.first_missing) == (gone.sum(), gone.argmax())
    np.testing.assert_allclose(found.means["v"], np.nanmean(x, 0, np.float64), rtol=1e-6)


def refused(code: str, place: Path | str, checked: Any, streamed: str = "auto") -> str:
    with pytest.raises(BmError) as error:
        survey(reader_of(place, checked) if streamed == "auto" else find(place, checked))
    assert [d.code for d in error.value.diagnostics] == [code], error.value
    assert error.value.diagnostics[0].helps, "no way out"
    return str(error.value)


def test_shards_that_do_not_belong_together_are_named(tmp_path: Path) -> None:
    checked = model(D=6)
    for name, odd in (
        ("shapes", np.zeros((4, 7), np.float32)),
        ("types", np.zeros((4, 6), np.int8)),
    ):
        place = written(tmp_path / name)
        np.save(place / "part-2.npy", odd)
        assert "part-2.npy` holds" in refused("BM723", place, checked)
    place = written(tmp_path / "columns", write_table)
    write_table(place, "part-1", {"v": np.zeros((4, 5))})
    assert "columns x0, x1" in refused("BM723", place, checked)
    place = written(tmp_path / "formats")
    write_npz(place, "other", {"v": np.zeros((4, 6))})
    assert "`other.npz`, `part-0.npy`" in refused("BM723", place, checked)


@pytest.mark.parametrize("write", FORMATS)
def test_a_damaged_shard_in_the_middle_is_named(tmp_path: Path, write: Write) -> None:
    place = written(tmp_path / "d", write)
    (path,) = place.glob("part-2.*")
    if path.is_dir():
        path = path / "v" / "zarr.json"
    path.write_bytes(path.read_bytes()[:60])
    assert "part-2" in refused("BM724", place, model(D=6))


def test_a_shard_that_is_cut_changed_or_gone_while_it_is_read_is_named(tmp_path: Path) -> None:
    checked, place = model(D=6), written(tmp_path / "d")
    path = place / "part-3.npy"

    def read_after(change: Callable[[], object]) -> str:
        reader = reader_of(place, checked)
        change()
        with pytest.raises(BmError) as error:
            survey(reader)
        assert "part-3.npy" in str(error.value)
        return str(error.value.diagnostics[0].code)

    assert read_after(lambda: os.truncate(path, 300)) == "BM725"
    np.save(path, parts()[3])
    assert read_after(lambda: os.utime(path, ns=(0, 0))) == "BM725"
    assert read_after(path.unlink) == "BM724"


def test_a_gap_in_the_numbers_of_shards_is_told(tmp_path: Path) -> None:
    place = written(tmp_path / "d")
    (place / "part-2.npy").unlink()
    with pytest.warns(BmWarning, match="`part-2.npy` is not there"):
        find(str(place), model(D=6), streamed="auto")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        written(tmp_path / "whole")
        find(str(tmp_path / "whole"), model(D=6), streamed="auto")


def test_values_that_do_not_fit_are_named_by_shard_and_row(tmp_path: Path) -> None:
    of = [(x > 0).astype(np.float32) for x in parts()]
    of[3][9, 4] = 0.5
    place = written(tmp_path / "d", of=of)
    text = ONE.replace("gaussian", "binary").replace("mean(v)", "0")
    told = refused("BM715", place, model(text=text, D=6))
    assert "`part-3.npy` hold the value 0.5" in told and "row 10, column 5" in told


def test_what_takes_all_cases_at_once_is_refused_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, checked = written(tmp_path / "d"), model(D=6)
    reader = reader_of(place, checked)
    monkeypatch.setattr("bmdsl.data.memory.memory_limit", lambda: 1000)
    assert "`bm eval`" in refused("BM726", str(place), checked, "never")
    with pytest.raises(BmError, match="BM726"):
        np.asarray(ShardView(reader, "all").columns["v"])
    assert ShardView(reader, "all").columns["v"][:10].shape == (10, 6)


def test_a_shard_that_is_decoded_past_a_window_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "d"
    place.mkdir()
    write_npz(place, "a", {"v": np.zeros((30_000, 6), np.int8)})
    told = refused("BM727", place, model("streaming auto(window = 1)", D=6))
    assert "streaming always(window = 2)" in told


def test_what_cannot_be_streamed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = model(D=6)
    for spec in (np.zeros((3, 6)), "digits", str(tmp_path / "a.csv")):
        with pytest.raises(BmError, match="BM734"):
            find(spec, checked, streamed="always")
    place = written(tmp_path / "d")
    transforms = discover("bmdsl.data.transforms")["standardize"]
    monkeypatch.delattr(transforms, "fit_parts")
    assert "`standardize` learns" in refused("BM728", place, model("transform standardize", D=6))
    (tmp_path / "empty").mkdir()
    assert "neither images nor shards" in refused("BM701", str(tmp_path / "empty"), checked, "no")


def test_files_are_streamed_when_they_are_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, path = model(D=6), tmp_path / "a.npy"
    np.save(path, np.concatenate(parts()))
    assert find(str(path), checked, streamed="auto").shards is None
    monkeypatch.setattr("bmdsl.data.streams.opening.LARGE", 100)
    assert find(str(path), checked, streamed="auto").shards is not None
    assert find(str(path), checked).shards is None
    path.write_bytes(b"\x93NUMPY")  # what is wrong with a file, its reader says
    with pytest.raises(BmError, match="BM703"):
        find(str(path), checked, streamed="auto")


@pytest.mark.parametrize(("codec", "code"), [("pickle", "BM703|BM971"), ("base64", "BM971")])
def test_a_store_coded_by_what_does_more_than_unpack_is_refused(
    tmp_path: Path, codec: str, code: str
) -> None:
    """zarr itself refuses pickles of numbers from 3.1 on; else a list of what only unpacks does."""
    import zarr

    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.create_array("v", shape=(4, 6), dtype="f8")[:] = 0.0
    facts = tmp_path / "a.zarr" / "v" / ".zarray"
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"compressor": {"id": codec}}))
    with pytest.raises(BmError, match=code):
        find(f"{tmp_path / 'a.zarr'}:v", model(D=6))


def test_a_fingerprint_is_of_size_and_sampled_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SAMPLED", 64)
    path = tmp_path / "a.npy"
    content = bytearray(np.random.default_rng(0).bytes(10_000))
    found = set()
    for at in (None, 0, 63, 700, 9_999, -64, (10_000 - 64) * 3 // 7):
        changed = content.copy()
        if at is not None:
            changed[at] ^= 1
        path.write_bytes(changed)
        os.utime(path, ns=(0, 0))
        found.add(shards.fingerprint(path))
    path.write_bytes(content + b"0")
    found.add(shards.fingerprint(path))
    assert len(found) == 7  # byte 700 is in no sample

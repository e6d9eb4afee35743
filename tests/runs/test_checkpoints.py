"""Checkpoints: the last three, each whole or named; what a power cut, a full disk or a damaged file
leaves of them.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import bmdsl
from bmdsl import files
from bmdsl.language.diagnostics import BmError, BmWarning
from bmdsl.runs.run_folder import RunFolder, read_facts, read_metrics
from bmdsl.runs.storage import read_machine
from bmdsl.stacks.folder import read_stack
from bmdsl.tasks.resume import resume

FACTS = {"run": "0123456789abcdef", "model_sha256": "aa", "settings_sha256": "bb"}


def written(path: Path, count: int, metadata: dict[str, str] = FACTS) -> RunFolder:
    """A run's folder with so many checkpoints, after updates 10, 20, ..."""
    with RunFolder(path, metadata) as folder:
        folder.start_metrics(False)
        for k in range(1, count + 1):
            folder.append_metrics({"epoch": k, "update": 10 * k, "seconds": 0.5})
            folder.write_state({"params/x": np.arange(3) + k}, {"updates": 10 * k})
            folder.write_params({"x": np.arange(3) + k}, {"updates": 10 * k})
    return folder


def updates(path: Path) -> int:
    """Those of the checkpoint that a resume would take."""
    return int(RunFolder(path, {}).read_state()[1]["updates"])


def test_three_checkpoints_are_kept_and_every_file_says_whose_it_is(tmp_path: Path) -> None:
    written(tmp_path, 5)
    names = sorted(p.name for p in (tmp_path / "checkpoints").iterdir())
    assert names == [f"00000{k}.{e}" for k in (3, 4, 5) for e in ("json", "safetensors")]
    for k in (3, 4, 5):
        told = json.loads((tmp_path / f"checkpoints/00000{k}.json").read_text())
        assert {n: told[n] for n in FACTS} == FACTS and told["update"] == 10 * k
    assert {n: read_facts(tmp_path)["metadata"][n] for n in FACTS} == FACTS
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert {json.loads(x)["run"] for x in lines} == {FACTS["run"]}
    assert [x["update"] for x in read_metrics(tmp_path)] == [10, 20, 30, 40, 50]


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "a bit": lambda x: x[:-3] + bytes([x[-3] ^ 4]) + x[-2:],
    "cut": lambda x: x[: len(x) // 2],
    "emptied": lambda x: b"",
    "gone": lambda x: None,
}


@pytest.mark.parametrize("ending", ["json", "safetensors"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_taken(
    tmp_path: Path, ending: str, damage: str
) -> None:
    written(tmp_path, 5)

    def spoil(number: int) -> Path:
        path = tmp_path / f"checkpoints/00000{number}.{ending}"
        left = DAMAGES[damage](path.read_bytes())
        if left is None:
            path.unlink()
        else:
            path.write_bytes(left)
        return path

    path = spoil(5)
    if ending == "json" and damage == "gone":
        assert updates(tmp_path) == 40  # as if it had not been finished
        return
    with pytest.warns(BmWarning, match=f"BM835.*{path.name}(.|\n)*update 40"):
        assert updates(tmp_path) == 40
    for number in (4, 3):
        spoil(number)
    with pytest.raises(BmError, match=f"BM836.*00000[345].{ending}"):
        updates(tmp_path)


def test_damaged_metrics_are_named_by_line_and_cut_back_to_where_they_are_whole(
    tmp_path: Path,
) -> None:
    written(tmp_path, 5)
    path = tmp_path / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]) + b'{"epoch": 9, "upd')
    with pytest.warns(BmWarning, match="BM835.*metrics.jsonl.*line 5"):
        assert updates(tmp_path) == 40
    path.write_bytes(b"".join(lines) + b'{"epoch": 6, "upd')  # torn by a kill
    assert updates(tmp_path) == 50
    with RunFolder(tmp_path, FACTS) as folder:
        assert [x["epoch"] for x in folder.start_metrics(True)] == [1, 2, 3, 4, 5]
    assert path.read_bytes() == b"".join(lines)
    assert [x["epoch"] for x in read_metrics(tmp_path)] == [1, 2, 3, 4, 5]
    path.write_bytes(b"".join([lines[0], b"\x00" + lines[1], *lines[2:]]))
    with pytest.raises(BmError, match=r"BM836.*line 2(.|\n)*remove `"):
        updates(tmp_path)
    with pytest.raises(BmError, match="BM838.*line 2"):
        read_metrics(tmp_path)
    path.unlink()
    with pytest.warns(BmWarning, match="BM837"):
        assert updates(tmp_path) == 50


@pytest.mark.parametrize("file", ["run.json", "params.safetensors"])
def test_a_damaged_file_of_results_is_refused(tmp_path: Path, file: str) -> None:
    written(tmp_path, 1, {**FACTS, "format": "bmdsl 3"})
    path = tmp_path / file
    data = bytearray(path.read_bytes())
    at = data.index(b"0123456789abcdef")
    data[at] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(BmError, match=f"BM834.*{file}"):
        read_facts(tmp_path) if file == "run.json" else read_machine(path)


class Disk:
    """A layer that notes what reaches the disk: contents by `fsync` of a file, names by that of its
    folder. What is not synced is lost in a power cut.
    """

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.events = root, list[tuple[str, str, bytes]]()
        fsync, replace = os.fsync, os.replace

        def synced(descriptor: int) -> None:
            fsync(descriptor)
            path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            self.events.append(
                ("folder", str(path), b"")
                if path.is_dir()
                else ("file", str(path), path.read_bytes())
            )

        def replaced(beside: Path, path: Path) -> None:
            replace(beside, path)
            self.events.append(("name", f"{beside}\n{path}", b""))

        monkeypatch.setattr(files.os, "fsync", synced)
        monkeypatch.setattr(files.os, "replace", replaced)

    def after(self, count: int, to: Path, names_at_once: bool) -> None:
        """What the disk holds if the power goes after so many events. `names_at_once`: renames got
        there before their folder was synced, contents that were not synced are empty.
        """
        contents: dict[str, bytes] = {}
        pending: dict[str, bytes] = {}
        names: dict[str, bytes] = {}
        for kind, path, data in self.events[:count]:
            if kind == "file":
                contents[path] = data
                for of in (pending, names):  # one that has its name already
                    if path in of:
                        of[path] = data
            elif kind == "name":
                beside, target = path.split("\n")
                pending[target] = contents.get(beside, b"")
                if names_at_once:
                    names[target] = pending[target]
            else:
                names |= {p: x for p, x in pending.items() if str(Path(p).parent) == path}
        for path, data in names.items():
            place = to / Path(path).relative_to(self.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)


def test_a_power_cut_at_any_moment_leaves_the_last_checkpoint_or_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "run"
    disk = Disk(root, monkeypatch)
    ends: list[tuple[int, int]] = []
    with RunFolder(root, FACTS) as folder:
        folder.start_metrics(False)
        for k in range(1, 5):
            folder.append_metrics({"epoch": k, "update": 10 * k})
            folder.write_state({"params/x": np.arange(3) + k}, {"updates": 10 * k})
            ends.append((len(disk.events), 10 * k))
    for count in range(len(disk.events) + 1):
        least = max([u for n, u in ends if n <= count], default=0)
        for at_once in (False, True):
            place = tmp_path / f"{count}{at_once}"
            place.mkdir()
            disk.after(count, place, at_once)
            found = RunFolder(place, {}).checkpoint()
            assert (0 if found is None else found.counters["updates"]) >= least, count
            shutil.rmtree(place)


def test_a_full_disk_names_the_file_and_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, 2)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with RunFolder(tmp_path, FACTS) as folder:
        folder.start_metrics(True)
        with monkeypatch.context() as patched:
            patched.setattr(files.os, "fsync", full)
            with pytest.raises(OSError) as found:
                folder.write_state({"params/x": np.zeros(3)}, {"updates": 30})
            assert str(found.value.filename).endswith("metrics.jsonl")
            patched.setattr("bmdsl.runs.run_folder.sync", lambda path: None)
            with pytest.raises(OSError) as found:
                folder.write_state({"params/x": np.zeros(3)}, {"updates": 30})
            assert str(found.value.filename).endswith("000003.safetensors")
    assert updates(tmp_path) == 20 and not list(tmp_path.rglob("*.part-*"))


def test_the_safetensors_writer_of_a_full_disk_is_an_error_of_the_file(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    def write(beside: Path) -> None:
        save_file({"x": np.zeros(3)}, tmp_path / "nowhere" / "x.safetensors")

    with pytest.raises(OSError) as found:
        files.put(tmp_path / "x.safetensors", write)
    assert found.value.filename == str(tmp_path / "x.safetensors")
    assert found.value.strerror == os.strerror(errno.ENOENT)
    assert list(tmp_path.iterdir()) == []
    older = 'Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: "No'
    assert files._number(older) == errno.ENOSPC


def test_what_dead_writers_left_is_removed_and_living_ones_are_let_be(tmp_path: Path) -> None:
    written(tmp_path, 1)
    dead = [".state.part.safetensors", ".params.part-999999999-abcdef.safetensors", ".tmpaB3xY9"]
    alive = f".samples.part-{os.getpid()}-abcdef.npz"
    for name in (*dead, alive):
        (tmp_path / name).write_text("half")
    for name in dead[1:]:
        (tmp_path / "checkpoints" / name).write_text("half")
    with RunFolder(tmp_path, FACTS):
        left = {p.name for p in tmp_path.rglob(".*")}
    assert left == {alive, ".lock"}


def test_a_stack_that_lost_its_list_of_layers_is_told_from_no_run(tmp_path: Path) -> None:
    for name in ("front", "back"):
        written(tmp_path / name, 1)
    for use in (lambda: resume(tmp_path, {}), lambda: bmdsl.open(tmp_path)):
        with pytest.raises(BmError, match="BM916") as found:
            use()
        assert "`back`, `front`" in str(found.value) and "stack.json" in str(found.value)


def test_what_safetensors_leaves_is_known(tmp_path: Path) -> None:
    """A writer that ends half-way: what it leaves is removed when the folder is next held."""
    written(tmp_path, 1)
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        with suppress(BaseException):
            save_file({"x": np.zeros(1 << 16)}, tmp_path / ".x.part-999999999-ab.safetensors")
        os._exit(1)
    os.waitpid(child, 0)
    assert any(tmp_path.glob(".*"))
    with RunFolder(tmp_path, FACTS):
        left = {p.name for p in tmp_path.rglob(".*")}
    assert left == {".lock"}


def test_what_stands_beside_a_file_is_not_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.secrets, "token_hex", lambda n: "abc")
    (tmp_path / "mine").write_text("mine")
    (tmp_path / f".m.part-{os.getpid()}-abc.bm").symlink_to(tmp_path / "mine")
    with pytest.raises(FileExistsError):
        files.put_text(tmp_path / "m.bm", "text")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("file", ["params.safetensors", "run.json", "metrics.jsonl", "stack.json"])
def test_a_file_of_a_run_takes_no_memory_without_bound(tmp_path: Path, file: str) -> None:
    """A file of 8 TB that has no blocks on the disk, as an archive can hold one."""
    written(tmp_path, 1, {**FACTS, "format": "bmdsl 3"})
    with open(tmp_path / file, "a") as content:
        content.truncate(1 << 43)
    read: dict[str, Callable[[], Any]] = {
        "params.safetensors": lambda: read_machine(tmp_path / file),
        "run.json": lambda: read_facts(tmp_path),
        "metrics.jsonl": lambda: read_metrics(tmp_path),
        "stack.json": lambda: read_stack(tmp_path),
    }
    with pytest.raises(BmError, match=rf"BM(834|870|970)(.|\n)*{file}"):
        read[file]()
    assert updates(tmp_path) == 10


@pytest.mark.parametrize("file", ["000002.safetensors", "000002.json", "validation_a.safetensors"])
def test_a_checkpoint_takes_no_memory_without_bound(tmp_path: Path, file: str) -> None:
    with RunFolder(tmp_path, FACTS) as folder:
        folder.start_metrics(False)
        for k in (10, 20):
            folder.write_state({"params/x": np.arange(3)}, {"updates": k})
        folder.write_validation_state({"params/x": np.arange(3)}, {"updates": 30})
    os.truncate(tmp_path / "checkpoints" / file, 1 << 43)
    if file != "validation_a.safetensors":
        (tmp_path / "checkpoints/validation_a.safetensors").unlink()
    with pytest.warns(BmWarning, match=f"BM835.*{file}"):
        assert updates(tmp_path) == (20 if "validation" in file else 10)

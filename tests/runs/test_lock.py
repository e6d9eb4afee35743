"""One training in a folder: a second one is refused, a dead one holds nobody up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bmdsl.language.diagnostics import BmError
from bmdsl.runs.earlier_run import clear
from bmdsl.runs.run_folder import RunFolder

HOLDER = """import sys, time
from pathlib import Path
from bmdsl.runs.lock import Lock
Lock(Path(sys.argv[1])).take()
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_training_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(BmError, match=f"BM831.*process {holder.pid} on"):
            RunFolder(tmp_path, {}).__enter__()
        os.kill(holder.pid, signal.SIGKILL)
    assert (tmp_path / ".lock").exists()  # of a dead process
    with RunFolder(tmp_path, {}) as folder:
        with folder:  # whoever holds it may enter again
            pass
        with pytest.raises(BmError, match="BM831"):
            RunFolder(tmp_path, {}).__enter__()
    assert not (tmp_path / ".lock").exists()


def test_a_folder_of_which_nothing_came_is_not_left(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "r", {}):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_a_link_in_the_place_of_a_lock_is_not_written_through(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    (target := tmp_path / "mine").write_text("as it was")
    (run := tmp_path / "run").mkdir()
    link(run / ".lock", target)
    with RunFolder(run, {}), pytest.raises(BmError, match="BM831"):
        RunFolder(run, {}).__enter__()
    assert target.read_text() == "as it was" and not (run / ".lock").exists()


@pytest.mark.parametrize("inside", ["checkpoints", "pretraining", "pretraining/1", "front"])
def test_a_folder_inside_a_run_that_is_a_link_is_refused(tmp_path: Path, inside: str) -> None:
    (other := tmp_path / "other").mkdir()
    (other / "000001.json").write_text("as it was")
    run = tmp_path / "run"
    (run / inside).parent.mkdir(parents=True)
    (run / "stack.json").write_text('{"layers": [{"name": "front"}, {"name": ".."}]}')
    (run / inside).symlink_to(other)
    for attempt in (lambda: RunFolder(run, {}).__enter__(), lambda: clear(run)):
        with pytest.raises(BmError, match=f"BM844.*{inside}"):
            attempt()
    assert [p.name for p in other.iterdir()] == ["000001.json"]


def test_no_layer_is_the_folder_above(tmp_path: Path) -> None:
    """`--overwrite` of a stranger's stack removes what is in its folder alone."""
    (tmp_path / "metrics.jsonl").write_text("as it was\n")
    (run := tmp_path / "run").mkdir()
    (run / "stack.json").write_text('{"layers": [{"name": ".."}, {"name": "a/../.."}]}')
    clear(run)
    assert (tmp_path / "metrics.jsonl").exists() and not (run / "stack.json").exists()

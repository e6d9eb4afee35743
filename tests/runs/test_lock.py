"""One training in a folder: a second one is refused, a dead one holds nobody up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bmdsl.language.diagnostics import BmError
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

"""The printed routines of some shipped models are pinned, and do not depend on their sizes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .routine_files import FOLDER, SIZES, rendered


@pytest.mark.parametrize("name", SIZES)
def test_a_routine_is_as_pinned(name: str) -> None:
    assert rendered(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_every_pinned_routine_has_a_model() -> None:
    assert {p.stem for p in FOLDER.glob("*.txt")} == set(SIZES)


@pytest.mark.parametrize("name", ["rbm", "crbm", "dbm"])
def test_a_model_of_another_size_has_the_same_routine(name: str) -> None:
    other = {n: size + 1 for n, size in SIZES[name].items()}
    assert rendered(name, other) == rendered(name)


def test_a_routine_is_printed_the_same_in_another_process() -> None:
    code = "from tests.golden.routine_files import rendered; print(rendered('imrbm'), end='')"
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)}
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert other.stdout == rendered("imrbm"), other.stderr

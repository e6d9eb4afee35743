"""The cache is private, survives any damage by itself, and its place may be missing."""

from __future__ import annotations

import errno
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bmdsl.emit import build
from bmdsl.language import cache, parse
from bmdsl.language.source import Source

TEXT = """import numba


@numba.njit(cache=True)
def twice(x):
    return 2 * x
"""
DAMAGES = {
    "empty": lambda x: b"",
    "cut": lambda x: x[: len(x) // 2],
    "first bit": lambda x: bytes([x[0] ^ 1]) + x[1:],
    "a bit in the middle": lambda x: (
        x[: len(x) // 2] + bytes([x[len(x) // 2] ^ 4]) + x[len(x) // 2 + 1 :]
    ),
    "garbage": lambda x: os.urandom(len(x)),
    "text": lambda x: b"not what it was\n" * 20,
    "a pickle of another thing": lambda x: b"\x80\x04K\x01.",
}
ENDINGS = (".py", ".code", ".nbi", ".nbc")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    yield tmp_path / "cache"
    cache._folder.cache_clear()


def twice() -> float:
    """2 · 21 by the compiled module, imported anew."""
    sys.modules.pop(build._name(TEXT), None)
    return float(build.build_text(TEXT).twice(21.0))


def files(place: Path, ending: str) -> list[Path]:
    found = [p for p in place.rglob("*") if p.suffix == ending]
    assert found
    return found


def test_a_damaged_file_of_any_kind_is_made_anew(place: Path) -> None:
    assert twice() == 42
    kept = {p: p.read_bytes() for ending in ENDINGS for p in files(place, ending)}
    assert not list(place.rglob("*.pyc"))
    for path, content in kept.items():
        for damage in DAMAGES.values():
            path.write_bytes(damage(content))
            assert twice() == 42
            assert twice() == 42  # what was made anew is read
        path.unlink()
        assert twice() == 42
    for path in kept:
        path.write_bytes(b"")
    assert twice() == 42


def test_a_cache_on_a_full_disk_gives_way_to_a_temporary_one(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_temporary", lambda: tmp_path)
    replace = os.replace

    def full(part: str, path: Path) -> None:
        if place in Path(path).parents:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(part, path)

    monkeypatch.setattr(os, "replace", full)
    assert twice() == 42
    assert not [p for p in place.rglob("*") if p.suffix in (".py", ".part")]


def test_the_code_of_a_sound_cache_is_not_compiled_again(place: Path) -> None:
    twice()
    before = {p: p.stat().st_mtime_ns for p in place.rglob("*") if p.is_file()}
    twice()
    assert {p: p.stat().st_mtime_ns for p in place.rglob("*") if p.is_file()} == before


def test_a_damaged_table_of_the_grammar_is_made_anew(place: Path) -> None:
    text = Source("<text>", "model m { visible v : binary\n energy = - v }")

    def parsed() -> int:
        parse._parser.cache_clear()
        return len(parse.parse(text).definitions)

    try:
        assert parsed() == 1
        (table,) = (place / "grammar").iterdir()
        content = table.read_bytes()
        for damage in ("cut", "a bit in the middle", "a pickle of another thing"):
            table.write_bytes(DAMAGES[damage](content))
            assert parsed() == 1 and len(table.read_bytes()) > 1000
    finally:
        parse._parser.cache_clear()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files")
def test_others_can_write_nothing_that_is_run(place: Path) -> None:
    old = os.umask(0)
    try:
        (place / build.FOLDER).mkdir(parents=True)
        twice()
    finally:
        os.umask(old)
    for folder in (place, place / build.FOLDER):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files")
def test_a_cache_of_another_user_is_not_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place.mkdir()
    planted = place / build.FOLDER / f"{build._name(TEXT)}.py"
    planted.parent.mkdir()
    planted.write_text(TEXT.replace("2 * x", "666"))
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    monkeypatch.setattr(logging.getLogger("bmdsl"), "propagate", True)
    with caplog.at_level(logging.INFO, "bmdsl"):
        found = cache.cache_folder(build.FOLDER)
    assert place not in found.parents
    assert "belongs to another user" in caplog.text and "BMDSL_CACHE" in caplog.text


def test_without_a_place_for_a_cache_a_temporary_one_is_told_and_removed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code = (
        "import os; from pathlib import Path; from bmdsl.language import cache;"
        "os.access = lambda *a: False; cache.ready_for(Path('.'));"  # a package that is read-only
        "print(cache.cache_folder('code')); assert os.environ['NUMBA_CACHE_DIR'].startswith('/')"
    )
    for variables in ({"BMDSL_CACHE": f"{tmp_path}/file/x"}, {"BMDSL_CACHE": "/proc/nowhere"}):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env={**os.environ, **variables, "TMPDIR": str(tmp_path)},
        )
        assert done.returncode == 0, done.stderr
        made = Path(done.stdout.strip())
        assert made.parent.parent == tmp_path and not made.exists()

"""No text of others is obeyed by the terminal that it is printed on."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

from bmdsl.cli import outcome, terminal

BM = "import sys; sys.argv[0] = 'bm'; from bmdsl.cli.entry import main; main()"
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e\x9b1A"


def test_names_of_files_and_texts_are_printed_as_text(tmp_path: Path) -> None:
    file = tmp_path / f"a{HOSTILE.replace('/', '')}.bm"
    file.write_text("model m { visible v : binary\n energy = - v }")
    for arguments in (["check", str(file)], ["check", f"{file}x"], ["fmt", f"{file}x"]):
        done = subprocess.run(
            [sys.executable, "-c", BM, *arguments], capture_output=True, text=True, timeout=180
        )
        said = done.stdout + done.stderr
        assert "owned" in said and not set(said) & set("\x1b\x07\u202e\x9b"), arguments


def test_what_rich_styles_is_printable_below_its_styles(monkeypatch: object) -> None:
    below = io.StringIO()
    before, sys.stdout = sys.stdout, terminal.Guarded(below)  # type: ignore[assignment]
    try:
        print(f"a{HOSTILE}\tb\n", end="")
        outcome.show([(f"name{HOSTILE}", "1"), ("other", f"2{HOSTILE}")])
    finally:
        sys.stdout = before
    assert not set(below.getvalue()) & set("\x07\u202e\x9b")
    assert below.getvalue().startswith("a␛]0;owned␇␛[2J\ufffd\ufffd1A\tb\n")


def test_numba_has_no_colours_that_end_a_command_with_a_sign_of_theirs(tmp_path: Path) -> None:
    """colorama, if it is installed, writes one at the end of a process for which it began."""
    (tmp_path / "colorama.py").write_text(
        "__version__ = '0.4.6'\nFore = Style = None\ndeinit = reinit = None\n"
        "def init(): raise AssertionError('colours')\n"
    )
    look = "try: main()\nexcept SystemExit: from numba.core.errors import termcolor; termcolor()"
    done = subprocess.run(
        [sys.executable, "-c", BM.replace("main()", f"\n{look}"), "--version"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), *sys.path))},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.stdout.startswith("bmdsl") and not done.stderr, done.stderr

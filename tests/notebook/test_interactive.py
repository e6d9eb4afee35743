"""Errors where somebody types, cells of `.bm` text, and what Tab finds."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bmdsl
from bmdsl.notebook.magic import model_of_cell

CELL = "model tiny(D, H = 3) {\n  visible v[D] : binary\n  hidden h[H] : binary\n  layers v -- h\n}"


class Shell:
    """As much of IPython's shell as the magic wants."""

    def __init__(self) -> None:
        self.names: dict[str, object] = {}
        self.magics: dict[str, object] = {}

    def push(self, names: dict[str, object]) -> None:
        self.names |= names

    def register_magic_function(self, function: object, kind: str, name: str) -> None:
        self.magics[f"{kind} {name}"] = function


def test_a_cell_makes_a_variable():
    shell = Shell()
    bmdsl.load_ipython_extension(shell)
    run = shell.magics["cell bm"]
    assert callable(run)
    assert isinstance(run("D=4", CELL), bmdsl.Model)
    small = run("small D=5 H=2", CELL)
    assert shell.names["tiny"].arguments == {"D": 4}  # type: ignore[attr-defined]
    assert shell.names["small"] is small and small.arguments == {"D": 5, "H": 2}


def test_lints_of_a_cell_are_said(capsys: pytest.CaptureFixture[str]):
    shell = Shell()
    bmdsl.load_ipython_extension(shell)
    shell.magics["cell bm"]("", CELL.replace("H = 3", "H = 3, K = 2"))  # type: ignore[operator]
    assert "warning[BM950]" in capsys.readouterr().err


def test_a_cell_may_hold_a_stack():
    name, made = model_of_cell("", CELL + "\nstack two { a : tiny(D = 4)  b : tiny on a.h }")
    assert name == "two" and [layer.name for layer in made.layers] == ["a", "b"]


@pytest.mark.parametrize("line", ["small D", "9", "D=x"])
def test_a_line_that_is_none_says_how_it_is_written(line: str):
    with pytest.raises(bmdsl.BmError, match="BM980.*\n.*%%bm"):
        model_of_cell(line, CELL)


def test_an_error_in_a_notebook_is_the_line_and_the_diagnostic():
    try:
        bmdsl.parse("model m { visible v[2] : binray }")
    except bmdsl.BmError as error:
        lines = error._render_traceback_()
    assert lines[0].startswith("line ") and "bmdsl.parse(" in lines[0]
    assert "error[BM105]" in lines[1] and any("^^^^^^" in x for x in lines)
    assert not any(".py" in x for x in lines)


def test_at_the_prompt_an_error_is_no_traceback():
    text = "import bmdsl\nbmdsl.parse('model m { visible v : x }')\n1/0\n"
    code = "import code, sys; sys.ps1 = '>'; code.InteractiveConsole().interact('', '')"
    done = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, text=True, timeout=180
    )
    assert "error[BM105]" in done.stderr and "__init__.py" not in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_tab_finds_what_there_is():
    assert set(bmdsl.__all__) <= set(dir(bmdsl))
    assert {"train", "sample", "save"} <= set(dir(bmdsl.Machine))


def test_a_progress_output_is_drawn_at_its_end():
    from bmdsl.training.notebook_progress import NotebookProgress

    drawn = []

    class Handle:
        def update(self, html: object) -> None:
            drawn.append(html._repr_html_())  # type: ignore[attr-defined]

    def display(html: object, display_id: bool) -> Handle:
        drawn.append(html._repr_html_())  # type: ignore[attr-defined]
        return Handle()

    shown = NotebookProgress(1000, display)
    for k in range(1, 1001):
        shown(k, {"gradient_norm": 1 / k}, "healthy")
    shown.draw()
    assert "0 of 1,000" in drawn[0] and "1,000 of 1,000" in drawn[-1]
    assert "width:100.0%" in drawn[-1] and "<polyline" in drawn[-1] and "healthy" in drawn[-1]
    assert len(drawn) < 50 and len(shown.curves["gradient_norm"]) <= 201

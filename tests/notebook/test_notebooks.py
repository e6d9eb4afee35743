"""The notebooks of the documentation run as they stand, and show what their outputs show.

Their cells are executed here without Jupyter; `-m slow` executes them in a kernel too.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from bmdsl.notebook.magic import model_of_cell

BOOKS = sorted((Path(__file__).parents[2] / "docs" / "notebooks").glob("*.ipynb"))
SHORTER = {
    "epochs=120": "epochs=2",
    "epochs    150": "epochs    2",
    "draws=200": "draws=8, burn_in=2",
    "draws=150": "draws=8",
    "burn_in=150": "burn_in=2",
    "L=12": "L=4",
    "0.60, 7)": "0.60, 2)",
    "people = 300": "people = 60",
    "data=cases, chains=200, steps=400": 'data=cases, chains=4, steps=3, schedule="linear"',
    "max_iter=300": "max_iter=5",
    "steps=300": "steps=3",
    "steps=200": "steps=3",
    "steps=100": "steps=3",
    "exact_sample(4000)": "exact_sample(40)",
}
"""That the code runs is what is tested: numbers are for readers."""


def cells(book: Path, kind: str) -> list[str]:
    found = json.loads(book.read_text(encoding="utf-8"))["cells"]
    return ["".join(c["source"]) for c in found if c["cell_type"] == kind]


def shortened(text: str) -> str:
    for long, short in SHORTER.items():
        text = text.replace(long, short)
    return text


def execute(text: str, space: dict[str, Any]) -> Any:
    """A cell's last expression, as a notebook has it."""
    if text.startswith("%%bm"):
        line, _, rest = text.partition("\n")
        name, made = model_of_cell(line.removeprefix("%%bm"), rest)
        space[name] = made
        return made
    code = ast.parse(re.sub(r"^%load_ext .*$", "", text, flags=re.M))
    last = code.body.pop() if code.body and isinstance(code.body[-1], ast.Expr) else None
    exec(compile(code, "<cell>", "exec"), space)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), space)


RUN = [
    pytest.param(p, marks=pytest.mark.compiled if p.stem == "digits" else (), id=p.stem)
    for p in BOOKS
]
"""1,797 digits take a minute without compiled code."""


@pytest.mark.parametrize("book", RUN)
def test_the_cells_run(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    import matplotlib

    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    for text in cells(book, "code"):
        shown = execute(shortened(text), space)
        if hasattr(shown, "_repr_html_"):
            assert shown._repr_html_()
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.mark.parametrize("book", BOOKS, ids=lambda p: p.stem)
def test_outputs_are_stored_and_links_lead_somewhere(book: Path):
    found = json.loads(book.read_text(encoding="utf-8"))["cells"]
    outputs = [o for c in found for o in c.get("outputs", [])]
    assert outputs and not any(o["output_type"] == "error" for o in outputs)
    text = "\n".join(cells(book, "markdown"))
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("http") or (book.parent / target).exists(), target
    assert book.stat().st_size < 300_000


@pytest.mark.slow
@pytest.mark.parametrize("book", BOOKS, ids=lambda p: p.stem)
def test_the_notebook_runs_in_a_kernel(book: Path, tmp_path: Path):
    nbclient = pytest.importorskip("nbclient", reason="a kernel needs nbclient and ipykernel")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    nbclient.NotebookClient(nbformat.read(book, 4), timeout=300).execute(cwd=str(tmp_path))

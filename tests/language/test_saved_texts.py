"""A saved machine's text, which may come from anybody, names files in its own folder alone, and
nothing of a file that a text only names is printed.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl import BmError
from bmdsl.language.outside import any_file
from bmdsl.stacks.folder import layers_of
from tests.runs.rewriting import rewrite

TEXT = """model m { visible v[3] : spin
  param b
  energy = - b[i] v[i] }
"""
SECRET = "hush,4711"
TOLD = {"hush", "4711"}


@pytest.fixture
def forged(tmp_path: Path) -> Callable[..., Path]:
    """A saved machine with another text in the place of its own."""
    saved = tmp_path / "box" / "m.safetensors"
    saved.parent.mkdir()
    bmdsl.parse(TEXT).compile(backend="reference").save(saved)

    def forge(source: str, **changes: str) -> Path:
        rewrite(saved, lambda arrays, facts: facts.update({"source": source, **changes}))
        return saved

    return forge


def refused(path: Path, code: str) -> str:
    with pytest.raises(BmError) as error:
        bmdsl.open(path)
    assert error.value.diagnostics[0].code == code, error.value
    assert not [x for x in TOLD if x in str(error.value)]
    return str(error.value)


@pytest.mark.parametrize("name", ["../secret", "/proc/self/environ"])
def test_a_saved_text_imports_nothing_outside_its_folder(
    forged: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    source = f'import "{name}"\n{TEXT}'
    place = str(tmp_path / "box" / "m.bm")
    assert "--allow-files" in refused(forged(source, source_name=place), "BM977")


def test_a_link_leads_nowhere_outside(forged: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "secret.bm").write_text(TEXT.replace("model m", "model other"))
    (tmp_path / "box" / "in.bm").symlink_to(tmp_path / "secret.bm")
    place = str(tmp_path / "box" / "m.bm")
    path = forged(f'import "in.bm"\n{TEXT}', source_name=place)
    refused(path, "BM977")
    with any_file():
        assert bmdsl.open(path).model.name == "m"
    assert bmdsl.open(path, allow_files=True).model.name == "m"


def test_a_file_beside_a_saved_machine_is_read(forged: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "box" / "in.bm").write_text(TEXT.replace("model m", "model other"))
    place = str(tmp_path / "box" / "m.bm")
    assert bmdsl.open(forged(f'import "in.bm"\n{TEXT}', source_name=place)).model.name == "m"


@pytest.mark.parametrize("line", ['graph G = "{}"', 'param W init "{}"\n energy += - W[i] v[i]'])
def test_a_saved_text_reads_no_graph_and_no_start_outside_its_folder(
    forged: Callable[..., Path], tmp_path: Path, line: str
) -> None:
    (tmp_path / "secret.csv").write_text(f"{SECRET}\n")
    for name in ("../secret.csv", str(tmp_path / "secret.csv")):
        source = TEXT.replace("}", line.format(name) + " }")
        text = forged(source, format="bmdsl 1", folder=str(tmp_path / "box"))
        with pytest.raises(BmError) as error:
            bmdsl.open(text)
        assert error.value.diagnostics[0].code in ("BM977", "BM934")  # no start is read at all
        assert not [x for x in TOLD if x in str(error.value)]


def test_nothing_of_a_file_that_a_text_names_is_printed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    for line in ('import "secret"\n{}', '{}graph G = "secret" }}', '{}param W init "secret" }}'):
        text = line.format(TEXT if line.startswith("import") else TEXT.rstrip("} \n"))
        if "init" in line:
            text = text.replace("- b[i] v[i]", "- b[i] v[i] - W[i] v[i]")
        (tmp_path / "m.bm").write_text(text)
        with pytest.raises(BmError) as error:
            bmdsl.load(tmp_path / "m.bm").compile(backend="reference")
        assert not [x for x in TOLD if x in str(error.value)]
    (tmp_path / "link.bm").symlink_to(tmp_path / "secret")
    (tmp_path / "m.bm").write_text(f'import "link.bm"\n{TEXT}')
    with pytest.raises(BmError, match="BM978") as error:
        bmdsl.load(tmp_path / "m.bm")
    assert not [x for x in TOLD if x in str(error.value)]


def test_what_is_wrong_in_an_imported_model_is_shown(tmp_path: Path) -> None:
    (tmp_path / "base.bm").write_text("model base { visble v : spin }")
    (tmp_path / "m.bm").write_text(f'import "base.bm"\n{TEXT}')
    with pytest.raises(BmError, match="visble v"):
        bmdsl.load(tmp_path / "m.bm")


@pytest.mark.parametrize("name", ["../x", "/etc", "a/b", "", "a\0b", "."])
def test_the_layers_of_a_stack_are_folders_in_its_own(tmp_path: Path, name: str) -> None:
    layers = [{"name": name, "below": None, "group": None}]
    facts = {"format": "bmdsl stack 1", "name": "s", "data": "", "layers": layers}
    (tmp_path / "stack.json").write_text(json.dumps(facts))
    with pytest.raises(BmError, match="BM870"):
        layers_of(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        *("x; import os", "x\nimport os", "__import__('os')", "x)", 'x"', "x#", "x\\", "x\u2028y"),
        *("a\u0300", "\u200bx", "x\u202e", "ｘ.y", "x\0", "x'", "{x}", "x\x1b[31m"),
    ],
)
def test_no_name_carries_more_than_a_name_into_a_text(name: str) -> None:
    """Names are words of letters and digits alone; what of Unicode is none is refused."""
    for text in (
        TEXT.replace("model m", f"model {name}"),
        TEXT.replace("b", name),
        TEXT.replace("v", name),
        TEXT.replace("i]", f"{name}]"),
    ):
        try:
            emitted = bmdsl.parse(text).emit("python")
        except BmError:
            continue
        compile(emitted, "emitted", "exec")
        assert "import os" not in emitted.replace("import os.path", "") and name not in emitted


def test_words_of_one_look_stay_apart_and_make_plain_python() -> None:
    """`ﬁ` and `fi` are one name to Python, which normalises them, and two to the language."""
    text = """model m { visible v[2] : binary
  param ﬁ  param fi  param ſ  param s  param \u212a  param K
  energy = - ﬁ v[i] - fi v[i] - ſ v[i] - s v[i] - \u212a v[i] - K v[i] }"""
    model = bmdsl.parse(text)
    emitted = model.emit("python")
    tree = ast.walk(ast.parse(emitted))
    assert all(x.id.isascii() for x in tree if isinstance(x, ast.Name))
    machine = model.compile(backend="reference")
    for k, name in enumerate(machine.params):
        machine.params[name] = np.full(machine.params[name].shape, float(1 << k), np.float32)
    assert machine.energy(v=[[1.0, 0.0]])[0] == -63

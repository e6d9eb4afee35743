"""Imports, stacks, random graphs, unit types and older formats: what is kept, and what is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl import units
from bmdsl.runs.opening import open_run
from bmdsl.runs.storage import write_machine
from tests.cli.command import Bm
from tests.cli.test_own_units import UNIT
from tests.outside_files import DATA, EDGES, OTHERS, write_graph


def test_paths_are_relative_to_the_file_that_they_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "elsewhere").mkdir()
    write_graph(tmp_path / "parts" / "e.csv", EDGES)
    (tmp_path / "parts" / "base.bm").write_text(
        'model m { graph G = "e.csv"  visible s[4] : spin  param J\n'
        "  energy = - J[i,j] s[i] s[j] for <i,j> in G }\n"
        "model copy(k = 4) { visible s[k] : spin  energy = - s[i] }\n"
    )
    (tmp_path / "main.bm").write_text('import "parts/base.bm"\nstack two { low : m }\n')
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert bmdsl.load("../main.bm", model="m").graphs["G"].tolist() == [
        [0, 1],
        [0, 3],
        [1, 2],
        [2, 3],
    ]
    assert bmdsl.load_stack("../main.bm").layers[0].model.graphs["G"].shape == (4, 2)


def test_two_definitions_of_one_name_are_refused_and_a_file_imported_twice_is_none(
    tmp_path: Path,
) -> None:
    one = "model {} {{ visible v : binary  energy = - {} v }}\n"
    (tmp_path / "base.bm").write_text(one.format("base", 1))
    (tmp_path / "left.bm").write_text('import "base.bm"\n' + one.format("left", 1))
    (tmp_path / "right.bm").write_text('import "base.bm"\n' + one.format("right", 1))
    (tmp_path / "main.bm").write_text(
        'import "left.bm"\nimport "right.bm"\n' + one.format("main", 1)
    )
    assert bmdsl.load(tmp_path / "main.bm", model="base").name == "base"
    (tmp_path / "main.bm").write_text('import "left.bm"\n' + one.format("base", 2))
    for name in (None, "base"):
        with pytest.raises(bmdsl.BmError, match="(?s)BM940.*`base` is defined twice.*base.bm"):
            bmdsl.load(tmp_path / "main.bm", model=name)


def test_an_import_that_is_no_text_is_a_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "base.bm").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "main.bm").write_text(
        'import "base.bm"\nmodel m { visible v : binary  energy = - v }\n'
    )
    with pytest.raises(bmdsl.BmError, match=r"(?s)BM910.*base.bm.*main.bm:1"):
        bmdsl.load(tmp_path / "main.bm")


LAYERS = """model low(n = 4) {
  visible s[n] : spin  hidden h[4] : binary  param J init "J.npy" fixed  param W
  energy = - J[i] s[i] - W[i,j] s[i] h[j]  train { batch 5  epochs 1  negative cd } }
model high(D = 4) { graph G = "edges.csv"  visible v[D] : binary  hidden h[2] : binary  param W, b
  energy = - W[i,j] v[i] h[j] - b[i,j] v[i] v[j] for <i,j> in G  train { batch 5  epochs 1 } }
"""


def test_a_stack_needs_no_file_that_it_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bm = Bm(tmp_path, monkeypatch, capsys)
    here = tmp_path / "here"
    (here / "parts").mkdir(parents=True)
    (here / "parts" / "layers.bm").write_text(LAYERS)
    write_graph(here / "parts" / "edges.csv", EDGES)
    np.save(here / "parts" / "J.npy", np.array([0.5, -0.3, 0.2, 0.7]))
    np.save(here / "data.npy", DATA)
    (here / "two.bm").write_text(
        'import "parts/layers.bm"\nstack two { below : low  above : high on below.h }\n'
    )
    done = bm("train", here / "two.bm", here / "data.npy", "--out", here / "run")
    assert done.returncode == 0, done.stderr

    def found(folder: Path) -> list[Any]:
        stack = bmdsl.open_stack(folder)
        evaluated = bm("eval", folder, here / "data.npy", "--json")
        assert evaluated.returncode == 0, evaluated.stderr
        assert bm("sample", folder, "-n", 3, "--steps", 2, "--out", "drawn.npz").returncode == 0
        return [
            stack.transform(DATA),
            stack.reconstruct(DATA),
            evaluated.stdout,
            np.load("drawn.npz")["s"],
        ]

    before = found(here / "run")
    write_graph(here / "parts" / "edges.csv", OTHERS)
    (here / "parts" / "J.npy").unlink()
    (here / "two.bm").write_text("model nothing { visible v : binary  energy = v }")
    (here / "parts" / "layers.bm").unlink()
    shutil.move(here / "run", tmp_path / "moved")
    for a, b in zip(found(tmp_path / "moved"), before, strict=True):
        np.testing.assert_array_equal(a, b)
    told = json.loads(bm("check", tmp_path / "moved", "--json").stdout)["machines"]
    assert [x["model"] for x in told] == ["low", "high"]
    for k, last in enumerate((("init", "no longer there"), ("graph", "edited since"))):
        assert [(o["kind"], o["state"]) for o in told[k]["origins"]] == [
            ("model", "edited since"),
            ("import", "no longer there"),
            last,
        ]
    assert "import" not in json.loads((tmp_path / "moved" / "stack.json").read_text())["source"]


def test_files_of_the_older_format_still_open(tmp_path: Path) -> None:
    """They hold no edges and the place of their files, which are read from there."""
    (tmp_path / "base.bm").write_text(
        'model m { graph G = "e.csv"  visible s[4] : spin  param J init "J.npy"\n'
        "  energy = - J[i,j] s[i] s[j] for <i,j> in G }\n"
    )
    write_graph(tmp_path / "e.csv", EDGES)
    source = (tmp_path / "base.bm").read_text()
    metadata = {
        "format": "bmdsl 1",
        "source": source,
        "source_name": "base.bm",
        "folder": str(tmp_path),
        "model": "m",
        "arguments": "{}",
        "settings": "{}",
        "seed": "0",
        "dtype": "float64",
    }
    write_machine(tmp_path / "old.safetensors", {"J": np.arange(4.0)}, metadata)
    m = bmdsl.open(tmp_path / "old.safetensors")
    s = np.array([[1.0, 1, -1, 1]])
    assert m.energy(s=s) == -(0 + 1 - 2 - 3)
    m.save(tmp_path / "new.safetensors")
    (tmp_path / "e.csv").unlink()
    assert bmdsl.open(tmp_path / "new.safetensors").energy(s=s) == 2 + 3 - 1
    with pytest.raises(bmdsl.BmError, match="BM609"):
        bmdsl.open(tmp_path / "old.safetensors")
    write_machine(
        tmp_path / "later.safetensors", {"J": np.arange(4.0)}, {**metadata, "format": "bmdsl 9"}
    )
    with pytest.raises(bmdsl.BmError, match="BM870.*later bmdsl"):
        bmdsl.open(tmp_path / "later.safetensors")


def test_random_graphs_are_those_that_were_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of the library that draws them would give others."""
    from bmdsl.language import graphs

    text = """model m(n = 6) { graph R = erdos_renyi(n, 0.2, seed = 1)  visible s[n] : spin
      param J, b  energy = - J[i,j] s[i] s[j] for <i,j> in R - b[i] s[i] }"""
    m = bmdsl.parse(text).compile(backend="reference")
    m.save(tmp_path / "m.safetensors")
    edges = m.model.graphs[0].edges
    assert edges is not None and edges.max() < 5, (
        "the last node must have no edge, or this tests nothing"
    )
    word, _ = graphs.KINDS["erdos_renyi"]
    monkeypatch.setitem(graphs.KINDS, "erdos_renyi", (word, lambda n, p, seed: (n, [(0, 1)])))
    again = open_run(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.machine.model.graphs[0].edges, edges)
    assert again.machine.model.graphs[0].nodes == 6
    assert len(again.model.bind(n=8).graphs["R"]) == 1, "of another size it is another graph"


def test_a_unit_type_of_ones_own_is_told_where_it_is_missing_or_another(
    tmp_path: Path, monkeypatch, capsys
) -> None:  # type: ignore[no-untyped-def]
    bm = Bm(tmp_path, monkeypatch, capsys)
    units.names()
    known, written = dict(units._registry), dict(units._written)

    def forget() -> None:
        monkeypatch.setattr(units, "_registry", dict(known))
        monkeypatch.setattr(units, "_written", dict(written))

    forget()
    (tmp_path / "mine.py").write_text(UNIT)
    (tmp_path / "m.bm").write_text(
        "model m(D) { visible v[D] : lopsided  param b  energy = - b[i] v[i]\n"
        "  train { batch 5  epochs 1 } }"
    )
    np.save(tmp_path / "data.npy", np.where(DATA > 0, 2.0, -1.0))
    assert bm("train", "m.bm", "data.npy", "--out", "run", "--units", "mine.py").returncode == 0
    plain = bm("eval", "run", "--units", "mine.py")
    assert plain.returncode == 0 and plain.stderr == ""
    forget()
    missing = bm("eval", "run")
    assert (
        missing.returncode == 1
        and "BM938" in missing.stderr
        and "`lopsided`" in missing.stderr
        and "--units" in missing.stderr
    )
    (tmp_path / "mine.py").write_text(UNIT + "\n# another\n")
    differs = bm("eval", "run", "--units", "mine.py")
    assert differs.returncode == 0 and "BM939" in differs.stderr and "`lopsided`" in differs.stderr
    forget()
    (tmp_path / "mine.py").unlink()
    assert "BM938" in bm("check", "run").stderr


def test_a_failed_write_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    from bmdsl.files import put

    path = tmp_path / "m.txt"
    path.write_text("whole")

    def half(beside: Path) -> None:
        beside.write_text("ha")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        put(path, half)
    assert path.read_text() == "whole" and [p.name for p in tmp_path.iterdir()] == ["m.txt"]

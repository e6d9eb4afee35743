"""A saved machine, a run and a trained stack need no file that they came from: every kind of outside file × what becomes of it × every way to open."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import bmdsl
from bmdsl import units
from bmdsl.handle import open_run
from bmdsl.storage import write_machine
from tests.cli.command import Bm

EDGES = [(0, 1), (1, 2), (2, 3), (0, 3)]
OTHERS = [(0, 2), (1, 3), (0, 1), (2, 3)]
BASE = """# a lattice from a file
model lattice(n = 4) {{
  graph   G = "{graph}"
  graph   R = regular(2, n, seed = 3)
  visible s[n] : spin
  hidden  h[2] : binary
  param   J init "J.npy" fixed
  param   W init "all.safetensors:W0", b, K
  energy = - J[i,j] s[i] s[j] for <i,j> in G - 0.1 K[i,j] s[i] s[j] for <i,j> in R - W[i,j] s[i] h[j] - b[i] s[i]
  train {{ batch 5  epochs 2  seed 4 }}
}}
"""
FILES = ("parts/base.bm", "middle.bm", "main.bm", "parts/GRAPH", "parts/J.npy", "parts/all.safetensors")
DATA = np.where(np.random.default_rng(0).random((15, 4)) < 0.4, -1.0, 1.0).astype("float32")


def write_graph(path: Path, edges: list[tuple[int, int]]) -> None:
    if path.suffix == ".graphml":
        nx.write_graphml(nx.Graph(edges), path)
    else:
        path.write_text("\n".join(f"{i}{',' if path.suffix == '.csv' else ' '}{j}" for i, j in edges) + "\n")


@dataclass(frozen=True)
class Place:
    """A folder with texts, data and what was made of them."""

    folder: Path
    graph: str
    before: dict[str, Any]

    def path(self, name: str) -> Path:
        return self.folder / name.replace("GRAPH", self.graph)

    def change(self, name: str, how: str) -> None:
        """The file deleted, or edited so that it would give another model."""
        path = self.path(name)
        if how == "deleted":
            path.unlink()
        elif path.suffix == ".bm":
            path.write_text("model lattice(n = 4) { visible s[n] : spin  energy = - 3 s[0] }\n")
        elif path.suffix == ".npy":
            np.save(path, np.full(4, -9.0))
        elif path.suffix == ".safetensors":
            save_file({"W0": np.full((4, 2), 7.0)}, path)
        else:
            write_graph(path, OTHERS)


def make(folder: Path, graph: str, bm: Bm) -> None:
    parts = folder / "parts"
    parts.mkdir(parents=True)
    (parts / "base.bm").write_text(BASE.format(graph=graph))
    (folder / "middle.bm").write_text('import "parts/base.bm"\nmodel other { visible v : binary  energy = - v }\n')
    (folder / "main.bm").write_text('import "middle.bm"\nmodel mine { visible v : binary  energy = - v }\n')
    write_graph(parts / graph, EDGES)
    np.save(parts / "J.npy", np.array([0.5, -0.3, 0.2, 0.7]))
    save_file({"W0": np.linspace(-1, 1, 8).reshape(4, 2)}, parts / "all.safetensors")
    np.save(folder / "data.npy", DATA)
    done = bm("train", folder / "main.bm", folder / "data.npy", "--model", "lattice", "--out", folder / "run")
    assert done.returncode == 0, done.stderr
    bmdsl.open(folder / "run").save(folder / "m.safetensors")


def numbers(run: Path, saved: Path, bm: Bm) -> dict[str, Any]:
    """What every way to open a machine gives."""
    out: dict[str, Any] = {}
    for name, path in (("saved", saved), ("run", run)):
        m = bmdsl.open(path)
        out[name] = (m.log_likelihood(DATA), m.sample(3, steps=2)["s"], *(m.params[n] for n in sorted(m.params)), m.model.graphs[0].edges)
    for verb in (("eval", run, run.parent / "data.npy"), ("sample", run, "-n", 4, "--steps", 3, "--out", "drawn.npz")):
        done = bm(*verb, "--json")
        assert done.returncode == 0, done.stderr
        out[str(verb[0])] = (json.dumps(json.loads(done.stdout)).replace(str(run), "RUN"), *(np.load("drawn.npz")["s"] for _ in range(verb[0] == "sample")))
    return out


def resumed(run: Path, bm: Bm) -> dict[str, Any]:
    """What training comes to that goes on in a copy of the run, from the command line and then from Python."""
    again = bm.folder / "again"
    shutil.copytree(run, again)
    done = bm("resume", again, "--set", "train.epochs=4")
    assert done.returncode == 0, done.stderr
    m = bmdsl.open(again)
    m.train(DATA, epochs=1)
    return {"resumed": (*(m.params[n] for n in sorted(m.params)), json.loads((again / "run.json").read_text())["updates"])}


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for way, values in wanted.items():
        for a, b in zip(found[way], values, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=way)


_MADE: list[Place] = []
"""Made once: it is trained by the command line, compiled, and opened in every way."""


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
         capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:  # fmt: skip
    """The place, its texts and files put back after the test."""
    if not _MADE:
        folder, work = tmp_path_factory.mktemp("made") / "here", tmp_path_factory.mktemp("work")
        bm = Bm(work, monkeypatch, capsys)
        make(folder, "edges.csv", bm)
        _MADE.append(Place(folder, "edges.csv", numbers(folder / "run", folder / "m.safetensors", bm) | resumed(folder / "run", bm)))
    place = _MADE[0]
    shutil.copytree(place.folder, tmp_path / "copy")
    yield place
    shutil.rmtree(place.folder)
    shutil.copytree(tmp_path / "copy", place.folder)


@pytest.mark.parametrize("how", ["edited", "deleted"])
@pytest.mark.parametrize("suffix", ["csv", "edgelist", "graphml"])
def test_edges_are_kept_from_a_file_of_any_kind(tmp_path: Path, suffix: str, how: str) -> None:
    place = Place(tmp_path, f"edges.{suffix}", {})
    (tmp_path / "parts").mkdir()
    write_graph(place.path("parts/GRAPH"), EDGES)
    text = f'model m {{ graph G = "parts/edges.{suffix}"  visible s[4] : spin  param J  energy = - J[i,j] s[i] s[j] for <i,j> in G }}'
    (tmp_path / "m.bm").write_text(text)
    m = bmdsl.load(tmp_path / "m.bm").compile(dtype="float64", jit=False)
    m.params["J"] = [0.5, -0.3, 0.2, 0.7]
    m.save(tmp_path / "m.safetensors")
    place.change("parts/GRAPH", how)
    np.testing.assert_array_equal(bmdsl.open(tmp_path / "m.safetensors").energy(s=DATA), m.energy(s=DATA))


@pytest.mark.parametrize("how", ["edited", "deleted"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_changes_changes_no_machine(kept: Place, name: str, how: str, tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    kept.change(name, how)
    found = numbers(kept.folder / "run", kept.folder / "m.safetensors", Bm(tmp_path, monkeypatch, capsys))
    assert_same(found, {k: v for k, v in kept.before.items() if k != "resumed"})


def test_with_all_gone_and_moved_a_run_goes_on_the_same(kept: Place, tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    for name in FILES:
        kept.change(name, "deleted")
    there = tmp_path / "there"
    there.mkdir()
    for name in ("run", "m.safetensors"):
        shutil.move(kept.folder / name, there / name)
    shutil.copy(kept.folder / "data.npy", there / "data.npy")
    bm = Bm(tmp_path, monkeypatch, capsys)
    assert_same(numbers(there / "run", there / "m.safetensors", bm) | resumed(there / "run", bm), kept.before)
    done = bm("report", there / "run")
    assert done.returncode == 0, done.stderr
    assert "graph   G" in (there / "run" / "report.html").read_text()


def test_check_says_what_a_machine_was_made_of_and_what_became_of_it(kept: Place, tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    import hashlib

    bm = Bm(tmp_path, monkeypatch, capsys)
    shas = {n: hashlib.sha256(kept.path(n).read_bytes()).hexdigest() for n in FILES}
    kept.change("parts/GRAPH", "edited")
    kept.change("parts/J.npy", "deleted")
    for path in (kept.folder / "run", kept.folder / "m.safetensors"):
        found = json.loads(bm("check", path, "--json").stdout)["machines"][0]
        assert found["model"] == "lattice"
        told = {o["path"]: (o["kind"], o["sha256"], o["state"]) for o in found["origins"]}
        states = {"parts/GRAPH": "edited since", "parts/J.npy": "no longer there"}
        kinds = ("import", "import", "model", "graph", "init", "init")
        assert told == {str(kept.path(n).resolve()): (kind, shas[n], states.get(n, "as it was")) for n, kind in zip(FILES, kinds, strict=True)}
        shown = bm("check", path)
        assert shown.returncode == 0 and "no longer there" in shown.stdout and shas["main.bm"][:12] in shown.stdout
    assert json.loads((kept.folder / "run" / "run.json").read_text())["metadata"]["origins"][0]["sha256"] == shas["main.bm"]


def test_a_machine_saved_again_says_the_same_of_where_it_came_from(kept: Place, tmp_path: Path) -> None:
    once = open_run(kept.folder / "m.safetensors")
    kept.change("parts/GRAPH", "edited")
    once.machine.save(tmp_path / "twice.safetensors")
    assert open_run(tmp_path / "twice.safetensors").model.kept.origins == once.model.kept.origins


def test_a_text_that_was_loaded_is_the_text_that_is_trained(kept: Place, tmp_path: Path) -> None:
    """Nothing is read a second time between loading and saving."""
    model = bmdsl.load(kept.folder / "main.bm", model="lattice")
    machine = model.compile(seed=4)
    for name in FILES:
        kept.change(name, "edited")
    machine.train(DATA, out=tmp_path / "run", batch=5, epochs=2)
    found, wanted = bmdsl.open(tmp_path / "run"), bmdsl.open(kept.folder / "run")
    for name in wanted.params:
        np.testing.assert_array_equal(found.params[name], wanted.params[name])
    np.testing.assert_array_equal(found.log_likelihood(DATA), wanted.log_likelihood(DATA))
    assert open_run(tmp_path / "run").model.kept.origins == open_run(kept.folder / "run").model.kept.origins


def test_paths_are_relative_to_the_file_that_they_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "elsewhere").mkdir()
    write_graph(tmp_path / "parts" / "e.csv", EDGES)
    (tmp_path / "parts" / "base.bm").write_text(
        'model m { graph G = "e.csv"  visible s[4] : spin  param J  energy = - J[i,j] s[i] s[j] for <i,j> in G }\n'
        'model copy(k = 4) { visible s[k] : spin  energy = - s[i] }\n'
    )  # fmt: skip
    (tmp_path / "main.bm").write_text('import "parts/base.bm"\nstack two { low : m }\n')
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert bmdsl.load("../main.bm", model="m").graphs["G"].tolist() == [[0, 1], [0, 3], [1, 2], [2, 3]]
    assert bmdsl.load_stack("../main.bm").layers[0].model.graphs["G"].shape == (4, 2)


def test_two_definitions_of_one_name_are_refused_and_a_file_imported_twice_is_none(tmp_path: Path) -> None:
    one = "model {} {{ visible v : binary  energy = - {} v }}\n"
    (tmp_path / "base.bm").write_text(one.format("base", 1))
    (tmp_path / "left.bm").write_text('import "base.bm"\n' + one.format("left", 1))
    (tmp_path / "right.bm").write_text('import "base.bm"\n' + one.format("right", 1))
    (tmp_path / "main.bm").write_text('import "left.bm"\nimport "right.bm"\n' + one.format("main", 1))
    assert bmdsl.load(tmp_path / "main.bm", model="base").name == "base"
    (tmp_path / "main.bm").write_text('import "left.bm"\n' + one.format("base", 2))
    for name in (None, "base"):
        with pytest.raises(bmdsl.BmError, match="(?s)BM940.*`base` is defined twice.*base.bm"):
            bmdsl.load(tmp_path / "main.bm", model=name)


def test_an_import_that_is_no_text_is_a_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "base.bm").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "main.bm").write_text('import "base.bm"\nmodel m { visible v : binary  energy = - v }\n')
    with pytest.raises(bmdsl.BmError, match=r"(?s)BM910.*base.bm.*main.bm:1"):
        bmdsl.load(tmp_path / "main.bm")


LAYERS = """model low(n = 4) { visible s[n] : spin  hidden h[4] : binary  param J init "J.npy" fixed  param W
  energy = - J[i] s[i] - W[i,j] s[i] h[j]  train { batch 5  epochs 1  negative cd } }
model high(D = 4) { graph G = "edges.csv"  visible v[D] : binary  hidden h[2] : binary  param W, b
  energy = - W[i,j] v[i] h[j] - b[i,j] v[i] v[j] for <i,j> in G  train { batch 5  epochs 1 } }
"""


def test_a_stack_needs_no_file_that_it_came_from(tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    bm = Bm(tmp_path, monkeypatch, capsys)
    here = tmp_path / "here"
    (here / "parts").mkdir(parents=True)
    (here / "parts" / "layers.bm").write_text(LAYERS)
    write_graph(here / "parts" / "edges.csv", EDGES)
    np.save(here / "parts" / "J.npy", np.array([0.5, -0.3, 0.2, 0.7]))
    np.save(here / "data.npy", DATA)
    (here / "two.bm").write_text('import "parts/layers.bm"\nstack two { below : low  above : high on below.h }\n')
    done = bm("train", here / "two.bm", here / "data.npy", "--out", here / "run")
    assert done.returncode == 0, done.stderr

    def found(folder: Path) -> list[Any]:
        stack = bmdsl.open_stack(folder)
        evaluated = bm("eval", folder, here / "data.npy", "--json")
        assert evaluated.returncode == 0, evaluated.stderr
        assert bm("sample", folder, "-n", 3, "--steps", 2, "--out", "drawn.npz").returncode == 0
        return [stack.transform(DATA), stack.reconstruct(DATA), evaluated.stdout, np.load("drawn.npz")["s"]]

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
        assert [(o["kind"], o["state"]) for o in told[k]["origins"]] == [("model", "edited since"), ("import", "no longer there"), last]
    assert "import" not in json.loads((tmp_path / "moved" / "stack.json").read_text())["source"]


def test_files_of_the_older_format_still_open(tmp_path: Path) -> None:
    """They hold no edges and the place of their files, which are read from there."""
    (tmp_path / "base.bm").write_text(
        'model m { graph G = "e.csv"  visible s[4] : spin  param J init "J.npy" energy = - J[i,j] s[i] s[j] for <i,j> in G }\n'
    )
    write_graph(tmp_path / "e.csv", EDGES)
    source = (tmp_path / "base.bm").read_text()
    metadata = {"format": "bmdsl 1", "source": source, "source_name": "base.bm", "folder": str(tmp_path), "model": "m", "arguments": "{}",
                "settings": "{}", "seed": "0", "dtype": "float64"}  # fmt: skip
    write_machine(tmp_path / "old.safetensors", {"J": np.arange(4.0)}, metadata)
    m = bmdsl.open(tmp_path / "old.safetensors")
    s = np.array([[1.0, 1, -1, 1]])
    assert m.energy(s=s) == -(0 + 1 - 2 - 3)
    m.save(tmp_path / "new.safetensors")
    (tmp_path / "e.csv").unlink()
    assert bmdsl.open(tmp_path / "new.safetensors").energy(s=s) == 2 + 3 - 1
    with pytest.raises(bmdsl.BmError, match="BM609"):
        bmdsl.open(tmp_path / "old.safetensors")
    write_machine(tmp_path / "later.safetensors", {"J": np.arange(4.0)}, {**metadata, "format": "bmdsl 9"})
    with pytest.raises(bmdsl.BmError, match="BM870.*later bmdsl"):
        bmdsl.open(tmp_path / "later.safetensors")


def test_random_graphs_are_those_that_were_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of the library that draws them would give others."""
    from bmdsl.language import graphs

    text = "model m(n = 6) { graph R = erdos_renyi(n, 0.2, seed = 1)  visible s[n] : spin  param J, b  energy = - J[i,j] s[i] s[j] for <i,j> in R - b[i] s[i] }"
    m = bmdsl.parse(text).compile(jit=False)
    m.save(tmp_path / "m.safetensors")
    edges = m.model.graphs[0].edges
    assert edges is not None and edges.max() < 5, "the last node must have no edge, or this tests nothing"
    word, _ = graphs.KINDS["erdos_renyi"]
    monkeypatch.setitem(graphs.KINDS, "erdos_renyi", (word, lambda n, p, seed: (n, [(0, 1)])))
    again = open_run(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.machine.model.graphs[0].edges, edges)
    assert again.machine.model.graphs[0].nodes == 6
    assert len(again.model.bind(n=8).graphs["R"]) == 1, "of another size it is another graph"


UNIT = '''
import numpy as np
from bmdsl.units import UnitType
from bmdsl.units.scalars import sigmoid, softplus

class Lopsided(UnitType):
    name = "lopsided"
    domain = "{-1, 2}"
    @staticmethod
    def log_partition(eta: float) -> float:
        return softplus(3.0 * eta) - eta
    @staticmethod
    def mean(eta: float) -> float:
        return 3.0 * sigmoid(3.0 * eta) - 1.0
    @staticmethod
    def variance(eta: float) -> float:
        return 9.0 * sigmoid(3.0 * eta) * sigmoid(-3.0 * eta)
    @staticmethod
    def sample(eta: float, u: float) -> float:
        return 2.0 if u < sigmoid(3.0 * eta) else -1.0
    @classmethod
    def support(cls, *arguments):
        return np.array([-1.0, 2.0])
    @classmethod
    def contains(cls, x, *arguments):
        return (x == -1) | (x == 2)
'''


def test_a_unit_type_of_ones_own_is_told_where_it_is_missing_or_another(tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    bm = Bm(tmp_path, monkeypatch, capsys)
    units.names()
    known, written = dict(units._registry), dict(units._written)

    def forget() -> None:
        monkeypatch.setattr(units, "_registry", dict(known))
        monkeypatch.setattr(units, "_written", dict(written))

    forget()
    (tmp_path / "mine.py").write_text(UNIT)
    (tmp_path / "m.bm").write_text("model m(D) { visible v[D] : lopsided  param b  energy = - b[i] v[i]  train { batch 5  epochs 1 } }")
    np.save(tmp_path / "data.npy", np.where(DATA > 0, 2.0, -1.0))
    assert bm("train", "m.bm", "data.npy", "--out", "run", "--units", "mine.py").returncode == 0
    plain = bm("eval", "run", "--units", "mine.py")
    assert plain.returncode == 0 and plain.stderr == ""
    forget()
    missing = bm("eval", "run")
    assert missing.returncode == 1 and "BM938" in missing.stderr and "`lopsided`" in missing.stderr and "--units" in missing.stderr
    (tmp_path / "mine.py").write_text(UNIT + "\n# another\n")
    differs = bm("eval", "run", "--units", "mine.py")
    assert differs.returncode == 0 and "BM939" in differs.stderr and "`lopsided`" in differs.stderr
    forget()
    (tmp_path / "mine.py").unlink()
    assert "BM938" in bm("check", "run").stderr


def test_a_failed_write_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    from bmdsl.writing import put

    path = tmp_path / "m.txt"
    path.write_text("whole")

    def half(beside: Path) -> None:
        beside.write_text("ha")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        put(path, half)
    assert path.read_text() == "whole" and [p.name for p in tmp_path.iterdir()] == ["m.txt"]


def test_a_stopped_machine_leaves_metrics_that_a_resume_reads(kept: Place, tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    with (kept.folder / "run" / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "upd')
    done = Bm(tmp_path, monkeypatch, capsys)("resume", kept.folder / "run", "--set", "train.epochs=3")
    assert done.returncode == 0, done.stderr


def test_the_file_of_a_run_has_edges_and_no_import(kept: Place) -> None:
    with safe_open(kept.folder / "run" / "params.safetensors", "numpy") as file:
        assert {"graph/G", "graph/R", "J", "W", "b", "K"} == set(file.keys())
        assert "import" not in file.metadata()["source"] and "folder" not in file.metadata()
    assert "import" not in (kept.folder / "run" / "model.bm").read_text()

"""A saved machine and a run need no file that they came from.

Every kind of outside file × what becomes of it × every way to open.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import bmdsl
from bmdsl.runs.opening import open_run
from tests.cli.command import Bm
from tests.outside_files import DATA, EDGES, OTHERS, write_graph

BASE = """# a lattice from a file
model lattice(n = 4) {{
  graph   G = "{graph}"
  graph   R = regular(2, n, seed = 3)
  visible s[n] : spin
  hidden  h[2] : binary
  param   J init "J.npy" fixed
  param   W init "all.safetensors:W0", b, K
  energy = - J[i,j] s[i] s[j] for <i,j> in G - 0.1 K[i,j] s[i] s[j] for <i,j> in R
           - W[i,j] s[i] h[j] - b[i] s[i]
  train {{ batch 5  epochs 2  seed 4 }}
}}
"""
FILES = (
    "parts/base.bm",
    "middle.bm",
    "main.bm",
    "parts/GRAPH",
    "parts/J.npy",
    "parts/all.safetensors",
)


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
    (folder / "middle.bm").write_text(
        'import "parts/base.bm"\nmodel other { visible v : binary  energy = - v }\n'
    )
    (folder / "main.bm").write_text(
        'import "middle.bm"\nmodel mine { visible v : binary  energy = - v }\n'
    )
    write_graph(parts / graph, EDGES)
    np.save(parts / "J.npy", np.array([0.5, -0.3, 0.2, 0.7]))
    save_file({"W0": np.linspace(-1, 1, 8).reshape(4, 2)}, parts / "all.safetensors")
    np.save(folder / "data.npy", DATA)
    done = bm(
        "train",
        folder / "main.bm",
        folder / "data.npy",
        "--model",
        "lattice",
        "--out",
        folder / "run",
    )
    assert done.returncode == 0, done.stderr
    bmdsl.open(folder / "run").save(folder / "m.safetensors")


def numbers(run: Path, saved: Path, bm: Bm) -> dict[str, Any]:
    """What every way to open a machine gives."""
    out: dict[str, Any] = {}
    for name, path in (("saved", saved), ("run", run)):
        m = bmdsl.open(path)
        out[name] = (
            m.log_likelihood(DATA),
            m.sample(3, steps=2)["s"],
            *(m.params[n] for n in sorted(m.params)),
            m.model.graphs[0].edges,
        )
    for verb in (
        ("eval", run, run.parent / "data.npy"),
        ("sample", run, "-n", 4, "--steps", 3, "--out", "drawn.npz"),
    ):
        done = bm(*verb, "--json")
        assert done.returncode == 0, done.stderr
        out[str(verb[0])] = (
            json.dumps(json.loads(done.stdout)).replace(str(run), "RUN"),
            *(np.load("drawn.npz")["s"] for _ in range(verb[0] == "sample")),
        )
    return out


def resumed(run: Path, bm: Bm) -> dict[str, Any]:
    """What training comes to that goes on in a copy of the run: `bm resume`, then from Python."""
    again = bm.folder / "again"
    shutil.copytree(run, again)
    done = bm("resume", again, "--set", "train.epochs=4")
    assert done.returncode == 0, done.stderr
    m = bmdsl.open(again)
    m.train(DATA, epochs=1)
    return {
        "resumed": (
            *(m.params[n] for n in sorted(m.params)),
            json.loads((again / "run.json").read_text())["updates"],
        )
    }


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for way, values in wanted.items():
        for a, b in zip(found[way], values, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=way)


_MADE: list[Place] = []
"""Made once: it is trained by the command line, compiled, and opened in every way."""


@pytest.fixture
def kept(
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Place]:
    """The place, its texts and files put back after the test."""
    if not _MADE:
        folder, work = tmp_path_factory.mktemp("made") / "here", tmp_path_factory.mktemp("work")
        bm = Bm(work, monkeypatch, capsys)
        make(folder, "edges.csv", bm)
        _MADE.append(
            Place(
                folder,
                "edges.csv",
                numbers(folder / "run", folder / "m.safetensors", bm) | resumed(folder / "run", bm),
            )
        )
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
    text = f"""model m {{ graph G = "parts/edges.{suffix}"  visible s[4] : spin  param J
      energy = - J[i,j] s[i] s[j] for <i,j> in G }}"""
    (tmp_path / "m.bm").write_text(text)
    m = bmdsl.load(tmp_path / "m.bm").compile(dtype="float64", backend="reference")
    m.params["J"] = [0.5, -0.3, 0.2, 0.7]
    m.save(tmp_path / "m.safetensors")
    place.change("parts/GRAPH", how)
    np.testing.assert_array_equal(
        bmdsl.open(tmp_path / "m.safetensors").energy(s=DATA), m.energy(s=DATA)
    )


@pytest.mark.parametrize("how", ["edited", "deleted"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_changes_changes_no_machine(
    kept: Place, name: str, how: str, tmp_path: Path, monkeypatch, capsys
) -> None:  # type: ignore[no-untyped-def]
    kept.change(name, how)
    found = numbers(
        kept.folder / "run", kept.folder / "m.safetensors", Bm(tmp_path, monkeypatch, capsys)
    )
    assert_same(found, {k: v for k, v in kept.before.items() if k != "resumed"})


def test_with_all_gone_and_moved_a_run_goes_on_the_same(
    kept: Place, tmp_path: Path, monkeypatch, capsys
) -> None:  # type: ignore[no-untyped-def]
    for name in FILES:
        kept.change(name, "deleted")
    there = tmp_path / "there"
    there.mkdir()
    for name in ("run", "m.safetensors"):
        shutil.move(kept.folder / name, there / name)
    shutil.copy(kept.folder / "data.npy", there / "data.npy")
    bm = Bm(tmp_path, monkeypatch, capsys)
    assert_same(
        numbers(there / "run", there / "m.safetensors", bm) | resumed(there / "run", bm),
        kept.before,
    )
    done = bm("report", there / "run")
    assert done.returncode == 0, done.stderr
    report = (there / "run" / "report.html").read_text()
    assert "graph   G" in re.sub("<[^>]*>", "", report)


def test_check_says_what_a_machine_was_made_of_and_what_became_of_it(
    kept: Place, tmp_path: Path, monkeypatch, capsys
) -> None:  # type: ignore[no-untyped-def]
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
        assert told == {
            str(kept.path(n).resolve()): (kind, shas[n], states.get(n, "as it was"))
            for n, kind in zip(FILES, kinds, strict=True)
        }
        shown = bm("check", path)
        assert (
            shown.returncode == 0
            and "no longer there" in shown.stdout
            and shas["main.bm"][:12] in shown.stdout
        )
    assert (
        json.loads((kept.folder / "run" / "run.json").read_text())["metadata"]["origins"][0][
            "sha256"
        ]
        == shas["main.bm"]
    )


def test_a_machine_saved_again_says_the_same_of_where_it_came_from(
    kept: Place, tmp_path: Path
) -> None:
    once = bmdsl.open(kept.folder / "m.safetensors")
    kept.change("parts/GRAPH", "edited")
    once.save(tmp_path / "twice.safetensors")
    assert open_run(tmp_path / "twice.safetensors").model.kept.origins == once.source.kept.origins


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
    assert (
        open_run(tmp_path / "run").model.kept.origins
        == open_run(kept.folder / "run").model.kept.origins
    )


def test_a_stopped_machine_leaves_metrics_that_a_resume_reads(
    kept: Place, tmp_path: Path, monkeypatch, capsys
) -> None:  # type: ignore[no-untyped-def]
    with (kept.folder / "run" / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "upd')
    done = Bm(tmp_path, monkeypatch, capsys)(
        "resume", kept.folder / "run", "--set", "train.epochs=3"
    )
    assert done.returncode == 0, done.stderr


def test_the_file_of_a_run_has_edges_and_no_import(kept: Place) -> None:
    with safe_open(kept.folder / "run" / "params.safetensors", "numpy") as file:
        assert {"graph/G", "graph/R", "J", "W", "b", "K"} == set(file.keys())
        assert "import" not in file.metadata()["source"] and "folder" not in file.metadata()
    assert "import" not in (kept.folder / "run" / "model.bm").read_text()

"""`bm fmt`, `bm expand`, `bm new`, `bm graph`: files in, files out, never half-written or
overwritten.
"""

from __future__ import annotations

import networkx as nx
import pytest

import bmdsl
from bmdsl.files import folder as shipped
from bmdsl.report.graph_files import bipartite

from .command import Bm
from .conftest import RBM

SUGAR = """model rbm(D, H = 3) {
  visible v[D] : binary
  hidden  h[H] : binary
  layers v -- h
}
"""
BY_HAND = """model rbm(D, H = 3) {
  visible v[D] : binary
  hidden  h[H] : binary
  param b_v, b_h, W_v_h
  energy = - b_v[i] v[i] - b_h[j] h[j] - W_v_h[i,j] v[i] h[j]
}
"""


def same_graph(a: bmdsl.Model, b: bmdsl.Model) -> bool:
    """Same groups, and an isomorphism of the bipartite graphs that keeps groups and parameter
    names.
    """

    def node(x: dict, y: dict) -> bool:  # type: ignore[type-arg]
        return {k: v for k, v in x.items() if k != "index"} == {
            k: v for k, v in y.items() if k != "index"
        }

    return a.checked.groups == b.checked.groups and nx.is_isomorphic(
        bipartite(a.graph), bipartite(b.graph), node
    )


def test_the_sugar_its_expansion_and_the_hand_written_model_are_the_same_graph():
    sugar, by_hand = bmdsl.parse(SUGAR), bmdsl.parse(BY_HAND)
    expanded = bmdsl.parse(sugar.expand())
    assert "layers" not in sugar.expand()
    assert str(expanded.graph) == str(sugar.graph)
    assert same_graph(sugar, expanded) and same_graph(sugar, by_hand)
    assert not same_graph(
        sugar, bmdsl.parse(BY_HAND.replace("= - b_v[i] v[i]", "= - b_v[i] v[i] - b_v[i] v[i]"))
    )


def test_the_expansion_of_a_deep_machine_is_the_same_graph():
    model = bmdsl.load("dbm")
    assert same_graph(model, bmdsl.parse(model.expand()))


def test_expand_prints_what_checks(bm: Bm):
    text = bm("expand", "dbm").stdout
    (bm.folder / "out.bm").write_text(text)
    assert "W_v_h1" in text and bm("check", "out.bm").returncode == 0


def test_fmt_rewrites_once_and_check_changes_nothing(bm: Bm):
    path = bm.folder / "rbm.bm"
    assert bm("fmt", "rbm.bm", "--check").returncode == 1 and path.read_text() == RBM
    assert "was reformatted" in bm("fmt", "rbm.bm").stdout
    assert "    batch  10\n    epochs 2\n" in path.read_text()
    done = bm("fmt", "rbm.bm", "--check")
    assert (done.returncode, done.stdout) == (0, "")
    assert [p.name for p in bm.folder.glob("*.part")] == []


def test_fmt_reads_folders_and_standard_input_and_shows_differences(bm: Bm):
    import io

    folder = bm.folder / "models" / "inner"
    folder.mkdir(parents=True)
    untidy = "model  m {  visible v : binary\nenergy = - v }\n"
    (folder / "a.bm").write_text(untidy)
    shown = bm("fmt", "models", "--diff")
    assert (
        shown.returncode == 1
        and "-model  m {" in shown.stdout
        and (folder / "a.bm").read_text() == untidy
    )
    assert bm("fmt", "models").returncode == 0 and bm("fmt", "models", "--check").returncode == 0
    bm.monkeypatch.setattr("sys.stdin", io.StringIO(untidy))
    assert bm("fmt", "-").stdout == (folder / "a.bm").read_text()
    bm.monkeypatch.setattr("sys.stdin", io.StringIO(untidy.rstrip()))
    assert "\n\\ No newline at end of file\n+" in bm("fmt", "-", "--diff").stdout
    (bm.folder / "empty").mkdir()
    assert "BM905" in bm("fmt", "empty").stderr


def test_fmt_leaves_a_file_with_an_error_as_it_is(bm: Bm):
    path = bm.folder / "broken.bm"
    path.write_text("model m {")
    assert bm("fmt", "broken.bm").returncode == 1 and path.read_text() == "model m {"


@pytest.mark.parametrize("like", sorted(p.stem for p in shipped("models").glob("*.bm")))
def test_new_copies_every_shipped_model_under_a_new_name(bm: Bm, like: str):
    assert bm("new", "mine", "--like", like).returncode == 0
    assert "model `mine` is fine" in bm("check", "mine.bm").stdout


def test_new_refuses_to_overwrite_and_names_that_are_none(bm: Bm):
    assert "BM908" in bm("new", "rbm").stderr and (bm.folder / "rbm.bm").read_text() == RBM
    assert "BM907" in bm("new", "3x").stderr
    assert bm("new", "model").returncode == 1 and not (bm.folder / "model.bm").exists()
    assert "did you mean" in bm("new", "x", "--like", "rmb").stderr


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("svg", b"<?xml"), ("png", b"\x89PNG"), ("graphml", b"<?xml"), ("dot", b"graph ")],
)
def test_graph_writes_pictures_and_files(bm: Bm, suffix: str, start: bytes):
    assert bm("graph", "dbm", "--out", f"g.{suffix}").returncode == 0
    assert (bm.folder / f"g.{suffix}").read_bytes().lstrip().startswith(start)


def test_graph_of_another_format_is_refused(bm: Bm):
    assert "BM917" in bm("graph", "rbm", "--out", "g.xyz").stderr


@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", "<?xml"), ("graphml", "<?xml"), ("dot", "graph ")]
)
def test_graph_of_single_units(bm: Bm, suffix: str, start: str) -> None:
    (bm.folder / "ising.bm").write_text(
        "model ising(L = 5) { visible s[L, L] : spin energy = - 0.4 s[x,y] s[wrap(x+1), y] - 0.4"
        " s[x,y] s[x, wrap(y+1)] }"
    )
    assert "s: 25 units of 4 to 4 neighbours" in bm("graph", "ising.bm", "--level", "units").stdout
    bm("graph", "ising.bm", "--level", "units", "--out", f"g.{suffix}")
    assert (bm.folder / f"g.{suffix}").read_text().startswith(start)

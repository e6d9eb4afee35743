"""Words in an earlier version's spelling: read as today's, told, rewritten by `bm fmt --upgrade`.

No word of the language has been renamed yet: these tests give words of today an older name.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bmdsl import driver
from bmdsl.data.transforms import binarize
from bmdsl.editor.cures import cures
from bmdsl.language import graphs, training_block
from bmdsl.language.format import format
from bmdsl.language.older_words import older_names, rewritten
from bmdsl.language.parse import parse
from bmdsl.language.source import Source
from bmdsl.model import load_all
from bmdsl.training.negative import pcd
from bmdsl.training.penalties import l2
from bmdsl.units.spin import Spin
from tests.cli.command import Bm

TEXT = """# `persistent` in a comment stays, as does a group called ising
model m(n = 4, persistent = 2) {
  graph G = circle(n)
  visible ising[n] : pm1      # pm1
  param   J, b
  energy = - J[i,j] ising[i] ising[j] for <i,j> in G - persistent b[i] ising[i]
  train {
    negative   persistent(sweeps=1, chains = 4)
    regularize ridge(b, 0.1), l2(J, 0.2)
    transform  threshold
  }
}
stack s {
  one : m(persistent = 2)
  train {
    negative persistent
  }
}
"""
NOW = (
    TEXT.replace("circle(n)", "ring(n)")
    .replace(": pm1", ": spin")
    .replace("negative   persistent(sweeps=1", "negative   pcd(steps=1")
    .replace("regularize ridge", "penalty ridge")
    .replace("ridge(b", "l2(b")
    .replace("  threshold", "  binarize")
    .replace("negative persistent", "negative pcd")
)
NAMES = {
    "circle": "ring",
    "pm1": "spin",
    "persistent": "pcd",
    "sweeps": "steps",
    "regularize": "penalty",
    "ridge": "l2",
    "threshold": "binarize",
}


@pytest.fixture(autouse=True)
def _renamed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if these words had other names once."""
    steps, *rest = pcd.WORD.options
    options = (dataclasses.replace(steps, formerly=("sweeps",)), *rest)
    word = dataclasses.replace(pcd.WORD, options=options, formerly=("persistent", "cd"))
    monkeypatch.setattr(pcd, "WORD", word)
    for module, old in ((l2, "ridge"), (binarize, "threshold")):
        monkeypatch.setattr(module, "WORD", dataclasses.replace(module.WORD, formerly=(old,)))
    ring, build = graphs.KINDS["ring"]
    monkeypatch.setitem(
        graphs.KINDS, "ring", (dataclasses.replace(ring, formerly=("circle",)), build)
    )
    monkeypatch.setattr(Spin, "formerly", ("pm1",))
    monkeypatch.setitem(training_block.SETTINGS_FORMERLY, "penalty", ("regularize",))
    yield


def test_older_spellings_are_read_and_told_and_mean_what_todays_do(tmp_path: Path) -> None:
    (tmp_path / "old.bm").write_text(TEXT)
    (tmp_path / "now.bm").write_text(NOW)
    old, stack = (m.checked for m in load_all(tmp_path / "old.bm", None, {}))
    now = load_all(tmp_path / "now.bm", None, {})[0].checked
    assert old == now and not [d for d in now.lints if d.code == "BM962"]
    told = [d for d in old.lints if d.code == "BM962"]
    assert [d.span.text for d in told if d.span] == [*NAMES]
    assert [c.text for d in told for c in cures(d)] == [*NAMES.values()]
    assert [d.span.line for d in stack.lints if d.code == "BM962" and d.span][-1] == 16


def test_settings_given_from_outside_may_be_older_too(tmp_path: Path) -> None:
    (tmp_path / "now.bm").write_text(NOW.partition("stack")[0])
    (made,) = load_all(tmp_path / "now.bm", None, {})
    bound = made.bind({"negative": "persistent(sweeps = 3)"})  # type: ignore[union-attr]
    assert str(bound.checked.training.negative.name) == "pcd"
    assert dict(bound.checked.training.negative.options)["steps"] == 3
    assert [d.code for d in bound.checked.lints].count("BM962") == 2


def test_a_word_of_today_is_never_an_older_one() -> None:
    """`cd` was a name of `pcd` here, and is a word of its own."""
    file = parse(Source("m.bm", NOW.replace("negative pcd", "negative cd")))
    assert not list(older_names(file, driver.vocabulary()))


def test_a_text_is_rewritten_by_the_formatter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tuple(older_names(parse(Source("m.bm", TEXT)), driver.vocabulary()))
    assert rewritten(TEXT, names) == NOW
    bm = Bm(tmp_path, monkeypatch, capsys)
    tidy = format(parse(Source("m.bm", NOW)))
    path = tmp_path / "m.bm"
    path.write_text(TEXT)
    assert bm("check", path).returncode == 0
    assert bm("check", path, "--deny", "BM962").returncode == 1
    assert "`bm fmt --upgrade FILE`" in bm("check", path).stderr
    assert bm("fmt", path, "--upgrade", "--check").returncode == 1 and path.read_text() == TEXT
    assert json.loads(bm("fmt", path, "--json").stdout)["changed"], "not yet in the one style"
    assert "persistent(sweeps = 1" in path.read_text(), "the style alone renames nothing"
    assert bm("fmt", path, "--upgrade").returncode == 0 and path.read_text() == tidy
    assert bm("fmt", path, "--upgrade", "--check").returncode == 0
    assert bm("check", path, "--deny", "BM962").returncode == 0

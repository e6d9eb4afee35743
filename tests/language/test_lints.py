"""Each lint finds what it is for, and says nothing of a model that is as it should be."""

from __future__ import annotations

import pytest

import bmdsl
from bmdsl.files import folder
from bmdsl.language.lints import LINTS

CASES = {
    "BM950": "model m(D = 3, K = 2) { visible v[D] : binary param b energy = - b[i] v[i] }",
    "BM951": "model m { visible v[3] : binary param b, c[2] energy = - b[i] v[i] }",
    "BM952": "model m { visible v[3] : binary hidden h[2] : binary param b energy = - b[i] v[i] }",
    "BM953": "model m { visible v[4] : binary param b energy = - b[i] v[2*i] for i in 0..2 }",
    "BM954": "model m { visible v[3] : binary param b, a energy = - b[i] v[i] - a }",
    "BM955": "model m { visible v[3] : binary param U energy = - U[i,j] v[i] v[j] }",
    "BM956": "model m { visible v[3] : binary param b, c energy = - b[i] v[i] - c[i] v[i] }",
    "BM957": "model m { visible v[3] : binary param b energy = - b[i] v[i] + 3 }",
    "BM958": (
        "model m { visible v[3] : binary param b energy = - b[i] v[i] train { temperature v = 3 } }"
    ),
    "BM959": (
        "model m { visible v[3] : binary param b energy = - b[i] v[i] train { negative pcd(chains ="
        " 1) } }"
    ),
    "BM960": "model m { visible v[3] : binary param U energy = - U[i,j] v[i] v[j] for i < j }",
    "BM961": "model m { visible s[2] : spin param J energy = - J s[i] s[wrap(i+1)] }",
}


OF_FILES = {"BM966": "tests/regressions/test_weights_of_a_file_of_edges_are_read.py"}
"""Lints of models that read a file, and where they are tested."""


@pytest.mark.parametrize("code", CASES)
def test_a_lint_finds_its_case(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    found = bmdsl.parse(CASES[code]).checked.lints
    assert code in [d.code for d in found]
    assert all(d.level == "warning" and str(d).startswith("warning[") for d in found)


def test_there_is_a_case_for_every_lint():
    assert len(CASES) + len(OF_FILES) == len(LINTS)


@pytest.mark.parametrize(
    "text",
    [
        "model m { visible v[3] : binary param U symmetric energy = - U[i,j] v[i] v[j] for i < j }",
        "model m { visible s[4] : spin param J energy = - J s[i] s[wrap(i+1)] }",
        "model m { visible s[4] : spin param J energy = - J[i] s[i] s[wrap(i+1)] }",
        (
            "model m { graph G = ring(5) visible s[5] : spin param J energy = - J[i,j] s[i] s[j]"
            " for <i,j> in G }"
        ),
        (
            "model m { visible v[3] : binary param W[3,2], c energy = - sum[j] softplus(c[j] +"
            " W[i,j] v[i]) }"
        ),
        "model m(D) { visible v[D] : binary hidden h[2*D] : binary layers v -- h }",
    ],
)
def test_a_sound_model_has_no_lint(text: str) -> None:
    assert bmdsl.parse(text).checked.lints == ()


@pytest.mark.parametrize("name", sorted(p.stem for p in folder("models").glob("*.bm")))
def test_a_shipped_model_has_no_lint(name: str) -> None:
    assert bmdsl.load(name).checked.lints == ()


def test_an_open_chain_leaves_its_last_coupling_idle():
    found = bmdsl.parse(
        "model m { visible s[4] : spin param J energy = - J[i] s[i] s[pad(i+1)] }"
    ).checked.lints
    assert [d.message for d in found] == ["1 of 4 entries of `J` never act, the first is `J[3]`"]

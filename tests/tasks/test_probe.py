"""Probes: cases kept apart, settings chosen by validation alone, labels asked for where there are
none.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.tasks.probe import probe

MIXTURE = """model m(D) {
  visible v[D] : binary  hidden z : categorical(3)
  param W init normal(0, 0.5), d
  energy = - W[i,k] v[i] z[k] - d[k] z[k]
  train { positive exact  negative exact  optimizer adam(rate = 0.1)  batch 50  epochs 20 }
}"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three kinds of cases, a component for each."""
    folder = tmp_path_factory.mktemp("probe")
    generator = np.random.default_rng(0)
    kind = generator.integers(0, 3, 400)
    p = np.where(np.arange(9)[None] // 3 == kind[:, None], 0.95, 0.05)
    np.save(folder / "data.npy", (generator.random((400, 9)) < p).astype("float32"))
    np.save(folder / "labels.npy", kind)
    np.save(folder / "noise.npy", generator.integers(0, 3, 400))
    bmdsl.parse(MIXTURE, D=9).compile().train(str(folder / "data.npy"), out=folder / "run")
    return folder


@pytest.mark.parametrize("name", ["logistic", "svm", "knn"])
@pytest.mark.parametrize("features", ["responsibilities", "unnormalised", "data"])
def test_features_of_three_clusters_tell_them_apart(run: Path, name: str, features: str) -> None:
    found = probe(run / "run", str(run / "data.npy"), name, features, str(run / "labels.npy"))
    assert (
        found.errors[2] < 0.1
        and sum(found.cases) == 400
        and found.cases[2] == 100
        and found.width == (9 if features == "data" else 3)
    )


def test_labels_without_meaning_cannot_be_told(run: Path) -> None:
    """Test cases that leaked into training would be told: a single neighbour knows itself."""
    found = probe(run / "run", str(run / "data.npy"), "knn", "data", str(run / "noise.npy"))
    assert found.errors[2] > 0.5


def test_what_a_probe_cannot_do_is_said(run: Path) -> None:
    for arguments, code in [
        ((str(run / "data.npy"), "tree", "means", str(run / "labels.npy")), "BM927"),
        ((str(run / "data.npy"), "knn", "means", None), "BM928"),
        ((str(run / "data.npy"), "knn", "meens", str(run / "labels.npy")), "did you mean `means`"),
    ]:
        with pytest.raises(bmdsl.BmError, match=code):
            probe(run / "run", *arguments)  # type: ignore[arg-type]


def test_unnormalised_responsibilities_are_minus_the_free_energies_of_the_components() -> None:
    text = """model m { visible v[4] : binary  hidden h[3] : binary  hidden z : categorical(3)
      param W, c, d
      energy = - W[i,k,j] v[i] z[k] h[j] - c[j] h[j] - d[k] z[k]
                 train { temperature z = geometric(50, 5) } }"""
    m = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    for p in m.params:
        m.params[p] = np.random.default_rng(len(p)).normal(0, 1, m.params[p].shape)
    v = (np.random.default_rng(0).random((5, 4)) < 0.5).astype(float)
    found = m.transform(v, "unnormalised")
    h = np.array([[a & 1, a >> 1 & 1, a >> 2] for a in range(8)], float)
    for r in range(5):
        for k in range(3):
            e = m.energy(v=np.tile(v[r], (8, 1)), h=h, z=np.tile(np.eye(3)[k], (8, 1)))
            assert found[r, k] == pytest.approx(np.logaddexp.reduce(-e), abs=1e-10)
    p = np.exp(found / 5)
    np.testing.assert_allclose(
        m.transform(v, "responsibilities"), p / p.sum(1, keepdims=True), atol=1e-12
    )
    np.testing.assert_allclose(m.posterior(v=v)["z"], p / p.sum(1, keepdims=True), atol=1e-12)
    with pytest.raises(bmdsl.BmError, match="BM816"):
        bmdsl.load("rbm", D=4, H=2).compile(backend="reference").transform(v, "responsibilities")

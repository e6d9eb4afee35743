"""Copies and pickles of machines: the same parameters and the same draws, and nothing shared."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest

import bmdsl

RBM = """model r { visible v[4] : binary  hidden h[3] : binary  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative pcd(chains = 5)  batch 2  epochs 1 } }"""
MIXTURE = """model m { visible v[3] : binary  hidden z : categorical(K = 2)
  param M, b init logit_mean(v), a
  energy = - M[k,i] z[k] v[i] - b[i] v[i] - a[k] z[k]
  train { positive exact  negative cd()  epochs 1 } }"""
DRAWN = """model g { graph G = regular(3, 6)  visible s[6] : spin  param J
  energy = - J[i,j] s[i] s[j] for <i,j> in G }"""
TEXTS = {"rbm": RBM, "mixture": MIXTURE, "a graph drawn at random": DRAWN}


def _through_joblib(machine: bmdsl.Machine) -> bmdsl.Machine:
    file = io.BytesIO()
    joblib.dump(machine, file)
    file.seek(0)
    return joblib.load(file)  # type: ignore[no-any-return]


WAYS: dict[str, Callable[[bmdsl.Machine], bmdsl.Machine]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda m: pickle.loads(pickle.dumps(m)),
    "joblib": _through_joblib,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", TEXTS)
def test_a_copy_goes_on_as_the_machine_does_and_shares_nothing(text: str, way: str) -> None:
    m = bmdsl.parse(TEXTS[text]).compile(seed=7, dtype="float64", backend="reference")
    rng = np.random.default_rng(0)
    if text != "mixture":  # whose means still wait for data
        for name, x in m.params.items():
            m.params[name] = rng.normal(0, 0.3, x.shape)
        m.sample(2, steps=1)
    made = WAYS[way](m)
    assert (made.seed, made.dtype, made.program.plain) == (7, np.float64, True)
    assert made.params.waiting == m.params.waiting and list(made.params) == list(m.params)
    for one, other in zip(made.model.graphs, m.model.graphs, strict=True):
        assert np.array_equal(np.asarray(one.edges), np.asarray(other.edges))
    if text == "mixture":
        x = (rng.random((20, 3)) < 0.3).astype(float)
        m.train(x)
        made.train(x)
    own, others = m.sample(3, steps=2), made.sample(3, steps=2)
    assert all(np.array_equal(others[n], x) for n, x in own.items())
    for name, x in m.params.items():
        assert np.array_equal(made.params[name], x) and not np.shares_memory(made.params[name], x)


def test_a_pickle_needs_no_file_that_the_model_was_made_of(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "edges.csv", [[0, 1], [1, 2]], fmt="%d", delimiter=",")
    np.save(tmp_path / "J.npy", [0.5, -1.0])
    (tmp_path / "m.bm").write_text(
        'model m { graph G = "edges.csv"  visible s[3] : spin  param J init "J.npy"\n'
        "  energy = - J[i,j] s[i] s[j] for <i,j> in G }"
    )
    m = bmdsl.load(tmp_path / "m.bm").compile(dtype="float64", backend="reference")
    held = pickle.dumps(m)
    for path in tmp_path.iterdir():
        path.unlink()
    made = pickle.loads(held)
    s = np.array([[1.0, 1, -1]])
    assert made.energy(s=s) == m.energy(s=s) == [-1.5]
    assert [o.sha256 for o in made.origins] == [] and made.model.name == "m"


def test_a_compiled_machine_stays_compiled_and_still_trains() -> None:
    m = bmdsl.parse(RBM).compile(seed=1)
    made = copy.deepcopy(m)
    assert not made.program.plain and made.dtype == np.float32
    x = np.eye(4)
    m.train(x)
    made.train(x)
    assert all(np.array_equal(made.params[n], w) for n, w in m.params.items())


def test_a_damaged_pickle_is_a_diagnostic() -> None:
    function, (metadata, arrays, *rest) = bmdsl.parse(RBM).compile(backend="reference").__reduce__()
    with pytest.raises(bmdsl.BmError, match=r"BM934.*`W`"):
        function(metadata, {n: x for n, x in arrays.items() if n != "W"}, *rest)
    with pytest.raises(bmdsl.BmError, match="BM870"):
        function({n: x for n, x in metadata.items() if n != "format"}, arrays, *rest)

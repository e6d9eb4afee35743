"""Training on a naive machine: exact likelihoods rise, stops are clean, a resume is bit-exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bmdsl.language.diagnostics import BmError
from bmdsl.language.model import Choice, Training
from bmdsl.registry import words
from bmdsl.training.batch import Batch
from bmdsl.training.loop import train
from bmdsl.training.recipe import Recipe

from .naive_machine import NaiveRbm

FAST = Choice("sgd", (("rate", 0.5), ("momentum", 0.5), ("nesterov", False)))
EXACT = Training(
    positive=Choice("exact"), negative=Choice("exact"), optimizer=FAST, batch=8, epochs=20
)
PCD = replace(EXACT, negative=Choice("pcd", (("steps", 1), ("chains", 10))))
PATTERNS = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0]], float)


def data(n=30):
    return {"v": PATTERNS[np.random.default_rng(5).integers(0, 3, n)]}


CD = [Choice("cd", (("steps", 1), ("means", means))) for means in (False, True)]


@pytest.mark.parametrize("negative", [Choice("exact"), *CD, PCD.negative])
@pytest.mark.parametrize("positive", [Choice("exact"), Choice("gibbs", (("steps", 2),)), None])
@pytest.mark.parametrize("center", [False, True])
def test_likelihood_rises(positive, negative, center):
    m, d = NaiveRbm(), data()
    before = m.log_likelihood(d).mean()
    # a step small enough that ten persistent chains keep up with the parameters
    gentle = Choice("sgd", (("rate", 0.05), ("momentum", 0.5), ("nesterov", False)))
    run = train(
        m,
        d,
        replace(
            EXACT, positive=positive, negative=negative, center=center, optimizer=gentle, epochs=150
        ),
    )
    assert run.updates == 150 * 4
    assert m.log_likelihood(d).mean() > before + 0.3


def test_gradient_is_that_of_the_weighted_likelihood():
    m, d = NaiveRbm(), data(6)
    w = np.arange(1.0, 7) / 21
    g = Recipe.of(m, EXACT, Batch(d, w, 0), 1).gradient(Batch(d, w, 0))[0]
    for name, x in m.params.items():
        at = (0,) * x.ndim
        values = []
        for step in (1e-5, -2e-5):
            x[at] += step
            values.append(float(w @ m.log_likelihood(d)))
        x[at] += 1e-5
        assert g[name][at] == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-7)


def test_centred_gradient_does_not_depend_on_flips():
    """Relabelling 0 ↔ 1 of every visible unit must give the same learning; the plain gradient does
    not.
    """
    m, f, d = NaiveRbm(), NaiveRbm(), data()
    f.params["c"] += m.params["W"].sum(0)
    f.params["W"] *= -1
    f.params["b"] *= -1
    flipped = {"v": 1 - d["v"]}
    train(m, d, replace(EXACT, center=True))
    train(f, flipped, replace(EXACT, center=True))
    np.testing.assert_allclose(m.log_likelihood(d), f.log_likelihood(flipped), rtol=1e-8)


def test_missing_values():
    d = data()
    d["v"][::3, 1] = np.nan
    with pytest.raises(BmError, match="BM752"):
        train(NaiveRbm(), d, EXACT)
    m = NaiveRbm()
    train(m, d, replace(EXACT, positive=Choice("gibbs", (("steps", 3),))))
    assert all(np.isfinite(x).all() for x in m.params.values())


ADAM = Choice("adam", (("rate", 0.01), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8)))


@pytest.mark.parametrize("training", [PCD, replace(PCD, center=True, optimizer=ADAM)])
@pytest.mark.parametrize("kept", [1 << 28, 0], ids=["in memory", "on disk"])
def test_resume_after_an_interrupt_is_bit_exact(tmp_path, training, monkeypatch, kept):
    monkeypatch.setattr("bmdsl.training.loop.KEPT", kept)
    d, whole, part = data(), NaiveRbm(dtype=np.float32), NaiveRbm(dtype=np.float32)
    train(whole, d, training)

    def stop(line):
        if line["epoch"] == 7:
            raise KeyboardInterrupt

    run = train(part, d, training, tmp_path, on_progress=stop, metadata={"source": "model rbm {}"})
    assert run.interrupted and run.updates == 28
    fresh = NaiveRbm(dtype=np.float32)
    assert not train(fresh, d, training, tmp_path, resume=True).interrupted
    for name in whole.params:
        assert whole.params[name].dtype == np.float32
        np.testing.assert_array_equal(whole.params[name], fresh.params[name])
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 20
    assert (tmp_path / "model.bm").exists() and (tmp_path / "params.safetensors").exists()


@pytest.mark.parametrize("kept", [1 << 28, 0], ids=["in memory", "on disk"])
def test_divergence_keeps_the_last_good_state(tmp_path, monkeypatch, kept):
    monkeypatch.setattr("bmdsl.training.loop.KEPT", kept)
    m = NaiveRbm(dtype=np.float32)
    wild = replace(
        PCD, optimizer=Choice("sgd", (("rate", 3e38), ("momentum", 0.9), ("nesterov", False)))
    )
    with pytest.raises(BmError, match="BM754"):
        train(m, data(), wild, tmp_path)
    assert all(np.isfinite(x).all() for x in m.params.values())


def test_patience_restores_the_best():
    m = NaiveRbm()
    other = {"v": 1 - PATTERNS}
    run = train(m, data(), replace(EXACT, patience=3, epochs=200), validation=other)
    assert run.stopped == "patience"
    assert -m.log_likelihood(other).mean() == pytest.approx(run.best_score)
    with pytest.raises(BmError, match="BM753"):
        train(m, data(), replace(EXACT, patience=3))


def test_modifiers_hold():
    m = NaiveRbm(W={"nonnegative": True}, b={"fixed": True})
    before = m.params["b"].copy()
    train(m, data(), EXACT)
    assert (m.params["W"] >= 0).all()
    np.testing.assert_array_equal(m.params["b"], before)


def test_penalties():
    m = NaiveRbm()
    pull = (
        Choice("l2", (("parameter", "W"), ("strength", 0.5))),
        Choice("l1", (("parameter", "c"), ("strength", 0.25))),
    )
    d = data()
    batch = Batch(d, np.full(30, 1 / 30), 0)
    plain = Recipe.of(m, EXACT, batch, 1).gradient(batch)[0]
    pulled = Recipe.of(m, replace(EXACT, penalty=pull), batch, 1).gradient(batch)[0]
    np.testing.assert_allclose(pulled["W"], plain["W"] - m.params["W"])
    np.testing.assert_allclose(pulled["c"], plain["c"] - 0.25 * np.sign(m.params["c"]))
    train(m, d, replace(EXACT, penalty=(Choice("maxnorm", (("parameter", "W"), ("norm", 0.3))),)))
    assert (np.linalg.norm(m.params["W"], axis=0) <= 0.3 + 1e-12).all()
    train(
        m,
        d,
        replace(
            EXACT,
            epochs=100,
            penalty=(Choice("sparsity", (("group", "h"), ("target", 0.1), ("rate", 5.0))),),
        ),
    )
    assert m.posterior_rows(d)[0]["h"].mean() == pytest.approx(0.1, abs=0.05)


def test_unknown_word():
    with pytest.raises(BmError, match="did you mean `cd`"):
        train(NaiveRbm(), data(), replace(EXACT, negative=Choice("cb")))
    assert list(words("bmdsl.training.optimizers")) == ["adam", "rmsprop", "sgd"]

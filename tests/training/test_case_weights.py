"""A case of weight 2 is two cases, one of weight 0 is none: in starts, statistics, figures,
monitors and evaluation.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.likelihood import mean_error, measure
from bmdsl.registry import discover
from bmdsl.runtime.initial import data_parameters
from bmdsl.tasks.eval import evaluate, of_run
from bmdsl.tasks.train import fit
from bmdsl.training.health import Look

pytestmark = pytest.mark.compiled

TEXT = """model m(D = 5, H = 2) {
  visible v[D] : UNIT   hidden h[H] : binary
  param W init normal(0, 0.1)   param b init START(v)   param c init 0
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { TRANSFORM positive exact  negative exact  optimizer sgd(rate = 0.1)  batch 2000
  epochs 2  HELD }
}"""
X = (np.random.default_rng(0).random((30, 5)) < [0.2, 0.5, 0.7, 0.9, 0.4]).astype(float)
W = np.random.default_rng(1).integers(1, 4, 30)
KINDS = {
    "binary": ("binary", "logit_mean", ""),
    "grey": ("binary", "logit_mean", "transform scale, binarize(threshold) "),
    "gaussian": ("gaussian(sigma = 1)", "mean", "transform standardize "),
    "whitened": ("gaussian(sigma = 1)", "mean", "transform whiten, equal_mean "),
}


def model(kind: str, held: str = ""):
    unit, start, transform = KINDS[kind]
    text = (
        TEXT.replace("UNIT", unit)
        .replace("START", start)
        .replace("TRANSFORM", transform)
        .replace("HELD", held)
    )
    return bmdsl.parse(text)


def outcome(kind: str, data, weights, out=None):
    made = model(kind)
    x = data if kind == "binary" else data * 3 + np.arange(5) / 7 * (kind != "grey")
    return fit(made, made.compile(dtype="float64"), x, out, weights)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_repetitions(kind):
    weighed, repeated = outcome(kind, X, W), outcome(kind, np.repeat(X, W, axis=0), None)
    same(weighed, repeated)


@pytest.mark.parametrize("kind", KINDS)
def test_cases_of_weight_zero_are_not_there(kind):
    more = np.concatenate([np.ones((100, 5)), X, np.zeros((50, 5))])
    same(outcome(kind, more, np.r_[np.zeros(100), W, np.zeros(50)]), outcome(kind, X, W))


def same(a, b) -> None:
    for name in ("W", "b", "c"):
        np.testing.assert_allclose(
            a.machine.params[name], b.machine.params[name], rtol=1e-9, atol=1e-12
        )
    for name in ("reconstruction_error", "free_energy", "log_likelihood"):
        np.testing.assert_allclose(getattr(a.figures, name), getattr(b.figures, name), rtol=1e-9)


def test_starts_with_gaps_and_shared_biases_are_weighed():
    made = model("binary").checked
    x = np.where(np.random.default_rng(2).random(X.shape) < 0.2, np.nan, X)
    want = data_parameters(made, {"v": np.repeat(x, W, axis=0)})["b"]
    np.testing.assert_allclose(
        data_parameters(made, {"v": x}, weights=0.3 * W)["b"], want, rtol=1e-12, atol=1e-14
    )


def test_the_monitors_figures_are_weighed():
    machine = model("binary").compile(dtype="float64")
    machine.params["W"] = np.random.default_rng(3).normal(0, 2, (5, 2))
    twice = np.repeat(X, W, axis=0)
    for name in ("likelihood", "free_energy_gap", "units"):
        module = discover("bmdsl.training.monitors")[name]
        looks = [
            Look(
                machine,
                machine.model.training,
                {"v": x},
                {"v": x[::-1] if w is not None else np.repeat(X[::-1], W[::-1], axis=0)},
                None,
                None,
                {},
                0,
                10**9,
                w,
                None if w is None else w[::-1],
            )
            for x, w in ((X, W.astype(float)), (twice, None))
        ]
        figures = [module.look(look, {}).figures for look in looks]
        assert figures[0] or name == "likelihood"
        for key, value in figures[0].items():
            np.testing.assert_allclose(
                value, figures[1][key], rtol=0.05 if name == "likelihood" else 1e-9, atol=1e-12
            )


def test_every_monitor_that_averages_over_cases_takes_weights():
    machine = model("binary").compile(dtype="float64")
    machine.params["b"] = np.linspace(-2, 2, 5)
    more, w = np.concatenate([X, np.ones((300, 5))]), np.r_[np.ones(30), np.full(300, 1e-12)]
    for name, module in discover("bmdsl.training.monitors").items():
        if name in (
            "chains",
            "gradient",
            "swaps",
            "pseudo_likelihood",
        ):  # of chains and updates; of one unit a case, drawn anew
            continue
        looks = [
            Look(machine, machine.model.training, {"v": x}, None, None, None, {}, 0, 10**9, weights)
            for x, weights in ((X, None), (more, w))
        ]
        a, b = (module.look(look, {}).figures for look in looks)
        assert a.keys() == b.keys()
        for key in (
            a
        ):  # AIS starts from means of its own: at 100 temperatures from the same place to a percent
            np.testing.assert_allclose(
                a[key], b[key], rtol=0.01 if name == "likelihood" else 1e-8, atol=1e-9
            )


def test_the_error_of_a_weighed_mean():
    x = np.random.default_rng(0).normal(size=50)
    mean, error = mean_error(x, None)
    np.testing.assert_allclose([mean, error], [x.mean(), x.std(ddof=1) / np.sqrt(50)])
    np.testing.assert_allclose(mean_error(x, np.full(50, 3.0)), (mean, error))
    assert mean_error(x[:1], np.array([2.0])) == (x[0], 0.0)


def test_evaluation_takes_the_weights_of_training_and_those_of_a_file(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "w.npy", W)
    made = model("binary")
    fit(
        made,
        made.compile(dtype="float64"),
        str(tmp_path / "x.npy"),
        tmp_path / "run",
        tmp_path / "w.npy",
    )
    machine = bmdsl.open(tmp_path / "run")
    each = machine.log_likelihood(X)
    want = np.average(each, weights=W)
    np.testing.assert_allclose(evaluate(tmp_path / "run", None)[0].log_likelihood, want, rtol=1e-9)
    found = of_run(tmp_path / "run", None, None, 10, 10)
    np.testing.assert_allclose(found.value(found.parts[0]), want, rtol=1e-9)
    np.save(tmp_path / "y.npy", X[:10])
    np.save(tmp_path / "u.npy", np.arange(10))
    other = evaluate(tmp_path / "run", str(tmp_path / "y.npy"), weights=tmp_path / "u.npy")[0]
    np.testing.assert_allclose(
        other.log_likelihood, np.average(each[:10], weights=np.arange(10)), rtol=1e-9
    )
    assert other.cases == 9
    (tmp_path / "w.npy").unlink()
    again = evaluate(tmp_path / "run", None)[0]
    np.testing.assert_allclose(again.log_likelihood, each.mean(), rtol=1e-9)
    assert "w.npy" in again.note


def test_likelihoods_of_weighed_parts():
    machine = model("binary").compile(dtype="float64")
    part = measure(machine, [("a", {"v": X})], 10, 10, weights=[W * 1.0]).parts[0]
    np.testing.assert_allclose(part.mean, np.average(-machine.free_energy(v=X), weights=W))


@pytest.mark.parametrize("weighed", [False, True])
def test_cases_held_out_stay_held_out(tmp_path, weighed):
    """Held out cases by an own reading of what training drew: all but those that its metrics call
    training cases.
    """
    np.save(tmp_path / "x.npy", X)
    w = np.where(np.arange(30) % 5 == 0, 0.0, W)
    made = model("binary", "validate 0.25")
    fitted = fit(
        made,
        made.compile(dtype="float64"),
        str(tmp_path / "x.npy"),
        tmp_path / "run",
        w if weighed else None,
    )
    np.save(tmp_path / "w.npy", w)
    file = tmp_path / "w.npy" if weighed else None
    parts = evaluate(tmp_path / "run", None, weights=file)
    there = X[w > 0] if weighed else X
    assert [p.part for p in parts] == ["train", "validation"]
    assert [p.cases for p in parts] == [
        len(there) - round(0.25 * len(there)),
        round(0.25 * len(there)),
    ]
    # the score of the last epoch is that of the parameters that were kept, if it was the best
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    np.testing.assert_allclose(parts[1].log_likelihood, -facts["best_score"], rtol=1e-9)
    assert evaluate(tmp_path / "run", None, ["validation"], file)[0] == parts[1]
    assert evaluate(tmp_path / "run", None, ["train"], file) == [parts[0]]
    np.testing.assert_allclose(fitted.figures.log_likelihood, parts[0].log_likelihood, rtol=1e-9)
    np.save(tmp_path / "new.npy", X[:7])
    assert [p.part for p in evaluate(tmp_path / "run", str(tmp_path / "new.npy"))] == ["new.npy"]
    with pytest.raises(bmdsl.BmError, match="BM942"):
        evaluate(tmp_path / "run", str(tmp_path / "new.npy"), ["validation"])

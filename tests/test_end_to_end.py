"""From a text to a trained machine, as a user goes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

import bmdsl
from bmdsl.files import folder
from tests import naive

RBM = """
model rbm(D = 6, H = 4) {
  visible v[D] : binary
  hidden  h[H] : binary
  param W init normal(0, 0.1), b, c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  train { positive exact  negative pcd(steps = 1, chains = 10)  optimizer sgd(rate = 0.05)
  batch 10  epochs 2  seed 0 }
}
"""


def test_a_text_becomes_a_machine_whose_partition_function_is_exact():
    machine = bmdsl.parse(RBM, H=3).compile(seed=0, dtype="float64")
    assert {n: x.shape for n, x in machine.params.items()} == {"W": (6, 3), "b": (6,), "c": (3,)}
    assert machine.log_partition() == pytest.approx(
        naive.log_partition(machine.model, machine.params), abs=1e-8
    )


def test_layers_and_hand_written_terms_give_the_same_energy():
    sugar = bmdsl.parse(
        "model m { visible v[3] : binary hidden h[2] : binary layers v -- h }"
    ).compile(dtype="float64")
    hand = bmdsl.parse(
        "model m { visible v[3] : binary hidden h[2] : binary param A, p, q energy = - p[i] v[i] -"
        " q[j] h[j] - A[i,j] v[i] h[j] }"
    )
    other = hand.compile(dtype="float64")
    for a, b in (("W_v_h", "A"), ("b_v", "p"), ("b_h", "q")):
        other.params[b] = sugar.params[a]
    v, h = np.eye(3)[:2], np.eye(2)
    np.testing.assert_array_equal(sugar.energy(v=v, h=h), other.energy(v=v, h=h))


def test_training_writes_a_run_that_opens_again(tmp_path):
    data = (np.random.default_rng(0).random((40, 6)) < 0.4).astype("float32")
    machine = bmdsl.parse(RBM).compile()
    run = machine.train(data, out=tmp_path / "run", epochs=1)
    assert run.stopped == "done"
    again = bmdsl.open(tmp_path / "run" / "params.safetensors")
    np.testing.assert_array_equal(again.params["W"], machine.params["W"])


VISIBLE_ONLY = {"ising", "glass", "potts", "hopfield", "pspin", "pot"}
"""Without hidden units there is nothing to reconstruct from: what they learn is tested in
tests/training/test_inverse_ising.py.
"""


def small_data(name: str) -> tuple[dict[str, int], object, dict[str, object]]:
    """Sizes, data and settings to train a shipped model in a second or two; data None: the model's
    own.
    """
    generator = np.random.default_rng(0)
    if name == "bm":  # two kinds of cases, so that there is something to learn
        kind = generator.integers(0, 2, (200, 1))
        return (
            {},
            (generator.random((200, 20)) < np.where(kind, 0.8, 0.2)).astype("float32"),
            {"epochs": 30},
        )
    if name == "potts_rbm":
        kind = generator.integers(0, 4, (300, 1))
        return (
            {"q": 4, "H": 8},
            np.where(generator.random((300, 6)) < 0.8, kind, generator.integers(0, 4, (300, 6))),
            {"epochs": 60},
        )
    if name == "local_rbm":
        return (
            {"S": 8, "R": 4, "T": 2, "M": 3, "K": 6},
            load_digits().images / 16 > 0.5,
            {"epochs": 40},
        )
    if name == "convrbm":
        return (
            {"C": 1, "S": 8, "F": 8, "N": 10},
            load_digits().images[:500],
            {"epochs": 8, "transform": "scale(0, 10)"},
        )
    if name in ("factored", "gated"):  # the second image is the first, shifted
        x = (generator.random((500, 9)) < 0.3).astype("float32")
        return {"D": 9, "E": 9, "H": 10}, {"x": x, "y": np.roll(x, 1, axis=1)}, {"epochs": 40}
    if name == "crbm":  # noise that turns with time
        past = generator.normal(size=(400, 2, 4)).astype("float32")
        return (
            {"D": 4, "T": 2, "H": 5},
            {"past": past, "v": np.roll(past[:, 0], 1, axis=1) + 0.3 * past[:, 1]},
            {"epochs": 60},
        )
    if name == "bernoulli_mixture":
        return {"D": 64, "K": 10}, None, {"epochs": 15}
    if name == "imrbm":
        return {"D": 64, "K": 5, "H": 30}, None, {"epochs": 40}
    sizes = {"dbm": {"D": 64, "H1": 50, "H2": 20}}.get(name, {"D": 64, "H": 50})
    return sizes, None, {"epochs": 15}


@pytest.mark.parametrize(
    "name", sorted({p.stem for p in folder("models").glob("*.bm")} - VISIBLE_ONLY)
)
def test_every_shipped_model_learns(name, tmp_path):
    sizes, data, settings = small_data(name)
    model = bmdsl.load(name, **sizes)
    if isinstance(data, np.ndarray) and model.checked.unbound:
        model = model.bind(L=data.shape[1])
    machine = model.compile()
    run = machine.train(data, out=tmp_path / "run", monitor=1, **settings)
    errors = [line["reconstruction_error"] for line in run.metrics]
    assert all(np.isfinite(x).all() for x in machine.params.values())
    assert errors[-1] < 0.9 * max(errors[:3])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("W[i,j]", "w[i,j]", "error[BM101]: unknown name `w`"),
        (": binary\n  hidden", ": binery\n  hidden", "did you mean `binary`?"),
        ("v[i] h[j]", "v[i] h[i]", "index `i` runs over 6 in `v[i]` but over 4 in `h[i]`"),
        ("pcd(", "pdc(", "unknown negative `pdc`"),
        ("batch 10", "bach 10", "did you mean `batch`?"),
        ("b[i] v[i]", "b[i] v[i,j]", "`v` has 1 axis but 2 subscripts here"),
        ("b[i] v[i]", "b[i] v[i+1] for i in 0..6", "reaches 6, its axis has 0..5"),
    ],
)
def test_a_wrong_text_is_a_diagnostic(old, new, message):
    assert old in RBM
    with pytest.raises(bmdsl.BmError) as caught:
        bmdsl.parse(RBM.replace(old, new, 1) if old != "v[i] h[j]" else RBM.replace(old, new))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("parameter", "term", "code"),
    [
        ("p[3]", "p[i+5] v[i]", "BM207"),
        ("p[3]", "p[9] v[i]", "BM207"),
        ("p[3,4]", "p[1] v[i]", "BM209"),
        ("p", "p[i] v[i] for i < k", "BM214"),
        ("p[0^(0-1)]", "p[i] v[i]", "BM406"),
        ("p", "0.5 * v[i]^9", "BM304"),
    ],
)
def test_what_would_act_outside_an_array_is_refused(parameter, term, code):
    with pytest.raises(bmdsl.BmError, match=code):
        bmdsl.parse(f"model m {{ visible v[6] : binary param {parameter} energy = - {term} }}")


def test_a_square_around_a_mean_is_multiplied_out():
    model = bmdsl.parse(
        "model m { visible v[3] : gaussian param b energy = + 0.5 * (v[i] - b[i])^2 }"
    )
    machine = model.compile(dtype="float64")
    machine.params["b"] = [1.0, -2.0, 0.5]
    v = np.array([[0.3, 0.1, -0.7]])
    expected = (
        0.5 * ((v - machine.params["b"]) ** 2).sum() + 0.5 * (v**2).sum()
    )  # the unit's own base measure is the second part
    assert machine.energy(v=v)[0] == pytest.approx(expected)

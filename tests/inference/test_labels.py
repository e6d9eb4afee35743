"""Classification by the exact P(y | v), and models of several groups from files and sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.data.finding import read
from tests import naive


def test_a_label_that_is_left_out_is_summed_out() -> None:
    m = bmdsl.load("class_rbm", D=4, C=3, H=3).compile(dtype="float64", backend="reference")
    for p in m.params:
        m.params[p] = np.random.default_rng(len(p)).normal(0, 1, m.params[p].shape)
    v = (np.random.default_rng(0).random((6, 4)) < 0.5).astype(float)
    found = m.posterior(v=v)
    free = [s for s, _ in naive.joint_states(m.model, ["y", "h"])]
    for r in range(6):
        w = np.array([-naive.energy(m.model, m.params, {**s, "v": v[r]}) for s in free])
        p = np.exp(w - np.logaddexp.reduce(w))
        np.testing.assert_allclose(
            found["y"][r], sum(q * s["y"] for q, s in zip(p, free, strict=True)), atol=1e-10
        )
        np.testing.assert_allclose(
            found["h"][r], sum(q * s["h"] for q, s in zip(p, free, strict=True)), atol=1e-10
        )


def test_labels_of_a_set_go_to_the_class_unit_and_no_transform_touches_them() -> None:
    m = bmdsl.load("class_rbm", H=60)
    from bmdsl.tasks.train import start

    outcome = start(m, None, None, None, "float32")
    assert outcome.data["y"].shape == (1797, 10) and (outcome.data["y"].sum(1) == 1).all()
    guess = outcome.machine.posterior(v=outcome.data["v"])["y"].argmax(1)
    assert (guess == outcome.data["y"].argmax(1)).mean() > 0.85


def test_a_file_of_several_arrays_feeds_the_groups_of_their_names(tmp_path: Path) -> None:
    model = bmdsl.load("factored", D=3, E=2, F=2, H=2)
    np.savez(tmp_path / "pairs.npz", x=np.ones((4, 3)), y=np.zeros((4, 2)), other=np.zeros(1))
    arrays, _ = read(str(tmp_path / "pairs.npz"), model.checked)
    assert {n: a.shape for n, a in arrays.items()} == {"x": (4, 3), "y": (4, 2)}
    np.savez(tmp_path / "half.npz", x=np.ones((4, 3)))
    with pytest.raises(bmdsl.BmError, match="has no array `y`"):
        read(str(tmp_path / "half.npz"), model.checked)


def test_shifted_images_teach_a_factored_machine_the_shift() -> None:
    """Given x and hidden units inferred from a pair, y is predicted better than from its mean
    alone: the hidden units hold the transformation.
    """
    generator = np.random.default_rng(0)
    x = (generator.random((2000, 12)) < 0.3).astype("float32")
    shift = generator.integers(0, 3, 2000) - 1
    y = np.stack([np.roll(row, s) for row, s in zip(x, shift, strict=True)])
    m = bmdsl.load("factored", D=12, E=12, F=30, H=15).compile(seed=1)
    m.train({"x": x, "y": y}, epochs=60, optimizer="adam(rate = 0.01)")
    means = m.posterior(x=x, y=y)
    guess = m.conditional("y", x=x, h=(means["h"] > 0.5).astype("float32"))
    assert ((guess - y) ** 2).mean() < 0.4 * y.var()

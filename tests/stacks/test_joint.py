"""Stacks trained jointly: gradients by finite differences through three layers, the parts that only
greedy training had before, and the command line.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.stacks.joint import JointMachine, Trained
from tests import naive
from tests.cli.command import Bm

TEXT = """
model conv(N = 3) {
  visible v[2,6] : multinary(N)  hidden h[3,3] : multinary(N)
  param W[2,3,4] init normal(0, 0.2), a, b
  energy = - W[c,k,p] v[c,pad(2*x+p-1)] h[k,x] - a[c] v[c,x] - b[k] h[k,x]
}
model flat(N = 3, K = 3, H = 4) {
  visible v[K,3] : multinary(N)  hidden h[H] : binomial(2)
  param W init normal(0, 0.2), a, b
  energy = - W[k,x,j] v[k,x] h[j] - a[k,x] v[k,x] - b[j] h[j]
}
model top(D, H = 2) {
  visible v[D] : binomial(2)  hidden h[H] : binary
  param W init normal(0, 0.2), a, b
  energy = - W[i,j] v[i] h[j] - a[i] v[i] - b[j] h[j]
}
stack three {
  one   : conv()
  two   : flat() on one.h
  three : top() on two.h
  train { jointly  optimizer adam(rate = 0.01)  batch 10  epochs 3 }
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "three.bm").write_text(TEXT)
    np.save(
        tmp_path / "data.npy", np.random.default_rng(0).integers(0, 4, (40, 2, 6)).astype("float32")
    )
    return tmp_path / "three.bm"


def joint() -> JointMachine:
    layers = []
    for name, below, d in (("one", None, {}), ("two", "one", {}), ("three", "two", {"D": 4})):
        m = bmdsl.parse(
            TEXT.split("stack")[0], {"one": "conv", "two": "flat", "three": "top"}[name], **d
        ).compile(seed=1, dtype="float64", backend="reference")
        generator = np.random.default_rng(7)
        for p in m.params:
            m.params[p] = generator.normal(0, 0.3, m.params[p].shape)
        layers.append(Trained(name, below, None if below is None else "h", m))
    return JointMachine("three", layers)


def test_the_gradient_through_three_layers_is_the_slope_of_the_summed_losses() -> None:
    m, w = joint(), np.array([0.25, 0.75])
    data = {"v": np.random.default_rng(1).uniform(0.3, 2.7, (2, 2, 6))}
    out = {n: np.zeros_like(x) for n, x in m.params.items()}
    m.contrastive_free_energy(data, w, out, 1.0, True, False)

    def value() -> float:
        found = m.contrastive_free_energy(
            data, w, {n: np.zeros_like(x) for n, x in m.params.items()}, 1.0, True, True
        )
        assert found is not None
        return found

    for name, array in m.params.items():
        for at in list(np.ndindex(array.shape))[:: max(1, array.size // 5)]:
            assert out[name][at] == pytest.approx(naive.slope(array, at, value), abs=3e-6), (
                name,
                at,
            )


def test_a_held_reconstruction_is_held_in_every_layer() -> None:
    """The slope of Σ −F(x) + F(v′), each v′ at its present value, with what feeds each layer free
    to move.
    """
    m, w = joint(), np.array([1.0])
    data = {"v": np.random.default_rng(1).uniform(0.3, 2.7, (1, 2, 6))}
    out = {n: np.zeros_like(x) for n, x in m.params.items()}
    m.contrastive_free_energy(data, w, out, 1.0, False, False)
    held, x = [], data["v"]
    for layer in m.layers:
        machine = layer.machine
        means = machine.posterior(v=x)["h"]
        held.append(machine.conditional("v", h=means))
        x = means

    def value() -> float:
        total, x = 0.0, data["v"]
        for layer, back in zip(m.layers, held, strict=True):
            total += float(
                (layer.machine.free_energy(v=back) - layer.machine.free_energy(v=x)).sum()
            )
            x = layer.machine.posterior(v=x)["h"]
        return total

    for name, array in m.params.items():
        for at in list(np.ndindex(array.shape))[:: max(1, array.size // 4)]:
            assert out[name][at] == pytest.approx(naive.slope(array, at, value), abs=3e-6), (
                name,
                at,
            )


def test_a_joint_stack_trains_opens_reconstructs_and_samples(file: Path) -> None:
    data = np.load(file.parent / "data.npy")
    stack = bmdsl.load_stack(file)
    assert stack.checked.jointly and not stack.checked.greedily
    made = stack.train(data, file.parent / "run", seed=2, epochs=20)
    lines = [
        json.loads(x) for x in (file.parent / "run" / "metrics.jsonl").read_text().splitlines()
    ]
    assert (
        len(lines) == 20
        and lines[-1]["contrastive_free_energy"] > lines[0]["contrastive_free_energy"]
    )
    again = bmdsl.open_stack(file.parent / "run")
    np.testing.assert_array_equal(again.transform(data), made.transform(data))
    assert again.transform(data).shape == (40, 2)
    assert again.reconstruct(data).shape == data.shape
    assert ((again.reconstruct(data) - data) ** 2).mean() < data.var()
    drawn = again.sample(5, steps=20)
    assert drawn.shape == (5, 2, 6) and drawn.min() >= 0 and drawn.max() <= 3


def test_greedily_jointly_goes_on_from_the_greedy_layers(file: Path) -> None:
    text = TEXT.replace("jointly", "greedily jointly").replace("epochs 3", "epochs 2")
    (file.parent / "both.bm").write_text(text)
    data = np.load(file.parent / "data.npy")
    greedy = bmdsl.load_stack(
        _written(file, text.replace("greedily jointly", "objective contrastive_free_energy"))
    ).train(data, seed=2)
    both = bmdsl.load_stack(file.parent / "both.bm").train(
        data, seed=2, optimizer="adam(rate = 1e-9)", objective="contrastive_free_energy"
    )
    slow = bmdsl.load_stack(_written(file, text.replace("greedily jointly", ""))).train(
        data, seed=2, optimizer="adam(rate = 1e-9)", objective="contrastive_free_energy"
    )
    np.testing.assert_allclose(both["one"].params["W"], slow["one"].params["W"], atol=1e-6)
    assert not np.allclose(greedy["one"].params["W"], slow["one"].params["W"], atol=1e-4)


def _written(file: Path, text: str) -> Path:
    path = file.parent / f"{abs(hash(text))}.bm"
    path.write_text(text)
    return path


def test_another_objective_is_refused(file: Path) -> None:
    text = TEXT.replace("jointly", "jointly objective pseudolikelihood")
    with pytest.raises(bmdsl.BmError, match=r"BM864.*contrastive_free_energy"):
        bmdsl.load_stack(_written(file, text)).train(np.load(file.parent / "data.npy"))


def test_shapes_that_do_not_meet_name_both_ends(file: Path) -> None:
    text = TEXT.replace("flat() on", "flat(K = 5) on")
    with pytest.raises(
        bmdsl.BmError, match=r"BM624.*`one.h` has shape \[3, 3\], but `v` of `two` has \[5, 3\]"
    ):
        bmdsl.load_stack(_written(file, text))


@pytest.mark.parametrize(
    ("below", "above", "ends"),
    [
        ("multinary(10)", "binary", "0 to 10"),
        ("gaussian", "multinary(4)", "-inf to inf"),
        ("spin", "binary", "-1 to 1"),
    ],
)
def test_means_that_the_layer_above_cannot_have_name_both_ends(
    below: str, above: str, ends: str, tmp_path: Path
) -> None:
    (tmp_path / "s.bm").write_text(f"""
        model a {{ visible v[6] : binary  hidden h[4] : {below}  layers v -- h }}
        model b(D) {{ visible v[D] : {above}  hidden h[3] : binary  layers v -- h }}
        stack s {{ one : a  two : b on one.h  train {{ greedily }} }}
    """)
    with pytest.raises(
        bmdsl.BmError,
        match=rf"BM628.*`one.h` run from {ends}, but `v` of `two`, {above.split('(')[0]}, takes",
    ):
        bmdsl.load_stack(tmp_path / "s.bm")


def test_the_command_line_trains_a_joint_stack(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bm = Bm(tmp_path, monkeypatch, capsys)
    done = bm("train", "three.bm", "data.npy", "--out", "run", "--set", "train.epochs=2")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "stack.json").exists() and (tmp_path / "run" / "curves.png").exists()
    assert bm("eval", "run", "data.npy").returncode == 0
    assert bm("sample", "run", "-n", "5", "--steps", "10", "--out", "drawn.npz").returncode == 0
    with np.load(tmp_path / "drawn.npz") as drawn:
        assert drawn["v"].shape == (5, 2, 6)
    refused = bm("sample", "run", "--beta", "0.5")
    assert refused.returncode == 1 and "BM926" in refused.stderr

"""Stacks trained jointly: gradients by finite differences through three layers, the parts that only
greedy training had before, and the command line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.language.model import Training
from bmdsl.stacks.joined import joined
from bmdsl.stacks.joint import JointMachine, Trained
from bmdsl.tasks.emit import emitted_stack
from bmdsl.tasks.train_jointly import joint_training
from bmdsl.training.cases import Cases
from bmdsl.training.compiled import CompiledUpdates
from bmdsl.training.loop import train
from bmdsl.training.recipe import Recipe
from tests import naive
from tests.cli.command import Bm
from tests.stacks.test_joint_trainings_are_reproduced import CASES

from ..printed import statements

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
        m.takes_means = True
        generator = np.random.default_rng(7)
        for p in m.params:
            m.params[p] = generator.normal(0, 0.3, m.params[p].shape)
        layers.append(Trained(name, below, None if below is None else "h", m))
    return JointMachine("three", layers)


def training_of(words: str) -> Training:
    """A train block whose one step at rate 1 is the gradient."""
    optimizer = "optimizer sgd(rate = 1, momentum = 0)"
    text = TEXT.split("stack")[0].rstrip().removesuffix("}")
    return bmdsl.parse(f"{text} train {{ {words} {optimizer} }} }}", D=4).checked.training


def gradient_of(
    m: JointMachine, data: dict[str, np.ndarray], w: np.ndarray, through: bool
) -> tuple[dict[str, np.ndarray], float]:
    """The gradient and the objective that one update finds; parameters are put back."""
    word = str(through).lower()
    training = training_of(f"objective contrastive_free_energy(through_reconstruction = {word})")
    training = replace(training, updates=1, batch=len(w))
    before = {n: x.copy() for n, x in m.params.items()}
    run = train(m, data, training, weights=w, progress=False)  # type: ignore[arg-type]
    out = {n: x - before[n] for n, x in m.params.items()}
    for n, x in m.params.items():
        x[...] = before[n]
    return out, run.metrics[-1]["contrastive_free_energy"]


def summed_losses(
    m: JointMachine, x: np.ndarray, w: np.ndarray, held: list[np.ndarray] | None = None
) -> float:
    """Σ over layers of ⟨F(v′) − F(v)⟩ by the layers' own calls; v′ at `held` values if given."""
    total = 0.0
    for k, layer in enumerate(m.layers):
        machine = layer.machine
        means = machine.posterior(v=x)["h"]
        back = machine.conditional("v", h=means) if held is None else held[k]
        total += float(w @ (machine.free_energy(v=back) - machine.free_energy(v=x)))
        x = means
    return total


def assert_slopes(
    m: JointMachine, found: dict[str, np.ndarray], value: Callable[[], float]
) -> None:
    for name, array in m.params.items():
        for at in list(np.ndindex(array.shape))[:: max(1, array.size // 5)]:
            slope = naive.slope(array, at, value)
            assert found[name][at] == pytest.approx(slope, abs=3e-6), (name, at)


def test_the_gradient_through_three_layers_is_the_slope_of_the_summed_losses() -> None:
    m, w = joint(), np.array([0.25, 0.75])
    x = np.random.default_rng(1).uniform(0.3, 2.7, (2, 2, 6))
    found, value = gradient_of(m, {"v": x}, w, through=True)
    assert value == pytest.approx(summed_losses(m, x, w), abs=1e-12)
    assert_slopes(m, found, lambda: summed_losses(m, x, w))


def test_a_held_reconstruction_is_held_in_every_layer() -> None:
    """The slope of Σ −F(x) + F(v′), each v′ at its present value, with what feeds each layer free
    to move.
    """
    m, w = joint(), np.array([0.25, 0.75])
    x = np.random.default_rng(1).uniform(0.3, 2.7, (2, 2, 6))
    found, _ = gradient_of(m, {"v": x}, w, through=False)
    held, at = [], x
    for layer in m.layers:
        means = layer.machine.posterior(v=at)["h"]
        held.append(layer.machine.conditional("v", h=means))
        at = means
    assert_slopes(m, found, lambda: summed_losses(m, x, w, held))


def test_layers_that_do_not_feed_one_another_train_as_they_do_alone(file: Path) -> None:
    models = """model small { visible v[6] : binary  hidden h[4] : binary
      param W init normal(0, 0.3), a, b
      energy = - W[i,j] v[i] h[j] - a[i] v[i] - b[j] h[j] }"""
    text = f"{models} stack both {{ one : small  two : small  train {{ jointly }} }}"
    training = replace(joint_training(bmdsl.load_stack(_written(file, text))), batch=7, updates=12)
    data = {"v": (np.random.default_rng(3).random((30, 6)) < 0.4).astype(float)}
    machines = [
        [bmdsl.parse(models).compile(k, "float64", "reference") for k in (1, 2)] for _ in range(2)
    ]
    layers = [Trained(n, None, None, m) for n, m in zip("ab", machines[0], strict=True)]
    both = JointMachine("both", layers)
    train(both, data, training, progress=False)  # type: ignore[arg-type]
    for machine, alone in zip(*machines, strict=True):
        train(alone, data, training, progress=False)
        for name, x in alone.params.items():
            np.testing.assert_allclose(machine.params[name], x, rtol=0, atol=1e-13)
    assert both.reconstructions(data)["v"].shape == (30, 6)


@pytest.mark.parametrize("backend", ["reference", "numba"])
def test_an_interrupted_joint_run_goes_on_bit_for_bit(backend: str, tmp_path: Path) -> None:
    case = CASES["two_dense_layers"]

    def stop(line: dict[str, object]) -> None:
        if line["epoch"] == 3:
            raise KeyboardInterrupt

    ends = []
    for interrupted in (False, True):
        machine, data, training = case.machine(backend)
        training = replace(training, epochs=6)
        out = tmp_path / str(interrupted)
        run = train(machine, data, training, out, on_progress=stop if interrupted else None)  # type: ignore[arg-type]
        assert run.interrupted == interrupted and run.updates == (12 if interrupted else 24)
        if interrupted:
            machine, data, _ = case.machine(backend)
            run = train(machine, data, training, out, resume=True)  # type: ignore[arg-type]
            assert run.updates == 24 and len(run.metrics) == 6
        ends.append(machine.params)
    for name, x in ends[0].items():
        np.testing.assert_array_equal(x, ends[1][name], err_msg=name)


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


def test_the_printed_update_of_a_joint_stack_is_the_one_that_runs(file: Path) -> None:
    stack = bmdsl.load_stack(_written(file, TEXT.replace("flat()", "flat(H = 4)")))
    text = emitted_stack(stack, "python")
    layers = [
        Trained(x.name, x.below, x.group, x.model.compile(backend="reference"))
        for x in stack.layers
    ]
    machine, training = JointMachine("three", layers), joint_training(stack)
    cases = Cases.of({"v": np.zeros((20, 2, 6))}, None)
    probe, _ = cases.batch(np.zeros(1, int), 0, machine.dtype)
    recipe = Recipe.of(machine, training, probe, 10)  # type: ignore[arg-type]
    run = CompiledUpdates.of(recipe, machine, cases, training.batch, {})
    assert statements(run.routine.source) <= statements(text)
    compile(text, "printed", "exec")


def test_a_greedy_stack_prints_the_update_of_every_layer(file: Path) -> None:
    greedy = _written(file, TEXT.replace("jointly", "greedily"))
    text = emitted_stack(bmdsl.load_stack(greedy), "schedule")
    assert [x.strip("# =") for x in text.splitlines() if x.startswith("# =")] == [
        "one",
        "two",
        "three",
    ]
    both = _written(file, TEXT.replace("jointly", "greedily jointly"))
    assert emitted_stack(bmdsl.load_stack(both), "schedule").startswith(text)
    with pytest.raises(bmdsl.BmError, match=r"BM864.*is a stack"):
        emitted_stack(bmdsl.load_stack(both), "plan")


def test_words_of_different_layers_never_meet(file: Path) -> None:
    """Layer `a_b` with `c` and layer `a` with `b_c` would both call it `a_b_c`."""
    text = """
    model low { visible v[3] : binary  hidden b_c[2] : binary  param W
      energy = - W[i,j] v[i] b_c[j] }
    model high { visible v[2] : binary  hidden c[2] : binary  param b_W
      energy = - b_W[i,j] v[i] c[j] }
    stack s { a : low  a_b : high on a.b_c  train { jointly } }"""
    stack = bmdsl.load_stack(_written(file, text))
    whole = joined("s", stack.checked.parts)
    groups = [g.name for g in whole.model.groups]
    assert len(set(groups)) == len(groups) == 4 and groups[0] == "v"
    emitted_stack(stack, "python")


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

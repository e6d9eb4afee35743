"""What transforms learned goes with the machine: into its files, out of them, and over every verb
that takes data.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

import bmdsl
from bmdsl.api import StackModel
from bmdsl.data.load import read_file
from bmdsl.language.diagnostics import BmError, BmWarning
from bmdsl.language.source import Source
from bmdsl.runs.opening import open_run
from bmdsl.runs.storage import read_machine
from bmdsl.stacks.folder import open_stack
from bmdsl.tasks.eval import evaluate
from bmdsl.tasks.infer import infer
from bmdsl.tasks.resume import resume
from bmdsl.tasks.run_cases import last_part
from bmdsl.tasks.sample import Chosen, draw, subject

TEXT = """model m(D = 3, H = 2) {
  visible v[D] : gaussian(sigma = 1)   hidden h[H] : binary
  param W init normal(0, 0.01)   param b init 0   param c init 0
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { transform TRANSFORM  positive exact  negative exact  optimizer sgd(rate = 0.01)
  batch 100  epochs 2 }
}"""
X = np.random.default_rng(0).normal(50, 20, (100, 3)) @ np.array(
    [[1, 0.3, 0], [0, 1, 0], [0, 0, 0.1]]
)
NEW = X[:7] + 31.0
LEARNING = ("standardize", "whiten", "scale(0, 2)", "equal_mean, standardize", "scale, whiten")


def trained(transform: str, out=None) -> bmdsl.Machine:
    machine = bmdsl.parse(TEXT.replace("TRANSFORM", transform)).compile(dtype="float64")
    machine.train(X, out=out)
    return machine


@pytest.mark.parametrize("transform", LEARNING)
def test_statistics_go_into_files_and_out_of_them(tmp_path, transform):
    machine = trained(transform, tmp_path / "run")
    machine.save(tmp_path / "m.safetensors")
    want = machine.prepare(np.concatenate([X, NEW]))
    assert not np.allclose(machine.prepare(X), X)
    for place in ("run", "m.safetensors", "run/params.safetensors"):
        again = bmdsl.open(tmp_path / place)
        np.testing.assert_array_equal(again.prepare(NEW), want[100:])
        assert set(again.params) == {"W", "b", "c"}
    np.testing.assert_array_equal(machine.prepare({"v": NEW})["v"], want[100:])


@pytest.mark.parametrize("transform", LEARNING)
def test_a_new_file_and_the_training_file_are_prepared_alike(tmp_path, transform):
    trained(transform, tmp_path / "run")
    np.save(tmp_path / "new.npy", NEW)
    np.save(tmp_path / "both.npy", np.concatenate([X, NEW]))
    new, both = (
        last_part(tmp_path / "run", str(tmp_path / f), None)[2]["v"]
        for f in ("new.npy", "both.npy")
    )
    np.testing.assert_array_equal(both[100:], new)


def test_restore_undoes_prepare():
    machine = trained("standardize")
    np.testing.assert_allclose(machine.restore(machine.prepare(NEW)), NEW, rtol=1e-12)
    np.testing.assert_allclose(
        machine.restore({"v": machine.prepare(NEW), "h": np.ones((7, 2))})["v"], NEW, rtol=1e-12
    )
    with pytest.raises(BmError, match="BM780"):
        trained("equal_mean").restore(NEW)


def test_before_training_there_are_no_statistics():
    machine = bmdsl.parse(TEXT.replace("TRANSFORM", "standardize")).compile()
    with pytest.raises(BmError, match="BM781"):
        machine.prepare(NEW)
    plain = bmdsl.parse(TEXT.replace("TRANSFORM", "as_means")).compile()
    np.testing.assert_array_equal(plain.prepare(NEW), NEW)


def test_a_second_training_keeps_the_units_and_a_restart_does_not():
    machine = trained("standardize")
    first = machine.prepare(NEW)
    machine.train(X + 500)
    np.testing.assert_array_equal(machine.prepare(NEW), first)
    machine.train(X + 500, restart=True)
    np.testing.assert_allclose(machine.prepare(NEW + 500), first, rtol=1e-9)


def test_samples_imputations_and_denoised_cases_are_in_the_units_of_the_data(tmp_path):
    run = tmp_path / "run"
    trained("standardize", run)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "mask.npy", np.array([1.0, 0, 0]))
    drawn = draw(subject(str(run), {}, 0), 2000, None, Chosen(steps=5)).groups["v"]
    # independent units, as good as: a mean within 6 standard errors, an error rate of 2e-9
    assert (np.abs(drawn.mean(0) - X.mean(0)) < 6 * X.std(0) / np.sqrt(2000) + 0.1 * X.std(0)).all()
    np.testing.assert_array_equal(read_file(f"{run / 'samples.npz'}:v"), drawn)
    filled = np.load(
        infer(
            run, str(tmp_path / "x.npy"), None, None, impute=str(tmp_path / "mask.npy"), steps=20
        ).path
    )
    np.testing.assert_allclose(filled[:, 1:], X[:, 1:], rtol=1e-9)
    assert (np.abs(filled[:, 0] - X[:, 0].mean()) < 3 * X[:, 0].std()).all()
    clean = np.load(infer(run, str(tmp_path / "x.npy"), None, None, denoise=True).path)
    machine = bmdsl.open(run)
    np.testing.assert_allclose(
        clean, machine.restore(machine.denoise(machine.prepare(X))), rtol=1e-9
    )


def test_clamped_values_are_in_the_units_that_samples_are_in(tmp_path):
    trained("standardize", tmp_path / "run")
    np.save(tmp_path / "held.npy", NEW)
    drawn = draw(
        subject(str(tmp_path / "run"), {}, 0),
        1,
        None,
        Chosen(steps=3, clamp=(f"v={tmp_path / 'held.npy'}",)),
    )
    np.testing.assert_allclose(drawn.groups["v"], NEW, rtol=1e-9)


def test_a_resume_keeps_the_statistics(tmp_path):
    np.save(tmp_path / "x.npy", X)
    model = bmdsl.parse(TEXT.replace("TRANSFORM", "whiten"))
    model.compile(dtype="float64").train(str(tmp_path / "x.npy"), out=tmp_path / "short")
    whole = model.compile(dtype="float64")
    whole.train(X, epochs=4)
    resume(tmp_path / "short", {"epochs": 4})
    np.testing.assert_array_equal(bmdsl.open(tmp_path / "short").params["W"], whole.params["W"])


def older(run) -> None:
    """A run as it was written before statistics were kept."""
    from bmdsl.runs.storage import write_machine

    saved = read_machine(run / "params.safetensors")
    write_machine(
        run / "params.safetensors",
        saved.parameters(),
        {n: x for n, x in saved.metadata.items() if n != "transforms"},
    )


def test_an_older_run_takes_its_training_file_or_warns(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "new.npy", NEW)
    for data, name in ((str(tmp_path / "x.npy"), "file"), (X, "array")):
        bmdsl.parse(TEXT.replace("TRANSFORM", "standardize")).compile(dtype="float64").train(
            data, out=tmp_path / name
        )
    want = evaluate(tmp_path / "file", str(tmp_path / "new.npy"))[0]
    older(tmp_path / "file")
    older(tmp_path / "array")
    assert evaluate(tmp_path / "file", str(tmp_path / "new.npy"))[0] == want
    with pytest.warns(BmWarning, match="BM782"):
        evaluate(tmp_path / "array", str(tmp_path / "new.npy"))


@pytest.mark.parametrize("how", ["greedily", "jointly"])
def test_a_stack_prepares_by_its_first_layer(tmp_path, how):
    low = TEXT.replace("TRANSFORM", "standardize").replace("model m(D = 3", "model low(D")
    high = (
        "model high(D, H = 2) { visible v[D] : binary  hidden h[H] : binary  param W init normal(0,"
        " 0.1)  energy = - W[i,j] v[i] h[j]\n"
    )
    words = "jointly  " if how == "jointly" else "greedily  "
    words += "optimizer sgd(rate = 0.01)  batch 100  epochs 1"
    text = (
        f"{low}\n{high} train {{ positive exact  negative exact  optimizer sgd(rate = 0.01)  batch"
        " 100  epochs 1 } }\n"
    )
    text += f"stack s {{ a : low(D = 3)  b : high() on a.h  train {{ {words} }} }}"
    made = StackModel(Source("<text>", text)).train(X, tmp_path / "s")
    want = (NEW - X.mean(0)) / X.std(0)
    opened = open_stack(tmp_path / "s")[0]
    for stack in (made, opened):
        np.testing.assert_allclose(stack.prepare(NEW), want, rtol=1e-5)
        np.testing.assert_allclose(stack.restore(stack.prepare(NEW)), NEW, rtol=1e-5)
    np.save(tmp_path / "new.npy", NEW)
    np.testing.assert_allclose(
        last_part(tmp_path / "s", str(tmp_path / "new.npy"), None)[2]["v"], want, rtol=1e-5
    )
    assert json.loads(open_run(tmp_path / "s" / "a").metadata["transforms"]) == {
        "v": [["standardize", {}]]
    }

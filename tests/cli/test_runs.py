"""`bm train`, `resume`, `sample`, `eval`: a run from its start to its use."""

from __future__ import annotations

import json

import numpy as np
import pytest

import bmdsl

from .command import Bm

TRAIN = ("train", "rbm.bm", "data.npy", "--out", "r1")


@pytest.fixture
def run(bm: Bm) -> Bm:
    done = bm(*TRAIN)
    assert done.returncode == 0, done.stderr
    return bm


def test_train_ends_with_figures_and_pictures(bm: Bm):
    done = bm(*TRAIN)
    assert done.returncode == 0 and done.stderr == ""
    assert (
        "2 epochs, 8 updates" in done.stdout
        and "reconstruction error" in done.stdout
        and "r1/filters.png" in done.stdout
    )
    files = {p.name for p in (bm.folder / "r1").iterdir()}
    assert {
        "model.bm",
        "params.safetensors",
        "metrics.jsonl",
        "filters.png",
        "samples.png",
        "curves.png",
    } <= files
    assert not [f for f in files if ".part" in f]


def test_train_as_json_says_what_the_table_says(bm: Bm):
    found = json.loads(bm(*TRAIN, "--json").stdout)
    assert (
        found["updates"] == 8
        and found["stopped"] == "done"
        and found["figures"]["log_likelihood"] < 0
    )


def test_units_that_form_no_image_have_curves_alone(bm: Bm):
    np.save(bm.folder / "data.npy", np.ones((20, 6), "float32"))
    assert bm(*TRAIN).returncode == 0
    assert {p.name for p in (bm.folder / "r1").glob("*.png")} == {"curves.png"}


def test_a_seed_makes_a_run_and_another_seed_another(bm: Bm):
    def weights(seed: int) -> np.ndarray:
        assert bm(*TRAIN, "--overwrite", "--seed", seed).returncode == 0
        return bmdsl.open(bm.folder / "r1").params["W"].copy()

    first = weights(3)
    assert np.array_equal(first, weights(3)) and not np.array_equal(first, weights(4))


def test_resume_goes_on_to_where_a_longer_run_ends(bm: Bm):
    assert bm(*TRAIN, "--set", "train.epochs=4").returncode == 0
    longer = bmdsl.open(bm.folder / "r1").params["W"].copy()
    assert bm(*TRAIN, "--overwrite").returncode == 0
    done = bm("resume", "r1", "--set", "train.epochs=4")
    assert done.returncode == 0 and "4 epochs, 16 updates" in done.stdout
    assert np.array_equal(bmdsl.open(bm.folder / "r1").params["W"], longer)


def test_resume_finds_data_and_weights_from_another_folder(bm: Bm):
    np.save(bm.folder / "w.npy", np.arange(1, 41))
    assert bm(*TRAIN, "--weights", "w.npy").returncode == 0
    (bm.folder / "elsewhere").mkdir()
    bm.monkeypatch.chdir(bm.folder / "elsewhere")
    done = bm("resume", "../r1", "--set", "train.epochs=3")
    assert done.returncode == 0, done.stderr


def test_a_run_on_an_array_cannot_be_resumed_by_the_command(bm: Bm):
    bmdsl.load("rbm.bm", D=9).compile().train(np.load("data.npy"), out="r1")
    assert "BM912" in bm("resume", "r1").stderr and "BM913" in bm("eval", "r1").stderr
    assert bm("eval", "r1", "data.npy").returncode == 0


def test_eval_is_the_machines_own_figures(run: Bm):
    (found,) = json.loads(run("eval", "r1", "data.npy", "--json").stdout)
    machine, data = bmdsl.open(run.folder / "r1"), np.load("data.npy")
    assert found["cases"] == 40
    assert found["free_energy"] == pytest.approx(
        float(np.mean(machine.free_energy(v=data))), rel=1e-6
    )
    assert found["log_likelihood"] == pytest.approx(
        float(np.mean(machine.log_likelihood(data))), rel=1e-6
    )
    assert found["reconstruction_error"] == pytest.approx(
        float(np.mean((machine.reconstruct(data) - data) ** 2)), rel=1e-5
    )
    assert "log-likelihood" in run("eval", "r1").stdout


def test_eval_takes_what_was_seen_of_cases_with_missing_values_and_says_so(run: Bm):
    data = np.load("data.npy")
    data[3, 2] = np.nan
    np.save(run.folder / "holes.npy", data)
    done = run("eval", "r1", "holes.npy")
    assert "cases                 40" in done.stdout
    assert "1 case has missing values: figures are of what was seen" in done.stdout


def test_eval_of_data_of_another_length_is_a_diagnostic(run: Bm):
    np.save(run.folder / "other.npy", np.ones((5, 7), "float32"))
    assert run("eval", "r1", "other.npy").returncode == 1


def test_sample_writes_what_the_machine_draws(run: Bm):
    done = run("sample", "r1", "-n", "5", "--steps", "3", "--seed", "7")
    assert done.returncode == 0 and "r1/samples.npz" in done.stdout
    drawn = np.load(run.folder / "r1" / "samples.npz")
    machine = bmdsl.open(run.folder / "r1")
    machine.seed = 7
    assert all(np.array_equal(drawn[name], x) for name, x in machine.sample(5, steps=3).items())
    assert (run.folder / "r1" / "samples.png").exists()


def test_sample_goes_where_it_is_told(run: Bm):
    found = json.loads(
        run("sample", "r1", "-n", "2", "--steps", "1", "--out", "deep/s.npz", "--json").stdout
    )
    assert (
        found["groups"] == {"v": [2, 9], "h": [2, 3]}
        and (run.folder / "deep" / "s.npz").exists()
        and (run.folder / "deep" / "s.png").exists()
    )


def test_sample_holds_clamped_groups(run: Bm):
    assert (
        run("sample", "r1", "--steps", "2", "--clamp", "v=data.npy", "--out", "s.npz").returncode
        == 0
    )
    drawn = np.load(run.folder / "s.npz")
    assert np.array_equal(drawn["v"], np.load("data.npy")) and drawn["h"].shape == (40, 3)
    assert "BM915" in run("sample", "r1", "--clamp", "v").stderr


def test_a_model_too_large_for_its_limit_is_refused_before_anything_is_written(bm: Bm):
    done = bm(*TRAIN, "--memory-limit", "1kB")
    assert done.returncode == 1 and "BM830" in done.stderr and not (bm.folder / "r1").exists()
    assert bm(*TRAIN, "--memory-limit", "1.5 GB").returncode == 0
    assert "BM918" in bm(*TRAIN, "--memory-limit", "much").stderr


def test_an_interrupted_training_keeps_a_checkpoint_and_can_be_resumed(bm: Bm):
    from bmdsl.training import loop

    call = loop._Loop._call

    def interrupted(self, compiled, first, count):  # type: ignore[no-untyped-def]
        if first <= 5 < first + count:
            raise KeyboardInterrupt
        return call(self, compiled, first, count)

    bm.monkeypatch.setattr(loop._Loop, "_call", interrupted)
    stopped = bm(*TRAIN)
    assert stopped.returncode == 130 and "bm resume r1" in stopped.stdout
    bm.monkeypatch.setattr(loop._Loop, "_call", call)
    done = bm("resume", "r1")
    assert done.returncode == 0 and "8 updates" in done.stdout


def test_a_run_folder_that_cannot_be_made_is_a_diagnostic(bm: Bm):
    done = bm("train", "rbm.bm", "data.npy", "--out", "data.npy")
    assert done.returncode == 1 and "error[BM914]: `data.npy`" in done.stderr

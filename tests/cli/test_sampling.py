"""`bm sample` of models and runs with temperature, observables and replicas; `bm ground`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from .command import Bm

ISING = ("sample", "ising", "-D", "L=6", "-n", 8)


def test_a_model_without_a_run_is_sampled(bm: Bm) -> None:
    done = bm(*ISING, "--steps", 20)
    assert (
        done.returncode == 0
        and done.stderr == ""
        and "samples.npz" in done.stdout
        and "samples.png" in done.stdout
    )
    assert set(np.unique(np.load(bm.folder / "samples.npz")["s"])) <= {-1.0, 1.0}


def test_parameters_at_their_start_are_said_to_be(bm: Bm) -> None:
    done = bm("sample", "rbm.bm", "-D", "D=4", "--steps", 5)
    assert done.returncode == 0 and "not trained" in done.stderr


def test_observables_come_with_errors_and_a_picture(bm: Bm) -> None:
    done = bm(
        *ISING, "--observe", "energy,magnetization", "--steps", 200, "--burn-in", 20, "--beta", 0.5
    )
    assert done.returncode == 0, done.stderr
    assert (
        "τ (sweeps)" in done.stdout
        and "magnetization" in done.stdout
        and (bm.folder / "samples_traces.png").stat().st_size > 10_000
    )


def test_a_ladder_exchanges_replicas(bm: Bm) -> None:
    found = json.loads(bm(*ISING, "--beta", "0.2:1:4", "--steps", 50, "--json").stdout)
    assert len(found["swaps"]["acceptance"]) == 3 and found["swaps"]["betas"][-1] == pytest.approx(
        1
    )
    assert found["observables"]["energy"]["ess"] > 1


@pytest.mark.filterwarnings("ignore")
def test_records_go_to_arviz(bm: Bm) -> None:
    arviz = pytest.importorskip("arviz")
    found = json.loads(
        bm(*ISING, "--observe", "energy", "--steps", 100, "--arviz", "t.nc", "--json").stdout
    )
    data = arviz.from_netcdf(bm.folder / "t.nc")
    assert (
        dict(data.posterior.sizes) == {"chain": 8, "draw": 100} and data.attrs["model"] == "ising"
    )
    assert float(arviz.rhat(data, method="split")["energy"]) == pytest.approx(
        found["observables"]["energy"]["rhat"]
    )
    data.close()


def test_exact_samples_and_annealed_ones(bm: Bm) -> None:
    assert bm(*ISING, "--exact").returncode == 0
    assert bm(*ISING, "--anneal", "0.1:3", "--steps", 100).returncode == 0
    s = np.load(bm.folder / "samples.npz")["s"]
    assert s.shape == (8, 6, 6)


def test_the_ground_state_of_a_ferromagnet_is_uniform(bm: Bm) -> None:
    done = bm("ground", "ising", "-D", "L=6", "-D", "J=1", "-n", 16, "--sweeps", 200)
    assert (
        done.returncode == 0
        and "least energy        -72 nats" in done.stdout
        and "ground.npz" in done.stdout
    )
    assert abs(np.load(bm.folder / "ground.npz")["s"].mean()) == 1
    found = json.loads(
        bm(
            "ground",
            "ising",
            "-D",
            "L=6",
            "-D",
            "J=1",
            "--beta",
            "0.1:2",
            "--schedule",
            "linear",
            "--json",
        ).stdout
    )
    assert (
        found["energy"] == -72
        and found["betas"] == [0.1, 2]
        and 1 <= found["hits"] <= found["chains"]
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*ISING, "--beta", "cold"), "neither a number nor FROM:TO:COUNT"),
        ((*ISING, "--beta", "-1"), "BM814"),
        ((*ISING, "--observe", "enegry"), "did you mean `energy`"),
        ((*ISING, "--arviz", "t.nc"), "what `--observe` records"),
        ((*ISING, "--observe", "energy", "--arviz", "t.csv"), "BM925"),
        ((*ISING, "--observe", "energy", "--exact"), "BM926"),
        ((*ISING, "--exact", "--beta", "0.5"), "at inverse temperature 1"),
        ((*ISING, "--anneal", "0.1:2", "--beta", "0.5"), "its own inverse temperatures"),
        (("ground", "ising", "--beta", "1"), "FROM:TO"),
        (("ground", "ising", "--schedule", "cosine"), "schedules are geometric, linear"),
        (("sample", "ising", "-D", "L=30", "--exact"), "BM801"),
        (("sample", "nowhere"), "BM920"),
    ],
)
def test_what_cannot_be_done_is_said(bm: Bm, words: tuple[object, ...], said: str) -> None:
    done = bm(*words)
    assert done.returncode == 1 and said in done.stderr, done.stderr
    assert not list(bm.folder.glob("*.part*"))


def test_a_scan_prints_and_writes_figures_with_errors(bm: Bm) -> None:
    done = bm(*ISING, "--scan", "beta=0.5:1.5:3", "--steps", 60, "--burn-in", 10)
    assert done.returncode == 0, done.stderr
    assert "specific heat" in done.stdout and "±" in done.stdout
    assert (bm.folder / "scan.csv").read_text().startswith("beta,energy,energy_error,")
    assert (bm.folder / "scan.png").stat().st_size > 10_000
    told = bm(*ISING, "--scan", "beta=0.5:1.5:3", "--steps", 20, "--moves", "cluster", "--json")
    points = json.loads(told.stdout)["points"]
    assert [p["beta"] for p in points] == [0.5, 1.0, 1.5] and points[0]["binder"]["error"] > 0


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--scan", "beta=0.3:0.6"), "is not of the form NAME=FROM:TO:COUNT"),
        (("--moves", "cluster", "-D", "H=1"), "a field prefers some states"),
        (("--moves", "metropolis"), "no word for moves"),
        (("--scan", "Q=0.3:0.6:4"), "neither `beta`, `temperature` nor an argument"),
        (("--scan", "beta=0.3:0.6:4", "--exact"), "its own temperatures"),
        (("--layout", "bytes"), "`bytes` is no layout"),
    ],
)
def test_a_scan_or_a_layout_that_cannot_be_is_refused(
    bm: Bm, more: tuple[str, ...], why: str
) -> None:
    done = bm(*ISING, *more)
    assert done.returncode == 1 and why in done.stderr and "Traceback" not in done.stderr

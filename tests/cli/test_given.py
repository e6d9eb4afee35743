"""`bm sample` of models with given groups, and their forecasts."""

from __future__ import annotations

import numpy as np

from .command import Bm

MODEL = """model ar(D, T) {
  given   past[T, D] : binary
  visible v[D]       : binary
  param A, b
  energy = - A[t,k,i] past[t,k] v[i] - b[i] v[i]
}
"""
PAST = np.array([[[0, 1], [1, 1], [1, 0]], [[1, 1], [0, 0], [0, 1]]], float)
AR = ("sample", "ar.bm", "-D", "D=2", "-D", "T=3", "--steps", 2)


def files(bm: Bm) -> None:
    (bm.folder / "ar.bm").write_text(MODEL)
    np.save(bm.folder / "two.npy", PAST)
    np.save(bm.folder / "one.npy", PAST[:1])
    np.save(bm.folder / "bare.npy", PAST[0])
    np.savez(bm.folder / "named.npz", past=PAST, v=PAST[:, 0])


def drawn(bm: Bm, name: str = "samples.npz") -> dict[str, np.ndarray]:
    return dict(np.load(bm.folder / name))


def test_given_values_are_one_per_chain_or_one_for_all(bm: Bm) -> None:
    files(bm)
    for file, option, chains in (
        ("two", "--given", 2),
        ("one", "--given", 5),
        ("bare", "--given", 5),
        ("two", "--clamp", 2),
    ):
        done = bm(*AR, "-n", 5, option, f"past={file}.npy")
        assert done.returncode == 0, done.stderr
        found = drawn(bm)
        assert found["v"].shape == (chains, 2)
        np.testing.assert_array_equal(
            found["past"], PAST if chains == 2 else np.repeat(PAST[:1], 5, axis=0)
        )
    assert bm(*AR, "--given", "past=named.npz").returncode == 0
    np.testing.assert_array_equal(drawn(bm)["past"], PAST)


def test_what_is_missing_names_the_option(bm: Bm) -> None:
    files(bm)
    for arguments, code, says in (
        ((), "BM805", "--given past=FILE"),
        (("--given", "v=two.npy"), "BM794", "--clamp"),
        (("--given", "past"), "BM915", "--given past=past.npy"),
        (("--feed", "past=v", "--given", "past=one.npy"), "BM926", "--forecast"),
        (("--forecast", 3, "--exact", "--given", "past=one.npy"), "BM926", "--exact"),
        (("--forecast", 3), "BM805", "--given past=FILE"),
    ):
        done = bm(*AR, *arguments)
        assert done.returncode == 1 and code in done.stderr and says in done.stderr, done.stderr


def test_a_ground_state_names_its_own_option(bm: Bm) -> None:
    files(bm)
    done = bm("ground", "ar.bm", "-D", "D=2", "-D", "T=3")
    assert done.returncode == 1 and "--clamp past=FILE" in done.stderr


def test_independent_samples_at_one_given_case(bm: Bm) -> None:
    files(bm)
    done = bm(*AR, "-n", 5, "--exact", "--given", "past=one.npy")
    assert done.returncode == 0 and drawn(bm)["v"].shape == (5, 2), done.stderr


def test_a_forecast_is_written_and_drawn(bm: Bm) -> None:
    files(bm)
    done = bm(*AR, "-n", 12, "--given", "past=one.npy", "--forecast", 6, "--feed", "past=v")
    assert done.returncode == 0, done.stderr
    assert drawn(bm, "forecast.npz")["v"].shape == (12, 6, 2)
    assert (bm.folder / "forecast.png").stat().st_size > 10_000

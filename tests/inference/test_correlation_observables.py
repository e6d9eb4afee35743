"""Overlaps of chains and correlations along a lattice against exact values, and what is none."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.machine import Machine
from bmdsl.inference.observing import names_of, watched
from bmdsl.inference.scan_figures import Estimate
from bmdsl.language.diagnostics import BmError
from bmdsl.tasks.scan import axis_of, scan, table

CHAIN = "model chain { visible s[12] : spin  energy = - 0.6 s[i] s[pad(i+1)] }"
TORUS = """model torus { visible s[3, 4] : spin  hidden h[2] : spin
  energy = - 0.3 s[x,y] s[wrap(x+1),y] - 0.3 s[x,y] s[x,wrap(y+1)] - 0.4 h[j] h[pad(j+1)] }"""
POTTS = """model potts { visible s[2, 3] : categorical(3)
  energy = - 0.5 s[x,y,a] s[wrap(x+1),y,a] - 0.4 s[x,y,a] s[x,wrap(y+1),a] }"""
LAYERS = """model m { visible s[3, 4] : spin  visible t[3, 4] : spin
  visible c[3, 4] : categorical(2)
  energy = - 0.5 s[x,y] t[x,wrap(y+1)] - 0.1 c[x,y,1] t[x,y] }"""
RUN = {"n": 128, "draws": 120, "burn_in": 40, "thin": 2}


@pytest.fixture(scope="module")
def torus() -> Machine:
    return bmdsl.parse(TORUS).compile(seed=5)


def exact(
    states: np.ndarray, minus_energy: np.ndarray, values: Callable[[np.ndarray], np.ndarray]
) -> float:
    p = np.exp(minus_energy - minus_energy.max())
    return float(p @ values(states) / p.sum())


def torus_states() -> tuple[np.ndarray, np.ndarray]:
    s = np.array(list(product([-1.0, 1.0], repeat=12))).reshape(-1, 3, 4)
    return s, 0.3 * (s * np.roll(s, -1, 1) + s * np.roll(s, -1, 2)).sum(axis=(1, 2))


@pytest.mark.stat
def test_correlations_of_an_open_chain_are_powers_of_tanh_beta() -> None:
    machine = bmdsl.parse(CHAIN).compile(seed=1)
    found = {x.name: x for x in machine.observe("correlation", **RUN).summary()}
    assert list(found) == [f"correlation[{r}]" for r in range(1, 7)]
    for r in range(1, 7):
        x = found[f"correlation[{r}]"]
        assert abs(x.mean - np.tanh(0.6) ** r) < 5 * x.error, (r, x)
        assert x.error < 0.01


@pytest.mark.stat
def test_correlations_structure_factors_and_overlaps_of_a_torus_are_exact(torus: Machine) -> None:
    s, minus_e = torus_states()
    trace = torus.observe("correlation", "structure_factor", "overlap", **RUN)
    found = {x.name: x for x in trace.summary()}

    def along(r: int) -> Callable[[np.ndarray], np.ndarray]:
        def mean(s: np.ndarray) -> np.ndarray:
            parts = [s[:, :-r] * s[:, r:], s[:, :, :-r] * s[:, :, r:]]
            total = sum(p.sum(axis=(1, 2)) for p in parts)
            return np.asarray(total) / sum(p[0].size for p in parts)

        return mean

    def wave(m: int) -> Callable[[np.ndarray], np.ndarray]:
        def power(s: np.ndarray) -> np.ndarray:
            a = np.exp(2j * np.pi * m * np.arange(3) / 3)[:, None]
            b = np.exp(2j * np.pi * m * np.arange(4) / 4)
            return sum(np.abs((s * w).sum(axis=(1, 2))) ** 2 for w in (a, b)) / 24

        return power

    values = {f"correlation[{r}]": along(r) for r in (1, 2)}
    values |= {f"structure_factor[{m}]": wave(m) for m in (0, 1)}
    for name, function in values.items():
        x = found[name]
        assert abs(x.mean - exact(s, minus_e, function)) < 5 * x.error, (name, x)
    p = np.exp(minus_e)
    p /= p.sum()
    flat = s.reshape(-1, 12)
    corr = (flat.T * p) @ flat
    q = trace.values["overlap"]
    assert q.shape == (64, 120) and abs(found["overlap"].mean) < 5 * found["overlap"].error
    blocks = (q**2).mean(axis=1)
    error = blocks.std(ddof=1) / len(blocks) ** 0.5
    assert abs(blocks.mean() - (corr**2).sum() / 144) < 5 * error


@pytest.mark.stat
def test_one_of_k_units_agree_by_chance_with_overlap_0() -> None:
    machine = bmdsl.parse(POTTS).compile(seed=2)
    found = {x.name: x for x in machine.observe("correlation", "overlap", **RUN).summary()}
    codes = np.array(list(product(range(3), repeat=6))).reshape(-1, 2, 3)
    down, right = (codes == np.roll(codes, -1, k) for k in (1, 2))
    minus_e = (0.5 * down + 0.4 * right).sum(axis=(1, 2))

    def near(c: np.ndarray) -> np.ndarray:
        same = (c[:, :1] == c[:, 1:]).sum(axis=(1, 2)) + (c[:, :, :-1] == c[:, :, 1:]).sum((1, 2))
        return (3 * same / 7 - 1) / 2

    x = found["correlation[1]"]
    assert abs(x.mean - exact(codes, minus_e, near)) < 5 * x.error
    assert abs(found["overlap"].mean) < 5 * found["overlap"].error


def test_measures_are_those_written_out(torus: Machine) -> None:
    rng = np.random.default_rng(0)
    state = {"s": rng.choice([-1.0, 1.0], (5, 12)), "h": rng.choice([-1.0, 1.0], (5, 2))}
    (overlap, of_h) = watched(torus, ["overlap", "overlap(h)"])
    s = state["s"]
    np.testing.assert_allclose(
        overlap.measure(torus, state), [[s[0] @ s[1] / 12], [s[2] @ s[3] / 12]]
    )
    assert of_h.labels == ("overlap(h)",)
    h = state["h"]
    np.testing.assert_allclose(of_h.measure(torus, state)[1], [h[2] @ h[3] / 2])


def test_correlations_of_two_groups_have_a_direction() -> None:
    machine = bmdsl.parse(LAYERS).compile(backend="reference")
    rng = np.random.default_rng(2)
    s, t = rng.choice([-1.0, 1.0], (2, 5, 3, 4))
    state = {"s": s.reshape(5, 12), "t": t.reshape(5, 12)}
    for name, x, y in (("correlation(s,t)", s, t), ("correlation(t, s)", t, s)):
        (of_two,) = watched(machine, [name])
        assert of_two.labels == tuple(
            f"correlation[{r}]{name[11:].replace(' ', '')}" for r in range(3)
        )
        wanted = [(x * y).mean(axis=(1, 2))]
        for r in (1, 2):
            parts = [x[:, :-r] * y[:, r:], x[:, :, :-r] * y[:, :, r:]]
            wanted.append(sum(p.sum(axis=(1, 2)) for p in parts) / sum(p[0].size for p in parts))
        np.testing.assert_allclose(of_two.measure(machine, state), np.transpose(wanted))
    for name, why in {
        "correlation(s,c)": "different numbers of states",
        "correlation(s,t,c)": "of two groups at most, and `correlation.s,t,c.` names 3",
        "overlap(s,t)": "of one group, and",
        "correlation(s": "is not closed",
    }.items():
        with pytest.raises(BmError, match=why):
            watched(machine, [name])
    assert names_of("energy, correlation(s,t),overlap") == ["energy", "correlation(s,t)", "overlap"]


@pytest.mark.stat
def test_a_scan_has_figures_of_overlaps_with_errors(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "torus.bm").write_text(TORUS)
    axis = axis_of("beta=0.5:1:2")
    found = scan(
        "torus.bm",
        {},
        3,
        axis,
        64,
        150,
        40,
        ("auto", "gibbs"),
        None,
        False,
        ("overlap", "structure_factor"),
    )
    s, minus_e = torus_states()
    for point in found.points:
        p = np.exp(point.at * minus_e)
        p /= p.sum()
        corr = (s.reshape(-1, 12).T * p) @ s.reshape(-1, 12)
        squared = point.figures["overlap_squared"]
        assert isinstance(squared, Estimate)
        assert abs(squared.value - (corr**2).sum() / 144) < 5 * squared.error
        waves = [point.figures[f"structure_factor[{m}]"].value for m in (0, 1)]
        length = point.figures["correlation_length"]
        by_means = (waves[0] / waves[1] - 1) ** 0.5 / (2 * np.sin(np.pi / 3))
        assert abs(length.value - by_means) < 3 * length.error and length.error > 0
    assert "overlap_binder,overlap_binder_error" in table(found).splitlines()[0]
    assert found.picture.is_file()


def test_what_cannot_be_observed_says_why(torus: Machine) -> None:
    with pytest.raises(BmError, match="have different axes"):
        watched(torus, ["correlation(s,h)"])
    for name, why in {
        "overlp": "did you mean `overlap`",
        "energy(s)": "of no group alone",
        "overlap(z)": "names no group of the model",
    }.items():
        with pytest.raises(BmError, match=why) as refused:
            watched(torus, [name])
        assert refused.value.diagnostics[0].code == "BM815"
    with pytest.raises(BmError, match="two chains, and there is one"):
        torus.observe("overlap", n=1, draws=1, burn_in=0)

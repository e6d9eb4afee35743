"""Samplers against exact joint distributions, from independent chains."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from tests import naive, stats
from tests.build import bm, dbm, gbrbm, machine, potts, potts_rbm, rbm, self_pairs, spin_rbm

CHAINS = 20_000


@pytest.mark.parametrize(
    "make", [rbm, spin_rbm, potts_rbm, dbm, bm, potts, self_pairs], ids=lambda f: f.__name__
)
def test_samples_follow_the_joint_distribution(make):  # type: ignore[no-untyped-def]
    m = machine(make(), jit=True)
    names = [g.name for g in m.model.groups]
    states, log_p = naive.weights(m.model, m.params, names, {})
    p = np.exp(log_p - log_p.max())
    columns = np.concatenate([states[n].reshape(-1, len(p)) for n in names]).T.astype("i1")
    index = {x.tobytes(): k for k, x in enumerate(columns)}
    drawn = m.sample(CHAINS, steps=40)
    rows = np.hstack([drawn[n].reshape(CHAINS, -1).astype("i1") for n in names])
    counts = np.bincount([index[r.tobytes()] for r in rows], minlength=len(p))
    stats.verify_counts(counts, p / p.sum())


def test_gaussian_samples_have_the_exact_means():
    m = machine(gbrbm(), jit=True)
    exact = naive.model_means(m.model, m.params)
    drawn = m.sample(CHAINS, steps=40)
    for name in exact:
        for at in np.ndindex(exact[name].shape):
            stats.verify_mean(drawn[name][(slice(None), *at)], float(exact[name][at]))


def test_clamped_units_never_move_and_free_ones_follow_their_conditional():
    m = machine(rbm(), jit=True)
    v = np.repeat([[1.0, 0.0, 1.0, 1.0]], CHAINS, 0)
    drawn = m.sample(CHAINS, steps=3, clamp={"v": v})
    np.testing.assert_array_equal(drawn["v"], v)
    exact = naive.posterior(m.model, m.params, {"v": v[0]})["h"]
    for j in range(3):
        stats.verify_mean(drawn["h"][:, j], float(exact[j]))


def test_same_seed_gives_same_samples_compiled_or_not():
    a = machine(bm(), jit=True).sample(50, steps=5)
    b = machine(bm(), jit=False).sample(50, steps=5)
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


def test_chains_start_where_they_are_told_to():
    m = machine(rbm(), jit=False)
    m.params["W"] = 100 * np.ones((4, 3))  # all on or all off, and no sweep ever crosses
    m.params["b"] = np.full(4, -150.0)
    m.params["c"] = np.full(3, -200.0)
    for start in (0.0, 1.0):
        states = m.sample(5, steps=3, init={"v": np.full((5, 4), start)})
        assert (states["v"] == start).all() and (states["h"] == start).all()


def test_a_start_or_clamp_of_another_length_is_an_error():
    m = machine(rbm(), jit=False)
    with pytest.raises(BmError, match="5 chains were asked for, but `v` has 3 cases"):
        m.sample(5, init={"v": np.zeros((3, 4))})
    with pytest.raises(BmError, match="BM807"):
        m.sample(5, clamp={"v": np.zeros((3, 4))})


def test_averaged_groups_take_their_means_and_units_that_meet_have_none() -> None:
    machine = bmdsl.load("rbm", D=5, H=4).compile(seed=2, dtype="float64", backend="reference")
    machine.params["W"] = np.random.default_rng(0).normal(size=(5, 4))
    state = machine.initial_state(6)
    h = state["h"].copy()
    machine.sweep(state, 1, {}, update=0, averaged=("v",))
    np.testing.assert_allclose(state["v"], machine.conditional("v", h=h), atol=1e-12)
    assert set(np.unique(state["h"])) <= {0.0, 1.0}
    lattice = bmdsl.load("ising", L=3).compile(backend="reference")
    with pytest.raises(bmdsl.BmError, match="BM763"):
        lattice.sweep(lattice.initial_state(2), 1, {}, update=0, averaged=("s",))

"""Every shipped model at a tiny size against brute force: exact quantities, gradients, and what the
sampler draws.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import bmdsl
from bmdsl.files import folder
from tests import naive

SIZES = {
    "rbm": {"D": 4, "H": 3},
    "gbrbm": {"D": 2, "H": 3, "a": 1.3},
    "bm": {"D": 4, "H": 3},
    "spin_rbm": {"D": 3, "H": 3},
    "potts_rbm": {"L": 2, "q": 3, "H": 3},
    "dbm": {"D": 3, "H1": 3, "H2": 2},
    "ising": {"L": 3, "J": 0.3, "H": 0.2},
    "glass": {"n": 8, "degree": 3},
    "potts": {"L": 4, "q": 3},
    "hopfield": {"N": 7, "P": 3},
    "pspin": {"n": 7},
    "imrbm": {"D": 3, "H": 2, "K": 3},
    "bernoulli_mixture": {"D": 4, "K": 3},
    "class_rbm": {"D": 3, "C": 3, "H": 2},
    "local_rbm": {"S": 3, "R": 2, "T": 1, "M": 2, "K": 1},
}
CONDITIONAL = {"factored", "gated", "crbm"}
"""Models of a distribution given a case: tests/inference/test_conditional_models.py."""
ELSEWHERE = {"pot", "convrbm"}
"""A density, and too many units to enumerate: tests/inference/test_experts.py and
test_convolution.py have their kind.
"""
CHAINS, SWEEPS = 20_000, 40
Z = 5.5
"""Standard errors: with some 200 comparisons a right sampler passes all but once in a hundred
thousand.
"""


def machine_of(name: str, scale: float = 0.5):  # type: ignore[no-untyped-def]
    model = bmdsl.load(name, **SIZES[name])
    if (
        model.checked.training.temperature
    ):  # responsibilities are those at T; the exact posterior is that at T = 1
        model = model.bind({"temperature": "z = 1"})
    machine = model.compile(seed=2, dtype="float64")
    generator = np.random.default_rng(5)
    for p in machine.model.parameters:
        x = generator.normal(0, scale, machine.params[p.name].shape)
        machine.params[p.name] = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
    return machine


def base(model, v):  # type: ignore[no-untyped-def]
    """log base measure of one visible state; only the Gaussian one is not 0."""
    g = model.group("v") if "v" in [x.name for x in model.groups] else model.groups[0]
    return (
        -0.5 * float((v[g.name] ** 2).sum()) / dict(g.options)["sigma"] ** 2
        if g.unit == "gaussian"
        else 0.0
    )


def cases_of(machine, n: int = 4):  # type: ignore[no-untyped-def]
    drawn = machine.sample(n, steps=5)
    return {name: drawn[name] for name in machine.visible}


def test_there_is_a_size_for_every_shipped_model():
    assert set(SIZES) | CONDITIONAL | ELSEWHERE == {p.stem for p in folder("models").glob("*.bm")}


@pytest.mark.parametrize("name", SIZES)
def test_exact_quantities_equal_enumeration(name: str) -> None:
    machine = machine_of(name)
    model, params = machine.model, machine.params
    data = cases_of(machine)
    assert machine.log_partition() == pytest.approx(naive.log_partition(model, params), abs=1e-8)
    free = machine.free_energy(**data)
    posterior = machine.posterior(**data)
    for r in range(len(free)):
        one = {name: x[r] for name, x in data.items()}
        assert free[r] == pytest.approx(
            naive.free_energy(model, params, one, base(model, one)), abs=1e-8
        )
        for hidden, mean in naive.posterior(model, params, one).items():
            np.testing.assert_allclose(posterior[hidden][r], mean, atol=1e-8)


@pytest.mark.parametrize("name", SIZES)
def test_every_gradient_entry_equals_the_derivative_of_the_exact_likelihood(name: str) -> None:
    machine = machine_of(name)
    model = machine.model
    data = cases_of(machine)
    gradient = machine.gradient(data, positive="exact", negative="exact")
    symmetric = {p.name for p in model.parameters if p.symmetric}

    def likelihood() -> float:
        return float(machine.log_likelihood(data).mean())

    step = 1e-5
    for p, x in machine.params.items():
        for place in np.ndindex(x.shape):
            if p in symmetric and place[0] >= place[1]:
                continue
            kept = x[place]
            ends = []
            for sign in (1, -1):
                x[place] = kept + sign * step
                if p in symmetric:
                    x[place[::-1]] = x[place]
                ends.append(likelihood())
                x[place] = kept
                if p in symmetric:
                    x[place[::-1]] = kept
            assert gradient[p][place] == pytest.approx(
                (ends[0] - ends[1]) / (2 * step), abs=2e-8
            ), f"{p}{place}"


@pytest.mark.parametrize("name", SIZES)
def test_means_and_pair_correlations_of_samples_are_the_exact_ones(name: str) -> None:
    machine = machine_of(name)
    model, params = machine.model, machine.params
    names = [g.name for g in model.groups]
    states, log_p = naive.weights(model, params, names, {})
    rows = np.concatenate([states[n].reshape(-1, len(log_p)) for n in names]).T
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    drawn = machine.sample(CHAINS, steps=SWEEPS)
    x = np.hstack([np.asarray(drawn[n], float).reshape(CHAINS, -1) for n in names])
    pairs = [(i, j) for i in range(x.shape[1]) for j in range(i, x.shape[1])]
    for what, exact, seen in [
        ("mean", rows, x),
        (
            "pair",
            np.stack([rows[:, i] * rows[:, j] for i, j in pairs], 1),
            np.stack([x[:, i] * x[:, j] for i, j in pairs], 1),
        ),
    ]:
        mean = p @ exact
        error = np.sqrt(np.maximum(p @ exact**2 - mean**2, 1e-12) / CHAINS)
        z = (seen.mean(0) - mean) / error
        assert np.abs(z).max() < Z, f"{what}: {z}"


@pytest.mark.parametrize("name", [n for n in SIZES if n != "spin_rbm"])
def test_one_sweep_leaves_the_joint_distribution_as_it_is(name: str) -> None:
    """Geweke 2004, Getting it right: states drawn from the exact joint distribution are still drawn
    from it after a sweep.
    """
    machine = machine_of(name, scale=1.0)
    model, params = machine.model, machine.params
    names = [g.name for g in model.groups]
    discrete = [g.name for g in model.groups if g.unit != "gaussian"]
    if len(discrete) == len(names):
        states, log_p = naive.weights(model, params, names, {})
        p = np.exp(log_p - log_p.max())
        chosen = np.random.default_rng(8).choice(len(p), CHAINS, p=p / p.sum())
        start = {n: np.moveaxis(states[n][..., chosen], -1, 0) for n in names}
    else:
        # hidden units from their exact marginal distribution, Gaussian ones from their conditional
        hidden = [n for n in names if n in discrete]
        free = [s for s, _ in naive.joint_states(model, hidden)]
        weights = np.array([-naive.free_energy_of_visibles(model, params, s) for s in free])
        q = np.exp(weights - weights.max())
        chosen = np.random.default_rng(8).choice(len(free), CHAINS, p=q / q.sum())
        start = {n: np.array([free[k][n] for k in chosen]) for n in hidden}
        sigma = dict(model.group("v").options)["sigma"]
        start["v"] = machine.conditional("v", **start) + sigma * np.random.default_rng(
            9
        ).standard_normal((CHAINS, 2))
    state = {n: machine.program.flat(n, x).copy() for n, x in start.items()}
    before = {n: x.copy() for n, x in state.items()}
    machine.sweep(state, 1, {}, update=3, stream=5)

    def statistics(s: dict[str, np.ndarray]) -> np.ndarray:
        x = np.hstack([s[n] for n in names])
        return np.stack(
            [x[:, i] * x[:, j] for i in range(x.shape[1]) for j in range(i, x.shape[1])]
            + [x[:, i] for i in range(x.shape[1])],
            1,
        )

    a, b = statistics(before), statistics(state)
    z = (a.mean(0) - b.mean(0)) / np.sqrt((a.var(0) + b.var(0)) / CHAINS + 1e-12)
    assert np.abs(z).max() < Z
    assert math.isfinite(float(z.sum())) and not all(
        np.array_equal(before[n], state[n]) for n in names
    )

"""Gaussian units that meet themselves beside other units, which then move their precision."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

import bmdsl

N, K, F = 2, 2, 2
TERMS = {
    "h[k] (sum[i] C[i,f] v[i])^2": lambda p, v, h: h.sum() * ((v @ p["C"]) ** 2).sum(),
    "C[i,f] C[j,f] v[i] v[j] h[k]": lambda p, v, h: h.sum() * ((v @ p["C"]) ** 2).sum(),
    "C[i,f] C[j,f] v[i] v[j] h[f]": lambda p, v, h: h @ (v @ p["C"]) ** 2,
    "A[i,j,k] v[i] v[j] h[k]": lambda p, v, h: np.einsum("ijk,i,j,k", p["A"], v, v, h),
    "A[i,j,k] v[i] v[j] h[k] for i < j": lambda p, v, h: h @ p["A"][0, 1] * v[0] * v[1],
    "A[i,j,k] v[i] v[j] h[k] for i != j": lambda p, v, h: (
        h @ (p["A"][0, 1] + p["A"][1, 0]) * v[0] * v[1]
    ),
    "A[i,j,k] v[i] v[j] h[k] for i in 0..1": lambda p, v, h: (
        np.einsum("jk,j,k", p["A"][0], v, h) * v[0]
    ),
    "(v[i] - sum[k] C[i,k] h[k])^2": lambda p, v, h: ((v - p["C"] @ h) ** 2).sum(),
    "h[l] (v[i] - sum[k] C[i,k] h[k])^2": lambda p, v, h: h.sum() * ((v - p["C"] @ h) ** 2).sum(),
}
"""Text → its written energy, from NumPy alone."""
HS = np.array(list(itertools.product((0.0, 1.0), repeat=K)))


def model(text: str) -> str:
    shapes = [s for s in ("C[2,2]", "A[2,2,2]") if f"{s[0]}[" in text]
    return (
        "model m { visible v[2] : gaussian(sigma = 0.8)  hidden h[2] : binary  "
        f"param {', '.join(shapes)}, b, c  energy = {text} - b[i] v[i] - c[k] h[k] }}"
    )


def drawn(machine: bmdsl.Machine, seed: int) -> dict[str, np.ndarray]:
    r = np.random.default_rng(seed)
    for name in machine.params:
        machine.params[name] = r.normal(0, 0.2, machine.params[name].shape)
    return {n: np.asarray(x) for n, x in machine.params.items()}


@pytest.mark.parametrize("text", TERMS)
def test_energy_conditionals_free_energy_and_gradient_are_those_of_the_formula(text: str):
    machine = bmdsl.parse(model(text)).compile(dtype="float64", backend="reference")
    p = drawn(machine, 1)
    r = np.random.default_rng(2)

    def energy(v, h, q=p):
        return TERMS[text](q, v, h) - q["b"] @ v - q["c"] @ h

    v, h = r.normal(size=(3, N)), HS[[1, 2, 3]]
    base = 0.5 * (v**2).sum(1) / 0.64
    written = np.array([energy(a, b) for a, b in zip(v, h, strict=True)])
    np.testing.assert_allclose(machine.energy(v=v, h=h), written + base, rtol=1e-10)
    free = -logsumexp([[-energy(a, b) for b in HS] for a in v], axis=1) + base
    np.testing.assert_allclose(machine.free_energy(v=v), free, rtol=1e-10)

    fields = machine.program.field(
        machine.program.couple(machine.params), "v", {"v": v.copy(), "h": h.copy()}
    )
    for row, unit in itertools.product(range(3), range(N)):
        low, middle, high = (
            energy(np.where(np.arange(N) == unit, x, v[row]), h[row]) for x in (-1.0, 0.0, 1.0)
        )
        np.testing.assert_allclose(
            fields[:, row, unit],
            [(low - high) / 2, -(low + high - 2 * middle) / 2],
            rtol=1e-8,
            atol=1e-10,
        )

    moments = {n: np.zeros_like(x) for n, x in p.items()}
    machine.program.accumulate(machine.params, {"v": v.copy(), "h": h.copy()}, None, moments, 1.0)
    for name, array in p.items():
        for at in np.ndindex(array.shape):
            moved = [
                {
                    **p,
                    name: (
                        array
                        + s
                        * 1e-5
                        * (np.indices(array.shape).reshape(array.ndim, -1).T == at)
                        .all(1)
                        .reshape(array.shape)
                    ),
                }
                for s in (1, -1)
            ]
            slope = (
                sum(
                    energy(a, b, moved[1]) - energy(a, b, moved[0])
                    for a, b in zip(v, h, strict=True)
                )
                / 2e-5
            )
            assert moments[name][at] == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["h[k] (sum[i] C[i,f] v[i])^2", "C[i,f] C[j,f] v[i] v[j] h[f]"])
def test_samples_and_annealing_see_the_precision_that_the_other_units_set(text: str):
    machine = bmdsl.parse(model(text)).compile(dtype="float64", seed=3)
    p = drawn(machine, 4)
    machine.params["C"] = p["C"] = 3 * p["C"]
    logs, covariances = [], []
    for h in HS:
        weights = np.full(F, h.sum()) if "sum" in text else h
        precision = np.eye(N) / 0.64 + 2 * (p["C"] * weights) @ p["C"].T
        mean = np.linalg.solve(precision, p["b"])
        logs.append(
            h @ p["c"]
            + 0.5 * p["b"] @ mean
            + np.log(2 * np.pi)
            - 0.5 * np.linalg.slogdet(precision)[1]
        )
        covariances.append(np.linalg.inv(precision) + np.outer(mean, mean))
    wanted = np.einsum("n,nij->ij", np.exp(np.array(logs) - logsumexp(logs)), np.array(covariances))
    v = machine.sample(40000, steps=60)["v"]
    products = v[:, :, None] * v[:, None, :]
    error = products.std(0) / np.sqrt(len(v))
    assert (np.abs(products.mean(0) - wanted) < 6 * error).all()
    found = machine.log_partition("ais", chains=2000, steps=300)
    assert found.value == pytest.approx(logsumexp(logs), abs=0.05)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(["i", "j", "k"]), min_size=2, max_size=3),
    st.sampled_from(["", "i < j", "i != j", "j != k"]),
    st.integers(0, 5),
)
def test_terms_taken_apart_add_up_to_the_whole(letters: list[str], clause: str, seed: int):
    """Σ T v[a] v[b] … u over any letters and conditions, by loops."""
    used = sorted(set(letters))
    if clause and not set(clause.replace("<", " ").replace("!=", " ").split()) <= set(used):
        clause = ""
    if not any(letters.count(x) <= 2 for x in used) or len(letters) == 3 and len(used) == 1:
        return
    text = f"T[{','.join(used)}] {' '.join(f'v[{x}]' for x in letters)} u" + (
        f" for {clause}" if clause else ""
    )
    shape = ",".join("3" for _ in used)
    source = (
        "model m { visible v[3] : gaussian  visible u : spin  "
        f"param T[{shape}]  energy = {text} }}"
    )
    try:
        terms = bmdsl.parse(source).checked.terms
    except bmdsl.BmError as error:
        assert len(letters) == 3 and "x^3" in str(error)  # all three may be one unit
        return
    from .. import naive

    r = np.random.default_rng(seed)
    table, v, u = r.normal(size=(3,) * len(used)), r.normal(size=3), r.choice([-1.0, 1.0])
    wanted = 0.0
    for at in itertools.product(range(3), repeat=len(used)):
        env = dict(zip(used, at, strict=True))
        if clause and not eval(clause, {}, env):
            continue
        wanted += table[at] * np.prod([v[env[x]] for x in letters]) * u
    model = bmdsl.parse(source).checked
    assert naive.energy(model, {"T": table}, {"v": v, "u": np.array(u)}) == pytest.approx(wanted)
    for t in terms:
        assert len({(f.group, f.subscripts) for f in t.units}) == len(t.units)

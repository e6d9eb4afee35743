"""Experts, a machine's past, and couplings whose axes lie otherwise: what is composed trains as the
words' own functions on the machine do.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.inference import importance
from bmdsl.training import loop
from bmdsl.training.compiled import CompiledUpdates

from .test_trainings_are_reproduced import bits, levels, reals, spins, with_gaps

SGD = "optimizer sgd(rate = 0.1)  batch 10  seed 4"
PAST = "negative trajectory(replicas = 3, chains = 5, exchange = 0.97)"
REAL = "model m { visible x[4] : gaussian(sigma = 3) "
POT = (
    f"{REAL} param W[4,3] init normal(0, 0.5)  param a[3] init 1.2  param b"
    " energy = + a[j] log1p(0.5 square(W[i,j] x[i])) - b[i] x[i] }"
)
RBM = """model m { visible v[5] : binary  hidden h[4] : binary
  param W init normal(0, 0.5)  param b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""
SUMMED = """model m { visible v[5] : binary  param W[5,3] init normal(0, 0.5)  param c[3]
  energy = - sum[j] softplus(c[j] + W[i,j] v[i]) }"""
LAID_OTHERWISE = """model m { visible v[2,3] : binary  hidden h[4] : binary
  param W[2,4,3] init normal(0, 0.4)  param a, b
  energy = - W[i,k,j] v[i,j] h[k] - a[i,j] v[i,j] - b[k] h[k] }"""
CASES: dict[str, tuple[str, str, Any]] = {
    "Student-t, draws in place": (POT, "negative cd(steps = 2)", reals(24, 4)),
    "Student-t, some values missing": (
        POT,
        "positive gibbs(steps = 2)  negative pcd(chains = 5)",
        with_gaps(reals(24, 4)),
    ),
    "Student-t, replicas": (POT, "negative tempering(replicas = 3, chains = 4)", reals(24, 4)),
    "Student-t, its own past": (POT, PAST, reals(24, 4)),
    "Laplace and spins": (
        f"{REAL} param W[4,2] init normal(0, 0.5)  param U[4,2] init normal(0, 0.5)"
        " energy = + 1.3 * sum[j] abs(W[i,j] x[i]) - sum[j] logcosh(U[i,j] x[i]) }",
        "negative pcd(chains = 5)",
        reals(24, 4),
    ),
    # rounding grows with every trajectory, with large weights by orders of magnitude: few updates
    "walls, by steps that are fitted": (
        f"{REAL} param W[4,3] init normal(0, 0.3)  param c[3]"
        " energy = + 2 * sum[j] logcosh(c[j] + W[i,j] x[i]) }",
        "negative pcd(chains = 5, steps = 21)  updates 2",
        reals(24, 4),
    ),
    "walls that grow like a fourth power": (
        f"{REAL} param W[4,3] init normal(0, 0.3)"
        " energy = + 0.1 * sum[j] square(0.5 * square(W[i,j] x[i])) }",
        "positive gibbs(steps = 1)  negative cd(steps = 2)",
        with_gaps(reals(24, 4)),
    ),
    "with hidden units": (
        f"{REAL} hidden h[2] : binary  param W[4,3] init normal(0, 0.5)"
        " param V init normal(0, 0.3)"
        " energy = + 1.5 * sum[j] log1p(0.5 square(W[i,j] x[i])) - V[i,j] x[i] h[j] }",
        "negative cd(steps = 2)",
        reals(24, 4),
    ),
    "units of two states": (SUMMED, "negative pcd(chains = 5)", bits(24, 5)),
    "units of two states, all of them": (SUMMED, "negative exact", bits(24, 5)),
    "unit after unit": (
        "model m { visible s[4] : spin  visible y : categorical(3)"
        " param W[4,2] init normal(0, 0.5)  param U[3,2] init normal(0, 0.5)  param s0[2] init 0.4"
        " energy = - s0[j] square(W[i,j] s[i] + U[k,j] y[k]) }",
        "negative pcd(chains = 5)",
        {"s": spins(24, 4), "y": np.arange(24) % 3},
    ),
    "powers of a parameter": (
        f"{REAL} param W[4,2] init normal(0, 0.5)"
        " energy = + 1.5 * sum[j] log1p(0.5 square(W[i,j]^2 x[i])) }",
        "negative cd(steps = 1)",
        reals(24, 4),
    ),
    "a machine's past": (RBM, PAST, bits(24, 5)),
    "a past of two machines": (
        RBM,
        "negative trajectory(replicas = 2, chains = 5, exchange = 1)",
        bits(24, 5),
    ),
    "a past, terms without units": (
        RBM.replace("param b, c", "param b, c  param e[2] init 0.5").replace("- c", "- e[l] - c"),
        f"{PAST}  penalty l2(e, 0.3)",
        bits(24, 5),
    ),
    "a past, units that meet themselves": (
        "model m { visible s[4] : spin  param U init normal(0, 0.3) energy = - U[i,j] s[i] s[j] }",
        PAST,
        spins(24, 4),
    ),
    "centred, axes between others": (
        LAID_OTHERWISE,
        "negative pcd(chains = 5)  center on",
        bits(24, 2, 3),
    ),
    "equal norms, axes between others": (
        LAID_OTHERWISE,
        "negative pcd(chains = 5)  penalty equal_norms(W = 0.1)",
        bits(24, 2, 3),
    ),
    "a selector of contracted terms": (
        "model m { visible v[6] : binary  hidden h[4] : binary  hidden z : categorical(3)"
        " param W[3,3] init normal(0, 0.4)"
        " energy = - W[k,p] z[k] v[x+p] h[x] }",
        "positive exact  negative pcd(chains = 5)",
        bits(24, 6),
    ),
    "a selector of listed terms": (
        "model m { graph G = regular(2, 5, seed = 1)  visible v[5] : binary  hidden h[5] : binary"
        " hidden z : categorical(3)  param W init normal(0, 0.4)  param Q init normal(0, 0.4)"
        " energy = - W[i,k,j] v[i] z[k] h[j] - Q[k] z[k] v[i] h[j] for <i,j> in G }",
        "positive exact  negative cd(steps = 2)",
        bits(24, 5),
    ),
}


def _trained(name: str, weighted: bool) -> dict[str, np.ndarray]:
    model, words, data = CASES[name]
    weights = 0.5 + levels(24, 1)[:, 0] if weighted else None
    length = "" if "updates" in words else "updates 5"
    text = f"{model.rstrip().removesuffix('}')}\n  train {{ {words}  {length}  {SGD} }}\n}}"
    machine = bmdsl.parse(text).compile(seed=3, dtype="float64", backend="reference")
    run = machine.train(data, weights=weights, progress=False)
    told = {n: np.array(run.metrics[-1][n]) for n in ("log_z", "swap_rate") if n in run.metrics[-1]}
    assert "trajectory" not in words or told
    return {**machine.params, **run.chains, **told}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::bmdsl.language.diagnostics.BmWarning")
def test_what_is_composed_trains_as_the_words_functions_do(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[CompiledUpdates] = []
    compose = CompiledUpdates.of

    def watched(*arguments: Any) -> CompiledUpdates:
        made.append(compose(*arguments))
        return made[-1]

    weighted = sorted(CASES).index(name) % 2 == 1
    known = SimpleNamespace(value=0.5)  # log Z of independent units, which takes long without numba
    monkeypatch.setattr(importance, "base_means", lambda *a, **k: None)
    monkeypatch.setattr(importance, "estimate", lambda *a, **k: known)
    monkeypatch.setattr(CompiledUpdates, "of", watched)
    found = _trained(name, weighted)
    assert made, "no ops carry these words out"
    monkeypatch.setattr(loop._Loop, "_compiled", lambda self: None)
    expected = _trained(name, weighted)
    assert set(found) == set(expected)
    for key, x in expected.items():
        np.testing.assert_allclose(found[key], x, rtol=1e-8, atol=1e-9, err_msg=key)

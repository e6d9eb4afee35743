"""What the words compose trains as their own functions do: the same parameters, chains, figures and
learnt state.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.training import loop
from bmdsl.training.compiled import CompiledUpdates

from .test_trainings_are_reproduced import (
    CONVOLVED_BITS,
    DEEP,
    FACTORED,
    GATED,
    GAUSSIAN,
    GENERAL,
    GLASS,
    LABELS,
    LATTICE,
    LETTERS,
    LOCAL,
    MIXTURE,
    POTTS,
    RBM,
    RECTIFYING,
    SERIES,
    STORED,
    THIRD,
    TRIPLES,
    bits,
    letters,
    levels,
    reals,
    spins,
    with_gaps,
)

pytestmark = pytest.mark.compiled

PAIRED = """model paired { visible u[4] : spin  visible g[3] : gaussian(sigma = 0.7)
  given x[2] : binary
  param W init normal(0, 0.3)  param V init normal(0, 0.3)  param a, b
  energy = - W[i,j] u[i] g[j] - V[k,i] x[k] u[i] - a[i] u[i] - b[j] g[j] }"""
SQUARED = """model squared { visible v[5] : gaussian  hidden h[4] : binary
  param W init normal(0, 0.1)  param P init uniform(0, 0.1) nonnegative  param b, c
  energy = - W[i,j] v[i] h[j] + P[i,j] v[i]^2 h[j] - b[i] v[i] - c[j] h[j] }"""
GRID = """model grid { visible v[2,4] : binary  hidden h[3] : binary
  param W[2,4,3] init normal(0, 0.6)  param b, c
  energy = - W[x,y,j] v[x,y] h[j] - b[x,y] v[x,y] - c[j] h[j] }"""
TURNED = """model turned { visible v[6] : binary  hidden h[3] : binary
  param W[3,6] init normal(0, 0.6)  param b, c
  energy = - W[j,i] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""
SIDE = """model side { visible v[5] : binary  hidden h[3] : binary  hidden g : categorical(3)
  param W init normal(0, 0.4)  param U init normal(0, 0.4)  param V init normal(0, 0.4)
  param b, c, d
  energy = - W[i,j] v[i] h[j] - U[i,k] v[i] g[k] - V[j,k] h[j] g[k] - b[i] v[i] - c[j] h[j]
             - d[k] g[k] }"""
MIXED = """model mixed { visible v[5] : gaussian  hidden h[4] : spin
  param W init normal(0, 0.1)  param b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""

SGD = "optimizer sgd(rate = 0.02, momentum = 0.5)  batch 10"
FREE = "objective contrastive_free_energy"
FAST = "positive gibbs(steps = 2)  negative fpcd(chains = 7)"
COUNTS = {"n": np.floor(6 * levels(34, 7))}
PAIRS = {"u": spins(34, 4), "g": reals(34, 3), "x": bits(34, 2, salt=2)}
SERIES_DATA = {"past": reals(34, 2, 4), "v": reals(34, 4, salt=1)}
LABELLED = {"v": bits(34, 8), "y": np.arange(34) % 3}

CASES: dict[str, tuple[str, str, Any]] = {
    "fast weights": (LETTERS, "negative fpcd(chains = 7, steps = 2)", letters(34, 6, 4)),
    "fast weights of built biases": (SQUARED, "negative fpcd(chains = 7)", reals(34, 5)),
    "equal norms of rows": (TURNED, "penalty equal_norms(W = 0.3, damping = 0.5)", bits(34, 6)),
    "equal norms of a grid": (GRID, "penalty equal_norms(W = 0.3)", bits(34, 2, 4)),
    "bounds of a grid": (GRID, "penalty maxnorm(W, 0.4), maxnorm(c, 0.1)", bits(34, 2, 4)),
    "free energy, gaussian": (GAUSSIAN, FREE, reals(34, 8)),
    "free energy, gaussian, through": (
        GAUSSIAN,
        f"{FREE}(through_reconstruction = true)",
        reals(34, 8),
    ),
    "free energy, gaussian, through, no base": (
        GAUSSIAN,
        f"{FREE}(through_reconstruction = true, base_measure = false)",
        reals(34, 8),
    ),
    "free energy, one of K, through": (
        LETTERS,
        f"{FREE}(through_reconstruction = true)",
        letters(34, 6, 4),
    ),
    "free energy, given, through": (SERIES, f"{FREE}(through_reconstruction = true)", SERIES_DATA),
    "free energy, two groups, through": (
        LABELS,
        f"{FREE}(through_reconstruction = true)",
        LABELLED,
    ),
    "free energy, counts": (RECTIFYING, FREE, COUNTS["n"]),
    "free energy, squares": (SQUARED, FREE, reals(34, 5)),
    "all states": (SIDE, "positive exact  negative exact", bits(34, 5)),
    "all states, one of K": (LABELS, "negative exact", LABELLED),
    "all states of a posterior": (DEEP, "positive exact  negative cd(steps = 1)", bits(34, 9)),
    "all states, centred": (RBM, "negative exact  center on", bits(34, 9)),
    "all states, reals beside": (MIXED, "negative exact", reals(34, 5)),
    "replicas": (LETTERS, "negative tempering(replicas = 5, chains = 4)", letters(34, 6, 4)),
    "replicas of reals": (GAUSSIAN, "negative tempering(replicas = 3, chains = 4)", reals(34, 8)),
    "replicas whose ladder moves": (
        RBM,
        "negative tempering(replicas = 4, chains = 3, hot = 0.2)  updates 210",
        bits(34, 9),
    ),
    "mean field of gaps": (
        DEEP,
        "positive meanfield(damping = 0.2, tol = 1e-3)  negative pcd(chains = 7)",
        with_gaps(bits(34, 9)),
    ),
    "mean field of reals": (
        GAUSSIAN,
        "positive meanfield()  negative pcd(chains = 7)",
        with_gaps(reals(34, 8)),
    ),
    "mean field of squares": (
        SQUARED,
        "positive meanfield(tol = 1e-6)  negative pcd(chains = 7)",
        with_gaps(reals(34, 5)),
    ),
    "mean field of one of K": (
        LABELS,
        "positive meanfield(tol = 1e-6)  negative cd(steps = 1)",
        {"v": with_gaps(bits(34, 8)), "y": np.arange(34) % 3},
    ),
    "mean field of units that meet": (
        GENERAL,
        "positive meanfield(damping = 0.1)  negative pcd(chains = 7)",
        with_gaps(bits(34, 7)),
    ),
    "mean field of three groups": (
        THIRD,
        "positive meanfield(tol = 1e-6)  negative pcd(chains = 7)",
        bits(34, 6),
    ),
    "mean field, selected": (
        MIXTURE,
        "positive meanfield()  negative pcd(chains = 7)",
        bits(34, 9),
    ),
    "mean field, given": (
        GATED,
        "positive meanfield()  negative cd(steps = 1)",
        {"x": bits(34, 5, salt=2), "y": with_gaps(bits(34, 6))},
    ),
    "replicas of a graph": (GLASS, "negative tempering(replicas = 3, chains = 4)", spins(34, 14)),
    "replicas of units that meet": (
        POTTS,
        "negative tempering(replicas = 3, chains = 4)",
        letters(34, 5, 3),
    ),
    "replicas, selected": (
        MIXTURE,
        "positive gibbs(steps = 1)  negative tempering(replicas = 3, chains = 4)",
        bits(34, 9),
    ),
    "fast weights of a graph": (GLASS, "negative fpcd(chains = 7)", spins(34, 14)),
    "fast weights of units that meet": (GENERAL, FAST, bits(34, 7)),
    "fast weights of three groups": (THIRD, FAST, bits(34, 6)),
    "fast weights of factors": (
        STORED,
        "negative fpcd(chains = 7, rate = 0.01)",
        spins(34, 9),
    ),
    "fast weights of a convolution": (
        CONVOLVED_BITS,
        "negative fpcd(chains = 7)",
        bits(34, 1, 6, 6),
    ),
    "all states of units that meet": (POTTS, "negative exact", letters(34, 5, 3)),
    "all states of a lattice": (LATTICE, "negative exact", spins(34, 4, 4)),
    "all states, selected": (MIXTURE, "positive exact  negative exact", bits(34, 9)),
    "free energy, products of three": (
        GATED,
        f"{FREE}(through_reconstruction = true)",
        {"x": bits(34, 5, salt=2), "y": bits(34, 6)},
    ),
    "free energy, factors": (
        FACTORED,
        f"{FREE}(through_reconstruction = true)",
        {"x": bits(34, 6, salt=2), "y": bits(34, 7)},
    ),
    "free energy, local": (LOCAL, f"{FREE}(through_reconstruction = true)", bits(34, 7, 7)),
    "pseudo-likelihood of triples": (TRIPLES, "objective pseudolikelihood", spins(34, 12)),
    "pseudo-likelihood of a lattice": (LATTICE, "objective pseudolikelihood", spins(34, 4, 4)),
    "pseudo-likelihood": (PAIRED, "objective pseudolikelihood", PAIRS),
}


def _trained(model: str, words: str, data: Any, dtype: str, weights: Any) -> bmdsl.Run:
    body = model.rstrip().removesuffix("}")
    length = "" if "updates" in words else "updates 15"
    text = f"{body}\n  train {{ {words}  {SGD}  {length}  seed 4 }}\n}}"
    return (
        bmdsl.parse(text).compile(seed=3, dtype=dtype).train(data, weights=weights, progress=False)
    )


TOLD = ("gradient_norm", "rate", "iterations", "contrastive_free_energy", "pseudo_log_likelihood")
"""Figures of updates; what monitors say comes when their budget of time affords it."""


def _results(run: bmdsl.Run) -> dict[str, np.ndarray]:
    figures = {f"{m['epoch']} {n}": np.array(m[n]) for m in run.metrics for n in TOLD if n in m}
    return {**dict(run.machine.params), **run.chains, **figures}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::bmdsl.language.diagnostics.BmWarning")
def test_composed_words_train_as_their_functions_do(
    name: str, weighted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, words, data = CASES[name]
    weights = 0.5 + levels(34, 1)[:, 0] if weighted else None
    made: list[CompiledUpdates] = []
    compose = CompiledUpdates.of

    def watched(*arguments: Any) -> CompiledUpdates:
        made.append(compose(*arguments))
        return made[-1]

    monkeypatch.setattr(CompiledUpdates, "of", watched)
    found = _results(_trained(model, words, data, "float64", weights))
    assert made, "no ops carry these words out"
    monkeypatch.setattr(loop._Loop, "_compiled", lambda self: None)
    expected = _results(_trained(model, words, data, "float64", weights))
    assert set(found) == set(expected)
    for key, x in expected.items():
        np.testing.assert_allclose(found[key], x, rtol=1e-8, atol=1e-9, err_msg=key)

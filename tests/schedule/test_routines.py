"""The update of every shipped model, run by the NumPy meaning of its ops, is the compiled one."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl import units
from bmdsl.files import folder
from bmdsl.schedule.builder import NotScheduled
from bmdsl.training.cases import Cases
from bmdsl.training.compiled import CompiledUpdates
from bmdsl.training.recipe import Recipe

SIZES: dict[str, dict[str, float]] = {
    "bernoulli_mixture": {"D": 5, "K": 3},
    "bm": {"D": 5, "H": 3},
    "class_rbm": {"D": 5, "C": 3, "H": 4},
    "convrbm": {"C": 1, "S": 4, "F": 1, "N": 7},
    "crbm": {"D": 3, "T": 2, "H": 4},
    "dbm": {"D": 5, "H1": 4, "H2": 3},
    "factored": {"D": 5, "E": 4, "F": 3, "H": 4},
    "gated": {"D": 5, "E": 4, "H": 3},
    "gbrbm": {"D": 5, "H": 4},
    "glass": {"n": 8, "degree": 3},
    "hopfield": {"N": 7, "P": 3},
    "imrbm": {"D": 5, "K": 3, "H": 4},
    "ising": {"L": 4},
    "local_rbm": {"S": 6, "R": 2, "T": 2, "M": 3, "K": 2},
    "pot": {"D": 4, "F": 5},
    "potts": {"L": 4, "q": 3},
    "potts_rbm": {"L": 4, "q": 3, "H": 4},
    "pspin": {"n": 7},
    "rbm": {"D": 5, "H": 4},
    "spin_rbm": {"D": 5, "H": 4},
}
CASES, BATCH, UPDATES = 23, 10, 3
"""Cases of three minibatches, the last of them smaller."""
SIZES_OF_BATCHES = np.array([10, 10, 3])


def cases_of(machine: bmdsl.Machine) -> Cases:
    """Random values of the kind that the observed units have."""
    rng = np.random.default_rng(4)
    data = {}
    for g in machine.model.groups:
        if g.role == "hidden":
            continue
        shape = (CASES, *(int(n) for n in g.axes))
        support = units.get(g.unit).support(*(x for _, x in g.options))
        if g.states is not None:
            data[g.name] = np.eye(int(g.states))[rng.integers(0, int(g.states), shape[:-1])]
        elif support is not None:
            data[g.name] = np.asarray(support, float)[rng.integers(0, len(support), shape)]
        else:
            data[g.name] = rng.normal(size=shape)
    return Cases.of(data, None)


def trained(name: str, backend: str) -> dict[str, np.ndarray]:
    """All that three updates leave: parameters, chains, what optimizer and penalties keep."""
    machine = bmdsl.load(name, **SIZES[name]).compile(seed=3, dtype="float64", backend=backend)
    rng = np.random.default_rng(5)
    for p in machine.model.parameters:
        if not p.fixed:
            x = np.abs(rng.normal(0, 0.3, machine.params[p.name].shape))
            machine.params[p.name] = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
    cases, training = cases_of(machine), machine.model.training
    probe, _ = cases.batch(np.arange(1), 0, machine.dtype)
    recipe = Recipe.of(machine, training, probe, UPDATES)
    updates = CompiledUpdates.of(recipe, machine, cases, BATCH, {})
    updates.run(cases, np.arange(CASES), 0, SIZES_OF_BATCHES)
    return recipe.arrays()


QUICK = (
    "rbm",
    "dbm",
    "crbm",
    "gbrbm",
    "glass",
    "potts_rbm",
    "spin_rbm",
    "class_rbm",
    "hopfield",
    "pspin",
)
"""Models whose updates compile in a few seconds; those of all others are compared by hand, or
before a release.
"""
NAMES = sorted(p.stem for p in folder("models").glob("*.bm"))


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
)
def test_an_update_by_the_meaning_of_its_ops_is_the_compiled_one(name: str) -> None:
    try:
        plain = trained(name, "reference")
    except NotScheduled as reason:
        pytest.skip(f"no ops carry the update out: {reason}")
    except bmdsl.BmError as error:
        if error.diagnostics[0].code == "BM886":
            pytest.skip("a model without parameters")
        raise
    compiled = trained(name, "numba")
    assert plain.keys() == compiled.keys()
    start = {n: x for n, x in plain.items() if n.startswith("params/")}
    assert start and all(np.isfinite(x).all() for x in start.values())
    for key, x in compiled.items():
        np.testing.assert_allclose(plain[key], x, rtol=1e-12, atol=1e-12, err_msg=key)

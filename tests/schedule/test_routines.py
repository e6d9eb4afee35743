"""The routines of every shipped model, run by the NumPy meaning of their ops, are the compiled
ones: what is printed, run as Python, is what numba compiled, on the same uniforms.
"""

from __future__ import annotations

import functools

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


def observed(machine: bmdsl.Machine) -> dict[str, np.ndarray]:
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
    return data


def begun(name: str, backend: str) -> bmdsl.Machine:
    """A shipped model with random parameters."""
    machine = bmdsl.load(name, **SIZES[name]).compile(seed=3, dtype="float64", backend=backend)
    rng = np.random.default_rng(5)
    for p in machine.model.parameters:
        if not p.fixed:
            x = np.abs(rng.normal(0, 0.3, machine.params[p.name].shape))
            machine.params[p.name] = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
    return machine


def trained(name: str, backend: str) -> dict[str, np.ndarray]:
    """All that three updates leave: parameters, chains, what optimizer and penalties keep."""
    machine = begun(name, backend)
    cases, training = Cases.of(observed(machine), None), machine.model.training
    probe, _ = cases.batch(np.arange(1), 0, machine.dtype)
    recipe = Recipe.of(machine, training, probe, UPDATES)
    updates = CompiledUpdates.of(recipe, machine, cases, BATCH, {})
    updates.run(cases, np.arange(CASES), 0, SIZES_OF_BATCHES)
    return recipe.arrays()


NAMES = sorted(p.stem for p in folder("models").glob("*.bm"))


@pytest.mark.parametrize("name", NAMES)
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


def answers(name: str, backend: str) -> dict[str, np.ndarray]:
    """Chains after three sweeps, each group's means given the rest of them, free energies of cases;
    the code of a diagnostic in place of what the model does not have.
    """
    machine = begun(name, backend)
    data = observed(machine)
    given = {n: data[n] for n in machine.given}
    asked = {"free energy": lambda: machine.free_energy(**data)}
    drawn = machine.sample(CASES, steps=3, clamp=given or None)
    for g in machine.model.groups:
        rest = {n: x for n, x in (given | drawn).items() if n != g.name}
        own = {g.name: drawn[g.name]} if machine.program.plan.graph.is_lateral(g.name) else {}
        if g.role != "given":
            asked[g.name] = functools.partial(machine.conditional, g.name, **rest, **own)
    out = {f"chains of {n}": np.asarray(x, float) for n, x in drawn.items()}
    for what, ask in asked.items():
        try:
            out[what] = np.asarray(ask())
        except bmdsl.BmError as error:
            out[what] = np.array(int(error.diagnostics[0].code.removeprefix("BM")))
    return out


@pytest.mark.parametrize("name", NAMES)
def test_what_a_machine_answers_is_the_same_compiled_or_not(name: str) -> None:
    plain, compiled = answers(name, "reference"), answers(name, "numba")
    assert plain.keys() == compiled.keys()
    for what, x in compiled.items():
        np.testing.assert_allclose(plain[what], x, rtol=1e-10, atol=1e-12, err_msg=what)

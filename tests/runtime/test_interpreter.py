"""The generated module against the reference interpreter, bit for bit on the same uniforms."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.plan.streams import GROUPS
from bmdsl.runtime.interpreter import Interpreter, philox_uniforms
from tests.build import ALL, machine

DISCRETE = [make for make in ALL if make.__name__ != "gbrbm"]
ROWS, STREAM = 3, 9


def dyadic(m, seed=0):  # type: ignore[no-untyped-def]
    """Parameters that are multiples of 1/8: every sum of products of states is then exact in any
    order.
    """
    generator = np.random.default_rng(seed)
    for p in m.model.parameters:
        x = generator.integers(-12, 13, m.params[p.name].shape) / 8.0
        m.params[p.name] = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
    return Interpreter(m.program.plan, m.params)


def shaped(m, state):  # type: ignore[no-untyped-def]
    return {n: m.program.shaped(n, x).copy() for n, x in state.items()}


@pytest.mark.parametrize("jit", [False, True], ids=["python", "numba"])
@pytest.mark.parametrize("make", DISCRETE, ids=lambda f: f.__name__)
def test_sweeps_agree_bit_for_bit(make, jit):  # type: ignore[no-untyped-def]
    m = machine(make(), jit)
    reference = dyadic(m)
    state = m.initial_state(ROWS)
    plain = shaped(m, state)
    m.sweep(state, 3, {}, update=5, stream=STREAM)
    streams = {g.name: GROUPS * STREAM + k for k, g in enumerate(m.model.groups)}
    reference.sweep(plain, 3, philox_uniforms(m.seed), streams, 5)
    for name, x in shaped(m, state).items():
        np.testing.assert_array_equal(x, plain[name])


LISTED = [
    (
        "model m { visible s[4, 5] : spin  param J, K, b  energy = - J[x,y] s[x,y] s[wrap(x+1),y] -"
        " K s[x,y] s[x,pad(y+1)] - b[x] s[x,y] }"
    ),
    (
        "model m { visible s[7] : binary  hidden h[3] : spin  param J, W  energy = - J[i] s[i]"
        " s[wrap(i+1)] s[wrap(i+3)] - W[i,j] s[i] h[j] }"
    ),
    (
        "model m { graph G = ring(6)  visible s[6] : categorical(3)  param J  energy = - J[i,j,a,b]"
        " s[i,a] s[j,b] for <i,j> in G }"
    ),
]


@pytest.mark.parametrize("text", LISTED)
def test_sweeps_of_written_out_couplings_agree_bit_for_bit(text: str) -> None:
    """Few chains: unit after unit, in the interpreter's order."""
    m = bmdsl.parse(text).compile(seed=2, dtype="float64")
    reference = dyadic(m)
    state = m.initial_state(ROWS)
    plain = shaped(m, state)
    m.sweep(state, 4, {}, update=5, stream=STREAM)
    streams = {g.name: GROUPS * STREAM + k for k, g in enumerate(m.model.groups)}
    reference.sweep(plain, 4, philox_uniforms(m.seed), streams, 5)
    for name, x in shaped(m, state).items():
        np.testing.assert_array_equal(x, plain[name])


@pytest.mark.parametrize("make", ALL, ids=lambda f: f.__name__)
def test_means_log_partitions_and_energies_agree(make):  # type: ignore[no-untyped-def]
    m = machine(make(), jit=True)
    reference = dyadic(m)
    state = {n: np.round(x * 8) / 8 for n, x in m.initial_state(ROWS).items()}
    f, plain = m._fields(), shaped(m, state)
    for g in m.model.groups:
        eta = m.program.field(f, g.name, state)
        means = m.program.shaped(g.name, m.program.mean(g.name, eta))
        totals = m.program.log_partition(g.name, eta)
        for row in range(ROWS):
            np.testing.assert_array_equal(means[row], reference.mean(g.name, plain, row))
            assert totals[row] == reference.log_partition(g.name, plain, row)
    for row, e in enumerate(m.energy(**plain)):
        assert e == pytest.approx(reference.energy(plain, row), abs=1e-12)


@pytest.mark.parametrize("make", ALL, ids=lambda f: f.__name__)
def test_single_precision_module_runs_the_same_compiled_or_not(make):  # type: ignore[no-untyped-def]
    compiled, plain = (machine(make(), jit, dtype="float32") for jit in (True, False))
    for m in (compiled, plain):
        dyadic(m)
    states = [m.initial_state(ROWS) for m in (compiled, plain)]
    rows = [
        m.sweep(s, 2, {}, update=1, stream=STREAM)
        for m, s in zip((compiled, plain), states, strict=True)
    ]
    discrete = [g.name for g in compiled.model.groups if g.unit != "gaussian"]
    for name in discrete if len(discrete) == len(compiled.model.groups) else ():
        np.testing.assert_array_equal(states[0][name], states[1][name])
        np.testing.assert_array_equal(rows[0][name], rows[1][name])


def test_observed_units_keep_their_value_in_the_interpreter():
    m = machine(ALL[0](), jit=False)
    reference = dyadic(m)
    state = shaped(m, m.initial_state(ROWS))
    seen = np.full_like(state["v"], np.nan)
    seen[:, 0] = 1.0
    reference.sweep(state, 2, philox_uniforms(0), {"v": 1, "h": 2}, 0, {"v": seen})
    assert (state["v"][:, 0] == 1).all()


def test_a_subscript_outside_its_axis_is_an_error_not_a_wrong_read():
    m = machine(ALL[0](), jit=False)
    reference = dyadic(m)
    reference.params["W"] = reference.params["W"][:2]
    with pytest.raises(IndexError):
        reference.energy(shaped(m, m.initial_state(1)), 0)

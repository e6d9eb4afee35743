"""Energies of rows as ops are the program's own, up to what no state changes."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.runtime.routines import compiled_routine, plain_routine
from bmdsl.schedule.builder import Builder, Phase
from bmdsl.schedule.routines.terms import terms_of
from bmdsl.schedule.values import Content, Life, Number

MODELS = {
    "three layers": (
        """model deep { visible v[5] : binary  hidden h[4] : spin  hidden g[3] : categorical(3)
      param W init normal(0, 0.5)  param V init normal(0, 0.5)  param b init normal(0, 1)  param c
      energy = 0.7 - W[i,j] v[i] h[j] - V[j,k,a] h[j] g[k,a] - 2 b[i] v[i] - c[j] h[j]
                 - 0.3 h[j] }"""
    ),
    "squares": (
        """model squared { visible v[5] : gaussian  hidden h[4] : binary  given x[2] : gaussian
      param W init normal(0, 0.5)  param P init uniform(0, 0.5)  param U init normal(0, 0.5)
      param b init uniform(0, 1)
      energy = - W[i,j] v[i] h[j] + P[i,j] v[i]^2 h[j] - U[k,i] x[k]^2 v[i] + b[i] v[i]^2 }"""
    ),
}
ROWS = 7


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_energies_of_rows_are_the_programs_own(name: str, compiled: bool, dtype: str) -> None:
    machine = bmdsl.parse(MODELS[name]).compile(seed=3, dtype=dtype)
    program, rng = machine.program, np.random.default_rng(0)
    b = Builder(program.plan, "energies", "energies of rows")
    rows = {
        g.name: b.value(g.name, Content.MEANS, (ROWS, g.size), Life.GIVEN)
        for g in program.plan.groups
    }
    out = b.value("minus_E", Content.FIGURE, (ROWS,), Life.KEPT, number="f8")
    terms = terms_of(b)
    terms.prepare(b)
    b.do("begin_energies", out)
    terms.add_minus_energy(b, Phase(rows, Number("1.0")), out, ROWS)
    schedule = b.schedule()
    types = {"F": program.dtype, "f8": np.float64, "i8": np.int64}
    arrays = {
        v.name: np.zeros([int(n) for n in v.shape], types[v.number])
        for v in schedule.values
        if -1 not in v.shape
    }
    for v in schedule.values:
        if v.source[:1] == ("parameter",):
            arrays[v.name] = machine.params[v.source[1]].reshape(arrays[v.name].shape)
        elif v.source[:1] == ("raw",):
            arrays[v.name] = machine.params[v.source[1]]
    arrays |= {"k": program.k, "n": program.n}
    for n in rows:
        arrays[n] = rng.normal(size=arrays[n].shape).astype(program.dtype)
    if compiled:
        routine = compiled_routine(schedule, program.module, program.dtype)
    else:
        routine = plain_routine(schedule, program.module, program.dtype)
    routine(0, 1, {}, arrays)
    expected = program.minus_energy(machine.held_fields(), {n: arrays[n] for n in rows})
    expected = expected + machine.held_fields().constant
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(arrays["minus_E"], expected, rtol=tolerance, atol=tolerance)

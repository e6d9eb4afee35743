"""`param b[4]` with `b[i] v[i] for i in 1..3` was refused for its letters' range."""

from __future__ import annotations

import numpy as np

import bmdsl


def test_entries_that_never_act_are_a_lint_and_have_no_gradient():
    model = bmdsl.parse(
        "model m { visible v[4] : binary  param b[4]  energy = - b[i] v[i] for i in 1..3 }"
    )
    assert [d.code for d in model.checked.lints] == ["BM953", "BM960"]
    machine = model.compile(dtype="float64", backend="reference")
    machine.params["b"] = np.array([5.0, 1.0, 2.0, 7.0])
    assert machine.energy(v=np.ones((1, 4)))[0] == -3
    gradient = machine.gradient(np.ones((1, 4)))["b"]
    assert gradient[[0, 3]].tolist() == [0, 0] and np.allclose(
        gradient[1:3], 1 - 1 / (1 + np.exp([-1.0, -2.0]))
    )


def test_a_bias_of_some_units_is_no_bias_of_the_group():
    from bmdsl.language.structure import bias_of

    part = bmdsl.parse(
        "model m { visible v[4] : binary  param b[4]  energy = - b[i] v[i] for i in 1..3 }"
    ).checked
    whole = bmdsl.parse(
        "model m { visible v[4] : binary  param b[4]  energy = - b[i] v[i] for i in 0..4 }"
    ).checked
    assert bias_of(part, "v") is None and bias_of(whole, "v") is not None

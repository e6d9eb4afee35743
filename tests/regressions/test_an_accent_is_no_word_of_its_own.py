"""A group `é` was `ue9` in the generated code, which is a name that another group may have."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from tests import naive


def test_both_groups_have_their_own_fields() -> None:
    text = """model accent { visible é[2] : binary  visible ue9[2] : binary  hidden h[2] : binary
      param W, U, p, q
      energy = - W[i,j] é[i] h[j] - U[i,j] ue9[i] h[j] - p[i] é[i] - 2 q[i] ue9[i] }"""
    machine = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    generator = np.random.default_rng(0)
    for name, x in machine.params.items():
        machine.params[name] = generator.normal(0, 1, x.shape)
    assert machine.log_partition() == pytest.approx(
        naive.log_partition(machine.model, machine.params), abs=1e-9
    )

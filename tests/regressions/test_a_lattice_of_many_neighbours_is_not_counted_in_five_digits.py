"""Rows of a stencil count neighbours in five binary digits: 34 neighbours that all are on counted
2, and units that had to stay on went off.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.runtime.bit_entries import NotBits
from bmdsl.runtime.stencil_form import stencil_form


def test_a_lattice_of_many_neighbours_is_not_counted_in_five_digits() -> None:
    every_second = " ".join(f"- 0.1 s[i] s[pad(i+{d})]" for d in range(1, 35, 2))
    machine = bmdsl.parse(f"model m {{ visible s[90] : spin  energy = {every_second} }}").compile(
        backend="reference"
    )
    with pytest.raises(NotBits, match="count 34"):
        stencil_form(machine.program, machine.held_fields(), ("s",))
    machine.layout = "stencil"
    state = {"s": np.ones((1, 90), np.float32)}
    machine.sweep(state, 1, {}, update=1, beta=np.full(1, 100.0))
    assert (state["s"] == 1).all()

"""`A x[0] x[1]` of counts was refused as a term that pairs every unit with itself."""

from __future__ import annotations

import numpy as np

import bmdsl


def test_a_product_of_two_units_by_their_numbers_compiles():
    text = (
        "model m { visible x[3] : poisson  param A init 0.5  energy = A x[0] x[1] + 2 x[1] x[2] }"
    )
    machine = bmdsl.parse(text).compile(backend="reference", dtype="float64")
    at = np.array([[2.0, 3.0, 1.0]])
    base = np.log(2) + np.log(6)
    assert np.isclose(machine.energy(x=at)[0], 0.5 * 6 + 2 * 3 + base)
    field = -(0.5 * 2 + 2 * 1)
    assert np.isclose(machine.conditional("x", x=at)[0, 1], np.exp(field))


def test_check_says_what_compiling_would(tmp_path):
    from bmdsl.tasks.check import verify_compiles

    (tmp_path / "m.bm").write_text(
        "model m { visible x[3] : gaussian  hidden h[2] : binary  energy = x[i]^2 h[0] h[1] }"
    )
    model = bmdsl.load(tmp_path / "m.bm")
    codes = []
    for attempt in (lambda: verify_compiles([model]), model.compile):
        try:
            attempt()
        except bmdsl.BmError as error:
            codes.append(error.diagnostics[0].code)
    assert len(codes) in (0, 2) and len(set(codes)) <= 1

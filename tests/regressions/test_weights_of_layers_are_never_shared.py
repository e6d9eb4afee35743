"""`layers` of `v`, `x_h` and of `v_x`, `h` named both weights `W_v_x_h`, and left the
second out.
"""

from __future__ import annotations

import pytest

import bmdsl


def test_two_pairs_of_one_name_are_refused() -> None:
    text = """model m { visible v[4] : binary  visible v_x[4] : binary  hidden x_h[3] : binary
      hidden h[3] : binary
      layers v -- x_h  layers v_x -- h }"""
    with pytest.raises(bmdsl.BmError, match="BM110"):
        bmdsl.parse(text)


def test_one_pair_written_twice_is_one_weight() -> None:
    once, twice = (
        bmdsl.parse(
            f"model m {{ visible v[4] : binary  hidden h[3] : binary  layers v -- h {more} }}"
        )
        for more in ("", "layers v -- h")
    )
    assert once.expand() == twice.expand()


def test_an_argument_called_as_a_letter_of_layers_is_no_letter() -> None:
    model = bmdsl.parse(
        "model m(i0 = 1, i2 = 3) { visible v[4] : binary  hidden h[3] : binary  layers v -- h }"
    )
    assert [p.shape for p in model.checked.parameters] == [(4,), (3,), (4, 3)]

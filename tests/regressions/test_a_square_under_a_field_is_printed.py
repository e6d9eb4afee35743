"""The field of z in `0.5 lam[i,k] x[i]^2 z[k]` was printed with x[i], so that the free energy was
another one.
"""

from __future__ import annotations

import bmdsl
from bmdsl.report import derivation

TEXT = """model m { visible x[2] : gaussian  hidden z : categorical(2)  param lam[2,2]
  energy = 0.5 lam[i,k] x[i]^2 z[k] }"""


def test_a_square_under_a_field_is_printed():
    assert "η_z[k] = -0.5 Σ_i lam[i,k] x[i]^2" in derivation.as_text(bmdsl.parse(TEXT).plan)

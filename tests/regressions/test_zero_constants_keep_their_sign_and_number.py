"""`bm explain ising` with H = 0 printed `+ H Σ s` for `- H s`, and left numbers beside a named
constant out.
"""

from __future__ import annotations

import bmdsl
from bmdsl.report import derivation

TEXT = (
    "model m(H = 0, J = -1) { visible s[2] : spin  energy = - 2 s[i] H - J s[0] s[1] + s[i] J / 2 }"
)


def test_zero_constants_keep_their_sign_and_number():
    assert "- H Σ_(x, y) s[x,y]" in derivation.as_text(bmdsl.load("ising").plan)
    text = derivation.as_text(bmdsl.parse(TEXT).plan)
    assert "E(s) = - 2 H Σ_i s[i] - J s[0] s[1] + 0.5 J Σ_i s[i]" in text

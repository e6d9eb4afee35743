"""`bm explain imrbm` said "no closed form" of what the machine computes (Nair & Hinton 2008,
equations 9 to 11).
"""

from __future__ import annotations

import bmdsl
from bmdsl.report import derivation

COMPONENT = "F_z[k] = - Σ_i b[i] v[i] - d[k] - Σ_j log(1 + exp(Σ_i W[i,k,j] v[i] + c[k,j]))"


def test_an_implicit_mixture_has_a_free_energy():
    text = derivation.as_text(bmdsl.load("imrbm").plan)
    assert COMPONENT in text and "= -log(Σ_k exp(-F_z[k]))" in text
    assert "P(z[k] | v) = exp(-F_z[k])/(Σ_l exp(-F_z[l]))" in text

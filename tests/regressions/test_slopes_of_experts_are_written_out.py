"""The gradient of `a[j] log1p(0.5 square(W[i,j] x[i]))` was printed with `log1p'` and `square'`."""

from __future__ import annotations

import bmdsl
from bmdsl.report import derivation

SLOPE = "(a[j] x[i] Σ_i' W[i',j] x[i'])/(1 + 0.5 (Σ_i' W[i',j] x[i'])^2)"


def test_slopes_of_experts_are_written_out():
    assert f"∂ W[i,j] = - {SLOPE} - ⟨ -{SLOPE} ⟩_model" in derivation.as_text(
        bmdsl.load("pot").plan
    )

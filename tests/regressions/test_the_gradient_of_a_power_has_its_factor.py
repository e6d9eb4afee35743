"""The gradient of `- s * b[i]^2 v[i]` by b[i] was printed without its factor 2."""

from __future__ import annotations

import bmdsl
from bmdsl.report import derivation

TEXT = "model m(s = 0.5) { visible v[3] : binary  param b  energy = - s * b[i]^2 v[i] }"


def test_the_gradient_of_a_power_has_its_factor():
    text = derivation.as_text(bmdsl.parse(TEXT).plan)
    assert "∂ b[i] = 2 s b[i] v[i] - ⟨ 2 s b[i] v[i] ⟩_model" in text

"""The gradient of `xi[m,i] xi[m,j] s[i] s[j] for i < j` summed over the left side's letter, and
lost `i < j`.
"""

from __future__ import annotations

import bmdsl
from bmdsl.report import derivation

TEXT = (
    "model m { visible s[4] : spin  param xi[2,4]  energy = - xi[m,i] xi[m,j] s[i] s[j] for i < j }"
)
SLOPE = "Σ_(j: i < j) xi[m,j] s[i] s[j] + Σ_(j: j < i) xi[m,j] s[j] s[i]"


def test_the_gradient_of_patterns_has_letters_of_its_own():
    text = derivation.as_text(bmdsl.parse(TEXT).plan)
    assert f"∂ xi[m,i] = {SLOPE} - ⟨ {SLOPE} ⟩_model" in text

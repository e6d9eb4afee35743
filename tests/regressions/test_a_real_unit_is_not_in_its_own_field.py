"""`A[i,j] z[i] z[j]` of Gaussian units: z[i] stood in its own field, and the precision was that of
the base measure.
"""

from __future__ import annotations

import bmdsl
from bmdsl.report import derivation

TEXT = "model m { visible z[2] : gaussian  param A  energy = A[i,j] z[i] z[j] }"


def test_a_real_unit_is_not_in_its_own_field():
    text = derivation.as_text(bmdsl.parse(TEXT).plan)
    assert "η_z[i] = - Σ_(j: j ≠ i) A[i,j] z[j] - Σ_(j: j ≠ i) A[j,i] z[j]" in text
    assert "η′_z[i] = -A[i,i]" in text and "λ_z[i] = 1 - 2 η′_z[i] = 1 + 2 A[i,i]" in text

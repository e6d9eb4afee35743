"""`bm explain ising` printed P(s) = Π P(s[x,y]), and blocks drawn `all units at once`, for spins
that act on one another.
"""

from __future__ import annotations

import bmdsl
from bmdsl.report import derivation, model_facts


def test_units_that_meet_have_no_product_of_conditionals():
    for name in ("ising", "glass", "pspin"):
        plan = bmdsl.load(name).plan
        text = derivation.as_text(plan)
        assert "| other s) = exp(s[" in text and "Π" not in text
        assert "one unit after another" in model_facts.as_text(plan)
        assert "all units at once" not in model_facts.as_text(plan)

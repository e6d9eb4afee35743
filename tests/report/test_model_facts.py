"""What `bm explain` says besides the formulas."""

from __future__ import annotations

import bmdsl
from bmdsl.report import model_facts


def test_the_order_of_a_factored_term_s_sum_is_shown_with_its_cost():
    text = model_facts.as_text(bmdsl.load("factored", D=784, E=784).plan)
    assert (
        "y <- term 0: 1. C h → [·, f]  2. A x → [·, f]  3. (1) (2) → [·, f]  4. (3) B → [·, j] "
        " (32.4 MFLOP, at most 314 kB in between)" in text
    )
    assert "x <-" not in text  # a given group has no field
    assert "chosen once D, E are known" in model_facts.as_text(bmdsl.load("factored").plan)


def test_a_mixture_s_responsibilities_come_from_one_product():
    text = model_facts.as_text(bmdsl.load("imrbm", D=784).plan)
    assert "z <- term 0: all its states in one product, h summed out" in text
    assert "v <- term 0: slices of W that the states of z pick" in text
    assert "Order of summation" not in model_facts.as_text(bmdsl.load("rbm", D=784).plan)

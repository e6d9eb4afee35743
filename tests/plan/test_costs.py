"""What a model costs is counted, and refused, before anything is allocated."""

from __future__ import annotations

import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.plan.costs import count_costs


def test_costs_of_an_rbm_are_those_counted_by_hand():
    model = bmdsl.load("rbm", D=784, H=500).bind({"negative": "cd(steps = 1)"})
    costs = count_costs(model.plan, model.checked.training)
    assert costs.parameters == 784 * 500 + 784 + 500
    assert costs.operations == 2 * 784 * 500 * 100 * 5
    assert costs.couplings == 0


def test_a_model_larger_than_memory_is_refused_before_it_is_allocated():
    with pytest.raises(BmError, match=r"error\[BM830\]: model `rbm` needs 1.6 TB"):
        bmdsl.load("rbm", D=1_000_000, H=100_000).compile()


def test_the_limit_can_be_set():
    with pytest.raises(BmError, match="the limit is 1 kB"):
        bmdsl.load("rbm", D=64, H=100).compile(memory_limit=1000)

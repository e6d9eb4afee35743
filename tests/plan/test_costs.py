"""What a model costs is counted, and refused, before anything is allocated."""

from __future__ import annotations

import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.plan.costs import count_costs, refuse_too_large


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


def test_a_large_lattice_counts_no_list_and_one_chain_of_a_model_without_parameters() -> None:
    small, large = (bmdsl.load("ising", L=length) for length in (64, 3000))
    assert "couplings written out" in str(small.plan)
    assert "couplings written out" not in str(large.plan)
    assert "s <- s: term 1, neighbours by index arithmetic" in str(large.plan)
    costs = count_costs(large.plan, large.checked.training)
    assert costs.couplings < 5 * 3000**2
    per_chain = 3 * 2 * 4 * 3000**2
    refuse_too_large(large.plan, large.checked.training, 4, costs.couplings + per_chain)
    with pytest.raises(BmError, match="BM830"):
        refuse_too_large(large.plan, large.checked.training, 4, costs.couplings)

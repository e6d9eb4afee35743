"""The literature's harness itself: a wrong energy must fail every check that compares numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from .checks import checks_of
from .examination import Examination
from .rbm_family import binary_rbm, gaussian_binary

MEANS_NOTHING = {"train"}
"""Looks only at whether numbers are finite."""


@pytest.mark.parametrize("entry", [binary_rbm, gaussian_binary], ids=lambda e: e.name)
def test_a_wrong_energy_fails_every_check(entry):
    wrong = replace(
        entry,
        energy=lambda p, v, h: (
            entry.energy(p, v, h) + 3 * (1 - v[:, 0]) + (v.sum(1) + 0.9) * h[:, 0]
        ),
    )
    x = Examination(wrong)
    for what, check in checks_of(wrong).items():
        if what not in MEANS_NOTHING | wrong.refused | {"normalised"}:
            with pytest.raises(AssertionError):
                check(x)
                pytest.fail(f"{what} holds")


def test_a_wrong_sign_is_seen_by_the_sum_over_the_domain():
    x = Examination(binary_rbm)
    x._machine.log_likelihood = lambda data: np.zeros(len(data["v"]))
    with pytest.raises(AssertionError, match="sum of P"):
        checks_of(binary_rbm)["normalised"](x)


def test_gaussian_integrals_in_closed_form_are_those_by_quadrature():
    from .reference import Domain, one, units_of
    from .units import real

    nodes = replace(
        gaussian_binary,
        visible={"v": real(3, sigma=0.8, reach=9, nodes=41)},
        hidden=gaussian_binary.hidden,
    )
    x = Examination(gaussian_binary)
    closed = x.joint[1]
    units = [*units_of(nodes, ["v"])]
    listed = [
        Domain(nodes, one(x.states, 0) | {"h": h}, units).at(x.params).log_sum
        for h in np.ndindex(2, 2, 2)
    ]
    assert closed.log_sum == pytest.approx(np.logaddexp.reduce(listed), abs=1e-9)

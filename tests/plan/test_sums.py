"""Which groups a sum goes through state by state is decided in the plan, and nowhere else."""

from __future__ import annotations

import ast
from math import inf

import pytest

import bmdsl
from bmdsl.inference import enumeration
from bmdsl.schedule.routines.enumerating import enumerable
from tests.source import MODULES, PACKAGE, nodes_of

DEEP = """model m(D = 6) { visible v[D] : binary  hidden h[4] : spin  hidden g[3] : categorical(3)
  hidden x[2] : gaussian  layers v -- h -- g -- x }"""


def test_the_cheapest_groups_are_enumerated_so_that_the_others_are_independent() -> None:
    plan = bmdsl.parse(DEEP).plan
    bits = {g.name: g.log2_states() for g in plan.groups}
    assert bits == {"v": 6, "h": 4, "g": pytest.approx(3 * 1.584962500721156), "x": inf}
    assert plan.enumerated(("h",)) == () and plan.enumerated(("v", "g")) == ()
    assert plan.enumerated(("v", "h")) == ("h",) and plan.enumerated(("h", "g")) == ("h",)
    assert plan.enumerated(("g", "x")) == ("g",)
    assert plan.enumerated(("h", "g"), {"g": 1}) == ("g",)  # of fewer units, the others given
    assert plan.enumerated(("h", "g")) is plan.enumerated(("h", "g"))


def test_a_group_whose_units_meet_is_enumerated_or_nothing_is() -> None:
    text = "model m { visible s[5] : UNIT  param J  energy = - J s[i] s[j] for i < j }"
    assert bmdsl.parse(text.replace("UNIT", "spin")).plan.enumerated(("s",)) == ("s",)
    assert bmdsl.parse(text.replace("UNIT", "poisson")).plan.enumerated(("s",)) is None


def test_training_and_likelihoods_take_the_plans_choice() -> None:
    machine = bmdsl.parse(DEEP).compile(backend="reference")
    plan = machine.program.plan
    for free in (("h", "g"), ("v", "h", "g"), ("v", "h", "g", "x")):
        chosen = plan.enumerated(free)
        assert chosen == enumerable(plan, free) == enumeration.choose(machine.program, free, "this")


def test_nothing_but_the_plan_chooses() -> None:
    calls = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("choose_enumerated")
    }
    assert calls == {"plan/plan.py"}

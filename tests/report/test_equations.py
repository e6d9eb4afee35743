"""What is explained is what runs: every equation that `bm explain` prints is evaluated and held against the machine."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl import units
from bmdsl.language.diagnostics import BmError
from bmdsl.report import derivation
from bmdsl.report.derivation import expression as x
from bmdsl.resources import find_model
from tests.report.equations import Held
from tests.report.explained_models import KINDS, SHIPPED, machine_of, texts

few = settings(
    max_examples=30, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink)
)


def test_every_shipped_model_is_evaluated():
    assert {p.stem for p in find_model("rbm").parent.glob("*.bm")} == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_equations_of_a_shipped_model_hold(name: str):
    held = Held(machine_of(bmdsl.load(name, **SHIPPED[name]), 3), 1)
    checked = held.run()
    assert all(checked[type(e.left).__name__] for e in held.equations)


@pytest.mark.parametrize("kind", KINDS)
def test_the_equations_of_a_kind_hold(kind: str):
    held = Held(machine_of(bmdsl.parse(f"model m{KINDS[kind]}"), 5), 2)
    checked = held.run()
    assert all(checked[type(e.left).__name__] for e in held.equations)


@given(texts(), st.integers(0, 1000))
@few
def test_the_equations_of_random_models_hold(text: str, seed: int):
    try:
        machine = machine_of(bmdsl.parse(text), seed, 0.3)
        Held(machine, seed).run()
    except BmError:
        assume(False)

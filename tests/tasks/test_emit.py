"""What `bm emit` prints of a model's routines is what its machine runs."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.selected_path import path_of
from bmdsl.tasks.emit import HEADING, emitted

from ..printed import statements

pytestmark = pytest.mark.compiled

ROUTINES = (
    "update",
    "free_energy",
    "conditional",
    "posterior",
    "sweeps",
    "completions",
    "exchanges",
    "ais_step",
)


@pytest.mark.parametrize("name", ["rbm", "gbrbm"])
def test_python_has_the_text_of_every_routine_that_runs(name: str) -> None:
    model = bmdsl.load(name, D=4, H=3)
    text = emitted(model, "python")
    places = [text.index(HEADING.format(word)) for word in ROUTINES]
    assert places == sorted(places)
    machine = model.compile()
    v = np.array([[0.0, 1, 1, 0]])
    machine.free_energy(v=v), machine.conditional("h", v=v), machine.sample(1, steps=2)
    sources = [x.routine.source for x in machine.compiled._routines.values() if x is not None]
    assert len(sources) == 3 and all(statements(source) <= statements(text) for source in sources)


def test_python_has_the_text_of_replicas_and_of_annealing() -> None:
    model = bmdsl.load("rbm", D=4, H=5)
    text = emitted(model, "python")
    machine = model.compile(backend="reference")
    with machine.frozen():
        path = path_of(machine, {n: np.zeros(x) for n, x in (("v", 4), ("h", 5))}, 1, 10)
        path.follow(np.array([0.0, 1.0]), 1)
    machine.observe("energy", n=1, draws=1, burn_in=1, beta=[0.5, 1.0])
    run = machine.compiled._routines
    sources = [x.routine.source for k, x in run.items() if k[0] in ("exchanges", "ais_step")]
    assert len(sources) == 2 and all(statements(source) <= statements(text) for source in sources)


def test_the_schedule_has_every_routine() -> None:
    text = emitted(bmdsl.load("rbm", D=4, H=3), "schedule")
    assert all(f"\n{word}: " in f"\n{text}" for word in ROUTINES)


def test_a_routine_that_ops_do_not_carry_out_is_left_out() -> None:
    text = emitted(bmdsl.load("dbm", D=4, H1=3, H2=2), "python")
    assert HEADING.format("free_energy") not in text
    assert HEADING.format("sweeps") in text and HEADING.format("mean_field") in text

"""What `bm emit` prints of a model's routines is what its machine runs."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.tasks.emit import HEADING, emitted

ROUTINES = ("update", "free_energy", "conditional", "sweeps")


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
    assert len(sources) == 3 and all(source in text for source in sources)


def test_the_schedule_has_every_routine() -> None:
    text = emitted(bmdsl.load("rbm", D=4, H=3), "schedule")
    assert all(f"\n{word}: " in f"\n{text}" for word in ROUTINES)


def test_a_routine_that_ops_do_not_carry_out_is_left_out() -> None:
    text = emitted(bmdsl.load("dbm", D=4, H1=3, H2=2), "python")
    assert HEADING.format("free_energy") not in text
    assert HEADING.format("sweeps") in text

"""Every stage of the model with everything in it is pinned; the module it becomes agrees with the
reference interpreter.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bmdsl.plan.streams import GROUPS
from bmdsl.runtime.interpreter import Interpreter, philox_uniforms

from .good_files import FOLDER, mother, rendered

ROWS, STREAM = 2, 9


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return rendered()


@pytest.mark.parametrize(
    "name", ["tree", "model", "graph", "plan", "python", "expanded", "explained", "latex"]
)
def test_a_stage_is_as_pinned(name: str, texts: dict[str, str]) -> None:
    assert texts[f"mother.{name}.txt"] == (FOLDER / f"mother.{name}.txt").read_text(
        encoding="utf-8"
    )


def test_generated_python_is_the_same_in_another_process():
    code = (
        "from tests.golden.good_files import rendered; import sys;"
        " sys.stdout.write(rendered()['mother.python.txt'])"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)},
    )
    assert other.stdout == (FOLDER / "mother.python.txt").read_text(encoding="utf-8"), other.stderr


def test_the_expansion_means_the_same():
    import bmdsl

    model = mother()
    again = bmdsl.parse(model.expand().replace('import "part.bm"', ""), "mother", D=3)
    assert (
        str(again.graph) == str(model.graph)
        and again.checked.parameters == model.checked.parameters
    )


@pytest.mark.parametrize("jit", [False, True], ids=["python", "numba"])
def test_conditionals_energies_and_draws_agree_with_the_interpreter(jit: bool) -> None:
    machine = mother().compile(seed=3, dtype="float64", backend="numba" if jit else "reference")
    generator = np.random.default_rng(0)
    for p in machine.model.parameters:
        x = generator.integers(-6, 7, machine.params[p.name].shape) / 8.0
        x = np.abs(x) if p.nonnegative else x
        machine.params[p.name] = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
    reference = Interpreter(machine.program.plan, machine.params)
    state = {n: np.round(x * 8) / 8 for n, x in machine.initial_state(ROWS).items()}
    state["past"] = generator.integers(-8, 9, state["past"].shape) / 8.0
    shaped = {n: machine.program.shaped(n, x).copy() for n, x in state.items()}
    for row, e in enumerate(machine.energy(**shaped)):
        assert e == pytest.approx(reference.energy(shaped, row), abs=1e-11)
    f = machine._fields()
    for g in machine.model.groups:
        if g.role == "given":
            continue
        eta = machine.program.field(f, g.name, state)
        means = machine.program.shaped(g.name, machine.program.mean(g.name, eta))
        drawn = {n: x.copy() for n, x in shaped.items()}
        mine = state[g.name].copy()
        empty = np.empty((0, 0))
        place = GROUPS * STREAM + [x.name for x in machine.model.groups].index(g.name)
        for row in range(ROWS):
            np.testing.assert_allclose(
                means[row], reference.mean(g.name, shaped, row), rtol=0, atol=1e-14
            )
            reference.draw(g.name, drawn, row, philox_uniforms(3), place, 0, 0)
        machine.program.draw(f, g.name, eta, {**state, g.name: mine}, empty, (3, place, 0, 0))
        np.testing.assert_array_equal(machine.program.shaped(g.name, mine), drawn[g.name])

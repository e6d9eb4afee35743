"""Composing, checking, printing and compiling an update takes time in proportion to the model's
text.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.emit.routine import emit_routine
from bmdsl.tasks.emit import update_of

SLACK = 3.0
"""How far the time a group may grow: caches and the machine's other work are in it."""


def chain(count: int) -> bmdsl.Model:
    """So many groups of two units each, every one coupled with the next by a matrix of its own."""
    groups = ["visible g0[2] : binary", *(f"hidden g{k}[2] : binary" for k in range(1, count))]
    couplings = range(count - 1)
    parameters = ", ".join(f"W{k} init normal(0, 0.1)" for k in couplings)
    energy = " ".join(f"- W{k}[i,j] g{k}[i] g{k + 1}[j]" for k in couplings)
    train = "train { positive gibbs(steps = 2)  negative cd(steps = 2)  optimizer sgd(rate = 0.1) }"
    text = "\n".join([*groups, f"param {parameters}", f"energy = {energy}", train])
    return bmdsl.parse(f"model chain {{ {text} }}")


def composed(count: int) -> tuple[float, int]:
    """Seconds of the processor, and the printed lines."""
    model = chain(count)
    assert len(model.plan.groups) == count
    started = time.process_time()
    text = emit_routine(update_of(model).schedule)
    return time.process_time() - started, len(text.splitlines())


def verify_growth(few: int, many: int) -> None:
    composed(10)  # what is imported and cached on the way is not counted
    seconds_of_few, lines_of_few = min(composed(few) for _ in range(2))
    seconds_of_many, lines_of_many = composed(many)
    assert lines_of_many < 1.05 * many / few * lines_of_few
    assert seconds_of_many < SLACK * many / few * seconds_of_few


def test_the_time_to_compose_an_update_grows_with_the_number_of_groups_alone() -> None:
    verify_growth(100, 300)


@pytest.mark.slow
def test_the_time_to_compose_an_update_of_a_thousand_groups() -> None:
    verify_growth(300, 1000)


def compiled(count: int) -> float:
    """Seconds of the processor from a text to the end of an epoch of one update."""
    started = time.process_time()
    x = np.random.default_rng(0).integers(0, 2, (100, 2)).astype(float)
    chain(count).compile().train(x, epochs=1, batch=100, monitor=0, progress=False)
    return time.process_time() - started


@pytest.mark.slow
@pytest.mark.compiled
def test_the_time_to_compile_an_update_grows_with_the_number_of_groups_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BMDSL_CACHE", str(tmp_path))
    compiled(10)  # kernels, which all models share
    seconds_of_few = compiled(100)
    assert compiled(1000) < SLACK * 10 * seconds_of_few

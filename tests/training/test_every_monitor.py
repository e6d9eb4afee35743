"""Every monitor of the registry looks at every shipped model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import bmdsl
from bmdsl.files import folder
from bmdsl.training import modifiers
from bmdsl.training.batch import Batch
from bmdsl.training.health import Look
from bmdsl.training.recipe import Recipe
from tests.inference.test_shipped_models import SIZES
from tests.training.words import (
    FEW,
    LARGE,
    MONITORS,
    STOP,
    WIDE,
    subject_of,
    trained_by,
    verify_same_bits,
)

SHIPPED: dict[str, dict[str, Any]] = {
    **SIZES,  # type: ignore[dict-item]
    "crbm": {"D": 3, "T": 2, "H": 3},
    "factored": {"D": 3, "E": 4, "F": 3, "H": 2},
    "gated": {"D": 3, "E": 4, "H": 2},
    "pot": {"D": 4, "F": 3},
    "convrbm": {"C": 1, "S": 4, "F": 2, "N": 4},
}


def test_there_is_a_size_for_every_shipped_model() -> None:
    assert set(SHIPPED) == {p.stem for p in folder("models").glob("*.bm")}


def _looks(name: str) -> Iterator[tuple[Look, dict[str, dict[str, Any]]]]:
    """What monitors see after two epochs of a shipped model, on samples of its own."""
    model = bmdsl.load(name, **SHIPPED[name]).bind({"batch": 10, "epochs": 2})
    machine = model.compile(seed=3, dtype="float64")
    generator = np.random.default_rng(2)
    for p in machine.model.parameters:
        x = generator.normal(0, 0.3, machine.params[p.name].shape)
        x = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
        machine.params[p.name] = np.abs(x) + 1 if p.nonnegative else x
    axes = {g: tuple(int(a) for a in machine.model.group(g).axes) for g in machine.given}
    given = {n: generator.integers(0, 2, (40, *a)).astype(float) for n, a in axes.items()}
    drawn = machine.sample(40, steps=10, clamp=given or None)
    data = {n: np.asarray(x, float) for n, x in drawn.items() if n in (*machine.visible, *given)}
    parts = [
        {n: machine.program.flat(n, x[lo:hi]) for n, x in data.items()}
        for lo, hi in ((0, 20), (20, 40))
    ]
    training, recipe = model.checked.training, None
    memory: dict[str, dict[str, Any]] = {n: {} for n in MONITORS}
    trains = bool(modifiers.trained(machine))
    for epoch in range(2):
        for update in range(2 * epoch, 2 * epoch + 2) if trains else ():
            batch = Batch({n: x[:10] for n, x in data.items()}, np.full(10, 0.1), update)
            recipe = recipe or Recipe.of(machine, training, batch, 4)

            def follow(gradient: Mapping[str, np.ndarray]) -> None:
                for n, module in MONITORS.items():
                    if hasattr(module, "follow"):
                        module.follow(gradient, memory[n])

            recipe.update(batch, 1.0, follow)
        positive, negative = (recipe.last if recipe else None) or (None, None)
        chains = recipe.chains if recipe else {}
        look = Look(machine, training, parts[0], parts[1], positive, negative, chains, epoch, 2)
        with machine.frozen():
            yield look, memory
        machine.stepped = False


@pytest.mark.parametrize("name", SHIPPED)
def test_monitors_look_at_every_shipped_model(name: str) -> None:
    """They raise nothing, and what they measure is finite; data and parameters stay as they are."""
    for look, memory in _looks(name):
        before = {n: x.copy() for n, x in {**look.watched, **look.machine.params}.items()}
        for monitor, module in MONITORS.items():
            found = module.look(look, memory[monitor])
            assert isinstance(found.minds, str)
            for figure, value in found.figures.items():
                assert np.isfinite(value), (monitor, figure)
        verify_same_bits({**look.watched, **look.machine.params}, before)


@pytest.mark.compiled
@pytest.mark.parametrize("phase", ["pcd", "tempering"])
def test_monitors_say_the_same_on_one_thread_and_two(
    phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them look after every epoch; one is at least heard of where it has a figure here."""
    if numba.config.NUMBA_NUM_THREADS < 2:  # type: ignore[attr-defined]
        pytest.skip("one core: there is no second thread to compare with")
    monkeypatch.setattr("bmdsl.training.monitors.likelihood.STEPS", 2)
    subject = subject_of("negative", phase, WIDE, LARGE)
    bound = subject.model.bind({"monitor": 1, "validate": 0.2})
    told, before = [], numba.get_num_threads()
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            _, run = trained_by(replace(subject, model=bound))
            told.append([{n: x for n, x in line.items() if n != "seconds"} for line in run.metrics])
    finally:
        numba.set_num_threads(before)
    assert told[0] == told[1]
    figures = {n for line in told[0] for n, x in line.items() if isinstance(x, float)}
    assert len(figures) > 8


@pytest.mark.parametrize("phase", ["pcd", "tempering"])
def test_monitors_say_the_same_after_a_resume(
    phase: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them look after every epoch, before the stop and after it; what they remember goes
    through the checkpoint.
    """
    monkeypatch.setattr("bmdsl.training.monitors.likelihood.STEPS", 2)
    subject = subject_of("negative", phase, FEW)
    block = {"monitor": 1, "validate": 0.25, "batch": 3, "updates": 4 * STOP}
    subject = replace(subject, model=subject.model.bind(block))

    def stop(line: Mapping[str, Any]) -> None:
        if line["update"] == STOP:
            raise KeyboardInterrupt

    def told(run: Any) -> list[dict[str, Any]]:
        return [{n: x for n, x in line.items() if n != "seconds"} for line in run.metrics]

    whole = told(trained_by(subject)[1])
    _, part = trained_by(subject, out=tmp_path, on_progress=stop, metadata={"source": "model m {}"})
    assert part.interrupted and part.updates == STOP  # an epoch's end
    _, rest = trained_by(subject, out=tmp_path, resume=True)
    assert told(rest)[-3:] == whole[-3:] and len(whole) == 4
    figures = {n for line in whole[-3:] for n, x in line.items() if isinstance(x, float)}
    assert len(figures) > 8

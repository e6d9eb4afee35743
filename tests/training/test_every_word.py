"""Every word of a train block, as the registry finds it, does what words of its kind promise.

A new word is tested without an edit here: `tests/training/words.py` says on what.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.language.vocabulary import Word
from bmdsl.training.batch import Batch, Expectation
from bmdsl.training.recipe import Recipe
from tests.training.words import (
    BATCH,
    CASES,
    EVERY,
    FEW,
    LARGE,
    STOP,
    UPDATES,
    WIDE,
    WORDS,
    Arrays,
    Subject,
    subject_of,
    trained_by,
    verify_same_bits,
)

# ---------------------------------------------------------------- every word of a train block


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_resume_after_seven_of_fifteen_updates_is_bit_exact(
    kind: str, name: str, tmp_path: Path
) -> None:
    subject = subject_of(kind, name, FEW)
    assert CASES // BATCH == STOP  # an epoch's end

    def stop(line: Mapping[str, Any]) -> None:
        if line["update"] == STOP:
            raise KeyboardInterrupt

    whole, run = trained_by(subject)
    assert run.updates == UPDATES
    _, part = trained_by(subject, out=tmp_path, on_progress=stop, metadata={"source": "model m {}"})
    assert part.interrupted and part.updates == STOP
    resumed, rest = trained_by(subject, out=tmp_path, resume=True)
    assert rest.updates == UPDATES
    verify_same_bits(resumed, whole)


@pytest.mark.compiled
@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_one_thread_and_two_give_the_same_bits(kind: str, name: str) -> None:
    if numba.config.NUMBA_NUM_THREADS < 2:  # type: ignore[attr-defined]
        pytest.skip("one core: there is no second thread to compare with")
    subject = subject_of(kind, name, WIDE, LARGE)
    results, before = [], numba.get_num_threads()
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            results.append(trained_by(subject)[0])
    finally:
        numba.set_num_threads(before)
    verify_same_bits(*results)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_data_and_fixed_parameters_stay_as_they_are(kind: str, name: str) -> None:
    subject = subject_of(kind, name, FEW)
    text = subject.model.source.text
    first = subject.model.checked.parameters[0].name
    text = text.replace(
        f"param {first} init normal(0, 0.3)", f"param {first} init normal(0, 3) fixed", 1
    )
    held = Subject(bmdsl.parse(text), subject.data)
    before = {n: x.copy() for n, x in held.data.items()}
    start = held.machine().params
    try:
        end, _ = trained_by(held)
    except BmError as refused:  # it says that it works on nothing
        assert "fixed" in str(refused)
        return
    np.testing.assert_array_equal(end[first], start[first])
    assert any(not np.array_equal(end[n], start[n]) for n in start)  # the others are trained
    verify_same_bits(held.data, before)


# ---------------------------------------------------------------- penalties, objectives, optimizers


def _directions(machine: bmdsl.Machine, seed: int) -> Arrays:
    """A random direction in the parameters, within what their modifiers allow."""
    generator, out = np.random.default_rng(seed), {}
    for p in machine.model.parameters:
        x = generator.normal(0, 1, machine.params[p.name].shape)
        out[p.name] = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
    return out


def _moved(machine: bmdsl.Machine, start: Arrays, direction: Arrays, step: float) -> None:
    for name, x in start.items():
        machine.params[name] = x + step * direction[name]


def _slope(
    machine: bmdsl.Machine, direction: Arrays, f: Callable[[], Any], step: float = 1e-5
) -> Any:
    """d f / d ε at θ + ε · direction, by central differences."""
    start = {n: x.copy() for n, x in machine.params.items()}
    values = []
    for sign in (1, -1):
        _moved(machine, start, direction, sign * step)
        values.append(f())
    _moved(machine, start, direction, 0)
    return (values[0] - values[1]) / (2 * step)


def _dot(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> float:
    return float(sum(np.vdot(a[n], b[n]) for n in a))


class Pull:
    """A penalty's share of the gradient as a function of the parameters, all else fixed."""

    def __init__(self, module: ModuleType, subject: Subject) -> None:
        self.module, self.machine = module, subject.machine("float64")
        self.choice = subject.model.checked.training.penalty[0]
        batch = subject.batch(self.machine)
        rows, weights = self.machine.posterior_rows(batch.data)
        self.positive = Expectation(
            rows, weights * np.repeat(batch.weights, len(weights) // batch.size)
        )
        self.state = module.start(self.machine, self.choice) if hasattr(module, "start") else {}

    def at(self, begin: Mapping[str, np.ndarray] | None = None) -> Arrays:
        """What the penalty makes of the gradient `begin` (None: of zeros)."""
        out = {n: np.zeros_like(x) for n, x in self.machine.params.items()}
        for name, x in (begin or {}).items():
            out[name] += x
        if hasattr(self.module, "add_gradient"):
            self.module.add_gradient(self.machine, self.choice, out, self.positive)
        if hasattr(self.module, "follow"):
            own = copy.deepcopy(self.state)
            self.module.follow(self.machine, self.choice, out, own, 0.1)
        return out

    def value(self) -> float:
        return float(self.module.value(self.machine, self.choice, self.state))


@pytest.mark.parametrize("name", WORDS["penalty"])
def test_a_penalty_does_something(name: str) -> None:
    module = WORDS["penalty"][name]
    assert any(hasattr(module, part) for part in ("add_gradient", "follow", "project"))
    pull = Pull(module, subject_of("penalty", name, FEW))
    before = {n: 3 * x for n, x in pull.machine.params.items()}
    for n, x in before.items():
        pull.machine.params[n] = x
    if hasattr(module, "project"):
        module.project(pull.machine, pull.choice)
    moved = any(not np.array_equal(x, before[n]) for n, x in pull.machine.params.items())
    assert moved or any(x.any() for x in pull.at().values())


@pytest.mark.parametrize("name", WORDS["penalty"])
def test_a_penalty_pulls_along_a_potential(name: str) -> None:
    """It adds to the gradient, and what it adds is a derivative: of minus its `value`, if it has
    one.
    """
    pull = Pull(WORDS["penalty"][name], subject_of("penalty", name, FEW))
    added, begin = pull.at(), _directions(pull.machine, 1)
    for n, x in pull.at(begin).items():
        np.testing.assert_allclose(x - begin[n], added[n], atol=1e-12)
    u, w = _directions(pull.machine, 2), _directions(pull.machine, 3)
    one = _slope(pull.machine, u, lambda: _dot(pull.at(), w))
    other = _slope(pull.machine, w, lambda: _dot(pull.at(), u))
    assert one == pytest.approx(other, rel=1e-6, abs=1e-8)
    if hasattr(pull.module, "value"):
        assert _dot(added, u) == pytest.approx(
            -_slope(pull.machine, u, pull.value), rel=1e-6, abs=1e-8
        )


@pytest.mark.parametrize("name", [n for n, m in WORDS["penalty"].items() if hasattr(m, "project")])
def test_a_constraint_holds_after_it_is_put_back(name: str) -> None:
    pull = Pull(WORDS["penalty"][name], subject_of("penalty", name, FEW))
    machine = pull.machine
    pull.module.project(machine, pull.choice)
    once = {n: x.copy() for n, x in machine.params.items()}
    pull.module.project(machine, pull.choice)
    for n, x in machine.params.items():
        np.testing.assert_allclose(x, once[n], atol=1e-14)


def _exact_batch(machine: bmdsl.Machine) -> Batch:
    """All visible states, each with the probability that the machine gives it."""
    size = int(np.prod([int(a) for a in machine.model.group("v").axes]))
    states = np.array(list(itertools.product((0.0, 1.0), repeat=size)))
    p = np.exp(machine.log_likelihood(states))
    assert p.sum() == pytest.approx(1)
    return Batch({"v": states}, p, 3)


@pytest.mark.parametrize("name", WORDS["penalty"])
def test_at_the_models_own_distribution_a_penalty_alone_moves_it(name: str) -> None:
    """The likelihood's gradient is 0 there: what is left is the penalty's."""
    subject = subject_of("penalty", name, FEW)
    pull = Pull(WORDS["penalty"][name], subject)
    batch = _exact_batch(pull.machine)
    rows, weights = pull.machine.posterior_rows(batch.data)
    each = len(weights) // batch.size
    pull.positive = Expectation(rows, weights * np.repeat(batch.weights, each))
    exactly = {"positive": "exact", "negative": "exact", "optimizer": "sgd(rate = 0.1)"}
    training = subject.model.bind(exactly).checked.training
    gradient, _ = Recipe.of(pull.machine, training, batch, UPDATES).gradient(batch)
    for n, x in pull.at().items():
        np.testing.assert_allclose(gradient[n], x, atol=1e-9)


@pytest.mark.parametrize("name", WORDS["objective"])
def test_an_objective_is_stationary_at_the_models_own_distribution(name: str) -> None:
    """At any parameters, or, of one that means stand in for draws in, if units are independent."""
    module, subject = WORDS["objective"][name], subject_of("objective", name, FEW)
    machine, choice = subject.machine("float64"), subject.model.checked.training.objective
    together = {p.parameter for t in machine.model.terms if len(t.units) > 1 for p in t.parameters}
    largest = []
    for coupled in (True, False):
        for n in together if not coupled else ():
            machine.params[n] = np.zeros_like(machine.params[n])
        batch = _exact_batch(machine)
        out = {n: np.zeros_like(x) for n, x in machine.params.items()}
        module.add_gradient(machine, choice, batch, out, 1.0)
        largest.append(max(float(np.abs(x).max()) for x in out.values()))
    assert largest[1] < 1e-10
    apart = Batch(subject.data, np.full(CASES, 1 / CASES), 3)  # other data move it
    out = {n: np.zeros_like(x) for n, x in machine.params.items()}
    module.add_gradient(machine, choice, apart, out, 1.0)
    assert max(float(np.abs(x).max()) for x in out.values()) > 1e-3


def _with_booleans(word: Word) -> list[str]:
    """The word with each setting of its boolean options."""
    names = [o.name for o in word.options if o.kind == "boolean"]
    settings = itertools.product(("false", "true"), repeat=len(names))
    lists = [", ".join(f"{n} = {x}" for n, x in zip(names, s, strict=True)) for s in settings]
    return [f"{word.name}({x})" if x else word.name for x in lists]


@pytest.mark.parametrize("name", WORDS["objective"])
def test_an_objectives_gradient_is_its_derivative(name: str) -> None:
    """With some setting of its options: others may hold a part fixed.

    It is added, times the share.
    """
    module, subject = WORDS["objective"][name], subject_of("objective", name, FEW)
    machine = subject.machine("float64")
    batch, u = subject.batch(machine), _directions(machine, 4)
    fits = []
    for word in _with_booleans(module.WORD):
        choice = subject.model.bind({"objective": word}).checked.training.objective

        def added(share: float, choice: Any = choice) -> tuple[Arrays, float]:
            out = {n: np.zeros_like(x) for n, x in machine.params.items()}
            (figure,) = module.add_gradient(machine, choice, batch, out, share).values()
            return out, float(figure)

        gradient, _ = added(1.0)
        third, _ = added(1 / 3)
        for n, x in gradient.items():
            np.testing.assert_allclose(third[n], x / 3, atol=1e-12)
        slope = _slope(machine, u, lambda added=added: added(1.0)[1])  # type: ignore[misc]
        fits.append(_dot(gradient, u) == pytest.approx(slope, rel=1e-6, abs=1e-8))
    assert any(fits)


@pytest.mark.parametrize("name", WORDS["optimizer"])
def test_an_optimizers_first_step_climbs(name: str) -> None:
    """Each entry moves by its sign, and not at all if gradient or factor are 0; sums are
    as told.
    """
    module, subject = WORDS["optimizer"][name], subject_of("optimizer", name, FEW)
    choice, machine = subject.model.checked.training.optimizer, subject.machine("float64")

    def step(gradient: Arrays, factor: float) -> tuple[Arrays, Arrays, Any]:
        params = {n: x.copy() for n, x in machine.params.items()}
        used = {n: x.copy() for n, x in gradient.items()}
        sums = module.step(params, used, module.start(params, choice), choice, factor)
        return params, used, sums

    gradient = _directions(machine, 5)
    params, used, sums = step(gradient, 0.5)
    for n, x in params.items():
        np.testing.assert_array_equal(np.sign(x - machine.params[n]), np.sign(gradient[n]))
        np.testing.assert_allclose(sums[n], (np.vdot(gradient[n], gradient[n]), np.vdot(x, x)))
        assert not getattr(module, "CLEARS", False) or not used[n].any()
    nothing = {n: np.zeros_like(x) for n, x in gradient.items()}
    for still, _, _ in (step(nothing, 1.0), step(gradient, 0.0)):
        verify_same_bits(still, dict(machine.params))


@pytest.mark.parametrize("name", WORDS["schedule"])
def test_a_schedule_starts_at_the_rate_and_stays_a_share_of_it(name: str) -> None:
    subject = subject_of("schedule", name, FEW)
    choice = subject.model.checked.training.schedule
    factors = [WORDS["schedule"][name].factor(choice, t, 100) for t in range(101)]
    assert factors[0] == pytest.approx(1)
    assert np.isfinite(factors).all() and min(factors) >= 0
    assert factors == [WORDS["schedule"][name].factor(choice, t, 100) for t in range(101)]

"""Every routine that a shipped model has, three ways on the same numbers: compiled, as the text
that `bm emit python` prints run as Python, and op by op by the NumPy meaning of its ops.

Text and ops agree bit for bit. So do they with the compiled routine in states, counts and words of
bits; in float64 other numbers differ by no more than sums in another order do.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl import units
from bmdsl.driver import python_of
from bmdsl.emit.routine import argument_names, emit_routine
from bmdsl.files import folder
from bmdsl.inference.selected_path import path_of
from bmdsl.language.model import Training
from bmdsl.runtime import binding
from bmdsl.schedule import routines
from bmdsl.schedule.values import length
from bmdsl.tasks.emit import emitted, update_of
from bmdsl.training.cases import Cases
from bmdsl.training.compiled import CompiledUpdates
from bmdsl.training.headings import word_text
from bmdsl.training.recipe import Recipe
from tests.stacks.test_joint_trainings_are_reproduced import CASES as JOINT
from tests.training.words import EVERY, FEW, subject_of

from ..printed import statements
from .three_ways import TOLERANCE, ThreeWays, run_as_python

SIZES: dict[str, dict[str, float]] = {
    "bernoulli_mixture": {"D": 5, "K": 3},
    "bm": {"D": 5, "H": 3},
    "class_rbm": {"D": 5, "C": 3, "H": 4},
    "convrbm": {"C": 1, "S": 4, "F": 1, "N": 7},
    "crbm": {"D": 3, "T": 2, "H": 4},
    "dbm": {"D": 5, "H1": 4, "H2": 3},
    "factored": {"D": 5, "E": 4, "F": 3, "H": 4},
    "gated": {"D": 5, "E": 4, "H": 3},
    "gbrbm": {"D": 5, "H": 4},
    "glass": {"n": 8, "degree": 3},
    "hopfield": {"N": 7, "P": 3},
    "imrbm": {"D": 5, "K": 3, "H": 4},
    "ising": {"L": 4},
    "local_rbm": {"S": 6, "R": 2, "T": 2, "M": 3, "K": 2},
    "pot": {"D": 4, "F": 5},
    "potts": {"L": 4, "q": 3},
    "potts_rbm": {"L": 4, "q": 3, "H": 4},
    "pspin": {"n": 7},
    "rbm": {"D": 5, "H": 4},
    "spin_rbm": {"D": 5, "H": 4},
}
NAMES = sorted(p.stem for p in folder("models").glob("*.bm"))
BATCH = 3
CASES, ROWS = 2 * BATCH, 4
CHAINS_AS_BITS = 64
"""Chains from which on units of two values are bits."""
Arrays = dict[str, np.ndarray]


def observed(machine: bmdsl.Machine, rows: int = CASES) -> Arrays:
    """Random values of the kind that the observed units have."""
    rng = np.random.default_rng(4)
    data = {}
    for g in machine.model.groups:
        if g.role == "hidden":
            continue
        shape = (rows, *(int(n) for n in g.axes))
        support = units.get(g.unit).support(*(x for _, x in g.options))
        if g.states is not None:
            data[g.name] = np.eye(int(g.states))[rng.integers(0, int(g.states), shape[:-1])]
        elif support is not None:
            data[g.name] = np.asarray(support, float)[rng.integers(0, len(support), shape)]
        else:
            data[g.name] = rng.normal(size=shape)
    return data


def begun(model: bmdsl.Model, backend: str = "numba", dtype: str = "float64") -> bmdsl.Machine:
    """A machine with random parameters."""
    machine = model.compile(seed=3, dtype=dtype, backend=backend)
    rng = np.random.default_rng(5)
    for p in machine.model.parameters:
        if not p.fixed:
            x = np.abs(rng.normal(0, 0.3, machine.params[p.name].shape))
            machine.params[p.name] = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
    return machine


def shipped(name: str, **sizes: float) -> bmdsl.Model:
    """At a tiny size, trained by small minibatches and few chains."""
    model = bmdsl.load(name, **{**SIZES[name], **sizes})
    negative = model.checked.training.negative
    options = {n: ROWS if n == "chains" else x for n, x in negative.options}
    word = word_text(replace(negative, options=tuple(options.items())))
    return model.bind({"batch": BATCH, "negative": word})


def three_ways(
    model: bmdsl.Model, patched: pytest.MonkeyPatch, dtype: str = "float64"
) -> ThreeWays:
    """From now on every compiled routine of the model's machines goes three ways."""
    text = emitted(model, "python", dtype=dtype)
    finite = {
        g.name: g.states is not None
        or units.get(g.unit).support(*(x for _, x in g.options)) is not None
        for g in model.checked.groups
    }
    tolerance = TOLERANCE if dtype == "float64" else 1e-5
    ways = ThreeWays(run_as_python(text), text, finite, tolerance)
    ways.install(patched)
    return ways


# ------------------------------------------------------------ what a machine is asked


def train(machine: Any, data: Arrays, training: Training) -> None:
    """Two updates by minibatches of one size, then two of which the last one is smaller."""
    batch, cases = training.batch, Cases.of(data, None)
    recipe = Recipe.of(machine, training, cases.probe(machine.dtype), 4)
    for first, count in ((0, 2 * batch), (2, 2 * batch - 1)):
        taken = Cases.of({n: x[:count] for n, x in data.items()}, None)
        updates = CompiledUpdates.of(recipe, machine, taken, batch, {})
        updates.run(taken, np.arange(count), first, np.array([batch, count - batch]))
    parameters = [x for n, x in recipe.arrays().items() if n.startswith("params/")]
    assert parameters and all(np.isfinite(x).all() for x in parameters)


def anneal(machine: bmdsl.Machine, given: Arrays) -> None:
    """Annealed chains there and back."""
    rng = np.random.default_rng(2)
    anchor = {
        n: rng.normal(0, 0.4, machine.program.sizes[n]).astype(machine.dtype) for n in machine.free
    }
    with machine.frozen():
        path = path_of(machine, anchor, ROWS, 10, given)
        path.start()
        path.follow(np.array([0.0, 0.4, 1.0]), 1)
        path.follow(np.array([1.0, 0.4, 0.0]), 3, -1, stay=True)


def with_gaps(machine: bmdsl.Machine, data: Arrays) -> Arrays:
    """The first unit of the first visible group is not seen."""
    name = machine.visible[0]
    flat = machine.program.flat(name, data[name]).astype(float)
    flat[:, : machine.program.states[name]] = np.nan
    return {**data, name: machine.program.shaped(name, flat)}


def asked(machine: bmdsl.Machine, data: Arrays) -> Iterator[Callable[[], object]]:
    """Calls whose work is a routine's, each of which a model may refuse."""
    few = {n: x[:ROWS] for n, x in data.items()}
    flat = {n: machine.program.flat(n, x) for n, x in few.items()}
    given = {n: few[n] for n in machine.given}
    drawn = machine.sample(ROWS, steps=2, clamp=given or None)
    lateral = machine.program.plan.graph.is_lateral
    yield lambda: machine.free_energy(**few)
    for name in machine.free:
        rest = {n: x for n, x in {**given, **drawn}.items() if n != name or lateral(n)}
        yield lambda name=name, rest=rest: machine.conditional(name, **rest)  # type: ignore[misc]
    yield lambda: machine.posterior(**few)
    for damping in (0.0, 0.1):
        yield lambda damping=damping: machine.mean_field(flat, 9, 1e-6, damping)  # type: ignore[misc]
    yield lambda: machine.impute(with_gaps(machine, few), steps=2)
    yield lambda: anneal(machine, {n: flat[n] for n in given})
    ladder = {"draws": 1, "thin": 2, "burn_in": 1, "beta": [0.5, 1.0]}
    two = {n: x[:2] for n, x in given.items()}
    yield lambda: machine.observe("energy", n=2, clamp=two or None, **ladder)
    for layout in ("auto", "numbers", "stencil"):
        for n in (1, ROWS):
            held = {g: x[:n] for g, x in given.items()}
            yield lambda layout=layout, n=n, held=held: drawn_in(machine, layout, n, held)  # type: ignore[misc]
    if machine.program.plan.all_listed:  # lattices and graphs, whose chains may be bits
        yield lambda: drawn_in(machine, "auto", CHAINS_AS_BITS, {})
        yield lambda: machine.observe("energy", n=CHAINS_AS_BITS, **ladder)


def drawn_in(machine: bmdsl.Machine, layout: str, n: int, given: Arrays) -> None:
    """Chains in a layout, and sums over their units."""
    machine.layout = layout
    with suppress(bmdsl.BmError):
        machine.sample(n, steps=2, clamp=given or None)
        machine.observe("magnetization", n=n, draws=1, burn_in=0, clamp=given or None)
    machine.layout = "auto"


def ask(machine: bmdsl.Machine, data: Arrays) -> None:
    """All of it."""
    for call in asked(machine, data):
        with suppress(bmdsl.BmError):
            call()


def carry_out_update(model: bmdsl.Model, data: Arrays) -> None:
    """One update of a model without parameters, which is printed though no training runs it."""
    program, composed = begun(model).program, update_of(model)
    arrays: Arrays = {}
    for v in composed.schedule.values:
        if v.source[:1] == ("data",):
            arrays[v.name] = program.flat(v.source[1], data[v.source[1]])[None]
            continue
        shape = tuple(length(n, CASES) for n in v.shape)
        found = binding.bound_array(v, shape, program, {}, composed.constants, arrays)
        arrays[v.name] = np.zeros(shape, binding.dtype_of(v, program)) if found is None else found
    numbers = {"seed": 3, "each": 1 / CASES, "rate": np.array([0.1])}
    numbers |= binding.length_numbers(program, composed.lengths)
    routine = binding.compiled_routine(composed.schedule, program.module, program.dtype)
    names = argument_names(composed.schedule)
    routine(0, 1, numbers, dict(zip(names, arrays.values(), strict=True)))


# ------------------------------------------------------------ every routine


@pytest.mark.parametrize("name", NAMES)
def test_a_routine_of_a_shipped_model_is_its_text_and_its_ops(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whatever is printed of the model is carried out here word for word."""
    model = shipped(name)
    ways = three_ways(model, monkeypatch)
    machine = begun(model)
    data = observed(machine)
    if machine.params:
        train(machine, data, machine.model.training)
    else:
        carry_out_update(model, data)
    ask(begun(model), data)
    _, *printed = re.split(r"^# -- routine: \w+ --\n\n\n", ways.text, flags=re.M)
    assert len(printed) > 1
    ran = [statements(x) for x in ways.called]
    assert [x for x in printed if not any(statements(x) <= y for y in ran)] == []


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_an_update_of_a_word_is_its_text_and_its_ops(
    kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = subject_of(kind, name, FEW)
    text = python_of(subject.model.checked, dtype="float64")
    ways = ThreeWays(run_as_python(text), text, dict.fromkeys("vhg", True))
    ways.install(monkeypatch)
    train(subject.machine("float64"), subject.data, subject.model.checked.training)
    assert emit_routine(update_of(subject.model).schedule) in ways.called


@pytest.mark.parametrize("name", ["two_dense_layers", "convolved_through"])
def test_an_update_of_a_stack_is_its_text_and_its_ops(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = JOINT[name]
    machine, data, training = case.machine("numba")
    text = python_of(machine.model, dtype="float64")
    ways = ThreeWays(run_as_python(text), text, {})
    ways.install(monkeypatch)
    train(machine, data, replace(training, batch=BATCH))
    assert {x.name for x in ways.called.values()} == {"update"}


def test_every_routine_that_can_be_composed_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of `schedule/routines` that composes a routine says so in its summary.

    Chains in words whose fields are numbers have these in single precision.
    """
    called = set()
    models = (shipped("rbm"), "float64"), (shipped("ising"), "float64")
    for model, dtype in (*models, (shipped("glass", n=16), "float32")):
        with monkeypatch.context() as patched:
            ways = three_ways(model, patched, dtype)
            machine = begun(model, dtype=dtype)
            ask(machine, observed(machine))
            called |= {x.summary for x in ways.called.values()}
    wanted = set(summaries())
    assert len(wanted) > 12
    assert {x for x in wanted if not any(y.startswith(x) for y in called)} == set()


def summaries() -> Iterator[str]:
    """What routines say of themselves, up to the first word that is a model's."""
    for file in Path(routines.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Builder":
                said = node.args[2]
                first = said.values[0] if isinstance(said, ast.JoinedStr) else said
                yield ast.literal_eval(first)


# ------------------------------------------------------------ both backends


def answers(name: str, backend: str) -> dict[str, np.ndarray]:
    """Chains after three sweeps, each group's means given the rest of them, free energies of cases;
    the code of a diagnostic in place of what the model does not have.
    """
    machine = begun(shipped(name), backend)
    data = observed(machine, 23)
    given = {n: data[n] for n in machine.given}
    asked = {"free energy": lambda: machine.free_energy(**data)}
    drawn = machine.sample(23, steps=3, clamp=given or None)
    for g in machine.model.groups:
        rest = {n: x for n, x in (given | drawn).items() if n != g.name}
        own = {g.name: drawn[g.name]} if machine.program.plan.graph.is_lateral(g.name) else {}
        if g.role != "given":
            asked[g.name] = functools.partial(machine.conditional, g.name, **rest, **own)
    out = {f"chains of {n}": np.asarray(x, float) for n, x in drawn.items()}
    for what, ask in asked.items():
        try:
            out[what] = np.asarray(ask())
        except bmdsl.BmError as error:
            out[what] = np.array(int(error.diagnostics[0].code.removeprefix("BM")))
    return out


@pytest.mark.parametrize("name", NAMES)
def test_what_a_machine_answers_is_the_same_compiled_or_not(name: str) -> None:
    plain, compiled = answers(name, "reference"), answers(name, "numba")
    assert plain.keys() == compiled.keys()
    for what, x in compiled.items():
        np.testing.assert_allclose(plain[what], x, rtol=1e-10, atol=1e-12, err_msg=what)

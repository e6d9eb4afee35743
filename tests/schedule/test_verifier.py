"""The verifier finds faults that are planted into the ops of an update, whatever the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.schedule.builder import NotScheduled
from bmdsl.schedule.ops import KINDS, Access, Node, Op, Repeat, Until
from bmdsl.schedule.schedule import Schedule
from bmdsl.schedule.values import Content, Life, Number, Value, base
from bmdsl.schedule.verifier import FIELDS, ROWS, verify
from bmdsl.tasks.emit import update_of
from bmdsl.training.composing import Composed, terms_with_parameters

MODELS = sorted(p.stem for p in (Path(bmdsl.__file__).parents[1] / "models").glob("*.bm"))
SIZES = {"D": 6, "H": 4, "H1": 4, "H2": 3, "K": 3, "L": 5, "N": 6, "F": 3}
Change = Callable[[Op], list[Op] | None]
OTHER = {"forward": "backward", "backward": "forward"}


def composed(name: str) -> tuple[bmdsl.Model, Composed]:
    """The update of a shipped model at a small size; one that is not composed of ops is
    left out.
    """
    model = bmdsl.load(name)
    model = model.bind(**{a: SIZES.get(a, 4) for a in model.checked.unbound})
    try:
        return model, update_of(model, passes=())
    except NotScheduled as reason:
        pytest.skip(f"{name}: {reason}")


def judged(model: bmdsl.Model, made: Composed, schedule: Schedule) -> None:
    phases = [p for p in (made.positive, made.negative) if p is not None]
    verify(schedule, phases, terms_with_parameters(model.plan))


def changed(schedule: Schedule, change: Change) -> Iterator[Schedule]:
    """The schedule with the change made at one place, for every place that it can be made at."""

    def bodies(body: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
        for k, node in enumerate(body):
            if isinstance(node, Op):
                found = change(node)
                if found is not None:
                    yield (*body[:k], *found, *body[k + 1 :])
            elif isinstance(node, Repeat | Until):
                for inner in bodies(node.body):
                    yield (*body[:k], replace(node, body=inner), *body[k + 1 :])

    for body in bodies(schedule.body):
        yield replace(schedule, body=body)


def turned(op: Op) -> list[Op] | None:
    """A product with the matrix turned; one within a group is symmetric."""
    matrices = [
        base(x)
        for x in op.operands
        if not isinstance(x, Number) and base(x).content is Content.MATRIX
    ]
    if any(len(set(x.labels)) == 1 for x in matrices):
        return None
    for word, other in OTHER.items():
        if op.kind.name.startswith(f"add_{word}"):
            return [replace(op, kind=KINDS[op.kind.name.replace(word, other, 1)])]
    return None


def exchanged(op: Op) -> list[Op] | None:
    """Two arrays of one op in each other's place: the first two parameters or gradients of a
    function of the model, the first two parts of an incidence, a parameter and its gradient.
    """
    steps = op.kind.arguments[0][0] == "theta"
    places = [
        k
        for k, ((name, _), x) in enumerate(zip(op.kind.arguments, op.operands, strict=True))
        if not isinstance(x, Number)
        and (base(x).source[:1] == ("incidence",) or " " in name or (steps and k < 2))
    ]
    for i, j in combinations(places, 2):
        one, other = op.kind.arguments[i][1], op.kind.arguments[j][1]
        if (one.axes, one.number) == (other.axes, other.number):
            operands = list(op.operands)
            operands[i], operands[j] = op.operands[j], op.operands[i]
            return [replace(op, operands=tuple(operands))]
    return None


def left_out(op: Op) -> list[Op] | None:
    """A moment that does not come to its gradient."""
    if not op.kind.is_moment or op.kind.name.startswith("step_"):
        return None
    moving = any(v.content is Content.GRADIENT for v in op.used(Access.WRITE, Access.UPDATE))
    read = {v.content for v in op.used(Access.READ)}
    return [] if moving and read & {*ROWS} and Content.GRADIENT not in read else None


def unwritten(op: Op) -> list[Op] | None:
    """A field without the ops that set it."""
    return [] if op.kind.name == "set_rows" else None


def repeated(op: Op) -> list[Op] | None:
    """A draw made twice from one stream."""
    return [op, op] if "stream" in dict(op.kind.arguments) else None


def stale(op: Op) -> list[Op] | None:
    """States that a field was made from are changed before the field is used."""
    makes = {v.content for v in op.used(Access.WRITE, Access.UPDATE)}
    if not makes & {*FIELDS} or makes & {Content.STATES, Content.MEANS}:
        return None
    for x in op.operands:
        whole = isinstance(x, Value) and x.life is not Life.GIVEN and (x.axes, x.number) == (2, "F")
        if whole and base(x).content in (Content.STATES, Content.MEANS):
            return [op, Op(KINDS["rescale"], (x, Number("2.0")))]
    return None


FAULTS = {
    "a turned matrix": turned,
    "exchanged arrays": exchanged,
    "a missing moment": left_out,
    "a field that is not set": unwritten,
    "a doubled stream": repeated,
    "a stale field": stale,
}
INSIDE = "a draw unit after unit keeps its fields up to date by itself"
NOWHERE = {
    "a turned matrix": {
        "couplings are written out one by one": ("ising", "pspin", "local_rbm"),
        "a matrix within a group is symmetric": ("glass", "hopfield", "potts"),
        "a convolution has no matrix": ("convrbm",),
    },
    "a missing moment": {
        "nothing is trained": ("ising", "hopfield"),
        "an objective has no phases whose moments are known": ("convrbm",),
    },
    "a field that is not set": {INSIDE: ("glass", "ising", "pspin")},
    "a doubled stream": {"nothing is drawn": ("bernoulli_mixture", "convrbm")},
    "a stale field": {
        INSIDE: ("glass", "ising", "pspin", "potts"),
        "no field is made of states that can change": ("bernoulli_mixture",),
    },
}
"""Fault → why it has no place in the updates of some models."""


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", MODELS)
def test_a_planted_fault_is_found(name: str, fault: str) -> None:
    """Every model has a place for every fault, but where NOWHERE says why not."""
    model, made = composed(name)
    judged(model, made, made.schedule)
    planted = tuple(changed(made.schedule, FAULTS[fault]))
    if any(name in names for names in NOWHERE.get(fault, {}).values()):
        assert fault == "a missing moment" or not planted
        return
    assert planted
    for k, schedule in enumerate(planted):
        if k and (name, fault) == ("potts", "a field that is not set"):
            break  # a draw by code leaves a field as it was set: no fault, if it is set once
        with pytest.raises(BmError, match="BM887"):
            judged(model, made, schedule)


def test_an_array_that_is_only_given_is_not_written_to() -> None:
    model, made = composed("rbm")
    data: Any = made.schedule.value("v")
    body = (*made.schedule.body, Op(KINDS["rescale"], (data, Number("2.0"))))
    with pytest.raises(BmError, match="only given"):
        judged(model, made, replace(made.schedule, body=body))

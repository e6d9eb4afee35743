"""Passes leave what a routine computes as it is, and do what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.schedule.builder import NotScheduled
from bmdsl.schedule.ops import Node, Op, walk
from bmdsl.schedule.passes import PASSES, Pass
from bmdsl.schedule.values import Life
from bmdsl.schedule.verifier import verify
from bmdsl.tasks.emit import update_of
from bmdsl.training import composing

MODELS = sorted(p.stem for p in (Path(bmdsl.__file__).parents[1] / "models").glob("*.bm"))
TEXT = """model m { visible v[6] : binary  hidden h[4] : binary  param W init normal(0, 0.3)
  param b init normal(0, 0.3)  param c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  train { positive exact  negative NEGATIVE  optimizer sgd(rate = 0.1, momentum = 0.5)  center on
  batch 7 } }"""


def calls(model: bmdsl.Model, passes: tuple[Pass, ...]) -> list[str]:
    return [op.call() for op in walk(update_of(model, passes).schedule.body)]


def trained(
    text: str, passes: tuple[Pass, ...], monkeypatch: pytest.MonkeyPatch
) -> dict[str, np.ndarray]:
    with monkeypatch.context() as patch:
        patch.setattr(composing.schedule_of, "__defaults__", (passes,))
        machine = bmdsl.parse(text).compile(seed=3, dtype="float64")
        machine.train(
            (np.random.default_rng(0).random((20, 6)) < 0.4).astype(float),
            updates=9,
            progress=False,
        )
    return {n: x.copy() for n, x in machine.params.items()}


@pytest.mark.parametrize("negative", ["cd(steps = 2)", "pcd(steps = 2, chains = 5)"])
@pytest.mark.parametrize("left_out", [p.name for p in PASSES])
def test_a_training_without_a_pass_is_the_training(
    negative: str, left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = TEXT.replace("NEGATIVE", negative)
    with_all = trained(text, PASSES, monkeypatch)
    without = trained(text, tuple(p for p in PASSES if p.name != left_out), monkeypatch)
    for name, x in with_all.items():
        np.testing.assert_allclose(without[name], x, rtol=0, atol=1e-13)


def test_a_copy_that_is_written_over_is_dropped() -> None:
    model = bmdsl.parse(TEXT.replace("NEGATIVE", "cd(steps = 1)"))
    before, after = calls(model, ()), calls(model, PASSES[:1])
    assert [x for x in before if x not in after] == ["copy(v, v_model)"]


def test_a_bias_and_its_product_become_one_op() -> None:
    model = bmdsl.parse(TEXT.replace("NEGATIVE", "cd(steps = 1)"))
    after = calls(model, PASSES[1:])
    assert not any(x.startswith("set_rows") for x in after)
    assert sum(x.startswith("set_forward_of_states") for x in after) == 2


@pytest.mark.parametrize("name", MODELS)
def test_passes_make_no_routine_longer_but_for_layouts(name: str) -> None:
    """The verifier has looked at what each of them made."""
    model = bmdsl.load(name)
    model = model.bind(**{a: 4 for a in model.checked.unbound})
    try:
        before = calls(model, ())
    except NotScheduled as reason:
        pytest.skip(str(reason))
    after = [x for x in calls(model, PASSES) if not x.startswith("lay_")]
    assert len(after) <= len(before)


WIDE = TEXT.replace("v[6]", "v[130]").replace("h[4]", "h[140]")


def test_a_parameter_is_laid_out_before_the_first_of_several_products() -> None:
    model = bmdsl.parse(WIDE.replace("NEGATIVE", "pcd(steps = 3, chains = 70)"))
    schedule = update_of(model, PASSES).schedule
    text = str(schedule)
    (lay_columns,) = (k for k, x in enumerate(text.splitlines()) if "lay_columns(" in x)
    (lay_rows,) = (k for k, x in enumerate(text.splitlines()) if "lay_rows(" in x)
    users = [k for k, x in enumerate(text.splitlines()) if "_laid(" in x]
    loop = next(k for k, x in enumerate(text.splitlines()) if "repeat" in x)
    assert lay_columns < users[0] and lay_columns < lay_rows < loop < users[-1]
    products = [x for x in calls(model, PASSES) if "_forward_" in x or "_backward_" in x]
    assert products and all("_laid" in x for x in products)


def test_what_is_read_once_is_not_laid_out() -> None:
    model = bmdsl.parse(WIDE.replace("NEGATIVE", "cd(steps = 1)"))
    text = str(update_of(model, PASSES).schedule)
    assert text.count("lay_columns(") == 1 and "lay_rows" not in text


def test_a_stale_layout_is_found() -> None:
    model = bmdsl.parse(WIDE.replace("NEGATIVE", "cd(steps = 1)"))
    schedule = update_of(model, PASSES).schedule
    step = next(op for op in walk(schedule.body) if op.call().startswith("step_sgd(W,"))
    place = next(
        k for k, op in enumerate(schedule.body) if isinstance(op, Op) and op.kind.name[:4] == "lay_"
    )
    body = (*schedule.body[: place + 1], step, *schedule.body[place + 1 :])
    with pytest.raises(BmError, match="a layout made from `W` before that changed"):
        verify(replace(schedule, body=body))


def test_a_layout_of_another_parameter_is_found() -> None:
    model = bmdsl.parse(WIDE.replace("NEGATIVE", "cd(steps = 1)"))
    schedule = update_of(model, PASSES).schedule
    other = replace(schedule.value("W"), name="U", life=Life.GIVEN)

    def swapped(node: Node) -> Node:
        if not isinstance(node, Op) or node.kind.name != "lay_columns":
            return node
        return replace(node, operands=(other, *node.operands[1:]))

    changed = replace(
        schedule,
        values=(*schedule.values, other),
        body=tuple(swapped(x) for x in schedule.body),
    )
    with pytest.raises(BmError, match="laid out from another parameter"):
        verify(changed)

"""Passes leave what a routine computes as it is, and do what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.schedule.builder import NotScheduled
from bmdsl.schedule.ops import walk
from bmdsl.schedule.passes import PASSES, Pass
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
def test_passes_make_no_routine_longer(name: str) -> None:
    """The verifier has looked at what each of them made."""
    model = bmdsl.load(name)
    model = model.bind(**{a: 4 for a in model.checked.unbound})
    try:
        before = calls(model, ())
    except NotScheduled as reason:
        pytest.skip(str(reason))
    assert len(calls(model, PASSES)) <= len(before)

"""Lines of a model's text beside the calls of its printed routines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

import bmdsl
from bmdsl.emit.routine import emit_routine
from bmdsl.schedule.ops import Heading, Op
from bmdsl.schedule.schedule import Schedule
from bmdsl.tasks.emit import calls_of, emitted, emitted_stack, update_of
from bmdsl.tasks.source_lines import origin_of
from tests.training.test_every_monitor import SHIPPED

RBM = """model m {
  visible v[6] : binary
  hidden h[4] : binary
  param W, b, c
  energy = - b[i] v[i]
           - c[j] h[j]
  energy = - W[i,j] v[i] h[j]
  train {
    positive exact
    negative cd(steps = 1)
    penalty l2(W, 0.1)
    optimizer sgd(rate = 0.1)
  }
}
"""


def _update(text: str) -> list[tuple[str, str]]:
    """The calls of the update with the lines that they are said to come from, headings as `#`."""
    routine = emitted(bmdsl.parse(text), "python").split("# -- routine: update --")[1]
    routine = routine.split("# -- routine: ")[0]
    out, above = [], ""
    for line in routine.split("for t in range(last - first):")[1].splitlines():
        told = re.search(r"\((line[^()]*|[^()]*\.bm:\d+)\)$", line)
        text = line.strip()
        if text.startswith("#"):
            above = told[1] if told else ""
            if ":" in text:
                out.append((text.split(":")[0], above))
        elif found := re.match(r"(\w+)\(", text):
            out.append((found[1], told[1] if told else above))
            above = ""
    return out


def test_every_call_names_the_lines_of_its_terms_units_and_words() -> None:
    lines = _update(RBM)
    assert ("# positive phase", "line 9") in lines and ("# negative phase", "line 10") in lines
    assert ("# penalty", "line 11") in lines and ("# step", "line 12") in lines
    assert ("set_forward_of_states", "lines 6, 7") in lines  # eta_h = c + v W
    assert ("set_backward_of_states", "lines 5, 7") in lines
    assert ("draw_v", "line 2") in lines and ("mean_h", "line 3") in lines
    assert ("add_moment_of_states", "line 7") in lines


def test_parameters_inside_a_function_are_those_of_its_term() -> None:
    text = """model m {
      visible v[5] : binary  param W[5,3]  param c[3]
      energy = - sum[j] softplus(c[j] + W[i,j] v[i])
    }"""
    assert {told for name, told in _update(text) if told.startswith("line")} == {"line 2", "line 3"}


def test_lines_of_another_file_have_its_name(tmp_path: Path) -> None:
    layer = "model {}(D, H = 3) {{\n  visible v[D] : binary  hidden h[H] : binary\n  param W\n"
    layer += "  energy = - W[i,j] v[i] h[j]\n}}\n"
    (tmp_path / "part.bm").write_text(f"\n\n{layer.format('part')}")
    whole = tmp_path / "whole.bm"
    whole.write_text(
        f'import "part.bm"\n{layer.format("low")}stack both {{ one : low(D = 6)'
        "  other : low on one.h  two : part on other.h"
        "  train { jointly  batch 10  epochs 1 } }\n"
    )
    text = emitted_stack(bmdsl.load_stack(whole), "python")
    assert "(line 5)" in text and re.search(r"part\.bm:6\)", text)


def _origins(model: bmdsl.Model, schedule: Schedule) -> list[tuple[Op, str]]:
    """The calls of a routine with what is said beside them."""
    out, origin = [], origin_of(model.plan, schedule)

    def told(node: Heading | Op, above: Sequence[Heading]) -> str:
        if isinstance(node, Op):
            out.append((node, origin(node, above)))
        return origin(node, above)

    emit_routine(schedule, origin=told)
    return out


def test_terms_that_sugar_writes_out_are_of_its_line() -> None:
    layers = "model m { visible v[6] : binary  hidden h[4] : binary\n\n  layers v -- h\n}"
    model = bmdsl.parse(layers)
    origins = {lines for _, lines in _origins(model, update_of(model).schedule)}
    assert origins == {"line 1", "line 3", ""}  # the default step is not written


@pytest.mark.parametrize("name", SHIPPED)
def test_every_call_of_every_routine_of_a_shipped_model_names_its_lines(name: str) -> None:
    model = bmdsl.load(name, **SHIPPED[name])
    length = model.source.text.count("\n")
    for schedule in (update_of(model).schedule, *calls_of(model)):
        told = _origins(model, schedule)
        assert told and [op.call() for op, lines in told if not lines] == []
        named = [int(n) for _, lines in told for n in re.findall(r"\d+", lines.split(":")[-1])]
        assert 2 <= min(named) and max(named) <= length


CENTRED = """model m {
  visible v[6] : binary
  hidden h[4] : binary
  hidden z : categorical(3)
  param W init normal(0, 0.1) nonnegative
  param U init normal(0, 0.1) symmetric
  param b, c, d
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  energy = - U[i,k] v[i] v[k] for i < k - d[k] z[k]
  train {
    positive meanfield
    temperature z = 2
    negative fpcd(chains = 4)
    penalty l2(U, 0.1),
      maxnorm(W, 2)
    optimizer adam(rate = 0.1)
  }
}
"""


def test_words_after_the_phases_name_their_own_lines() -> None:
    model = bmdsl.parse(CENTRED)
    told = [(op.call(), lines) for op, lines in _origins(model, update_of(model).schedule)]

    def of(start: str) -> set[str]:
        return {lines for call, lines in told if call.startswith(start)}

    assert of("step_adam") == {"line 16"} and of("count_up") == {"line 16"}
    assert of("add_scaled(U") == {"line 14"} and of("clip_columns(W") == {"line 15"}
    assert of("tie_sides") == of("make_symmetric") == {"line 6"} and of("clip_below") == {"line 5"}
    assert of("rescale(fast_") == {"line 13"} and of("judge") == {"line 11"}
    assert of("divide(eta_z") == {"line 12"} and of("add_weighted_sum") == {"line 4"}


def test_the_update_of_an_rbm_is_about_25_calls_with_their_formulas_and_lines() -> None:
    """What a newcomer reads: contrastive divergence and a step, in the order of the text."""
    model = bmdsl.load("rbm", D=6, H=4)
    told = _origins(model, update_of(model).schedule)
    assert len(told) <= 25 and all(op.note for op, _ in told)
    text = model.source.text.splitlines()
    (line,) = {lines for op, lines in told if op.kind.name in ("follow_middle", "mark", "centre")}
    assert "center" in text[int(line.removeprefix("line ")) - 1]

"""Lines of a model's text beside the calls of its printed routines."""

from __future__ import annotations

import re
from pathlib import Path

import bmdsl
from bmdsl.tasks.emit import emitted, emitted_stack

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

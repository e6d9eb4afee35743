"""What a notebook shows of models, machines and what they give."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest

import bmdsl
from bmdsl import registry
from bmdsl.api import Machine
from bmdsl.data.table import Table, of_columns
from bmdsl.inference.importance import LogPartition, Side
from bmdsl.inference.observing import Trace
from bmdsl.training.outcome import Run

TEXT = """model tiny(D, H = 3) {
  visible v[D] : binary
  hidden  h[H] : binary
  layers v -- h
}"""
CASES = (np.random.default_rng(0).random((30, 4)) < 0.4).astype(float)
VOID = {"meta", "br", "img", "path", "use"}


class Balanced(HTMLParser):
    """Fails where an element is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str | None) -> str:
    """The text of balanced HTML."""
    assert html is not None
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    return parser.text


@pytest.fixture(scope="module")
def trained() -> tuple[Machine, Run]:
    machine = bmdsl.parse(TEXT, D=4).compile(backend="reference")
    return machine, machine.train(CASES, epochs=4, batch=10, progress=False)


def test_a_model_shows_its_text_in_colours_and_its_graph():
    html = bmdsl.parse(TEXT, D=4)._repr_html_()
    text = read(html)
    assert "Model tiny" in text and "visible" in text and "D = 4" in text
    assert html is not None and "<svg" in html and "color: #" in html


def test_a_plan_and_a_graph_show_blocks_and_drawing():
    model = bmdsl.parse(TEXT, D=4)
    assert "all units at once, given h" in read(model.plan._repr_html_())
    assert "Factor graph of tiny" in read(model.graph._repr_html_())


def test_a_machine_shows_the_numbers_of_its_parameters(trained: tuple[Machine, Run]):
    machine = trained[0]
    machine.params["b_v"] = np.full(4, 0.625)
    text = read(machine._repr_html_())
    assert "Machine of tiny" in text and "4 × 3" in text and "0.625" in text


def test_a_run_shows_health_and_curves(trained: tuple[Machine, Run]):
    html = trained[1]._repr_html_()
    text = read(html)
    assert "4 epochs, 12 updates, done" in text and "reconstruction error" in text
    assert html is not None
    panels = html.split("<svg")[1:]
    assert panels
    for one in panels:
        ET.fromstring("<svg" + one[: one.index("</svg>")] + "</svg>")


def test_images_of_a_run_are_drawn_where_cases_are_images():
    machine = bmdsl.parse(TEXT, D=4).compile(backend="reference")
    run = machine.train(CASES.reshape(30, 2, 2), epochs=1, progress=False)
    assert "data:image/png;base64," in str(run._repr_html_()) or not run.images


def test_a_trace_and_an_estimate_show_errors():
    x = np.random.default_rng(1).normal(size=(3, 20))
    assert "R̂" in read(Trace({"energy": x}, {}, 2)._repr_html_())
    betas = np.linspace(0, 1, 11)
    found = LogPartition(Side(4.25, 0.125, 9.0), Side(4.5, 0.25, 8.0), 1.0, betas, 10)
    text = read(found._repr_html_())
    assert f"{found.value:.2f} ± {found.std_error:.2f}" in text and "reverse AIS" in text


def test_a_table_shows_its_first_rows_and_columns() -> None:
    made = of_columns({f"c{k}": [k + 0.5, 2, None] * 5 for k in range(25)}, "the table")
    text = read(made._repr_html_())
    assert "15 rows, 25 columns" in text and "c19" in text and "c20" not in text and "..." in text
    assert text.count("19.5") == 4  # of ten rows


def test_every_representation_is_of_a_class_that_is_shown():
    """A module whose class was renamed would never be used."""
    from bmdsl.graph.factor_graph import FactorGraph
    from bmdsl.inference.conditional_partition import LogPartitions
    from bmdsl.plan.plan import Plan
    from bmdsl.stacks.stack_machine import StackMachine

    kinds = [FactorGraph, LogPartition, LogPartitions, Trace, Plan, StackMachine, Run]
    kinds += [bmdsl.Model, bmdsl.Machine, Table]
    assert {k.__name__ for k in kinds} == set(registry.discover(registry.REPRESENTATIONS))
    assert all(issubclass(k, registry.Shown) for k in kinds)


def test_an_explanation_is_text_latex_and_markdown():
    explanation = bmdsl.parse(TEXT).explain()
    assert str(explanation).startswith("Energy\n") and "Gibbs blocks" in repr(explanation)
    assert r"\subsection*{Energy}" in explanation.latex
    made = explanation._repr_markdown_()
    assert made.count("$$") % 2 == 0 and r"\begin{aligned}" in made
    assert made.count("{") - made.count(r"\{") == made.count("}") - made.count(r"\}")


def test_words_of_a_derivation_are_no_markdown():
    made = bmdsl.parse(TEXT.replace("h[", "h_1[").replace("-- h", "-- h_1")).explain().markdown
    assert r"field of h\_1 (binary):" in made

"""What is explained is what runs: every equation that `bm explain` prints is evaluated and held
against the machine.
"""

from __future__ import annotations

import warnings
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl import units
from bmdsl.files import find_model
from bmdsl.language.diagnostics import BmError
from bmdsl.language.model import Subscript
from bmdsl.plan.plan import Plan
from bmdsl.report import derivation
from bmdsl.report.derivation import expression as x
from bmdsl.report.derivation.text import Text
from bmdsl.units.unit_files import register_file
from tests.cli.test_own_units import UNIT
from tests.report.equations import Held
from tests.report.explained_models import KINDS, SHIPPED, machine_of, texts

few = settings(
    max_examples=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)


def test_every_shipped_model_is_evaluated():
    assert {p.stem for p in find_model("rbm").parent.glob("*.bm")} == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_equations_of_a_shipped_model_hold(name: str):
    held = Held(machine_of(bmdsl.load(name, **SHIPPED[name]), 3), 1)
    checked = held.run()
    assert all(checked[type(e.left).__name__] for e in held.equations)


@pytest.mark.parametrize("kind", KINDS)
def test_the_equations_of_a_kind_hold(kind: str):
    held = Held(machine_of(bmdsl.parse(f"model m{KINDS[kind]}"), 5), 2)
    checked = held.run()
    assert all(checked[type(e.left).__name__] for e in held.equations)


@given(texts(), st.integers(0, 1000))
@few
def test_the_equations_of_random_models_hold(text: str, seed: int):
    try:
        machine = machine_of(bmdsl.parse(text), seed, 0.3)
        Held(machine, seed).run()
    except BmError:
        assume(False)


# ---------------------------------------------------------------- unit types

ARGUMENTS = {"binomial": "(3)", "multinary": "(2, gain = 0.5)", "categorical": "(3)"}
BUILT_IN = tuple(n for n in units.names() if units.get(n).__module__.startswith("bmdsl.units."))


def of_type(name: str, roles: tuple[str, str]) -> str:
    """A model of two groups, one of this type."""
    unit = units.get(name)
    axes = "[i,a]" if unit.states or unit.components else "[i]"
    return (
        f"model m {{ {roles[0]} v[2] : {name}{ARGUMENTS.get(name, '')}  {roles[1]} h[2] : binary"
        "  param W, b, c"
        f"  energy = - W{axes[:-1]},j] v{axes} h[j] - b{axes} v{axes} - c[j] h[j] }}"
    )


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize(
    "roles", [("visible", "hidden"), ("hidden", "visible")], ids=["visible", "hidden"]
)
def test_the_equations_of_a_unit_type_hold(name: str, roles: tuple[str, str]):
    Held(machine_of(bmdsl.parse(of_type(name, roles)), 1, 0.2), 2).run()


@pytest.mark.parametrize(
    "formulas",
    ["", r'formulas = {"mean": "\\sigma(\\eta)", "density": "exp(what)"}'],
    ids=["none", "unreadable"],
)
@pytest.mark.parametrize(
    "roles", [("visible", "hidden"), ("hidden", "visible")], ids=["visible", "hidden"]
)
def test_a_type_of_ones_own_is_explained_by_its_names(
    formulas: str, roles: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(units, "_registry", dict(units._registry))
    (tmp_path / "mine.py").write_text(
        UNIT.replace("    @staticmethod", f"    {formulas}\n    @staticmethod", 1), encoding="utf-8"
    )
    register_file(tmp_path / "mine.py")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        machine = machine_of(bmdsl.parse(of_type("lopsided", roles)), 1, 0.2)
        Held(machine, 2).run()
        text = derivation.as_text(machine.program.plan)
    assert "mean ⟨ v[i] ⟩ = mean_v(η_v[i])" in text
    assert any("BM895" in str(w.message) for w in caught) == bool(formulas)


def test_a_type_whose_state_is_a_vector_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(units, "_registry", dict(units._registry))
    page = (Path(bmdsl.__file__).parents[1] / "docs" / "new-unit.md").read_text(encoding="utf-8")
    (tmp_path / "angles.py").write_text(
        page.split("# angles.py\n")[1].split("```")[0], encoding="utf-8"
    )
    register_file(tmp_path / "angles.py")
    for roles in (("visible", "hidden"), ("hidden", "visible")):
        Held(machine_of(bmdsl.parse(of_type("von_mises", roles)), 1, 0.2), 2).run()


# ---------------------------------------------------------------- what is printed


@cache
def plans() -> list[Plan]:
    """Every shipped model with its lengths open and bound, and every kind."""
    shipped = [bmdsl.load(n, **a).plan for n in SHIPPED for a in ({}, SHIPPED[n])]
    return [*shipped, *(bmdsl.parse(f"model m{t}").plan for t in KINDS.values())]


def test_nothing_is_printed_that_is_no_tree():
    """Lines are words, then one equation; words hold no formula but the three remarks' signs."""
    allowed = (
        "where ⟨ · ⟩_model is the mean under the model P",
        "and ⟨ · ⟩_data the mean under P(h | v)",
        "P(v) is their product but for Z and the base measure:",
        "Gradient of log P(v) for one case v",
    )
    for plan in plans():
        sections = derivation.derivation(plan)
        for words in [s.title for s in sections] + [
            line.words for s in sections for line in s.lines
        ]:
            assert words in allowed or not set(words) & set("=[]^/∝Σ⟨|"), words
        shown = derivation.as_text(plan)
        for e in (line for s in sections for line in s.lines if isinstance(line, x.Equation)):
            for r in e.rights:
                start = shown.index(Text().node(r))
                shown = shown[:start] + shown[start + len(Text().node(r)) :]
        assert "Σ_" not in shown and "exp(" not in shown


def test_no_letter_is_taken_twice():
    """A letter that a sum binds is none of the left side, of a sum around it, or a name of the
    model.
    """
    for plan in plans():
        model = plan.model
        names = {
            n.name
            for part in (model.groups, model.parameters, model.arguments, model.graphs)
            for n in part
        }
        for s in derivation.derivation(plan):
            for e in s.lines:
                if isinstance(e, x.Equation):
                    free = {i.name for i in e.letters}
                    assert not free & names
                    for r in e.rights:
                        scopes(r, free | names)


def scopes(node: Any, taken: set[str]) -> None:
    """Fails where a letter is bound that is in scope, or used that is not."""
    if isinstance(node, Subscript):
        assert {n for n, _ in node.letters} <= taken
        return
    if isinstance(node, x.Series | x.OfType):
        bound = [
            i.name
            for i in (
                node.indices
                if isinstance(node, x.Series)
                else (node.letter,)
                if node.letter
                else ()
            )
        ]
        assert not set(bound) & taken and len(set(bound)) == len(bound), bound
        taken = taken | set(bound)
    if isinstance(node, tuple):
        for part in node:
            scopes(part, taken)
    elif is_dataclass(node) and not isinstance(node, x.Index):
        for f in fields(node):
            scopes(getattr(node, f.name), taken)

"""`bm verify` passes right models whose terms move widths and means, whatever their numbers, and
fails them where one number is a little off.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.tasks.verify import _nodes, _set_parameters, verify
from bmdsl.verification.brute_force import BruteForce
from bmdsl.verification.checks import CHECKS
from bmdsl.verification.subject import Row, Subject

FORMULAS = ("energy", "conditionals", "free energy", "log Z", "gradient")


def rows(text: str, seed: int, off: float = 0.0) -> dict[str, Row]:
    """The rows of formulas; `off`: by what share the first parameter of the truth differs from the
    machine's.
    """
    machine = bmdsl.parse(text).compile(seed=seed, dtype="float64", backend="reference")
    _set_parameters(machine, np.random.default_rng(seed))
    nodes = _nodes(machine.model)
    truth = {n: x.copy() for n, x in machine.params.items()}
    truth[next(iter(truth))] *= 1 + off
    brute = BruteForce(machine.model, nodes, {}, truth)
    subject = Subject(machine, machine, brute, nodes, {})
    if off:  # the machine is judged by another's energies
        wrong = {n: x.copy() for n, x in machine.params.items()}
        for n in truth:
            machine.params[n] = truth[n]
        fields = machine.program.couple(wrong)
        with machine.standing_for(fields):
            return {what: row(subject, what) for what in FORMULAS[:4]}
    return {what: row(subject, what) for what in FORMULAS}


def row(subject: Subject, what: str) -> Row:
    try:
        return CHECKS[what](subject, what)
    except bmdsl.BmError as refused:
        return Row(what, skipped=refused.diagnostics[0].message)


@st.composite
def models(draw: st.DrawFn) -> str:
    """Real visible units whose widths and means hidden ones move, learned precisions, large and
    small constants.
    """
    kind = draw(st.sampled_from(["gaussian", "gaussian", "rectified"]))
    sigma = draw(st.sampled_from([0.05, 0.5, 1, 3, 30]))
    size = draw(st.integers(1, 2)) if kind == "gaussian" else 1
    hidden = draw(
        st.sampled_from(
            ["binary", "categorical", "spin", "slab" if kind == "gaussian" else "binary"]
        )
    )
    scale = 1 / sigma
    groups = [f"visible x[{size}] : {kind}(sigma = {sigma})"]
    parameters, terms = ["b[2]"], [f"- {scale:g} b[i] x[i]"]
    if hidden == "categorical":
        groups.append(f"hidden z : categorical({draw(st.integers(2, 3))})")
        means = f"- {draw(st.sampled_from([1, 8])) * scale:g} m[i,k] x[i] z[k]"
        parameters, terms = (
            [*parameters, "P", "m"],
            [*terms, f"- {0.2 * scale**2:g} P[i,k] x[i]^2 z[k]", means],
        )
    elif hidden == "slab":
        groups += ["hidden s[2] : gaussian", "hidden h[2] : binary"]
        parameters, terms = (
            [*parameters, "W", "c"],
            [*terms, f"- {scale:g} W[i,j] x[i] s[j] h[j]", "- c[j] h[j]"],
        )
    else:
        groups.append(f"hidden h[2] : {hidden}")
        parameters, terms = (
            [*parameters, "W"],
            [*terms, f"- {draw(st.sampled_from([1, 10])) * scale:g} W[i,j] x[i] h[j]"],
        )
    if draw(st.booleans()):
        terms.append(f"{draw(st.sampled_from([0.3, 20, 400])) * scale**2:+g} x[i]^2")
    if draw(st.booleans()):
        parameters, terms = (
            [*parameters, "q nonnegative"],
            [*terms, f"+ {draw(st.sampled_from([1, 50])) * scale**2:g} q[i] x[i]^2"],
        )
    text = (
        f"model m {{ {'  '.join(groups)}  param {', '.join(parameters)}  energy ="
        f" {' '.join(terms)} }}"
    )
    return text.replace("b[2]", f"b[{size}]")


@settings(max_examples=15, deadline=None)
@given(models(), st.integers(0, 99))
def test_a_right_model_passes(text: str, seed: int) -> None:
    found = rows(text, seed)
    wrong = {what: r for what, r in found.items() if not r.passed}
    assert not wrong, (text, seed, wrong)
    assert not found["conditionals"].skipped and not found["free energy"].skipped, text


@pytest.mark.parametrize(
    "text",
    [
        (
            "visible x[2] : gaussian  hidden z : categorical(2)  param P, b  energy = - P[i,k]"
            " x[i]^2 z[k] - b[i] x[i] + 30 x[i]^2"
        ),
        (
            "visible x : rectified(sigma = 3)  hidden h[2] : binary  param W, b  energy = - W[j] x"
            " h[j] - b x + 5 x^2"
        ),
    ],
)
def test_a_parameter_that_is_off_by_a_little_fails(text: str) -> None:
    found = rows(f"model m {{ {text} }}", 0, off=0.05)
    assert {what for what, r in found.items() if not r.passed} >= {
        "energy",
        "conditionals",
        "free energy",
        "log Z",
    }, found


@pytest.mark.parametrize("text", ["- 0.1 x y z", "- 0.1 x y^2"])
def test_a_model_that_is_no_distribution_is_told(text: str) -> None:
    unit = "gaussian" if "z" in text else "rectified"
    groups = (
        "visible x : rectified  visible y : gaussian"
        if unit == "rectified"
        else "visible x : gaussian  visible y : gaussian  visible z : gaussian"
    )
    with pytest.raises(bmdsl.BmError) as caught:
        verify(bmdsl.parse(f"model m {{ {groups}  energy = {text} }}"))
    assert "can run off together" in str(caught.value)

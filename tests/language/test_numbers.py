"""Numbers of a text are held as written, or refused: none is infinite, another one, or 0."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.language.overrides import override

LITERALS = st.one_of(
    st.integers(0, 10**25).map(str),
    st.integers(2**53 - 4, 2**53 + 4).map(str),
    st.builds("{}.{}".format, st.integers(0, 10**6), st.integers(0, 10**6)),
    st.builds("{}e{}".format, st.integers(0, 99), st.integers(-400, 400)),
    st.integers(380, 5000).map(lambda n: "9" * n),
)


def argument(text: str) -> int | float | None:
    return (
        bmdsl.parse(f"model m(a = {text}) {{ visible v[2] : binary  energy = - a v[i] }}")
        .checked.arguments[0]
        .value
    )


@settings(max_examples=150, deadline=None)
@given(LITERALS)
def test_a_number_is_held_or_refused(text: str):
    exact = Decimal(text)
    whole = text.isdigit()
    lossy = whole and 2**53 < exact < Decimal("1e300") and int(float(exact)) != int(exact)
    if exact >= Decimal("1e300") or (exact and float(exact) == 0) or lossy:
        with pytest.raises(BmError, match="BM406|BM407"):
            argument(text)
        return
    value = argument(text)
    assert value is not None and math.isfinite(value)
    assert Fraction(value) == int(exact) if whole else value == float(text)


@settings(max_examples=100, deadline=None)
@given(LITERALS, st.sampled_from("+-*/^"), LITERALS)
def test_arithmetic_is_finite_and_exact_on_whole_numbers_or_refused(a: str, operator: str, b: str):
    try:
        value = argument(f"{a} {operator} {b}")
    except BmError as error:
        assert {d.code for d in error.diagnostics} <= {"BM404", "BM406", "BM407"}
        return
    assert isinstance(value, int | float) and math.isfinite(value)
    x, y = Fraction(Decimal(a)), Fraction(Decimal(b))
    if operator in "+-*" and x.denominator == y.denominator == 1 and a.isdigit() and b.isdigit():
        assert Fraction(value) == {"+": x + y, "-": x - y, "*": x * y}[operator]
    if operator in "*/" and x:
        assert value != 0 or not y


@pytest.mark.parametrize(
    "energy",
    [
        "1e999 v[i]",
        "1e200 v[i] * 1e200",
        "1e200 * 1e200 v[i]",
        "1e-200 v[i] * 1e-200",
        "v[i] / 1e-200 / 1e-200",
        "(1e200 v[i])^2",
        "v[i] * 10^400",
        "2e299 * 5 v[i]",
        "(0-1)^0.5 v[i]",
        "v[wrap(i + 9007199254740993)]",
        "v[wrap(1e12*i)]",
        "v[wrap(100000*100000*i)]",
        "v[i] for i in 0..1e12",
    ],
)
def test_an_energy_with_a_number_beyond_use_is_refused_there(energy: str):
    with pytest.raises(BmError, match="BM40[678]") as raised:
        bmdsl.parse(f"model m {{ visible v[2] : binary  energy = - {energy} }}")
    assert all(d.span is not None and d.span.line == 1 for d in raised.value.diagnostics)


@pytest.mark.parametrize(
    "text",
    [
        "visible v[1e999] : binary  bias v",
        "visible v[3e9] : binary  bias v",
        "visible v[50000, 50000] : binary  bias v",
        "visible v : categorical(1e12)  bias v",
        "visible v[2] : binary  param b init 1e999  energy = - b v[i]",
        "visible v[2] : binary  param b init normal(0, 1e999)  energy = - b v[i]",
        "visible v[2] : binary  bias v  train { batch 1e999 }",
        "visible v[2] : binary  bias v  train { optimizer sgd(rate = 1e999) }",
        "graph G = complete(100000)  visible v[100000] : spin  energy = - v[i] v[j] for <i,j> in G",
    ],
)
def test_sizes_and_settings_without_bound_are_refused(text: str):
    with pytest.raises(BmError, match="BM40[68]|BM515"):
        bmdsl.parse(f"model m {{ {text} }}")


def test_a_number_that_single_precision_makes_infinite_is_refused_when_a_machine_is_made():
    for text in ("energy = - 1e39 v[i]", "param b init 1e39  energy = - b v[i]"):
        model = bmdsl.parse(f"model m {{ visible v[2] : binary  {text} }}")
        with pytest.raises(BmError, match="BM406.*float32"):
            model.compile(backend="reference")
        assert (
            model.compile(dtype="float64", backend="reference").energy(v=[[1.0, 1.0]])[0] == -2e39
        )


def test_a_seed_may_be_any_whole_number():
    model = bmdsl.parse(
        "model m { visible v[2] : binary  bias v  train { seed 9007199254740993 } }"
    )
    assert model.checked.training.seed == 9007199254740993


# ---------------------------------------------------------------- settings from outside

MODEL = bmdsl.parse(
    "model m { visible v[2] : binary  hidden h[2] : binary  layers v -- h  train { epochs 7 } }"
)
VALUES = st.one_of(
    st.sampled_from(
        [
            "5",
            "5 epochs 3",
            "5 } } model x {",
            "5 } } model x { train { batch 3 }",
            "5 # note",
            "5\nepochs 3",
            "5 } train {",
            "5 }",
            "5, 6",
            "5 6",
            "l2(W_v_h, 1e-4), l1(W_v_h, 1)",
            "",
            "} model m {",
            "5 }\n energy = - v[0]\n train { seed 1",
            "z = 3, 4",
            '"a # b"',
            "5e0",
        ]
    ),
    st.text('5 ,{}#=train\n"(batch)modelx', max_size=12),
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["batch", "seed", "penalty", "data", "batch 5 seed", "} train { batch"]), VALUES
)
def test_a_setting_from_outside_is_that_one_setting_or_refused(name: str, value: str):
    before = MODEL.definition
    try:
        after = override(before, {name: value})
    except BmError:
        return
    (block,) = [s for s in after.statements if type(s).__name__ == "TrainBlock"]
    others = [s for s in before.statements if type(s).__name__ != "TrainBlock"]
    assert [s for s in after.statements if s is not block] == others and after.name == before.name
    assert {s.name.text for s in block.settings} == {"epochs", name}
    text = "".join(block.settings[-1].span.source.text.split())
    assert "".join(f"{name}{value}".split()) in text and text.count("{") == 2


def test_a_value_that_closes_the_block_is_refused():
    for value in ("5 } } model x {", "5 epochs 3", "5 # and more"):
        with pytest.raises(BmError, match="BM517|BM0"):
            MODEL.bind({"batch": value})
    assert MODEL.bind({"batch": "5"}).checked.training.batch == 5
    assert (
        len(MODEL.bind({"penalty": "l2(W_v_h, 1e-4), l1(W_v_h, 1)"}).checked.training.penalty) == 2
    )


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "9" * 500])
def test_a_model_argument_from_the_command_line_is_finite(value: str):
    from bmdsl.cli.options import assignments

    with pytest.raises(BmError, match="BM901"):
        assignments([f"D={value}"])
    assert assignments(["D=9007199254740993", "H=2e1", "s=0.5"]) == {
        "D": 9007199254740993,
        "H": 20,
        "s": 0.5,
    }

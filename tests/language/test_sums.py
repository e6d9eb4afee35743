"""`sum[...]` is a true scope: what a text means is computed from its own structure, by loops."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.language.format import format
from bmdsl.language.parse import parse
from bmdsl.language.source import Source

from .. import naive
from .drawn_sums import HEAD, Addend, addends, drawn_values

REFUSED = {"BM319", "BM320", "BM302", "BM222"}
"""Two readings, and addends with different letters; nothing else that is drawn is refused."""


def model_text(energy: str) -> str:
    return f"model m {{ {HEAD}\n  energy = {energy}\n  energy += 0 * a x[0] }}"


def is_small(model: bmdsl.Model) -> bool:
    """Whether the oracle walks it in a moment: powers of sums of sums have many letters."""
    return sum(math.prod(int(x.stop) for x in t.letters) for t in model.checked.terms) < 3000


def energy_of(energy: str, values: dict[str, np.ndarray]) -> float:
    model = bmdsl.parse(model_text(energy))
    assume(is_small(model))
    return float(naive.energy(model.checked, values, values))


@settings(max_examples=100, deadline=None)
@given(st.lists(addends(), min_size=1, max_size=2), st.integers(0, 9))
def test_an_energy_with_sums_and_powers_means_what_loops_over_its_text_give(
    parts: list[Addend], seed: int
):
    text = " - ".join(p.text for p in parts)
    values = drawn_values(seed)
    note(text)
    try:
        found = energy_of(text, values)
    except BmError as error:
        codes = {d.code for d in error.diagnostics}
        assert codes <= REFUSED, str(error)
        assume(False)
    wanted = sum((-1 if n else 1) * p.value(values) for n, p in enumerate(parts))
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(addends(depth=2), st.integers(0, 9))
def test_a_tidied_text_with_sums_means_the_same(part: Addend, seed: int):
    try:
        assume(is_small(bmdsl.parse(model_text(part.text))))
    except BmError:
        assume(False)
    tidy = format(parse(Source("m.bm", model_text(part.text))))
    values = drawn_values(seed)
    assert naive.energy(bmdsl.parse(tidy).checked, values, values) == pytest.approx(
        part.value(values), rel=1e-9, abs=1e-9
    )


@settings(max_examples=12, deadline=None)
@given(addends(depth=2), st.integers(0, 9))
def test_a_machine_gives_the_energy_of_sums_and_powers(part: Addend, seed: int):
    text = f"{part.text} + b[i] x[i] + c[j] y[j] + W[i,j] q[i] h[j] - a h[j]"
    values = drawn_values(seed)
    try:
        model = bmdsl.parse(model_text(text))
        assume(is_small(model))
        machine = model.compile(dtype="float64", backend="reference")
    except BmError as error:
        assert {d.code for d in error.diagnostics} <= REFUSED, str(error)
        assume(False)
    for name in machine.params:
        machine.params[name] = values[name]
    plain = (
        values["b"] @ values["x"]
        + values["c"] @ values["y"]
        + values["q"] @ values["W"] @ values["h"]
        - values["a"] * values["h"].sum()
    )
    state = {n: values[n][None] for n in ("x", "y", "q", "h")}
    assert machine.energy(**state)[0] == pytest.approx(
        part.value(values) + plain, rel=1e-9, abs=1e-9
    )


READINGS = {
    "h[j] * (b[i] x[i])^2": (
        lambda v: v["h"].sum() * (v["b"] @ v["x"]) ** 2,
        lambda v: v["h"].sum() * ((v["b"] * v["x"]) ** 2).sum(),
    ),
    "(W[i,j] x[i])^2": (
        lambda v: ((v["x"] @ v["W"]) ** 2).sum(),
        lambda v: ((v["W"] * v["x"][:, None]) ** 2).sum(),
    ),
    "b[i] x[i] * (b[i] q[i])": (
        lambda v: (v["b"] @ v["x"]) * (v["b"] @ v["q"]),
        lambda v: (v["b"] ** 2 * v["x"] * v["q"]).sum(),
    ),
    "b[i] * (sum[i] x[i])": (
        lambda v: v["b"] @ v["x"],
        lambda v: v["b"].sum() * v["x"].sum(),
    ),
    "sum[i] q[i] * (sum[i] x[i])^2": (
        lambda v: v["q"] @ v["x"] ** 2,
        lambda v: v["q"].sum() * v["x"].sum() ** 2,
    ),
    "a * (b[i] x[i] - b[i] q[i])^2 * (c[j] y[j])": (
        lambda v: v["a"] * (v["b"] @ (v["x"] - v["q"])) ** 2 * (v["c"] @ v["y"]),
        lambda v: v["a"] * ((v["b"] * (v["x"] - v["q"])) ** 2).sum() * (v["c"] @ v["y"]),
    ),
}


@pytest.mark.parametrize("text", READINGS)
def test_a_text_with_two_readings_is_refused_with_both_written_out(text: str):
    with pytest.raises(BmError) as raised:
        bmdsl.parse(model_text(text))
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code in ("BM319", "BM320") and len(diagnostic.helps) == 2
    values = drawn_values(3)
    for help, meaning in zip(diagnostic.helps, READINGS[text], strict=True):
        (written,) = re.findall(r"`([^`]+)`", help)
        assert energy_of(written, values) == pytest.approx(float(meaning(values)), rel=1e-9), (
            written
        )


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("0.5 (q[i] - b[i])^2", lambda v: 0.5 * ((v["q"] - v["b"]) ** 2).sum()),
        ("b[i] * (W[i,j] h[j])^2", lambda v: (v["b"][:, None] * v["W"] ** 2 * v["h"] ** 2).sum()),
        ("b[i] x[i]^2 q[i]", lambda v: v["b"] @ v["q"]),
        ("c[j] * (W[i,j] c[j] x[i])", lambda v: v["x"] @ v["W"] @ (v["c"] ** 2)),
        ("sum[i,j] (W[i,j] x[i] y[j])^2", lambda v: (v["W"] ** 2).sum()),
    ],
)
def test_a_letter_without_a_sum_is_summed_over_the_whole_term(text: str, meaning):
    if text.startswith("b[i] * (W"):  # j is complete inside
        text = "b[i] c[j] * (W[i,j] h[j])^2"
        values = drawn_values(5)
        assert energy_of(text, values) == pytest.approx(
            ((values["b"][:, None] * values["c"]) * values["W"] ** 2 * values["h"] ** 2).sum()
        )
        return
    values = drawn_values(5)
    assert energy_of(text, values) == pytest.approx(float(meaning(values)), rel=1e-9)


def test_letters_of_copies_are_none_of_the_users():
    model = bmdsl.parse(
        model_text("i2[0] * x[i3] * (sum[i] x[i])^3").replace("param a", "param i2[3], a")
    ).checked
    term = model.terms[0]
    names = [x.name for x in term.letters]
    assert len(names) == len(set(names)) == 4 and {"i", "i3"} <= set(names) and "i2" not in names


def test_a_squared_sum_is_not_told_that_it_counts_pairs_twice():
    lints = bmdsl.parse(
        "model m { visible x[3] : spin  energy = 0.5 (sum[i] x[i])^2 }"
    ).checked.lints
    assert "BM955" not in {d.code for d in lints}
    lints = bmdsl.parse("model m { visible x[3] : spin  energy = 0.5 x[i] x[j] }").checked.lints
    assert "BM955" in {d.code for d in lints}

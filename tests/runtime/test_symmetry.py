"""Symmetric parameters: what is taken, what is refused, and that a training step need not look."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import bmdsl
from bmdsl.language.model import Initial, Parameter, Side
from bmdsl.runtime import parameters
from bmdsl.runtime.symmetry import settled

SIDES: tuple[bool | Side, ...] = (True, "upper", "lower", "mean")
TEXT = (
    "model m { visible v[4] : binary  param U symmetric, b  energy = - U[i,j] v[i] v[j] for i < j -"
    " b[i] v[i] }"
)


def parameter(symmetric: bool | Side) -> Parameter:
    return Parameter("U", (4, 4), Initial("constant", (0.0,)), symmetric=symmetric)


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(
    arrays(np.float64, (4, 4), elements=st.sampled_from((0.0, 1.0, -0.5, 2.0))),
    st.sampled_from(SIDES),
    st.booleans(),
    st.booleans(),
)
def test_a_value_is_taken_whole_or_refused(
    x: np.ndarray, symmetric: bool | Side, even: bool, hollow: bool
) -> None:
    x = np.triu(x) + np.triu(x, 1).T if even else x
    x = x - np.diag(np.diagonal(x)) if hollow else x
    p = parameter(symmetric)
    wrong = (
        "BM113"
        if np.diagonal(x).any()
        else "BM112"
        if symmetric is True and not np.array_equal(x, x.T)
        else None
    )
    if wrong:
        with pytest.raises(bmdsl.BmError, match=wrong):
            settled(p, x, "the value")
        return
    made = settled(p, x, "the value")
    np.testing.assert_array_equal(made, made.T)
    for i in range(4):
        for j in range(i):
            upper, lower = x[j, i], x[i, j]
            assert (
                made[i, j]
                == {True: upper, "upper": upper, "lower": lower, "mean": (upper + lower) / 2}[
                    symmetric
                ]
            )


def test_sides_that_differ_by_rounding_agree() -> None:
    x = np.random.default_rng(0).normal(0, 1, (4, 7))
    c = (x @ x.T) * (1 - np.eye(4))
    c[0, 1] *= 1 + 1e-9
    made = settled(parameter(True), c, "the value")
    np.testing.assert_array_equal(made, made.T)
    np.testing.assert_allclose(made, c, rtol=1e-8)


def test_what_is_wrong_otherwise_is_left_to_who_says_so() -> None:
    for x in (
        np.ones((2, 3)),
        np.array([["a", "b"], ["c", "d"]]),
        np.full((4, 4), np.nan),
        np.ones((2, 2), complex),
    ):
        assert settled(parameter(True), x, "the value") is x
    free = np.arange(4.0).reshape(2, 2)
    assert settled(parameter(False), free, "the value") is free


@pytest.mark.parametrize(
    "use",
    [
        lambda m: m.energy(v=np.ones((1, 4))),
        lambda m: m.sample(2, steps=1),
        lambda m: m.log_partition(),
        lambda m: m.gradient(np.ones((2, 4))),
        lambda m: m.train(np.eye(4), epochs=1),
        lambda m: m.save("never.safetensors"),
    ],
    ids=["energy", "sample", "log Z", "gradient", "train", "save"],
)
def test_an_entry_written_in_place_is_seen_when_it_is_used(use, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    machine = bmdsl.parse(TEXT).compile(dtype="float64", backend="reference")
    machine.train(np.eye(4), updates=2, batch=4)
    machine.params["U"][0, 1] += 1
    with pytest.raises(bmdsl.BmError, match="BM112"):
        use(machine)
    assert not list(tmp_path.iterdir())


def test_an_entry_written_in_place_counts_for_both_sides_where_its_side_does() -> None:
    machine = bmdsl.parse(TEXT.replace("symmetric", "symmetric(lower)")).compile(
        dtype="float64", backend="reference"
    )
    machine.params["U"] = np.zeros((4, 4))
    machine.params["U"][2, 1] = 3
    assert machine.energy(v=np.ones((1, 4)))[0] == -3 and machine.params["U"][1, 2] == 3


@pytest.mark.parametrize(
    "negative",
    [
        "cd(steps = 1)",
        "pcd(chains = 3)",
        "tempering(replicas = 3, chains = 2)",
        "fpcd(chains = 3)",
        "exact",
    ],
)
def test_updates_do_not_look(negative: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(parameters.Parameters, "settle", lambda self: looked.append(1))
    counts = []
    for updates in (5, 25):
        machine = bmdsl.parse(TEXT).compile(dtype="float64", backend="reference")
        looked.clear()
        machine.train(np.tile(np.eye(4), (updates, 1)), epochs=1, batch=4, negative=negative)
        counts.append(len(looked))
    assert counts[0] == counts[1], "an epoch's monitors look, its updates do not"


def test_a_modifier_is_printed_as_it_is_written() -> None:
    text = TEXT.replace("U symmetric", "U init 0 symmetric(mean) fixed")
    assert "param U init 0 symmetric(mean) fixed, b" in bmdsl.parse(text).expand()
    assert (
        bmdsl.parse(bmdsl.parse(text).expand()).checked.parameters
        == bmdsl.parse(text).checked.parameters
    )

"""Chains that are bits, 64 to a word: their law is the model's, and a model that cannot have them
says why.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.inference.bit_chains import _ways
from bmdsl.inference.machine import Machine
from bmdsl.language.diagnostics import BmError
from bmdsl.plan.plan import FEW_CHAINS, MANY_CHAINS
from bmdsl.runtime.bit_entries import NotBits
from bmdsl.runtime.bit_form import BitForm, bit_form, words_of
from tests.stats import verify_counts

MIXED = """model m(n = 4) { visible s[n] : spin  visible x[n] : binary  param J, T, K, L, b, c
  energy = - J[i] s[i] s[wrap(i+1)] - T[i] s[i] s[wrap(i+1)] s[wrap(i+2)] - K[i] s[i] x[wrap(i+1)]
    - L[i] x[i] x[wrap(i+1)] - b[i] s[i] - c[i] x[i] }"""
TORUS = """model m(L) { visible s[L, L] : spin  param J, K
  energy = - J[x,y] s[x,y] s[wrap(x+1),y] - K[x,y] s[x,y] s[x,wrap(y+1)] }"""
COUPLINGS = ("J", "T", "K", "L")


def machine_of(values: dict[str, np.ndarray], seed: int = 0, backend: str = "numba") -> Machine:
    machine = bmdsl.parse(MIXED, n=len(values["b"])).compile(seed=seed, backend=backend)
    for name, x in values.items():
        machine.params[name] = x
    return machine


def random_values(seed: int, n: int = 4) -> dict[str, np.ndarray]:
    """Whole multiples of one number, and any fields."""
    rng = np.random.default_rng(seed)
    unit = rng.choice([0.15, 0.3])
    values = {k: unit * rng.choice([-2.0, -1, 0, 1, 2], n) for k in COUPLINGS}
    return values | {k: rng.normal(0, 0.4, n) for k in ("b", "c")}


def minus_energy(values: dict[str, np.ndarray], s: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Written out anew: [states]."""

    def after(y: np.ndarray, k: int) -> np.ndarray:
        return np.roll(y, -k, axis=1)

    terms = {
        "J": s * after(s, 1),
        "T": s * after(s, 1) * after(s, 2),
        "K": s * after(x, 1),
        "L": x * after(x, 1),
        "b": s,
        "c": x,
    }
    return sum((terms[k] @ values[k] for k in terms), np.zeros(len(s)))


def all_states(n: int) -> tuple[np.ndarray, np.ndarray]:
    bits = np.array(list(product([0.0, 1.0], repeat=2 * n)))
    return 2 * bits[:, :n] - 1, bits[:, n:]


def verify_law(found: np.ndarray, p: np.ndarray) -> None:
    verify_counts(np.bincount(found, minlength=len(p)), p)


def number_of(s: np.ndarray, x: np.ndarray) -> np.ndarray:
    bits = np.concatenate([(s + 1) / 2, x], axis=1).astype(int)
    return bits @ (1 << np.arange(bits.shape[1])[::-1])


@pytest.mark.stat
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("chains", [64 * 5, 64 * 512])
def test_the_joint_law_is_the_models(seed: int, chains: int) -> None:
    """Few words a unit, where units stand side by side, and many, where words do."""
    values = random_values(seed)
    machine = machine_of(values, seed)
    machine.layout = "bits"
    states = all_states(4)
    weights = np.exp(minus_energy(values, *states))
    p = weights / weights.sum()
    found = []
    for call in range(max(1, 20000 // chains)):
        start = machine.initial_state(chains, update=call)
        machine.sweep(start, 40, {}, update=call + 1)
        found.append(number_of(start["s"], start["x"]))
    verify_law(np.concatenate(found), p)


@pytest.mark.stat
@pytest.mark.parametrize("count", [192, 1024])
def test_words_have_inverse_temperatures_of_their_own(count: int) -> None:
    values = random_values(7)
    machine = machine_of(values)
    machine.layout = "bits"
    beta = (
        np.repeat([0.3, 1.0, 1.6, 0.6], 512)[:count]
        if count > 192
        else np.repeat([0.3, 1, 1.6], 64)
    )
    states = all_states(4)
    for b in np.unique(beta):
        found = []
        for call in range(-(-8000 // int((beta == b).sum()))):
            start = machine.initial_state(count, update=call)
            machine.sweep(start, 40, {}, update=call + 1, beta=beta)
            found.append(number_of(start["s"], start["x"])[beta == b])
        weights = np.exp(b * minus_energy(values, *states))
        verify_law(np.concatenate(found), weights / weights.sum())


@pytest.mark.stat
def test_a_group_that_is_held_stays_and_the_other_has_its_conditional_law() -> None:
    values = random_values(3)
    machine = machine_of(values)
    machine.layout = "bits"
    held = np.array([1.0, 0, 1, 1])
    start = machine.initial_state(20000)
    observed = {"x": np.tile(held, (20000, 1))}
    machine.sweep(start, 40, observed, update=1)
    assert (start["x"] == held).all()
    s, x = all_states(4)
    weights = np.exp(minus_energy(values, s, x)) * (x == held).all(axis=1)
    verify_law(number_of(start["s"], start["x"]), weights / weights.sum())


def probabilities(form: BitForm) -> list[np.ndarray]:
    """P(1 | n) of every kind, by n, from the words of its table."""
    words, at, out = -form.table(np.ones(1)), 0, []
    for fields in form.fields:
        wide = len(fields)
        digits = words[at : at + 32 * wide].reshape(32, wide)
        at += 32 * wide
        for bit in (1 << k for k in range((wide - 1).bit_length())):
            for n in range(wide):
                if n & bit:
                    digits[:, n] ^= digits[:, n - bit]
        out.append(0.5 ** np.arange(1, 33) @ digits)
    return out


def count_of(
    form: BitForm, name: str, unit: int, state: dict[str, np.ndarray]
) -> tuple[int, np.ndarray]:
    """A unit's kind, and what its entries that are 1 count together in every chain."""
    lanes = 1 if form.many else 8
    place = int(form.place[name][unit])
    begin, kind = form.arrays["tiles"][place // lanes]
    n = np.zeros(len(state[name]), int)
    literal = begin + place % lanes
    where = {int(q): (g, u) for g in state for u, q in enumerate(form.place[g])}
    first, last, wide, _ = form.arrays["classes"][kind]
    for units, weight in form.arrays["entries"][first:last]:
        parity = np.zeros(len(n), bool)
        for _ in range(units):
            word = int(form.arrays["near"][literal])
            none = word >> 1 == form.places - 1  # no unit, whose bit is 0
            group, other = (name, 0) if none else where[word >> 1]
            parity ^= ((state[group][:, other] > 0) & (not none)) ^ bool(word & 1)
            literal += lanes
        n += weight * parity
    assert n.max() < wide
    return int(kind), n


THRESHOLD = """model m(n) { graph G = "edges.csv"  visible s[n] : spin  param J, h
  energy = - J[i,j] s[i] s[j] for <i,j> in G - h[i] s[i] }"""


def threshold_machine(
    most: int, folder: Path, backend: str = "numba"
) -> tuple[Machine, np.ndarray]:
    """Units i and j meet if i + j < most: every number of neighbours below it; units after these
    have none, so that no matrix is made of the graph. Also the couplings.
    """
    n = 5 * most
    i, j = np.triu_indices(n, 1)
    i, j = i[i + j < most], j[i + j < most]
    np.savetxt(folder / "edges.csv", np.stack([i, j], 1), fmt="%d", delimiter=",")
    (folder / "m.bm").write_text(THRESHOLD)
    machine = bmdsl.load(folder / "m.bm", n=n).compile(backend=backend)
    values = np.random.default_rng(0).choice([-0.2, 0.2], len(i))
    machine.params["J"], machine.params["h"] = values, np.where(np.arange(n) % 9 == 0, 0.3, 0.0)
    J = np.zeros((n, n))
    J[i, j] = J[j, i] = values
    return machine, J


@pytest.mark.parametrize("chains", [64, 512])
def test_units_of_many_neighbours_share_tables(chains: int, tmp_path: Path) -> None:
    """Fields of up to 149 neighbours; units that have few more or less are of one kind."""
    machine, J = threshold_machine(150, tmp_path)
    form = bit_form(machine.program, machine.held_fields(), ("s",), words_of(chains) % 8 == 0)
    assert len(form.fields) <= 40 and form.size <= 32 * 256 * len(form.fields)
    assert max(map(len, form.fields)) == 256
    state = {"s": np.random.default_rng(1).choice([-1.0, 1.0], (30, 750))}
    p, h = probabilities(form), machine.params["h"]
    for unit in range(150):
        kind, n = count_of(form, "s", unit, state)
        odds = 2 * (state["s"] @ J[unit] + h[unit])
        np.testing.assert_allclose(p[kind][n], 1 / (1 + np.exp(-odds)), atol=2e-7)


def test_the_meaning_of_the_ops_gives_the_same_bits_of_many_neighbours(tmp_path: Path) -> None:
    found = []
    for backend in ("numba", "reference"):
        machine, _ = threshold_machine(40, tmp_path, backend)
        machine.layout = "bits"
        state = machine.initial_state(100)
        machine.sweep(state, 2, {}, update=1)
        found.append(state["s"])
    np.testing.assert_array_equal(*found)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6), chains=st.sampled_from([64, 100, 200, 512, 600]))
def test_probabilities_are_those_of_the_fields(seed: int, chains: int) -> None:
    """Every unit's table has P(1 | n) to 2⁻³² where n is what its neighbours amount to."""
    values = random_values(seed, 5)
    machine = machine_of(values)
    state = machine.initial_state(chains, update=seed)
    machine.sweep(state, 2, {}, update=1)
    form = bit_form(machine.program, machine.held_fields(), ("s", "x"), words_of(chains) % 8 == 0)
    p = probabilities(form)
    s, x = state["s"].astype(float), state["x"].astype(float)
    for name, states in (("s", s), ("x", x)):
        for unit in range(5):
            values_of = [y.copy() for y in (s, x)]
            up, down = (y.copy() for y in (states, states))
            up[:, unit], down[:, unit] = 1.0, -1.0 if name == "s" else 0.0
            at = 0 if name == "s" else 1
            higher, lower = list(values_of), list(values_of)
            higher[at], lower[at] = up, down
            odds = minus_energy(values, *higher) - minus_energy(values, *lower)
            kind, n = count_of(form, name, unit, state)
            np.testing.assert_allclose(p[kind][n], 1 / (1 + np.exp(-odds)), atol=2e-7)


def test_the_meaning_of_the_ops_gives_the_same_bits() -> None:
    values = random_values(5)
    found = []
    for backend in ("numba", "reference"):
        for chains in (100, 520):
            machine = machine_of(values, 9, backend)
            machine.layout = "bits"
            state = machine.initial_state(chains)
            machine.sweep(state, 3, {}, update=1)
            found.append(np.concatenate([state["s"], state["x"]], axis=1))
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])


def test_a_long_run_in_parts_is_the_run() -> None:
    machine = machine_of(random_values(2))
    whole, parts = (machine.initial_state(128) for _ in range(2))
    machine.sweep(whole, 7, {}, update=3)
    machine.sweep(parts, 4, {}, update=3)
    machine.sweep(parts, 3, {}, update=3, first=4)
    np.testing.assert_array_equal(whole["s"], parts["s"])


def test_a_schedule_of_inverse_temperatures_cools_to_a_ground_state() -> None:
    machine = bmdsl.parse(TORUS, L=6).compile()
    machine.params["J"] = machine.params["K"] = np.ones((6, 6))
    machine.layout = "bits"
    beta = np.repeat(np.linspace(0.1, 2.0, 200)[:, None], 64, axis=1)
    s = machine.sample(64, steps=200, beta=beta)["s"]
    assert (np.abs(s.mean(axis=(1, 2))) == 1).mean() > 0.5


def test_a_word_that_is_not_full_is_bits_too() -> None:
    machine = bmdsl.parse(TORUS, L=4).compile()
    machine.params["J"] = machine.params["K"] = np.full((4, 4), 0.3)
    drawn = {}
    for layout in ("auto", "bits", "numbers"):
        machine.layout = layout
        for chains in (MANY_CHAINS - 1, MANY_CHAINS):
            state = machine.initial_state(chains)
            machine.sweep(state, 3, {}, update=1)
            drawn[layout, chains] = state["s"]
    few, many = MANY_CHAINS - 1, MANY_CHAINS
    assert (drawn["auto", few] == drawn["numbers", few]).all()
    assert (drawn["auto", many] == drawn["bits", many]).all()
    assert (drawn["auto", many] != drawn["numbers", many]).any()


@pytest.mark.parametrize(("length", "chains"), [(16, 4), (32, 6), (64, 12), (128, 24), (256, 24)])
def test_few_chains_of_a_lattice_are_rows_until_words_are_quicker(length: int, chains: int) -> None:
    machine = bmdsl.parse(TORUS, L=length).compile()
    assert _ways(machine, chains - 1)[0] == "stencil"
    assert _ways(machine, chains)[0] == "word" and _ways(machine, 1) == ("stencil",)
    machine.params["J"] = np.random.default_rng(0).normal(size=(length, length))
    bits = machine.compiled.bits
    assert bits.standing(machine, ("s",), FEW_CHAINS)[0] == "fields"  # of several sizes
    with pytest.raises(NotBits):  # fewer are drawn 64 units at a time
        bits.standing(machine, ("s",), FEW_CHAINS - 1)


def test_few_chains_of_a_large_lattice_are_words_as_those_of_a_small_one_are() -> None:
    small, large = (bmdsl.parse(TORUS, L=n).compile() for n in (256, 1024))
    for count in (1, 8, 23, 63, 64, 512):
        assert _ways(large, count) == _ways(small, count)
    assert "fields" in _ways(large, FEW_CHAINS)


@pytest.mark.parametrize(
    ("source", "values", "why"),
    [
        (
            "visible v[4] : binary  hidden h[3] : binary  param W  energy = - W[i,j] v[i] h[j]",
            {},
            "matrices couple units",
        ),
        (
            "visible x[4] : categorical(3)  param J  energy = - J[i,k,l] x[i,k] x[wrap(i+1),l]",
            {},
            "more than two values",
        ),
        (
            "visible v[4] : binary  param J  energy = - J[i] v[i] v[wrap(i+1)] v[wrap(i+2)]",
            {"J": np.ones(4)},
            "several units whose values are 0 and 1",
        ),
    ],
)
def test_a_model_whose_chains_cannot_be_bits_says_why(
    source: str, values: dict[str, np.ndarray], why: str
) -> None:
    machine = bmdsl.parse(f"model m {{ {source} }}").compile()
    for name, x in values.items():
        machine.params[name] = x
    state = machine.initial_state(64)
    machine.sweep(state, 1, {}, update=1)  # numbers, without a word
    machine.layout = "bits"
    with pytest.raises(BmError, match=why) as refused:
        machine.sweep(state, 1, {}, update=1)
    assert refused.value.diagnostics[0].code == "BM778"


@pytest.mark.stat
@pytest.mark.parametrize("seed", range(2))
def test_couplings_of_any_size_are_fields_of_bits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = {k: rng.normal(0, 0.5, 4) for k in (*COUPLINGS, "b", "c")}
    machine = machine_of(values, seed)
    machine.layout = "bits"
    states, beta = all_states(4), np.repeat([1.0, 0.5], 64 * 128)
    start = machine.initial_state(len(beta))
    machine.sweep(start, 30, {}, update=1, beta=beta)
    found = number_of(start["s"], start["x"])
    for b in (1.0, 0.5):
        weights = np.exp(b * minus_energy(values, *states))
        verify_law(found[beta == b], weights / weights.sum())
    plain = machine_of(values, seed, "reference")
    plain.layout = "bits"
    again = [{n: y[:70].copy() for n, y in start.items()} for _ in range(2)]
    for m, state in zip((machine, plain), again, strict=True):
        m.sweep(state, 2, {}, update=2)
    np.testing.assert_array_equal(again[0]["s"], again[1]["s"])


def test_fields_in_double_precision_are_numbers() -> None:
    machine = bmdsl.parse(MIXED).compile(dtype="float64", backend="reference")
    for k in COUPLINGS:
        machine.params[k] = np.random.default_rng(0).normal(size=4)
    machine.layout = "bits"
    with pytest.raises(BmError, match="in double precision"):
        machine.sample(64, steps=1)


def test_chains_of_one_word_have_one_inverse_temperature() -> None:
    machine = bmdsl.parse(TORUS, L=4).compile()
    machine.params["J"] = machine.params["K"] = np.ones((4, 4))
    machine.layout = "bits"
    with pytest.raises(BmError, match="one word have different inverse temperatures"):
        machine.sample(64, steps=2, beta=np.linspace(0.1, 1, 64))


def test_a_layout_has_one_of_four_names() -> None:
    machine = bmdsl.parse(TORUS, L=4).compile()
    with pytest.raises(BmError, match="`word` is no layout"):
        machine.layout = "word"


def test_kinds_of_unit_are_few_on_a_lattice() -> None:
    """Boundaries, missing couplings and signs make no more tables than there are fields."""
    machine = bmdsl.parse(TORUS, L=8).compile()
    rng = np.random.default_rng(0)
    machine.params["J"], machine.params["K"] = rng.choice([-0.7, 0.7], (2, 8, 8))
    form = bit_form(machine.program, machine.held_fields(), ("s",), False)
    assert [len(x) for x in form.fields] == [5] and form.colours == 2
    machine.params["J"] = np.where(rng.random((8, 8)) < 0.5, 0, machine.params["J"])
    form = bit_form(machine.program, machine.held_fields(), ("s",), False)
    assert 2 <= len(form.fields) <= 3


def test_too_many_different_fields_are_numbers() -> None:
    machine = bmdsl.parse(
        "model m(L) { visible s[L, L] : spin  param J, b  energy = - J s[x,y] s[wrap(x+1),y]"
        " - b[x,y] s[x,y] }",
        L=40,
    ).compile()
    machine.params["J"] = np.array(0.3)
    machine.params["b"] = np.random.default_rng(0).normal(size=(40, 40))
    with pytest.raises(NotBits, match="1,600 different fields"):
        bit_form(machine.program, machine.held_fields(), ("s",), False)


@pytest.mark.parametrize(("chains", "words"), [(1, 1), (64, 1), (65, 2), (449, 8), (520, 16)])
def test_words_fill_registers_where_there_are_many(chains: int, words: int) -> None:
    assert words_of(chains) == words

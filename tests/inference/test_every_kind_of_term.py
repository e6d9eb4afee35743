"""Each exact method × each kind of term × each way to the sum, against plain enumeration of an
energy written beside the model.

The switches between the ways are set, so that small models go every way: enumeration of groups, and
unit after unit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp

import bmdsl
from bmdsl import units
from bmdsl.inference import (
    elimination,
    enumeration,
    exact_machine,
    observed_part,
    paired_states,
)
from bmdsl.inference.annealed_path import Path
from bmdsl.inference.ladder import default_range
from bmdsl.language.diagnostics import BmError
from bmdsl.plan.term_kinds import Kind, kind_of, kinds_of
from bmdsl.runtime import program, summing
from tests.inference.kinds_of_terms import CASES, Case, softplus
from tests.inference.own_units import Late, Trit
from tests.naive import slope

Array = np.ndarray


@pytest.fixture(autouse=True)
def _own_units(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    units.names()
    monkeypatch.setattr(units, "_registry", dict(units._registry))
    for unit in (Trit, Late):
        units.register(unit)
    yield


def by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enumeration, a few rows at a time."""
    monkeypatch.setattr(enumeration, "CHUNK", 8)
    monkeypatch.setattr(summing, "NUMBERS", 64)


def unit_by_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    """No quick enumeration of anything: tables of units."""
    monkeypatch.setattr(exact_machine, "QUICK", -1)


def by_group_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither quick enumeration nor tables."""
    monkeypatch.setattr(exact_machine, "QUICK", -1)
    monkeypatch.setattr(elimination, "LIMIT", -1.0)


WAYS = {f.__name__: f for f in (by_group, unit_by_unit, by_group_up_to_the_limit)}


class Truth:
    """A case with parameters: everything by enumeration of all joint states."""

    def __init__(self, case: Case, seed: int) -> None:
        self.case, self.m = (
            case,
            bmdsl.parse(case.text).compile(seed=0, dtype="float64", backend="reference"),
        )
        generator = np.random.default_rng(seed)
        for name, x in self.m.params.items():
            value = generator.normal(0, 0.7, x.shape)
            symmetric = self.m.model.parameter(name).symmetric
            self.m.params[name] = np.triu(value, 1) + np.triu(value, 1).T if symmetric else value
        self.given = case.of_role("given")
        self.names = case.of_role("visible", "hidden")
        self.states, self.base = case.states(self.names)
        self.x = self._given(generator)

    def _given(self, generator: np.random.Generator) -> dict[str, Array]:
        if not self.given:
            return {}
        states, base = self.case.states(self.given)
        pick = generator.integers(0, len(base), 1)
        return {n: x[pick] for n, x in states.items()}

    def weights(self) -> Array:
        """log weights −E + base of all joint states at the given case; the given units' own base
        measures are counted.
        """
        there = self.states | {n: np.repeat(x, len(self.base), 0) for n, x in self.x.items()}
        own = float(self.case.base(self.x)[0]) if self.given else 0.0
        return self.base + own - np.asarray(self.case.energy(self.m.params, there))

    def log_z(self) -> float:
        return float(logsumexp(self.weights()))

    def seen(self, data: dict[str, Array], r: int) -> Array:
        """Which joint states have the entries that case r of the data has."""
        keep = np.ones(len(self.base), bool)
        for n, x in data.items():
            if n not in self.given:
                known = ~np.isnan(x[r])
                keep &= (
                    (self.states[n][:, known] == x[r][known]).reshape(len(keep), -1).all(1)
                    if x[r].ndim
                    else (~known | (self.states[n] == x[r]))
                )
        return keep

    def log_seen(self, data: dict[str, Array]) -> Array:
        """log Σ over all that was not seen, [cases]."""
        w = self.weights()
        return np.array(
            [logsumexp(w[self.seen(data, r)]) for r in range(len(next(iter(data.values()))))]
        )

    def mean(self, keep: Array, name: str) -> Array:
        w = self.weights()[keep]
        return np.tensordot(np.exp(w - logsumexp(w)), self.states[name][keep], 1)

    def data(self, cases: int, seed: int = 3) -> dict[str, Array]:
        """Cases of all visible groups beside the given case."""
        rows = np.random.default_rng(seed).integers(0, len(self.base), cases)
        return {n: self.states[n][rows] for n in self.case.of_role("visible")} | {
            n: np.repeat(x, cases, 0) for n, x in self.x.items()
        }


@pytest.fixture(params=CASES)
def truth(request: pytest.FixtureRequest) -> Truth:
    return Truth(CASES[request.param], seed=5)


@pytest.mark.parametrize("way", WAYS)
def test_every_exact_method_counts_every_term(
    truth: Truth, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    WAYS[way](monkeypatch)
    m, data = truth.m, truth.data(3)
    np.testing.assert_allclose(m.free_energy(**data), -truth.log_seen(data), atol=1e-9)
    if not truth.given:
        assert m.log_partition() == pytest.approx(truth.log_z(), abs=1e-9)
    np.testing.assert_allclose(
        m.log_likelihood(data), truth.log_seen(data) - truth.log_z(), atol=1e-9
    )
    for n in truth.case.of_role("hidden") if way == "by_group" else ():
        np.testing.assert_allclose(
            m.posterior(**data)[n],
            [truth.mean(truth.seen(data, r), n) for r in range(3)],
            atol=1e-9,
        )
    found = m.gradient(data)
    for name, array in m.params.items():
        symmetric = m.model.parameter(name).symmetric
        for at in list(np.ndindex(array.shape))[:: max(1, array.size // 3)]:
            if symmetric and at[0] >= at[1]:
                continue
            wanted = slope(array, at, lambda: (truth.log_seen(data) - truth.log_z()).mean())
            if symmetric:
                wanted += slope(
                    array, at[::-1], lambda: (truth.log_seen(data) - truth.log_z()).mean()
                )
            assert found[name][at] == pytest.approx(wanted, abs=1e-6), (name, at)


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if len(c.of_role("visible")) > 1])
def test_a_visible_group_that_is_left_out_is_summed_with_the_rest(name: str) -> None:
    truth = Truth(CASES[name], seed=7)
    data = truth.data(3)
    for left in truth.case.of_role("visible"):
        known = {n: x for n, x in data.items() if n != left}
        found = truth.m.posterior(**known)
        for n in (left, *truth.case.of_role("hidden")):
            np.testing.assert_allclose(
                found[n], [truth.mean(truth.seen(known, r), n) for r in range(3)], atol=1e-9
            )


@pytest.mark.parametrize("way", ["by_group", "unit_by_unit"])
def test_marginals_are_those_of_the_model_whatever_is_held(
    truth: Truth, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    WAYS[way](monkeypatch)
    everything = np.ones(len(truth.base), bool)
    for n, mean in truth.m.marginals(clamp=truth.x or None).items():
        if n not in truth.given:
            np.testing.assert_allclose(mean, truth.mean(everything, n), atol=1e-9)
    data = truth.data(1, seed=8)
    for held in truth.case.of_role("visible"):
        part = data[held].copy()
        clamps = [part]
        if len(truth.case.groups[held][2]) and part.shape[1] > 1:
            hole = part.copy()
            hole[:, 1:] = np.nan
            clamps.append(hole)
        for x in clamps:
            keep = truth.seen({held: x}, 0)
            for n, mean in truth.m.marginals(clamp={held: x} | truth.x).items():
                if n not in truth.given:
                    np.testing.assert_allclose(mean, truth.mean(keep, n), atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_exact_samples_have_the_pair_moments_of_the_model(name: str) -> None:
    truth, count = Truth(CASES[name], seed=6), 4000
    drawn = truth.m.exact_sample(count, clamp=truth.x or None)
    x = np.hstack([drawn[n].reshape(count, -1) for n in truth.names])
    every = np.hstack([truth.states[n].reshape(len(truth.base), -1) for n in truth.names])
    p = np.exp(truth.weights() - truth.log_z())
    for i, j in itertools.combinations_with_replacement(range(x.shape[1]), 2):
        wanted = p @ (every[:, i] * every[:, j])
        spread = np.sqrt(max(p @ (every[:, i] * every[:, j]) ** 2 - wanted**2, 0.0) / count)
        assert abs((x[:, i] * x[:, j]).mean() - wanted) < 6 * spread + 1e-9, (i, j)  # p < 2e-9 each


@pytest.mark.compiled
def test_paired_states_are_the_same_sum_and_take_no_other_kind() -> None:
    case = CASES["dense"]
    m = bmdsl.parse(case.text).compile(seed=2, dtype="float64")
    truth = Truth(case, seed=2)
    for n, x in truth.m.params.items():
        m.params[n] = x
    assert paired_states.fits(m.program, ("h",), ("v",))
    assert m.paired_log_z(m.held_fields()) == pytest.approx(truth.log_z(), abs=1e-9)
    assert paired_states.TAKES == {Kind.CONSTANT, Kind.BIAS, Kind.COUPLING}


# ------------------------------------------------------------ sizes on both sides of the switches,


@pytest.mark.parametrize("n", [9, 10, 11, 12])
def test_an_expert_of_many_units_is_counted_at_every_size(n: int) -> None:
    m = bmdsl.parse(
        f"model m {{ visible s[{n}] : spin  param a[{n}], c, b  energy = - softplus(c + a[i] s[i])"
        " - b[i] s[i] }"
    ).compile(dtype="float64", backend="reference")
    generator = np.random.default_rng(n)
    for p, x in m.params.items():
        m.params[p] = generator.normal(0, 0.6, x.shape)
    S = np.array(list(itertools.product((-1.0, 1.0), repeat=n)))
    w = softplus(m.params["c"] + S @ m.params["a"]) + S @ m.params["b"]
    p = np.exp(w - logsumexp(w))
    assert m.log_partition() == pytest.approx(logsumexp(w), abs=1e-9)
    np.testing.assert_allclose(m.marginals()["s"], p @ S, atol=1e-9)
    np.testing.assert_allclose(m.gradient(S[-1:])["b"], 1 - p @ S, atol=1e-9)


def test_experts_of_windows_are_summed_along_a_long_chain() -> None:
    """40 spins, one expert for each three that follow one another: a transfer matrix
    gives log Z.
    """
    m = bmdsl.parse(
        "model m { visible s[40] : spin  param W[3]  energy = - sum[x] abs(W[p] s[x+p]) for x in"
        " 0..38 }"
    ).compile(dtype="float64", backend="reference")
    W = np.array([0.7, -0.4, 0.9])
    m.params["W"] = W
    two = list(itertools.product((-1.0, 1.0), repeat=2))
    step = np.array(
        [[np.exp(abs(W @ (a, b, d))) if b == c else 0.0 for c, d in two] for a, b in two]
    )
    assert m.log_partition() == pytest.approx(
        np.log(np.linalg.matrix_power(step, 38).sum()), rel=1e-10
    )


def test_an_expert_of_too_many_units_is_refused_with_the_reason() -> None:
    m = bmdsl.parse(
        "model m { visible s[40] : spin  param W  energy = - square(W[i] s[i]) }"
    ).compile(backend="reference")
    m.params["W"] = np.ones(40)
    for method in (m.log_partition, m.marginals, lambda: m.exact_sample(3)):
        with pytest.raises(BmError, match="BM801"):
            method()
    with pytest.raises(BmError, match=r"a projection joins 40 units, a table of 2\^40"):
        m.exact_sample(3)


def test_the_cases_have_every_kind_and_every_term_is_of_one() -> None:
    found = set()
    for name, case in CASES.items():
        plan = Truth(case, 0).m.program.plan
        for n in range(len(plan.model.terms)):
            kind_of(plan, n)
        kinds = kinds_of(plan)
        assert {Kind[k] for k in case.kinds} <= kinds, name
        found |= kinds
    assert found == set(Kind), "a new kind of term needs a case here"


def test_each_algorithm_declares_what_it_takes() -> None:
    assert program.TAKES == set(Kind)


class Other(Enum):
    NEW = "a kind of term that came later"


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "log_partition": lambda m, v: m.log_partition(),
    "ais": lambda m, v: Path(m, {n: np.zeros(2) for n in "vh"}, 4, 10),
    "log_likelihood": lambda m, v: m.log_likelihood(v),
    "free_energy": lambda m, v: m.free_energy(v=v),
    "free_energy_of_a_part": lambda m, v: m.free_energy(v=np.where(v == v[0, 0], np.nan, v)),
    "posterior": lambda m, v: m.posterior(v=v),
    "gradient": lambda m, v: m.gradient(v),
    "marginals": lambda m, v: m.marginals(),
    "marginals_clamp": lambda m, v: m.marginals(clamp={"v": v[:1]}),
    "exact_sample": lambda m, v: m.exact_sample(2),
    "mean_field": lambda m, v: m.mean_field({"v": v}, 3, 0.0, 0.0),
    "variational_bound": lambda m, v: m.variational_bound(v),
    "pseudolikelihood": lambda m, v: m.pseudolikelihood(
        {"v": v, "h": v}, np.ones(len(v)), None, 1.0
    ),
    "anneal": lambda m, v: m.anneal(n=2, sweeps=3),
    "contrastive": lambda m, v: m.verify_contrastive(None, False),
    "model_rows": lambda m, v: m.model_rows(),
    "parts": lambda m, v: list(
        observed_part.parts(m, {"v": v}, observed_part.Free(("h",)), "this", 9)
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_kind_that_an_algorithm_does_not_know_is_refused(call: str) -> None:
    m = bmdsl.parse(
        "model m { visible v[2] : binary  hidden h[2] : binary  param W  energy = - W[i,j] v[i]"
        " h[j] }"
    ).compile(backend="reference")
    CALLS[call](m, np.eye(2))
    m.program.kinds |= {Other.NEW}  # type: ignore[arg-type]
    with pytest.raises(BmError, match="BM880.*a kind of term that came later"):
        CALLS[call](m, np.eye(2))


@pytest.mark.parametrize(
    "name",
    [n for n, c in CASES.items() if {u for _, u, _ in c.groups.values()} <= {"binary", "spin"}],
)
def test_a_ladder_begins_where_the_strongest_field_of_all_terms_still_flips(name: str) -> None:
    """hot = log 2 / ΔE for a ΔE that no change of one unit passes."""
    truth = Truth(CASES[name], seed=9)
    e = np.asarray(truth.case.energy(truth.m.params, truth.states))
    cube = e.reshape([2] * int(np.log2(len(e))))  # an axis a unit, each of two states
    most = max(np.abs(np.diff(cube, axis=k)).max() for k in range(cube.ndim))
    assert np.log(2) / default_range(truth.m.program, truth.m.held_fields())[0] >= most - 1e-9

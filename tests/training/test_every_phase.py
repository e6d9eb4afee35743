"""Every negative phase leaves the model's distribution as it is, every positive one finds the
posterior.

A new phase is tested without an edit here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.runs.run_folder import OWN
from bmdsl.training import modifiers
from bmdsl.training.batch import Batch, Expectation
from tests.stats import ALPHA, verify_counts, verify_mean
from tests.training.random_graphs import Graph, Group, Term, Truth
from tests.training.words import (
    BURN_IN,
    FEW,
    LONG,
    MANY,
    WORDS,
    Arrays,
    bits,
    spelled,
    verify_same_bits,
)

pytestmark = pytest.mark.compiled

V, H, G, Z = (
    Group(name, role, unit, shape)
    for name, role, unit, shape in (
        ("v", "visible", "binary", (2,)),
        ("h", "hidden", "binary", (2,)),
        ("g", "hidden", "spin", (1,)),
        ("z", "hidden", "categorical(3)", ()),
    )
)


def _terms(*groups: str) -> tuple[Term, ...]:
    """A term for each word of groups' letters, its parameter called by them."""
    return tuple(Term(f"W_{x}", tuple(x)) for x in groups)


GRAPHS = {
    "independent": Graph((V, H, G), _terms("vh", "vg", "v", "h")),
    "triangle": Graph((V, H, G), _terms("vh", "vg", "hg", "v", "h")),
    "lateral": Graph(
        (V, H, G),
        (
            Term("U", ("v", "v"), "lateral"),
            Term("L", ("h", "h"), "lateral"),
            *_terms("vh", "vg", "hg"),
        ),
    ),
    "selector": Graph(
        (V, H, G, Z),
        (
            Term("T", ("v", "z", "h")),
            Term("Q", ("v", "z", "g")),
            *_terms("vh", "zv", "z", "hg"),
        ),
    ),
}
GIVEN = """model conditional { given x[3] : binary  visible v[4] : binary  hidden h[3] : binary
  param W init normal(0, 0.5)  param A init normal(0, 0.5)  param B init normal(0, 0.5)  param b, c
  energy = - W[i,j] v[i] h[j] - A[k,i] x[k] v[i] - B[k,j] x[k] h[j] - b[i] v[i] - c[j] h[j] }"""


class Small:
    """A graph's machine at asymmetric parameters, and its exact distribution."""

    def __init__(self, graph: Graph) -> None:
        generator = np.random.default_rng(6)
        self.graph, self.model = graph, bmdsl.parse(graph.text)
        self.machine = self.model.compile(seed=1, dtype="float64")
        values = {}
        for t in graph.terms:
            w = generator.normal(0, 0.8, graph.shape(t))
            values[t.name] = np.triu(w, 1) + np.triu(w, 1).T if t.kind == "lateral" else w
            self.machine.params[t.name] = values[t.name]
        self.truth = Truth(graph, values)
        self.units = {n: self.flat(x) for n, x in self.truth.states.items()}

    @staticmethod
    def flat(x: np.ndarray) -> np.ndarray:
        return x.reshape(len(x), -1)

    def choice(self, kind: str, name: str, options: Mapping[str, float]) -> Any:
        word = spelled(WORDS[kind][name].WORD, self.model, options)
        return getattr(self.model.bind({kind: word}).checked.training, kind)

    def draws(self, count: int, seed: int) -> Arrays:
        """Independent samples of the model itself, [count, size] a group."""
        p = self.truth.p
        rows = np.random.default_rng(seed).choice(len(p), count, p=p)
        return {n: x[rows] for n, x in self.units.items()}

    def batch(self, rows: Arrays, update: int) -> Batch:
        count = len(rows["v"])
        visible = {
            g.name: rows[g.name].reshape(count, *g.axes) for g in self.graph.of_role("visible")
        }
        return Batch(visible, np.full(count, 1 / count), update)

    def is_state(self, name: str, rows: np.ndarray) -> bool:
        """Whether all rows are states of the group, and none is a mean."""
        support = np.unique(self.units[name], axis=0)
        return bool((rows[:, None] == support).all(2).any(1).all())

    def verify_rows(self, rows: Mapping[str, np.ndarray]) -> None:
        """χ² of the groups that are drawn, jointly; standard errors of the means of the others."""
        flat = {n: self.flat(np.asarray(rows[n], float)) for n in self.units}
        drawn = [n for n in flat if self.is_state(n, flat[n])]
        assert drawn
        cells, place = np.unique(
            np.hstack([self.units[n] for n in drawn]), axis=0, return_inverse=True
        )
        p = np.bincount(place.ravel(), self.truth.p)
        found = np.hstack([flat[n] for n in drawn])
        at = (found[:, None] == cells).all(2).argmax(1)
        verify_counts(np.bincount(at, minlength=len(cells)), p)
        for name in set(flat) - set(drawn):
            exact = self.truth.p @ self.units[name]
            for unit, mean in enumerate(exact):
                verify_mean(flat[name][:, unit], float(mean))

    def verify_weighted(self, e: Expectation) -> None:
        """Weighted rows are the distribution itself: the gradient's sums are exact."""
        out = self.sums(e)
        for name, statistics in self.truth.statistics.items():
            np.testing.assert_allclose(out[name].ravel(), self.truth.p @ statistics, atol=1e-10)

    def sums(self, e: Expectation) -> Arrays:
        """⟨∂(−E)/∂θ⟩ over the rows."""
        out = {n: np.zeros_like(x) for n, x in self.machine.params.items()}
        self.machine.accumulate(e.rows, e.weights, out, 1.0)
        modifiers.tie(self.machine, out)
        return out


_small: dict[str, Small] = {}


def small(name: str) -> Small:
    if name not in _small:
        _small[name] = Small(GRAPHS[name])
    return _small[name]


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("name", WORDS["negative"])
def test_a_negative_phase_leaves_the_models_distribution_as_it_is(name: str, graph: str) -> None:
    at, module = small(graph), WORDS["negative"][name]
    choice = at.choice("negative", name, MANY)
    count = MANY["chains"]
    draws = at.draws(count, seed=8)
    kept = module.start(at.machine, choice)
    positive = Expectation(draws, np.full(count, 1 / count))
    if graph == "independent":
        positive = Expectation(*at.machine.posterior_rows(at.batch(draws, 3).data))
    for group in set(at.units) & set(kept):
        kept[group][...] = draws[group]
    updates = BURN_IN if any(n.startswith(OWN) for n in kept) else 1
    for update in range(3, 3 + updates):
        found = module.expect(at.machine, choice, at.batch(draws, update), kept, positive)
    if np.ptp(found.weights) > 1e-12:
        at.verify_weighted(found)
        return
    if not set(at.units) & set(kept) and graph != "independent":
        pytest.skip(
            "its chains begin at the posterior, drawn at once if hidden units are independent"
        )
    rows = {n: kept.get(n, found.rows[n]) for n in at.units}
    at.verify_rows(rows)
    at.verify_rows(found.rows)
    moved = np.hstack([np.asarray(rows[n]) != draws[n] for n in at.units]).any(1).mean()
    assert moved > 0.2  # a phase that does nothing leaves any distribution as it is


def _posteriors(at: Small, cases: Arrays) -> list[np.ndarray]:
    return [at.truth.at({n: x[k] for n, x in cases.items()}) for k in range(len(cases["v"]))]


def _is_exact(at: Small, expect: Callable[[Batch], Expectation], cases: Arrays) -> bool:
    """⟨∂(−E)/∂θ⟩ equals the sum over all states."""
    out = at.sums(expect(at.batch(cases, 3)))
    p = np.mean(_posteriors(at, cases), axis=0)
    return all(
        np.allclose(out[n].ravel(), p @ s, atol=1e-9) for n, s in at.truth.statistics.items()
    )


def _is_unbiased(at: Small, expect: Callable[[Batch], Expectation], cases: Arrays) -> bool:
    """Over many rows a case, it is within its standard error of the sum over all states."""
    repeat = 3000
    out = at.sums(expect(at.batch({n: np.repeat(x, repeat, axis=0) for n, x in cases.items()}, 3)))
    posteriors = _posteriors(at, cases)
    entries = sum(s.shape[1] for s in at.truth.statistics.values())
    limit = stats.norm.isf(ALPHA / 2 / entries)
    z = []
    for name, statistics in at.truth.statistics.items():
        moments = [at.truth.moments(statistics, p) for p in posteriors]
        mean = np.mean([m for m, _ in moments], axis=0)
        variance = np.mean([v for _, v in moments], axis=0) / (repeat * len(posteriors))
        z.append(np.abs(out[name].ravel() - mean) / (np.sqrt(variance) + 1e-9))
    return bool(np.concatenate(z).max() < limit)


def _is_fixed_point(at: Small, expect: Callable[[Batch], Expectation], cases: Arrays) -> bool:
    """Every unit that is not observed has the mean that it has given the means of all others."""
    found = expect(at.batch(cases, 3)).rows
    if len(found["v"]) != len(cases["v"]):
        return False
    rows = {
        n: np.asarray(found[n], float).reshape(len(cases["v"]), *g.axes) for n, g in _groups(at)
    }
    apart = 0.0
    for name, g in _groups(at):
        k = g.axes[-1] if g.unit.startswith("categorical") else 1
        flat = rows[name].reshape(len(rows[name]), -1, k)
        for unit in range(flat.shape[1]):
            scores, values = [], []
            for state, log_base in g.states():
                moved = flat.copy()
                moved[:, unit] = state
                states = {**rows, name: moved.reshape(rows[name].shape)}
                scores.append(at.graph.minus_energy(at.truth.params, states) + log_base)
                values.append(state)
            p = np.exp(scores - np.logaddexp.reduce(scores))
            mean = np.einsum("sn,sk->nk", p, np.array(values))
            seen = ~np.isnan(cases[name].reshape(flat.shape)[:, unit]) if name in cases else False
            apart = max(apart, float(np.where(seen, 0, np.abs(mean - flat[:, unit])).max()))
    return apart < 1e-6


def _groups(at: Small) -> Iterator[tuple[str, Group]]:
    return ((g.name, g) for g in at.graph.groups)


@pytest.mark.parametrize("missing", [False, True], ids=["whole cases", "missing values"])
@pytest.mark.parametrize("graph", ["triangle", "selector"])
@pytest.mark.parametrize("name", WORDS["positive"])
def test_a_positive_phase_is_exact_or_unbiased_or_a_fixed_point(
    name: str, graph: str, missing: bool
) -> None:
    at, module = small(graph), WORDS["positive"][name]
    choice = at.choice("positive", name, LONG)
    cases = {"v": np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])}
    if missing:
        cases["v"][1:, 0] = np.nan

    def expect(batch: Batch) -> Expectation:
        return module.expect(at.machine, choice, batch)  # type: ignore[no-any-return]

    try:
        found = expect(at.batch(cases, 3))
    except BmError as refused:
        assert missing and refused.diagnostics[0].code == "BM752"
        return
    assert found.weights.sum() == pytest.approx(1)
    each = len(found.weights) // 3
    seen = np.repeat(~np.isnan(cases["v"]), each, axis=0)
    rows = np.asarray(found.rows["v"], float).reshape(seen.shape)
    np.testing.assert_array_equal(rows[seen], np.repeat(cases["v"], each, axis=0)[seen])
    kinds = (_is_exact, _is_unbiased, _is_fixed_point)
    assert any(kind(at, expect, cases) for kind in kinds)


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in ("positive", "negative") for name in WORDS[kind]]
)
def test_a_phase_never_changes_given_units(kind: str, name: str) -> None:
    model, module = bmdsl.parse(GIVEN), WORDS[kind][name]
    machine = model.compile(seed=4, dtype="float64")
    data = {"x": bits(10, 3), "v": bits(10, 4)}
    before = {n: x.copy() for n, x in data.items()}
    batch = Batch(data, np.full(10, 0.1), 3)
    word = spelled(module.WORD, model, FEW)
    choice = getattr(model.bind({kind: word}).checked.training, kind)
    if kind == "positive":
        found = module.expect(machine, choice, batch)
        clamped = ["x", "v"]
    else:
        rows, _ = machine.posterior_rows(data)
        try:
            kept = module.start(machine, choice)
        except BmError as refused:  # its chains belong to no case
            assert refused.diagnostics[0].code == "BM758"
            return
        found = module.expect(machine, choice, batch, kept, Expectation(rows, batch.weights))
        clamped = ["x"]
    each = len(found.weights) // 10
    for group in clamped:
        np.testing.assert_array_equal(found.rows[group], np.repeat(before[group], each, axis=0))
    verify_same_bits(data, before)

"""Every negative phase beside every positive one, run long on random graphs of groups: the gradient
is the exact one within its computed error.

The words are read from the registry, so that a new one is held to this too. Errors are those of
independent rows: a row of means varies no more than one of draws, whose variance is summed exactly.
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.plan.plan import Plan
from bmdsl.registry import discover
from bmdsl.schedule import collector
from bmdsl.training.batch import Batch
from bmdsl.training.recipe import Recipe
from tests.stats import ALPHA
from tests.training.random_graphs import Graph, Group, Term, Truth

pytestmark = pytest.mark.compiled

NEGATIVE, POSITIVE = (discover(f"bmdsl.training.{kind}") for kind in ("negative", "positive"))
CHAINS, SWEEPS = 3000, 30
UNBIASED = {"chains": CHAINS, "steps": SWEEPS, "rate": 0.0, "replicas": 3}
"""Options of any phase that has them, by name: long chains, no fast weights."""
BIASED = {"meanfield": "independent"}
"""Positive phases that are exact where hidden groups are independent only."""

V, H, G, Z = (
    Group(n, r, u, s)
    for n, r, u, s in (
        ("v", "visible", "binary", (2,)),
        ("h", "hidden", "binary", (2,)),
        ("g", "hidden", "spin", (1,)),
        ("z", "hidden", "categorical(3)", ()),
    )
)
X, S = Group("x", "visible", "gaussian", (1,)), Group("s", "hidden", "gaussian", (1,))


def _pairs(*edges: str) -> tuple[Term, ...]:
    return tuple(Term(f"W{k}", tuple(e)) for k, e in enumerate(edges))


def _random(seed: int) -> Graph:
    """Four or five groups of small units, each joined to an earlier one, some pairs more, and a
    term of three.
    """
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 6))
    kinds = [
        str(rng.choice(["binary", "spin", "binomial(2)", "categorical(2)"])) for _ in range(count)
    ]
    roles = ["visible" if k in (1, 3) else "hidden" for k in range(count)]
    groups = tuple(
        Group("abcde"[k], roles[k], kinds[k], (int(rng.integers(1, 3)),) if k % 2 else ())
        for k in range(count)
    )
    edges = {(int(rng.integers(k)), k) for k in range(1, count)} | {
        p for p in combinations(range(count), 2) if rng.random() < 0.4
    }
    terms = [Term(f"W{n}", ("abcde"[a], "abcde"[b])) for n, (a, b) in enumerate(sorted(edges))]
    third = sorted(rng.choice(count, 3, replace=False))
    return Graph(
        groups,
        (*terms, Term("T", tuple("abcde"[k] for k in third)), Term("A", ("a",)), Term("B", ("b",))),
    )


GRAPHS = {
    "triangle": Graph((V, H, G), _pairs("vh", "vg", "hg", "h")),
    "chain": Graph(
        (V, H, G, Group("y", "hidden", "binomial(2)", (1,))), _pairs("vh", "hg", "gy", "v", "y")
    ),
    "last block with visible units": Graph(
        (Group("y", "visible", "spin", (1,)), V, H, G), _pairs("vh", "yh", "vg", "yg", "v", "g")
    ),
    "spike and slab": Graph(
        (X, Group("h", "hidden", "binary", (1,)), S),
        (
            Term("W", ("x", "h", "s")),
            Term("U", ("x", "s")),
            Term("c", ("h",)),
            Term("P", ("s", "h"), powers=(2, 1)),
        ),
    ),
    "selector": Graph(
        (V, H, G, Z),
        (*_pairs("vh", "vg", "zv", "z"), Term("T", ("v", "z", "h")), Term("Q", ("v", "z", "g"))),
    ),
    "selector whose groups tie": Graph(
        (V, H, G, Z),
        (*_pairs("hg", "vg", "zv"), Term("T", ("v", "z", "h")), Term("Q", ("v", "z", "g"))),
    ),
    "lateral": Graph(
        (V, H, G),
        (
            Term("U", ("v", "v"), "lateral"),
            Term("L", ("h", "h"), "lateral"),
            *_pairs("vh", "vg", "hg"),
        ),
    ),
    "lattice": Graph(
        (Group("v", "visible", "spin", (4,)), Group("h", "hidden", "binary", (4,))),
        (Term("J", ("v", "v"), "ring"), Term("K", ("v", "h"), "paired"), Term("c", ("h",))),
    ),
    "expert": Graph((V, H, G), (Term("E", ("v", "v"), "softplus"), *_pairs("vh", "hg", "vg"))),
    "third order": Graph((V, H, G), (Term("T", ("v", "h", "g")), *_pairs("v", "h", "g"))),
    **{f"random {seed}": _random(seed) for seed in range(12)},
}
QUICK = (
    "triangle",
    "chain",
    "spike and slab",
    "selector whose groups tie",
    "lateral",
    "lattice",
    "expert",
    "random 2",
)
"""Compiling a graph takes longer than running all its phases."""


def _values(graph: Graph, seed: int = 0) -> dict[str, np.ndarray]:
    """Couplings of about 1, which 30 sweeps forget, but where Gaussian units need weak ones."""
    rng = np.random.default_rng(seed)
    real = {g.name for g in graph.groups if g.unit == "gaussian"}
    out = {}
    for t in graph.terms:
        w = rng.normal(0, 0.9 if not real & set(t.groups) else 0.4, graph.shape(t))
        w = np.clip(w, -0.4, 0.4) if len(real & set(t.groups)) > 1 else w
        out[t.name] = (
            -np.abs(w)
            if 2 in t.powers
            else np.triu(w, 1) + np.triu(w, 1).T
            if t.kind == "lateral"
            else w
        )
    return out


def _spelled(folder: str, word: str) -> str:
    known = {"negative": NEGATIVE, "positive": POSITIVE}[folder][word].WORD
    options = [f"{o.name} = {UNBIASED[o.name]}" for o in known.options if o.name in UNBIASED]
    return f"{word}({', '.join(options)})" if options else word


class Case:
    """A graph's machine, its exact expectations, and a few visible cases."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.machine = bmdsl.parse(graph.text).compile(seed=1, dtype="float64")
        values = _values(graph)
        for name, x in values.items():
            self.machine.params[name] = x
        self.truth = Truth(graph, values)
        pick = np.random.default_rng(4).choice(len(self.truth.p), 3, p=self.truth.p)
        self.data = {g.name: self.truth.states[g.name][pick] for g in graph.of_role("visible")}

    def verify(
        self,
        positive: str,
        negative: str,
        data: dict[str, np.ndarray],
        repeat: int,
        comparisons: int,
    ) -> None:
        """The recipe's gradient, and both phases' means of units, in standard errors."""
        setting = {
            "positive": positive,
            "negative": negative,
            "center": "off",
            "optimizer": "sgd(rate = 1e-9)",
        }
        training = bmdsl.parse(self.graph.text).bind(setting).checked.training
        cases = len(next(iter(data.values())))
        rows = {n: np.repeat(x, repeat, axis=0) for n, x in data.items()}
        batch = Batch(rows, np.full(cases * repeat, 1 / (cases * repeat)), 3)
        recipe = Recipe.of(self.machine, training, batch, 10)
        found, _ = recipe.gradient(batch)
        found = {n: x.copy() for n, x in found.items()}
        posteriors = [self.truth.at({n: x[k] for n, x in data.items()}) for k in range(cases)]
        limit = stats.norm.isf(
            ALPHA / 2 / comparisons / max(1, sum(x.size for x in found.values()))
        )
        exact_positive, exact_negative = (
            not POSITIVE[positive.split("(")[0]].WORD.options,
            not NEGATIVE[negative.split("(")[0]].WORD.options,
        )
        for name, statistics in self.truth.statistics.items():
            mean, variance = np.zeros(statistics.shape[1]), np.zeros(statistics.shape[1])
            for p in posteriors:
                m, var = self.truth.moments(statistics, p)
                mean += m / cases
                variance += 0 if exact_positive else var / cases / (cases * repeat)
            m, var = self.truth.moments(statistics, self.truth.p)
            chains = cases * repeat if negative.startswith("cd") else CHAINS
            mean, variance = mean - m, variance + (0 if exact_negative else var / chains)
            z = np.abs(found[name].ravel() - mean) / (np.sqrt(variance) + 2e-5)
            k = z.argmax()
            assert z[k] < limit, (
                f"{positive}, {negative}: d/d{name} is {found[name].ravel()[k]:.4f}, exactly"
                f" {mean[k]:.4f}, z = {z[k]:.1f}"
            )
        self._means(recipe, posteriors, cases * repeat, limit)

    def _means(self, recipe: Recipe, posteriors: list[np.ndarray], rows: int, limit: float) -> None:
        """⟨x⟩ of every group, which offsets of centring, sparsity and the use of one-of-K states
        are made of.
        """
        assert recipe.last is not None
        for phase, ps in zip(recipe.last, (posteriors, [self.truth.p]), strict=True):
            for g in self.graph.groups:
                x = self.truth.states[g.name].reshape(len(self.truth.p), -1)
                means, variances = zip(*(self.truth.moments(x, p) for p in ps), strict=True)
                error = (
                    np.sqrt(
                        np.mean(variances, axis=0) / min(rows if len(ps) > 1 else CHAINS, CHAINS)
                    )
                    + 2e-5
                )
                z = np.abs(phase.mean(g.name).ravel() - np.mean(means, axis=0)) / error
                assert z.max() < limit, (g.name, z.max())


_cases: dict[str, Case] = {}


def case_of(name: str) -> Case:
    if name not in _cases:
        _cases[name] = Case(GRAPHS[name])
    return _cases[name]


def independent(graph: Graph) -> bool:
    """Whether no term has two units of hidden groups."""
    hidden = {g.name for g in graph.of_role("hidden")}
    return all(sum(n in hidden for n in t.groups) < 2 for t in graph.terms)


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in GRAPHS]
)
def test_the_gradient_of_every_pair_of_phases_is_the_exact_one(name: str) -> None:
    case = case_of(name)
    pairs = list(product(POSITIVE, NEGATIVE))
    for positive, negative in pairs:
        if positive in BIASED and not independent(case.graph):
            continue
        if POSITIVE[positive].WORD.options or negative == "cd":
            repeat = CHAINS // 3
        else:
            repeat = 1
        try:
            case.verify(
                _spelled("positive", positive),
                _spelled("negative", negative),
                case.data,
                repeat,
                len(pairs) * len(GRAPHS),
            )
        except BmError as refused:  # a sum over real units that meet
            assert (
                refused.diagnostics[0].code == "BM801"
                and "exact" in (positive, negative)
                and name == "spike and slab"
            )


@pytest.mark.parametrize("name", ["triangle", "selector whose groups tie"])
def test_a_missing_value_is_summed_over_by_the_gibbs_phase(name: str) -> None:
    case = case_of(name)
    data = {n: x.copy() for n, x in case.data.items()}
    data["v"][1:, 0] = np.nan
    case.verify(_spelled("positive", "gibbs"), "exact", data, CHAINS // 3, len(GRAPHS))


def test_the_means_of_a_block_that_is_drawn_over_are_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = case_of("triangle")
    assert case.machine.program.plan.blocks[-2:] == (("g",), ("h",))
    monkeypatch.setattr(Plan, "mean_block", ("g",))
    with monkeypatch.context() as patched:
        patched.delitem(case.machine.program.plan.__dict__, "mean_block", raising=False)
        patched.delitem(case.machine.__dict__, "compiled", raising=False)  # its routines
        with pytest.raises(BmError, match="a field made from `h` before that changed"):
            case.verify("exact", _spelled("negative", "pcd"), case.data, 1, len(GRAPHS))
        patched.setattr(collector, "verify", lambda *_: None)
        with pytest.raises(AssertionError, match="exact, pcd"):
            case.verify("exact", _spelled("negative", "pcd"), case.data, 1, len(GRAPHS))

"""The verdict on random energies, proper, improper or open, against the energy itself far out along
many rays.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.runtime.judge import judge

REALS = ("gaussian", "rectified", "poisson")
BOUNDED = {"binary": (0.0, 1.0), "spin": (-1.0, 1.0), "exponential": (0.0, 1.0)}
FAR = 1e5
CLEAR = 1e-3
"""Rays on which the energy is a smaller share of its addends' sizes are too close to call."""


class Energy:
    """E as a list of (coefficient, ((unit, power), ...)), the units by name: what the model's text
    says, for plain arrays.
    """

    def __init__(
        self, units: dict[str, str], addends: list[tuple[float, tuple[tuple[str, int], ...]]]
    ) -> None:
        self.units, self.addends = units, addends
        self.real = [n for n, kind in units.items() if kind in REALS]
        self.bounded = [n for n, kind in units.items() if kind in BOUNDED]

    def text(self) -> str:
        roles = itertools.chain(["visible"], itertools.repeat("hidden"))
        groups = "  ".join(
            f"{role} {n} : {kind}"
            for role, (n, kind) in zip(roles, self.units.items(), strict=False)
        )
        shown = (
            f"{c:+.4f} " + " ".join(n if p == 1 else f"{n}^{p}" for n, p in units)
            for c, units in self.addends
        )
        return f"model m {{ {groups}  energy = {' '.join(shown)} }}"

    def parts(self, x: dict[str, np.ndarray]) -> np.ndarray:
        """Every addend and every base measure, [addends, rays]."""
        out = [c * np.prod([x[n] ** p for n, p in units], axis=0) for c, units in self.addends]
        for n in self.real:
            out.append(
                np.array([math.lgamma(v + 1) for v in x[n]])
                if self.units[n] == "poisson"
                else x[n] ** 2 / 2
            )
        return np.array([np.broadcast_to(o, out[-1].shape) for o in out])

    def rays(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Unit directions of the real units, in all their subsets, [rays, units]."""
        u = generator.normal(size=(count, len(self.real))) * np.exp(
            generator.normal(size=(count, len(self.real)))
        )
        u *= generator.random(u.shape) < 0.75
        for k, n in enumerate(self.real):
            if self.units[n] != "gaussian":
                u[:, k] = np.abs(u[:, k])
        u = u[(u != 0).any(1)]
        return u / np.linalg.norm(u, axis=1, keepdims=True)

    def lowest(self, u: np.ndarray, r: float) -> float:
        """The least E as a share of its addends' sizes, over rays and states of the
        bounded units.
        """
        low = np.inf
        for state in itertools.product(*(BOUNDED[self.units[n]] for n in self.bounded)):
            x = {n: r * u[:, k] for k, n in enumerate(self.real)} | {
                n: np.full(len(u), s) for n, s in zip(self.bounded, state, strict=True)
            }
            parts = self.parts(x)
            low = min(low, float((parts.sum(0) / np.abs(parts).sum(0)).min()))
        return low


@st.composite
def energies(draw: st.DrawFn, top: int) -> Energy:
    """1 to 3 real units, 0 to 2 bounded ones, addends of degree up to `top` in the real ones."""
    reals = draw(
        st.lists(st.sampled_from(["gaussian", "gaussian", *REALS]), min_size=1, max_size=3)
    )
    bounded = draw(st.lists(st.sampled_from(sorted(BOUNDED)), max_size=2))
    units = {f"x{k}": kind for k, kind in enumerate(reals)} | {
        f"s{k}": kind for k, kind in enumerate(bounded)
    }
    square = [n for n in units if units[n] in ("gaussian", "rectified")]
    names = list(units)
    found: dict[tuple[tuple[str, int], ...], float] = {}
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["pair", "three", "square", "square of a pair"]))
        coefficient = draw(st.sampled_from([-1.7, -0.8, -0.3, -0.1, 0.1, 0.4, 0.9, 1.3]))
        if kind == "square" and square:
            chosen = ((draw(st.sampled_from(square)), 2),)
        elif kind == "square of a pair" and square and len(names) > 1:
            a = draw(st.sampled_from(square))
            b = draw(st.sampled_from([n for n in names if n != a]))
            chosen = ((a, 2), (b, draw(st.sampled_from([1, 2])) if b in square else 1))
        else:
            count = min(len(names), 3 if kind == "three" else 2)
            chosen = tuple((n, 1) for n in sorted(draw(st.permutations(names))[:count]))
        degree = sum(p for n, p in chosen if units[n] in REALS)
        if degree <= top:
            found[tuple(sorted(chosen))] = coefficient
    assume(found)
    return Energy(units, [(c, units_) for units_, c in found.items()])


def verdict(e: Energy) -> tuple[str, list]:
    m = bmdsl.parse(e.text()).compile(seed=0, dtype="float64", backend="reference")
    growth = m._propriety.growth
    if not growth.can_fail:
        return "proper", []
    found = judge(growth, m.program.couple(m.params))
    kinds = [f.verdict for f in found]
    return next((k for k in ("improper", "open") if k in kinds), "proper"), [
        (growth, f) for f in found if f.verdict == "improper"
    ]


def held_against_rays(e: Energy) -> str:
    """The verdict, after what it claims was held against the energy itself."""
    said, improper = verdict(e)
    u = e.rays(np.random.default_rng(0), 1500)
    low = min(e.lowest(u, FAR), e.lowest(u, 3 * FAR))
    if said == "proper":
        assert low > -CLEAR, (e.text(), low)
    for growth, one in improper:
        direction = np.zeros(growth.one + 1)
        direction[one.columns] = 1.0
        direction = direction if one.ray is None else one.ray.direction
        ray = np.array([[direction[growth.offset[n]] for n in e.real]])
        for k, n in enumerate(e.real):
            assert ray[0, k] >= 0 or e.units[n] == "gaussian", (
                "a direction that the units cannot take"
            )
        assert e.lowest(ray, 1e9) < 1e-12, (e.text(), one)  # 0 where a precision is 0
    return said if abs(low) > CLEAR else "close"


@settings(max_examples=40, deadline=None)
@given(energies(2))
def test_energies_of_degree_2_are_decided_and_rightly(e: Energy) -> None:
    said, u = held_against_rays(e), e.rays(np.random.default_rng(1), 1500)
    if said == "close":
        return
    assert said == ("proper" if e.lowest(u, FAR) > 0 else "improper"), e.text()


@settings(max_examples=40, deadline=None)
@given(energies(4))
def test_a_verdict_on_energies_of_any_degree_is_right(e: Energy) -> None:
    held_against_rays(e)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            (
                "visible x : gaussian  visible y : gaussian  visible z : gaussian  energy = - 0.1"
                " x y z"
            ),
            "improper",
        ),
        (
            "visible x : gaussian  visible y : gaussian  visible h : binary  energy = - 0.1 x y h",
            "proper",
        ),
        (
            "visible x : gaussian  visible y : gaussian  visible h : binary  energy = - 3 x y h",
            "improper",
        ),
        ("visible x : gaussian  visible y : gaussian  energy = 2 x^2 y^2 - 1.5 x^2", "improper"),
        ("visible x : gaussian  visible y : gaussian  energy = 2 x^2 y^2 - 0.3 x^2", "proper"),
        ("visible x : gaussian  visible y : rectified  energy = 2 x^2 y", "proper"),
        ("visible x : gaussian  visible y : rectified  energy = - 0.1 x^2 y", "improper"),
        (
            "visible x : rectified  visible y : rectified  visible z : poisson  energy = x y z",
            "proper",
        ),
        ("visible x[2] : gaussian  energy = sum[i] square(square(x[i])) - 3 x[i]^2", "proper"),
        (
            "visible x[2] : gaussian  energy = sum[i] square(square(x[i])) - sum[i] square(x[i])",
            "proper",
        ),
        (
            "visible x[3] : gaussian  energy = sum[i] square(square(x[i])) - 2 x[i] x[wrap(i+1)]",
            "BM861",
        ),
        ("visible x[2] : gaussian  energy = square(square(x[0] - x[1])) - 3 x[i]^2", "improper"),
        ("visible x[2] : gaussian  energy = square(square(x[0] - x[1])) - 0.3 x[i]^2", "proper"),
        (
            (
                "visible x : gaussian  visible y : gaussian  energy = square(square(x)) - x^2 -"
                " 0.9 x y"
            ),
            "proper",
        ),
        (
            "visible x : gaussian  energy = - 0.3 square(softplus(x)) - 0.3 square(softplus(-x))",
            "open",
        ),
        ("visible x : gaussian  energy = - 0.6 square(softplus(x))", "improper"),
        (
            "visible x[2] : gaussian  energy = 2 * square(square(x[0])) - square(square(x[1]))",
            "improper",
        ),
    ],
)
def test_a_verdict_worked_out_by_hand(text: str, said: str) -> None:
    try:
        m = bmdsl.parse(f"model m {{ {text} }}").compile(
            seed=0, dtype="float64", backend="reference"
        )
    except bmdsl.BmError as refused:
        assert refused.diagnostics[0].code == said, str(refused)
        return
    found = {f.verdict for f in judge(m._propriety.growth, m.program.couple(m.params))} or {
        "proper"
    }
    assert found == {said} or (said == "improper" and said in found)

"""Every derived quantity of a small machine against brute force, and its sampler against the exact
distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from ..inference.machine import Machine
from ..language.diagnostics import BmError
from ..plan.plan import MANY_CHAINS
from ..plan.streams import fixed_generator
from ..runtime.interpreter import Interpreter
from .brute_force import BruteForce, State
from .nodes import Nodes
from .one_unit import unit_mean

Array = np.ndarray
EXACT, QUADRATURE = 1e-9, 2e-6
UNSURE = 1e-3
"""Past this error of the quadrature nothing is compared with it."""
SLOPE, ENTRIES = 1e-5, 24
"""Step and about the error of a derivative by finite differences, in nats."""
CASES, LISTED = 6, 512
CHAINS, SWEEPS, FEW = 4096, 100, 3
RISK = 1e-6
"""Chance that a right sampler fails one of its rows."""
DIRECTIONS = 12
RARE = 50
"""A kurtosis past one in so many of the chains' number is too much for the normal distribution."""


@dataclass(frozen=True)
class Row:
    """One comparison: the largest error and where, the tolerance; or why it was left out."""

    what: str
    error: float = 0.0
    tolerance: float = 0.0
    where: str = ""
    skipped: str = ""

    @property
    def passed(self) -> bool:
        return bool(self.skipped) or bool(self.error <= self.tolerance)


@dataclass(frozen=True)
class Subject:
    """The small machine in double precision, the one in single precision that samples, and the
    truth.
    """

    machine: Machine
    sampler: Machine
    brute: BruteForce
    nodes: dict[str, Nodes]
    given: State
    given_cases: dict[object, BruteForce] = field(default_factory=dict)

    @property
    def tolerance(self) -> float:
        """EXACT where all states are listed, else QUADRATURE, or four times what the quadrature
        itself is uncertain by.
        """
        return (
            EXACT
            if all(n.exact for n in self.nodes.values())
            else max(QUADRATURE, 4 * self.brute.error)
        )

    def clamped(self, cases: State, k: int) -> BruteForce:
        """The joint states of what is left free where the groups of `cases` are held at case k."""
        held = {n: x[k : k + 1] for n, x in cases.items()}
        key = tuple((n, x.tobytes()) for n, x in sorted(held.items()))
        if key not in self.given_cases:
            self.given_cases[key] = BruteForce(
                self.brute.model, self.nodes, {**self.given, **held}, self.machine.params
            )
        return self.given_cases[key]

    def cases(self) -> State:
        """A few joint states, [CASES, *axes], the same at every call."""
        pick = fixed_generator("VERIFIED_STATES").integers(0, self.brute.count, CASES)
        return {
            n: np.repeat(x[:1], CASES, axis=0) if n in self.given else x[pick]
            for n, x in self.brute.states.items()
        }


def rows(s: Subject) -> Iterator[Row]:
    """All comparisons, in the order in which one thing is made from another."""
    for what, check in CHECKS.items():
        if s.brute.error > UNSURE and what not in ("energy", "detailed balance"):
            yield Row(
                what,
                skipped=(
                    f"the quadrature itself is known to {s.brute.error:.1e} only: smaller sizes, as"
                    " --size"
                ),
            )
            continue
        try:
            yield check(s, what)
        except BmError as refused:
            yield Row(what, skipped=refused.diagnostics[0].message)


def _row(what: str, errors: list[tuple[float, str]], tolerance: float) -> Row:
    worst = max(errors, key=lambda e: np.inf if np.isnan(e[0]) else e[0], default=(0.0, ""))
    return Row(what, float(worst[0]), tolerance, worst[1])


def _apart(found: Array, wanted: Array) -> float:
    """The largest difference, relative where values are large."""
    return float(
        np.max(
            np.abs(np.asarray(found, float) - wanted) / np.maximum(1, np.abs(wanted)), initial=0.0
        )
    )


# ---------------------------------------------------------------- formulas


def _energy(s: Subject, what: str) -> Row:
    pick = np.unique(np.linspace(0, s.brute.count - 1, LISTED).astype(int))
    states = {n: x[pick] for n, x in s.brute.states.items()}
    base = np.zeros(len(pick))
    for g in s.machine.program.plan.groups:
        if g.states is None:
            base += np.array(
                [
                    sum(float(g.unit.log_base(float(v), *g.arguments)) for v in row.ravel())
                    for row in states[g.name]
                ]
            )
    wanted = s.brute.energy(s.machine.params, states) - base
    found = s.machine.energy(**states)
    return _row(
        what,
        [
            (_apart(found[k : k + 1], wanted[k : k + 1]), f"state {pick[k]}")
            for k in range(len(pick))
        ],
        EXACT,
    )


def _conditional(s: Subject, what: str) -> Row:
    """One unit at a time put through all its states, everything else fixed."""
    cases, errors = s.cases(), []
    for g in s.machine.program.plan.groups:
        if g.name not in s.nodes:
            continue
        found = s.machine.conditional(g.name, **cases)
        for unit in np.ndindex(
            *(int(a) for a in (g.axes[:-1] if g.states is not None else g.axes))
        ):
            for k in range(CASES):
                wanted = unit_mean(
                    s.brute.model,
                    s.nodes[g.name],
                    s.machine.params,
                    {n: x[k : k + 1] for n, x in cases.items()},
                    s.brute.groups[g.name],
                    unit,
                )
                errors.append(
                    (_apart(found[k][unit], wanted), f"{g.name}[{', '.join(map(str, unit))}]")
                )
    return _row(what, errors, s.tolerance)


def _visible_cases(s: Subject) -> State:
    return {n: x for n, x in s.cases().items() if n not in s.machine.hidden}


def _free_energy(s: Subject, what: str) -> Row:
    """−log Σ_h over the hidden units of a few visible states."""
    if not s.machine.hidden:
        return Row(what, skipped="there are no hidden units")
    cases = _visible_cases(s)
    found, errors = s.machine.free_energy(**cases), []
    for k in range(CASES):
        wanted = -s.clamped(cases, k).log_partition(s.machine.params) - _base(
            s, {n: x[k] for n, x in cases.items()}
        )
        errors.append((_apart(found[k : k + 1], np.array([wanted])), f"case {k}"))
    return _row(what, errors, s.tolerance)


def _base(s: Subject, values: State) -> float:
    """log base measure of values that are held: a part of E, but of no sum."""
    groups = [s.machine.program.plan.group(n) for n in values]
    return sum(
        float(g.unit.log_base(float(x), *g.arguments))
        for g in groups
        if g.states is None
        for x in values[g.name].ravel()
    )


def _log_partition(s: Subject, what: str) -> Row:
    """log Z, or log P(v | x) of a few cases where groups are given."""
    wanted = s.brute.log_partition(s.machine.params) + _base(s, s.given)
    if not s.given:
        return _row(
            what,
            [(_apart(np.array([s.machine.log_partition()]), np.array([wanted])), "")],
            s.tolerance,
        )
    cases = _visible_cases(s)
    found = -s.machine.log_likelihood(cases) - s.machine.free_energy(**cases)
    return _row(what, [(_apart(found, np.full(CASES, wanted)), "")], s.tolerance)


def _gradient(s: Subject, what: str) -> Row:
    """Against finite differences of the mean log-likelihood by brute force: every entry, or ENTRIES
    of a parameter that has more.
    """
    cases, errors = _visible_cases(s), []
    found = s.machine.gradient(cases)
    for name, at, moves in _entries(s):
        sides = [
            _mean_log_likelihood(s, _moved(s, name, moves, step), cases) for step in (SLOPE, -SLOPE)
        ]
        slope = np.array([(sides[0] - sides[1]) / (2 * SLOPE)])
        errors.append(
            (_apart(np.array([found[name][at]]), slope), f"{name}[{', '.join(map(str, at))}]")
        )
    return _row(what, errors, max(1e-6, 10 * s.tolerance))


Place = tuple[int, ...]


def _entries(s: Subject) -> Iterator[tuple[str, Place, set[Place]]]:
    """Parameter, entry, and the entries that move with it: every one, or ENTRIES of a parameter
    that has more.
    """
    symmetric = {p.name for p in s.machine.model.parameters if p.symmetric}
    for name, array in s.machine.params.items():
        entries = [at for at in np.ndindex(array.shape) if name not in symmetric or at[0] < at[1]]
        spread = np.unique(np.linspace(0, len(entries) - 1, min(len(entries), ENTRIES)).astype(int))
        for at in (entries[k] for k in spread):
            yield name, at, {at, at[::-1]} if name in symmetric else {at}


def _moved(s: Subject, name: str, places: set[Place], step: float) -> dict[str, Array]:
    """The parameters with some entries of one a step further."""
    moved = {n: np.array(x, np.float64) for n, x in s.machine.params.items()}
    for place in places:
        moved[name][place] += step
    return moved


def _mean_log_likelihood(s: Subject, params: dict[str, Array], cases: State) -> float:
    return sum(
        s.clamped(cases, k).log_partition(params) for k in range(CASES)
    ) / CASES - s.brute.log_partition(params)


def _mean_field(s: Subject, what: str) -> Row:
    """At a fixed point every hidden mean is A′ of the field that the interpreter works out from the
    means.
    """
    machine, plan = s.machine, s.machine.program.plan
    if not machine.hidden:
        return Row(what, skipped="there are no hidden units")
    if any(u.power != 1 for t in plan.model.terms for u in t.units):
        return Row(what, skipped="a term has a square, whose mean is not the square of the mean")
    means, used = machine.mean_field(_visible_cases(s), 2000, 1e-12, 0.5)
    if used >= 2000:
        return Row(what, skipped="no fixed point within 2000 iterations")
    state = {n: machine.program.shaped(n, x).astype(np.float64) for n, x in means.items()}
    walker, errors = Interpreter(plan, machine.params), []
    for name in machine.hidden:
        for k in range(CASES):
            errors.append(
                (_apart(state[name][k], walker.mean(name, state, k)), f"{name}, case {k}")
            )
    return _row(what, errors, 1e-6)


# ---------------------------------------------------------------- the sampler


def _marginals(s: Subject, what: str) -> Row:
    """Means of units and of products of two, over many chains after many sweeps, in standard
    errors.
    """
    if len(s.nodes) < len(s.brute.names):
        return Row(what, skipped="a group's states cannot be listed")
    drawn = s.sampler.sample(CHAINS, steps=SWEEPS, clamp=_held(s, CHAINS))
    return _compare(
        s, what, np.hstack([drawn[n].reshape(CHAINS, -1) for n in s.brute.names]).astype(np.float64)
    )


def _few_chains(s: Subject, what: str) -> Row:
    """The same for a few chains at a time, which start from the distribution and must
    stay there.
    """
    if not any(g.woven for g in s.sampler.program.plan.groups) or MANY_CHAINS <= FEW:
        return Row(what, skipped="one generated form serves any number of chains")
    count = CHAINS // FEW * FEW
    start = _arrived(s, count)
    parts = []
    for at in range(0, count, FEW):
        state = {n: x[at : at + FEW].copy() for n, x in start.items()}
        s.sampler.sweep(state, 3, {n: state[n].copy() for n in s.given}, update=1000 + at)
        parts.append(np.hstack([state[n] for n in s.brute.names]))
    return _compare(s, what, np.vstack(parts).astype(np.float64))


def _compare(s: Subject, what: str, x: Array) -> Row:
    names = [n for n in s.brute.names for _ in range(int(np.prod(s.brute.states[n].shape[1:])))]
    exact = np.hstack([s.brute.states[n].reshape(s.brute.count, -1) for n in s.brute.names])
    w = s.brute.log_weights(s.machine.params)
    p = np.exp(w - logsumexp(w))
    slack = np.array([s.sampler.program.plan.group(n).unit.draws_within for n in names])
    errors = [
        (_standard_errors(p, exact[:, i], x[:, i], slack[i]), f"mean of {names[i]}")
        for i in range(len(names))
    ]
    for i in range(len(names)):
        for j in range(i, len(names)):
            errors.append(
                (
                    _standard_errors(p, exact[:, i] * exact[:, j], x[:, i] * x[:, j], 0.0),
                    f"{names[i]} · {names[j]}",
                )
            )
    return _row(what, errors, float(norm.isf(RISK / 2 / len(errors))))


def _standard_errors(p: Array, exact: Array, drawn: Array, slack: float) -> float:
    """|mean of draws − exact mean| in standard errors; 0 where values are so rare that their mean
    is not yet normal.
    """
    mean = p @ exact
    variance, fourth = p @ (exact - mean) ** 2, p @ (exact - mean) ** 4
    if variance < 1e-12:
        return 0.0 if np.allclose(drawn, mean, atol=1e-5) else np.inf
    if fourth / variance**2 > len(drawn) / RARE:
        return 0.0
    return float(max(0.0, abs(drawn.mean() - mean) - slack) / variance**0.5 * len(drawn) ** 0.5)


def _balance(s: Subject, what: str) -> Row:
    """⟨f(x) g(x′)⟩ = ⟨g(x) f(x′)⟩ where x is drawn from the distribution and x′ is x after one
    group's (or one unit's) update.
    """
    plan, generator, errors = s.sampler.program.plan, fixed_generator("VERIFIED_FIELDS"), []
    start = _arrived(s, CHAINS)
    for name in s.brute.names:
        after = {n: x.copy() for n, x in start.items()}
        held = {n: x.copy() for n, x in start.items() if n != name}
        g = plan.group(name)
        alone = g.expert and (
            g.states is not None or g.unit.support(*g.arguments) is not None
        )  # drawn unit after unit where experts see them
        if (
            g.lateral or g.woven or alone
        ):  # only one unit's update is reversible where units meet: hold the others
            held[name] = start[name].copy()
            held[name].reshape(CHAINS, s.brute.groups[name].count, -1)[
                :, generator.integers(s.brute.groups[name].count)
            ] = np.nan
        s.sampler.sweep(after, 1, held, update=77)
        rest = np.hstack([start[n] for n in s.brute.names])
        for k in range(DIRECTIONS):
            a, b = generator.normal(size=(2, start[name].shape[1]))
            mask = np.repeat(
                [n != name for n in s.brute.names], [start[n].shape[1] for n in s.brute.names]
            )
            c = np.tanh(
                0.5 + rest @ (mask * generator.normal(size=rest.shape[1]))
            )  # of what the update leaves as it is
            f0, f1 = np.tanh(start[name] @ a), np.tanh(after[name] @ a)
            g0, g1 = np.tanh(start[name] @ b), np.tanh(after[name] @ b)
            d = c * (f0 * g1 - g0 * f1) + (c * (f1 - f0))
            errors.append(
                (
                    abs(d.mean()) / max(d.std(), 1e-12) * CHAINS**0.5 if d.any() else 0.0,
                    f"{name}, direction {k}",
                )
            )
    return _row(what, errors, float(norm.isf(RISK / 2 / len(errors))))


def _training_gradient(s: Subject, what: str) -> Row:
    """⟨∂(−E)/∂θ⟩ as training's phases have it, over chains that a sweep leaves with means in the
    place of draws, in standard errors.

    Chains of the model start from its distribution; those of one case, the visible units clamped,
    from the biases. Rows with means vary no more than draws, whose variance is summed over all
    joint states.
    """
    chains = {n: x.copy() for n, x in _arrived(s, CHAINS).items()}
    model = s.sampler.sweep(chains, 1, _held(s, CHAINS), update=55)
    phases = [("the model's", model, s.brute)]
    if s.machine.hidden:
        case = {n: x[:1] for n, x in _visible_cases(s).items()}
        data = {n: np.repeat(x, CHAINS, axis=0) for n, x in case.items()}
        rows = s.sampler.sweep(s.sampler.initial_state(CHAINS), SWEEPS, data, update=56, keep=False)
        phases.append(("the data's", rows, s.clamped(case, 0)))
    sums, errors = [], []
    for _, rows, _ in phases:
        out = {n: np.zeros_like(x) for n, x in s.sampler.params.items()}
        s.sampler.accumulate(rows, np.full(CHAINS, 1 / CHAINS, s.sampler.dtype), out, 1.0)
        s.sampler.tie(out)
        sums.append(out)
    for (whose, _, brute), out in zip(phases, sums, strict=True):
        w = brute.log_weights(s.machine.params)
        p = np.exp(w - logsumexp(w))
        for name, at, moves in _entries(s):
            sides = [brute.energy(_moved(s, name, moves, step)) for step in (SLOPE, -SLOPE)]
            statistic = (sides[1] - sides[0]) / (2 * SLOPE)
            drawn, slack = (
                np.full(CHAINS, float(out[name][at])),
                1e-5 * float(np.abs(statistic).max()),
            )
            errors.append(
                (
                    _standard_errors(p, statistic, drawn, slack),
                    f"{whose} {name}[{', '.join(map(str, at))}]",
                )
            )
    return _row(what, errors, float(norm.isf(RISK / 2 / max(1, len(errors)))))


def _arrived(s: Subject, count: int) -> State:
    """States of the distribution, flat: drawn from the list of all, or after many sweeps where
    there is only a quadrature.
    """
    if not all(n.exact for n in s.nodes.values()):
        return {
            n: s.sampler.program.flat(n, x)
            for n, x in s.sampler.sample(count, steps=SWEEPS, clamp=_held(s, count)).items()
        }
    w = s.brute.log_weights(s.machine.params)
    pick = fixed_generator("VERIFIED_DRAWS").choice(
        s.brute.count, count, p=np.exp(w - logsumexp(w))
    )
    return {
        n: s.sampler.program.flat(n, np.repeat(x[:1], count, axis=0) if n in s.given else x[pick])
        for n, x in s.brute.states.items()
    }


def _held(s: Subject, n: int) -> State:
    return {name: np.repeat(x, n, axis=0) for name, x in s.given.items()}


CHECKS: dict[str, Callable[[Subject, str], Row]] = {
    "energy": _energy,
    "conditionals": _conditional,
    "free energy": _free_energy,
    "log Z": _log_partition,
    "gradient": _gradient,
    "mean-field fixed point": _mean_field,
    "sampler's marginals": _marginals,
    "sampler, few chains": _few_chains,
    "detailed balance": _balance,
    "training gradient": _training_gradient,
}

"""Energies, conditionals, sums and gradients of a small machine against brute force."""

from __future__ import annotations

import numpy as np

from ..runtime.interpreter import Interpreter
from .brute_force import State
from .one_unit import unit_mean
from .subject import CASES, EXACT, Array, Row, Subject, apart, entries, moved, row_of, visible_cases

SLOPE = 1e-5
"""Step and about the error of a derivative by finite differences, in nats."""
LISTED = 512
"""Most states whose energies are compared."""


def check_energy(s: Subject, what: str) -> Row:
    """E of listed states, spread over all."""
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
    return row_of(
        what,
        [
            (apart(found[k : k + 1], wanted[k : k + 1]), f"state {pick[k]}")
            for k in range(len(pick))
        ],
        EXACT,
    )


def check_conditional(s: Subject, what: str) -> Row:
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
                    (apart(found[k][unit], wanted), f"{g.name}[{', '.join(map(str, unit))}]")
                )
    return row_of(what, errors, s.tolerance)


def check_free_energy(s: Subject, what: str) -> Row:
    """−log Σ_h over the hidden units of a few visible states."""
    if not s.machine.hidden:
        return Row(what, skipped="there are no hidden units")
    cases = visible_cases(s)
    found, errors = s.machine.free_energy(**cases), []
    for k in range(CASES):
        wanted = -s.clamped(cases, k).log_partition(s.machine.params) - _base(
            s, {n: x[k] for n, x in cases.items()}
        )
        errors.append((apart(found[k : k + 1], np.array([wanted])), f"case {k}"))
    return row_of(what, errors, s.tolerance)


def _base(s: Subject, values: State) -> float:
    """log base measure of values that are held: a part of E, but of no sum."""
    groups = [s.machine.program.plan.group(n) for n in values]
    return sum(
        float(g.unit.log_base(float(x), *g.arguments))
        for g in groups
        if g.states is None
        for x in values[g.name].ravel()
    )


def check_log_partition(s: Subject, what: str) -> Row:
    """log Z, or log P(v | x) of a few cases where groups are given."""
    wanted = s.brute.log_partition(s.machine.params) + _base(s, s.given)
    if not s.given:
        return row_of(
            what,
            [(apart(np.array([s.machine.log_partition()]), np.array([wanted])), "")],
            s.tolerance,
        )
    cases = visible_cases(s)
    found = -s.machine.log_likelihood(cases) - s.machine.free_energy(**cases)
    return row_of(what, [(apart(found, np.full(CASES, wanted)), "")], s.tolerance)


def check_gradient(s: Subject, what: str) -> Row:
    """Against finite differences of the mean log-likelihood by brute force: every entry, or ENTRIES
    of a parameter that has more.
    """
    cases, errors = visible_cases(s), []
    found = s.machine.gradient(cases)
    for name, at, moves in entries(s):
        sides = [
            _mean_log_likelihood(s, moved(s, name, moves, step), cases) for step in (SLOPE, -SLOPE)
        ]
        slope = np.array([(sides[0] - sides[1]) / (2 * SLOPE)])
        errors.append(
            (apart(np.array([found[name][at]]), slope), f"{name}[{', '.join(map(str, at))}]")
        )
    return row_of(what, errors, max(1e-6, 10 * s.tolerance))


def _mean_log_likelihood(s: Subject, params: dict[str, Array], cases: State) -> float:
    return sum(
        s.clamped(cases, k).log_partition(params) for k in range(CASES)
    ) / CASES - s.brute.log_partition(params)


def check_mean_field(s: Subject, what: str) -> Row:
    """At a fixed point every hidden mean is A′ of the field that the interpreter works out from the
    means.
    """
    machine, plan = s.machine, s.machine.program.plan
    if not machine.hidden:
        return Row(what, skipped="there are no hidden units")
    if any(u.power != 1 for t in plan.model.terms for u in t.units):
        return Row(what, skipped="a term has a square, whose mean is not the square of the mean")
    means, used = machine.mean_field(visible_cases(s), 2000, 1e-12, 0.5)
    if used >= 2000:
        return Row(what, skipped="no fixed point within 2000 iterations")
    state = {n: machine.program.shaped(n, x).astype(np.float64) for n, x in means.items()}
    walker, errors = Interpreter(plan, machine.params), []
    for name in machine.hidden:
        for k in range(CASES):
            errors.append((apart(state[name][k], walker.mean(name, state, k)), f"{name}, case {k}"))
    return row_of(what, errors, 1e-6)

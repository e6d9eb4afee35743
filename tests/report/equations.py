"""Every equation of a derivation held against the machine, or against sums over all states."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from bmdsl.language.diagnostics import BmError
from bmdsl.report.derivation import expression as x
from bmdsl.report.derivation.algebra import walk
from tests.report.held import CASES, ENTRIES, Array
from tests.report.slopes import Slopes
from tests.report.states import unit_nodes


class Held(Slopes):
    """Evaluates all equations of a derivation: a rule for each kind of left side."""

    def run(self) -> Counter[str]:
        """Evaluates all equations; each must have a rule."""
        experts = [e for e in self.equations if isinstance(e.left, x.LogExpert)]
        for e in self.equations:
            match e.left:
                case x.Symbol(name="E"):
                    self.close(
                        e, self.evaluator.of(e.rights[0], {}), self.machine.energy(**self.states)
                    )
                case x.Symbol(name="F"):
                    self.free_energy(e)
                case x.BaseMeasure():
                    self.close(
                        e,
                        self.evaluator.of(e.rights[0], {}),
                        sum(-self.log_base(g, self.states[g]) for g in self.based()),
                    )
                case x.Quantity(kind="field" | "square"):
                    self.field(e, e.left)
                case x.Quantity(kind="precision"):
                    self.precision(e, e.left)
                case x.Quantity(kind="component"):
                    self.component(e, e.left)
                case x.Probability():
                    self.probability(e, e.left)
                case x.Average(unit):
                    self.average(e, unit)
                case x.Moment():
                    self.moment(e, e.left)
                case x.Slope(entry):
                    self.slope(e, entry)
                case x.LogExpert():
                    pass
                case _:
                    raise TypeError(f"no rule holds {type(e.left).__name__} against the machine")
        if experts:
            self.experts(experts)
        return self.checked

    # ------------------------------------------------------------ base measures, fields

    def field(self, e: x.Equation, left: x.Quantity) -> None:
        """−E(x_u = a) + E(x_u = b) = η(a − b) + η′(a² − b²) + log base(a) − log base(b)."""
        if left.kind == "square":
            self.checked["Quantity"] += 1  # enters with the field
            return
        g = self.plan.group(left.group)
        square = self.evaluator.definitions.get(("square", left.group))
        for at in self.places(e):
            place = tuple(at[i.name] for i in e.letters)
            eta = self.evaluator.of(e.rights[0], at)
            if g.states is not None:
                one, nothing = np.zeros(int(g.states)), np.zeros(int(g.states))
                one[place[-1]] = 1.0
                energies = [
                    self.energy_at(self.at_unit(g.name, place[:-1], v)) for v in (one, nothing)
                ]
                self.close(e, eta, energies[1] - energies[0])
                continue
            other = (
                0.0
                if square is None
                else self.evaluator.of(
                    square.rights[0],
                    {i.name: k for i, k in zip(square.letters, place, strict=True)},
                )
            )
            values = self.numbers(g.name)
            with_unit = [self.at_unit(g.name, place, v) for v in values]
            weights = [
                -self.machine.energy(**s) - self.log_base(g.name, s[g.name]) for s in with_unit
            ]
            for a, w in zip(values[1:], weights[1:], strict=True):
                self.close(
                    e, eta * (a - values[0]) + other * (a**2 - values[0] ** 2), w - weights[0]
                )

    def energy_at(self, states):
        """E where a one-of-K unit may be in no state at all, which no user's state is."""
        program = self.machine.program
        flat = {n: program.flat(n, x) for n, x in states.items()}
        return program.energy(self.machine.held_fields(), flat)

    def precision(self, e: x.Equation, left: x.Quantity) -> None:
        """1/variance of a Gaussian of η and η′."""
        g = self.plan.group(left.group)
        square = self.evaluator.definitions["square", left.group]
        for at in self.places(e):
            place = [at[i.name] for i in e.letters]
            second = self.evaluator.of(
                square.rights[0], {i.name: k for i, k in zip(square.letters, place, strict=True)}
            )
            for r in e.rights:
                self.close(e, self.evaluator.of(r, at), 1 / g.arguments[0] ** 2 - 2 * second)

    # ------------------------------------------------------------ distributions

    def probability(self, e: x.Equation, left: x.Probability) -> None:
        if left.part is not None:
            self.proportional(e, left)
        elif e.words == "responsibilities":
            self.responsibilities(e)
        elif any(isinstance(n, x.Symbol) for n in walk(e.rights)):
            self.joint(e)
        else:
            self.conditional(e, left)

    def conditional_of(self, left: x.Probability) -> str | None:
        first = left.of[0]
        return first.group if isinstance(first, x.State) else first if len(left.of) == 1 else None

    def joint(self, e: x.Equation) -> None:
        known = replace(self.evaluator, symbols={"Z": 1.7})
        self.close(e, known.of(e.rights[0], {}), np.exp(-self.machine.energy(**self.states)) / 1.7)

    def conditional(self, e: x.Equation, left: x.Probability) -> None:
        """Ratios are those of e^−E, sums over a unit's states 1, all right sides the same."""
        name = self.conditional_of(left)
        assert name is not None
        g = self.plan.group(name)
        axes = self.machine.program.plan.axes(name)
        sites = axes[:-1] if g.states is not None else axes
        whole = (
            isinstance(e.rights[0], x.Series) and e.rights[0].kind == "product" and not e.letters
        )
        loose = max(1e-8, 4 * g.unit.draws_within)
        for site in [s for k, s in enumerate(np.ndindex(*sites)) if k < ENTRIES]:
            at = {} if whole else {i.name: k for i, k in zip(e.letters, site, strict=True)}
            logs, energies, values = [], [], self.numbers(name)
            for v in values:
                there = replace(self.evaluator, states=self.at_unit(name, site, v))
                one = [self.each_case(there, r, at) for r in e.rights]
                for r in one[1:]:
                    self.close(e, r, one[0])
                logs.append(np.log(one[0]))
                energies.append(-self.machine.energy(**there.states))
            for a, b in zip(logs[1:], energies[1:], strict=True):
                self.close(e, a - logs[0], b - energies[0])
            states, weights = unit_nodes(
                g.unit, g.arguments, int(g.states) if g.states is not None else None, 12.0, 160
            )
            body, inside = e.rights[0], at
            if whole:
                assert isinstance(body, x.Series)
                inside = {i.name: k for i, k in zip(body.indices, site, strict=True)}
                body = body.body
            total = sum(
                w
                * self.each_case(
                    replace(self.evaluator, states=self.at_unit(name, site, v)), body, inside
                )
                for v, w in zip(states, weights, strict=True)
            )
            self.close(
                e,
                total,
                1.0,
                max(
                    loose,
                    (
                        1e-6
                        if g.unit.support(*g.arguments, *([g.states] if g.unit.states else []))
                        is None
                        else 1e-8
                    ),
                ),
            )

    def proportional(self, e: x.Equation, left: x.Probability) -> None:
        """Of two states of the group, the rest as it is, the ratio is that of e^−E."""
        name = left.of[0]
        assert isinstance(name, str)
        other = {**self.states, name: self.states[name][::-1].copy()}
        logs = [
            np.log(replace(self.evaluator, states=s).of(e.rights[0], {}))
            for s in (self.states, other)
        ]
        energies = [-self.machine.energy(**s) for s in (self.states, other)]
        self.close(e, logs[1] - logs[0], energies[1] - energies[0])

    def average(self, e: x.Equation, unit: x.State) -> None:
        means = self.machine.conditional(unit.group, **self.states)
        for at in self.places(e):
            self.close(
                e,
                self.evaluator.of(e.rights[0], at),
                means[(slice(None), *(at[s.letters[0][0]] for s in unit.subscripts))],
            )

    # ------------------------------------------------------------ hidden units summed out

    def free_energy(self, e: x.Equation) -> None:
        try:
            wanted = self.machine.free_energy(**self.seen())
        except BmError:
            wanted = np.array(
                [-logsumexp(self.log_weights(self.names["hidden"], n)[1]) for n in range(CASES)]
            )
        for r in e.rights:
            try:
                self.close(e, self.evaluator.of(r, {}), wanted, self.about)
            except OverflowError:
                assert r is not e.rights[-1] or len(e.rights) == 1

    def component(self, e: x.Equation, left: x.Quantity) -> None:
        rest = tuple(n for n in self.names["hidden"] if n != left.group)
        for at in self.places(e):
            self.states[left.group][:] = np.eye(self.states[left.group].shape[-1])[
                at[e.letters[0].name]
            ]
            wanted = [-logsumexp(self.log_weights(rest, n)[1]) for n in range(CASES)]
            self.close(e, self.evaluator.of(e.rights[0], at), wanted, self.about)

    def responsibilities(self, e: x.Equation) -> None:
        assert isinstance(e.left, x.Probability) and isinstance(e.left.of[0], x.State)
        group = e.left.of[0].group
        for n in range(CASES):
            rows, w = self.log_weights(self.names["hidden"], n)
            p = np.exp(w - logsumexp(w)) @ rows[group]
            for at in self.places(e):
                value = np.broadcast_to(self.evaluator.of(e.rights[0], at), (CASES,))
                self.close(e, value[n], p[at[e.letters[0].name]], 1e-6)

    def experts(self, found: list[x.Equation]) -> None:
        """Σ log f = −F + what is not of v, base measures aside."""
        total: Array = np.zeros(CASES)
        for e in found:
            for at in self.evaluator.values(e.letters, (), {}):
                total = total + self.evaluator.of(e.rights[0], at)
        bases = sum(
            (
                self.log_base(n, self.states[n])
                for n in self.based()
                if n not in self.names["hidden"]
            ),
            np.zeros(CASES),
        )
        wanted = -self.machine.free_energy(**self.seen()) - bases
        self.close(found[0], total - total[0], wanted - wanted[0], 1e-6)

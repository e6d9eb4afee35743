"""Mean field and gradients of a derivation held against the machine and complex steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from bmdsl.language.model import Subscript
from bmdsl.report.derivation import expression as x
from bmdsl.report.derivation.algebra import walk
from tests.report.held import CASES, Array, Cases


class Slopes(Cases):
    """The rules for means of mean field and for slopes of log P(v)."""

    def moment(self, e: x.Equation, left: x.Moment) -> None:
        state = {n: self.machine.program.flat(n, v) for n, v in self.seen().items()}
        rows, used = self.machine.mean_field(state, 3000, 1e-13, 0.0)
        if used >= 3000:  # goes to and fro: no fixed point to compare with
            rows, used = self.machine.mean_field(state, 3000, 1e-13, 0.5)
        if used >= 3000:
            self.checked["Moment"] += 1
            return
        shaped = {(n, 1): self.machine.program.shaped(n, rows[n]) for n in self.names["hidden"]}
        shaped |= {
            (n, 2): self.machine.program.shaped(n, v)
            for n, v in rows.squares.items()
            if n in self.names["hidden"]
        }
        there = replace(self.evaluator, moments=shaped)
        for at in self.places(e):
            self.close(
                e,
                there.of(e.rights[0], at),
                shaped[left.group, left.power][
                    (slice(None), *(at[s.letters[0][0]] for s in left.subscripts))
                ],
                1e-6,
            )

    def slope(self, e: x.Equation, entry: x.Entry) -> None:
        """∂ log P(v)/∂θ by sums over all states of slopes of the energy; the machine's own gradient
        where it has one.
        """
        case = {n: v[:1] for n, v in self.seen().items()}
        hidden, w = self.log_weights(self.names["hidden"], 0)
        data = np.exp(w - logsumexp(w))
        try:
            every, w = self.log_weights(self.free, 0)
            model = np.exp(w - logsumexp(w))
        except OverflowError:  # any distribution shows whether what stands under the mean is right
            every, model = self.states, np.full(CASES, 1 / CASES)
        there = replace(
            self.evaluator,
            states=case,
            expectations={"data": (hidden, data), "model": (every, model)},
        )
        name, symmetric = entry.parameter, self.machine.model.parameter(entry.parameter).symmetric
        averaged = (
            every is self.states
            and bool(self.names["hidden"])
            and not any(isinstance(n, x.Expected) and n.under == "data" for n in walk(e.rights))
        )
        self.outside(e, entry)
        for at in self.places(e):
            place = self.place(entry, at)
            of_data = self.energy_slope(name, place, symmetric, hidden)
            of_model = self.energy_slope(name, place, symmetric, every, averaged)
            wanted = float(model @ of_model - data @ of_data)
            value = float(np.asarray(there.of(e.rights[0], at)).ravel()[0])
            self.close(e, value, wanted, self.about)
            if self.own_gradient is not None and every is not self.states:
                self.close(e, value, self.own_gradient[name][place], self.about)

    def outside(self, e: x.Equation, entry: x.Entry) -> None:
        """Entries for which the equation is not said have no gradient."""
        every = self.evaluator.values(e.letters, (), {})
        within = [self.place(entry, at) for at in self.evaluator.values(e.letters, e.where, {})]
        if (
            entry.graph is None
            and self.own_gradient is not None
            and len(e.letters) == len(entry.subscripts)
        ):
            for place in {self.place(entry, at) for at in every} - set(within):
                if not self.machine.model.parameter(entry.parameter).symmetric:
                    self.close(e, self.own_gradient[entry.parameter][place], 0.0)

    def place(self, entry: x.Entry, at: dict[str, int]) -> tuple[int, ...]:
        values = tuple(
            s.constant + sum(c * at[n] for n, c in s.letters)
            for s in entry.subscripts
            if isinstance(s, Subscript)
        )
        if entry.graph is None:
            return values
        row = self.evaluator.edge(entry.graph, *values)
        assert row is not None
        return (row,)

    def energy_slope(
        self,
        name: str,
        place: tuple[int, ...],
        symmetric: bool,
        rows: dict[str, Array],
        free: bool = False,
    ) -> Array:
        """∂E/∂θ (or ∂F/∂θ) at every row, by a complex step, exact to rounding."""
        step = np.zeros(self.machine.params[name].shape, complex)
        step[place] = 1e-30j
        if symmetric:
            step[place[::-1]] = 1e-30j
        moved = {**self.machine.params, name: self.machine.params[name] + step}
        trees = [
            e.rights[-1]
            for e in self.equations
            if isinstance(e.left, x.Symbol) and e.left.name == ("F" if free else "E")
        ]
        value = replace(self.evaluator, params=moved, states=rows).of(trees[0], {})
        return np.broadcast_to(np.imag(value) / 1e-30, (len(next(iter(rows.values()))),))

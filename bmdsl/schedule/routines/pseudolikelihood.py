"""The pseudo-likelihood as ops: Σ_i log P(x_i | all other units), and its gradient for energies of
any order.

    d/dθ Σ_i log P(x_i | rest) = Σ_i (t(x_i) − ⟨t(x_i)⟩) ∂η_i/∂θ

is the slope of −E's own gradient along the residuals r = t − ⟨t⟩: a polynomial in the step of the
energy's order, so that moments at a few places x ± t r give it exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...plan.polynomials import order_of, slopes
from ..builder import Builder, Gradient, Phase
from ..values import BATCH, Content, Value
from .terms import Terms


@dataclass(frozen=True)
class Residuals:
    """What every unit is off its conditional mean."""

    b: Builder
    terms: Terms
    data: Phase
    value: Value
    """Σ_i log P(x_i | rest) of every case."""
    of: Mapping[str, Value]
    of_squares: Mapping[str, Value]

    def add_gradient(self, gradient: Gradient) -> None:
        """gradient += ⟨d/dθ Σ_i log P(x_i | rest)⟩."""
        b, rows = self.b, self.data.rows
        for t, slope in slopes(order_of(b.plan.model)):
            for sign in (1, -1):
                moved, squares = dict(rows), {}
                for n, r in self.of.items():
                    moved[n] = b.shared(f"x_{n}_moved", Content.MEANS, r.shape)
                    b.do("step_along", rows[n], r, sign * t, moved[n])
                for n, r in self.of_squares.items():
                    squares[n] = b.shared(f"x2_{n}_moved", Content.MEANS, r.shape)
                    b.do("square", rows[n], squares[n])
                    b.do("add_scaled", r, sign * t, squares[n])
                at = replace(self.data, rows=moved, squares=squares)
                self.terms.add_moments(b, at, gradient, sign * slope)


def residuals(b: Builder, terms: Terms, data: Phase) -> Residuals:
    """Every unit's residual given all others, and the sum of the log-likelihoods."""
    terms = terms.untempered
    value = b.shared("log_p", Content.FIGURE, (BATCH,), "f8")
    b.do("begin_energies", value)
    minus = b.shared("A_all", Content.FIGURE, (BATCH,), "f8")
    b.do("begin_energies", minus)
    found, found_squares = {}, {}
    for g in b.plan.groups:
        if g.role == "given":
            continue
        n, x = g.name, data.rows[g.name]
        eta = terms.field(b, n, data, BATCH)
        found[n] = b.shared(f"r_{n}", Content.MEANS, (BATCH, b.size(n)))
        b.mean(n, eta, found[n])
        b.do("subtract_from", x, found[n])
        b.do("add_pair_dots", x, b.field_part(n, eta, 1), value)
        if g.square:
            found_squares[n] = b.shared(f"r2_{n}", Content.MEANS, (BATCH, b.size(n)))
            square = b.power_of(n, 2, data, BATCH)
            b.mean_square(n, eta, found_squares[n])
            b.do("subtract_from", square, found_squares[n])
            b.do("add_pair_dots", square, b.field_part(n, eta, 2), value)
        b.add_log_base(n, x, value)
        b.add_log_partition(n, eta, minus)
    b.do("add_energies", minus, -1.0, value)
    return Residuals(b, terms, data, value, found, found_squares)

"""The contrastive free energy as ops: a minibatch goes up once, down once and up again, by means;
then the way back.

    G(v) = F(v′) − F(v),   v′ = A′_v(η_v(m)),   m = A′_h(η_h(v)),   −F(v) = −E(v, 0) + log base(v) +
    Σ A_h(η_h(v))

Differentiable multinary RBMs, eqs. 4–6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..builder import Builder, Gradient, Phase
from ..values import BATCH, Content, Value
from .phases import Terms, roles


@dataclass(frozen=True)
class Pass:
    """One minibatch's way through a layer: the fields and means that it met."""

    b: Builder
    terms: Terms
    seen: Phase
    """Visible and given groups."""
    eta: Mapping[str, Value]
    means: Mapping[str, Value]
    eta_back: Mapping[str, Value]
    back: Mapping[str, Value]
    eta_again: Mapping[str, Value]
    again: Mapping[str, Value]

    @classmethod
    def of(cls, b: Builder, terms: Terms, seen: Phase) -> Pass:
        """Up, down and up again."""
        terms = terms.untempered
        hidden, visible = roles(b.plan.model, "hidden"), roles(b.plan.model, "visible")
        eta, means = _means(b, terms, hidden, seen, "data")
        whole = replace(seen, rows={**seen.rows, **means})
        eta_back, back = _means(b, terms, visible, whole, "back")
        eta_again, again = _means(b, terms, hidden, seen_at(seen, back), "again")
        return cls(b, terms, seen, eta, means, eta_back, back, eta_again, again)

    def add_gradient(self, gradient: Gradient, through: bool, based: bool) -> None:
        """gradient += ⟨dG/dθ⟩, `through` v′ or with v′ held; base measures are in F if `based`."""
        b, terms, seen = self.b, self.terms, self.seen
        up = dict(self.means)
        if through:
            up = {**up, **self._through(gradient, based)}
        terms.add_moments(b, replace(seen, rows={**seen.rows, **up}), gradient, 1.0)
        ends = {**seen.rows, **self.back, **self.again}
        terms.add_moments(b, replace(seen, rows=ends), gradient, -1.0)

    def _through(self, gradient: Gradient, based: bool) -> dict[str, Value]:
        """Adds what v′ depends on; the hidden means moved by what v′ asks of them."""
        b, terms, seen = self.b, self.terms, self.seen
        hidden, visible = roles(b.plan.model, "hidden"), roles(b.plan.model, "visible")
        ends = replace(seen, rows={**seen.rows, **self.back, **self.again})
        delta = {}
        for n in visible:
            eta = terms.field(b, n, ends, BATCH, "eta_end")
            delta[n] = b.shared(f"delta_{n}", Content.MEANS, self.back[n].shape)
            b.do("copy", b.field_part(n, eta, 1), delta[n], formula=f"{delta[n]} = −dF/dv at v′")
            if based and b.group(n).states is None and b.group(n).unit.has_base():
                slope = b.shared(f"base_slope_{n}", Content.MEANS, delta[n].shape)
                b.base_slope(n, self.back[n], slope)
                b.do("add_scaled", slope, 1.0, delta[n])
            b.do("rescale", delta[n], -1.0)
            b.change_of_mean(n, self.eta_back[n], delta[n])
        moved = replace(seen, rows={**seen.rows, **self.means, **delta})
        terms.add_moments(b, moved, gradient, 1.0, own=visible)
        given = {n: x for n, x in seen.rows.items() if n not in visible}
        changes, up = Phase({**given, **delta}, seen.share), {}
        for n in hidden:
            asked = b.eta_of(n, BATCH, "asked")
            terms.change_field(b, n, changes, delta, asked, BATCH)
            change = b.shared(f"change_{n}", Content.MEANS, self.means[n].shape)
            b.do("copy", b.field_part(n, asked, 1), change)
            b.change_of_mean(n, self.eta[n], change)
            b.do("add_scaled", self.means[n], 1.0, change)
            up[n] = change
        return up

    def tell(self, weights: Value, based: bool, figure: Value) -> None:
        """figure = ⟨G⟩ in nats, or that of the loss without base measures."""
        b = self.b
        low = self._minus_free_energy(self.seen, self.eta, based, "data")
        high = self._minus_free_energy(seen_at(self.seen, self.back), self.eta_again, based, "back")
        b.do("add_energies", high, -1.0, low)
        b.do("tell_mean", low, weights, figure, formula=f"{figure} = ⟨F(v′) − F(v)⟩")

    def _minus_free_energy(
        self, at: Phase, eta: Mapping[str, Value], based: bool, word: str
    ) -> Value:
        b = self.b
        out = b.shared(f"minus_F_{word}", Content.FIGURE, (BATCH,), "f8")
        b.do("begin_energies", out)
        self.terms.add_minus_energy(b, at, out, BATCH)
        for n in roles(b.plan.model, "visible") if based else ():
            b.add_log_base(n, at.rows[n], out)
        for n, x in eta.items():
            b.add_log_partition(n, x, out)
        return out


def seen_at(seen: Phase, visible: Mapping[str, Value]) -> Phase:
    """The same cases with other values of the visible groups."""
    return replace(seen, rows={**seen.rows, **visible})


def _means(
    b: Builder, terms: Terms, groups: tuple[str, ...], phase: Phase, word: str
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Fields and means of independent groups, in arrays of their own."""
    fields, means = {}, {}
    for n in groups:
        fields[n] = terms.field(b, n, phase, BATCH, f"eta_{word}")
        means[n] = b.mean_of(n, BATCH, f"m_{n}_{word}")
        b.mean(n, fields[n], means[n])
    return fields, means

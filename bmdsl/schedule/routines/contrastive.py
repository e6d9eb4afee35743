"""The contrastive free energy as ops: a minibatch goes up once, down once and up again, by means;
then the way back.

    G(v) = F(v′) − F(v),   v′ = A′_v(η_v(m)),   m = A′_h(η_h(v)),   −F(v) = −E(v, 0) + log base(v) +
    Σ A_h(η_h(v))

Of a stack the layers' G are summed, and gradients flow down through the means that feed each layer:
what those above ask of m. Differentiable multinary RBMs, eqs. 4–6 and section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ..builder import Builder, Gradient, Phase
from ..values import BATCH, Array, Content, Value, View, base
from .terms import Terms


@dataclass(frozen=True)
class LayerGroups:
    """The groups of one layer of a stack; a model alone is one layer."""

    visible: tuple[str, ...]
    hidden: tuple[str, ...]
    given: tuple[str, ...] = ()
    fed: Mapping[str, str] = field(default_factory=dict)
    """Visible or given group → the group whose rows it takes: a hidden one of a layer below, or
    one of the data.
    """

    @property
    def seen(self) -> tuple[str, ...]:
        """The groups whose rows come from outside."""
        return (*self.visible, *self.given)


@dataclass(frozen=True)
class Pass:
    """One minibatch's way through a layer: the fields and means that it met."""

    b: Builder
    terms: Terms
    layer: LayerGroups
    seen: Phase
    """Visible and given groups."""
    eta: Mapping[str, Value]
    means: Mapping[str, Value]
    eta_back: Mapping[str, Value]
    back: Mapping[str, Value]
    eta_again: Mapping[str, Value]
    again: Mapping[str, Value]

    @classmethod
    def of(cls, b: Builder, terms: Terms, layer: LayerGroups, seen: Phase) -> Pass:
        """Up, down and up again."""
        terms = terms.among((*layer.seen, *layer.hidden)).untempered
        eta, means = _means(b, terms, layer.hidden, seen, "data")
        whole = seen_at(seen, means)
        eta_back, back = _means(b, terms, layer.visible, whole, "back")
        eta_again, again = _means(b, terms, layer.hidden, seen_at(seen, back), "again")
        return cls(b, terms, layer, seen, eta, means, eta_back, back, eta_again, again)

    def pull(
        self,
        gradient: Gradient,
        through: bool,
        based: bool,
        asked: Mapping[str, Array] = MappingProxyType({}),
        down: bool = False,
    ) -> dict[str, Array]:
        """gradient += ⟨dG/dθ⟩, `through` v′ or with v′ held; base measures are in F if `based`.

        `asked`: hidden group → the slope of what is above in its means, whose gradient is added.
        With `down`, visible group → the slope in v of all this, v′ held.
        """
        b, terms, seen = self.b, self.terms, self.seen
        if through:
            asked = self._through(gradient, based, asked)
        up = dict(self.means)
        for n, change in asked.items():
            up[n] = b.shared(f"up_{n}", Content.MEANS, self.means[n].shape)
            b.moved_mean(n, self.eta[n], self.means[n], change, up[n])
        above = seen_at(seen, up)
        terms.add_moments(b, above, gradient, 1.0)
        terms.add_moments(b, seen_at(seen, {**self.back, **self.again}), gradient, -1.0)
        if not down:
            return {}
        slopes = {}
        for n in self.layer.visible:  # fields are linear in the hidden means, moved or not
            eta = terms.field(b, n, above, BATCH, "eta_up") if asked else self.eta_back[n]
            slopes[n] = self._slope(n, eta, seen.rows[n], based, "slope")
        return slopes

    def _through(
        self, gradient: Gradient, based: bool, asked: Mapping[str, Array]
    ) -> dict[str, Array]:
        """Adds what v′ depends on; what it and those above ask of the hidden means."""
        b, terms, seen, visible = self.b, self.terms, self.seen, self.layer.visible
        ends = seen_at(seen, {**self.back, **self.again})
        delta = {}
        for n in visible:
            eta = terms.field(b, n, ends, BATCH, "eta_end")
            slope = self._slope(n, eta, self.back[n], based, "slope_end")
            delta[n] = b.shared(f"delta_{n}", Content.MEANS, self.back[n].shape)
            b.change_of_mean(n, self.eta_back[n], self.back[n], slope, -1.0, delta[n])
        moved = seen_at(seen, {**self.means, **delta})
        terms.add_moments(b, moved, gradient, 1.0, own=visible)
        given = {n: seen.rows[n] for n in self.layer.given}
        phase, out = Phase({**given, **delta}, seen.share), {}
        for n in self.layer.hidden:
            eta = b.eta_of(n, BATCH, "asked")
            terms.change_field(b, n, phase, delta, eta, BATCH)
            out[n] = b.field_part(n, eta, 1)
            if n in asked:
                b.do("add_scaled", asked[n], 1.0, out[n])
        return out

    def _slope(self, n: str, eta: Value, at: Value, based: bool, word: str) -> Array:
        """−dF/dv of a visible group: its field given the hidden means, and the slope of its base
        measure where it counts.
        """
        b, field_on_x = self.b, self.b.field_part(n, eta, 1)
        if not based or b.group(n).states is not None or not b.group(n).unit.has_base():
            return field_on_x
        out = b.shared(f"{word}_{n}", Content.MEANS, self.back[n].shape)
        b.base_slope(n, at, out)
        b.do("add_scaled", field_on_x, 1.0, out)
        return out

    def difference(self, based: bool) -> Value:
        """−G of every case, in nats, or that of the loss without base measures."""
        b = self.b
        low = self._minus_free_energy(self.seen, self.eta, based, "data")
        high = self._minus_free_energy(seen_at(self.seen, self.back), self.eta_again, based, "back")
        b.do("add_energies", high, -1.0, low)
        return low

    def _minus_free_energy(
        self, at: Phase, eta: Mapping[str, Value], based: bool, word: str
    ) -> Value:
        b = self.b
        key = self.layer.hidden
        out = b.shared(f"minus_F_{word}", Content.FIGURE, (BATCH,), "f8", key=key)
        b.do("begin_energies", out)
        self.terms.add_minus_energy(b, at, out, BATCH)
        for n in self.layer.visible if based else ():
            b.add_log_base(n, at.rows[n], out)
        for n, x in eta.items():
            b.add_log_partition(n, x, out)
        return out


@dataclass(frozen=True)
class Stacked:
    """A minibatch's way through layers that feed one another by their means."""

    passes: tuple[Pass, ...]

    @classmethod
    def of(cls, b: Builder, terms: Terms, data: Phase, layers: tuple[LayerGroups, ...]) -> Stacked:
        """Through every layer in turn, each below those that it feeds."""
        rows, passes = dict(data.rows), []
        for layer in layers:
            if len(layers) > 1:
                b.heading(f"{', '.join(layer.visible)} and {', '.join(layer.hidden)}")
            own = {n: rows[n] for n in layer.seen if n not in layer.fed}
            # what feeds a layer has the columns of another group: their label is not its own
            own |= {n: replace(rows[x], labels=()) for n, x in layer.fed.items()}
            passes.append(Pass.of(b, terms, layer, replace(data, rows=own)))
            rows |= passes[-1].means
        return cls(tuple(passes))

    def add_gradient(self, gradient: Gradient, through: bool, based: bool) -> None:
        """gradient += ⟨dG/dθ⟩ summed over layers, pulled down through the means that feed each."""
        asked: dict[str, Array] = {}
        hidden = {n for way in self.passes for n in way.layer.hidden}
        for way in reversed(self.passes):
            b, layer = way.b, way.layer
            if len(self.passes) > 1:
                b.heading(f"back through {', '.join(layer.hidden)} and {', '.join(layer.visible)}")
            own = {n: asked[n] for n in layer.hidden if n in asked}
            below = {n: x for n, x in layer.fed.items() if x in hidden}
            slopes = way.pull(gradient, through, based, own, bool(below))
            for n, x in below.items():
                slope = unlabelled(slopes[n])
                asked[x] = slope if x not in asked else _sum_of(b, x, asked[x], slope)

    def tell(self, weights: Value, based: bool, figure: Value) -> None:
        """figure = ⟨G⟩ summed over layers, in nats."""
        first, *rest = (way.difference(based) for way in self.passes)
        b = self.passes[0].b
        for x in rest:
            b.do("add_energies", x, 1.0, first)
        b.do("tell_mean", first, weights, figure, formula=f"{figure} = ⟨F(v′) − F(v)⟩")


def _sum_of(b: Builder, group: str, x: Array, y: Array) -> Value:
    """x + y in an array of the group's own: what several layers ask of its means."""
    out = b.shared(f"asked_of_{group}", Content.MEANS, (BATCH, b.size(group)))
    if base(x).name != out.name:
        b.do("copy", x, out)
    b.do("add_scaled", y, 1.0, out)
    return out


def unlabelled(x: Array) -> Array:
    """An array as one whose columns are no group's own: those of another group of as many."""
    if isinstance(x, View):
        return View(replace(x.value, labels=()), x.index)
    return replace(x, labels=()) if isinstance(x, Value) else x


def seen_at(seen: Phase, groups: Mapping[str, Value]) -> Phase:
    """The same cases with these rows of some groups."""
    return replace(seen, rows={**seen.rows, **groups})


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

"""The centred gradient (Montavon & Müller 2012; Melchior, Fischer & Wiskott 2016), the enhanced
gradient of Cho, Raiko & Ilin 2011.

Write −E = k Σ W_ij x_i y_j + k_b Σ b_i x_i + k_c Σ c_j y_j with offsets μ of x and λ of y as k Σ
W_ij (x_i − μ_i)(y_j − λ_j) + k_b b′·x + k_c c′·y + constant, so that b = b′ − (k/k_b) W λ and c =
c′ − (k/k_c) Wᵀ μ: the same family of models. In (W, b′, c′)

    G_W = g_W − (k/k_b) g_b λᵀ − (k/k_c) μ g_cᵀ,   G_b′ = g_b,   G_c′ = g_c,

g being the ordinary gradient. A step in these, seen from (W, b, c) at fixed offsets, is

    G_b = g_b − (k/k_b) G_W λ,   G_c = g_c − (k/k_c) G_Wᵀ μ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..interactions.tensor import axes_constant
from ..language.diagnostics import fail
from ..language.model import Model
from ..language.structure import Bias, Coupling, bias_of, coupling_of
from ..schedule.builder import Gradient, Phase
from ..schedule.group_arrays import product_of
from ..schedule.values import Content, Folded, Value
from .batch import Expectation
from .headings import CENTRING
from .machine_protocol import Array, Machine

if TYPE_CHECKING:
    from .composing import Composer

SLIDE = 0.01
"""How fast the offsets follow: μ ← (1 − s) μ + s (⟨x⟩_data + ⟨x⟩_model)/2."""


class Centring:
    """Offsets of every coupled group, and the change of the gradient that they make."""

    def __init__(self, model: Model) -> None:
        self.couplings: list[tuple[Coupling, Bias, Bias]] = []
        self.offsets: dict[str, Array] = {}
        for term in model.terms:
            if len(term.units) < 2:
                continue
            coupling = coupling_of(model, term)
            if coupling is None:
                raise fail(
                    "BM755",
                    "`center on` needs every coupling to be one weight for a pair of units of two"
                    " groups",
                    term.span,
                    help="write `center off`",
                )
            if model.parameter(coupling.parameter).fixed:
                continue
            biases = [bias_of(model, g) for g in coupling.groups]
            for group, bias in zip(coupling.groups, biases, strict=True):
                if bias is None:
                    raise fail(
                        "BM755",
                        f"`center on` needs a trained bias for every unit of `{group}`",
                        term.span,
                        help=f"add `bias {group}` or write `center off`",
                    )
            self.couplings.append((coupling, biases[0], biases[1]))  # type: ignore[arg-type]

    def follow(self, machine: Machine, positive: Expectation, negative: Expectation) -> None:
        """Moves the offsets to the middle of the data's and the model's means; the first call sets
        them.
        """
        for name in {g for c, _, _ in self.couplings for g in c.groups}:
            axes = tuple(int(a) for a in machine.model.group(name).axes)
            middle = ((positive.mean(name) + negative.mean(name)) / 2).reshape(axes)
            old = self.offsets.get(name)
            self.offsets[name] = middle if old is None else (1 - SLIDE) * old + SLIDE * middle

    def change(self, gradient: dict[str, Array]) -> None:
        """Ordinary gradient → centred gradient, in place."""
        plain = {
            b.parameter: gradient[b.parameter].copy()
            for _, left, right in self.couplings
            for b in (left, right)
        }
        for c, b, d in self.couplings:
            mu, lam = self.offsets[c.groups[0]], self.offsets[c.groups[1]]
            ends = (
                (c.scale / b.scale * plain[b.parameter], lam),
                (c.scale / d.scale * mu, plain[d.parameter]),
            )
            _subtract_outer(gradient[c.parameter], c.letters, ends)
        for c, b, d in self.couplings:
            both, left, right = c.letters
            g = gradient[c.parameter]
            mu, lam = (self.offsets[n].astype(g.dtype) for n in c.groups)
            gradient[b.parameter] -= g.dtype.type(c.scale / b.scale) * np.einsum(
                f"{both},{right}->{left}", g, lam
            )
            gradient[d.parameter] -= g.dtype.type(c.scale / d.scale) * np.einsum(
                f"{both},{left}->{right}", g, mu
            )


def _subtract_outer(
    g: Array, letters: tuple[str, str, str], ends: tuple[tuple[Array, Array], ...]
) -> None:
    """g −= Σ x ⊗ y over the pairs (x, y) of `ends`, x with the left group's letters and y with the
    right one's.
    """
    from ..kernels import products

    both, left, right = letters
    if both in (left + right, right + left):  # every pair of units: one product of rank two
        swap = both != left + right
        first = np.stack([(y if swap else x).astype(g.dtype).ravel() for x, y in ends])
        second = np.stack([(x if swap else y).astype(g.dtype).ravel() for x, y in ends])
        products.moment(first, second, g.reshape(first.shape[1], second.shape[1]), -1.0)
        return
    for x, y in ends:
        g -= np.einsum(f"{left},{right}->{both}", x, y).astype(g.dtype)


def compose(c: Composer, positive: Phase, negative: Phase, gradient: Gradient) -> None:
    """Offsets moved to the middle of both phases' means, and the gradient centred by them."""
    b = c.b
    found = Centring(b.plan.model)
    groups = list(dict.fromkeys(g for x, _, _ in found.couplings for g in x.groups))
    begun = c.word("offsets_begun", (1,), number="i8", key=("offsets begun",))
    offsets = {}
    b.heading(CENTRING)
    for name in groups:
        offsets[name] = c.word(f"mu_{name}", (1, b.size(name)), number="f8", key=("offset", name))
        rows = positive.rows[name], negative.rows[name]
        weights = c.row_weights(positive), c.row_weights(negative)
        b.do("follow_middle", rows[0], weights[0], rows[1], weights[1], SLIDE, begun, offsets[name])
    if groups:
        b.do("mark", begun)
    plain: dict[str, Value] = {}
    for _, left, right in found.couplings:
        for bias in (left, right):
            if bias.parameter not in plain:
                g = gradient[bias.parameter]
                plain[bias.parameter] = b.shared(
                    f"plain_{bias.parameter}", Content.GRADIENT, g.shape
                )
                b.do("copy", g, plain[bias.parameter])
    for x, left, right in found.couplings:
        row, column, matrix = _ends(c, x, left, right)
        g = gradient[x.parameter]
        turned = g
        if matrix is not None:
            turned = b.shared(f"turned_{g}", Content.GRADIENT, matrix.shape)
            b.do("permute", Folded(g), matrix.there, Folded(turned))
        b.do(
            "centre",
            plain[row.bias.parameter],
            offsets[row.group],
            x.scale / row.bias.scale,
            plain[column.bias.parameter],
            offsets[column.group],
            x.scale / column.bias.scale,
            turned,
            gradient[row.bias.parameter],
            gradient[column.bias.parameter],
        )
        if matrix is not None:
            b.do("permute", Folded(turned), matrix.back, Folded(g))


class _End(NamedTuple):
    """One side of a coupling's matrix."""

    group: str
    bias: Bias


class _Turned(NamedTuple):
    """A matrix of the two groups made of a parameter whose axes lie otherwise."""

    shape: tuple[int | str, int | str]
    there: Value
    back: Value


def _ends(c: Composer, x: Coupling, left: Bias, right: Bias) -> tuple[_End, _End, _Turned | None]:
    """The groups of a coupling's rows and columns; how the parameter is turned to be such a matrix,
    None if it is one.
    """
    both, first, second = x.letters
    ends = [_End(x.groups[0], left), _End(x.groups[1], right)]
    if both == second + first:
        ends.reverse()
    if both in (first + second, second + first):
        return ends[0], ends[1], None
    shape = c.b.plan.model.parameter(x.parameter).shape
    lengths = dict(zip(both, shape, strict=True))
    there = axes_constant(c.b, both, first + second, lengths)
    back = axes_constant(c.b, first + second, both, lengths)
    size = product_of(lengths[q] for q in first), product_of(lengths[q] for q in second)
    return ends[0], ends[1], _Turned(size, there, back)

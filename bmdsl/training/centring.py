"""The centred gradient (Montavon & Müller 2012; Melchior, Fischer & Wiskott 2016), the enhanced gradient of Cho, Raiko & Ilin 2011.

Write −E = k Σ W_ij x_i y_j + k_b Σ b_i x_i + k_c Σ c_j y_j with offsets μ of x and λ of y as k Σ W_ij (x_i − μ_i)(y_j − λ_j)
+ k_b b′·x + k_c c′·y + constant, so that b = b′ − (k/k_b) W λ and c = c′ − (k/k_c) Wᵀ μ: the same family of models. In (W, b′, c′)

    G_W = g_W − (k/k_b) g_b λᵀ − (k/k_c) μ g_cᵀ,   G_b′ = g_b,   G_c′ = g_c,

g being the ordinary gradient. A step in these, seen from (W, b, c) at fixed offsets, is

    G_b = g_b − (k/k_b) G_W λ,   G_c = g_c − (k/k_c) G_Wᵀ μ.
"""

from __future__ import annotations

import numpy as np

from ..language.diagnostics import fail
from ..language.model import Model
from .batch import Expectation
from .machine_protocol import Array, Machine
from .structure import Bias, Coupling, bias_of, coupling_of

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
            coupling = coupling_of(term)
            if coupling is None:
                raise fail("BM755", "`center on` needs every coupling to be one weight for a pair of units of two groups", term.span,
                           help="write `center off`")  # fmt: skip
            if model.parameter(coupling.parameter).fixed:
                continue
            biases = [bias_of(model, g) for g in coupling.groups]
            for group, bias in zip(coupling.groups, biases, strict=True):
                if bias is None:
                    raise fail("BM755", f"`center on` needs a trained bias for every unit of `{group}`", term.span,
                               help=f"add `bias {group}` or write `center off`")  # fmt: skip
            self.couplings.append((coupling, biases[0], biases[1]))  # type: ignore[arg-type]

    def follow(self, machine: Machine, positive: Expectation, negative: Expectation) -> None:
        """Moves the offsets to the middle of the data's and the model's means; the first call sets them."""
        for name in {g for c, _, _ in self.couplings for g in c.groups}:
            axes = tuple(int(a) for a in machine.model.group(name).axes)
            middle = ((positive.mean(name) + negative.mean(name)) / 2).reshape(axes)
            old = self.offsets.get(name)
            self.offsets[name] = middle if old is None else (1 - SLIDE) * old + SLIDE * middle

    def change(self, gradient: dict[str, Array]) -> None:
        """Ordinary gradient → centred gradient, in place."""
        plain = {b.parameter: gradient[b.parameter].copy() for _, left, right in self.couplings for b in (left, right)}
        for c, b, d in self.couplings:
            both, left, right = c.letters
            mu, lam = self.offsets[c.groups[0]], self.offsets[c.groups[1]]
            g = gradient[c.parameter]
            g -= (c.scale / b.scale * np.einsum(f"{left},{right}->{both}", plain[b.parameter], lam)).astype(g.dtype)
            g -= (c.scale / d.scale * np.einsum(f"{left},{right}->{both}", mu, plain[d.parameter])).astype(g.dtype)
        for c, b, d in self.couplings:
            both, left, right = c.letters
            mu, lam = self.offsets[c.groups[0]], self.offsets[c.groups[1]]
            g = gradient[c.parameter]
            gradient[b.parameter] -= (c.scale / b.scale * np.einsum(f"{both},{right}->{left}", g, lam)).astype(g.dtype)
            gradient[d.parameter] -= (c.scale / d.scale * np.einsum(f"{both},{left}->{right}", g, mu)).astype(g.dtype)

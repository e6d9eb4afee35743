"""The derivation of an RBM, as a user reads it: the tutorial's equations 2.10, 2.14–2.16 and 2.19 with E of the usual sign."""

from __future__ import annotations

from bmdsl.report.derivation import as_latex, as_text
from tests.build import machine, rbm

TEXT = """\
Energy
  P(x) = exp(−E(x)) / Z with E = - Σ_i b[i] v[i] - Σ_j c[j] h[j] - Σ_(i, j) W[i,j] v[i] h[j]

Conditionals
  field of v (binary): η[i] = b[i] + Σ_j W[i,j] h[j]
  P(v | h) = Π_i (exp(v[i] η[i]))/(1 + exp(η[i]))
  mean ⟨ v[i] ⟩ = σ(η[i])
  field of h (binary): η[j] = c[j] + Σ_i W[i,j] v[i]
  P(h | v) = Π_j (exp(h[j] η[j]))/(1 + exp(η[j]))
  mean ⟨ h[j] ⟩ = σ(η[j])

Free energy
  F(v) = - Σ_i b[i] v[i] - Σ_j log(1 + exp(η[j]))

Gradient of log P(v) for one case v
  ∂ log P(v) / ∂ W[i,j] = ⟨ v[i] σ(η[j]) ⟩_v - ⟨ v[i] σ(η[j]) ⟩_model
  ∂ log P(v) / ∂ b[i] = ⟨ v[i] ⟩_v - ⟨ v[i] ⟩_model
  ∂ log P(v) / ∂ c[j] = ⟨ σ(η[j]) ⟩_v - ⟨ σ(η[j]) ⟩_model"""


def test_derivation_of_an_rbm_is_the_tutorials():
    assert as_text(machine(rbm()).program.plan) == TEXT


def test_latex_has_a_formula_for_every_parameter():
    latex = as_latex(machine(rbm()).program.plan)
    for name in ("W_{i,j}", "b_{i}", "c_{j}"):
        assert rf"\partial \log P(v) / \partial {name}" in latex

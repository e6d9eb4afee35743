"""What `bm explain` prints: the derivations of the tutorial (Cheng, A Beginner's Tutorial of RBMs),
whose E is −E here.

`explained/rbm`: its equations 2.10, 2.14–2.16, 2.19. `explained/gbrbm`: 3.10, 3.14–3.16, 3.19. Read
by hand against them, then pinned.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import bmdsl
from bmdsl.report import derivation, model_facts

PINNED = Path(__file__).parent / "explained"

FACTS = """Gibbs blocks of a sweep
  1. v, h2: all units at once, given h1
  2. h1: all units at once, given v, h2

Parameters
  name     shape    init             count
  b_v      D        logit_mean(v)                    D
  b_h1     5        0                    5
  b_h2     3        0                    3
  W_v_h1   D × 5    normal(0, 0.01)    D·5
  W_h1_h2  5 × 3    normal(0, 0.01)     15

Cost of an update (batch 100, float32)
  counted once D is known, as by -D D=64"""

MIXED = """model p(L = 5, q = 3, N = 7) {
  visible s[L] : categorical(q)
  hidden h[4] : binomial(N)
  hidden t : spin
  hidden x[2] : gaussian(sigma = 2)
  param W, f, U, M, K
  energy = - f[i,a] s[i,a] - W[i,a,j] s[i,a] h[j] - U[i,a] s[i,a] t - M[i,a,k] s[i,a] x[k]
             - K[k] x[k]^2
}"""


@pytest.mark.parametrize("name", ["rbm", "gbrbm"])
def test_the_derivation_is_the_tutorials(name: str):
    plan = bmdsl.load(name).plan
    assert derivation.as_text(plan) == (PINNED / f"{name}.txt").read_text(encoding="utf-8").rstrip()
    assert (
        derivation.as_latex(plan) == (PINNED / f"{name}.tex").read_text(encoding="utf-8").rstrip()
    )


def test_a_sigma_that_is_a_number_is_put_in():
    text = bmdsl.load("gbrbm").source.text.replace("sigma = 1 / a", "sigma = 2")
    assert "P(v | h) = Π_i (1/(2 √(2 π))) exp(-(1/8) (v[i] - 4 η_v[i])^2)" in derivation.as_text(
        bmdsl.parse(text).plan
    )


def test_every_unit_type_has_its_own_formulas():
    text = derivation.as_text(bmdsl.parse(MIXED).plan)
    for formula in (
        "P(s | h, t, x) = Π_i exp(Σ_a s[i,a] η_s[i,a])/(Σ_a exp(η_s[i,a]))",
        "mean ⟨ s[i,a] ⟩ = exp(η_s[i,a])/(Σ_l exp(η_s[i,l]))",
        "P(h | s) = Π_j C(N, h[j]) exp(h[j] η_h[j])/(1 + exp(η_h[j]))^N",
        "mean ⟨ t ⟩ = tanh(η_t)",
        "precision λ_x[k] = (1/4) - 2 η′_x[k]",
        "P(x | s) = Π_k √(λ_x[k]/(2 π)) exp(-(1/2) λ_x[k] (x[k] - η_x[k]/λ_x[k])^2)",
        (
            "- N Σ_j log(1 + exp(η_h[j])) - log(2 cosh(η_t)) - (1/2) Σ_k η_x[k]^2/λ_x[k] - (1/2)"
            " Σ_k log(2 π/λ_x[k])"
        ),
        "∂ log P(v) / ∂ U[i,a] = s[i,a] tanh(η_t) - ⟨ s[i,a] tanh(η_t) ⟩_model",
    ):
        assert formula in text, formula


def test_coupled_hidden_units_have_no_closed_form():
    text = derivation.as_text(bmdsl.load("dbm").plan)
    assert (
        "no closed form: terms couple h1 and h2" in text
        and "m_h2[i0] = σ(b_h2[i0] + Σ_i1 W_h1_h2[i1,i0] m_h1[i1])" in text
    )
    assert "⟨ h1[i0] h2[i1] ⟩_data" in text
    assert "no closed form: terms couple the units of h;" in derivation.as_text(
        bmdsl.load("bm").plan
    )


def test_lateral_units_see_the_others_once_each():
    assert (
        "η_v[i] = Σ_(j: i < j) U[i,j] v[j] + Σ_(j: j < i) U[j,i] v[j] + Σ_j W[i,j] h[j] + b[i]"
        in derivation.as_text(bmdsl.load("bm").plan)
    )


def test_facts_with_a_length_still_open():
    assert [
        x.split() for x in model_facts.as_text(bmdsl.load("dbm", H1=5, H2=3).plan).splitlines()
    ] == [x.split() for x in FACTS.splitlines()]


def test_costs_count_what_is_bound():
    text = model_facts.as_text(bmdsl.load("dbm", D=784).plan)
    assert "parameters  643,784" in text and "784 × 500  normal(0, 0.01)  392,000" in text


def test_a_group_named_as_a_formulas_letter_changes_no_formula():
    text = (
        "model m { visible x[3] : gaussian(sigma = 2)  hidden N[2] : binomial(3)  param W  energy ="
        " - W[i,j] x[i] N[j] }"
    )
    shown = derivation.as_text(bmdsl.parse(text).plan)
    assert "P(N | x) = Π_j C(3, N[j]) exp(N[j] η_N[j])/(1 + exp(η_N[j]))^3" in shown
    assert "P(x | N) = Π_i (1/(2 √(2 π))) exp(-(1/8) (x[i] - 4 η_x[i])^2)" in shown

"""What `bm explain` prints: the derivations of the tutorial (Cheng, A Beginner's Tutorial of RBMs), whose E is −E here.

`rbm`: its equations 2.10, 2.14–2.16, 2.19. `gbrbm`: 3.10, 3.14–3.16, 3.19. Read by hand against them, then pinned.
"""

from __future__ import annotations

import pytest

import bmdsl
from bmdsl.report import derivation, model_facts
from bmdsl.report.notation import constant, monomial, plain, raised

RBM = r"""Energy
  P(x) = exp(−E(x)) / Z with E = - Σ_i b[i] v[i] - Σ_j c[j] h[j] - Σ_(i, j) W[i,j] v[i] h[j]

Conditionals
  field of v (binary): η_v[i] = b[i] + Σ_j W[i,j] h[j]
  P(v | h) = Π_i exp(v[i] η_v[i])/(1 + exp(η_v[i]))
           = Π_i exp(v[i] (b[i] + Σ_j W[i,j] h[j]))/(1 + exp(b[i] + Σ_j W[i,j] h[j]))
  mean ⟨ v[i] ⟩ = σ(η_v[i])
  field of h (binary): η_h[j] = c[j] + Σ_i W[i,j] v[i]
  P(h | v) = Π_j exp(h[j] η_h[j])/(1 + exp(η_h[j]))
           = Π_j exp(h[j] (c[j] + Σ_i W[i,j] v[i]))/(1 + exp(c[j] + Σ_i W[i,j] v[i]))
  mean ⟨ h[j] ⟩ = σ(η_h[j])

Free energy
  F(v) = −log Σ_h exp(−E(v, h)) = - Σ_i b[i] v[i] - Σ_j log(1 + exp(η_h[j]))

Product of experts
  P(v) is their product but for Z and the base measure:
  an expert for each unit of h, log f[h[j]](v) = log(1 + exp(η_h[j]))
  and one for the visible units alone, log f_0(v) = Σ_i b[i] v[i]

Gradient of log P(v) for one case v
  ∂ log P(v) / ∂ W[i,j] = v[i] σ(η_h[j]) - ⟨ v[i] σ(η_h[j]) ⟩_model
  ∂ log P(v) / ∂ b[i] = v[i] - ⟨ v[i] ⟩_model
  ∂ log P(v) / ∂ c[j] = σ(η_h[j]) - ⟨ σ(η_h[j]) ⟩_model
  where ⟨ · ⟩_model is the mean under the model P"""

RBM_LATEX = r"""\subsection*{Energy}
P(x) = exp(-E(x)) / Z with
\[ E = - \sum_{i} b_{i} v_{i} - \sum_{j} c_{j} h_{j} - \sum_{i, j} W_{i,j} v_{i} h_{j} \]
\subsection*{Conditionals}
field of v (binary):
\[ \eta^{v}_{i} = b_{i} + \sum_{j} W_{i,j} h_{j} \]
\[ P(v \mid h) = \prod_{i} \frac{e^{v_{i} \eta^{v}_{i}}}{1 + e^{\eta^{v}_{i}}} \]
\[ = \prod_{i} \frac{e^{v_{i} (b_{i} + \sum_{j} W_{i,j} h_{j})}}{1 + e^{b_{i} + \sum_{j} W_{i,j} h_{j}}} \]
mean
\[ \langle v_{i} \rangle = \sigma(\eta^{v}_{i}) \]
field of h (binary):
\[ \eta^{h}_{j} = c_{j} + \sum_{i} W_{i,j} v_{i} \]
\[ P(h \mid v) = \prod_{j} \frac{e^{h_{j} \eta^{h}_{j}}}{1 + e^{\eta^{h}_{j}}} \]
\[ = \prod_{j} \frac{e^{h_{j} (c_{j} + \sum_{i} W_{i,j} v_{i})}}{1 + e^{c_{j} + \sum_{i} W_{i,j} v_{i}}} \]
mean
\[ \langle h_{j} \rangle = \sigma(\eta^{h}_{j}) \]
\subsection*{Free energy}
F(v) = -log $\sum_h$ exp(-E(v, h))
\[ = - \sum_{i} b_{i} v_{i} - \sum_{j} \log(1 + e^{\eta^{h}_{j}}) \]
\subsection*{Product of experts}
P(v) is their product but for Z and the base measure:
an expert for each unit of h,
\[ \log f_{h_{j}}(v) = \log(1 + e^{\eta^{h}_{j}}) \]
and one for the visible units alone,
\[ \log f_0(v) = \sum_{i} b_{i} v_{i} \]
\subsection*{Gradient of log P(v) for one case v}
\[ \partial \log P(v) / \partial W_{i,j} = v_{i} \sigma(\eta^{h}_{j}) - \langle v_{i} \sigma(\eta^{h}_{j}) \rangle_{\mathrm{model}} \]
\[ \partial \log P(v) / \partial b_{i} = v_{i} - \langle v_{i} \rangle_{\mathrm{model}} \]
\[ \partial \log P(v) / \partial c_{j} = \sigma(\eta^{h}_{j}) - \langle \sigma(\eta^{h}_{j}) \rangle_{\mathrm{model}} \]
where $\langle\cdot\rangle_{\mathrm{model}}$ is the mean under the model P"""

GBRBM = r"""Energy
  P(x) = exp(−E(x)) / Z with E = - a^2 Σ_i b[i] v[i] - Σ_j c[j] h[j] - a Σ_(i, j) W[i,j] v[i] h[j] + Σ_i (1/2) a^2 v[i]^2
  the base measure of the unit types included: Σ_i (1/2) a^2 v[i]^2

Conditionals
  field of v (gaussian): η_v[i] = a^2 b[i] + a Σ_j W[i,j] h[j]
  P(v | h) = Π_i (a/√(2 π)) exp(-(1/2) a^2 (v[i] - (1/a^2) η_v[i])^2)
           = Π_i (a/√(2 π)) exp(-(1/2) a^2 (v[i] - (b[i] + (1/a) Σ_j W[i,j] h[j]))^2)
  mean ⟨ v[i] ⟩ = (1/a^2) η_v[i]
  field of h (binary): η_h[j] = c[j] + a Σ_i W[i,j] v[i]
  P(h | v) = Π_j exp(h[j] η_h[j])/(1 + exp(η_h[j]))
           = Π_j exp(h[j] (c[j] + a Σ_i W[i,j] v[i]))/(1 + exp(c[j] + a Σ_i W[i,j] v[i]))
  mean ⟨ h[j] ⟩ = σ(η_h[j])

Free energy
  F(v) = −log Σ_h exp(−E(v, h)) = - a^2 Σ_i b[i] v[i] + Σ_i (1/2) a^2 v[i]^2 - Σ_j log(1 + exp(η_h[j]))

Product of experts
  P(v) is their product but for Z and the base measure:
  an expert for each unit of h, log f[h[j]](v) = log(1 + exp(η_h[j]))
  and one for the visible units alone, log f_0(v) = a^2 Σ_i b[i] v[i]

Gradient of log P(v) for one case v
  ∂ log P(v) / ∂ W[i,j] = a v[i] σ(η_h[j]) - ⟨ a v[i] σ(η_h[j]) ⟩_model
  ∂ log P(v) / ∂ b[i] = a^2 v[i] - ⟨ a^2 v[i] ⟩_model
  ∂ log P(v) / ∂ c[j] = σ(η_h[j]) - ⟨ σ(η_h[j]) ⟩_model
  where ⟨ · ⟩_model is the mean under the model P"""

GBRBM_LATEX = r"""\subsection*{Energy}
P(x) = exp(-E(x)) / Z with
\[ E = - a^{2} \sum_{i} b_{i} v_{i} - \sum_{j} c_{j} h_{j} - a \sum_{i, j} W_{i,j} v_{i} h_{j} + \sum_{i} \frac{1}{2} a^{2} v_{i}^2 \]
the base measure of the unit types included:
\[ \sum_{i} \frac{1}{2} a^{2} v_{i}^2 \]
\subsection*{Conditionals}
field of v (gaussian):
\[ \eta^{v}_{i} = a^{2} b_{i} + a \sum_{j} W_{i,j} h_{j} \]
\[ P(v \mid h) = \prod_{i} \frac{a}{\sqrt{2 \pi}} e^{-\frac{1}{2} a^{2} (v_{i} - \frac{1}{a^{2}} \eta^{v}_{i})^2} \]
\[ = \prod_{i} \frac{a}{\sqrt{2 \pi}} e^{-\frac{1}{2} a^{2} (v_{i} - (b_{i} + \frac{1}{a} \sum_{j} W_{i,j} h_{j}))^2} \]
mean
\[ \langle v_{i} \rangle = \frac{1}{a^{2}} \eta^{v}_{i} \]
field of h (binary):
\[ \eta^{h}_{j} = c_{j} + a \sum_{i} W_{i,j} v_{i} \]
\[ P(h \mid v) = \prod_{j} \frac{e^{h_{j} \eta^{h}_{j}}}{1 + e^{\eta^{h}_{j}}} \]
\[ = \prod_{j} \frac{e^{h_{j} (c_{j} + a \sum_{i} W_{i,j} v_{i})}}{1 + e^{c_{j} + a \sum_{i} W_{i,j} v_{i}}} \]
mean
\[ \langle h_{j} \rangle = \sigma(\eta^{h}_{j}) \]
\subsection*{Free energy}
F(v) = -log $\sum_h$ exp(-E(v, h))
\[ = - a^{2} \sum_{i} b_{i} v_{i} + \sum_{i} \frac{1}{2} a^{2} v_{i}^2 - \sum_{j} \log(1 + e^{\eta^{h}_{j}}) \]
\subsection*{Product of experts}
P(v) is their product but for Z and the base measure:
an expert for each unit of h,
\[ \log f_{h_{j}}(v) = \log(1 + e^{\eta^{h}_{j}}) \]
and one for the visible units alone,
\[ \log f_0(v) = a^{2} \sum_{i} b_{i} v_{i} \]
\subsection*{Gradient of log P(v) for one case v}
\[ \partial \log P(v) / \partial W_{i,j} = a v_{i} \sigma(\eta^{h}_{j}) - \langle a v_{i} \sigma(\eta^{h}_{j}) \rangle_{\mathrm{model}} \]
\[ \partial \log P(v) / \partial b_{i} = a^{2} v_{i} - \langle a^{2} v_{i} \rangle_{\mathrm{model}} \]
\[ \partial \log P(v) / \partial c_{j} = \sigma(\eta^{h}_{j}) - \langle \sigma(\eta^{h}_{j}) \rangle_{\mathrm{model}} \]
where $\langle\cdot\rangle_{\mathrm{model}}$ is the mean under the model P"""

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
  energy = - f[i,a] s[i,a] - W[i,a,j] s[i,a] h[j] - U[i,a] s[i,a] t - M[i,a,k] s[i,a] x[k] - K[k] x[k]^2
}"""


@pytest.mark.parametrize(("name", "text", "latex"), [("rbm", RBM, RBM_LATEX), ("gbrbm", GBRBM, GBRBM_LATEX)])
def test_the_derivation_is_the_tutorials(name: str, text: str, latex: str):
    plan = bmdsl.load(name).plan
    assert derivation.as_text(plan) == text
    assert derivation.as_latex(plan) == latex


def test_a_sigma_that_is_a_number_is_put_in():
    text = bmdsl.load("gbrbm").source.text.replace("sigma = 1 / a", "sigma = 2")
    assert "P(v | h) = Π_i (0.5/√(2 π)) exp(-(1/2) 0.25 (v[i] - 4 η_v[i])^2)" in derivation.as_text(bmdsl.parse(text).plan)


def test_every_unit_type_has_its_own_formulas():
    text = derivation.as_text(bmdsl.parse(MIXED).plan)
    for formula in (
        "P(s | h, t, x) = Π_i exp(Σ_a s[i,a] η_s[i,a])/(Σ_a exp(η_s[i,a]))",
        "mean ⟨ s[i,a] ⟩ = exp(η_s[i,a])/(Σ_l exp(η_s[i,l]))",
        "P(h | s) = Π_j C(N, h[j]) exp(h[j] η_h[j])/((1 + exp(η_h[j]))^N)",
        "mean ⟨ t ⟩ = tanh η_t",
        "P(x | s) ∝ Π_k base(x[k]) exp(η_x[k] x[k] + η′_x[k] x[k]^2)",
        "- Σ_j N log(1 + exp(η_h[j])) - log 2 cosh η_t - Σ_k A(η_x[k], η′_x[k])",
        "∂ log P(v) / ∂ U[i,a] = s[i,a] tanh η_t - ⟨ s[i,a] tanh η_t ⟩_model",
        "∂ log P(v) / ∂ K[k] = ⟨ x[k]^2 ⟩_data - ⟨ x[k]^2 ⟩_model",
    ):
        assert formula in text, formula


def test_coupled_hidden_units_have_no_closed_form():
    text = derivation.as_text(bmdsl.load("dbm").plan)
    assert "no closed form: terms couple h1 and h2" in text and "⟨ h1[i0] h2[i1] ⟩_data" in text
    assert "no closed form: terms couple the units of h;" in derivation.as_text(bmdsl.load("bm").plan)


def test_lateral_units_see_the_others_once_each():
    assert "η_v[i] = Σ_(j, i < j) U[i,j] v[j] + Σ_(j, j < i) U[j,i] v[j] + Σ_j W[i,j] h[j] + b[i]" in derivation.as_text(bmdsl.load("bm").plan)


def test_facts_with_a_length_still_open():
    assert [x.split() for x in model_facts.as_text(bmdsl.load("dbm", H1=5, H2=3).plan).splitlines()] == [x.split() for x in FACTS.splitlines()]


def test_costs_count_what_is_bound():
    text = model_facts.as_text(bmdsl.load("dbm", D=784).plan)
    assert "parameters  643,784" in text and "784 × 500  normal(0, 0.01)  392,000" in text


def test_a_group_named_as_a_formulas_letter_changes_no_formula():
    text = "model m { visible x[3] : gaussian(sigma = 2)  hidden N[2] : binomial(3)  param W  energy = - W[i,j] x[i] N[j] }"
    shown = derivation.as_text(bmdsl.parse(text).plan)
    assert "P(N | x) = Π_j C(3, N[j]) exp(N[j] η_N[j])/((1 + exp(η_N[j]))^3)" in shown
    assert "P(x | N) = Π_i (0.5/√(2 π)) exp(-(1/2) 0.25 (x[i] - 4 η_x[i])^2)" in shown


@pytest.mark.parametrize(
    ("latex", "text"),
    [(r"\frac{a}{\sqrt{2 \pi}} x", "(a/√(2 π)) x"), (r"e^{\eta^{h1}_{j}}", "exp(η_h1[j])"), (r"\sum_{i, i \ne j} W_{i,j}^{2}", "Σ_(i, i ≠ j) W[i,j]^2"),
     (r"\langle v \rangle_{\mathrm{model}}", "⟨ v ⟩_model"), (r"\log 2\cosh\eta", "log 2 cosh η")])  # fmt: skip
def test_latex_reads_as_plain_text(latex: str, text: str):
    assert plain(latex) == text


def test_constants_keep_their_names():
    one = monomial("2 * a / b^2")
    assert one == (2.0, (("a", 1), ("b", -2))) and constant(one) == r"\frac{2 a}{b^{2}}" and constant(raised(one, -2)) == r"\frac{0.25 b^{4}}{a^{2}}"
    assert monomial("a + 1") is None

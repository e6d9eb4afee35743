"""Deep Boltzmann machines: several layers of hidden units."""

from __future__ import annotations

import numpy as np

from .harness import dot, entry
from .units import binary, categorical, gaussian, spin

DEEP = """
  param W, V, b, c, d
  energy = - W[i,j] v[i] h[j] - V[j,k] h[j] g[k] - b[i] v[i] - c[j] h[j] - d[k] g[k]"""


def deep(p, v, h, g):
    """Two layers of hidden units."""
    return -(dot(v, p.W) * h).sum(1) - (dot(h, p.V) * g).sum(1) - v @ p.b - h @ p.c - g @ p.d


@entry(
    "visible v[3] : binary  hidden h[3] : binary  hidden g[2] : binary" + DEEP,
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(3), g=binary(2)),
    train="positive meanfield()  negative pcd(steps = 1, chains = 10)  batch 4  center on",
)
def deep_boltzmann_machine(p, v, h, g):
    """Salakhutdinov & Hinton 2009, Deep Boltzmann machines."""
    return deep(p, v, h, g)


@entry(
    "visible v[3] : gaussian  hidden h[2] : binary  hidden g[2] : binary" + DEEP,
    visible=dict(v=gaussian(3)),
    hidden=dict(h=binary(2), g=binary(2)),
    refused="exact_sample",
)
def gaussian_deep(p, v, h, g):
    """Cho, Raiko & Ilin 2013, Gaussian-Bernoulli deep Boltzmann machine."""
    return deep(p, v, h, g)


@entry(
    """visible v[3] : binary
       hidden h1[2] : binary
       hidden h2[2] : binary
       hidden h3[2] : binary
       layers v -- h1 -- h2 -- h3""",
    visible=dict(v=binary(3)),
    hidden=dict(h1=binary(2), h2=binary(2), h3=binary(2)),
)
def three_layers(p, v, h1, h2, h3):
    """Salakhutdinov & Hinton 2012, An efficient learning procedure for deep Boltzmann machines."""
    pairs = (dot(v, p.W_v_h1) * h1 + dot(h1, p.W_h1_h2) * h2 + dot(h2, p.W_h2_h3) * h3).sum(1)
    return -pairs - v @ p.b_v - h1 @ p.b_h1 - h2 @ p.b_h2 - h3 @ p.b_h3


@entry(
    """visible v[3] : binary
       hidden h[2] : binary
       hidden g[2] : binary
       param W, V, S, b, c, d
       energy = - W[i,j] v[i] h[j] - V[j,k] h[j] g[k] - S[i,k] v[i] g[k]
                - b[i] v[i] - c[j] h[j] - d[k] g[k]""",
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(2), g=binary(2)),
)
def skip_connections(p, v, h, g):
    """After Salakhutdinov & Hinton 2009, Deep Boltzmann machines: v meets the top layer too."""
    return deep(p, v, h, g) - (dot(v, p.S) * g).sum(1)


@entry(
    """visible x[2] : gaussian
       visible w[2] : categorical(3)
       hidden a[2] : binary
       hidden u[2] : binary
       hidden t[2] : binary
       param A, B, F, G, p, q, c, d, e
       energy = - A[i,j] x[i] a[j] - B[k,m] w[n,k] u[m] - F[j,l] a[j] t[l] - G[m,l] u[m] t[l]
                - p[i] x[i] - q[k] w[n,k] - c[j] a[j] - 2 * d[m] u[m] - e[l] t[l]""",
    visible=dict(x=gaussian(2), w=categorical(3, 2)),
    hidden=dict(a=binary(2), u=binary(2), t=binary(2)),
    left_out="w",
    refused="exact_sample",
)
def multimodal(p, x, w, a, u, t):
    """Srivastava & Salakhutdinov 2012, Multimodal learning with deep Boltzmann machines.

    Images by Gaussian units, two words by a replicated softmax, one joint layer t.
    """
    words = w.sum(1)
    image = -((x @ p.A + p.c) * a).sum(1) - x @ p.p
    text = -((words @ p.B + 2 * p.d) * u).sum(1) - words @ p.q
    return image + text - ((a @ p.F + u @ p.G + p.e) * t).sum(1)


@entry(
    """visible v[3] : binary
       visible y : categorical(3)
       hidden h[2] : binary
       hidden g[2] : binary
       param W, V, U, b, c, d, e
       energy = - W[i,j] v[i] h[j] - V[j,k] h[j] g[k] - U[k,m] g[k] y[m]
                - b[i] v[i] - c[j] h[j] - d[k] g[k] - e[m] y[m]""",
    visible=dict(v=binary(3), y=categorical(3)),
    hidden=dict(h=binary(2), g=binary(2)),
    left_out="y",
)
def multi_prediction(p, v, y, h, g):
    """Goodfellow, Mirza, Courville & Bengio 2013, Multi-prediction deep Boltzmann machines."""
    return deep(p, v, h, g) - ((g @ p.U) * y).sum(1) - y @ p.e


@entry(
    """visible v[3] : binary
       hidden h[2] : binary
       hidden g[2] : binary
       param W, V, b, c, d, α, β, γ
       energy = - W[i,j] (v[i] - α[i]) (h[j] - β[j]) - V[j,k] (h[j] - β[j]) (g[k] - γ[k])
       energy += - b[i] (v[i] - α[i]) - c[j] (h[j] - β[j]) - d[k] (g[k] - γ[k])""",
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(2), g=binary(2)),
)
def centred_deep(p, v, h, g):
    """Montavon & Müller 2012, Deep Boltzmann machines and the centering trick."""
    return deep(p, v - p.α, h - p.β, g - p.γ)


@entry(
    """visible v[3] : categorical(3)
       hidden h[2] : binary
       hidden s[2] : categorical(3)
       param W, b, a
       energy = - W[k,j] v[n,k] h[j] - W[k,j] s[m,k] h[j] - b[k] v[n,k] - b[k] s[m,k]
                - (3 + 2) * a[j] h[j]""",
    visible=dict(v=categorical(3, 3)),
    hidden=dict(h=binary(2), s=categorical(3, 2)),
)
def over_replicated_softmax(p, v, h, s):
    """Srivastava, Salakhutdinov & Hinton 2013, Modeling documents with deep Boltzmann machines.

    Three words, and two more softmax units of the second layer with the same weights.
    """
    counts = v.sum(1) + s.sum(1)
    return -((counts @ p.W + 5 * p.a) * h).sum(1) - counts @ p.b


@entry(
    """visible v[5] : binary
       hidden h[2, 2] : binary
       hidden g[2] : binary
       param W[3, 2], V[2, 2, 2], b, c, d
       energy = - W[q,k] v[2*m+q] h[m,k] for q in 0..3 - V[m,k,l] h[m,k] g[l]
                - b[i] v[i] - c[k] h[m,k] - d[l] g[l]""",
    visible=dict(v=binary(5)),
    hidden=dict(h=binary(2, 2), g=binary(2)),
)
def shape_boltzmann_machine(p, v, h, g):
    """Eslami, Heess, Williams & Winn 2014, The shape Boltzmann machine."""
    patches = np.stack([v[:, 0:3], v[:, 2:5]], 1)
    inputs = np.einsum("rmq,qk->rmk", patches, p.W) + p.c
    return -(inputs * h).sum((1, 2)) - (dot(h, p.V) * g).sum(1) - v @ p.b - g @ p.d


@entry(
    """visible v[3] : spin
       hidden h[2] : spin
       hidden g[2] : spin
       param W, V, K, L symmetric, b
       energy = - W[i,j] v[i] h[j] - V[j,k] h[j] g[k] - K h[0] h[1] - L[k,l] g[k] g[l] for k < l
                - b[i] v[i]""",
    visible=dict(v=spin(3)),
    hidden=dict(h=spin(2), g=spin(2)),
)
def lateral_deep(p, v, h, g):
    """Salakhutdinov 2008, Learning and evaluating Boltzmann machines: lateral weights."""
    pairs = (dot(v, p.W) * h).sum(1) + (dot(h, p.V) * g).sum(1)
    return -pairs - p.K * h[:, 0] * h[:, 1] - p.L[0, 1] * g[:, 0] * g[:, 1] - v @ p.b


@entry(
    """visible x[2] : binary
       visible y[2] : binary
       hidden a[2] : binary
       hidden u[2] : binary
       hidden t[2] : categorical(2)
       param A, B, F, G, e
       energy = - A[i,j] x[i] a[j] - B[i,m] y[i] u[m] - F[j,n,l] a[j] t[n,l] - G[m,n,l] u[m] t[n,l]
                - e[n,l] t[n,l]""",
    visible=dict(x=binary(2), y=binary(2)),
    hidden=dict(a=binary(2), u=binary(2), t=categorical(2, 2)),
    left_out="y",
)
def bimodal_with_softmax_top(p, x, y, a, u, t):
    """After Ngiam, Khosla, Kim, Nam, Lee & Ng 2011, Multimodal deep learning."""
    lower = (dot(x, p.A) * a).sum(1) + (dot(y, p.B) * u).sum(1)
    return -lower - ((dot(a, p.F) + dot(u, p.G) + p.e) * t).sum((1, 2))

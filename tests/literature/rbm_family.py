"""Restricted Boltzmann machines: one layer of visible and one of hidden units."""

from __future__ import annotations

from .harness import NO_LOG_Z, dot, entry, uniform
from .units import (
    binary,
    binomial,
    categorical,
    exponential,
    gaussian,
    nrelu,
    poisson,
    rectified,
    spin,
)

BILINEAR = """
  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]"""


def bilinear(p, v, h):
    """−vᵀWh − bᵀv − cᵀh."""
    return -(dot(v, p.W) * h).sum(1) - v @ p.b - h @ p.c


@entry(
    """visible r[4] : spin
       hidden a[3] : binary
       param k, sigma, kappa
       energy = - sigma[j] k[i,j] r[i] a[j] / 4 + kappa sigma[j] a[j]""",
    visible=dict(r=spin(4)),
    hidden=dict(a=binary(3)),
    values=dict(k=lambda g, s: g.choice([-1.0, 1.0], s), sigma=uniform(0.5, 2), kappa=0.3),
    train="positive exact  negative cd(steps = 1)  batch 4",
)
def harmonium(p, r, a):
    """Smolensky 1986, Information processing in dynamical systems: foundations of harmony theory.

    Minus the harmony, Σ σ a (r·k/|k| − κ), of atoms whose knowledge vectors k have no zeros.
    """
    return -((r @ p.k / 4 - p.kappa) * p.sigma * a).sum(1)


@entry(
    "visible v[4] : binary  hidden h[3] : binary" + BILINEAR,
    visible=dict(v=binary(4)),
    hidden=dict(h=binary(3)),
    train="positive exact  negative pcd(steps = 1, chains = 10)  batch 4  center on",
)
def binary_rbm(p, v, h):
    """Hinton 2002, Training products of experts by minimizing contrastive divergence."""
    return bilinear(p, v, h)


@entry(
    """visible s[4] : spin
       hidden t[3] : spin
       param J, b, c
       energy = - J[i,j] s[i] t[j] - b[i] s[i] - c[j] t[j]""",
    visible=dict(s=spin(4)),
    hidden=dict(t=spin(3)),
    train="positive exact  negative tempering(replicas = 4, chains = 4)  batch 4",
)
def spin_spin(p, s, t):
    """Barra, Bernacchia, Santucci & Contucci 2012: both layers of spins."""
    return -(dot(s, p.J) * t).sum(1) - s @ p.b - t @ p.c


@entry(
    """visible v[3] : gaussian(sigma = s)
       hidden h[3] : binary
       param W, b, c
       energy = + b[i]^2 / (2 * s^2) for i in 0..3
                - b[i] v[i] / s^2 - c[j] h[j] - W[i,j] v[i] h[j] / s""",
    arguments=dict(s=0.8),
    visible=dict(v=gaussian(3, sigma=0.8)),
    hidden=dict(h=binary(3)),
    refused="exact_sample",
)
def gaussian_binary(p, v, h):
    """Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks.

    (v − b)²/2σ² − cᵀh − Σ W v h/σ; the unit's own exp(−v²/2σ²) is not part of the text.
    """
    quadratic = ((v - p.b) ** 2 - v**2).sum(1) / (2 * 0.64)
    return quadratic - h @ p.c - (dot(v, p.W) * h).sum(1) / 0.8


@entry(
    """visible v[3] : gaussian(sigma = 100)
       hidden h[3] : binary
       param W, b, c, lam
       energy = 0.5 lam[i] (v[i] - b[i])^2 - lam[i] W[i,j] v[i] h[j] - c[j] h[j]""",
    visible=dict(v=gaussian(3, sigma=100)),
    hidden=dict(h=binary(3)),
    values=dict(lam=uniform(0.6, 2)),
    refused="exact_sample",
)
def improved_gaussian_binary(p, v, h):
    """Cho, Ilin & Raiko 2011, Improved learning of Gaussian-Bernoulli RBMs.

    Precisions λ = 1/σ² are learned; weights too are divided by σ².
    """
    return ((v - p.b) ** 2 * p.lam).sum(1) / 2 - (dot(v * p.lam, p.W) * h).sum(1) - h @ p.c


@entry(
    """visible v[3] : gaussian
       hidden h[3] : binary
       param W, b, c
       energy = - W[i,j] v[i] h[j] / s^2 - b[i] v[i] / s^2 - c[j] h[j] / s^2
                + 0.5 (1 / s^2 - 1) v[i]^2""",
    arguments=dict(s=0.7),
    visible=dict(v=gaussian(3)),
    hidden=dict(h=binary(3)),
    train="positive exact  negative cd(steps = 1)  batch 4  penalty sparsity(h, target = 0.1)",
    refused="exact_sample",
)
def sparse_gaussian_binary(p, v, h):
    """Lee, Ekanadham & Ng 2007, Sparse deep belief net model for visual area V2."""
    inside = (v**2).sum(1) / 2 - v @ p.b - h @ p.c - (dot(v, p.W) * h).sum(1)
    return inside / 0.49 - (v**2).sum(1) / 2


@entry(
    """visible s[4] : spin
       hidden z[2] : gaussian
       param xi
       energy = - xi[i,m] s[i] z[m]""",
    visible=dict(s=spin(4)),
    hidden=dict(z=gaussian(2)),
    refused="exact_sample",
)
def hopfield_duality(p, s, z):
    """Barra, Bernacchia, Santucci & Contucci 2012, Neural Networks 34.

    On the equivalence of Hopfield networks and Boltzmann machines.
    """
    return -(dot(s, p.xi) * z).sum(1)


@entry(
    "visible v[2] : gaussian  hidden h[2] : gaussian(sigma = 0.7)" + BILINEAR,
    visible=dict(v=gaussian(2)),
    hidden=dict(h=gaussian(2, sigma=0.7)),
    scale=0.4,
    refused=NO_LOG_Z,
)
def linear_gaussian(p, v, h):
    """Marks & Movellan 2001, Diffusion networks, products of experts, and factor analysis."""
    return bilinear(p, v, h)


@entry(
    """visible s[3] : categorical(3)
       hidden h[2] : binary
       param W, f, c
       energy = - f[i,a] s[i,a] - c[j] h[j] - W[i,a,j] s[i,a] h[j]""",
    visible=dict(s=categorical(3, 3)),
    hidden=dict(h=binary(2)),
)
def multinomial_visible(p, s, h):
    """Tubiana, Cocco & Monasson 2019, Learning protein constitutive motifs from sequence data."""
    return -(dot(s, p.W) * h).sum(1) - dot(s, p.f) - h @ p.c


@entry(
    """visible s[3] : categorical(3)
       hidden h[2] : gaussian
       param W, f
       energy = - f[i,a] s[i,a] - W[i,a,j] s[i,a] h[j]""",
    visible=dict(s=categorical(3, 3)),
    hidden=dict(h=gaussian(2)),
    refused="exact_sample",
)
def undirected_topics(p, s, h):
    """Welling, Rosen-Zvi & Hinton 2005, Exponential family harmoniums: multinomial and Gaussian."""
    return -(dot(s, p.W) * h).sum(1) - dot(s, p.f)


@entry(
    """visible x[2] : gaussian
       hidden h[3] : binary
       param A, W, b, c
       energy = - W[i,j] x[i] h[j] + 0.5 A[i,j] x[i]^2 h[j] - b[i] x[i] - c[j] h[j]""",
    visible=dict(x=gaussian(2)),
    hidden=dict(h=binary(3)),
    values=dict(A=uniform(0.1, 1)),
    refused="exact_sample",
)
def two_statistics(p, x, h):
    """Welling, Rosen-Zvi & Hinton 2005: both sufficient statistics of a Gaussian unit meet h."""
    return -(dot(x, p.W) * h).sum(1) + (dot(x**2, p.A) * h).sum(1) / 2 - x @ p.b - h @ p.c


@entry(
    "visible v[2] : binomial(3)  hidden h[2] : binomial(4)" + BILINEAR,
    visible=dict(v=binomial(3, 2)),
    hidden=dict(h=binomial(4, 2)),
    scale=0.3,
)
def rate_coded(p, v, h):
    """Teh & Hinton 2001, Rate-coded restricted Boltzmann machines for face recognition."""
    return bilinear(p, v, h)


@entry(
    "visible v[2] : gaussian  hidden h[2] : nrelu" + BILINEAR,
    visible=dict(v=gaussian(2)),
    hidden=dict(h=nrelu(2, top=20)),
    scale=0.4,
    tolerance=0.05,
    refused=NO_LOG_Z,
)
def noisy_rectified(p, v, h):
    """Nair & Hinton 2010, Rectified linear units improve restricted Boltzmann machines."""
    return bilinear(p, v, h)


@entry(
    "visible v[2] : gaussian  hidden h[2] : rectified(sigma = 0.8)" + BILINEAR,
    visible=dict(v=gaussian(2)),
    hidden=dict(h=rectified(2, sigma=0.8, reach=8, nodes=30)),
    scale=0.3,
    refused=NO_LOG_Z,
)
def truncated_gaussian(p, v, h):
    """Su, Liao, Chen & Carin 2016, ICML.

    Nonlinear statistical learning with truncated Gaussian graphical models.
    """
    return bilinear(p, v, h)


@entry(
    "visible v[2] : poisson  hidden h[2] : binomial(3)" + BILINEAR,
    visible=dict(v=poisson(2)),
    hidden=dict(h=binomial(3, 2)),
    scale=0.25,
    refused="exact_sample",
)
def rate_adapting_poisson(p, v, h):
    """Gehler, Holub & Welling 2006, The rate adapting Poisson model for information retrieval."""
    return bilinear(p, v, h)


@entry(
    """visible v[3] : categorical(4)
       hidden h[2] : binary
       param W, b, a
       energy = - W[k,j] v[n,k] h[j] - b[k] v[n,k] - N * a[j] h[j]""",
    arguments=dict(N=3),
    visible=dict(v=categorical(4, 3)),
    hidden=dict(h=binary(2)),
)
def replicated_softmax(p, v, h):
    """Salakhutdinov & Hinton 2009, Replicated softmax: an undirected topic model; three words."""
    counts = v.sum(1)
    return -((counts @ p.W) * h).sum(1) - counts @ p.b - 3 * h @ p.a


@entry(
    "visible v[2] : exponential  hidden h[3] : binary" + BILINEAR,
    visible=dict(v=exponential(2)),
    hidden=dict(h=binary(3)),
    scale=1.5,
    refused="exact_sample",
)
def truncated_exponential(p, v, h):
    """Bengio, Lamblin, Popovici & Larochelle 2007, Greedy layer-wise training of deep networks."""
    return bilinear(p, v, h)


@entry(
    """visible v[4] : binary
       hidden h[3] : binary
       param W, b, c
       energy = - W[i,j] v[i] h[j] / T - b[i] v[i] / T - c[j] h[j] / T""",
    arguments=dict(T=1.7),
    visible=dict(v=binary(4)),
    hidden=dict(h=binary(3)),
)
def temperature_based(p, v, h):
    """Li, Deng, Xu, Wen, Wang, Pei & Shi 2016, Temperature based restricted Boltzmann machines."""
    return bilinear(p, v, h) / 1.7


@entry(
    """visible v[3] : multinary(2, gain = 0.5)
       hidden h[2] : multinary(1, gain = 0.5)
       param W, b, c
       energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]""",
    visible=dict(v=binomial(4, 3, gain=0.5)),
    hidden=dict(h=binomial(2, 2, gain=0.5)),
)
def multinary(p, v, h):
    """Teh & Hinton 2001: replicas of a binary unit whose mean, not number, is the state."""
    return bilinear(p, v, h)

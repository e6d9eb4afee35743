"""Mixtures and latent classes: a hidden one-of-K unit chooses the parameters."""

from __future__ import annotations

import numpy as np

from .harness import dot, entry, uniform
from .units import binary, categorical, gaussian, poisson


@entry(
    """visible v[4] : binary
       hidden z : categorical(3)
       param W, d
       energy = - W[i,k] v[i] z[k] - d[k] z[k]""",
    visible=dict(v=binary(4)),
    hidden=dict(z=categorical(3)),
    train="positive exact  negative exact  batch 4  optimizer adam(rate = 0.01)",
)
def mixture_of_bernoullis(p, v, z):
    """Everitt & Hand 1981, Finite mixture distributions; Bishop 2006, section 9.3.3."""
    return -(dot(v, p.W) * z).sum(1) - z @ p.d


@entry(
    """visible x[3] : categorical(3)
       hidden z : categorical(2)
       param W, b, d
       energy = - W[i,a,k] x[i,a] z[k] - b[i,a] x[i,a] - d[k] z[k]""",
    visible=dict(x=categorical(3, 3)),
    hidden=dict(z=categorical(2)),
)
def latent_class(p, x, z):
    """Lazarsfeld & Henry 1968, Latent structure analysis; Goodman 1974, Biometrika 61."""
    return -(dot(x, p.W) * z).sum(1) - dot(x, p.b) - z @ p.d


@entry(
    """visible x[4] : categorical(2)
       hidden y : categorical(2)
       hidden z : categorical(3)
       param A, B, C, b
       energy = - A[i,a,k] x[i,a] y[k] - B[i,a,m] x[i,a] z[m] - C[k,m] y[k] z[m] - b[i,a] x[i,a]""",
    visible=dict(x=categorical(2, 4)),
    hidden=dict(y=categorical(2), z=categorical(3)),
)
def two_latent_variables(p, x, y, z):
    """Goodman 1974, Exploratory latent structure analysis: two associated variables."""
    pair = np.einsum("rk,km,rm->r", y, p.C, z)
    return -(dot(x, p.A) * y).sum(1) - (dot(x, p.B) * z).sum(1) - pair - dot(x, p.b)


@entry(
    """visible x[2] : gaussian(sigma = 50)
       hidden z : categorical(3)
       param mu[2, 3], lam[2, 3], d
       energy = 0.5 lam[i,k] x[i]^2 z[k] - lam[i,k] mu[i,k] x[i] z[k]
                + 0.5 lam[i,k] mu[i,k]^2 z[k] - d[k] z[k]""",
    visible=dict(x=gaussian(2, sigma=50)),
    hidden=dict(z=categorical(3)),
    values=dict(lam=uniform(0.5, 2), mu=uniform(-2, 2)),
    refused="exact_sample",
)
def mixture_of_gaussians(p, x, z):
    """Pearson 1894, Contributions to the mathematical theory of evolution."""
    squares = p.lam * (x[:, :, None] - p.mu) ** 2 / 2
    return np.einsum("rik,rk->r", squares, z) - z @ p.d


@entry(
    """visible x[3] : gaussian
       hidden z : categorical(4)
       param mu[3, 4], d
       energy = - mu[i,k] x[i] z[k] + 0.5 mu[i,k]^2 z[k] - d[k] z[k]""",
    visible=dict(x=gaussian(3)),
    hidden=dict(z=categorical(4)),
    refused="exact_sample",
)
def mixture_of_equal_gaussians(p, x, z):
    """McLachlan & Peel 2000, Finite mixture models: one covariance, exp(d) are the proportions."""
    return -(dot(x, p.mu) * z).sum(1) + z @ (p.mu**2).sum(0) / 2 - z @ p.d


@entry(
    """visible x[2] : gaussian
       visible y[2] : gaussian
       hidden z : categorical(3)
       param R[3], mu, nu, d
       energy = - R[k] x[i] y[i] z[k] - mu[i,k] x[i] z[k] - nu[i,k] y[i] z[k] - d[k] z[k]""",
    visible=dict(x=gaussian(2), y=gaussian(2)),
    hidden=dict(z=categorical(3)),
    values=dict(R=uniform(-0.6, 0.6)),
    refused="log_partition, log_likelihood, gradient, marginals, exact_sample, train_exactly",
)
def mixture_of_correlations(p, x, y, z):
    """Banfield & Raftery 1993, Model-based Gaussian and non-Gaussian clustering."""
    product = (x * y).sum(1)[:, None] * p.R
    return -((product + x @ p.mu + y @ p.nu + p.d) * z).sum(1)


@entry(
    """visible n[2] : poisson
       hidden z : categorical(3)
       param W, d
       energy = - W[i,k] n[i] z[k] - d[k] z[k]""",
    visible=dict(n=poisson(2)),
    hidden=dict(z=categorical(3)),
    values=dict(W=uniform(-1, 1)),
    refused="exact_sample",
)
def mixture_of_poissons(p, n, z):
    """Simar 1976, Maximum likelihood estimation of a compound Poisson process."""
    return -(dot(n, p.W) * z).sum(1) - z @ p.d


@entry(
    """visible x[4] : binary
       hidden theta[2] : gaussian
       param a, b
       energy = - a[i,m] x[i] theta[m] - b[i] x[i]""",
    visible=dict(x=binary(4)),
    hidden=dict(theta=gaussian(2)),
    refused="exact_sample",
)
def latent_trait(p, x, theta):
    """Anderson & Vermunt 2000, Log-multiplicative association models as latent variable models."""
    return -(dot(x, p.a) * theta).sum(1) - x @ p.b


@entry(
    """given x[3] : gaussian
       visible y : categorical(2)
       hidden z : categorical(3)
       param V, U, d
       energy = - V[i,k] x[i] z[k] - U[i,k,c] x[i] z[k] y[c] - d[k] z[k]""",
    given=dict(x=gaussian(3)),
    visible=dict(y=categorical(2)),
    hidden=dict(z=categorical(3)),
)
def mixture_of_experts(p, x, y, z):
    """After Jacobs, Jordan, Nowlan & Hinton 1991, Adaptive mixtures of experts."""
    gate = (x @ p.V + p.d) * z
    return -gate.sum(1) - np.einsum("ri,ikc,rk,rc->r", x, p.U, z, y)


@entry(
    """visible v[3] : binary
       hidden h[2] : binary
       hidden z : categorical(3)
       param W, b, c, d
       energy = - W[i,k,j] v[i] z[k] h[j] - b[i] v[i] - c[k,j] z[k] h[j] - d[k] z[k]""",
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(2), z=categorical(3)),
    train="positive gibbs(steps = 1)  negative cd(steps = 1)  batch 4",
)
def implicit_mixture(p, v, h, z):
    """Nair & Hinton 2008, Implicit mixtures of RBMs."""
    inputs = np.einsum("ri,ikj->rkj", v, p.W) + p.c
    return -np.einsum("rkj,rk,rj->r", inputs, z, h) - v @ p.b - z @ p.d


@entry(
    """visible v[3] : binary
       hidden h[2] : binary
       hidden z : categorical(3)
       param A[3, 2], B[2, 2], C[3, 2], b, d
       energy = - A[i,f] B[j,f] C[k,f] v[i] h[j] z[k] - b[k,i] z[k] v[i] - d[k] z[k]""",
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(2), z=categorical(3)),
)
def implicit_mixture_factored(p, v, h, z):
    """After Nair & Hinton 2008: an implicit mixture with factored weights."""
    return -((v @ p.A) * (h @ p.B) * (z @ p.C)).sum(1) - ((z @ p.b) * v).sum(1) - z @ p.d


@entry(
    """visible x[2] : gaussian
       hidden h[2] : binary
       hidden z : categorical(2)
       param W, mu, c, d
       energy = - W[i,k,j] x[i] z[k] h[j] - mu[i,k] x[i] z[k] - c[k,j] z[k] h[j] - d[k] z[k]""",
    visible=dict(x=gaussian(2)),
    hidden=dict(h=binary(2), z=categorical(2)),
    refused="exact_sample",
)
def implicit_mixture_gaussian(p, x, h, z):
    """Nair & Hinton 2008: an implicit mixture of RBMs of real-valued data."""
    inputs = np.einsum("ri,ikj->rkj", x, p.W) + p.c
    return -np.einsum("rkj,rk,rj->r", inputs, z, h) - ((x @ p.mu) * z).sum(1) - z @ p.d

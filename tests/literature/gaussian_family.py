"""Real-valued models whose hidden units set means, precisions and covariances."""

from __future__ import annotations

import numpy as np

from .harness import NO_LOG_Z, dot, entry, uniform
from .units import binary, categorical, gaussian


@entry(
    """visible v[2] : gaussian
       hidden h[2] : binary
       hidden s[2] : gaussian(sigma = 0.8)
       param W, b
       energy = - W[i,j] v[i] s[j] h[j] - b[j] h[j]""",
    visible=dict(v=gaussian(2)),
    hidden=dict(h=binary(2), s=gaussian(2, sigma=0.8)),
    values=dict(W=uniform(-0.6, 0.6)),
    refused=NO_LOG_Z,
)
def spike_and_slab(p, v, h, s):
    """Courville, Bergstra & Bengio 2011, A spike and slab restricted Boltzmann machine."""
    return -(dot(v, p.W) * s * h).sum(1) - h @ p.b


@entry(
    """visible v[2] : gaussian
       hidden h[2] : binary
       hidden s[2] : gaussian
       param W, b, m, F
       energy = - W[i,j] v[i] s[j] h[j] - b[j] h[j] - m[j] s[j] h[j] + 0.5 m[j]^2 h[j]
                + 0.5 F[i,j] v[i]^2 h[j]""",
    visible=dict(v=gaussian(2)),
    hidden=dict(h=binary(2), s=gaussian(2)),
    values=dict(W=uniform(-0.5, 0.5), F=uniform(0.2, 0.8)),
    refused=NO_LOG_Z,
)
def mean_spike_and_slab(p, v, h, s):
    """Courville, Bergstra & Bengio 2011, Unsupervised models of images by spike-and-slab RBMs."""
    slab = -((dot(v, p.W) + p.m) * s * h).sum(1) + h @ p.m**2 / 2
    return slab - h @ p.b + (dot(v**2, p.F) * h).sum(1) / 2


@entry(
    """visible v[2] : gaussian
       hidden h[3] : binary
       param C[2, 2], P[2, 3], c, b
       energy = 0.5 P[f,k] C[i,f] C[j,f] v[i] v[j] h[k] - c[k] h[k] - b[i] v[i]""",
    visible=dict(v=gaussian(2)),
    hidden=dict(h=binary(3)),
    values=dict(P=uniform(0.1, 1)),
    refused=NO_LOG_Z,
)
def covariance_rbm(p, v, h):
    """Ranzato, Krizhevsky & Hinton 2010, Factored 3-way RBMs for modeling natural images."""
    return ((v @ p.C) ** 2 * (h @ p.P.T)).sum(1) / 2 - h @ p.c - v @ p.b


@entry(
    """visible v[2] : gaussian
       hidden h[3] : binary
       param C[2, 2], P[2, 3], c, b
       energy = 0.5 P[f,k] h[k] (sum[i] C[i,f] v[i])^2 - c[k] h[k] - b[i] v[i]""",
    visible=dict(v=gaussian(2)),
    hidden=dict(h=binary(3)),
    values=dict(P=uniform(0.1, 1), C=uniform(0.5, 1.2)),
    refused=NO_LOG_Z,
)
def covariance_rbm_as_written(p, v, h):
    """Ranzato, Krizhevsky & Hinton 2010: the square of a sum as the paper has it."""
    return ((v @ p.C) ** 2 * (h @ p.P.T)).sum(1) / 2 - h @ p.c - v @ p.b


@entry(
    """visible v[2] : gaussian
       hidden h[2] : binary
       hidden g[2] : binary
       param C[2, 2], P[2, 2], W, c, b, d
       energy = 0.5 P[f,k] C[i,f] C[j,f] v[i] v[j] h[k] - c[k] h[k]
                - W[i,m] v[i] g[m] - b[i] v[i] - d[m] g[m]""",
    visible=dict(v=gaussian(2)),
    hidden=dict(h=binary(2), g=binary(2)),
    values=dict(P=uniform(0.1, 1)),
    refused=NO_LOG_Z,
)
def mean_covariance_rbm(p, v, h, g):
    """Ranzato & Hinton 2010, Modeling pixel means and covariances using factorized 3-way RBMs."""
    covariance = ((v @ p.C) ** 2 * (h @ p.P.T)).sum(1) / 2 - h @ p.c
    return covariance - (dot(v, p.W) * g).sum(1) - v @ p.b - g @ p.d


@entry(
    """visible v[2] : gaussian
       hidden h[3] : binary
       param A, B, W, c
       energy = 0.5 A[i,k] v[i]^2 h[k] - W[i,k] v[i] h[k] + B[k] v[0] v[1] h[k] - c[k] h[k]""",
    visible=dict(v=gaussian(2)),
    hidden=dict(h=binary(3)),
    values=dict(A=uniform(0.3, 0.8), B=uniform(-0.3, 0.3)),
    refused=NO_LOG_Z,
)
def covariance_unfactored(p, v, h):
    """After Dahl, Ranzato, Mohamed & Hinton 2010, Phone recognition with the mcRBM."""
    diagonal = (dot(v**2, p.A) / 2 - dot(v, p.W)) * h
    return diagonal.sum(1) + v[:, 0] * v[:, 1] * (h @ p.B) - h @ p.c


@entry(
    """visible x[3] : gaussian(sigma = 100)
       hidden z[2] : gaussian
       param W[3, 2], m[3], psi[3]
       energy = 0.5 psi[i] (x[i] - m[i])^2 - psi[i] W[i,k] x[i] z[k] + psi[i] m[i] W[i,k] z[k]
                + 0.5 psi[i] W[i,k] W[i,l] z[k] z[l]""",
    visible=dict(x=gaussian(3, sigma=100)),
    hidden=dict(z=gaussian(2)),
    values=dict(psi=uniform(0.5, 2)),
    refused=NO_LOG_Z + ", free_energy",
)
def factor_analysis(p, x, z):
    """Spearman 1904; Rubin & Thayer 1982, EM algorithms for ML factor analysis."""
    return (p.psi * (x - z @ p.W.T - p.m) ** 2).sum(1) / 2


@entry(
    """visible x[3] : gaussian(sigma = 100)
       hidden z[2] : gaussian
       param W[3, 2], m[3], psi[3]
       energy = 0.5 psi[i] (x[i] - m[i] - sum[k] W[i,k] z[k])^2""",
    visible=dict(x=gaussian(3, sigma=100)),
    hidden=dict(z=gaussian(2)),
    values=dict(psi=uniform(0.5, 2)),
    refused=NO_LOG_Z + ", free_energy",
)
def factor_analysis_as_written(p, x, z):
    """Rubin & Thayer 1982: the noise's quadratic form as the paper has it."""
    return (p.psi * (x - z @ p.W.T - p.m) ** 2).sum(1) / 2


@entry(
    """visible x[3] : gaussian(sigma = 100)
       hidden z[2] : gaussian
       param W[3, 2], lam
       energy = 0.5 lam x[i]^2 - lam W[i,k] x[i] z[k]
                + 0.5 lam W[i,k]^2 z[k]^2 + lam W[i,0] W[i,1] z[0] z[1]""",
    visible=dict(x=gaussian(3, sigma=100)),
    hidden=dict(z=gaussian(2)),
    values=dict(lam=1.3),
    refused=NO_LOG_Z + ", free_energy",
)
def probabilistic_pca(p, x, z):
    """Tipping & Bishop 1999, Probabilistic principal component analysis."""
    return p.lam * ((x - z @ p.W.T) ** 2).sum(1) / 2


@entry(
    """visible x[3] : gaussian(sigma = 100)
       param d, K symmetric, b
       energy = 0.5 d[i] x[i]^2 + K[i,j] x[i] x[j] for i < j - b[i] x[i]""",
    visible=dict(x=gaussian(3, sigma=100)),
    values=dict(d=uniform(1, 2), K=[[0, 0.5, 0], [0.5, 0, -0.4], [0, -0.4, 0]]),
    refused=NO_LOG_Z,
)
def covariance_selection(p, x):
    """Dempster 1972, Covariance selection."""
    return (p.d * x**2).sum(1) / 2 + np.einsum("ri,ij,rj->r", x, p.K, x) / 2 - x @ p.b


@entry(
    """visible v[2] : gaussian(sigma = 100)
       hidden s[2] : binary
       hidden u[2] : gaussian
       hidden h[2] : binary
       hidden g[2] : binary
       param W, c, V, b, e, lam, gam
       energy = 0.5 gam[i] (v[i] - u[i])^2 s[i] + 0.5 lam[i] v[i]^2 - lam[i] b[i] v[i]
                - W[i,j] u[i] h[j] - c[j] h[j] - V[i,k] s[i] g[k] - e[k] g[k]""",
    visible=dict(v=gaussian(2, sigma=100)),
    hidden=dict(s=binary(2), u=gaussian(2), h=binary(2), g=binary(2)),
    values=dict(lam=uniform(0.5, 1.5), gam=uniform(0.3, 1)),
    refused=NO_LOG_Z,
)
def robust_boltzmann_machine(p, v, s, u, h, g):
    """Tang, Salakhutdinov & Hinton 2012, Robust Boltzmann machines for recognition and denoising.

    Where s is on, the noisy pixel v is near the clean pixel u.
    """
    near = (p.gam * (v - u) ** 2 * s).sum(1) / 2 + (p.lam * (v**2 / 2 - p.b * v)).sum(1)
    return near - ((u @ p.W + p.c) * h).sum(1) - ((s @ p.V + p.e) * g).sum(1)


@entry(
    """visible x[2] : gaussian
       hidden h[2] : binary
       hidden z : categorical(2)
       hidden y[2] : gaussian
       param W, U, c
       energy = - W[i,k,j] x[i] z[k] y[j] - U[i,j] x[i] h[j] - c[j] h[j]""",
    visible=dict(x=gaussian(2)),
    hidden=dict(h=binary(2), z=categorical(2), y=gaussian(2)),
    scale=0.3,
    refused=NO_LOG_Z,
)
def mixture_of_factors(p, x, h, z, y):
    """After Ghahramani & Hinton 1996, The EM algorithm for mixtures of factor analyzers."""
    return -np.einsum("ri,ikj,rk,rj->r", x, p.W, z, y) - ((x @ p.U + p.c) * h).sum(1)


@entry(
    """visible x[2] : gaussian(sigma = 100)
       hidden z : categorical(3)
       param X, beta
       energy = 0.5 beta x[i]^2 - beta X[i,m] x[i] z[m]""",
    visible=dict(x=gaussian(2, sigma=100)),
    hidden=dict(z=categorical(3)),
    values=dict(beta=1.4),
    refused="exact_sample",
)
def modern_hopfield(p, x, z):
    """Ramsauer et al. 2021, Hopfield networks is all you need: F is theirs times β."""
    return p.beta * ((x**2).sum(1) / 2 - ((x @ p.X) * z).sum(1))


@entry(
    """visible x[2] : gaussian(sigma = 2)
       visible y[2] : gaussian
       hidden h[2] : binary
       param W, V, R
       energy = - W[i,j] x[i] h[j] - V[i,j] y[i] h[j] - R x[i] y[i]""",
    visible=dict(x=gaussian(2, sigma=2), y=gaussian(2)),
    hidden=dict(h=binary(2)),
    values=dict(R=0.3),
    refused=NO_LOG_Z,
    left_out="y",
)
def two_views(p, x, y, h):
    """After Bach & Jordan 2005, A probabilistic interpretation of canonical correlation."""
    return -((x @ p.W + y @ p.V) * h).sum(1) - p.R * (x * y).sum(1)

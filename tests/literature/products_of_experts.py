"""Products of experts: functions of projections of the visible units."""

from __future__ import annotations

import numpy as np

from .harness import NO_LOG_Z, dot, entry, uniform
from .units import binary, heavy, real, spin

NO_SUM = NO_LOG_Z + ", conditional x"
"""Experts tie real units: these have neither conditional means nor a log Z in closed form."""


def softplus(x):
    """log(1 + exp x)."""
    return np.logaddexp(0, x)


def logcosh(x):
    """log cosh x."""
    return np.logaddexp(x, -x) - np.log(2)


@entry(
    """visible v[4] : binary
       param W[4, 3], c, b
       energy = - sum[j] softplus(c[j] + W[i,j] v[i]) - b[i] v[i]""",
    visible=dict(v=binary(4)),
    refused="conditional v, pseudolikelihood",
)
def hidden_units_summed_out(p, v):
    """Hinton 2002, Training products of experts: an RBM's free energy as experts."""
    return -softplus(v @ p.W + p.c).sum(1) - v @ p.b


@entry(
    """visible s[4] : spin
       param W[4, 2], b
       energy = - sum[j] logcosh(W[i,j] s[i]) - b[i] s[i]""",
    visible=dict(s=spin(4)),
    refused="conditional s, pseudolikelihood",
)
def spin_experts(p, s):
    """Barra, Genovese, Sollich & Tantari 2018, Phase diagram of RBMs and Hopfield networks."""
    return -logcosh(s @ p.W).sum(1) - s @ p.b


@entry(
    """visible x[2] : gaussian(sigma = 100)
       param W[2, 2], a[2]
       energy = a[j] log1p(0.5 square(W[i,j] x[i]))""",
    visible=dict(x=heavy(2, sigma=100, scale=0.5, nodes=141)),
    values=dict(W=[[1.0, 0.4], [-0.3, 0.8]], a=[2.5, 2.2]),
    refused=NO_SUM + ", pseudolikelihood",
)
def student_t_experts(p, x):
    """Welling, Hinton & Osindero 2003, NIPS 15.

    Learning sparse topographic representations with products of Student-t distributions.
    """
    return (p.a * np.log1p((x @ p.W) ** 2 / 2)).sum(1)


@entry(
    """visible x[2] : gaussian
       hidden h[2] : binary
       param C[2, 2], W, g[2], b, c
       energy = g[f] log1p(0.5 square(C[i,f] x[i])) - W[i,j] x[i] h[j] - b[i] x[i] - c[j] h[j]""",
    visible=dict(x=real(2)),
    hidden=dict(h=binary(2)),
    values=dict(g=[1.5, 0.8], C=uniform(-1, 1)),
    refused=NO_SUM,
)
def mean_product_of_student_t(p, x, h):
    """Ranzato, Mnih & Hinton 2010, Generating more realistic images using gated MRFs: mPoT."""
    experts = (p.g * np.log1p((x @ p.C) ** 2 / 2)).sum(1)
    return experts - (dot(x, p.W) * h).sum(1) - x @ p.b - h @ p.c


@entry(
    """visible x[3] : gaussian(sigma = 5)
       param J[2, 2], a[2]
       energy = a[k] sum[i] log1p(0.5 square(J[k,q] x[i+q])) for i in 0..2""",
    visible=dict(x=real(3, sigma=5, reach=24, nodes=49)),
    values=dict(a=[1.2, 0.8], J=[[1.0, -0.9], [0.6, 0.7]]),
    refused=NO_SUM + ", pseudolikelihood",
    tolerance=1e-6,
)
def fields_of_experts(p, x):
    """Roth & Black 2005, Fields of experts: a framework for learning image priors."""
    patches = np.stack([x[:, :2], x[:, 1:]], 1) @ p.J.T
    return (p.a * np.log1p(patches**2 / 2)).sum((1, 2))


@entry(
    """visible x[2] : gaussian(sigma = 20)
       param W[2, 2], a[2]
       energy = a[j] logcosh(W[i,j] x[i])""",
    visible=dict(x=real(2, sigma=20, reach=30, nodes=121)),
    values=dict(W=[[1.2, 0.5], [-0.6, 1.0]], a=[1.5, 1.2]),
    refused=NO_SUM + ", pseudolikelihood",
)
def overcomplete_energy_model(p, x):
    """Teh, Welling, Osindero & Hinton 2003, JMLR 4.

    Energy-based models for sparse overcomplete representations.
    """
    return (p.a * logcosh(x @ p.W)).sum(1)


@entry(
    """visible x[2] : gaussian
       param W[2, 3], a[3]
       energy = a[j] square(W[i,j] x[i])""",
    visible=dict(x=real(2)),
    values=dict(a=[0.5, 0.3, 0.8]),
    refused=NO_SUM + ", pseudolikelihood",
)
def minor_components(p, x):
    """Williams & Agakov 2002, Products of Gaussians and probabilistic minor component analysis."""
    return (p.a * (x @ p.W) ** 2).sum(1)


@entry(
    """visible s[4] : spin
       param xi[4, 2], b
       energy = - sum[m] square(xi[i,m] s[i]) / 4 - b[i] s[i]""",
    visible=dict(s=spin(4)),
    refused="conditional s, pseudolikelihood",
)
def quadratic_memory(p, s):
    """Krotov & Hopfield 2016, Dense associative memory for pattern recognition: F(x) = x²."""
    return -((s @ p.xi) ** 2).sum(1) / 4 - s @ p.b


@entry(
    """visible v[3] : binary
       hidden h[2] : binary
       param C[3, 2], a[2], W, b, c
       energy = a[f] square(C[i,f] v[i]) - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]""",
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(2)),
    values=dict(a=[0.6, 1.0], C=uniform(-2, 2)),
    refused="conditional v",
)
def penalised_codes(p, v, h):
    """Hinton & Teh 2001, UAI.

    Discovering multiple constraints that are frequently approximately satisfied.
    """
    return (p.a * (v @ p.C) ** 2).sum(1) - (dot(v, p.W) * h).sum(1) - v @ p.b - h @ p.c

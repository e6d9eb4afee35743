"""Chains and fields of labels: hidden Markov models, conditional random fields, images, Gaussian
fields.
"""

from __future__ import annotations

import numpy as np

from .harness import dot, entry
from .lattices import step, total
from .units import binary, categorical, gaussian, spin

NO_TABLE = "log_partition, log_likelihood, gradient, train_exactly, exact_sample, marginals"
"""What is not computed of real units that meet one another, though it is known in closed form."""


@entry(
    "hidden z[4] : categorical(2)  visible x[4] : categorical(3)  param A, B, a"
    "  energy = - a[k] z[0,k] - A[k,l] z[t,k] z[pad(t+1),l] - B[k,o] z[t,k] x[t,o]",
    visible=dict(x=categorical(3, 4)),
    hidden=dict(z=categorical(2, 4)),
)
def hidden_markov(p, x, z):
    """Baum & Petrie 1966, Statistical inference for probabilistic functions of finite state Markov
    chains.
    """
    moves = np.einsum("kl,ntk,ntl->n", p.A, z[:, :-1], z[:, 1:])
    return -z[:, 0] @ p.a - moves - np.einsum("ko,ntk,nto->n", p.B, z, x)


@entry(
    "hidden z[4] : categorical(2)  visible x[4] : gaussian  param A, m"
    "  energy = - A[k,l] z[t,k] z[pad(t+1),l] - m[k] z[t,k] x[t] + 0.5 m[k]^2 z[t,k]",
    visible=dict(x=gaussian(4)),
    hidden=dict(z=categorical(2, 4)),
    refused="exact_sample",
)
def hidden_markov_gaussian(p, x, z):
    """Rabiner 1989, A tutorial on hidden Markov models: continuous observations."""
    moves = np.einsum("kl,ntk,ntl->n", p.A, z[:, :-1], z[:, 1:])
    mean = z @ p.m
    return -moves - total(mean * x) + 0.5 * total(z @ p.m**2)


@entry(
    "hidden z[3] : binary  hidden w[3] : binary  visible x[3] : gaussian  param a, b, m, n"
    "  energy = - a z[t] z[pad(t+1)] - b w[t] w[pad(t+1)]"
    " - m z[t] x[t] - n w[t] x[t] + 0.5 m^2 z[t] + 0.5 n^2 w[t] + m n z[t] w[t]",
    visible=dict(x=gaussian(3)),
    hidden=dict(z=binary(3), w=binary(3)),
    refused="exact_sample",
)
def factorial_hidden_markov(p, x, z, w):
    """Ghahramani & Jordan 1997, Factorial hidden Markov models."""
    moves = p.a * total(z[:, :-1] * z[:, 1:]) + p.b * total(w[:, :-1] * w[:, 1:])
    mean = p.m * z + p.n * w
    return -moves - total(mean * x) + 0.5 * total(mean**2)


@entry(
    "given x[4,2] : gaussian  visible y[4] : categorical(2)  param A, W"
    "  energy = - A[k,l] y[t,k] y[pad(t+1),l] - W[d,k] x[t,d] y[t,k]",
    visible=dict(y=categorical(2, 4)),
    given=dict(x=gaussian(4, 2)),
)
def chain_field(p, y, x):
    """Lafferty, McCallum & Pereira 2001, Conditional random fields."""
    return -np.einsum("kl,ntk,ntl->n", p.A, y[:, :-1], y[:, 1:]) - np.einsum(
        "dk,ntd,ntk->n", p.W, x, y
    )


@entry(
    "given x[4] : gaussian  visible y[4] : categorical(2)  param A, W, S"
    "  energy = - A[k,l] y[t,k] y[pad(t+1),l] - W[k] x[t] y[t,k] - S y[0,k] y[3,k]",
    visible=dict(y=categorical(2, 4)),
    given=dict(x=gaussian(4)),
)
def skip_chain_field(p, y, x):
    """Sutton & McCallum 2004, Collective segmentation and labeling of distant entities in
    information extraction.
    """
    moves = np.einsum("kl,ntk,ntl->n", p.A, y[:, :-1], y[:, 1:])
    return -moves - np.einsum("k,nt,ntk->n", p.W, x, y) - p.S * (y[:, 0] * y[:, 3]).sum(1)


@entry(
    "given x[3] : gaussian  hidden h[3] : categorical(2)  visible y : categorical(2)"
    "  param A, B, W  energy = - W[k] x[t] h[t,k] - B[k,c] h[t,k] y[c]"
    " - A[k,l,c] h[t,k] h[pad(t+1),l] y[c]",
    visible=dict(y=categorical(2)),
    hidden=dict(h=categorical(2, 3)),
    given=dict(x=gaussian(3)),
)
def hidden_field(p, y, h, x):
    """Quattoni, Collins & Darrell 2004, Conditional random fields for object recognition."""
    unary = np.einsum("k,nt,ntk->n", p.W, x, h) + np.einsum("kc,ntk,nc->n", p.B, h, y)
    return -unary - np.einsum("klc,ntk,ntl,nc->n", p.A, h[:, :-1], h[:, 1:], y)


@entry(
    "given y[3,3] : spin  visible x[3,3] : spin  param J, c"
    "  energy = - J x[i,j] x[pad(i+1),j] - J x[i,j] x[i,pad(j+1)] - c x[i,j] y[i,j]",
    visible=dict(x=spin(3, 3)),
    given=dict(y=spin(3, 3)),
)
def noisy_image(p, x, y):
    """Geman & Geman 1984, Stochastic relaxation, Gibbs distributions, and the Bayesian restoration
    of images.
    """
    down, right = total(x[:, :-1] * x[:, 1:]), total(x[:, :, :-1] * x[:, :, 1:])
    return -p.J * (down + right) - p.c * total(x * y)


@entry(
    "given y[2,2] : gaussian  visible x[2,2] : spin  hidden l[2] : binary  param J, c, d"
    "  energy = - J x[i,j] x[pad(i+1),j] + J x[0,j] x[1,j] l[j] + d l[j] - c x[i,j] y[i,j]",
    visible=dict(x=spin(2, 2)),
    hidden=dict(l=binary(2)),
    given=dict(y=gaussian(2, 2)),
)
def line_process(p, x, l, y):  # noqa: E741
    """Geman & Geman 1984, section IV: line elements that switch bonds off."""
    bond = x[:, 0] * x[:, 1]
    return -p.J * total(bond * (1 - l)) + p.d * total(l) - p.c * total(x * y)


@entry(
    "visible z[4] : gaussian  param a, b  energy = 0.2 z[t]^2 - a z[t] z[pad(t+1)] - b[t] z[t]",
    visible=dict(z=gaussian(4)),
    values=dict(a=0.4),
    refused=NO_TABLE,
)
def gaussian_chain(p, z):
    """Rue & Held 2005, Gaussian Markov random fields: an autoregression of first order."""
    return 0.2 * total(z**2) - p.a * total(z[:, :-1] * z[:, 1:]) - z @ p.b


@entry(
    "visible z[3] : gaussian  param A symmetric, b  energy = - A[i,j] z[i] z[j] for i < j - b[i]"
    " z[i]",
    visible=dict(z=gaussian(3)),
    values=dict(A=np.array([[0, 0.3, -0.2], [0.3, 0, 0.25], [-0.2, 0.25, 0]])),
    refused=NO_TABLE,
)
def covariance_selection_in_sequences(p, z):
    """Dempster 1972, Covariance selection."""
    return -0.5 * np.einsum("ij,ni,nj->n", p.A, z, z) - z @ p.b


@entry(
    "visible z[3,3] : gaussian  param a, b"
    "  energy = - a z[x,y] z[wrap(x+1),y] - a z[x,y] z[x,wrap(y+1)] - b z[x,y]",
    visible=dict(z=gaussian(3, 3)),
    values=dict(a=0.1),
    refused=NO_TABLE,
)
def conditional_autoregression(p, z):
    """Besag 1974, Spatial interaction: auto-normal schemes on a torus."""
    return -p.a * total(z * (step(z, 0) + step(z, 1))) - p.b * total(z)


@entry(
    "visible x[3] : binary  visible z[2] : gaussian  param a, B, C"
    "  energy = - a[i] x[i] - B[i,j] x[i] z[j] - C[i,k] x[i] x[k] for i < k",
    visible=dict(x=binary(3), z=gaussian(2)),
    refused="exact_sample",
    left_out="z",
)
def conditional_gaussian(p, x, z):
    """Lauritzen & Wermuth 1989, Graphical models for associations between variables, some of which
    are qualitative and some quantitative.
    """
    pairs = sum(p.C[i, k] * x[:, i] * x[:, k] for i in range(3) for k in range(i + 1, 3))
    return -x @ p.a - (dot(x, p.B) * z).sum(1) - pairs


@entry(
    "visible x[4] : binary  hidden u : binary  param a, W, J"
    "  energy = - a[i] x[i] - W[i] x[i] u - J x[i] x[pad(i+1)]",
    visible=dict(x=binary(4)),
    hidden=dict(u=binary()),
)
def chain_with_a_common_cause(p, x, u):
    """Pearl 1988, Probabilistic reasoning in intelligent systems: an undirected network with one
    hidden cause.
    """
    return -x @ p.a - (x @ p.W) * u - p.J * total(x[:, :-1] * x[:, 1:])

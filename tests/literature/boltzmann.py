"""General Boltzmann machines and associative memories."""

from __future__ import annotations

import numpy as np

from .harness import dot, entry
from .units import binary, gaussian, spin


def pairs(x, w):
    """Σ over i < j of w_ij x_i x_j."""
    return np.einsum("ri,ij,rj->r", x, np.triu(w, 1), x)


@entry(
    """visible v[3] : binary
       hidden h[3] : binary
       param U symmetric, V symmetric, W, b, d
       energy = - U[i,j] v[i] v[j] for i < j - V[i,j] h[i] h[j] for i < j - W[i,j] v[i] h[j]
                - b[i] v[i] - d[j] h[j]""",
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(3)),
    train="positive meanfield()  negative pcd(steps = 1, chains = 10)  batch 4",
)
def boltzmann_machine(p, v, h):
    """Ackley, Hinton & Sejnowski 1985, A learning algorithm for Boltzmann machines."""
    inside = pairs(v, p.U) + pairs(h, p.V) + (dot(v, p.W) * h).sum(1)
    return -inside - v @ p.b - h @ p.d


@entry(
    """visible v[5] : binary
       param W, theta
       energy = - W[i,j] v[i] v[j] for i < j + theta[i] v[i]""",
    visible=dict(v=binary(5)),
    train="objective pseudolikelihood  batch 4",
)
def fully_visible(p, v):
    """Hinton & Sejnowski 1983, Optimal perceptual inference: thresholds θ."""
    return -pairs(v, p.W) + v @ p.theta


@entry(
    """visible s[2] : spin
       visible o[2] : spin
       hidden t[3] : spin
       param T, U, V, K symmetric
       energy = - T[i,j] s[i] t[j] - U[k,j] o[k] t[j] - V[i,k] s[i] o[k]
                - K[i,j] t[i] t[j] for i < j""",
    visible=dict(s=spin(2), o=spin(2)),
    hidden=dict(t=spin(3)),
    left_out="o",
)
def mean_field_machine(p, s, o, t):
    """Peterson & Anderson 1987, A mean field theory learning algorithm for neural networks."""
    return -((s @ p.T + o @ p.U) * t).sum(1) - ((s @ p.V) * o).sum(1) - pairs(t, p.K)


@entry(
    """given x[2] : binary
       visible y[2] : binary
       hidden h[3] : binary
       param A, B, C, K symmetric, b
       energy = - A[i,j] x[i] h[j] - B[k,j] y[k] h[j] - C[i,k] x[i] y[k]
                - K[i,j] h[i] h[j] for i < j - b[k] y[k]""",
    given=dict(x=binary(2)),
    visible=dict(y=binary(2)),
    hidden=dict(h=binary(3)),
)
def input_output_machine(p, x, y, h):
    """Hinton 1989, Deterministic Boltzmann learning performs steepest descent in weight-space."""
    inputs = x @ p.A + y @ p.B
    return -(inputs * h).sum(1) - ((x @ p.C) * y).sum(1) - pairs(h, p.K) - y @ p.b


@entry(
    """visible s[4] : spin
       hidden t[3] : spin
       param J[2, 2], K[2], b
       energy = - J[k,q] s[2*k+q] t[k] for k in 0..2 - K[k] t[k] t[2] for k in 0..2 - b[i] s[i]""",
    visible=dict(s=spin(4)),
    hidden=dict(t=spin(3)),
)
def boltzmann_tree(p, s, t):
    """Saul & Jordan 1994, Learning in Boltzmann trees: four leaves, two nodes and a root."""
    leaves = np.einsum("rkq,kq,rk->r", s.reshape(-1, 2, 2), p.J, t[:, :2])
    return -leaves - (t[:, :2] @ p.K) * t[:, 2] - s @ p.b


@entry(
    """visible v[4] : binary
       param U[4, 4], b, m
       energy = - U[i,j] (v[i] - m[i]) (v[j] - m[j]) for i < j - b[i] v[i]""",
    visible=dict(v=binary(4)),
)
def centred_boltzmann_machine(p, v):
    """Montavon & Müller 2012: the centring of a machine whose units are all visible."""
    return -pairs(v - p.m, p.U) - v @ p.b


@entry(
    """visible s[5] : spin
       param xi[2, 5]
       energy = - xi[m,i] xi[m,j] xi[m,k] s[i] s[j] s[k] / 5 for i < j, j < k""",
    visible=dict(s=spin(5)),
    values=dict(xi=lambda g, shape: g.choice([-1.0, 1.0], shape)),
)
def cubic_memory(p, s):
    """Krotov & Hopfield 2016, Dense associative memory: F(x) = x³ without equal indices."""
    total = 0.0
    for i in range(5):
        for j in range(i + 1, 5):
            for k in range(j + 1, 5):
                weight = (p.xi[:, i] * p.xi[:, j] * p.xi[:, k]).sum()
                total = total - weight * s[:, i] * s[:, j] * s[:, k]
    return total / 5


@entry(
    """visible s[5] : spin
       param xi[2, 5]
       energy = - (sum[i] xi[m,i] s[i])^3 / 50""",
    visible=dict(s=spin(5)),
    values=dict(xi=lambda g, shape: g.choice([-1.0, 1.0], shape)),
)
def cubic_memory_as_written(p, s):
    """Krotov & Hopfield 2016, Dense associative memory: F(x) = x³."""
    return -((s @ p.xi.T) ** 3).sum(1) / 50


@entry(
    """visible s[4] : spin
       hidden g[2] : spin
       param xi[2, 4], b
       energy = - sum[m] logcosh(xi[m,i] s[i]) - b[i,m] s[i] g[m]""",
    visible=dict(s=spin(4)),
    hidden=dict(g=spin(2)),
    refused="conditional s",
)
def memory_with_hidden_spins(p, s, g):
    """After Krotov & Hopfield 2021, Large associative memory problem: log cosh memories."""
    field = s @ p.xi.T
    return -(np.logaddexp(field, -field) - np.log(2)).sum(1) - (dot(s, p.b) * g).sum(1)


@entry(
    """visible s[11] : spin
       param xi[11, 2], b
       energy = - sum[m] square(xi[i,m] s[i]) / 22 - b[i] s[i]""",
    visible=dict(s=spin(11)),
    values=dict(xi=lambda g, shape: g.choice([-1.0, 1.0], shape)),
    sweeps=80,
    refused="conditional s, pseudolikelihood",
)
def memory_of_two_patterns(p, s):
    """Amit, Gutfreund & Sompolinsky 1985, Spin-glass models of neural networks: at β = 1."""
    return -((s @ p.xi) ** 2).sum(1) / 22 - s @ p.b


@entry(
    """visible x[3] : gaussian
       hidden s[3] : spin
       param J symmetric, K, b
       energy = - J[i,j] s[i] s[j] for i < j - K[i,j] x[i] s[j] - b[i] x[i]""",
    visible=dict(x=gaussian(3)),
    hidden=dict(s=spin(3)),
    refused="exact_sample",
)
def continuous_spins(p, x, s):
    """After Zhang, Sutton, Storkey & Ghahramani 2012, Continuous relaxations for discrete HMC."""
    return -pairs(s, p.J) - (dot(x, p.K) * s).sum(1) - x @ p.b

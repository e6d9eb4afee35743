"""Restricted Boltzmann machines whose connections are lateral, local, shared, ordered or mixed."""

from __future__ import annotations

import numpy as np

from .harness import NO_LOG_Z, entry, uniform
from .rbm_family import bilinear
from .units import binary, categorical, gaussian


@entry(
    """visible x[2] : gaussian
       visible v[2] : binary
       visible y : categorical(3)
       hidden h[2] : binary
       param A, B, C, a, b, c, d
       energy = - A[i,j] x[i] h[j] - B[i,j] v[i] h[j] - C[k,j] y[k] h[j]
                - a[i] x[i] - b[i] v[i] - c[k] y[k] - d[j] h[j]""",
    visible=dict(x=gaussian(2), v=binary(2), y=categorical(3)),
    hidden=dict(h=binary(2)),
    left_out="y",
    refused="exact_sample",
)
def mixed_variate(p, x, v, y, h):
    """Tran, Phung & Venkatesh 2011, Mixed-variate restricted Boltzmann machines."""
    meeting = x @ p.A + v @ p.B + y @ p.C + p.d
    return -(meeting * h).sum(1) - x @ p.a - v @ p.b - y @ p.c


@entry(
    """visible v[3] : binary
       visible y : categorical(3)
       hidden h[3] : binary
       param W, U, b, c, d
       energy = - W[i,j] v[i] h[j] - U[k,j] y[k] h[j] - b[i] v[i] - c[j] h[j] - d[k] y[k]""",
    visible=dict(v=binary(3), y=categorical(3)),
    hidden=dict(h=binary(3)),
    left_out="y",
)
def classification(p, v, y, h):
    """Larochelle & Bengio 2008, Classification using discriminative RBMs."""
    return -((v @ p.W + y @ p.U + p.c) * h).sum(1) - v @ p.b - y @ p.d


@entry(
    """given x[3] : binary
       visible y : categorical(3)
       hidden h[3] : binary
       param W, U, c, d
       energy = - W[i,j] x[i] h[j] - U[k,j] y[k] h[j] - c[j] h[j] - d[k] y[k]""",
    given=dict(x=binary(3)),
    visible=dict(y=categorical(3)),
    hidden=dict(h=binary(3)),
    train="positive exact  negative exact  batch 4",
)
def discriminative(p, x, y, h):
    """Larochelle & Bengio 2008: the discriminative machine, trained on P(y | x)."""
    return -((x @ p.W + y @ p.U + p.c) * h).sum(1) - y @ p.d


@entry(
    """visible v[4] : binary
       hidden h[2] : binary
       param W, L symmetric, b, c
       energy = - W[i,j] v[i] h[j] - L[i,k] v[i] v[k] for i < k - b[i] v[i] - c[j] h[j]""",
    visible=dict(v=binary(4)),
    hidden=dict(h=binary(2)),
)
def semi_restricted(p, v, h):
    """Osindero & Hinton 2008, Modeling image patches with a directed hierarchy of MRFs."""
    lateral = np.einsum("ri,ij,rj->r", v, p.L, v) / 2
    return bilinear(p, v, h) - lateral


@entry(
    """visible v[3] : gaussian
       hidden h[2] : binary
       param W, L symmetric, b, c
       energy = - W[i,j] v[i] h[j] - L[i,k] v[i] v[k] for i < k - b[i] v[i] - c[j] h[j]""",
    visible=dict(v=gaussian(3)),
    hidden=dict(h=binary(2)),
    values=dict(L=[[0, 0.4, -0.3], [0.4, 0, 0.2], [-0.3, 0.2, 0]]),
    refused=NO_LOG_Z,
)
def semi_restricted_gaussian(p, v, h):
    """Osindero & Hinton 2008: real-valued visible units with lateral connections."""
    lateral = np.einsum("ri,ij,rj->r", v, p.L, v) / 2
    return bilinear(p, v, h) - lateral


@entry(
    """visible v[6] : binary
       hidden h[2, 2] : binary
       param W[2, 2, 3], b, c
       energy = - W[m,k,q] v[2*m+q] h[m,k] for q in 0..3, m in 0..2 - b[i] v[i] - c[m,k] h[m,k]""",
    visible=dict(v=binary(6)),
    hidden=dict(h=binary(2, 2)),
)
def local_receptive_fields(p, v, h):
    """Desjardins, Courville & Bengio 2012, On training deep Boltzmann machines: local fields."""
    patches = np.stack([v[:, 0:3], v[:, 2:5]], 1)
    inputs = np.einsum("mkq,rmq->rmk", p.W, patches) + p.c
    return -(inputs * h).sum((1, 2)) - v @ p.b


@entry(
    """visible v[4] : binary
       hidden h[4] : binary
       param W[4], b, c
       energy = - W[q] v[wrap(i+q)] h[i] for i in 0..4 - b v[i] - c h[i]""",
    visible=dict(v=binary(4)),
    hidden=dict(h=binary(4)),
)
def translation_equivariant(p, v, h):
    """After Cohen & Welling 2016, Group equivariant convolutional networks: a ring."""
    turned = np.stack([np.roll(v, -q, axis=1) for q in range(4)], 2)
    return -((turned @ p.W) * h).sum(1) - p.b * v.sum(1) - p.c * h.sum(1)


@entry(
    """visible v[4] : binary
       hidden h[2] : categorical(5)
       param W[4, 2], b, c
       energy = - W[q,j] v[wrap(s+q)] h[j,s+1] for s in 0..4
                - c[j] h[j,s+1] for s in 0..4 - b[i] v[i]""",
    visible=dict(v=binary(4)),
    hidden=dict(h=categorical(5, 2)),
)
def transformation_invariant(p, v, h):
    """Sohn & Lee 2012, Learning invariant representations with local transformations.

    A hidden unit is off or on under one of four shifts.
    """
    turned = np.stack([np.roll(v, -s, axis=1) for s in range(4)], 1)
    inputs = np.einsum("rsq,qj->rjs", turned, p.W) + p.c[:, None]
    return -(inputs * h[:, :, 1:]).sum((1, 2)) - v @ p.b


@entry(
    """visible v[3] : binary
       hidden h[3] : binary
       hidden z : categorical(4)
       param W, c, b, d
       energy = - W[i,j] v[i] h[j] z[k] for j < k - c[j] h[j] z[k] for j < k
                - b[i] v[i] - d[k] z[k]""",
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(3), z=categorical(4)),
)
def ordered_rbm(p, v, h, z):
    """Côté & Larochelle 2016, An infinite restricted Boltzmann machine: z of three units act."""
    taking_part = np.stack([z[:, j + 1 :].sum(1) for j in range(3)], 1)
    return -((v @ p.W + p.c) * h * taking_part).sum(1) - v @ p.b - z @ p.d


@entry(
    """visible v[3] : binary
       hidden h[3] : binary
       param W, b, c, m, n
       energy = - W[i,j] (v[i] - m[i]) (h[j] - n[j]) - b[i] (v[i] - m[i]) - c[j] (h[j] - n[j])""",
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(3)),
    values=dict(m=uniform(0.2, 0.8), n=uniform(0.2, 0.8)),
)
def centred(p, v, h):
    """Melchior, Fischer & Wiskott 2016, How to center deep Boltzmann machines."""
    return bilinear(p, v - p.m, h - p.n)

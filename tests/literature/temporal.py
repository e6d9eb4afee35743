"""Machines of time series: the past is given, or a whole sequence is one state."""

from __future__ import annotations

import numpy as np

from .harness import dot, entry
from .units import binary, categorical, gaussian


@entry(
    """given past[2, 2] : gaussian
       visible v[2] : gaussian
       hidden h[2] : binary
       param W, A, B, b, c
       energy = - W[i,j] v[i] h[j] - A[t,k,i] past[t,k] v[i] - B[t,k,j] past[t,k] h[j]
                - b[i] v[i] - c[j] h[j]""",
    given=dict(past=gaussian(2, 2)),
    visible=dict(v=gaussian(2)),
    hidden=dict(h=binary(2)),
    refused="exact_sample",
    train="positive exact  negative cd(steps = 1)  batch 4  optimizer sgd(rate = 0.001)",
)
def conditional_rbm(p, past, v, h):
    """Taylor, Hinton & Roweis 2007, Modeling human motion using binary latent variables."""
    dynamic = dot(past, p.A) + p.b
    inputs = dot(past, p.B) + dot(v, p.W) + p.c
    return -(dynamic * v).sum(1) - (inputs * h).sum(1)


@entry(
    """given v0[3] : binary
       given h0[2] : binary
       visible v[3] : binary
       hidden h[2] : binary
       param W, A, B, C, b, c
       energy = - W[i,j] v[i] h[j] - A[k,i] v0[k] v[i] - B[k,j] v0[k] h[j] - C[m,j] h0[m] h[j]
                - b[i] v[i] - c[j] h[j]""",
    given=dict(v0=binary(3), h0=binary(2)),
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(2)),
)
def temporal_rbm(p, v0, h0, v, h):
    """Sutskever & Hinton 2007, AISTATS.

    Learning multilevel distributed representations for high-dimensional sequences.
    """
    inputs = v @ p.W + v0 @ p.B + h0 @ p.C + p.c
    return -(inputs * h).sum(1) - ((v0 @ p.A + p.b) * v).sum(1)


@entry(
    """given r[2] : gaussian
       visible v[3] : binary
       hidden h[2] : binary
       param W, U, V, b, c
       energy = - W[i,j] v[i] h[j] - U[m,j] r[m] h[j] - V[m,i] r[m] v[i] - b[i] v[i] - c[j] h[j]""",
    given=dict(r=gaussian(2)),
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(2)),
    cases=dict(r=[[0.2, 0.9], [0.5, 0.5], [0.99, 0.3], [0.7, 0.01]]),
)
def recurrent_temporal_rbm(p, r, v, h):
    """Sutskever, Hinton & Taylor 2008, The recurrent temporal RBM: r has the last hidden means."""
    return -((v @ p.W + r @ p.U + p.c) * h).sum(1) - ((r @ p.V + p.b) * v).sum(1)


@entry(
    """visible v[3, 2] : binary
       hidden h[3, 2] : binary
       param W, U, b, c
       energy = - W[i,j] v[t,i] h[t,j] - U[j,k] h[t,j] h[t+1,k] for t in 0..2
                - b[i] v[t,i] - c[j] h[t,j]""",
    visible=dict(v=binary(3, 2)),
    hidden=dict(h=binary(3, 2)),
)
def sequence_as_one_state(p, v, h):
    """Sutskever & Hinton 2007: all frames at once, an undirected chain of RBMs."""
    frames = np.einsum("rti,ij,rtj->r", v, p.W, h)
    chain = np.einsum("rtj,jk,rtk->r", h[:, :-1], p.U, h[:, 1:])
    return -frames - chain - (v @ p.b).sum(1) - (h @ p.c).sum(1)


@entry(
    """given past[3] : gaussian
       given y : categorical(2)
       visible v[2] : gaussian
       hidden h[2] : binary
       param A[2, 2], B[2, 2], C[2, 2], P[3, 2], Q[2, 2], R[2, 2], b, c
       energy = - A[i,f] B[j,f] C[s,f] v[i] h[j] y[s] - P[k,g] Q[i,g] R[s,g] past[k] v[i] y[s]
                - b[i] v[i] - c[j] h[j]""",
    given=dict(past=gaussian(3), y=categorical(2)),
    visible=dict(v=gaussian(2)),
    hidden=dict(h=binary(2)),
    refused="exact_sample",
)
def factored_conditional_rbm(p, past, y, v, h):
    """Taylor & Hinton 2009, Factored conditional RBMs for modeling motion style."""
    style = ((v @ p.A) * (h @ p.B) * (y @ p.C)).sum(1)
    dynamic = ((past @ p.P) * (v @ p.Q) * (y @ p.R)).sum(1)
    return -style - dynamic - v @ p.b - h @ p.c


@entry(
    """given past[2] : gaussian
       visible v[2] : gaussian
       hidden h[2] : binary
       param W, A, b, c
       energy = - W[k,i,j] past[k] v[i] h[j] - A[k,i] past[k] v[i] - b[i] v[i] - c[j] h[j]""",
    given=dict(past=gaussian(2)),
    visible=dict(v=gaussian(2)),
    hidden=dict(h=binary(2)),
    refused="exact_sample",
)
def gated_conditional_rbm(p, past, v, h):
    """Taylor, Hinton & Roweis 2011, JMLR 12.

    Two distributed-state models for generating high-dimensional time series.
    """
    third = np.einsum("rk,kij,ri,rj->r", past, p.W, v, h)
    return -third - ((past @ p.A + p.b) * v).sum(1) - h @ p.c


@entry(
    """given x[3] : binary
       visible y[3] : binary
       hidden h[2] : binary
       param W, U, V, b, c
       energy = - W[i,j] y[i] h[j] - U[k,i] x[k] y[i] - V[k,j] x[k] h[j] - b[i] y[i] - c[j] h[j]""",
    given=dict(x=binary(3)),
    visible=dict(y=binary(3)),
    hidden=dict(h=binary(2)),
)
def structured_output(p, x, y, h):
    """Mnih, Larochelle & Hinton 2011, Conditional RBMs for structured output prediction."""
    return -((y @ p.W + x @ p.V + p.c) * h).sum(1) - ((x @ p.U + p.b) * y).sum(1)


@entry(
    """given a[3, 2] : gaussian
       visible x[3] : binary
       param u[3, 3, 2], b
       energy = - u[i,j,k] a[i,k] x[j] - b[j] x[j]""",
    given=dict(a=gaussian(3, 2)),
    visible=dict(x=binary(3)),
)
def dynamic_boltzmann_machine(p, a, x):
    """Osogami & Otsuka 2015, Seven neurons memorizing sequences: a has the eligibility traces."""
    return -((dot(a, np.moveaxis(p.u, 1, 2)) + p.b) * x).sum(1)


@entry(
    """given c[2] : categorical(3)
       visible w : categorical(3)
       param C[2, 2, 2], R[3, 2], b
       energy = - R[k,f] C[t,f,g] R[m,g] c[t,k] w[m] - b[m] w[m]""",
    given=dict(c=categorical(3, 2)),
    visible=dict(w=categorical(3)),
)
def log_bilinear_language_model(p, c, w):
    """Mnih & Hinton 2007, Three new graphical models for statistical language modelling."""
    return -np.einsum("rtk,kf,tfg,mg,rm->r", c, p.R, p.C, p.R, w) - w @ p.b


@entry(
    """given c[2] : categorical(3)
       visible w : categorical(3)
       hidden h[2] : binary
       param U[2, 2, 2], W[2, 2], R[3, 2], b, d
       energy = - R[k,f] U[t,f,j] c[t,k] h[j] - R[k,f] W[f,j] w[k] h[j] - b[k] w[k] - d[j] h[j]""",
    given=dict(c=categorical(3, 2)),
    visible=dict(w=categorical(3)),
    hidden=dict(h=binary(2)),
)
def factored_rbm_language_model(p, c, w, h):
    """Mnih & Hinton 2007: words have feature vectors R, in the context as in the next word."""
    inputs = np.einsum("rtk,kf,tfj->rj", c, p.R, p.U) + w @ p.R @ p.W + p.d
    return -(inputs * h).sum(1) - w @ p.b


@entry(
    """visible v[4, 2] : binary
       hidden h[4] : binary
       param W[2, 2], c, b
       energy = - W[s,i] v[wrap(t-s),i] h[t] - b[i] v[t,i] - c h[t]""",
    visible=dict(v=binary(4, 2)),
    hidden=dict(h=binary(4)),
)
def spiking(p, v, h):
    """Hinton & Brown 2000, Spiking Boltzmann machines: kernels in time, on a ring of time steps."""
    recent = np.stack([v, np.roll(v, 1, axis=1)], 2)
    inputs = np.einsum("rtsi,si->rt", recent, p.W) + p.c
    return -(inputs * h).sum(1) - (v @ p.b).sum(1)

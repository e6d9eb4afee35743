"""Collaborative filtering: ratings of items as one-of-K units."""

from __future__ import annotations

import numpy as np

from .harness import dot, entry
from .units import binary, categorical, gaussian


@entry(
    """visible v[3] : categorical(3)
       hidden h[2] : binary
       param W, b, c
       energy = - W[i,k,j] v[i,k] h[j] - b[i,k] v[i,k] - c[j] h[j]""",
    visible=dict(v=categorical(3, 3)),
    hidden=dict(h=binary(2)),
    train="positive exact  negative cd(steps = 3)  batch 4",
)
def ratings(p, v, h):
    """Salakhutdinov, Mnih & Hinton 2007, RBMs for collaborative filtering."""
    return -(dot(v, p.W) * h).sum(1) - dot(v, p.b) - h @ p.c


@entry(
    """visible v[3] : categorical(3)
       hidden h[2] : gaussian
       param W, b, c
       energy = - W[i,k,j] v[i,k] h[j] - b[i,k] v[i,k] - c[j] h[j]""",
    visible=dict(v=categorical(3, 3)),
    hidden=dict(h=gaussian(2)),
    refused="exact_sample",
)
def ratings_gaussian(p, v, h):
    """Salakhutdinov, Mnih & Hinton 2007: Gaussian hidden units."""
    return -(dot(v, p.W) * h).sum(1) - dot(v, p.b) - h @ p.c


@entry(
    """given r[4] : binary
       visible v[3] : categorical(3)
       hidden h[2] : binary
       param W, D, b, c
       energy = - W[i,k,j] v[i,k] h[j] - b[i,k] v[i,k] - c[j] h[j] - D[m,j] r[m] h[j]""",
    given=dict(r=binary(4)),
    visible=dict(v=categorical(3, 3)),
    hidden=dict(h=binary(2)),
)
def ratings_conditional(p, r, v, h):
    """Salakhutdinov, Mnih & Hinton 2007: the conditional RBM, r says which films were rated."""
    return -((dot(v, p.W) + r @ p.D + p.c) * h).sum(1) - dot(v, p.b)


@entry(
    """given r[3] : binary
       visible v[3] : categorical(2)
       hidden h[2] : binary
       param A[3, 2, 2], B[2, 2], D, b, c
       energy = - A[i,k,f] B[f,j] v[i,k] h[j] - b[i,k] v[i,k] - c[j] h[j] - D[m,j] r[m] h[j]""",
    given=dict(r=binary(3)),
    visible=dict(v=categorical(2, 3)),
    hidden=dict(h=binary(2)),
)
def ratings_factored(p, r, v, h):
    """Salakhutdinov, Mnih & Hinton 2007: the conditional factored RBM, W = A B of low rank."""
    weights = np.einsum("ikf,fj->ikj", p.A, p.B)
    return -((dot(v, weights) + r @ p.D + p.c) * h).sum(1) - dot(v, p.b)


@entry(
    """visible v[2, 2] : binary
       hidden h[2, 2] : binary
       hidden g[2, 2] : binary
       param W, V, b, c, d
       energy = - W[i,j] v[u,i] h[u,j] - V[u,k] v[u,i] g[i,k]
                - b[u,i] v[u,i] - c[j] h[u,j] - d[k] g[i,k]""",
    visible=dict(v=binary(2, 2)),
    hidden=dict(h=binary(2, 2), g=binary(2, 2)),
)
def users_and_items(p, v, h, g):
    """Georgiev & Nakov 2013, A non-IID framework for collaborative filtering with RBMs.

    Each user's ratings have hidden units h, each item's have g.
    """
    by_user = np.einsum("rui,ij,ruj->r", v, p.W, h)
    by_item = np.einsum("rui,uk,rik->r", v, p.V, g)
    return -by_user - by_item - dot(v, p.b) - (h @ p.c).sum(1) - (g @ p.d).sum(1)


@entry(
    """visible v[3] : categorical(3)
       hidden h[2] : binary
       param W, S[3, 3], b, c
       energy = - W[i,k,j] v[i,k] h[j] - b[i,k] v[i,k] - c[j] h[j]
                - S[i,m] v[i,k] v[m,k] for i < m""",
    visible=dict(v=categorical(3, 3)),
    hidden=dict(h=binary(2)),
)
def ratings_with_items_tied(p, v, h):
    """Truyen, Phung & Venkatesh 2009, Ordinal Boltzmann machines for collaborative filtering.

    Ratings of two items that are alike are drawn to one another.
    """
    same = np.einsum("rik,rmk->rim", v, v)
    alike = sum(p.S[i, m] * same[:, i, m] for i in range(3) for m in range(i + 1, 3))
    return -(dot(v, p.W) * h).sum(1) - dot(v, p.b) - h @ p.c - alike

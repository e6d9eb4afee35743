"""Third-order machines: some units gate the connections between others."""

from __future__ import annotations

import numpy as np

from .harness import NO_LOG_Z, dot, entry
from .units import binary, categorical, gaussian


@entry(
    """given x[3] : binary
       visible y[3] : binary
       hidden h[2] : binary
       param W, b, c
       energy = - W[i,j,k] x[i] y[j] h[k] - b[j] y[j] - c[k] h[k]""",
    given=dict(x=binary(3)),
    visible=dict(y=binary(3)),
    hidden=dict(h=binary(2)),
    train="positive exact  negative cd(steps = 1)  batch 4",
)
def gated_conditional(p, x, y, h):
    """Memisevic & Hinton 2007, Unsupervised learning of image transformations."""
    return -np.einsum("ri,ijk,rj,rk->r", x, p.W, y, h) - y @ p.b - h @ p.c


@entry(
    """given x[2] : binary
       visible y[2] : binary
       hidden h[2] : binary
       param W, A, B, C, b, c
       energy = - W[i,j,k] x[i] y[j] h[k] - A[i,k] x[i] h[k] - B[j,k] y[j] h[k] - C[i,j] x[i] y[j]
                - b[j] y[j] - c[k] h[k]""",
    given=dict(x=binary(2)),
    visible=dict(y=binary(2)),
    hidden=dict(h=binary(2)),
)
def gated_with_pairs(p, x, y, h):
    """Memisevic & Hinton 2007: generalised biases, every pair of groups meets as well."""
    third = np.einsum("ri,ijk,rj,rk->r", x, p.W, y, h)
    pairs = ((x @ p.A + y @ p.B) * h).sum(1) + ((x @ p.C) * y).sum(1)
    return -third - pairs - y @ p.b - h @ p.c


@entry(
    """given x[3] : binary
       visible y[3] : binary
       hidden h[2] : binary
       param A[3, 2], B[3, 2], C[2, 2], b, c
       energy = - A[i,f] B[j,f] C[k,f] x[i] y[j] h[k] - b[j] y[j] - c[k] h[k]""",
    given=dict(x=binary(3)),
    visible=dict(y=binary(3)),
    hidden=dict(h=binary(2)),
)
def gated_factored(p, x, y, h):
    """Memisevic & Hinton 2010, Neural Computation 22.

    Learning to represent spatial transformations with factored higher-order Boltzmann machines.
    """
    return -((x @ p.A) * (y @ p.B) * (h @ p.C)).sum(1) - y @ p.b - h @ p.c


@entry(
    """given x[3] : gaussian
       visible y[3] : gaussian
       hidden h[2] : binary
       param A[3, 2], B[3, 2], C[2, 2], b, c
       energy = - A[i,f] B[j,f] C[k,f] x[i] y[j] h[k] - b[j] y[j] - c[k] h[k]""",
    given=dict(x=gaussian(3)),
    visible=dict(y=gaussian(3)),
    hidden=dict(h=binary(2)),
    refused="exact_sample",
)
def gated_factored_gaussian(p, x, y, h):
    """Memisevic & Hinton 2010: real-valued images."""
    return -((x @ p.A) * (y @ p.B) * (h @ p.C)).sum(1) - y @ p.b - h @ p.c


@entry(
    """visible x[2] : gaussian
       visible y[2] : gaussian
       hidden h[2] : binary
       param A[2, 2], B[2, 2], C[2, 2], a, b, c
       energy = - A[i,f] B[j,f] C[k,f] x[i] y[j] h[k] - a[i] x[i] - b[j] y[j] - c[k] h[k]""",
    visible=dict(x=gaussian(2), y=gaussian(2)),
    hidden=dict(h=binary(2)),
    left_out="y",
    refused=NO_LOG_Z,
)
def joint_density_of_two_images(p, x, y, h):
    """Susskind, Memisevic, Hinton & Pollefeys 2011, Modeling the joint density of two images."""
    third = ((x @ p.A) * (y @ p.B) * (h @ p.C)).sum(1)
    return -third - x @ p.a - y @ p.b - h @ p.c


@entry(
    """given x[3] : binary
       visible y : categorical(3)
       hidden h[2] : binary
       param W, B, C, b
       energy = - W[i,c,k] x[i] y[c] h[k] - B[c,k] y[c] h[k] - C[i,c] x[i] y[c] - b[c] y[c]""",
    given=dict(x=binary(3)),
    visible=dict(y=categorical(3)),
    hidden=dict(h=binary(2)),
    train="positive exact  negative exact  batch 4",
)
def gated_softmax(p, x, y, h):
    """Memisevic, Zach, Hinton & Pollefeys 2010, Gated softmax classification."""
    third = np.einsum("ri,ick,rc,rk->r", x, p.W, y, h)
    return -third - ((y @ p.B) * h).sum(1) - ((x @ p.C) * y).sum(1) - y @ p.b


@entry(
    """given x[3] : binary
       visible y : categorical(3)
       hidden h[2] : binary
       param A[3, 2], B[3, 2], C[2, 2], b
       energy = - A[i,f] B[c,f] C[k,f] x[i] y[c] h[k] - b[c] y[c]""",
    given=dict(x=binary(3)),
    visible=dict(y=categorical(3)),
    hidden=dict(h=binary(2)),
)
def gated_softmax_factored(p, x, y, h):
    """Memisevic, Zach, Hinton & Pollefeys 2010: factored."""
    return -((x @ p.A) * (y @ p.B) * (h @ p.C)).sum(1) - y @ p.b


@entry(
    """visible x[3] : binary
       hidden z[3] : categorical(2)
       hidden h[2, 2] : binary
       param W[2, 3, 2], b, c, d
       energy = - W[q,i,j] z[i,q] x[i] h[q,j] - b[q,i] z[i,q] x[i] - c[q,j] h[q,j]
                - d[i,q] z[i,q]""",
    visible=dict(x=binary(3)),
    hidden=dict(z=categorical(2, 3), h=binary(2, 2)),
)
def pointwise_gated(p, x, z, h):
    """Sohn, Zhou, Lee & Lee 2013, ICML.

    Learning and selecting features jointly with point-wise gated Boltzmann machines: each pixel
    belongs to one of two sets of hidden units.
    """
    third = np.einsum("qij,riq,ri,rqj->r", p.W, z, x, h)
    return -third - np.einsum("qi,riq,ri->r", p.b, z, x) - dot(h, p.c) - dot(z, p.d)


@entry(
    """visible v[5] : binary
       param T[5, 5, 5], w[5, 5], b
       energy = - T[i,j,k] v[i] v[j] v[k] for i < j, j < k
                - w[i,j] v[i] v[j] for i < j - b[i] v[i]""",
    visible=dict(v=binary(5)),
)
def higher_order(p, v):
    """Sejnowski 1986, Higher-order Boltzmann machines."""
    triples = sum(
        p.T[i, j, k] * v[:, i] * v[:, j] * v[:, k]
        for i in range(5)
        for j in range(i + 1, 5)
        for k in range(j + 1, 5)
    )
    pairs = sum(p.w[i, j] * v[:, i] * v[:, j] for i in range(5) for j in range(i + 1, 5))
    return -triples - pairs - v @ p.b


@entry(
    """visible v[3] : binary
       hidden h[3] : binary
       param T, b, c
       energy = - T[i,j,k] v[i] v[j] h[k] for i < j - b[i] v[i] - c[k] h[k]""",
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(3)),
)
def higher_order_hidden(p, v, h):
    """Sejnowski 1986: hidden units that see pairs, as needed for symmetry groups."""
    triples = sum(v[:, i] * v[:, j] * (h @ p.T[i, j]) for i in range(3) for j in range(i + 1, 3))
    return -triples - v @ p.b - h @ p.c


@entry(
    """visible x[2] : binary
       visible y[2] : binary
       hidden h[2] : binary
       hidden g[2] : binary
       param T, S, b, c
       energy = - T[i,j,k,m] x[i] y[j] h[k] g[m] - S[i,k] x[i] h[k] - b[j] y[j] - c[m] g[m]""",
    visible=dict(x=binary(2), y=binary(2)),
    hidden=dict(h=binary(2), g=binary(2)),
)
def fourth_order(p, x, y, h, g):
    """Albizuri, d'Anjou, Graña, Torrealdea & Hernández 1995, The high-order Boltzmann machine."""
    fourth = np.einsum("ri,rj,rk,rm,ijkm->r", x, y, h, g, p.T)
    return -fourth - ((x @ p.S) * h).sum(1) - y @ p.b - g @ p.c


@entry(
    """visible v[3] : binary
       hidden h[2] : binary
       hidden u[2] : binary
       param A[3, 2], B[2, 2], C[2, 2], b, c, d
       energy = - A[i,f] B[j,f] C[k,f] v[i] h[j] u[k] - b[i] v[i] - c[j] h[j] - d[k] u[k]""",
    visible=dict(v=binary(3)),
    hidden=dict(h=binary(2), u=binary(2)),
)
def disentangling(p, v, h, u):
    """Reed, Sohn, Zhang & Lee 2014, Learning to disentangle factors of variation: disBM."""
    third = ((v @ p.A) * (h @ p.B) * (u @ p.C)).sum(1)
    return -third - v @ p.b - h @ p.c - u @ p.d


@entry(
    """visible v[4] : binary
       hidden h[2, 2] : binary
       given s : categorical(3)
       param W, b, c
       energy = - W[i,k,m,j] v[i] s[k] h[m,j] - b[k,i] s[k] v[i] - c[m,j] h[m,j]""",
    given=dict(s=categorical(3)),
    visible=dict(v=binary(4)),
    hidden=dict(h=binary(2, 2)),
)
def task_gated(p, v, h, s):
    """Nair & Hinton 2009, 3D object recognition with deep belief nets: a label gates."""
    third = np.einsum("ri,rk,rmj,ikmj->r", v, s, h, p.W)
    return -third - ((s @ p.b) * v).sum(1) - dot(h, p.c)

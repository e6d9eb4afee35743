"""Convolutional machines: filters shared over places."""

from __future__ import annotations

import numpy as np

from .harness import entry
from .units import binary, binomial, categorical, gaussian, spin


def windows(v, size):
    """All windows of a signal [rows, length]: [rows, places, size]."""
    return np.lib.stride_tricks.sliding_window_view(v, size, axis=1)


def patches(v, size):
    """All square patches of images [rows, height, width]: [rows, places, places, size, size]."""
    return np.lib.stride_tricks.sliding_window_view(v, (size, size), axis=(1, 2))


@entry(
    """visible v[4] : binary
       hidden h[2, 3] : binary
       param W[2, 2], b, c
       energy = - W[k,q] v[x+q] h[k,x] - c[k] h[k,x] - b v[i]""",
    visible=dict(v=binary(4)),
    hidden=dict(h=binary(2, 3)),
)
def convolutional_line(p, v, h):
    """Lee, Pham, Largman & Ng 2009, Unsupervised feature learning for audio classification."""
    inputs = np.einsum("rxq,kq->rkx", windows(v, 2), p.W) + p.c[:, None]
    return -(inputs * h).sum((1, 2)) - p.b * v.sum(1)


@entry(
    """visible v[3, 3] : binary
       hidden h[1, 2, 2] : binary
       param W[1, 2, 2], b, c
       energy = - W[k,p,q] v[x+p,y+q] h[k,x,y] - c[k] h[k,x,y] - b v[i,j]""",
    visible=dict(v=binary(3, 3)),
    hidden=dict(h=binary(1, 2, 2)),
    train="positive exact  negative cd(steps = 1)  batch 4",
)
def convolutional_image(p, v, h):
    """Lee, Grosse, Ranganath & Ng 2009, Convolutional deep belief networks."""
    inputs = np.einsum("rxypq,kpq->rkxy", patches(v, 2), p.W) + p.c[:, None, None]
    return -(inputs * h).sum((1, 2, 3)) - p.b * v.sum((1, 2))


@entry(
    """visible v[2, 2] : gaussian
       hidden h[2, 2, 2] : binary
       param W[2, 2, 2], b, c
       energy = - W[k,p,q] v[wrap(x+p),wrap(y+q)] h[k,x,y] - c[k] h[k,x,y] - b v[i,j]""",
    visible=dict(v=gaussian(2, 2)),
    hidden=dict(h=binary(2, 2, 2)),
    refused="exact_sample",
)
def convolutional_gaussian(p, v, h):
    """Norouzi, Ranjbar & Mori 2009, Stacks of convolutional RBMs; on a torus here."""
    turned = np.stack(
        [np.stack([np.roll(v, (-a, -b), (1, 2)) for b in range(2)], 3) for a in range(2)], 3
    )
    inputs = np.einsum("rxypq,kpq->rkxy", turned, p.W) + p.c[:, None, None]
    return -(inputs * h).sum((1, 2, 3)) - p.b * v.sum((1, 2))


@entry(
    """visible v[2, 3] : binary
       hidden h[2, 3] : binary
       param W[2, 3], b, c
       energy = - W[a,q] v[a,pad(x+q-1)] h[k,x] for k in 0..1 - c[k] h[k,x] - b[a] v[a,x]""",
    visible=dict(v=binary(2, 3)),
    hidden=dict(h=binary(2, 3)),
)
def convolutional_padded(p, v, h):
    """Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10: channels, edges of zeros."""
    edged = np.pad(v, ((0, 0), (0, 0), (1, 1)))
    inputs = np.stack([(edged[:, :, x : x + 3] * p.W).sum((1, 2)) for x in range(3)], 1)
    biases = (h.sum(2) @ p.c) + (v.sum(2) @ p.b)
    return -(inputs * h[:, 0]).sum(1) - biases


@entry(
    """visible v[6] : binary
       hidden h[2, 2] : categorical(3)
       param W[2, 2], a, b
       energy = - W[q,k] v[2*x+d+q] h[k,x,1+d] for d in 0..2 - a v[i]
                - b[k] h[k,x,1+d] for d in 0..2""",
    visible=dict(v=binary(6)),
    hidden=dict(h=categorical(3, 2, 2)),
)
def probabilistic_max_pooling(p, v, h):
    """Lee, Grosse, Ranganath & Ng 2009: of the detection units of a pool at most one is on."""
    inputs = windows(v, 2) @ p.W + p.b
    on = h[..., 1:].reshape(len(v), 2, 4)
    return -np.einsum("rsk,rks->r", inputs[:, :4], on) - p.a * v.sum(1)


@entry(
    """visible v[6] : binary
       hidden h[2] : binary
       hidden g[2] : binary
       param W[2], A[3], b, c, d
       energy = - W[q] v[x+q] h[x] for x in 0..2 - A[q] v[3*x+q] g[x] for x in 0..2
                - b v[i] - c h[i] - d g[i]""",
    visible=dict(v=binary(6)),
    hidden=dict(h=binary(2), g=binary(2)),
)
def two_scales(p, v, h, g):
    """After Lee, Grosse, Ranganath & Ng 2009: filters of two lengths, one of stride three."""
    fine = windows(v, 2)[:, :2] @ p.W
    coarse = v.reshape(-1, 2, 3) @ p.A
    return -((fine + p.c) * h).sum(1) - ((coarse + p.d) * g).sum(1) - p.b * v.sum(1)


@entry(
    """visible v[4] : binary
       hidden h[4] : binary
       param W[2, 3], b, c[2]
       energy = - W[0,q] v[wrap(2*x+q-1)] h[2*x] for x in 0..2
                - W[1,q] v[wrap(2*x+q)] h[2*x+1] for x in 0..2
                - c[0] h[2*x] for x in 0..2 - c[1] h[2*x+1] for x in 0..2 - b v[i]""",
    visible=dict(v=binary(4)),
    hidden=dict(h=binary(4)),
)
def tiled_convolutional(p, v, h):
    """Ngiam, Chen, Chia, Koh, Le & Ng 2010, Tiled convolutional neural networks: a tile of two."""
    around = np.stack([np.roll(v, 1, 1), v, np.roll(v, -1, 1)], 2)
    inputs = np.einsum("rxq,xq->rx", around, p.W[[0, 1, 0, 1]]) + p.c[[0, 1, 0, 1]]
    return -(inputs * h).sum(1) - p.b * v.sum(1)


@entry(
    """visible v[4] : binary
       hidden h[3] : binary
       hidden g[2] : binary
       param W[2], V[2], b, c, d
       energy = - W[q] v[x+q] h[x] - V[q] h[x+q] g[x] - b v[i] - c h[i] - d g[i]""",
    visible=dict(v=binary(4)),
    hidden=dict(h=binary(3), g=binary(2)),
)
def convolutional_deep(p, v, h, g):
    """Lee, Grosse, Ranganath & Ng 2009: two convolutional layers as one Boltzmann machine."""
    lower = ((windows(v, 2) @ p.W) * h).sum(1) + ((windows(h, 2) @ p.V) * g).sum(1)
    return -lower - p.b * v.sum(1) - p.c * h.sum(1) - p.d * g.sum(1)


@entry(
    """visible v[3, 2] : binomial(2)
       hidden h[2, 2] : spin
       param W[2, 2, 2], b
       energy = - W[k,q,a] v[x+q,a] h[k,x] - b[a] v[i,a]""",
    visible=dict(v=binomial(2, 3, 2)),
    hidden=dict(h=spin(2, 2)),
    scale=0.3,
)
def convolutional_counts(p, v, h):
    """After Desjardins & Bengio 2008, Empirical evaluation of convolutional RBMs for vision."""
    inputs = np.stack([np.einsum("rqa,kqa->rk", v[:, x : x + 2], p.W) for x in range(2)], 2)
    return -(inputs * h).sum((1, 2)) - (v @ p.b).sum(1)


@entry(
    """visible v[4] : binary
       visible y : categorical(2)
       hidden h[2, 3] : binary
       param W[2, 2], U[2, 2], b, c, d
       energy = - W[k,q] v[x+q] h[k,x] - U[k,m] y[m] h[k,x] - c[k] h[k,x] - b v[i] - d[m] y[m]""",
    visible=dict(v=binary(4), y=categorical(2)),
    hidden=dict(h=binary(2, 3)),
    left_out="y",
)
def convolutional_class(p, v, y, h):
    """Hinton, Osindero & Teh 2006, A fast learning algorithm: labels, beside a convolution here."""
    inputs = np.einsum("rxq,kq->rkx", windows(v, 2), p.W) + (p.c + y @ p.U.T)[:, :, None]
    return -(inputs * h).sum((1, 2)) - p.b * v.sum(1) - y @ p.d

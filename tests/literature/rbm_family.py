"""Restricted Boltzmann machines: one layer of visible and one of hidden units."""

from __future__ import annotations

from .harness import dot, entry
from .units import binary, gaussian

RBM = """
  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]"""


@entry(
    "visible v[4] : binary  hidden h[3] : binary" + RBM,
    visible=dict(v=binary(4)),
    hidden=dict(h=binary(3)),
    train="positive exact  negative cd(steps = 1)  batch 4",
)
def harmonium(p, v, h):
    """Smolensky 1986, Information processing in dynamical systems."""
    return -(dot(v, p.W) * h).sum(1) - v @ p.b - h @ p.c


@entry(
    "visible v[3] : gaussian  hidden h[3] : binary" + RBM,
    visible=dict(v=gaussian(3)),
    hidden=dict(h=binary(3)),
    refused="exact_sample",
)
def gaussian_binary(p, v, h):
    """Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks."""
    return -(dot(v, p.W) * h).sum(1) - v @ p.b - h @ p.c

"""Lattices and chains of units of several states: Potts, clock, Blume and Capel, auto-models of
statistics.
"""

from __future__ import annotations

import numpy as np

from .harness import entry
from .lattices import step, total
from .units import binary, binomial, categorical, poisson, spin

ANGLES = 2 * np.pi * np.arange(4) / 4


@entry(
    "visible s[5] : categorical(3)  param J, H  energy = - J s[i,a] s[wrap(i+1),a] - H[a] s[i,a]",
    visible=dict(s=categorical(3, 5)),
)
def potts_ring(p, s):
    """Potts 1952, Some generalized order-disorder transformations."""
    return -p.J * total(s * step(s, 0)) - total(s * p.H)


@entry(
    "visible s[2,3] : categorical(3)  param J"
    "  energy = - J s[x,y,a] s[wrap(x+1),y,a] - J s[x,y,a] s[x,wrap(y+1),a]",
    visible=dict(s=categorical(3, 2, 3)),
)
def potts_torus(p, s):
    """Wu 1982, The Potts model."""
    return -p.J * total(s * (step(s, 0) + step(s, 1)))


@entry(
    "visible s[5] : categorical(4)  param C[4,4] fixed, J"
    "  energy = - J C[a,b] s[i,a] s[wrap(i+1),b]",
    visible=dict(s=categorical(4, 5)),
    values=dict(C=np.cos(np.subtract.outer(ANGLES, ANGLES))),
)
def clock_ring(p, s):
    """José, Kadanoff, Kirkpatrick & Nelson 1977, Renormalization, vortices, and symmetry-breaking
    perturbations.
    """
    return -p.J * np.einsum("nia,ab,nib->n", s, p.C, step(s, 0))


@entry(
    "visible s[2,2] : categorical(8)  param c[8] fixed, d[8] fixed, J  energy ="
    " - J c[a] c[b] s[x,y,a] s[pad(x+1),y,b] - J d[a] d[b] s[x,y,a] s[pad(x+1),y,b]"
    " - J c[a] c[b] s[x,y,a] s[x,pad(y+1),b] - J d[a] d[b] s[x,y,a] s[x,pad(y+1),b]",
    visible=dict(s=categorical(8, 2, 2)),
    values=dict(c=np.cos(np.pi * np.arange(8) / 4), d=np.sin(np.pi * np.arange(8) / 4)),
)
def planar_spins(p, s):
    """Kosterlitz & Thouless 1973, Ordering, metastability and phase transitions: plane rotors of
    eight directions.
    """
    x, y = s @ p.c, s @ p.d
    down = total(x[:, 0] * x[:, 1] + y[:, 0] * y[:, 1])
    return -p.J * (down + total(x[:, :, 0] * x[:, :, 1] + y[:, :, 0] * y[:, :, 1]))


SPIN_ONE = np.array([-1.0, 0.0, 1.0])


@entry(
    "visible s[5] : categorical(3)  param m[3] fixed, q[3] fixed, J, D  energy ="
    " - J m[a] m[b] s[i,a] s[wrap(i+1),b] + D q[a] s[i,a]",
    visible=dict(s=categorical(3, 5)),
    values=dict(m=SPIN_ONE, q=SPIN_ONE**2),
)
def blume_capel(p, s):
    """Blume 1966, Theory of the first-order magnetic phase change in UO2; Capel 1966."""
    x = s @ p.m
    return -p.J * total(x * step(x, 0)) + p.D * total(s @ p.q)


@entry(
    "visible s[5] : categorical(3)  param m[3] fixed, q[3] fixed, J, K, D, H  energy ="
    " - J m[a] m[b] s[i,a] s[wrap(i+1),b] - K q[a] q[b] s[i,a] s[wrap(i+1),b]"
    " + D q[a] s[i,a] - H m[a] s[i,a]",
    visible=dict(s=categorical(3, 5)),
    values=dict(m=SPIN_ONE, q=SPIN_ONE**2),
)
def blume_emery_griffiths(p, s):
    """Blume, Emery & Griffiths 1971, Ising model for the lambda transition and phase separation in
    He3-He4 mixtures.
    """
    x, y = s @ p.m, s @ p.q
    pairs = p.J * x * step(x, 0) + p.K * y * step(y, 0)
    return -total(pairs) + p.D * total(y) - p.H * total(x)


@entry(
    "visible s[4] : spin  visible n[4] : binary  param J, mu"
    "  energy = - J n[i] s[i] n[wrap(i+1)] s[wrap(i+1)] - mu n[i]",
    visible=dict(s=spin(4), n=binary(4)),
)
def dilute_magnet(p, s, n):
    """Syozi 1965, A statistical model for the dilute ferromagnet: moving vacancies."""
    x = n * s
    return -p.J * total(x * step(x, 0)) - p.mu * total(n)


@entry(
    "visible x[3,3] : binary  param a, b, c"
    "  energy = - a x[i,j] - b x[i,j] x[pad(i+1),j] - c x[i,j] x[i,pad(j+1)]",
    visible=dict(x=binary(3, 3)),
)
def auto_logistic(p, x):
    """Besag 1974, Spatial interaction and the statistical analysis of lattice systems."""
    down, right = total(x[:, :-1] * x[:, 1:]), total(x[:, :, :-1] * x[:, :, 1:])
    return -p.a * total(x) - p.b * down - p.c * right


@entry(
    "visible x[2,2] : binomial(3)  param a, b, c"
    "  energy = - a x[i,j] - b x[i,j] x[pad(i+1),j] - c x[i,j] x[i,pad(j+1)]",
    visible=dict(x=binomial(3, 2, 2)),
    scale=0.3,
)
def auto_binomial(p, x):
    """Besag 1974, Spatial interaction; Cross & Jain 1983, Markov random field texture models."""
    down, right = total(x[:, 0] * x[:, 1]), total(x[:, :, 0] * x[:, :, 1])
    return -p.a * total(x) - p.b * down - p.c * right


@entry(
    "visible x[2] : poisson  param a, b nonnegative  energy = - a x[i] + b x[i] x[pad(i+1)]",
    visible=dict(x=poisson(2, top=30)),
    values=dict(a=0.3, b=0.4),
    refused="log_partition, log_likelihood, gradient, marginals, exact_sample, train_exactly",
)
def auto_poisson(p, x):
    """Besag 1974, Spatial interaction: neighbours hinder one another, as the sum would diverge
    else.
    """
    return -p.a * total(x) + p.b * x[:, 0] * x[:, 1]


@entry(
    "visible s[4] : categorical(3)  param f, J"
    "  energy = - f[i,a] s[i,a] - J[i,a,j,b] s[i,a] s[j,b] for i < j",
    visible=dict(s=categorical(3, 4)),
)
def direct_coupling(p, s):
    """Weigt, White, Szurmant, Hoch & Hwa 2009; Morcos et al. 2011, Direct-coupling analysis of
    residue coevolution.
    """
    pairs = sum(
        np.einsum("na,ab,nb->n", s[:, i], p.J[i, :, j], s[:, j])
        for i in range(4)
        for j in range(i + 1, 4)
    )
    return -total(p.f * s) - pairs


@entry(
    "visible s[4] : categorical(3)  param f, xi[2,4,3]"
    "  energy = - f[i,a] s[i,a] - xi[m,i,a] xi[m,j,b] s[i,a] s[j,b] for i < j",
    visible=dict(s=categorical(3, 4)),
)
def hopfield_potts(p, s):
    """Cocco, Monasson & Weigt 2013, From principal component to direct coupling analysis of
    coevolution in proteins.
    """
    y = np.einsum("mia,nia->nmi", p.xi, s)
    return -total(p.f * s) - 0.5 * ((y.sum(2) ** 2).sum(1) - total(y**2))


@entry(
    "visible s[2,3] : categorical(3)  param J"
    "  energy = + J s[x,y,a] s[pad(x+1),y,a] + J s[x,y,a] s[x,pad(y+1),a]",
    visible=dict(s=categorical(3, 2, 3)),
    values=dict(J=1.3),
)
def colouring(p, s):
    """Wu 1988, Potts model and graph theory: neighbours of one colour cost energy."""
    down, right = s[:, 0] * s[:, 1], s[:, :, :-1] * s[:, :, 1:]
    return p.J * (total(down) + total(right))


@entry(
    "visible u : categorical(2)  visible v : categorical(3)  visible w : categorical(2)"
    "  param a, b, c, d, e, f, g  energy = - a[i] u[i] - b[j] v[j] - c[k] w[k]"
    " - d[i,j] u[i] v[j] - e[i,k] u[i] w[k] - f[j,k] v[j] w[k] - g[i,j,k] u[i] v[j] w[k]",
    visible=dict(u=categorical(2), v=categorical(3), w=categorical(2)),
)
def log_linear_table(p, u, v, w):
    """Bishop, Fienberg & Holland 1975, Discrete multivariate analysis: the saturated model of three
    ways.
    """
    one = u @ p.a + v @ p.b + w @ p.c
    two = sum(
        np.einsum("ni,ij,nj->n", x, m, y) for x, m, y in ((u, p.d, v), (u, p.e, w), (v, p.f, w))
    )
    return -one - two - np.einsum("ni,nj,nk,ijk->n", u, v, w, p.g)

"""Combinatorial problems, codes and constraints as energies."""

from __future__ import annotations

import numpy as np

from .harness import entry, symmetric
from .lattices import total
from .units import binary, gaussian, spin

CHECKS = [(0, 1, 2, 4), (0, 1, 3, 5), (0, 2, 3, 6)]
NUMBERS = np.array([[0.5, 0.7, 0.3, 1.1, 0.4]])


@entry(
    "graph G = complete(5)  visible s[5] : spin  param w  energy = + 0.5 w[i,j] s[i] s[j]"
    " for <i,j> in G",
    visible=dict(s=spin(5)),
    values=dict(w=np.array([1, -1, 0.5, 2, 1, 0, 1, -0.5, 1, 1.5])),
)
def maximum_cut(p, s):
    """Barahona, Grötschel, Jünger & Reinelt 1988, An application of combinatorial optimization to
    statistical physics.
    """
    i, j = np.triu_indices(5, 1)
    return 0.5 * (p.w * s[:, i] * s[:, j]).sum(1)


@entry(
    "visible x[5] : binary  param Q[5,5]  energy = Q[i,j] x[i] x[j]",
    visible=dict(x=binary(5)),
)
def quadratic_programme(p, x):
    """Boros & Hammer 2002, Pseudo-Boolean optimization: all pairs, the diagonal linear as
    x² = x.
    """
    return np.einsum("ij,ni,nj->n", p.Q, x, x)


@entry(
    "visible s[5] : spin  param A[1] fixed, n[1,5] fixed  energy = A[k] square(n[k,i] s[i])",
    visible=dict(s=spin(5)),
    values=dict(A=[0.8], n=NUMBERS),
    refused="conditional s, pseudolikelihood",
)
def number_partitioning(p, s):
    """Lucas 2014, Ising formulations of many NP problems, section 2.1."""
    return p.A[0] * (s @ p.n[0]) ** 2


@entry(
    "graph G = grid(2, 3)  visible x[6] : binary  param A fixed, B fixed"
    "  energy = A x[i] x[j] for <i,j> in G - B x[i]",
    visible=dict(x=binary(6)),
    values=dict(A=2.0, B=1.0),
)
def independent_set(p, x):
    """Lucas 2014, Ising formulations of many NP problems, section 4.2 (the complement of
    a cover).
    """
    edges = [(0, 1), (0, 3), (1, 2), (1, 4), (2, 5), (3, 4), (4, 5)]
    return p.A * sum(x[:, i] * x[:, j] for i, j in edges) - p.B * total(x)


@entry(
    "graph G = ring(5)  visible x[5] : binary  param A fixed, B fixed"
    "  energy = 5 A - 2 A x[i] + A x[i] x[j] for <i,j> in G + B x[i]",
    visible=dict(x=binary(5)),
    values=dict(A=2.0, B=1.0),
)
def vertex_cover(p, x):
    """Lucas 2014, Ising formulations of many NP problems, section 4.3."""
    return p.A * total((1 - x) * (1 - np.roll(x, -1, 1))) + p.B * total(x)


@entry(
    "visible s[7] : spin  param J, H"
    + "  energy = - H[i] s[i]"
    + "".join(f" - J {' '.join(f's[{i}]' for i in c)}" for c in CHECKS),
    visible=dict(s=spin(7)),
    values=dict(J=0.9),
)
def parity_checks(p, s):
    """Sourlas 1989, Spin-glass models as error-correcting codes: Hamming's (7, 4) checks in a
    channel's field.
    """
    return -s @ p.H - p.J * sum(np.prod(s[:, list(c)], axis=1) for c in CHECKS)


@entry(
    "visible s[5] : spin  given y[3] : gaussian  param x[3,5] fixed, beta[3] fixed"
    "  energy = beta[m] square(y[m] - x[m,i] s[i])",
    visible=dict(s=spin(5)),
    given=dict(y=gaussian(3)),
    values=dict(beta=[0.5, 0.5, 0.5]),
    refused="conditional s, pseudolikelihood",
)
def code_division(p, s, y):
    """Tanaka 2002, A statistical-mechanics approach to large-system analysis of CDMA multiuser
    detectors.
    """
    return (((y - s @ p.x.T) ** 2) * p.beta).sum(1)


@entry(
    "visible s[5] : spin  param a fixed  energy ="
    " a * (1 - s[0]) (1 + s[1]) (1 - s[2]) + a * (1 + s[1]) (1 - s[3]) (1 + s[4])"
    " + a * (1 - s[0]) (1 - s[2]) (1 + s[4])",
    visible=dict(s=spin(5)),
    values=dict(a=0.25),
)
def satisfiability(p, s):
    """Monasson & Zecchina 1997, Statistical mechanics of the random K-satisfiability model: three
    clauses.
    """
    a, b, c, d, e = s.T
    clauses = (
        (1 - a) * (1 + b) * (1 - c) + (1 + b) * (1 - d) * (1 + e) + (1 - a) * (1 - c) * (1 + e)
    )
    return p.a * clauses


@entry(
    "visible x[3,3] : binary  param A fixed, w  energy ="
    " A x[i,j] x[i,k] for j < k + A x[i,j] x[k,j] for i < k - w[i,j] x[i,j]",
    visible=dict(x=binary(3, 3)),
    values=dict(A=1.5),
)
def assignment(p, x):
    """Hopfield & Tank 1985, Neural computation of decisions in optimization problems: rows and
    columns of one 1.
    """
    rows = sum(x[:, :, j] * x[:, :, k] for j in range(3) for k in range(j + 1, 3)).sum(1)
    columns = sum(x[:, j] * x[:, k] for j in range(3) for k in range(j + 1, 3)).sum(1)
    return p.A * (rows + columns) - total(p.w * x)


@entry(
    "visible s[6] : spin  param J symmetric fixed  energy = - J[i,j] s[i] s[j] for i < j",
    visible=dict(s=spin(6)),
    values=dict(J=symmetric),
)
def annealer(p, s):
    """Kirkpatrick, Gelatt & Vecchi 1983, Optimization by simulated annealing: a spin glass."""
    return -0.5 * np.einsum("ij,ni,nj->n", p.J, s, s)

"""Networks of neurons, of memories and of people."""

from __future__ import annotations

import numpy as np

from .harness import dot, entry, symmetric
from .lattices import total
from .units import binary, categorical, gaussian, spin

PATTERNS = np.array([[1, -1, 1, 1, -1, 1.0], [-1, -1, 1, -1, 1, 1]])


@entry(
    "visible s[6] : spin  param xi[2,6]  energy = - 0.16666666666666666 xi[m,i] xi[m,j] s[i] s[j]"
    " for i < j",
    visible=dict(s=spin(6)),
    values=dict(xi=PATTERNS),
)
def hopfield(p, s):
    """Hopfield 1982, Neural networks and physical systems with emergent collective computational
    abilities.
    """
    overlap = s @ p.xi.T
    return -(overlap**2).sum(1) / 12 + total((p.xi**2)[None] * (s**2)[:, None]) / 12


@entry(
    "visible s[6] : spin  param W symmetric, t  energy = - W[i,j] s[i] s[j] for i < j + t[i] s[i]",
    visible=dict(s=spin(6)),
    values=dict(W=symmetric),
)
def hopfield_with_thresholds(p, s):
    """Hopfield 1984, Neurons with graded response; Hinton & Sejnowski 1983: thresholds."""
    return -0.5 * np.einsum("ij,ni,nj->n", p.W, s, s) + s @ p.t


@entry(
    "visible s[5] : spin  hidden z[2] : gaussian  param xi"
    "  energy = - 0.4472135954999579 xi[m,i] s[i] z[m]",
    visible=dict(s=spin(5)),
    hidden=dict(z=gaussian(2)),
    refused="exact_sample",
)
def hopfield_as_a_machine(p, s, z):
    """Barra, Bernacchia, Santucci & Contucci 2012, On the equivalence of Hopfield networks and
    Boltzmann machines.
    """
    return -((s @ p.xi.T) * z).sum(1) / np.sqrt(5)


@entry(
    "visible s[5] : spin  param xi[2,5]  energy = - sum[m] 0.1 square(xi[m,i] s[i])",
    visible=dict(s=spin(5)),
    values=dict(xi=PATTERNS[:, :5]),
    refused="conditional s, pseudolikelihood",
)
def hopfield_marginal(p, s):
    """Barra et al. 2012: the hidden Gaussian units of a Hopfield network summed out."""
    return -0.1 * ((s @ p.xi.T) ** 2).sum(1)


@entry(
    "visible s[6] : spin  param xi[2,6] fixed  energy = - 0.02 xi[m,i] xi[m,j] xi[m,k] xi[m,l]"
    " s[i] s[j] s[k] s[l] for i < j, j < k, k < l",
    visible=dict(s=spin(6)),
    values=dict(xi=PATTERNS),
)
def four_body_memory(p, s):
    """Gardner 1987, Multiconnected neural network models: four spins a bond."""
    from itertools import combinations

    out = np.zeros(len(s))
    for i, j, k, m in combinations(range(6), 4):
        weight = (p.xi[:, i] * p.xi[:, j] * p.xi[:, k] * p.xi[:, m]).sum()
        out -= 0.02 * weight * s[:, i] * s[:, j] * s[:, k] * s[:, m]
    return out


@entry(
    "visible x[4] : spin  visible y[3] : spin  param W, a, b"
    "  energy = - W[i,j] x[i] y[j] - a[i] x[i] - b[j] y[j]",
    visible=dict(x=spin(4), y=spin(3)),
    left_out="y",
)
def bidirectional_memory(p, x, y):
    """Kosko 1988, Bidirectional associative memories."""
    return -(dot(x, p.W) * y).sum(1) - x @ p.a - y @ p.b


@entry(
    "visible s[6] : binary  param h, J symmetric  energy = - h[i] s[i] - J[i,j] s[i] s[j] for"
    " i < j",
    visible=dict(s=binary(6)),
    values=dict(J=symmetric),
)
def maximum_entropy_of_neurons(p, s):
    """Schneidman, Berry, Segev & Bialek 2006, Weak pairwise correlations imply strongly correlated
    network states.
    """
    return -s @ p.h - 0.5 * np.einsum("ij,ni,nj->n", p.J, s, s)


@entry(
    "visible s[5] : binary  param h, J, K  energy = - h[i] s[i] - J[i,j] s[i] s[j] for i < j"
    " - K[i,j,k] s[i] s[j] s[k] for i < j, j < k",
    visible=dict(s=binary(5)),
)
def triplets_of_neurons(p, s):
    """Ganmor, Segev & Schneidman 2011, Sparse low-order interaction network underlies a functional
    neural code.
    """
    from itertools import combinations

    out = -s @ p.h
    for i, j in combinations(range(5), 2):
        out = out - p.J[i, j] * s[:, i] * s[:, j]
    for i, j, k in combinations(range(5), 3):
        out = out - p.K[i, j, k] * s[:, i] * s[:, j] * s[:, k]
    return out


@entry(
    "visible s[5] : binary  param h, a[1], w[1,5] fixed  energy = - h[i] s[i]"
    " - a[k] square(w[k,i] s[i])",
    visible=dict(s=binary(5)),
    values=dict(a=[0.2], w=np.ones((1, 5))),
    refused="conditional s, pseudolikelihood",
)
def population_count(p, s):
    """Tkačik et al. 2014, Searching for collective behavior in a large network of sensory neurons:
    a quadratic potential of the count.
    """
    return -s @ p.h - p.a[0] * (s @ p.w[0]) ** 2


@entry(
    "visible s[3] : binary  given past[3] : binary  param h, J, K  energy = - h[i] s[i]"
    " - J[i,j] past[i] s[j] - K[i,j] s[i] s[j] for i < j",
    visible=dict(s=binary(3)),
    given=dict(past=binary(3)),
)
def neurons_in_time(p, s, past):
    """Marre, El Boustani, Frégnac & Destexhe 2009, Prediction of spatiotemporal patterns of neural
    activity.
    """
    pairs = sum(p.K[i, j] * s[:, i] * s[:, j] for i in range(3) for j in range(i + 1, 3))
    return -s @ p.h - (dot(past, p.J) * s).sum(1) - pairs


TRIANGLES = [(0, 1, 3), (0, 2, 4), (1, 2, 5), (3, 4, 5)]
STARS = [
    (0, 1),
    (0, 2),
    (1, 2),
    (0, 3),
    (0, 4),
    (3, 4),
    (1, 3),
    (1, 5),
    (3, 5),
    (2, 4),
    (2, 5),
    (4, 5),
]


@entry(
    "visible e[6] : binary  param theta, tau  energy = - theta e[i]"
    + "".join(f" - tau e[{i}] e[{j}] e[{k}]" for i, j, k in TRIANGLES),
    visible=dict(e=binary(6)),
)
def graphs_with_triangles(p, e):
    """Strauss 1986, On a general class of models for interaction: edges and triangles among four
    people.
    """
    return -p.theta * total(e) - p.tau * sum(e[:, i] * e[:, j] * e[:, k] for i, j, k in TRIANGLES)


@entry(
    "visible e[6] : binary  param theta, rho, tau  energy = - theta e[i]"
    + "".join(f" - rho e[{i}] e[{j}]" for i, j in STARS)
    + "".join(f" - tau e[{i}] e[{j}] e[{k}]" for i, j, k in TRIANGLES),
    visible=dict(e=binary(6)),
    scale=0.3,
)
def markov_graphs(p, e):
    """Frank & Strauss 1986, Markov graphs: edges, stars of two, triangles."""
    stars = sum(e[:, i] * e[:, j] for i, j in STARS)
    return (
        -p.theta * total(e)
        - p.rho * stars
        - p.tau * sum(e[:, i] * e[:, j] * e[:, k] for i, j, k in TRIANGLES)
    )


@entry(
    "visible x[3,3] : binary  param a, b, r  energy = - a[i] x[i,j] - b[j] x[i,j]"
    " - r x[i,j] x[j,i] for i < j",
    visible=dict(x=binary(3, 3)),
)
def reciprocity(p, x):
    """Holland & Leinhardt 1981, An exponential family of probability distributions for directed
    graphs (p1).
    """
    pairs = sum(x[:, i, j] * x[:, j, i] for i in range(3) for j in range(i + 1, 3))
    return -total(p.a[:, None] * x) - total(p.b * x) - p.r * pairs


@entry(
    "given a[4,4] : binary  hidden z[4] : categorical(2)  visible y : binary  param B, c, d, e"
    "  energy = - B[k,l] a[i,j] z[i,k] z[j,l] for i < j - c[k] z[i,k] - d y - e[k] z[0,k] y",
    visible=dict(y=binary()),
    hidden=dict(z=categorical(2, 4)),
    given=dict(a=binary(4, 4)),
)
def block_model(p, y, z, a):
    """Nowicki & Snijders 2001, Estimation and prediction for stochastic blockstructures: classes
    given ties, one trait seen.
    """
    i, j = np.triu_indices(4, 1)
    ties = np.einsum("kl,ne,nek,nel->n", p.B, a[:, i, j], z[:, i], z[:, j])
    return -ties - total(z * p.c) - p.d * y - (z[:, 0] @ p.e) * y


@entry(
    "visible x[4] : binary  hidden t : gaussian  param d, a  energy = - a[i] t x[i] + d[i] x[i]",
    visible=dict(x=binary(4)),
    hidden=dict(t=gaussian()),
    refused="exact_sample",
)
def item_response(p, x, t):
    """Rasch 1960, Probabilistic models for some intelligence and attainment tests; Birnbaum 1968:
    discriminations.
    """
    return -t * (x @ p.a) + x @ p.d

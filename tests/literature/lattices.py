"""Spins on lattices: chains, tori, plaquettes, gauge fields, glasses."""

from __future__ import annotations

import numpy as np

from .harness import entry, symmetric
from .units import Array, binary, spin


def step(x: Array, axis: int, by: int = 1) -> Array:
    """Each site's neighbour `by` steps ahead on a periodic axis of the lattice: axis 0 is the first
    after the rows.
    """
    return np.roll(x, -by, axis + 1)


def total(x: Array) -> Array:
    """The sum over all axes but the rows'."""
    return x.reshape(len(x), -1).sum(1)


@entry(
    "visible s[6] : spin  param J, H  energy = - J s[i] s[wrap(i+1)] - H s[i]",
    visible=dict(s=spin(6)),
)
def ising_ring(p, s):
    """Ising 1925, Beitrag zur Theorie des Ferromagnetismus."""
    return -p.J * total(s * step(s, 0)) - p.H * total(s)


@entry(
    "visible s[6] : spin  param J, H  energy = - J s[i] s[pad(i+1)] - H s[i]",
    visible=dict(s=spin(6)),
)
def ising_open_chain(p, s):
    """Ising 1925, Beitrag zur Theorie des Ferromagnetismus: with free ends."""
    return -p.J * total(s[:, :-1] * s[:, 1:]) - p.H * total(s)


@entry(
    "visible s[3,3] : spin  param J, H"
    "  energy = - J s[x,y] s[wrap(x+1),y] - J s[x,y] s[x,wrap(y+1)] - H s[x,y]",
    visible=dict(s=spin(3, 3)),
)
def ising_torus(p, s):
    """Onsager 1944, Crystal statistics I."""
    return -p.J * total(s * step(s, 0) + s * step(s, 1)) - p.H * total(s)


@entry(
    "visible s[3,3] : spin  param J, K"
    "  energy = - J s[x,y] s[wrap(x+1),y] - K s[x,y] s[x,wrap(y+1)]",
    visible=dict(s=spin(3, 3)),
)
def anisotropic_torus(p, s):
    """Onsager 1944, Crystal statistics I: two couplings."""
    return -p.J * total(s * step(s, 0)) - p.K * total(s * step(s, 1))


@entry(
    "visible s[3,3] : spin  param J  energy = - J s[x,y] s[wrap(x+1),y]"
    " - J s[x,y] s[x,wrap(y+1)] - J s[x,y] s[wrap(x+1),wrap(y-1)]",
    visible=dict(s=spin(3, 3)),
)
def triangular_lattice(p, s):
    """Wannier 1950, Antiferromagnetism: the triangular Ising net."""
    diagonal = step(step(s, 0), 1, -1)
    return -p.J * total(s * (step(s, 0) + step(s, 1) + diagonal))


@entry(
    "visible a[2,2] : spin  visible b[2,2] : spin  param J  energy = - J a[x,y] b[x,y]"
    " - J a[x,y] b[wrap(x-1),y] - J a[x,y] b[x,wrap(y-1)]",
    visible=dict(a=spin(2, 2), b=spin(2, 2)),
)
def honeycomb_lattice(p, a, b):
    """Houtappel 1950, Order-disorder in hexagonal lattices: two sublattices."""
    return -p.J * total(a * (b + step(b, 0, -1) + step(b, 1, -1)))


@entry(
    "visible s[3,3] : spin  param J, K  energy = - J s[x,y] s[wrap(x+1),y]"
    " - J s[x,y] s[x,wrap(y+1)] - K s[x,y] s[wrap(x+1),wrap(y+1)] - K s[x,y]"
    " s[wrap(x+1),wrap(y-1)]",
    visible=dict(s=spin(3, 3)),
)
def next_nearest_neighbours(p, s):
    """Nightingale 1977, Non-universality for Ising-like spin systems: diagonal couplings."""
    near = total(s * (step(s, 0) + step(s, 1)))
    far = total(s * (step(step(s, 0), 1) + step(step(s, 0), 1, -1)))
    return -p.J * near - p.K * far


@entry(
    "visible s[7] : spin  param J, K  energy = - J s[i] s[pad(i+1)] - K s[i] s[pad(i+2)]",
    visible=dict(s=spin(7)),
)
def annni_chain(p, s):
    """Elliott 1961, Phenomenological discussion of magnetic ordering in the heavy rare-earth
    metals.
    """
    return -p.J * total(s[:, :-1] * s[:, 1:]) - p.K * total(s[:, :-2] * s[:, 2:])


@entry(
    "visible s[2,2,2] : spin  param J  energy = - J s[x,y,z] s[pad(x+1),y,z]"
    " - J s[x,y,z] s[x,pad(y+1),z] - J s[x,y,z] s[x,y,pad(z+1)]",
    visible=dict(s=spin(2, 2, 2)),
)
def cubic_lattice(p, s):
    """Peierls 1936, On Ising's model of ferromagnetism: a cube with free faces."""
    pairs = total(s[:, 0] * s[:, 1]) + total(s[:, :, 0] * s[:, :, 1]) + total(s[..., 0] * s[..., 1])
    return -p.J * pairs


@entry(
    "visible s[3,3] : spin  param J, H  energy = - J s[x,y] s[wrap(x+1),y]"
    " - J s[x,y] s[x,wrap(y+1)] - H[x,y] s[x,y]",
    visible=dict(s=spin(3, 3)),
)
def random_field(p, s):
    """Imry & Ma 1975, Random-field instability of the ordered state of continuous symmetry."""
    return -p.J * total(s * (step(s, 0) + step(s, 1))) - total(p.H * s)


@entry(
    "visible s[3,3] : spin  param J, K"
    "  energy = - J[x,y] s[x,y] s[wrap(x+1),y] - K[x,y] s[x,y] s[x,wrap(y+1)]",
    visible=dict(s=spin(3, 3)),
)
def edwards_anderson(p, s):
    """Edwards & Anderson 1975, Theory of spin glasses."""
    return -total(p.J * s * step(s, 0)) - total(p.K * s * step(s, 1))


@entry(
    "visible s[3,3] : spin  param J fixed, t fixed  energy = - J s[x,y] s[wrap(x+1),y]"
    " - J t[x] s[x,y] s[x,wrap(y+1)]",
    visible=dict(s=spin(3, 3)),
    values=dict(J=0.7, t=[1.0, -1.0, 1.0]),
)
def fully_frustrated(p, s):
    """Villain 1977, Spin glass with non-random interactions: rows of one sign in turn."""
    return -p.J * total(s * step(s, 0)) - p.J * total(p.t[:, None] * s * step(s, 1))


@entry(
    "visible s[6] : spin  param J symmetric, H  energy = - J[i,j] s[i] s[j] for i < j - H s[i]",
    visible=dict(s=spin(6)),
    values=dict(J=symmetric),
)
def sherrington_kirkpatrick(p, s):
    """Sherrington & Kirkpatrick 1975, Solvable model of a spin-glass."""
    return -0.5 * np.einsum("ij,ni,nj->n", p.J, s, s) - p.H * total(s)


@entry(
    "visible s[6] : spin  param J  energy = - J[i,j,k] s[i] s[j] s[k] for i < j, j < k",
    visible=dict(s=spin(6)),
)
def three_spin_glass(p, s):
    """Derrida 1980, Random-energy model: limit of a family of disordered models (three spins)."""
    i, j, k = (x.ravel() for x in np.meshgrid(*3 * [np.arange(6)], indexing="ij"))
    kept = (i < j) & (j < k)
    i, j, k = i[kept], j[kept], k[kept]
    return -(p.J[i, j, k] * s[:, i] * s[:, j] * s[:, k]).sum(1)


@entry(
    "visible s[3,3] : spin  param J  energy = - J s[x,y] s[wrap(x+1),y] s[x,wrap(y+1)]"
    " - J s[wrap(x+1),wrap(y+1)] s[wrap(x+1),y] s[x,wrap(y+1)] for x in 0..3, y in 0..3",
    visible=dict(s=spin(3, 3)),
)
def baxter_wu(p, s):
    """Baxter & Wu 1973, Exact solution of an Ising model with three-spin interactions on a
    triangular lattice.
    """
    right, up = step(s, 0), step(s, 1)
    return -p.J * total(s * right * up) - p.J * total(step(right, 1) * right * up)


@entry(
    "visible s[5] : spin  visible t[5] : spin  param J, K  energy = - J s[i] s[wrap(i+1)]"
    " - J t[i] t[wrap(i+1)] - K s[i] s[wrap(i+1)] t[i] t[wrap(i+1)]",
    visible=dict(s=spin(5), t=spin(5)),
)
def ashkin_teller(p, s, t):
    """Ashkin & Teller 1943, Statistics of two-dimensional lattices with four components: a ring."""
    a, b = s * step(s, 0), t * step(t, 0)
    return -p.J * total(a + b) - p.K * total(a * b)


@entry(
    "visible s[3,3] : spin  param J, K, M  energy = - J s[x,y] s[wrap(x+1),wrap(y+1)]"
    " - K s[wrap(x+1),y] s[x,wrap(y+1)]"
    " - M s[x,y] s[wrap(x+1),y] s[x,wrap(y+1)] s[wrap(x+1),wrap(y+1)]"
    " for x in 0..3, y in 0..3",
    visible=dict(s=spin(3, 3)),
)
def eight_vertex(p, s):
    """Kadanoff & Wegner 1971, Some critical properties of the eight-vertex model: as spins (Baxter
    1971).
    """
    right, up = step(s, 0), step(s, 1)
    corner = step(right, 1)
    return -total(p.J * s * corner + p.K * right * up + p.M * s * right * up * corner)


@entry(
    "visible a[2,2] : spin  visible b[2,2] : spin  param K"
    "  energy = - K a[x,y] b[wrap(x+1),y] a[x,wrap(y+1)] b[x,y]",
    visible=dict(a=spin(2, 2), b=spin(2, 2)),
)
def ising_gauge(p, a, b):
    """Wegner 1971, Duality in generalized Ising models and phase transitions without local order
    parameters.
    """
    return -p.K * total(a * step(b, 0) * step(a, 1) * b)


@entry(
    "visible s[2,2] : spin  visible a[2,2] : spin  visible b[2,2] : spin  param K, J"
    "  energy = - K a[x,y] b[wrap(x+1),y] a[x,wrap(y+1)] b[x,y]"
    " - J s[x,y] a[x,y] s[wrap(x+1),y] - J s[x,y] b[x,y] s[x,wrap(y+1)]",
    visible=dict(s=spin(2, 2), a=spin(2, 2), b=spin(2, 2)),
)
def gauge_and_matter(p, s, a, b):
    """Fradkin & Shenker 1979, Phase diagrams of lattice gauge theories with Higgs fields."""
    plaquettes = total(a * step(b, 0) * step(a, 1) * b)
    return -p.K * plaquettes - p.J * total(s * a * step(s, 0) + s * b * step(s, 1))


@entry(
    "visible s[3,3] : spin  param J"
    "  energy = - J s[x,y] s[wrap(x+1),y] s[x,wrap(y+1)] s[wrap(x+1),wrap(y+1)]",
    visible=dict(s=spin(3, 3)),
)
def plaquettes(p, s):
    """Lipowski 1997, Glassy behaviour and semi-local invariance in an Ising model with four-spin
    interaction.
    """
    right = step(s, 0)
    return -p.J * total(s * right * step(s, 1) * step(right, 1))


@entry(
    "visible n[3,3] : binary  param e, mu  energy = - e n[x,y] n[wrap(x+1),y]"
    " - e n[x,y] n[x,wrap(y+1)] - mu n[x,y]",
    visible=dict(n=binary(3, 3)),
)
def lattice_gas(p, n):
    """Lee & Yang 1952, Statistical theory of equations of state and phase transitions II."""
    return -p.e * total(n * (step(n, 0) + step(n, 1))) - p.mu * total(n)


@entry(
    "visible s[6] : spin  param J[6,6] fixed  energy = - J[i,j] s[i] s[j] for i < j",
    visible=dict(s=spin(6)),
    values=dict(J=1 / (1 + np.abs(np.subtract.outer(np.arange(6), np.arange(6)))) ** 1.5),
)
def long_range_chain(p, s):
    """Dyson 1969, Existence of a phase-transition in a one-dimensional Ising ferromagnet."""
    i, j = np.triu_indices(6, 1)
    return -(p.J[i, j] * s[:, i] * s[:, j]).sum(1)


@entry(
    "visible s[7] : spin  param J[1] init 0.4, w[1,7] fixed, H"
    "  energy = - J[k] square(w[k,i] s[i]) - H s[i]",
    visible=dict(s=spin(7)),
    values=dict(w=np.full((1, 7), 7**-0.5)),
    refused="conditional s, pseudolikelihood",
)
def curie_weiss(p, s):
    """Kac 1968, Mathematical mechanisms of phase transitions: the square of the magnetisation."""
    return -p.J[0] * (s @ p.w[0]) ** 2 - p.H * s.sum(1)


@entry(
    "graph G = grid(2, 3)  visible s[6] : spin  param J, H"
    "  energy = - J[i,j] s[i] s[j] for <i,j> in G - H s[i]",
    visible=dict(s=spin(6)),
)
def rectangle_of_bonds(p, s):
    """Kaufman 1949, Crystal statistics II: bonds of their own on a rectangle, as edges of
    a graph.
    """
    edges = [(0, 1), (0, 3), (1, 2), (1, 4), (2, 5), (3, 4), (4, 5)]
    return -sum(p.J[k] * s[:, i] * s[:, j] for k, (i, j) in enumerate(edges)) - p.H * total(s)


@entry(
    "graph G = complete(5)  visible s[5] : spin  param J  energy = - J s[i] s[j] for <i,j> in G",
    visible=dict(s=spin(5)),
)
def complete_graph(p, s):
    """Kirkpatrick & Sherrington 1978, Infinite-ranged models of spin-glasses: one coupling for all
    pairs.
    """
    return -p.J * (total(s) ** 2 - 5) / 2


@entry(
    "graph G = erdos_renyi(7, 0.4, seed = 3)  visible s[7] : spin  param J"
    "  energy = - J[i,j] s[i] s[j] for <i,j> in G",
    visible=dict(s=spin(7)),
)
def dilute_glass(p, s):
    """Viana & Bray 1985, Phase diagrams for dilute spin glasses."""
    import networkx as nx

    edges = sorted(tuple(sorted(e)) for e in nx.fast_gnp_random_graph(7, 0.4, seed=3).edges)
    return -sum(p.J[k] * s[:, i] * s[:, j] for k, (i, j) in enumerate(edges))

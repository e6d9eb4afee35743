"""Small models of every kind of term, each with its energy written out in NumPy beside its text.

Imports nothing that it judges.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray
Arrays = Mapping[str, Array]
UNITS: dict[str, list[tuple[Any, float]]] = {
    "binary": [(0.0, 0.0), (1.0, 0.0)],
    "spin": [(-1.0, 0.0), (1.0, 0.0)],
    "trit": [(-1.0, -0.4), (0.0, 0.0), (1.0, -0.4)],
    "late": [(1.0, math.log(2.0)), (2.0, math.log(0.5))],
    "binomial(2)": [(float(x), math.log(math.comb(2, x))) for x in range(3)],
    "multinary(1, gain = 0.5)": [(0.5 * x, math.log(math.comb(2, x))) for x in range(3)],
    "categorical(3)": [(row, 0.0) for row in np.eye(3)],
}
"""Unit type → its states, and log base measures. `trit` and `late` are types of the test's own."""


@dataclass(frozen=True)
class Case:
    """A model: groups as name → (role, type, axes), text of parameters and energy, and E(p, x) of
    states x [n, *axes].
    """

    groups: dict[str, tuple[str, str, tuple[int, ...]]]
    body: str
    energy: Callable[[Arrays, Arrays], Array]
    kinds: set[str]
    head: str = ""

    @property
    def text(self) -> str:
        declared = [
            f"{role} {name}{list(axes) if axes else ''} : {unit}"
            for name, (role, unit, axes) in self.groups.items()
        ]
        return f"model m {{ {self.head} {'  '.join(declared)}  {self.body} }}"

    def of_role(self, *roles: str) -> list[str]:
        return [n for n, (role, _, _) in self.groups.items() if role in roles]

    def states(self, names: list[str]) -> tuple[dict[str, Array], Array]:
        """All joint states of these groups, [n, *axes(, K)], and their log base measures."""
        units = [
            (n, s) for n in names for s in [UNITS[self.groups[n][1]]] * math.prod(self.groups[n][2])
        ]
        combinations = list(itertools.product(*(s for _, s in units)))
        out = {}
        for n in names:
            at = [k for k, (name, _) in enumerate(units) if name == n]
            x = np.array([[c[k][0] for k in at] for c in combinations])
            out[n] = x.reshape(len(x), *self.groups[n][2], *x.shape[2:])
        return out, np.array([sum(b for _, b in c) for c in combinations])

    def base(self, x: Arrays) -> Array:
        """Log base measures of states of some groups, [n]."""
        total: Any = 0.0
        for name, values in x.items():
            unit = UNITS[self.groups[name][1]]
            if np.ndim(unit[0][0]) == 0:
                table = {s: b for s, b in unit}
                total = total + np.array(
                    [sum(table[float(v)] for v in row) for row in values.reshape(len(values), -1)]
                )
        return np.asarray(total)


def softplus(u: Array) -> Array:
    return np.logaddexp(0, u)


def pairs(x: Array) -> Array:
    """x_i x_{i+1} around a ring, summed."""
    return (x * np.roll(x, -1, axis=1)).sum(1)


V3 = {"v": ("visible", "binary", (3,))}
S4 = {"s": ("visible", "spin", (4,))}
RING = ((0, 1), (0, 3), (1, 2), (2, 3))
"""Edges of a ring of four nodes, in order."""

CASES = {
    "dense": Case(
        V3 | {"h": ("hidden", "spin", (2,))},
        "param W, b, c  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]",
        lambda p, x: (
            -np.einsum("ni,ij,nj->n", x["v"], p["W"], x["h"]) - x["v"] @ p["b"] - x["h"] @ p["c"]
        ),
        {"COUPLING"},
    ),
    "layers": Case(
        {
            "v": ("visible", "binary", (2,)),
            "h": ("hidden", "binary", (2,)),
            "g": ("hidden", "binary", (2,)),
        },
        "param W, U, b  energy = - W[i,j] v[i] h[j] - U[j,k] h[j] g[k] - b[k] g[k]",
        lambda p, x: (
            -np.einsum("ni,ij,nj->n", x["v"], p["W"], x["h"])
            - np.einsum("nj,jk,nk->n", x["h"], p["U"], x["g"])
            - x["g"] @ p["b"]
        ),
        {"COUPLING"},
    ),
    "lateral": Case(
        {"v": ("visible", "binary", (3,)), "h": ("hidden", "spin", (3,))},
        "param U symmetric, V[3,3], W  energy = - U[i,j] v[i] v[j] for i < j - V[i,j] h[i] h[j] -"
        " W[i,j] v[i] h[j]",
        lambda p, x: (
            -0.5 * np.einsum("ni,ij,nj->n", x["v"], p["U"] - np.diag(np.diag(p["U"])), x["v"])
            - np.einsum("ni,ij,nj->n", x["h"], p["V"], x["h"])
            - np.einsum("ni,ij,nj->n", x["v"], p["W"], x["h"])
        ),
        {"LATERAL"},
    ),
    "potts": Case(
        {"s": ("visible", "categorical(3)", (3,)), "h": ("hidden", "binary", (2,))},
        "param J, f, W  energy = - J[i,a,j,b] s[i,a] s[j,b] for i < j - f[i,a] s[i,a] - W[i,a,j]"
        " s[i,a] h[j]",
        lambda p, x: (
            -sum(
                np.einsum("na,ab,nb->n", x["s"][:, i], p["J"][i, :, j], x["s"][:, j])
                for i in range(3)
                for j in range(i + 1, 3)
            )
            - np.einsum("nia,ia->n", x["s"], p["f"])
            - np.einsum("nia,iaj,nj->n", x["s"], p["W"], x["h"])
        ),
        {"LATERAL"},
    ),
    "lattice": Case(
        S4 | {"t": ("hidden", "spin", (4,))},
        "param J, K  energy = - J s[i] s[wrap(i+1)] - K[i] s[i] s[wrap(i+1)] t[i]",
        lambda p, x: (
            -p["J"] * pairs(x["s"]) - (p["K"] * x["s"] * np.roll(x["s"], -1, 1) * x["t"]).sum(1)
        ),
        {"LISTED"},
    ),
    "open_chain": Case(
        {"s": ("visible", "binomial(2)", (3,))},
        "param J, b  energy = J[i] s[i] s[pad(i+1)] - b s[i]",
        lambda p, x: (p["J"][:2] * x["s"][:, :-1] * x["s"][:, 1:]).sum(1) - p["b"] * x["s"].sum(1),
        {"LISTED", "BASE"},
    ),
    "graph": Case(
        S4,
        "param J, H  energy = - J[i,j] s[i] s[j] for <i,j> in G - H s[i]",
        lambda p, x: (
            -sum(w * x["s"][:, a] * x["s"][:, b] for w, (a, b) in zip(p["J"], RING, strict=True))
            - p["H"] * x["s"].sum(1)
        ),
        {"LATERAL"},
        "graph G = ring(4)",
    ),
    "sparse_graph": Case(
        {"s": ("visible", "spin", (12,))},
        "param J  energy = - J[i,j] s[i] s[j] for <i,j> in G",
        lambda p, x: (
            -sum(
                p["J"][k] * x["s"][:, a] * x["s"][:, b]
                for k, (a, b) in enumerate(sorted([*((i, i + 1) for i in range(11)), (0, 11)]))
            )
        ),
        {"LISTED"},
        "graph G = ring(12)",
    ),
    "tensor": Case(
        {
            "v": ("visible", "spin", (2,)),
            "h": ("hidden", "binary", (2,)),
            "z": ("hidden", "categorical(3)", ()),
        },
        "param W, d  energy = - W[i,j,k] v[i] h[j] z[k] - d[k] z[k]",
        lambda p, x: (
            -np.einsum("ni,nj,nk,ijk->n", x["v"], x["h"], x["z"], p["W"]) - x["z"] @ p["d"]
        ),
        {"TENSOR"},
    ),
    "factored": Case(
        {
            "v": ("visible", "binary", (2,)),
            "y": ("visible", "spin", (2,)),
            "h": ("hidden", "binary", (2,)),
        },
        "param A[2,2], B[2,2], C[2,2], b  energy = - A[i,f] B[j,f] C[k,f] v[i] y[j] h[k] - b[i]"
        " v[i]",
        lambda p, x: (
            -((x["v"] @ p["A"]) * (x["y"] @ p["B"]) * (x["h"] @ p["C"])).sum(1) - x["v"] @ p["b"]
        ),
        {"CONTRACTION"},
    ),
    "convolution": Case(
        {"v": ("visible", "binary", (4,)), "h": ("hidden", "spin", (2, 4))},
        "param W[2,3]  energy = - W[k,p] v[pad(x+p-1)] h[k,x]",
        lambda p, x: (
            -sum(
                p["W"][k, q] * x["v"][:, i + q - 1] * x["h"][:, k, i]
                for k in range(2)
                for i in range(4)
                for q in range(3)
                if 0 <= i + q - 1 < 4
            )
        ),
        {"CONTRACTION"},
    ),
    "constants": Case(
        V3 | {"t": ("visible", "spin", (2,))},
        "param b, c[2]  energy = 2.5 - c[k]^2 - b[i] v[i] + 0.5 v[i]^2 + 0.75 t[i]^2",
        lambda p, x: 4.0 - (p["c"] ** 2).sum() - x["v"] @ p["b"] + 0.5 * x["v"].sum(1),
        {"CONSTANT", "BIAS"},
    ),
    "squares": Case(
        {"v": ("visible", "trit", (3,)), "z": ("hidden", "categorical(3)", ())},
        "param D, b, E[3,3]  energy = 0.1 D[i] v[i]^2 - b[i] v[i] - 0.05 E[i,k] v[i]^2 z[k]",
        lambda p, x: (
            (0.1 * p["D"] * x["v"] ** 2).sum(1)
            - x["v"] @ p["b"]
            - 0.05 * np.einsum("ni,ik,nk->n", x["v"] ** 2, p["E"], x["z"])
        ),
        {"SQUARE", "SQUARED_COUPLING", "BASE"},
    ),
    "bases": Case(
        {
            "v": ("visible", "binomial(2)", (2,)),
            "w": ("visible", "multinary(1, gain = 0.5)", (1,)),
            "h": ("hidden", "late", (2,)),
            "g": ("hidden", "binomial(2)", (1,)),
        },
        "param W, U, b  energy = - W[i,j] v[i] h[j] - U[i,j] w[i] g[j] - b[j] h[j]",
        lambda p, x: (
            -np.einsum("ni,ij,nj->n", x["v"], p["W"], x["h"])
            - np.einsum("ni,ij,nj->n", x["w"], p["U"], x["g"])
            - x["h"] @ p["b"]
        ),
        {"BASE"},
    ),
    "given": Case(
        {
            "x": ("given", "binomial(2)", (2,)),
            "v": ("visible", "binary", (2,)),
            "h": ("hidden", "spin", (2,)),
        },
        "param W, A[2,2], B  energy = - W[i,j] v[i] h[j] - A[k,i] x[k] v[i] - B[k,j] x[k] h[j] +"
        " square(A[k,i] x[k])",
        lambda p, x: (
            -np.einsum("ni,ij,nj->n", x["v"], p["W"], x["h"])
            - np.einsum("nk,ki,ni->n", x["x"], p["A"], x["v"])
            - np.einsum("nk,kj,nj->n", x["x"], p["B"], x["h"])
            + ((x["x"] @ p["A"]).sum(1)) ** 2
        ),
        {"EXPERT"},
    ),
    "expert_softplus": Case(
        V3,
        "param W[3,2], c[2], b  energy = - sum[j] softplus(c[j] + W[i,j] v[i]) - b[i] v[i]",
        lambda p, x: -softplus(p["c"] + x["v"] @ p["W"]).sum(1) - x["v"] @ p["b"],
        {"EXPERT"},
    ),
    "expert_student": Case(
        S4,
        "param W[4,2], a[2]  energy = a[j] log1p(0.5 square(W[i,j] s[i]))",
        lambda p, x: (p["a"] * np.log1p(0.5 * (x["s"] @ p["W"]) ** 2)).sum(1),
        {"EXPERT"},
    ),
    "expert_square": Case(
        S4,
        "param W[4]  energy = - square(W[i] s[i])",
        lambda p, x: -((x["s"] @ p["W"]) ** 2),
        {"EXPERT"},
    ),
    "expert_abs": Case(
        {"v": ("visible", "binomial(2)", (3,))},
        "param W[3,2]  energy = + sum[j] abs(W[i,j] v[i])",
        lambda p, x: np.abs(x["v"] @ p["W"]).sum(1),
        {"EXPERT", "BASE"},
    ),
    "expert_logcosh": Case(
        S4,
        "param W[4,2], b[2]  energy = - b[j] logcosh(W[i,j] s[i])",
        lambda p, x: -(p["b"] * np.log(np.cosh(x["s"] @ p["W"]))).sum(1),
        {"EXPERT"},
    ),
    "expert_nested": Case(
        S4,
        "param W[4,2]  energy = sum[j] softplus(2 abs(W[i,j] s[i])) - sum[j] square(0.5"
        " logcosh(W[i,j] s[i]))",
        lambda p, x: (
            softplus(2 * np.abs(x["s"] @ p["W"])) - (0.5 * np.log(np.cosh(x["s"] @ p["W"]))) ** 2
        ).sum(1),
        {"EXPERT"},
    ),
    "expert_of_groups": Case(
        V3 | {"y": ("visible", "categorical(3)", ()), "h": ("hidden", "binary", (2,))},
        "param A[3], B[3], W, C[3,2]  energy = - square(A[i] v[i] + B[k] y[k]) - W[i,j] v[i] h[j] -"
        " C[k,j] y[k] h[j]",
        lambda p, x: (
            -((x["v"] @ p["A"] + x["y"] @ p["B"]) ** 2)
            - np.einsum("ni,ij,nj->n", x["v"], p["W"], x["h"])
            - np.einsum("nk,kj,nj->n", x["y"], p["C"], x["h"])
        ),
        {"EXPERT", "COUPLING"},
    ),
    "expert_windows": Case(
        {"s": ("visible", "spin", (6,))},
        "param W[2], b  energy = - b[i] s[i] - sum[x] square(W[p] s[wrap(x+p)]) for x in 0..6",
        lambda p, x: (
            -((p["W"][0] * x["s"] + p["W"][1] * np.roll(x["s"], -1, 1)) ** 2).sum(1)
            - x["s"] @ p["b"]
        ),
        {"EXPERT"},
    ),
    "expert_and_listed": Case(
        {"a": ("visible", "spin", (3,)), "b": ("visible", "spin", (3,))},
        "param M[3], J  energy = - J a[i] b[wrap(i+1)] - square(M[i] a[i])",
        lambda p, x: -p["J"] * (x["a"] * np.roll(x["b"], -1, 1)).sum(1) - (x["a"] @ p["M"]) ** 2,
        {"EXPERT", "LISTED"},
    ),
}

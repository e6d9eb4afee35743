"""Models whose derivations are evaluated: shipped ones made small, one of each kind, and random."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from hypothesis import strategies as st

import bmdsl
from bmdsl.inference.machine import Machine

SHIPPED: dict[str, dict[str, float]] = {
    "bernoulli_mixture": {"D": 3, "K": 3},
    "bm": {"D": 3, "H": 3},
    "class_rbm": {"D": 3, "C": 3, "H": 2},
    "convrbm": {"C": 1, "S": 4, "F": 1, "N": 1},
    "crbm": {"D": 2, "T": 2, "H": 1},
    "dbm": {"D": 3, "H1": 2, "H2": 2},
    "factored": {"D": 3, "E": 3, "F": 2, "H": 2},
    "gated": {"D": 2, "E": 3, "H": 2},
    "gbrbm": {"D": 2, "H": 2, "a": 1.3},
    "glass": {"n": 6},
    "hopfield": {"N": 5, "P": 2},
    "imrbm": {"D": 3, "K": 3, "H": 2},
    "ising": {"L": 3},
    "local_rbm": {"S": 3, "R": 2, "T": 1, "M": 2, "K": 1},
    "pot": {"D": 2, "F": 3},
    "potts": {"L": 3, "q": 3},
    "potts_rbm": {"L": 2, "q": 3, "H": 2},
    "pspin": {"n": 6},
    "rbm": {"D": 3, "H": 2},
    "spin_rbm": {"D": 3, "H": 2},
}
"""Shipped model → arguments that make it small."""

KINDS = {
    "a zero constant beside a number": (
        "(H = 0) { visible s[3] : spin  param b  energy = - 2 b[i] s[i] - 3 s[i] H }"
    ),
    "a negative constant": (
        "(J = -0.75) { visible s[4] : spin"
        "  energy = - J s[i] s[wrap(i+1)] - (J + 1) * (J + 2) s[i] }"
    ),
    "a square under a field": (
        "{ visible x[2] : gaussian  hidden z : categorical(2)  param lam[2,2]"
        "  energy = 0.5 lam[i,k]^2 x[i]^2 z[k] }"
    ),
    "powers of parameters": (
        "(s = 0.5) { visible v[3] : binary  param b  energy = - s * b[i]^3 v[i] + b[i]^2 v[i] }"
    ),
    "patterns": (
        "{ visible s[4] : spin  param xi[2,4]  energy = - xi[m,i] xi[m,j] s[i] s[j] for i < j }"
    ),
    "all pairs of real units": (
        "{ visible z[2] : gaussian  param A  energy = 0.2 A[i,j] z[i] z[j] }"
    ),
    "all pairs of binary units": (
        "{ visible v[3] : binary  hidden h[2] : spin  param A, B"
        "  energy = A[i,j] v[i] v[j] - B[i,j] h[i] h[j] }"
    ),
    "all pairs of letters": (
        "{ visible c[2] : categorical(3)  param J  energy = - J[i,a,j,b] c[i,a] c[j,b] }"
    ),
    "a one-of-K unit with itself": (
        "{ visible v[2] : binary  hidden z : categorical(3)  param A, W"
        "  energy = - A[a,b] z[a] z[b] - W[i,k] v[i] z[k] }"
    ),
    "symmetric and unconditional": (
        "{ visible v[3] : binary  param U symmetric"
        "  energy = - U[i,j] v[i] v[j] - 0.5 U[i,j] v[i] v[j] for i < j }"
    ),
    "unequal": "{ visible v[3] : spin  param U  energy = - U[i,j] v[i] v[j] for i != j }",
    "edges and their transpose": (
        "{ graph G = ring(4)  visible s[4] : spin  param J"
        "  energy = - J[i,j] s[i] s[j] for <i,j> in G + 0.5 J[j,i] s[i] for <i,j> in G }"
    ),
    "an open chain with a stride": (
        "{ visible s[5] : spin  hidden h[2] : binary  param W[3]"
        "  energy = - s[i] s[pad(i+1)] - W[p] s[2*x+p] h[x] }"
    ),
    "a wrapped stride": (
        "{ visible s[4] : spin  hidden h[4] : binary  param W[2]"
        "  energy = - W[p] s[wrap(2*x+p)] h[x] }"
    ),
    "a ring of one": "{ visible s[1] : binary  param J  energy = - J s[i] s[wrap(i+1)] }",
    "a ring of two": "{ visible s[2] : spin  param J  energy = - J[i] s[i] s[wrap(i+1)] }",
    "triples": "{ visible v[4] : binary  param T  energy = - T[i] v[i] v[wrap(i+1)] v[wrap(i+3)] }",
    "triples that meet": "{ visible v[2] : binary  param T  energy = - T[i,j,k] v[i] v[j] v[k] }",
    "a part of a parameter": (
        "{ visible v[4] : binary  param b[5]  energy = - b[i+1] v[i] - b[0] v[0] + b[4] v[1] }"
    ),
    "a range": (
        "{ visible v[4] : binary  param b"
        "  energy = - b[i] v[i] + v[i] v[j] for i in 1..3, j in 0..2 }"
    ),
    "letters named as what they count": (
        "{ visible v[2] : binary  hidden h[2] : binary  param i, j"
        "  energy = - i[a,j1] v[a] h[j1] - j[a] v[a] }"
    ),
    "letters named as units": (
        "{ visible v[2] : binary  hidden h[2] : binary  param W  energy = - W[h,v] v[h] h[v] }"
    ),
    "a mixture with real units": (
        "{ visible v[2] : binary  hidden x : gaussian  hidden z : categorical(2)  param W, q"
        "  energy = - W[i,k] v[i] x z[k] + 0.5 q[k]^2 x^2 z[k] }"
    ),
    "spike and slab": (
        "{ visible v[2] : gaussian  hidden h[2] : binary  hidden s[2] : gaussian(sigma = 0.5)"
        "  param W  energy = - W[i,j] v[i] h[j] s[j] }"
    ),
    "given units": (
        "{ given u[2] : gaussian  given y : categorical(2)  visible v[2] : binary"
        "  hidden h[2] : binary  param A, B, W"
        "  energy = - A[i,t] u[t] v[i] - B[k,j] y[k] h[j] - W[i,j] v[i] h[j] }"
    ),
    "experts of every kind": (
        "{ visible v[3] : binary  param a[2] init 0.7, W[3,2], c[2]"
        "  energy = - a[j] softplus(c[j] + W[i,j] v[i]) + abs(W[i,j] v[i]) - sum[j]"
        " logcosh(W[i,j] v[i] - c[j]) + 0.3 sum[j] square(W[i,j] v[i]) }"
    ),
    "nested experts": (
        "{ visible x[2] : gaussian  param a[2] init 0.7, W[2,2]"
        "  energy = a[j] log1p(0.5 square(W[i,j]^2 x[i])) }"
    ),
    "hidden units beside experts": (
        "{ visible v[2] : binary  hidden h[2] : binary  param W, V[2,2]"
        "  energy = - W[i,j] v[i] h[j] + sum[k] square(V[i,k] v[i]) }"
    ),
    "expanded squares": (
        "{ visible v[2] : gaussian(sigma = 0.8)  hidden h[2] : spin  param b, W"
        "  energy = 0.5 (v[i] - b[i])^2 - W[i,j]^2 * (v[i] - b[i]) h[j] }"
    ),
    "factored with a shared parameter": (
        "{ visible v[3] : binary  hidden h[2] : binary  param A[3,2], B[2,2]"
        "  energy = - A[i,f] B[j,f] v[i] h[j] - A[i,f]^2 v[i] }"
    ),
    "an argument for a unit's width": (
        "(s = 0.7) { visible v[2] : gaussian(sigma = s + 0.1)"
        "  hidden h : gaussian(sigma = 2 * s)  param W  energy = - 0.3 W[i] v[i] h }"
    ),
    "mean field of squares": (
        "{ visible v[2] : binary  hidden x : gaussian  hidden y[2] : binary"
        "  param W, q init 0.4  energy = - W[i] v[i] x + 0.3 x^2 y[i] - q y[0] y[1] }"
    ),
}
"""One model for each way in which a derivation can go wrong."""

VISIBLE = (
    "binary",
    "spin",
    "gaussian(sigma = 0.8)",
    "binomial(2)",
    "exponential(max = 1.5)",
    "multinary(2, gain = 0.5)",
)
HIDDEN = ("binary", "spin", "binomial(2)", "gaussian")
TERMS = (
    "b[i] v[i]",
    "K * c[j]^2 h[j]",
    "W[i,j] v[i] h[j]",
    "W[i,j]^2 v[i] h[j]",
    "0.5 W[i,j] s[i] h[j] for i in 0..3",
    "J s[i] s[wrap(i+1)]",
    "J s[i] s[pad(i+2)]",
    "D[x] s[wrap(x+2)] s[x]",
    "U[i,j] s[i] s[j] for i < j",
    "X[i,j] s[i] s[j] for i != j",
    "X[i,j] s[i] s[j]",
    "E[i,j] s[i] s[j] for <i,j> in G",
    "s[i] s[j] K for <i,j> in G",
    "P[p] s[2*x+p] h[x] for p in 0..2",
    "xi[m,i] xi[m,j] s[i] s[j] for i < j, m in 0..2",
    "M[i,k] v[i] z[k]",
    "N[i,k,j] v[i] z[k] h[j]",
    "d[k] z[k] K",
    "z[1] h[j]",
    "Q[i,a,j,e] c0[i,a] c0[j,e] for i < j",
    "f[i,a] c0[i,a] h[0]",
    "F[i,g] H[j,g] v[i] h[j]",
    "R[t,j] u[t] h[j]",
    "R[t,j] u[t] v[0] h[j]",
    "V[i,j] h[i] h[j] for i < j",
    "h[0] h[1]",
    "0 * v[i]",
    "T[i] s[i] s[wrap(i+1)] h[0]",
    "lam[j,i] v[i]^2 h[j]",
    "v[i]^2",
    "z[a] z[e] Y[a,e]",
    "b[i] * (K + 1) * (K - 2) v[i]",
)
EXPERTS = (
    "sum[m] square(xi[m,i] s[i])",
    "a[m] log1p(square(xi[m,i] s[i]))",
    "sum[m] abs(b[0] + xi[m,i] s[i])",
    "- sum[m] softplus(xi[m,i] s[i] - K)",
)
PARAMETERS = {
    "xi": "xi[2,4]",
    "E": "E",
    "U": "U symmetric",
    "P": "P[2]",
    "F": "F[3,2]",
    "H": "H[2,2]",
    "D": "D[4]",
    "V": "V symmetric",
    "a": "a[2] init 0.4",
}
"""Parameters that are declared with more than their name."""


@st.composite
def texts(draw: Any) -> str:
    """A model of a few terms out of all kinds; some are refused by the language or the compiler."""
    visible, hidden = draw(st.sampled_from(VISIBLE)), draw(st.sampled_from(HIDDEN))
    chosen = draw(st.lists(st.sampled_from(TERMS), min_size=1, max_size=4, unique=True))
    if draw(st.integers(0, 4)) == 0:
        chosen.append(draw(st.sampled_from(EXPERTS)))
    body = " ".join(
        draw(st.sampled_from("-+-"))
        + " "
        + ("0.5 " if draw(st.booleans()) and t[0] not in "-0" else "")
        + t.removeprefix("- ")
        for t in chosen
    )
    used = {w for t in chosen for w in _words(t)}
    groups = {
        "v": f"visible v[3] : {visible}",
        "s": "visible s[4] : spin",
        "c0": "visible c0[2] : categorical(2)",
        "h": f"hidden h[2] : {hidden}",
        "z": "hidden z : categorical(2)",
        "u": "given u[2] : gaussian",
    }
    lines = [g for n, g in groups.items() if n in used]
    if not any(x.startswith("visible") for x in lines):
        lines.append("visible s[4] : spin")
    known = {*groups, "K", "G", "for", "in", "sum", "square", "log1p", "abs", "softplus"}
    names = sorted(w for w in used if w not in known and re.search(rf"\b{w}\[", body) or w == "J")
    graph = "  graph G = regular(2, 4, seed = 3)" if "G" in used else ""
    params = f"  param {', '.join(PARAMETERS.get(n, n) for n in names)}" if names else ""
    constant = draw(st.sampled_from((0, -0.5, 0.8)))
    return f"model m(K = {constant}) {{{graph}  {'  '.join(lines)}{params}  energy = {body} }}"


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", text))


def machine_of(model: bmdsl.Model, seed: int, size: float = 0.5) -> Machine:
    """A machine with random parameters."""
    machine = model.compile(dtype="float64", backend="reference")
    generator = np.random.default_rng(seed)
    for p in machine.model.parameters:
        x = generator.normal(0, size, machine.params[p.name].shape)
        x = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else np.abs(x) if p.nonnegative else x
        machine.params[p.name] = x
    return machine

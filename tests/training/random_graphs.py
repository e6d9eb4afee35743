"""Small models over random graphs of groups, with their energies written in NumPy: what training's
phases are held against.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

NODES = 22
"""Gauss–Hermite nodes of a Gaussian unit."""
LETTERS = "abcdefgh"
Array = np.ndarray


@dataclass(frozen=True)
class Group:
    """`unit` as the text has it: `binary`, `categorical(3)`, `gaussian`."""

    name: str
    role: str
    unit: str
    shape: tuple[int, ...] = ()

    @property
    def axes(self) -> tuple[int, ...]:
        k = int(self.unit[12:-1]) if self.unit.startswith("categorical") else 0
        return (*self.shape, k) if k else self.shape

    def states(self) -> list[tuple[Array, float]]:
        """(state, log weight) of one unit."""
        match self.unit.split("("):
            case ["binary"]:
                return [(np.array([x]), 0.0) for x in (0.0, 1.0)]
            case ["spin"]:
                return [(np.array([x]), 0.0) for x in (-1.0, 1.0)]
            case ["gaussian"]:
                x, w = np.polynomial.hermite_e.hermegauss(NODES)
                return [(np.array([a]), math.log(b)) for a, b in zip(x, w, strict=True)]
            case ["binomial", n]:
                top = int(n[:-1])
                return [(np.array([float(x)]), math.log(math.comb(top, x))) for x in range(top + 1)]
        return [(row, 0.0) for row in np.eye(self.axes[-1])]


@dataclass(frozen=True)
class Term:
    """−E = Σ W[…] Π units over all letters; `kind` `lateral` for W[a,b] x[a] x[b] with a < b,
    `ring` for W[a] x[a] x[a+1], `paired`
    for W[a] x[a] y[a], `softplus` for Σ_b softplus(Σ_a W[a,b] x[a]). `powers` holds a group's power
    where it is not 1.
    """

    name: str
    groups: tuple[str, ...]
    kind: str = "dense"
    powers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Graph:
    """A model as text and as a function of its parameters."""

    groups: tuple[Group, ...]
    terms: tuple[Term, ...]

    def group(self, name: str) -> Group:
        return next(g for g in self.groups if g.name == name)

    def of_role(self, role: str) -> tuple[Group, ...]:
        return tuple(g for g in self.groups if g.role == role)

    @property
    def text(self) -> str:
        lines = [
            f"{g.role} {g.name}{list(g.shape) if g.shape else ''} : {g.unit}" for g in self.groups
        ]
        energy = ""
        for t in self.terms:
            first, second = LETTERS[0], LETTERS[1]
            x = t.groups[0]
            shape = "[" + ", ".join(map(str, self.shape(t))) + "]" if self.shape(t) else ""
            lines.append(f"param {t.name}{shape}" + " symmetric" * (t.kind == "lateral"))
            match t.kind:
                case "lateral":
                    energy += (
                        f" - {t.name}[{first},{second}] {x}[{first}] {x}[{second}] for {first} <"
                        f" {second}"
                    )
                case "ring":
                    energy += f" - {t.name}[{first}] {x}[{first}] {x}[wrap({first}+1)]"
                case "paired":
                    energy += f" - {t.name}[{first}] " + " ".join(f"{n}[{first}]" for n in t.groups)
                case "softplus":
                    energy += f" - sum[{second}] softplus({t.name}[{first},{second}] {x}[{first}])"
                case _:
                    places = self._letters(t)
                    units = " ".join(
                        f"{n}{_subscript(q)}{f'^{p}' if p != 1 else ''}"
                        for n, q, p in zip(t.groups, places, self._powers(t), strict=True)
                    )
                    energy += f" - {t.name}{_subscript(''.join(places))} {units}"
        return "model m {\n  " + "\n  ".join(lines) + f"\n  energy = {energy}\n}}"

    def _letters(self, t: Term) -> list[str]:
        free = iter(LETTERS)
        return ["".join(next(free) for _ in self.group(n).axes) for n in t.groups]

    @staticmethod
    def _powers(t: Term) -> tuple[int, ...]:
        return t.powers or (1,) * len(t.groups)

    def shape(self, t: Term) -> tuple[int, ...]:
        """The parameter's shape."""
        axes = self.group(t.groups[0]).axes
        if t.kind in ("ring", "paired"):
            return axes
        if t.kind == "softplus":
            return (*axes, 2)
        return (
            (axes[0], axes[0])
            if t.kind == "lateral"
            else tuple(n for g in t.groups for n in self.group(g).axes)
        )

    def minus_energy(self, params: Mapping[str, Array], states: Mapping[str, Array]) -> Array:
        """−E of every state, base measures left out: [n].

        Complex parameters give complex values.
        """
        total: Array = np.zeros(len(next(iter(states.values()))))
        for t in self.terms:
            w, x = params[t.name], states[t.groups[0]]
            match t.kind:
                case "lateral":
                    total = total + np.einsum("ab,na,nb->n", np.triu(w, 1), x, x)
                case "ring":
                    total = total + np.einsum("a,na,na->n", w, x, np.roll(x, -1, axis=1))
                case "paired":
                    total = total + np.einsum(
                        "a,na->n", w, np.prod([states[n] for n in t.groups], axis=0)
                    )
                case "softplus":
                    total = total + np.log(1 + np.exp(np.einsum("ab,na->nb", w, x))).sum(1)
                case _:
                    places = self._letters(t)
                    made = [states[n] ** p for n, p in zip(t.groups, self._powers(t), strict=True)]
                    total = total + np.einsum(
                        f"{''.join(places)},{','.join('n' + q for q in places)}->n",
                        w,
                        *made,
                        optimize=True,
                    )
        return total

    def joint(self) -> tuple[dict[str, Array], Array]:
        """All joint states, [n, *axes] a group, and log base measures (quadrature weights), [n]."""
        single = [(g, g.states()) for g in self.groups for _ in range(math.prod(g.shape))]
        index = np.array(list(itertools.product(*(range(len(s)) for _, s in single))))
        base = np.zeros(len(index))
        columns: dict[str, list[Array]] = {g.name: [] for g in self.groups}
        for (g, s), at in zip(single, index.T, strict=True):
            base += np.array([w for _, w in s])[at]
            columns[g.name].append(np.array([x for x, _ in s])[at])
        return {
            g.name: np.hstack(columns[g.name]).reshape(len(index), *g.axes) for g in self.groups
        }, base


def _subscript(letters: str) -> str:
    return f"[{','.join(letters)}]" if letters else ""


class Truth:
    """Exact expectations of a graph at some parameters, by summing all joint states."""

    def __init__(self, graph: Graph, params: Mapping[str, Array]) -> None:
        self.graph, self.params = graph, params
        self.states, base = graph.joint()
        w = base + graph.minus_energy(params, self.states)
        self.p = np.exp(w - w.max())
        self.p /= self.p.sum()
        self.statistics = self._statistics()

    def _statistics(self) -> dict[str, Array]:
        """∂(−E)/∂θ of every entry at every joint state, [n, entries]: complex steps, exact to
        rounding.
        """
        out = {}
        for t in self.graph.terms:
            w = self.params[t.name]
            columns = []
            for at in np.ndindex(w.shape):
                step = np.zeros(w.shape, complex)
                step[at] = 1e-30j
                if t.kind == "lateral":
                    step[at[::-1]] = 1e-30j
                moved = {**self.params, t.name: w + step}
                one = Graph(self.graph.groups, (t,))
                columns.append(
                    np.zeros(len(self.p))
                    if t.kind == "lateral" and at[0] == at[1]
                    else one.minus_energy(moved, self.states).imag / 1e-30
                )
            out[t.name] = np.stack(columns, axis=1)
        return out

    def at(self, case: Mapping[str, Array]) -> Array:
        """P(joint state | what is observed of a case, NaN where nothing is): [n]."""
        p = self.p.copy()
        for name, x in case.items():
            known = ~np.isnan(x).ravel()
            p[(self.states[name].reshape(len(p), -1)[:, known] != x.ravel()[known]).any(1)] = 0
        return p / p.sum()

    def moments(self, values: Array, p: Array) -> tuple[Array, Array]:
        """Mean and variance of columns of values [n, entries] under p."""
        mean = p @ values
        return mean, p @ (values - mean) ** 2

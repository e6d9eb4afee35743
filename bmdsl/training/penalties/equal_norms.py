"""Weight vectors of equal norms, in each layer and, less strictly, in neighbouring ones (Desjardins, Courville & Bengio 2012, On training deep
Boltzmann machines, eq. 15).

    P = Σ_l α_l Σ_j (‖W_l,·j‖ − μ_l)² + γ Σ_(l, l+1) (μ_l − μ_(l+1))²

is taken off the mean log-likelihood. W_l,·j holds the weights of unit j from the layer below. The mean norms μ_l are learnt too, at `damping` times the
learning rate. Without the penalty many units of a deep machine's first layer stay near their start, with nearly no weight.
"""

from __future__ import annotations

import numpy as np

from ...language.diagnostics import fail
from ...language.model import Choice
from ...language.structure import Coupling, coupling_of, depths
from ...language.vocabulary import Option, Word
from ..machine_protocol import Array, Machine

WORD = Word(
    "equal_norms",
    (Option("coupling", "number", 1.0, low=0), Option("damping", "number", 1e-3, low=0)),
    summary="weight vectors of a layer, and of neighbouring layers, of equal norms: equal_norms(W1 = 0.1, W2 = 0.1)",
    open_keys=True,
)


def start(machine: Machine, choice: Choice) -> dict[str, Array]:
    """μ of every named parameter, at its vectors' mean norm. BmError BM764 where none is named, BM765 where one is no coupling of two layers."""
    strengths = _strengths(choice)
    if not strengths:
        raise fail("BM764", "`equal_norms` names no weights", choice.span, help="for instance `equal_norms(W1 = 0.1, W2 = 0.1)`")
    return {f"mu_{name}": np.array(_norms(machine.params[name], _axes(machine, choice, name)).mean()) for name in strengths}


def follow(machine: Machine, choice: Choice, gradient: dict[str, Array], state: dict[str, Array], rate: float) -> None:
    """g_W ← g_W − 2 α (‖w_j‖ − μ) w_j / ‖w_j‖, and a step of every μ against ∂P/∂μ."""
    strengths, slopes = _strengths(choice), {}
    for name, strength in strengths.items():
        w, axes, mu = machine.params[name], _axes(machine, choice, name), float(state[f"mu_{name}"])
        norm = _norms(w, axes)
        pull = 2 * strength * (norm - mu) / np.maximum(norm, 1e-12)
        gradient[name] -= pull.astype(w.dtype) * w
        slopes[name] = -2 * strength * float((norm - mu).sum())
    for a, b in neighbours(machine, tuple(strengths)):
        apart = 2 * float(choice["coupling"]) * float(state[f"mu_{a}"] - state[f"mu_{b}"])
        slopes[a] += apart
        slopes[b] -= apart
    for name, slope in slopes.items():
        state[f"mu_{name}"] -= rate * float(choice["damping"]) * slope


def value(machine: Machine, choice: Choice, state: dict[str, Array]) -> float:
    """P at the present weights and mean norms."""
    strengths = _strengths(choice)
    total = sum(a * float(((_norms(machine.params[n], _axes(machine, choice, n)) - state[f"mu_{n}"]) ** 2).sum()) for n, a in strengths.items())
    pairs = neighbours(machine, tuple(strengths))
    return total + float(choice["coupling"]) * sum(float((state[f"mu_{a}"] - state[f"mu_{b}"]) ** 2) for a, b in pairs)


def neighbours(machine: Machine, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Pairs of these parameters whose couplings share a layer."""
    groups = {n: set(found[0].groups) for n in names if (found := _found(machine, n)) is not None}
    return [(a, b) for k, a in enumerate(names) for b in names[k + 1 :] if groups[a] & groups[b]]


def _strengths(choice: Choice) -> dict[str, float]:
    own = {o.name for o in WORD.options}
    return {n: float(x) for n, x in choice.options if n not in own}


def _found(machine: Machine, name: str) -> tuple[Coupling, str] | None:
    """The coupling that is this parameter, and which of its two groups lies further from the visible units."""
    depth = depths(machine.model)
    for term in machine.model.terms:
        coupling = coupling_of(term)
        if coupling is not None and coupling.parameter == name:
            return coupling, max(coupling.groups, key=lambda g: depth.get(g, len(depth)))
    return None


def _axes(machine: Machine, choice: Choice, name: str) -> tuple[int, ...]:
    """The parameter's axes that one unit's weight vector runs over."""
    found = _found(machine, name)
    if found is None:
        raise fail("BM765", f"`{name}` is no weight for each pair of units of two layers", choice.span, help="name weights as `W[i,j]` in `W[i,j] v[i] h[j]`")
    both, left, right = found[0].letters
    unit = left if found[1] == found[0].groups[0] else right
    return tuple(k for k, letter in enumerate(both) if letter not in unit)


def _norms(w: Array, axes: tuple[int, ...]) -> Array:
    return np.sqrt((w.astype(np.float64) ** 2).sum(axis=axes, keepdims=True))

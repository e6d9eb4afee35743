"""Weight vectors of equal norms, in each layer and, less strictly, in neighbouring ones
(Desjardins, Courville & Bengio 2012, On training deep
Boltzmann machines, eq. 15).

    P = Σ_l α_l Σ_j (‖W_l,·j‖ − μ_l)² + γ Σ_(l, l+1) (μ_l − μ_(l+1))²

is taken off the mean log-likelihood. W_l,·j holds the weights of unit j from the layer below. The
mean norms μ_l are learnt too, at `damping` times the learning rate. Without the penalty many units
of a deep machine's first layer stay near their start, with nearly no weight.
"""

from __future__ import annotations

import numpy as np

from ...interactions.tensor import axes_constant
from ...language.diagnostics import fail
from ...language.model import Choice, Model
from ...language.structure import LayerWeights, layer_weights
from ...language.vocabulary import Option, Word
from ...schedule.builder import Builder, Gradient, Phase
from ...schedule.group_arrays import product_of
from ...schedule.values import Content, Folded, Value
from ..composing import Composer
from ..machine_protocol import Array, Machine

WORD = Word(
    "equal_norms",
    (Option("coupling", "number", 1.0, low=0), Option("damping", "number", 1e-3, low=0)),
    summary=(
        "weight vectors of a layer, and of neighbouring layers, of equal norms: equal_norms(W1 ="
        " 0.1, W2 = 0.1)"
    ),
    open_keys=True,
)


def start(machine: Machine, choice: Choice) -> dict[str, Array]:
    """μ of every named parameter, at its vectors' mean norm.

    BmError BM764 where none is named, BM765 where one is no coupling of two layers.
    """
    strengths = _strengths(choice)
    if not strengths:
        raise fail(
            "BM764",
            "`equal_norms` names no weights",
            choice.span,
            help="for instance `equal_norms(W1 = 0.1, W2 = 0.1)`",
        )
    layers = _layers(machine, choice)
    return {
        f"mu_{name}": np.array(_norms(machine.params[name], layers[name].axes).mean())
        for name in strengths
    }


def follow(
    machine: Machine,
    choice: Choice,
    gradient: dict[str, Array],
    state: dict[str, Array],
    rate: float,
) -> None:
    """g_W ← g_W − 2 α (‖w_j‖ − μ) w_j / ‖w_j‖, and a step of every μ against ∂P/∂μ."""
    layers, slopes = _layers(machine, choice), {}
    for name, strength in _strengths(choice).items():
        w, mu = machine.params[name], float(state[f"mu_{name}"])
        norm = _norms(w, layers[name].axes)
        pull = 2 * strength * (norm - mu) / np.maximum(norm, 1e-12)
        gradient[name] -= pull.astype(w.dtype) * w
        slopes[name] = -2 * strength * float((norm - mu).sum())
    for a, b in _neighbours(layers):
        apart = 2 * float(choice["coupling"]) * float(state[f"mu_{a}"] - state[f"mu_{b}"])
        slopes[a] += apart
        slopes[b] -= apart
    for name, slope in slopes.items():
        state[f"mu_{name}"] -= rate * float(choice["damping"]) * slope


def value(machine: Machine, choice: Choice, state: dict[str, Array]) -> float:
    """P at the present weights and mean norms."""
    layers = _layers(machine, choice)
    apart = {n: _norms(machine.params[n], x.axes) - state[f"mu_{n}"] for n, x in layers.items()}
    total = sum(
        strength * float((apart[n] ** 2).sum()) for n, strength in _strengths(choice).items()
    )
    return total + float(choice["coupling"]) * sum(
        float((state[f"mu_{a}"] - state[f"mu_{b}"]) ** 2) for a, b in _neighbours(layers)
    )


def _strengths(choice: Choice) -> dict[str, float]:
    own = {o.name for o in WORD.options}
    return {n: float(x) for n, x in choice.options if n not in own}


def _layers(machine: Machine, choice: Choice) -> dict[str, LayerWeights]:
    """The named parameters; BmError BM765 where one is no coupling of two layers."""
    return _layers_of(machine.model, choice)


def _layers_of(model: Model, choice: Choice) -> dict[str, LayerWeights]:
    known = layer_weights(model)
    for name in _strengths(choice):
        if name not in known:
            raise fail(
                "BM765",
                f"`{name}` is no weight for each pair of units of two layers",
                choice.span,
                help="name weights as `W[i,j]` in `W[i,j] v[i] h[j]`",
            )
    return {name: known[name] for name in _strengths(choice)}


def _neighbours(layers: dict[str, LayerWeights]) -> list[tuple[str, str]]:
    """Pairs of these parameters whose couplings share a layer."""
    names = list(layers)
    return [
        (a, b)
        for k, a in enumerate(names)
        for b in names[k + 1 :]
        if set(layers[a].groups) & set(layers[b].groups)
    ]


def _norms(w: Array, axes: tuple[int, ...]) -> Array:
    return np.sqrt(np.square(w, dtype=np.float64).sum(axis=axes, keepdims=True))


def compose(c: Composer, choice: Choice, gradient: Gradient, positive: Phase, place: int) -> None:
    """The norms' pull on the weights, and a step of every μ at the schedule's rate."""
    b, layers = c.b, _layers_of(c.b.plan.model, choice)
    mu: dict[str, Value] = {}
    slopes: dict[str, Value] = {}
    for name, strength in _strengths(choice).items():
        key = ("penalty", f"{place}/mu_{name}")
        mu[name] = c.word(f"mu_{name}", (1,), number="f8", key=key)
        slopes[name] = b.shared(f"slope_mu_{name}", Content.SLOT, (1,), "f8")
        _pull(b, layers[name], gradient[name], mu[name], strength, slopes[name])
    for one, other in _neighbours(layers):
        b.do(
            "draw_together",
            mu[one],
            mu[other],
            float(choice["coupling"]),
            slopes[one],
            slopes[other],
        )
    rate = b.number("rate", per_update=True)
    for name, slope in slopes.items():
        b.do("step_norm", slope, rate, float(choice["damping"]), mu[name])


def _pull(
    b: Builder, layer: LayerWeights, g: Value, mu: Value, strength: float, slope: Value
) -> None:
    """The op that pulls the weight vectors: columns or rows of a matrix, which the parameter is
    turned to if its axes lie otherwise.
    """
    name = layer.parameter
    shape = b.plan.model.parameter(name).shape
    every = tuple(range(len(shape)))
    rest = tuple(k for k in every if k not in layer.axes)
    matrix = product_of(shape[k] for k in layer.axes), product_of(shape[k] for k in rest)
    if (*layer.axes, *rest) == every:
        w, into = b.reshaped(b.params[name], matrix), b.reshaped(g, matrix)
        b.do("pull_columns", w, mu, strength, into, slope)
        return
    if (*rest, *layer.axes) == every:
        w, into = b.reshaped(b.params[name], matrix[::-1]), b.reshaped(g, matrix[::-1])
        b.do("pull_rows", w, mu, strength, into, slope)
        return
    have, want = (tuple(f"{name}{k}" for k in x) for x in (every, (*layer.axes, *rest)))
    lengths = dict(zip(have, shape, strict=True))
    turned = b.shared(f"turned_{name}", Content.MATRIX, matrix)
    pull = b.shared(f"pull_on_{name}", Content.SLOT, matrix)
    b.do("permute", Folded(b.params[name]), axes_constant(b, have, want, lengths), Folded(turned))
    b.do("clear", pull)
    b.do("pull_columns", turned, mu, strength, pull, slope)
    b.do("add_permuted", Folded(pull), axes_constant(b, want, have, lengths), 1.0, Folded(g))

"""A machine's way up, v → h1 → h2 → …, as a feed-forward network, to be fine-tuned elsewhere
(Hinton & Salakhutdinov 2006; Salakhutdinov & Hinton 2009).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import fail
from ..language.structure import bias_of, coupling_of, depths

if TYPE_CHECKING:
    from ..inference.machine import Machine


@dataclass(frozen=True)
class Layer:
    """activation(weight x + bias): weight [out, in], bias [out]."""

    weight: np.ndarray
    bias: np.ndarray
    activation: str


@dataclass(frozen=True)
class Network:
    """Layers from the visible units up."""

    name: str
    layers: tuple[Layer, ...]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The last layer's output: [cases, size]."""
        for layer in self.layers:
            eta = x @ layer.weight.T + layer.bias
            x = ACTIVATIONS[layer.activation](eta)
        return x


def _softmax(eta: np.ndarray) -> np.ndarray:
    e = np.exp(eta - eta.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda eta: 0.5 * (1 + np.tanh(0.5 * eta)),
    "tanh": np.tanh,
    "softplus": lambda eta: np.logaddexp(0, eta),
    "softmax": _softmax,
    "identity": lambda eta: eta,
}


def network(machine: Machine) -> Network:
    """E[h1 | v] and so on up.

    In a deep machine a layer below another counts its weights twice, for the missing fields from
    above.

    BmError BM933 where layers are not coupled one to the next by one weight for a pair of units, or
    a type's mean is no common activation.
    """
    model = machine.model
    depth = depths(model)
    top = max(depth.values())
    layers = []
    for k in range(1, top + 1):
        groups = [g.name for g in model.groups if depth.get(g.name) == k]
        below = [g.name for g in model.groups if depth.get(g.name) == k - 1]
        if len(groups) != 1 or len(below) != 1 or machine.program.meets(groups[0]):
            raise fail(
                "BM933",
                f"layer {k} of `{model.name}` is no single group of independent units over one"
                " other",
                help="export a machine of plain layers",
            )
        name, unit = groups[0], machine.program.plan.group(groups[0]).unit
        if unit.activation is None or (
            unit.activation == "softmax" and not machine.program.plan.is_one_unit(name)
        ):
            raise fail(
                "BM933",
                f"the mean of `{name}`, of type `{unit.name}`, is no activation that networks have",
            )
        terms = [t for t in model.terms if {u.group for u in t.units} == {name, below[0]}]
        found = coupling_of(model, terms[0]) if len(terms) == 1 else None
        if found is None or found.parameter not in (
            c.direct for c in machine.program.plan.couplings
        ):
            raise fail(
                "BM933",
                f"`{below[0]}` and `{name}` are not coupled by one weight for each pair of units",
            )
        c = next(c for c in machine.program.plan.couplings if c.direct == found.parameter)
        w = c.scale * np.asarray(machine.params[found.parameter], np.float64).reshape(
            machine.program.sizes[c.a], machine.program.sizes[c.b]
        )
        bias = bias_of(model, name)
        b = (
            np.zeros(machine.program.sizes[name])
            if bias is None
            else bias.scale * np.asarray(machine.params[bias.parameter], np.float64).ravel()
        )
        layers.append(
            Layer((2.0 if k < top else 1.0) * (w.T if c.b == name else w), b, unit.activation)
        )
    if not layers:
        raise fail("BM933", f"`{model.name}` has no hidden units")
    return Network(model.name, tuple(layers))

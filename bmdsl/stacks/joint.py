"""The layers of a stack trained together: their contrastive free energies are summed, and gradients
flow down through the means that feed the layers
above (Differentiable multinary RBMs, section 4). To the training loop it is one machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chunks import by_chunks
from ..inference import contrastive
from ..language.diagnostics import fail
from ..language.model import Model

if TYPE_CHECKING:
    from ..inference.machine import Machine
    from ..language.source import Span

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Trained:
    """A layer with its machine; `group` of the layer `below` feeds it."""

    name: str
    below: str | None
    group: str | None
    machine: Machine


class JointMachine:
    """Layers as one machine: parameters are the layers' own arrays, named `LAYER.PARAMETER`; data
    are the first layer's.
    """

    def __init__(self, name: str, layers: Sequence[Trained]) -> None:
        self.layers = tuple(layers)
        first = self.layers[0].machine
        self.seed, self.dtype, self.stepped = first.seed, first.dtype, False
        self.params: Arrays = {
            f"{x.name}.{n}": array for x in self.layers for n, array in x.machine.params.items()
        }
        parameters = tuple(
            replace(p, name=f"{x.name}.{p.name}")
            for x in self.layers
            for p in x.machine.model.parameters
        )
        self.model = Model(
            name, (), tuple(g for g in first.model.groups if g.role != "hidden"), parameters, ()
        )

    @property
    def reconstructs(self) -> bool:
        """Every layer has means."""
        return True

    def frozen(self) -> AbstractContextManager[None]:
        """Inside, no layer's parameters must change."""
        return all_frozen(self.layers)

    @contextmanager
    def tempered(self, temperature: Mapping[str, float]) -> Iterator[None]:
        """No unit of a stack has a temperature where all layers are trained at once."""
        yield

    def verify_contrastive(self, span: Span | None, slopes: bool, based: bool = True) -> None:
        """BmError BM768 or BM769 where a layer cannot be trained so; every layer but a lone one
        needs slopes.
        """
        for layer in self.layers:
            contrastive.verify(layer.machine, span, slopes or len(self.layers) > 1, based)

    def contrastive_free_energy(
        self,
        data: Mapping[str, np.ndarray],
        weights: np.ndarray,
        out: Arrays,
        scale: float,
        through: bool,
        told: bool,
        based: bool = True,
    ) -> float | None:
        """Σ over layers and cases of w (F(v′) − F(v)) in nats where it is to be `told`; out[θ] +=
        scale · its derivative, through what feeds each layer.
        """
        made: dict[str, contrastive.Pass] = {}
        w = np.asarray(weights, self.dtype)
        with self.frozen():
            for layer in self.layers:
                machine = layer.machine
                if layer.below is None:
                    seen = {n: machine.program.flat(n, np.asarray(x)) for n, x in data.items()}
                else:
                    seen = {machine.visible[0]: made[layer.below].means[str(layer.group)]}
                made[layer.name] = contrastive.Pass.of(machine, seen, based)
            asked: dict[str, Arrays] = {x.name: {} for x in self.layers}
            for layer in reversed(self.layers):
                own = {n: out[f"{layer.name}.{n}"] for n in layer.machine.params}
                down = made[layer.name].pull(
                    w, own, scale, asked[layer.name], through, layer.below is not None
                )
                if layer.below is not None:
                    group = str(layer.group)
                    slope = down[layer.machine.visible[0]]
                    asked[layer.below][group] = asked[layer.below].get(group, 0) + slope
            return float(sum(w @ p.value for p in made.values())) if told else None

    def reconstruct(self, data: Any) -> np.ndarray:
        """Up through the first chain of layers and down again, by means: [cases, *axes] of the
        first visible group.
        """
        return reconstruct(self.layers, data)


@contextmanager
def all_frozen(layers: Sequence[Trained]) -> Iterator[None]:
    """Inside, no layer's parameters must change."""
    with ExitStack() as held:
        for layer in layers:
            held.enter_context(layer.machine.frozen())
        yield


def hidden_means(machine: Machine, data: Mapping[str, np.ndarray], group: str) -> np.ndarray:
    """E[group | v] of every case, [cases, *axes], in single precision."""
    with machine.frozen():
        return by_chunks(
            lambda part: machine.posterior(**part)[group].astype(np.float32, copy=False),
            data,
            max(machine.program.sizes.values()),
        )


def up(layers: Sequence[Trained], data: Any) -> dict[str, Arrays]:
    """What every layer sees: layer → group → [cases, *axes]; data first, then hidden means from
    below.
    """
    first = layers[0].machine
    out: dict[str, Arrays] = {
        layers[0].name: (
            dict(data) if isinstance(data, Mapping) else {first.visible[0]: np.asarray(data)}
        )
    }
    first.seen(out[layers[0].name])
    of = {x.name: x.machine for x in layers}
    for layer in layers[1:]:
        out[layer.name] = {
            layer.machine.visible[0]: hidden_means(
                of[str(layer.below)], out[str(layer.below)], str(layer.group)
            )
        }
    return out


def chain(layers: Sequence[Trained]) -> list[Trained]:
    """The last layer and those that feed it, the first one first."""
    of = {x.name: x for x in layers}
    found = [layers[-1]]
    while found[0].below is not None:
        found.insert(0, of[found[0].below])
    return found


def down(layers: Sequence[Trained], top: np.ndarray) -> np.ndarray:
    """From values of the last layer's visible group to the first layer's visible means: each
    layer's hidden group takes what is above as it is.
    """
    path = chain(layers)
    for layer, above in zip(path[-2::-1], path[:0:-1], strict=True):
        hidden = layer.machine.hidden
        if len(hidden) > 1:
            raise fail(
                "BM864",
                f"`{layer.name}` has hidden groups besides `{above.group}`, which no layer above"
                " gives values to",
            )
        top = np.asarray(layer.machine.conditional(layer.machine.visible[0], **{hidden[0]: top}))
    return top


def reconstruct(layers: Sequence[Trained], data: Any) -> np.ndarray:
    """Data taken up to the last layer's hidden means and down to the first layer's visible ones:
    [cases, *axes].
    """
    path = chain(layers)
    seen = up(path, data)[path[-1].name]
    return down(path, np.asarray(path[-1].machine.reconstruct(seen)))

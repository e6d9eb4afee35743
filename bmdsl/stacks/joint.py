"""The layers of a stack trained together: their contrastive free energies are summed, and gradients
flow down through the means that feed the layers
above (Differentiable multinary RBMs, section 4). To the training loop it is one machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import driver
from ..chunks import by_chunks
from ..inference import contrastive
from ..language.diagnostics import fail
from ..language.model import StackPart
from .joined import joined

if TYPE_CHECKING:
    from ..inference.machine import Machine
    from ..language.source import Span
    from ..runtime.program import Program
    from ..schedule.routines.contrastive import LayerGroups

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Trained:
    """A layer with its machine; `group` of the layer `below` feeds it."""

    name: str
    below: str | None
    group: str | None
    machine: Machine


class JointMachine:
    """Layers as one machine: parameters are the layers' own arrays; data are the first layer's."""

    def __init__(self, name: str, layers: Sequence[Trained]) -> None:
        self.layers = tuple(layers)
        first = self.layers[0].machine
        self.seed, self.dtype, self.stepped = first.seed, first.dtype, False
        self.takes_means = first.takes_means
        self._joined = joined(
            name, [StackPart(x.name, x.machine.model, x.below, x.group) for x in self.layers]
        )
        self.model = self._joined.model
        self.params: Arrays = {
            names[n]: array
            for x, names in zip(self.layers, self._joined.names, strict=True)
            for n, array in x.machine.params.items()
        }

    @property
    def layer_groups(self) -> tuple[LayerGroups, ...]:
        """The groups of each layer in the joint model, and what feeds them."""
        return self._joined.layers

    @cached_property
    def program(self) -> Program:
        """The joint model's plan bound to sizes."""
        plain = self.layers[0].machine.program.plain
        return driver.program_of(self.model, str(self.dtype), not plain)

    @property
    def reconstructed(self) -> tuple[str, ...]:
        """The visible groups that means are taken down to: none unless a layer above gives values
        to every hidden group of the layers on the way.
        """
        path = chain(self.layers)
        fed = all(len(x.machine.hidden) == 1 for x in path[:-1])
        return path[0].machine.reconstructed if fed else ()

    @property
    def watched_groups(self) -> frozenset[str]:
        """The groups of units without bounds of layers that some parameters leave without a
        distribution.
        """
        pairs = zip(self.layers, self._joined.names, strict=True)
        return frozenset(names[n] for x, names in pairs for n in x.machine.watched_groups)

    def settle(self) -> None:
        """Looks at symmetric parameters, unless a training step has just left them."""
        for layer in self.layers:
            layer.machine.stepped = self.stepped
            layer.machine.settle()
        self.stepped = False

    def held_fields(self) -> None:
        """Verifies that every layer has a distribution.

        Raises BM813 if one has none.
        """
        for layer in self.layers:
            layer.machine.held_fields()

    def verify_distance(self, name: str, far: float) -> None:
        """Raises BM890 if units of a group went so far from 0 and no proof holds them back."""
        machine, own = self._owner(name)
        machine.verify_distance(own, far)

    def verify_square_field(self, name: str, most: float) -> None:
        """Raises BM890 if such a field on x² leaves units no precision."""
        machine, own = self._owner(name)
        machine.verify_square_field(own, most)

    def _owner(self, group: str) -> tuple[Machine, str]:
        """The machine that has a group, and what the group is called there."""
        pairs = zip(self.layers, self._joined.names, strict=True)
        return next((x.machine, n) for x, own in pairs for n in own if own[n] == group)

    def verify_contrastive(self, span: Span | None, slopes: bool, based: bool = True) -> None:
        """BmError BM768 or BM769 where a layer cannot be trained so; every layer but a lone one
        needs slopes.
        """
        for layer in self.layers:
            contrastive.verify(layer.machine, span, slopes or len(self.layers) > 1, based)

    def reconstructions(self, data: Any) -> Arrays:
        """Up through the last chain of layers and down again, by means: visible group → [cases,
        *axes].
        """
        return reconstructions(self.layers, data, self.reconstructed)


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
        if layer.below is None:  # another layer of the data
            out[layer.name] = out[layers[0].name]
            continue
        means = hidden_means(of[layer.below], out[layer.below], str(layer.group))
        out[layer.name] = {layer.machine.visible[0]: means}
    return out


def chain(layers: Sequence[Trained]) -> list[Trained]:
    """The last layer and those that feed it, the first one first."""
    of = {x.name: x for x in layers}
    found = [layers[-1]]
    while found[0].below is not None:
        found.insert(0, of[found[0].below])
    return found


def down(
    layers: Sequence[Trained],
    top: np.ndarray,
    given: Mapping[str, Arrays] = MappingProxyType({}),
) -> np.ndarray:
    """From values of the last layer's visible group to the first layer's visible means: each
    layer's hidden group takes what is above as it is.

    `given`: layer → values of its given groups.
    """
    path = chain(layers)
    if len(path) == 1:
        return top
    first = path[0].machine
    return np.asarray(first.conditional(first.visible[0], **_above(path, top, given)))


def _above(path: Sequence[Trained], top: np.ndarray, given: Mapping[str, Arrays]) -> Arrays:
    """The values that the first of several layers takes its visible means from."""
    values: Arrays = {}
    for layer, above in zip(path[-2::-1], path[:0:-1], strict=True):
        if values:
            top = np.asarray(above.machine.conditional(above.machine.visible[0], **values))
        hidden = layer.machine.hidden
        if len(hidden) > 1:
            raise fail(
                "BM864",
                f"`{layer.name}` has hidden groups besides `{above.group}`, which no layer above"
                " gives values to",
            )
        values = {hidden[0]: top, **given.get(layer.name, {})}
    return values


def reconstruct(layers: Sequence[Trained], data: Any) -> np.ndarray:
    """Data taken up to the last layer's hidden means and down to the first layer's first visible
    group: [cases, *axes].
    """
    first = chain(layers)[0].machine.visible[0]
    return reconstructions(layers, data, (first,))[first]


def reconstructions(layers: Sequence[Trained], data: Any, names: Sequence[str]) -> Arrays:
    """The same of several visible groups of the first layer: group → [cases, *axes]."""
    path = chain(layers)
    seen = up(path, data)
    first, last = path[0].machine, path[-1].machine
    if len(path) == 1:
        return last.reconstructions(seen[path[-1].name], names)
    given = {x.name: {n: seen[x.name][n] for n in x.machine.given} for x in path}
    top = np.asarray(last.reconstruct(seen[path[-1].name]))
    values = _above(path, top, given)
    return {n: np.asarray(first.conditional(n, **values)) for n in names}

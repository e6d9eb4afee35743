"""Trained layers: data go up through all of them, samples come down."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chunks import by_chunks
from ..data.preparing import Preparation
from ..language.diagnostics import fail
from ..language.model import Model as CheckedModel
from ..registry import Shown
from .joint import Arrays, Trained, all_frozen, chain, down, reconstruct, up

if TYPE_CHECKING:
    from ..inference.machine import Machine


class StackMachine(Shown):
    """Trained layers. `transform` takes data up through all of them."""

    def __init__(self, name: str, layers: tuple[Trained, ...]) -> None:
        self.name, self.layers = name, layers

    def __repr__(self) -> str:
        """`Trained stack digits: front, back`."""
        return f"Trained stack {self.name}: {', '.join(x.name for x in self.layers)}"

    def __getitem__(self, name: str) -> Machine:
        """The machine of a layer. BmError BM629 where there is none of this name."""
        known = {x.name: x.machine for x in self.layers}
        if name not in known:
            raise fail(
                "BM629",
                f"stack `{self.name}` has no layer `{name}`",
                help=f"its layers are {', '.join(known)}",
            )
        return known[name]

    @property
    def model(self) -> CheckedModel:
        """The first layer's model: data are its visible units."""
        return self.layers[0].machine.model

    @property
    def preparation(self) -> Preparation:
        """What training did to the data: that of the first layer."""
        made: Preparation = self.layers[0].machine.preparation
        return made

    def prepare(self, data: Any) -> Any:
        """New data as the first layer's units take them, as `machine.prepare`."""
        return self.preparation.prepare(data)

    def restore(self, data: Any) -> Any:
        """Values of the first layer's visible units in the data's own units, as
        `machine.restore`.
        """
        return self.preparation.restore(data)

    def states(self, data: Any) -> dict[str, Arrays]:
        """What every layer sees: layer → group → [cases, *axes]; data first, then hidden means from
        below.
        """
        return up(self.layers, data)

    def reconstruct(self, data: Any) -> np.ndarray:
        """Up to the last layer's hidden means and down again: E[v | …] of the first visible group,
        [cases, *axes].
        """
        with self.frozen():
            return by_chunks(
                lambda part: reconstruct(self.layers, part), self.states(data)[self.layers[0].name]
            )

    def sample(self, n: int, steps: int = 1000) -> np.ndarray:
        """n cases of the first visible group, [n, *axes]: `steps` Gibbs sweeps of the last layer,
        then means downwards.
        """
        last = chain(self.layers)[-1].machine
        return down(self.layers, last.conditional(last.visible[0], **last.sample(n, steps=steps)))

    def transform(self, data: Any, features: str = "means") -> np.ndarray:
        """The last layer's features of every case: [cases, features]."""
        last = self.layers[-1]
        return last.machine.transform(self.states(data)[last.name], features)

    def frozen(self) -> AbstractContextManager[None]:
        """Inside, no layer's parameters must change."""
        return all_frozen(self.layers)

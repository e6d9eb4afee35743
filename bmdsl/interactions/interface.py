"""The one interface of all kinds of term."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..schedule.builder import Builder, Gradient, Phase
from ..schedule.values import Part, Value


class Interaction(Protocol):
    """Terms of one kind between the same groups: −E = … + what they add.

    Each method composes ops. `factor` multiplies what is added, so that a gradient can be added up
    as positive − negative phase.
    """

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups whose units it couples."""

    def prepare(self, b: Builder) -> None:
        """Ops that make what the interaction needs from the parameters, once an update."""

    def add_field(
        self, b: Builder, target: str, phase: Phase, eta: Value | Part, rows: int | str
    ) -> None:
        """η += −∂E/∂(statistics of `target`), given the rows of all other groups."""

    def add_moment(self, b: Builder, phase: Phase, gradient: Gradient, factor: float) -> None:
        """gradient += factor · ⟨∂(−E)/∂θ⟩ over the phase's rows."""


class BySelector(Protocol):
    """An interaction that gives a group's fields for all states of a one-of-K unit at once.

    One whose fields depend on that unit alone has `add_states` in place of it.
    """

    def add_field_by_state(
        self, b: Builder, target: str, picked: str, phase: Phase, out: Value, rows: int | str
    ) -> None:
        """out[r, (k, p)] += −∂E/∂x of unit p of `target` at state k of `picked`."""


Interactions = Mapping[str, Interaction]

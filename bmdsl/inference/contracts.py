"""What the file of an observable and of a move must define, and what it may: modules that the
registry finds under `bmdsl.inference.observables` and `bmdsl.inference.moves`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from ..language.vocabulary import Word
    from ..runtime.tallies import ProductSum
    from .phases import Phases
    from .unit_pairs import UnitPairs

    Array = np.ndarray
    State = Mapping[str, Array]


class Observable(Protocol):
    """A number of each chain, recorded while chains run."""

    WORD: Word

    def measure(self, machine: Phases, state: State, *groups: str) -> Array:
        """[chains]; with `labels` [chains, numbers], or a row for each pair of chains.

        `state` has every group's states, [chains, size], and is only read. An observable with
        `labels` gets the names of its groups.
        """


class ObservableMay(Protocol):
    """What an observable may define besides."""

    MOST_GROUPS: int
    """How many groups may stand in the brackets behind its word; one if it is not set."""
    KIND: str
    """`energy`, or `mean` over the units of the first visible group."""

    def labels(self, machine: Phases, *groups: str) -> tuple[str, ...]:
        """The names of its numbers, if it has several."""

    def moments(self, records: Array) -> Array:
        """Numbers whose means a scan needs, of records [chains, draws, numbers]."""

    def figures(self, machine: Phases, *groups: str, mean: Array) -> Mapping[str, float]:
        """The figures that these means are of."""

    def products(self, machine: Phases) -> ProductSum | None:
        """The number as a sum of products of units: the routine that sweeps takes the records."""

    def of_sum(self, x: Array) -> Array:
        """What the observable is of that sum."""

    def pairs(self, machine: Phases, *groups: str) -> UnitPairs | None:
        """The pairs of units that its numbers are means of, to the same end."""


class Moves(Protocol):
    """What a sweep of chains does in the place of drawing every unit given all others."""

    WORD: Word

    def sweeps(
        self,
        machine: Phases,
        state: dict[str, Array],
        steps: int,
        observed: State,
        keys: tuple[int, int, int],
        beta: Array | None,
    ) -> None:
        """`steps` sweeps of every chain, in place; they leave the distribution at `beta` as it is.

        `observed` are groups of states that are held, NaN where free. `keys` are the stream, the
        update and the number of the first sweep, by which it draws. `beta` is None, [chains] or
        [steps, chains]. Raises BM779 for a model that it does not serve.
        """


CONTRACTS: Mapping[str, tuple[type, type | None]] = MappingProxyType(
    {"observables": (Observable, ObservableMay), "moves": (Moves, None)}
)
"""Folder → the protocol of its words, and that of what they may define besides."""

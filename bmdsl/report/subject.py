"""What pictures are made of: a machine with what is known of its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .affordable import affordable
from .table_columns import Associations, associations_of_machine

if TYPE_CHECKING:
    from ..inference.machine import Machine


SAMPLES = 2000
"""Drawn beside the rows of a table."""
MAX_NAMES = 300
"""Names of columns and levels up to which all pairs are looked at."""


@dataclass(frozen=True)
class Subject:
    """`images`: group → the shape its cases have as pictures; `chains`: persistent chains, flat;
    `cases`: some prepared cases, group → [n, *axes].
    """

    machine: Machine
    images: Mapping[str, Sequence[int]]
    metrics: Sequence[Mapping[str, Any]] = ()
    chains: Mapping[str, np.ndarray] = field(default_factory=dict)
    cases: Mapping[str, np.ndarray] = field(default_factory=dict)
    rows: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Prepared cases with their gaps, more than are drawn one by one; none where nobody gave any.
    """

    @cached_property
    def associations(self) -> Associations | None:
        """How pairs of a table's columns go together, beside fresh samples; None of other data, and
        of wide tables.
        """
        kept = self.machine.preparation
        code = None if kept is None else kept.code
        if code is None or sum(len(code.unit_names(n)) for n in code.groups) > MAX_NAMES:
            return None
        steps = affordable(self.machine, SAMPLES, 200)
        return associations_of_machine(self.machine, self.rows, SAMPLES, steps)

    @property
    def shown(self) -> str | None:
        """The first visible group whose cases are images."""
        return next((name for name in self.machine.visible if name in self.images), None)

    def in_data_units(self, values: np.ndarray) -> np.ndarray:
        """Values of the group that is shown, [n, *axes], in the data's own units where the run's
        transforms can be undone.
        """
        preparation = self.machine.preparation
        return (
            values
            if preparation is None or self.shown is None
            else np.asarray(preparation.outward(self.shown, values))
        )

    @property
    def title(self) -> str:
        """What pictures of this machine are headed by."""
        return str(self.machine.model.name)

"""The energy as a text has it, term by term and setting by setting of its letters, at many joint states together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ..language.model import Term
from ..schedule.interpreter import Interpreter

Array = np.ndarray


def written_energy(walker: Interpreter, terms: Iterable[Term], states: Mapping[str, Array]) -> Array:
    """Σ over terms and their letters of coefficient · Π parameters · Π units, base measures left out: [n] for states [n, *axes]."""
    total = np.zeros(len(next(iter(states.values()))))
    for term in terms:
        for at, edge in walker.settings(term):
            units = walker.factors(term, at)
            if units is None:
                continue
            value: float | Array = walker.weight(term, at, edge)
            for group, place, power in units:
                at_all: tuple[slice | int, ...] = (slice(None), *place)
                value = value * states[group][at_all] ** power
            if term.expert is not None:
                value = value * walker.expert(term.expert, at, lambda group, place: np.moveaxis(states[group], 0, -1)[place])
            total = total + value
    return total

"""P(x_i | all other visible units) of one unit with finitely many states, hidden units summed out.

P(x_i = k | rest) = exp(−F(k, rest)) / Σ_l exp(−F(l, rest)): log Z cancels, so that it is exact
wherever free energies are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..runtime.domain import support_of
from .observed_scores import minus_free_energies

if TYPE_CHECKING:
    from .machine import Machine

Array = np.ndarray


class UnitPosterior(NamedTuple):
    """Probabilities [cases, states], NaN where no free energy is known; where they come of mean
    field's bounds, [cases].
    """

    probabilities: Array
    bounded: Array


def unit_states(machine: Machine, group: str) -> Array | None:
    """The states of a group's units, [states, numbers of one unit]; None where they are not
    finitely many.
    """
    support = support_of(machine.program, group)
    return None if support is None else np.asarray(support, np.float64).reshape(len(support), -1)


def unit_posterior(
    machine: Machine, data: Mapping[str, Array], group: str, unit: int
) -> UnitPosterior:
    """P(state | rest) of one unit in prepared cases; its own values in `data` are of no account,
    other missing values (NaN) are summed out.
    """
    states = unit_states(machine, group)
    assert states is not None, "asked of units with finitely many states"
    scores, bounds = [], []
    for state in states:
        values, bound = minus_free_energies(machine, with_unit(data, group, unit, state))
        scores.append(values)
        bounds.append(bound)
    log_p = np.stack(scores, axis=1)
    log_p -= log_p.max(axis=1, keepdims=True)
    p = np.exp(log_p)
    return UnitPosterior(p / p.sum(axis=1, keepdims=True), np.any(bounds, axis=0))


def with_unit(
    data: Mapping[str, Array], group: str, unit: int, state: Array | float
) -> dict[str, Array]:
    """The cases with one unit's numbers replaced in every one of them."""
    values = np.array(data[group])
    flat = values.reshape(len(values), -1)
    flat[:, columns_of(unit, np.size(state))] = state
    return {**data, group: flat.reshape(values.shape)}


def state_numbers(data: Mapping[str, Array], group: str, unit: int, states: Array) -> Array:
    """Number of the state that the unit has in every case, as a real number: NaN where it is
    missing.
    """
    flat = np.asarray(data[group], np.float64).reshape(len(data[group]), -1)
    own = flat[:, columns_of(unit, states.shape[1])]
    apart = ((own[:, None, :] - states) ** 2).sum(2)
    missing = np.asarray(np.isnan(own).any(1))
    return np.where(missing, np.nan, np.where(missing[:, None], 0.0, apart).argmin(1))


def columns_of(unit: int, width: int) -> slice:
    """The numbers of a unit among those of its group."""
    return slice(unit * width, (unit + 1) * width)

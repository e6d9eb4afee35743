"""The arrays that a routine of updates is bound to: the recipe's own parameters, chains and slots,
and the shares of them that are a rank's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..emit.routine import is_cut
from ..inference.enumeration import joint_states
from ..ranks.interface import Alone, Ranks, share
from ..runtime.binding import bound_array, dtype_of, length_numbers
from ..runtime.routines import Routine
from ..schedule.values import Value, full_length, is_spread, length
from .composing import Composed
from .machine_protocol import Array, Compilable
from .recipe import Recipe


@dataclass
class UpdateArrays:
    """A routine of updates, bound to a recipe's own arrays."""

    recipe: Recipe
    machine: Compilable
    composed: Composed
    routine: Routine
    batch: int
    """The most cases that this rank has of a minibatch."""
    arrays: dict[str, Array]
    all_of_batch: int = 0
    """The most cases of a minibatch, those of all ranks."""
    counts: dict[str, int] = field(default_factory=lambda: {"followed": 0, "usage": 0})
    """Updates since sums were last taken away, by their kind."""
    ranks: Ranks = field(default_factory=Alone)

    def _array(self, v: Value, followed: Mapping[str, Array]) -> Array:
        recipe, program = self.recipe, self.machine.program
        shape = tuple(length(n, self.batch) for n in v.shape)
        if not self.ranks.alone and v.source[:1] == ("even weights",):
            every = full_length(v.shape[0], self.all_of_batch)
            return np.full(shape, 1 / every, dtype_of(v, program))
        found = bound_array(
            v, shape, program, self.machine.params, self.composed.constants, self.arrays
        )
        if found is not None:
            return found
        kind, name = (*v.source, "", "")[:2]
        gradients = recipe.buffers
        given: Callable[[], Array] | None = {
            "gradient": lambda: gradients[name].reshape(shape),
            "raw gradient": lambda: gradients[name],
            "gradients": lambda: recipe.gradients,
            "ranks": lambda: self.ranks.call(),
            "chain": lambda: self._own(recipe.chains[name], v).reshape(shape),
            "optimizer": lambda: recipe.optimizer_state[name].reshape(shape),
            "penalty": lambda: recipe.penalty_state[name].reshape(shape),
            "offset": lambda: self._offset(name, shape),
            "offsets begun": lambda: np.array(
                [int(bool(recipe.centring and recipe.centring.offsets))]
            ),
            "joint states": lambda: self._joint_states(v, shape[0]),
            "places": lambda: followed[name],
        }.get(kind)
        return np.zeros(shape, dtype_of(v, program)) if given is None else given()

    def _own(self, x: Array, v: Value) -> Array:
        """The rows of an array of chains that are this rank's, in place; all of it if ranks have
        each all.
        """
        if not v.shape or not is_spread(v.shape[0]):
            return x
        first, last = self._bounds(v.shape[0])
        return x[first:last]

    def _bounds(self, axis: int | str) -> tuple[int, int]:
        """First and past-the-last of the rows of this axis that are this rank's."""
        every = full_length(axis, self.all_of_batch)
        many = length(axis, self.batch)
        counts = share(int(str(axis).split()[3]), self.ranks.rank, self.ranks.size)
        step = every // int(str(axis).split()[3])
        assert (counts[1] - counts[0]) * step == many
        return counts[0] * step, counts[1] * step

    def _joint_states(self, v: Value, rows: int) -> Array:
        """A group's states in all joint states of the groups that are enumerated, again
        and again.
        """
        name, *chosen = v.source[1:]
        parts = [x[name] for x in joint_states(self.machine.program, tuple(chosen))]
        states = np.concatenate(parts)
        return np.ascontiguousarray(np.tile(states, (rows // len(states), 1)))

    def _offset(self, name: str, shape: tuple[int, ...]) -> Array:
        centring = self.recipe.centring
        assert centring is not None
        known = centring.offsets.get(name)
        return np.zeros(shape) if known is None else known.reshape(shape)

    def _own_columns(self, x: Array, v: Value) -> Array:
        """Of numbers for every chain, [updates, ..., chains], those of this rank's."""
        if not is_spread(v.shape[-1]):
            return x
        first, last = self._bounds(v.shape[-1])
        return np.ascontiguousarray(x[..., first:last])

    def gather_chains(self) -> None:
        """Gives every rank the chains of all, in place, as checkpoints and monitors want them."""
        for v in self.composed.schedule.values:
            if v.source[:1] == ("chain",) and v.shape and is_spread(v.shape[0]):
                whole = self.recipe.chains[v.source[1]]
                whole[...] = self.ranks.gathered(self._own(whole, v)).reshape(whole.shape)

    def _by_update(self, x: Array, count: int) -> Array:
        """What the cases of all updates have, [cases, ...], an axis of updates before it if they
        are all of one size.
        """
        return x if self.routine.ragged else x.reshape(count, self.batch, *x.shape[1:])

    @cached_property
    def _arguments(self) -> dict[str, Array]:
        """The arrays by the names of the routine's arguments."""
        cut = (
            {v.name for v in self.composed.schedule.values if is_cut(v)}
            if self.routine.ragged
            else set()
        )
        return {f"{n}_all" if n in cut else n: x for n, x in self.arrays.items()}

    @cached_property
    def _sums(self) -> list[str]:
        """The parameters whose steps leave sums."""
        return [v.source[1] for v in self.per_update if v.source[:1] == ("sums",)]

    @cached_property
    def per_update(self) -> tuple[Value, ...]:
        """Arguments that have an entry for every update."""
        return tuple(v for v in self.composed.schedule.values if v.per_update)

    @cached_property
    def _lengths(self) -> dict[str, int]:
        """Arguments that are lengths of the model."""
        return length_numbers(self.machine.program, self.composed.lengths)

    def _show_offsets(self) -> None:
        """Lets checkpoints see the offsets, which exist from the first update on."""
        for v in self.composed.schedule.values:
            kind, name = (*v.source, "", "")[:2]
            if kind == "offset" and self.recipe.centring is not None:
                axes = tuple(int(a) for a in self.machine.model.group(name).axes)
                self.recipe.centring.offsets[name] = self.arrays[v.name].reshape(axes)

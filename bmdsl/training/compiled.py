"""A recipe whose updates run as one compiled routine, many in a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..inference.chain_arrays import is_large_lattice
from ..language.diagnostics import BmError
from ..language.model import Choice
from ..plan.identifiers import identifier
from ..ranks.interface import share
from ..ranks.world import world
from ..runtime.domain import precisions
from ..runtime.routines import compiled_routine, plain_routine
from .cases import Cases
from .composing import Facts, spread_schedule_of
from .last_phases import phases_of_last
from .machine_protocol import Array, Compilable
from .recipe import Recipe
from .split import Split
from .streamed_cases import StreamedCases
from .update_sums import UpdateSums

Figures = dict[str, Array]
"""Name → a number of every update, NaN of those that tell none."""
STAGED = 1 << 25
"""Bytes of minibatches that are laid out for one call at most."""


@dataclass
class CompiledUpdates(UpdateSums):
    """The routine of a recipe, bound to the recipe's own arrays: parameters, chains, slots."""

    _last: Array | None = None
    """The cases of the last update."""

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        machine: Compilable,
        cases: Cases | StreamedCases,
        batch: int,
        followed: Mapping[str, Array],
    ) -> CompiledUpdates:
        """The routine, compiled. Raises NotScheduled if the recipe holds what no op carries out.

        `followed`: parameter → places of its gradient that the monitors follow.
        """
        program, ranks = machine.program, world()
        even = bool((cases.weights == cases.weights[0]).all())
        facts = Facts(
            recipe.positive or Choice("exact"),
            even,
            cases.groups_missing(),
            machine.takes_means,
            precisions(program.plan),
            {n: len(x) for n, x in followed.items()},
            batch,
            watched=machine.watched_groups,
            layers=machine.layer_groups,
            ranks=None if ranks.alone else (ranks.rank, ranks.size),
            cells=is_large_lattice(program),
        )
        composed = spread_schedule_of(
            program.plan, recipe.training, recipe.modules, recipe.penalties, facts
        )
        facts_of_routine = (
            composed.schedule,
            program.module,
            program.dtype,
            len(cases) % batch != 0 or batch % ranks.size != 0,
        )
        routine = plain_routine(*facts_of_routine)
        most = -(-batch // ranks.size)
        made = cls(recipe, machine, composed, routine, most, {}, all_of_batch=batch, ranks=ranks)
        for v in composed.schedule.values:
            if not v.per_update:
                made.arrays[v.name] = made._array(v, followed)
        if not program.plain:
            data = max((prod(x.shape[1:]) for x in cases.data.values()), default=0) * most
            largest = max([data, *(x.size for x in made.arrays.values())])
            made.routine = compiled_routine(*facts_of_routine, largest)
        return made

    @property
    def can_fail(self) -> bool:
        """Whether parameters may leave the model without a distribution: they are verified before
        every update then.
        """
        return bool(self.machine.watched_groups)

    def _watch(self, watched: Mapping[tuple[str, str], Array]) -> None:
        """Raises BM890 if units that no proof holds back ran off, or a field left them no
        precision.
        """
        for (kind, name), x in watched.items():
            if kind == "far":
                self.machine.verify_distance(name, float(x.max()))
            else:
                self.machine.verify_square_field(name, float(x.max()))

    def most(self) -> int:
        """Updates of one call: as many as have minibatches of STAGED bytes, and one if parameters
        are verified in between.
        """
        if self.can_fail:
            return 1
        numbers = sum(
            -(-self.all_of_batch // self.ranks.size) * int(v.shape[1])
            for v in self.composed.schedule.values
            if v.source[:1] == ("data",)
        )
        return max(1, STAGED // max(1, numbers * self.machine.program.dtype.itemsize))

    def run(self, cases: Cases | StreamedCases, rows: Array, first: int, sizes: Array) -> Figures:
        """Updates `first`, ..., the next sizes[t] of the cases `rows` each, in place; the figures
        of every update.

        Raises FloatingPointError if a gradient or parameter is not finite, with the number of the
        update as its second argument.
        """
        recipe, program, count = self.recipe, self.machine.program, len(sizes)
        rates = float(recipe.training.optimizer["rate"]) * recipe.factors(first, count)
        split = Split.of(sizes, self.ranks)
        cases.bring(rows)
        whole, rows = rows, rows[split.rows]
        numbers: dict[str, Any] = {
            "seed": self.machine.seed,
            "each": 1 / self.batch if self.ranks.alone else 1 / sizes.astype(program.dtype),
            **self._of_ranks(split),
            "rate": rates.astype(program.dtype),
            **self._lengths,
            **self._temperatures(first, count),
        }
        if "told" in dict(self.composed.schedule.numbers):
            numbers["told"] = self._told(cases, first, sizes)
        arrays = dict(self._arguments)
        if self.routine.ragged:
            arrays["starts"] = split.starts
        told: dict[str, Array] = {}
        watched: dict[tuple[str, str], Array] = {}
        sums = np.zeros((len(self._sums), count, 2))
        for v in self.per_update:
            kind, name = (*v.source, "", "")[:2]
            if kind == "data":
                taken = np.ascontiguousarray(cases.data[name][rows], program.dtype)
                made = taken.reshape(len(rows), prod(taken.shape[1:]))
                made = self._by_update(made, count)
            elif kind in ("far", "most"):
                watched[kind, name] = made = np.zeros((count, 1))
            elif kind == "figure":
                told[name] = made = np.full((count, 1), np.nan)
            elif kind == "sums":
                made = sums[self._sums.index(name)]
            elif kind == "uniforms":
                negative, choice = recipe.modules["negative"], recipe.training.negative
                drawn = (
                    negative.uniforms(self.machine.seed, choice, first + t) for t in range(count)
                )
                made = self._own_columns(np.stack(list(drawn)), v)
            else:
                weights, numbers["share"] = self._weights(cases, whole, split.all_starts)
                made = self._by_update(weights[split.rows], count)
            arrays[f"{v.name}_of"] = made
        self._carry_out(first, first + count, numbers, arrays, watched)
        if self._last is None:
            self._show_offsets()
        self._last = whole[split.all_starts[-2] :]
        self.counts = {kind: n + count for kind, n in self.counts.items()}
        self._verify_finite(sums, first)
        for name in sorted(self.composed.own_figures):
            kind, of = (*self.composed.schedule.value(name).source, "", "")[:2]
            if kind == "figure":
                told[of][...] = np.max(self.ranks.all(told[of]), axis=0)
        norm = np.sqrt(sums[:, :, 0].sum(0)) if len(sums) else np.zeros(count)
        return {"gradient_norm": norm, "rate": rates, **{n: x[:, 0] for n, x in told.items()}}

    def _carry_out(
        self,
        first: int,
        last: int,
        numbers: Mapping[str, Any],
        arrays: Mapping[str, Array],
        watched: Mapping[tuple[str, str], Array],
    ) -> None:
        """Runs the routine.

        Parameters that may leave no distribution are verified before; if units ran off, they are
        put back.
        """
        if not self.can_fail:
            self.machine.settle()
            with self.ranks.computing():
                self.routine(first, last, numbers, arrays)
            self.machine.stepped = True
            return
        self.machine.held_fields()  # settles the parameters and verifies them
        before = {n: x.copy() for n, x in self.machine.params.items()}
        with self.ranks.computing():
            self.routine(first, last, numbers, arrays)
        self.machine.stepped = True
        if not self.ranks.alone:
            watched = {key: np.max(self.ranks.all(x), axis=0) for key, x in watched.items()}
        try:
            self._watch(watched)
        except BmError:
            for name, x in before.items():
                self.machine.params[name][...] = x
            raise

    def _of_ranks(self, split: Split) -> dict[str, Any]:
        """Numbers that only a schedule of one rank of several has."""
        if self.ranks.alone:
            return {}
        out: dict[str, Any] = {"first_case": split.first, "leads": float(self.ranks.leads)}
        for name, _ in self.composed.schedule.numbers:
            if name.startswith("first_of_"):
                count = int(name.removeprefix("first_of_").removesuffix("_chains"))
                out[name] = share(count, self.ranks.rank, self.ranks.size)[0]
        return out

    def _weights(
        self, cases: Cases | StreamedCases, rows: Array, starts: Array
    ) -> tuple[Array, Array]:
        """The cases' weights, of sum 1 in every minibatch, and its share: its mean weight over that
        of all cases.
        """
        w, sizes = cases.weights[rows], np.diff(starts)
        total = np.add.reduceat(w, starts[:-1])
        safe = np.where(total > 0, total, 1)
        normal = np.where(
            np.repeat(total > 0, sizes), w / np.repeat(safe, sizes), 1 / np.repeat(sizes, sizes)
        )
        share = total / sizes / float(cases.weights.mean())
        dtype = self.machine.program.dtype
        return normal.astype(dtype), share.astype(dtype)

    def _told(self, cases: Cases | StreamedCases, first: int, sizes: Array) -> Array:
        """Whether each of these updates works out the objective's value."""
        numbers = sum(prod(x.shape[1:]) for x in cases.data.values())
        objective = self.recipe.modules["objective"]
        told = (objective.is_told(first + t, int(n) * numbers) for t, n in enumerate(sizes))
        return np.array(list(told), np.int64)

    def _temperatures(self, first: int, count: int) -> dict[str, Array]:
        """T of responsibilities in every update."""
        last = max(1, self.recipe.total - 1)
        return {
            f"temperature_{identifier(t.group)}": np.array(
                [t.at((first + k) / last) for k in range(count)], self.machine.program.dtype
            )
            for t in self.recipe.training.temperature
        }

    def show_phases(self, cases: Cases | StreamedCases) -> None:
        """Lets monitors see the last update's phases."""
        if self._last is not None:
            phases = phases_of_last(self, cases, self._last)
            if phases is not None:
                self.recipe.last = phases

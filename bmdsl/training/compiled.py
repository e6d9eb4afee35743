"""A recipe whose updates run as one compiled routine, many in a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from ..emit.routine import is_cut
from ..inference.enumeration import joint_states
from ..language.diagnostics import BmError
from ..language.model import Choice
from ..plan.identifiers import identifier
from ..ranks.interface import Alone, Ranks, share
from ..ranks.world import world
from ..runtime.binding import bound_array, dtype_of, length_numbers
from ..runtime.domain import precisions
from ..runtime.routines import Routine, compiled_routine, plain_routine
from ..schedule.values import Value, full_length, is_spread, length
from .batch import Batch, Expectation
from .cases import Cases, share_of
from .composing import Composed, Facts, spread_schedule_of
from .machine_protocol import Array, Compilable
from .modifiers import trained
from .recipe import Recipe
from .split import Split
from .streamed_cases import StreamedCases

Figures = dict[str, Array]
"""Name → a number of every update, NaN of those that tell none."""
RUNNING = (("followed",), ("usage",))
"""Sources of sums that grow over updates."""
STAGED = 1 << 25
"""Bytes of minibatches that are laid out for one call at most."""


@dataclass
class CompiledUpdates:
    """The routine of a recipe, bound to the recipe's own arrays: parameters, chains, slots."""

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

    def followed(self) -> dict[str, Array]:
        """Parameter → [2, entries], the sums of what monitors follow."""
        values = self.composed.schedule.values
        return {v.source[1]: self.arrays[v.name] for v in values if v.source[:1] == ("followed",)}

    def take_followed(self) -> tuple[dict[str, Array], int]:
        """The sums of what monitors follow, to be cleared, and the updates that they are of.

        Sums grow update by update, however many go into a call.
        """
        count, self.counts["followed"] = self.counts["followed"], 0
        return self.followed(), count

    def running(self) -> dict[str, Array]:
        """The sums that are taken away at looks or at the ends of epochs, by their value's name."""
        values = self.composed.schedule.values
        return {v.name: self.arrays[v.name] for v in values if v.source[:1] in RUNNING}

    def restore(self, running: Mapping[str, Array], counts: Mapping[str, int]) -> None:
        """Puts sums back; those that are not given start anew."""
        for name, x in self.running().items():
            x[...] = running.get(name, 0)
        self.counts = {kind: int(counts.get(kind, 0)) for kind in self.counts}

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
        for v in self._per_update:
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
        return [v.source[1] for v in self._per_update if v.source[:1] == ("sums",)]

    @cached_property
    def _per_update(self) -> tuple[Value, ...]:
        """Arguments that have an entry for every update."""
        return tuple(v for v in self.composed.schedule.values if v.per_update)

    @cached_property
    def _lengths(self) -> dict[str, int]:
        """Arguments that are lengths of the model."""
        return length_numbers(self.machine.program, self.composed.lengths)

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

    def collect_usage(self) -> None:
        """Hands the recipe the use of one-of-K units since the last time."""
        sums = {v.source[1]: self.arrays[v.name] for v in self._usage}
        if sums:
            self.recipe.usage.collect(sums, self.counts["usage"])
            self.counts["usage"] = 0

    @property
    def by_epoch(self) -> bool:
        """Whether sums are to be taken away at the end of every epoch."""
        return bool(self._usage)

    @cached_property
    def _usage(self) -> tuple[Value, ...]:
        return tuple(v for v in self.composed.schedule.values if v.source[:1] == ("usage",))

    def _verify_finite(self, sums: Array, first: int) -> None:
        """Raises FloatingPointError for the first update that left something that is not finite, or
        far too large.
        """
        bounds = np.array([self.recipe.bounds[n] for n in self._sums])[:, None]
        gone, grown = ~np.isfinite(sums[:, :, 0]), ~(sums[:, :, 1] < bounds)
        if not (gone.any() or grown.any()):
            return
        t = int(np.flatnonzero((gone | grown).any(0))[0])
        for name, lost in zip(self._sums, gone[:, t], strict=True):
            if lost:
                raise FloatingPointError(f"the gradient of `{name}` is not finite", first + t)
        k = int(np.flatnonzero(grown[:, t])[0])
        norms, name = float(sums[k, t, 1]), self._sums[k]
        size = (norms / max(1, trained(self.recipe.machine)[name].size)) ** 0.5
        what = (
            f"has grown to {size:.3g} (root mean square)" if np.isfinite(norms) else "is not finite"
        )
        raise FloatingPointError(f"parameter `{name}` {what}", first + t)

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

    def _show_offsets(self) -> None:
        """Lets checkpoints see the offsets, which exist from the first update on."""
        for v in self.composed.schedule.values:
            kind, name = (*v.source, "", "")[:2]
            if kind == "offset" and self.recipe.centring is not None:
                axes = tuple(int(a) for a in self.machine.model.group(name).axes)
                self.recipe.centring.offsets[name] = self.arrays[v.name].reshape(axes)

    def _last_batch(self, cases: Cases | StreamedCases, rows: Array) -> Batch:
        """The minibatch of the last update, from what every rank has of it."""
        first, last = share(len(rows), self.ranks.rank, self.ranks.size)
        data = {n: x[rows[first:last]] for n, x in cases.data.items()}
        if not self.ranks.alone:
            data = {n: self.ranks.gathered(x) for n, x in data.items()}
        return Batch(data, share_of(cases.weights, rows, self.machine.dtype)[0], 0)

    def show_phases(self, cases: Cases | StreamedCases) -> None:
        """Lets monitors see the last update's phases."""
        recipe, composed = self.recipe, self.composed
        if self._last is None or composed.positive is None or composed.negative is None:
            return
        batch = self._last_batch(cases, self._last)
        shapes = {v.name: v.shape for v in composed.schedule.values}
        data = {n: self.machine.program.flat(n, x) for n, x in batch.data.items()}
        per_update = {v.name for v in self._per_update}

        own = share(batch.size, self.ranks.rank, self.ranks.size)

        def now(name: str) -> Array:
            """An array's rows that the last update used, those of all ranks."""
            x = self.arrays[name]
            shape = tuple(length(n, own[1] - own[0]) for n in shapes[name])
            used = x.reshape(-1)[: prod(shape)].reshape(shape)
            spread = not self.ranks.alone and is_spread(shape_of(name))
            return self.ranks.gathered(used) if spread else used

        def shape_of(name: str) -> int | str:
            return shapes[name][0] if shapes[name] else 1

        def phase(names: Mapping[str, str], weights: str | None) -> Expectation:
            found = {g: data[g] if n in per_update else now(n) for g, n in names.items()}
            if weights is None:
                count = len(next(iter(found.values())))
                return Expectation(found, np.full(count, 1 / count, batch.weights.dtype))
            return Expectation(found, batch.weights if weights in per_update else now(weights))

        recipe.last = tuple(  # type: ignore[assignment]  # two phases
            map(phase, (composed.positive, composed.negative), composed.weights)
        )

"""What training is made of beside sweeps: exact posterior rows, mean field, objectives, and the
model's own expectations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ..language.diagnostics import fail, near
from ..language.late import special
from ..plan.streams import CHOSEN_START_STREAM, SAMPLE_STREAM
from ..registry import discover
from ..runtime import summing
from ..runtime.bound_machine import BoundMachine
from ..runtime.missing import has_missing
from ..runtime.program import TAKES, Array, Fields, Rows, State
from ..schedule.routines.contrastive import LayerGroups
from . import contrastive, enumeration, observed_part, paired_states
from .compiled_calls import CompiledCalls
from .mean_field import fixed_point
from .pseudolikelihood import value_and_gradient

MOVES = "bmdsl.inference.moves"


class Phases(BoundMachine):
    """What training asks of a machine: posterior rows, means, and sums over rows of the model's own
    distribution.
    """

    layer_groups: tuple[LayerGroups, ...] = ()
    """The layers of a stack that is one model; empty for a model alone."""

    _moves = "gibbs"

    @property
    def moves(self) -> str:
        """What a sweep does: a word of `bmdsl.inference.moves`; every unit drawn given all others
        (`gibbs`), or clusters of units, where the model has them.

        Raises BM779 for another word.
        """
        return self._moves

    @moves.setter
    def moves(self, name: str) -> None:
        known = discover(MOVES)
        if name not in known:
            close = near(name, known)
            there = f"there are {', '.join(known)}"
            raise fail(
                "BM779",
                f"`{name}` is no word for moves",
                help=f"did you mean `{close}`?" if close else there,
            )
        self._moves = name

    def verify_layout_of_moves(self) -> None:
        """BM778 for moves of several units at once and a layout, which single units alone have."""
        if self._moves != "gibbs" and self.layout not in ("auto", "numbers"):
            raise fail(
                "BM778",
                f"moves are `{self._moves}`, which go over chains as numbers, not as {self.layout}",
                help=f"leave the layout to `auto`, or choose `gibbs` for chains as {self.layout}",
            )

    @cached_property
    def compiled(self) -> CompiledCalls:
        """What is computed by one compiled routine a call."""
        return CompiledCalls()

    def sweep(
        self,
        state: State,
        steps: int,
        observed: Mapping[str, Array],
        update: int,
        stream: int = SAMPLE_STREAM,
        keep: bool = True,
        beta: Array | None = None,
        first: int = 0,
        averaged: tuple[str, ...] = (),
    ) -> Rows:
        """`steps` Gibbs sweeps in place, as `BoundMachine.sweep` describes them: by a compiled
        routine, or step by step if ops do not carry a term out.
        """
        self.verify_averaged(averaged, observed)
        seen = {n: self.program.flat(n, x) for n, x in observed.items()}
        keys = (stream, update, first)
        if self._moves != "gibbs" and steps and stream != CHOSEN_START_STREAM:
            self.verify_layout_of_moves()
            discover(MOVES)[self._moves].sweeps(self, state, steps, seen, keys, beta)
            if not self.program.plan.mean_block:
                return Rows(state)
            ends = beta if beta is None or beta.ndim == 1 else beta[-1]
            return super().sweep(state, 0, observed, update, stream, keep, ends)
        found = self.compiled.run_sweeps(self, state, steps, seen, keys, beta, averaged)
        if found is not None:
            return found
        return super().sweep(state, steps, observed, update, stream, keep, beta, first, averaged)

    def posterior_rows(
        self, state: State, bits: int = enumeration.PER_CASE, free: tuple[str, ...] | None = None
    ) -> tuple[Rows, Array]:
        """Rows × weights that sum to 1 a case, exactly P(h | v); rows of a case stand together.

        `free`: groups summed over, else the hidden ones.

        BmError BM801 where more than 2^bits states a case would have to be enumerated.
        """
        free = self.hidden if free is None else free
        state = {n: self.program.flat(n, x) for n, x in state.items() if n not in free}
        chosen = enumeration.choose(self.program, free, "the positive phase", bits)
        found = None if chosen else self.compiled.posterior(self, state, free)
        if found is not None:
            return found, np.ones(len(next(iter(state.values()))))
        f = self._fields()
        if not chosen:
            return summing.means(self.program, f, state, free, self.temperature), np.ones(
                len(next(iter(state.values())))
            )
        one = enumeration.one_unit(self.program, chosen)
        if one is not None:
            rows, w = summing.by_state(
                self.program, f, state, one, tuple(n for n in free if n != one)
            )
            w /= self.temperature.get(one, 1.0)
            return rows, np.exp(w - special.logsumexp(w, axis=1, keepdims=True)).ravel()
        collected = []
        for r in range(len(next(iter(state.values())))):
            row = {n: x[r : r + 1] for n, x in state.items()}
            parts = list(enumeration.summed_rows(self.program, f, row, free, "the positive phase"))
            w = np.concatenate([p[1] for p in parts])
            collected.append((_stack([p[0] for p in parts]), np.exp(w - special.logsumexp(w))))
        return _stack([c[0] for c in collected]), np.concatenate([c[1] for c in collected])

    def free_energies(self, state: State) -> Array:
        """F(v) = −log Σ_h exp(−E(v, h)) of every row, [rows], in nats; groups that `state` holds
        are fixed, but where they are NaN: such units are
        summed over. BmError BM801 where it is not exact."""
        missing = has_missing(state)
        found = None if missing else self.compiled.free_energies(self, state)
        if found is not None:
            return found
        f = self._fields()
        free = tuple(n for n in self.hidden if n not in state)
        if missing:
            return observed_part.free_energies(self, state, free)
        chosen = enumeration.choose(self.program, free, "the free energy")
        if not chosen:
            return -summing.sum_out(self.program, f, state, free)[1]
        out = np.empty(len(next(iter(state.values()))))
        one = enumeration.one_unit(self.program, chosen)
        if one is not None:
            step, rest = (
                summing.cases_at_once(self.program, one),
                tuple(n for n in free if n != one),
            )
            for lo in range(0, len(out), step):
                part = {n: x[lo : lo + step] for n, x in state.items()}
                out[lo : lo + step] = -special.logsumexp(
                    summing.by_state(self.program, f, part, one, rest, whole=False)[1], axis=1
                )
            return out
        for r in range(len(out)):
            row = {n: x[r : r + 1] for n, x in state.items()}
            parts = [
                w for _, w in enumeration.summed_rows(self.program, f, row, free, "the free energy")
            ]
            out[r] = -special.logsumexp(np.concatenate(parts))
        return out

    def mean_field(self, state: State, steps: int, tol: float, damping: float) -> tuple[Rows, int]:
        """Means m = A′(η(m)), visible units fixed but where they are NaN. Returns means and the
        iterations that the slowest case took.
        """
        self.program.verify_takes(TAKES, "mean field")
        flat = {n: self.program.flat(n, x) for n, x in state.items()}
        found = self.compiled.mean_field(self, flat, steps, tol, damping)
        return fixed_point(self, flat, steps, tol, damping) if found is None else found

    def model_rows(
        self, given: State | None = None, bits: int = enumeration.LIMIT
    ) -> tuple[Rows, Array]:
        """Rows and weights whose weighted mean is the model's exact expectation: sum 1, or sum 1
        for each case of `given`, in its order.
        """
        f = self._fields()
        given = {n: self.program.flat(n, x) for n, x in (given or {}).items()}
        rows, weights = [], []
        for case in one_by_one(given):
            log_z = self.log_z(f, bits, case)
            parts = list(
                enumeration.summed_rows(self.program, f, case, self.free, "the negative phase")
            )
            rows += [p[0] for p in parts]
            weights += [np.exp(p[1] - log_z) for p in parts]
        return _stack(rows), np.concatenate(weights)

    def pseudolikelihood(
        self, data: State, weights: Array, out: dict[str, Array] | None, scale: float
    ) -> float:
        """Σ_n w_n Σ_i log P(x_i | rest) of visible states, in nats; out[θ] += scale · its
        derivative.
        """
        flat = {n: self.program.flat(n, x) for n, x in data.items()}
        return value_and_gradient(self, flat, weights, out, scale)

    def verify_contrastive(self, span: Any, slopes: bool, based: bool = True) -> None:
        """BmError BM768 or BM769 where `contrastive_free_energy` is not defined; with `slopes`,
        through means too.
        """
        contrastive.verify(self, span, slopes, based)

    def contrastive_free_energy(
        self,
        data: State,
        weights: Array,
        out: dict[str, Array],
        scale: float,
        through: bool,
        told: bool,
        based: bool = True,
    ) -> float | None:
        """Σ_n w_n (F(v′) − F(v)) in nats where it is to be `told`; out[θ] += scale · its
        derivative, `through` the reconstruction v′ or with v′ held.

        Base measures are in F where `based`.
        """
        flat = {n: self.program.flat(n, x) for n, x in data.items()}
        with self.frozen():
            made = contrastive.Pass.of(self, flat, based)
            made.pull(np.asarray(weights, self.dtype), out, scale, through)
            return float(weights @ made.value) if told else None

    def log_z(self, f: Fields, bits: int = enumeration.LIMIT, given: State | None = None) -> float:
        """log Z in nats by enumeration, at one case of the given groups.

        BmError BM801 where more than 2^bits states would have to be enumerated.
        """
        if not given and (value := self.paired_log_z(f, bits)) is not None:
            return value
        parts = enumeration.summed_rows(
            self.program, f, given or {}, self.free, "the partition function", bits
        )
        return float(special.logsumexp([special.logsumexp(w) for _, w in parts]))

    def paired_log_z(self, f: Fields, bits: int = enumeration.LIMIT) -> float | None:
        """log Z where one side of the machine is enumerated and all units of the other have two
        states: quick. None where it is not so.
        """
        chosen = enumeration.choose(self.program, self.free, "the partition function", bits)
        rest = tuple(n for n in self.free if n not in chosen)
        return (
            paired_states.log_z(self.program, f, chosen, rest)
            if paired_states.fits(self.program, chosen, rest)
            else None
        )


def one_by_one(given: State | None) -> Iterator[State]:
    """Each case of the given groups; one without values where there are none."""
    if not given:
        yield {}
        return
    for r in range(len(next(iter(given.values())))):
        yield {n: x[r : r + 1] for n, x in given.items()}


def _stack(parts: list[Rows]) -> Rows:
    rows = {n: np.concatenate([s[n] for s in parts]) for n in parts[0]}
    return Rows(rows, {n: np.concatenate([s.squares[n] for s in parts]) for n in parts[0].squares})

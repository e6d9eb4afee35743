"""Gibbs sweeps over chains, block after block."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..language.diagnostics import fail
from ..plan.plan import MANY_CHAINS
from ..plan.streams import GROUPS, INITIAL_STREAM, SAMPLE_STREAM
from . import summing
from .alone import uncoupled
from .bound_fields import BoundFields
from .expert_sampling import ExpertSampler, drawn_near
from .program import Array, Fields, Key, Rows, State

LOOKS = 8
"""Sweeps between two looks at units for which no lower bound of the energy is proved."""
SETTLED = 20
"""Sweeps of one call from which on Hamiltonian steps are fitted in the first half of them."""


class GibbsSweeps(BoundFields):
    """A program with its parameters whose chains move.

    Random numbers are keyed by (seed, stream, update, step): a call has no hidden state.
    """

    def initial_state(self, n: int, stream: int = INITIAL_STREAM, update: int = 0) -> State:
        """n chains drawn from the biases alone."""
        f = uncoupled(self.program, self._fields())
        state = {
            g.name: np.zeros((n, self.program.sizes[g.name]), self.dtype) for g in self.model.groups
        }
        empty = np.empty((0, 0), self.dtype)
        for g in self.model.groups:
            if g.role != "given":
                eta = self.program.field(f, g.name, state, groups=())
                self.program.draw(
                    f, g.name, eta, state, empty, self._key(g.name, stream, update, 0)
                )
        for e, arrays in self._fields().experts:
            drawn_near(e, arrays, state)
        return state

    def _key(self, name: str, stream: int, update: int, step: int) -> Key:
        return self.seed, GROUPS * stream + self._order[name], update, step

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
        """`steps` Gibbs sweeps in place, block after block.

        Groups in `observed` are clamped where they are not NaN.

        `beta` [rows] is an inverse temperature a row, which multiplies every field: P ∝ base(x)
        exp(−β E), for the E that is written; [steps, rows] is one for every sweep. Sweeps are
        numbered from `first`: a long run in parts is the run. Groups in `averaged` take their
        conditional means instead of draws: no samples of the machine, but what a reconstruction by
        means is.

        Returns the state with the last block's free groups as conditional means where they are
        hidden and independent: the same expectation with less variance (Rao–Blackwell), from the
        fields of the last draw. Without `keep` the state is of no further use, and that draw is
        left out.
        """
        f = self._fields()
        empty = np.empty((0, 0), self.dtype)
        seen = {n: self.program.flat(n, x) for n, x in observed.items()}
        clamped = {n for n, x in seen.items() if not np.isnan(x).any()}
        for n, x in seen.items():
            state[n][...] = x if n in clamped else np.where(np.isnan(x), np.nan_to_num(state[n]), x)
        count = len(next(iter(state.values())))
        beta = None if beta is None else np.asarray(beta, self.dtype)
        order = [n for block in self.program.plan.blocks for n in block if n not in clamped]
        last = [n for n in self.program.plan.mean_block if n not in seen]
        rows = Rows(state)
        self.verify_averaged(averaged, observed)
        many = self.program.of_all_ranks(count) >= MANY_CHAINS
        if self.program.plan.all_listed and many and not averaged:
            self._side_by_side(
                f,
                state,
                steps,
                order,
                seen,
                update,
                stream,
                np.ones(count, self.dtype) if beta is None else beta,
                first,
            )
            self.watch(state, beta)
            self._means(
                f,
                rows,
                {n: self.program.field(f, n, state) for n in last},
                beta if beta is None or beta.ndim == 1 else beta[-1],
            )
            return rows
        watching = self._unproved(beta)
        samplers = {
            n: ExpertSampler(self.program, f, n) for n in order if self.program.plan.group(n).expert
        }
        schedule = beta
        joint = self._selector(clamped, seen) if beta is None else None
        for step in range(steps):
            beta = schedule if schedule is None or schedule.ndim == 1 else schedule[step]
            if step % LOOKS == LOOKS - 1:
                self.watch(state, beta)
            for name in order:
                if joint is not None and name in joint[1]:
                    continue
                if joint is not None and name == joint[0]:
                    self._draw_jointly(
                        f,
                        joint,
                        state,
                        rows if step == steps - 1 else None,
                        keep,
                        stream,
                        update,
                        first + step,
                    )
                    continue
                if name in samplers:
                    settling = steps >= SETTLED and 2 * step < steps
                    samplers[name].draw(
                        state,
                        seen.get(name, empty),
                        self._key(name, stream, update, first + step),
                        beta,
                        settling,
                    )
                    continue
                eta = self.program.field(f, name, state, out=self.program.scratch(name, count))
                if beta is None and self.temperature.get(name, 1.0) != 1:
                    eta /= eta.dtype.type(self.temperature[name])
                if watching:
                    self._propriety.watch_fields(name, eta, beta)
                if name in averaged:
                    state[name][...] = self.program.mean(
                        name, eta if beta is None else eta * beta[:, None]
                    )
                    continue
                if step == steps - 1 and name in last:
                    self._means(f, rows, {name: eta}, beta)
                    if not keep:
                        continue
                self.program.draw(
                    f,
                    name,
                    eta,
                    state,
                    seen.get(name, empty),
                    self._key(name, stream, update, first + step),
                    beta=beta,
                )
        self.watch(state, schedule)
        return rows

    def verify_averaged(self, averaged: tuple[str, ...], observed: Mapping[str, Array]) -> None:
        """Raises BM763 if a group that is to take its means has none of its own."""
        for name in averaged:
            if self.program.meets(name) or name in observed:
                raise fail(
                    "BM763",
                    f"units of `{name}` act on one another, or are observed: they have no"
                    " conditional means of their own",
                    help="leave `means = true` out",
                )

    def _selector(self, clamped: set[str], seen: State) -> tuple[str, tuple[str, ...]] | None:
        """The plan's joint draw, where nothing of it is held fixed."""
        found = self.program.plan.selector
        return None if found is None or {found[0], *found[1]} & (clamped | set(seen)) else found

    def _draw_jointly(
        self,
        f: Fields,
        joint: tuple[str, tuple[str, ...]],
        state: State,
        rows: Rows | None,
        keep: bool,
        stream: int,
        update: int,
        step: int,
    ) -> None:
        """z from P(z | rest) with the groups that it selects summed out, then those given z; their
        means into `rows`.
        """
        z, near = joint
        k, count = self.program.sizes[z], len(state[z])
        empty = np.empty((0, 0), self.dtype)
        at_once = summing.cases_at_once(self.program, z)
        etas: dict[str, list[Array]] = {n: [] for n in near}
        for lo in range(0, count, at_once):
            part = {n: x[lo : lo + at_once] for n, x in state.items() if n != z and n not in near}
            summed, w = summing.by_state(self.program, f, part, z, near, whole=False)
            w -= w.max(axis=1, keepdims=True)
            chosen = {z: state[z][lo : lo + at_once]}
            eta = np.ascontiguousarray(w / self.temperature.get(z, 1.0), self.dtype)
            self.program.draw(
                f, z, eta, chosen, empty, self._key(z, stream, update, step), first=lo
            )
            picked = np.argmax(chosen[z], axis=1) + k * np.arange(len(w))
            for n in near:
                etas[n].append(summed.fields[n][..., picked, :])
        for n in near:
            eta = np.ascontiguousarray(np.concatenate(etas[n], axis=-2))
            if rows is not None:
                rows.fields[n] = eta.copy()
                self._means(f, rows, {n: eta}, None)
                rows.drawn = (z,)
                if not keep:
                    continue
            self.program.draw(f, n, eta, state, empty, self._key(n, stream, update, step))

    def _means(self, f: Fields, rows: Rows, etas: State, beta: Array | None) -> None:
        """Puts conditional means in the place of drawn states."""
        for name, eta in etas.items():
            eta = eta if beta is None else eta * beta[:, None]
            rows[name] = self.program.mean(name, eta)
            if self.program.plan.group(name).square:
                rows.squares[name] = self.program.mean_square(name, eta)

    def _side_by_side(
        self,
        f: Fields,
        state: State,
        steps: int,
        order: list[str],
        seen: State,
        update: int,
        stream: int,
        beta: Array,
        first: int,
    ) -> None:
        """Sweeps with chains side by side in memory: a copy of the state is turned, swept and
        turned back.
        """
        listing = self.program.listing
        assert listing is not None
        x = np.ascontiguousarray(listing.joined(state).T)
        masks = {n: np.ascontiguousarray(m.T) for n, m in seen.items()}
        empty = np.empty((0, 0), self.dtype)
        calls = (
            steps if len(order) > 1 or beta.ndim > 1 else 1
        )  # one group alone need not come back between its sweeps
        for step in range(calls):
            for name in order:
                key = self._key(name, stream, update, first + step)
                self.program.sweep(
                    f,
                    name,
                    x,
                    beta if beta.ndim == 1 else beta[step],
                    masks.get(name, empty),
                    key,
                    steps // calls,
                )
        for name, offset in listing.offset.items():
            state[name][...] = x[offset : offset + self.program.sizes[name]].T

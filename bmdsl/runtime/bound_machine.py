"""A program with its parameters: fields, conditional draws, Gibbs sweeps, and the gradient's sums
over rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from ..language.model import Model
from ..plan.plan import MANY_CHAINS
from ..plan.streams import GROUPS, INITIAL_STREAM, NEGATIVE_START_STREAM, SAMPLE_STREAM
from . import gate, initial, summing
from .alone import uncoupled
from .expert_sampling import ExpertSampler, drawn_near
from .parameters import Parameters
from .program import Array, Fields, Key, Program, Rows, State
from .proper import Propriety

LOOKS = 8
"""Sweeps between two looks at units for which no lower bound of the energy is proved."""
LAYOUTS = ("auto", "bits", "codes", "stencil", "numbers")
"""How chains lie in memory: see `BoundMachine.layout`."""
SETTLED = 20
"""Sweeps of one call from which on Hamiltonian steps are fitted in the first half of them."""


class BoundMachine:
    """A program with its parameters.

    Random numbers are keyed by (seed, stream, update, step): a call has no hidden state.
    """

    def __init__(
        self, model: Model, program: Program, seed: int, starts: Mapping[str, Any] | None = None
    ) -> None:
        self.model, self.program, self.seed, self.dtype = model, program, seed, program.dtype
        self.origins = initial.start_files(model, starts or {})
        """The files that parameters started from, as they were when read."""
        self.params = Parameters(
            model, initial.initial_parameters(model, seed, program.dtype, starts), program.dtype
        )
        self._order = {g.name: k for k, g in enumerate(model.groups)}
        self._held: Fields | None = None
        self._stands_in = False
        """Whether the held fields are others than the parameters'."""
        self.stepped = False
        """Whether parameters are as a training step has just left them, so that the next use need
        not look at them.
        """
        self.temperature: dict[str, float] = {}
        """Group → T of its responsibilities, inside `tempered`; energies, likelihoods and samples
        know nothing of it.
        """
        self._propriety = Propriety(program)
        self.pretrained = False
        """Whether a `pretrain` of the train block has been carried out."""
        self._layout = LAYOUTS[0]
        self.takes_means = gate.takes_means(model)
        """Whether data are means of their units: those that `as_means` leaves, or a layer below
        gives.
        """

    @property
    def layout(self) -> str:
        """How chains lie in memory: as `bits`, 64 chains to a word, as `codes` of one-of-K units,
        as bits of a `stencil`, sites of a lattice's row side by side, as `numbers`, or, `auto`,
        what is possible and quickest.

        Raises BM778 for another word.
        """
        return self._layout

    @layout.setter
    def layout(self, name: str) -> None:
        if name not in LAYOUTS:
            raise fail("BM778", f"`{name}` is no layout", help=f"there are {', '.join(LAYOUTS)}")
        self._layout = name

    def start_from(self, data: Mapping[str, Array], weights: Array | None = None) -> None:
        """Parameters that start from data and have no value yet get it from these cases: once, so
        that a value that was set or trained stays.
        """
        waiting = {
            n for n in self.params.waiting if not self.params[n].any()
        }  # one written in place has a value too
        for name, value in initial.data_parameters(self.model, data, waiting, weights).items():
            self.params[name] = value
        self.params.waiting.clear()

    def restart(self) -> None:
        """Every trained parameter, and every one that starts from data, as it is in a machine just
        compiled with this seed.
        """
        waiting = set(initial.from_data(self.model))
        for name, value in initial.initial_parameters(self.model, self.seed, self.dtype).items():
            if name in waiting or not self.model.parameter(name).fixed:
                self.params[name] = value
        self.params.waiting, self.pretrained = waiting, False

    @property
    def visible(self) -> tuple[str, ...]:
        return tuple(g.name for g in self.model.groups if g.role == "visible")

    @property
    def hidden(self) -> tuple[str, ...]:
        return tuple(g.name for g in self.model.groups if g.role == "hidden")

    @property
    def free(self) -> tuple[str, ...]:
        """Groups that the model has a distribution over: visible, then hidden."""
        return (*self.visible, *self.hidden)

    @property
    def reconstructs(self) -> bool:
        """Whether the first visible group has conditional means: one that experts see has none in
        closed form.
        """
        return not self.program.plan.group(self.visible[0]).expert

    @property
    def given(self) -> tuple[str, ...]:
        return tuple(g.name for g in self.model.groups if g.role == "given")

    def held_fields(self) -> Fields:
        """What the present parameters amount to."""
        return self._fields()

    def _fields(self) -> Fields:
        if self._held is not None:
            return self._held
        self.settle()
        made = self.program.couple(self.params)
        if self._propriety.can_fail:
            self._propriety.verify(made)
        return made

    @property
    def frozen_fields(self) -> Fields | None:
        """What the parameters amount to for as long as they must not change; None if they may, or
        if other fields stand for them.
        """
        return None if self._stands_in else self._held

    def settle(self) -> None:
        """Looks at symmetric parameters, unless a training step has just left them."""
        if not self.stepped:
            self.params.settle()
        self.stepped = False

    def has_routines(self, beta: Array | None = None) -> bool:
        """Whether routines, which read the parameters and verify nothing, answer for the machine as
        it is: fields are those of the parameters, and a distribution is proved.

        Raises BM813 for parameters that leave none.
        """
        if self._stands_in:
            return False
        if self._held is None:
            if not self._propriety.can_fail:
                self.settle()
                return True
            self._fields()
        return not self._unproved(beta)

    @contextmanager
    def tempered(self, temperature: Mapping[str, float]) -> Iterator[None]:
        """Inside, responsibilities of these groups are formed at T: P(z | v) ∝ exp(−F(v, z)/T)
        (Nair & Hinton 2008, eq. 13).
        """
        before = self.temperature
        self.temperature = dict(temperature)
        try:
            yield
        finally:
            self.temperature = before

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside, parameters must not change: what they amount to is made once."""
        with self._holding(self._fields(), self._stands_in):
            yield

    @contextmanager
    def standing_for(self, fields: Fields) -> Iterator[None]:
        """Inside, these fields take the place of the parameters'."""
        with self._holding(fields, True):
            yield

    @contextmanager
    def _holding(self, fields: Fields, stands_in: bool) -> Iterator[None]:
        before = self._held, self._stands_in
        self._held, self._stands_in = fields, stands_in
        try:
            yield
        finally:
            self._held, self._stands_in = before

    @contextmanager
    def standing_at(self, params: Mapping[str, Array]) -> Iterator[None]:
        """Inside, fields, chains and energies are those of these parameters."""
        made = self.program.couple(dict(params))
        if self._propriety.can_fail:
            self._propriety.verify(made)
        with self.standing_for(made):
            yield

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

    def written_energy(self, state: State) -> Array:
        """E as the text has it, base measures left out: [rows], in nats. What `beta` multiplies."""
        return -self.program.minus_energy(self._fields(), state)

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

    def watch(self, state: State, beta: Array | None = None) -> None:
        """BmError BM890 where units that no proof holds back ran off.

        At β > 1 the proof for the model itself says nothing.
        """
        if self._unproved(beta):
            self._propriety.watch(state, always=beta is not None)

    @property
    def watched_groups(self) -> frozenset[str]:
        """The groups of units without bounds if some setting of the parameters leaves no
        distribution, else none.
        """
        return self._propriety.reals if self._propriety.can_fail else frozenset()

    def verify_distance(self, name: str, far: float) -> None:
        """BmError BM890 if units of a group went so far from 0 and no proof holds them back."""
        if name in self._propriety.watched:
            self._propriety.verify_distance(name, far)

    def verify_square_field(self, name: str, most: float) -> None:
        """BmError BM890 if such a field on x² leaves units no precision and nothing is proved of
        these parameters.
        """
        if self._propriety.watched:
            self._propriety.verify_square_field(name, most)

    def _unproved(self, beta: Array | None) -> bool:
        """Whether these parameters, or a β > 1, may leave no distribution."""
        hotter = beta is not None and bool(beta.max(initial=0) > 1)
        return bool(self._propriety.watched) or (self._propriety.can_fail and hotter)

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

    def draw_posterior(
        self, rows: State, observed: Mapping[str, Array], update: int, stream: int
    ) -> State:
        """A joint state with the hidden units drawn given `observed`.

        `rows` are its posterior rows: if they have the fields of all hidden groups that are not
        drawn, these are drawn from them, at step 0 of `stream`. Else it is one sweep of `stream`
        from a start of NEGATIVE_START: a start from the sweep's own numbers would bind each unit to
        its state before.
        """
        fields = rows.fields if isinstance(rows, Rows) else {}
        drawn = rows.drawn if isinstance(rows, Rows) else ()
        if set(self.hidden) - set(fields) - set(drawn) or len(next(iter(rows.values()))) != len(
            next(iter(observed.values()))
        ):
            count = len(next(iter(observed.values())))
            state = self.initial_state(count, NEGATIVE_START_STREAM, update)
            self.sweep(state, 1, observed, update, stream)
            return state
        f = self._fields()
        empty = np.empty((0, 0), self.dtype)
        state = {n: np.array(rows[n]) for n in rows if n not in fields}
        for name, eta in fields.items():
            state[name] = np.empty(eta.shape[-2:], self.dtype)
            self.program.draw(f, name, eta, state, empty, self._key(name, stream, update, 0))
        return state

    def accumulate(
        self, rows: State, weights: Array | None, out: dict[str, Array], scale: float
    ) -> None:
        """out[θ] += scale · Σ_n w_n ∂(−E)/∂θ(rows_n)."""
        flat = {n: self.program.flat(n, x) for n, x in rows.items()}
        squares = rows.squares if isinstance(rows, Rows) else {}
        self.program.accumulate(self.params, Rows(flat, squares), weights, out, scale)

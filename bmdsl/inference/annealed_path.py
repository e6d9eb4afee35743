"""The path that annealed importance sampling takes: independent units at β = 0, the machine at β =
1 (Neal 2001; Salakhutdinov & Murray 2008).

p_β(x) ∝ base(x) exp((1 − β) a·x − β E(x)), so that every unit's field is (1 − β) a + β η: the unit
types alone make all distributions between. Groups that are independent given the others are summed
out of the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.blend import blend
from ..plan.plan import MANY_CHAINS
from ..plan.streams import GROUPS
from ..runtime.alone import square_field
from ..runtime.binding import BoundRoutine, Source
from ..runtime.expert_sampling import ExpertSampler
from ..runtime.pace import Pace
from ..runtime.program import TAKES, Array, State
from ..schedule.routines.ais_step import Annealed, summed_groups
from ..schedule.routines.free_energy import RESULT
from .chain_arrays import is_large_lattice

if TYPE_CHECKING:
    from .phases import Phases

LOOKS = 8
"""Sweeps between two looks at units for which no lower bound of the energy is proved."""


class Path:
    """Chains that move along the path, and log p*_β of where they are, up to the one constant of
    all β.

    `follow` takes them from one β to the next, many in one call of compiled code unless some term
    is for no routine; then `log_weight` and `move` go step by step.

    `anchor` is a: group → [size]. On the second statistic of a type that has x², the base
    distribution keeps the machine's own bias where that leaves it a distribution (`square_field`).
    `given` holds every chain's own value of the given groups, [chains, size]: E is that of x given
    it, and its terms of given groups alone are in the weights, times β, but not their base
    measures.
    """

    by_state = False
    """Whether all states of a one-of-K unit are summed out, with the groups that it selects."""

    def __init__(
        self,
        machine: Phases,
        anchor: State,
        chains: int,
        stream: int,
        given: State | None = None,
        update: int = 0,
    ) -> None:
        self.machine, self.anchor, self.chains, self.stream, self.update = (
            machine,
            anchor,
            chains,
            stream,
            update,
        )
        self.program = machine.program
        self.program.verify_takes(TAKES, "annealed importance sampling")
        self.fields = machine.held_fields()
        plan = self.program.plan
        self.anchor2 = {
            g.name: square_field(self.program, self.fields, g.name)
            for g in plan.groups
            if g.square and g.role != "given"
        }
        self.state: State = {
            g.name: np.zeros((chains, g.size), self.program.dtype) for g in plan.groups
        } | (given or {})
        self.given = tuple(given or ())
        summed = summed_groups(plan, chains)
        self._divide(summed, tuple(n for block in plan.blocks for n in block if n not in summed))
        self._empty = np.empty((0, 0), self.program.dtype)
        self._blended: dict[str, tuple[float, Array]] = {}
        self._call: tuple[BoundRoutine, Callable[..., None]] | None = None
        """The routine of the last steps with arrays for them."""

    def _divide(self, summed: tuple[str, ...], kept: tuple[str, ...]) -> None:
        """`summed` groups are summed out of the weights, `kept` are not; `_absent` holds the summed
        ones at zero.
        """
        self.summed, self.kept = summed, kept
        self._absent = {n: np.zeros_like(self.state[n]) for n in summed}

    # ------------------------------------------------------------ the base distribution

    def _base_field(self, name: str, rows: int) -> Array:
        g = self.program.plan.group(name)
        eta = np.empty(self.program.shape(name, rows), self.program.dtype)
        if g.square:
            eta[0], eta[1] = self.anchor[name], self.anchor2[name]
        else:
            eta[...] = self.anchor[name]
        return eta

    def base_log_partition(self) -> float:
        """log Z of the independent units at β = 0, in nats."""
        return float(
            sum(
                self.program.log_partition(n, self._base_field(n, 1))[0]
                for n in (*self.kept, *self.summed)
            )
        )

    def start(self) -> None:
        """Independent draws at β = 0."""
        alone = self.fields.alone()
        for name in self.kept:
            one = np.ones(self.chains, self.program.dtype)
            self.program.draw(
                alone,
                name,
                self._base_field(name, self.chains),
                self.state,
                self._empty,
                self._key(name, 0),
                beta=one if self.program.meets(name) else None,
            )

    def begin_at(self, state: State) -> None:
        """Chains at the kept groups of `state`, [chains, size]."""
        for name in self.kept:
            self.state[name][...] = state[name]

    # ------------------------------------------------------------ along the path

    def follow(
        self,
        betas: Array,
        first: int,
        stride: int = 1,
        progress: Callable[[int], None] | None = None,
        stay: bool = False,
    ) -> Array:
        """Log-weights of chains that are moved from each of `betas` to the next, [chains], float64.

        The k-th move draws at step `first` + k · `stride`. With `stay` the last one is left out.
        """
        total = np.zeros(self.chains)
        count = len(betas) - 1
        moving = count - 1 if stay else count
        tell = progress or (lambda done: None)
        self._move_along(betas[: moving + 1], first, stride, True, total, tell)
        if stay:
            last = first + stride * moving
            self._move_along(betas[moving:], last, stride, False, total, lambda _: tell(count))
        return total

    def _move_along(
        self,
        betas: Array,
        first: int,
        stride: int,
        moves: bool,
        total: Array,
        progress: Callable[[int], None],
    ) -> None:
        """Adds log-weights from each of `betas` to the next to `total`; without `moves` the chains
        stay as they are.
        """
        count, begin, pace = len(betas) - 1, 0, Pace()
        run = self._routine(moves) if count else None
        if run is None and count:
            self._look()
        while begin < count:
            steps = min(pace.count, count - begin) if run is not None else 1
            part, step = betas[begin : begin + steps + 1], first + stride * begin
            with pace.timed(steps):
                if run is None:
                    self._step(float(part[0]), float(part[1]), step, moves, total)
                else:
                    keys: dict[Source, Any] = {"begin": step, "stride": stride, "steps": steps}
                    run({**keys, "betas": part, RESULT: total})
            for k in range(begin, begin + steps):
                progress(k + 1)
            begin += steps

    def _routine(self, moves: bool) -> Callable[[dict[Source, Any]], None] | None:
        """What carries out many steps a call; None if no routine does."""
        plan = self.program.plan
        means = frozenset(self.given) if self.machine.takes_means else frozenset[str]()
        many = not self.summed and plan.all_listed and self._many
        cells = is_large_lattice(self.program)
        path = Annealed(self.summed, self.given, means, many, moves, cells)
        found = None if self.by_state else self.machine.compiled.annealing(self.machine, path)
        if found is None:
            return None
        passed: dict[Source, Any] = {"call": self.update, "stream": GROUPS * self.stream}
        for name, x in self.state.items():
            passed["data" if name in self.given else "chain", name] = x
        passed |= {("base", n): a.reshape(1, -1) for n, a in self.anchor.items()}
        passed |= {("base", f"{n}2"): a.reshape(1, -1) for n, a in self.anchor2.items()}
        constant = self.program.constant(self.machine.params)
        if self._call is None or self._call[0] is not found:
            self._call = found, found.for_rows(self.chains)
        call = self._call[1]

        def run(keys: dict[Source, Any]) -> None:
            call({**passed, **keys})
            betas = keys["betas"]
            keys[RESULT] -= (betas[-1] - betas[0]) * constant

        return run

    def _step(self, low: float, high: float, step: int, moves: bool, total: Array) -> None:
        before = self.log_weight(low)
        total += self.log_weight(high) - before
        if moves:
            self.move(high, step)

    def _key(self, name: str, step: int) -> tuple[int, int, int, int]:
        return self.machine._key(name, self.stream, self.update, step)

    # ------------------------------------------------------------ weights

    def _look(self) -> None:
        """What the weights at every β need of the present state: made once after each move."""
        self._blended = {n: (-1.0, x) for n, (_, x) in self._blended.items()}
        at = {n: self.state[n] for n in self.kept}
        known = at | self._absent | {n: self.state[n] for n in self.given}
        self._base = sum(
            (self.program.log_base(n, x) for n, x in at.items()), np.zeros(self.chains)
        )
        self._anchored = sum(
            ((x @ self.anchor[n]).astype(np.float64) for n, x in at.items()), np.zeros(self.chains)
        )
        for n, x in at.items():
            if self.program.plan.group(n).square:
                self._anchored += ((x * x) @ self.anchor2[n]).astype(np.float64)
        self._minus_energy = self.program.minus_energy(
            self.fields, known, (*self.kept, *self.given)
        )
        self._etas = {
            n: self.program.field(self.fields, n, known, out=self.program.scratch(n, self.chains))
            for n in self.summed
        }

    def log_weight(self, beta: float) -> Array:
        """log p*_β of the kept groups, the others summed out: [chains], float64."""
        total = self._base + (1 - beta) * self._anchored + beta * self._minus_energy
        for name in self.summed:
            total += self.program.log_partition(name, self._between(name, beta))
        return total

    def _between(self, name: str, beta: float) -> Array:
        """(1 − β) a + β η of a summed group: [chains, size], used again by the next call."""
        eta = self._etas[name]
        at, out = self._blended.get(name, (-1.0, eta))
        if out is eta or out.shape != eta.shape:
            out = np.empty_like(eta)
        if at != beta:
            self._blended[name] = beta, self._blend(name, eta, beta, out)
        return out

    def _blend(self, name: str, eta: Array, beta: float, out: Array) -> Array:
        kind = self.program.dtype.type
        if not self.program.plan.group(name).square:
            blend(eta, self.anchor[name], kind(beta), out)
        else:
            for k, a in enumerate((self.anchor[name], self.anchor2[name])):
                blend(eta[k], a, kind(beta), out[k])
        return out

    @property
    def _many(self) -> bool:
        """Whether chains of listed terms stand side by side."""
        return self.program.of_all_ranks(self.chains) >= MANY_CHAINS

    # ------------------------------------------------------------ moves

    def move(self, beta: float, step: int) -> None:
        """One Gibbs sweep that leaves p_β what it is.

        `beta` > 0; `step` keys the random numbers.
        """
        if step % LOOKS == 0:
            self.machine.watch(self.state)
        if not self.summed and self.program.plan.all_listed and self._many:
            self._sweep(beta, step)
        else:
            for name in self.summed:
                self.program.draw(
                    self.fields,
                    name,
                    self._between(name, beta),
                    self.state,
                    self._empty,
                    self._key(name, step),
                )
            for name in self.kept:
                self._draw(name, beta, step)
        self._look()

    def _draw(self, name: str, beta: float, step: int) -> None:
        if self.program.plan.group(name).expert:
            r = self.program.dtype.type((1 - beta) / beta)
            bias = self.fields.bias | {name: self.fields.bias[name] + r * self.anchor[name]}
            bias2 = self.fields.bias2 | (
                {name: self.fields.bias2[name] + r * self.anchor2[name]}
                if name in self.anchor2
                else {}
            )
            sampler = ExpertSampler(
                self.program, replace(self.fields, bias=bias, bias2=bias2), name
            )
            sampler.draw(
                self.state, self._empty, self._key(name, step), np.full(self.chains, beta), False
            )
            return
        eta = self.program.field(
            self.fields, name, self.state, out=self.program.scratch(name, self.chains)
        )
        if not self.program.meets(name):
            self.program.draw(
                self.fields,
                name,
                self._blend(name, eta, beta, eta),
                self.state,
                self._empty,
                self._key(name, step),
            )
            return
        # fields change while its units are drawn one after another, so β multiplies them inside
        first = eta[0] if self.program.plan.group(name).square else eta
        first += self.program.dtype.type((1 - beta) / beta) * self.anchor[name]
        if first is not eta:
            eta[1] += self.program.dtype.type((1 - beta) / beta) * self.anchor2[name]
        ones = np.full(self.chains, beta, self.program.dtype)
        self.program.draw(
            self.fields, name, eta, self.state, self._empty, self._key(name, step), beta=ones
        )

    def _sweep(self, beta: float, step: int) -> None:
        f, r = self.fields, self.program.dtype.type((1 - beta) / beta)
        bias = {n: b + r * self.anchor[n] if n in self.anchor else b for n, b in f.bias.items()}
        bias2 = {n: b + r * self.anchor2[n] if n in self.anchor2 else b for n, b in f.bias2.items()}
        with self.machine.standing_for(replace(f, bias=bias, bias2=bias2)):
            self.machine.sweep(
                self.state,
                1,
                {},
                self.update,
                self.stream,
                beta=np.full(self.chains, beta),
                first=step,
            )

"""The path that annealed importance sampling takes: independent units at β = 0, the machine at β =
1 (Neal 2001; Salakhutdinov & Murray 2008).

p_β(x) ∝ base(x) exp((1 − β) a·x − β E(x)), so that every unit's field is (1 − β) a + β η: the unit
types alone make all distributions between. Groups that are independent given the others are summed
out of the weights.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from ..kernels.blend import blend
from ..plan.plan import MANY_CHAINS
from ..runtime.alone import square_field
from ..runtime.expert_sampling import ExpertSampler
from ..runtime.program import TAKES, Array, Fields, State
from . import enumeration

if TYPE_CHECKING:
    from .phases import Phases

LOOKS = 8
"""Sweeps between two looks at units for which no lower bound of the energy is proved."""
SELECTED = 1 << 27
"""Most numbers that the fields of all states of a one-of-K unit may be, for every chain at once."""


class Path:
    """Chains that move along the path, and log p*_β of where they are, up to the one constant of
    all β.

    `anchor` is a: group → [size]. On the second statistic of a type that has x², the base
    distribution keeps the machine's own bias where that leaves it a distribution (`square_field`).
    `given` holds every chain's own value of the given groups, [chains, size]: E is that of x given
    it, and its terms of given groups alone are in the weights, times β, but not their base
    measures.
    """

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
        summed = summed_groups(machine, chains)
        self._divide(summed, tuple(n for block in plan.blocks for n in block if n not in summed))
        self._empty = np.empty((0, 0), self.program.dtype)
        self._blended: dict[str, tuple[float, Array]] = {}

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
        self._look()

    def begin_at(self, state: State) -> None:
        """Chains at the kept groups of `state`, [chains, size]."""
        for name in self.kept:
            self.state[name][...] = state[name]
        self._look()

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

    # ------------------------------------------------------------ moves

    def move(self, beta: float, step: int) -> None:
        """One Gibbs sweep that leaves p_β what it is.

        `beta` > 0; `step` keys the random numbers.
        """
        if step % LOOKS == 0:
            self.machine.watch(self.state)
        if not self.summed and self.program.plan.all_listed and self.chains >= MANY_CHAINS:
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


class SelectedPath(Path):
    """The path where a one-of-K unit z chooses among the fields of others: both are summed out of
    the weights, and drawn together.
    """

    def __init__(
        self,
        machine: Phases,
        anchor: State,
        chains: int,
        stream: int,
        given: State | None = None,
        update: int = 0,
    ) -> None:
        super().__init__(machine, anchor, chains, stream, given, update)
        selector = self.program.plan.selector
        assert selector is not None
        self.z, self.near = selector
        summed = (self.z, *self.near)
        self._divide(summed, tuple(n for n in machine.free if n not in summed))

    def _look(self) -> None:
        for name in self.summed:
            self.state[name][...] = 0
        whole, self.summed = self.summed, ()
        super()._look()
        self.summed = whole
        self._minus_by_state = (
            self.program.field(self.fields, self.z, self.state).astype(np.float64)
            + self._minus_energy[:, None]
        )
        self._etas = {
            n: self.program.fields_by_state(self.fields, n, self.state, self.z) for n in self.near
        }

    def _by_state(self, beta: float) -> Array:
        """log p*_β of every state of z, its neighbours summed out: [chains, K]."""
        w = beta * self._minus_by_state + (1 - beta) * (
            self.anchor[self.z] + self._anchored[:, None]
        )
        for n in self.near:
            w += self.program.log_partition(n, self._between(n, beta)).reshape(
                self.chains, self.program.sizes[self.z]
            )
        return w

    def log_weight(self, beta: float) -> Array:
        return self._base + logsumexp(self._by_state(beta), axis=1)

    def move(self, beta: float, step: int) -> None:
        w = self._by_state(beta)
        eta = np.ascontiguousarray(w - w.max(axis=1, keepdims=True), self.program.dtype)
        self.program.draw(
            self.fields, self.z, eta, self.state, self._empty, self._key(self.z, step)
        )
        picked = np.argmax(self.state[self.z], axis=1) + self.program.sizes[self.z] * np.arange(
            self.chains
        )
        for n in self.near:
            chosen = np.ascontiguousarray(self._between(n, beta)[..., picked, :])
            self.program.draw(self.fields, n, chosen, self.state, self._empty, self._key(n, step))
        for name in self.kept:
            self._draw(name, beta, step)
        self._look()


def summed_groups(machine: Phases, chains: int) -> tuple[str, ...]:
    """The block of groups to sum out of the weights: independent given the others, those of
    infinite domain before the largest.
    """
    plan, program = machine.program.plan, machine.program
    if plan.all_listed and chains >= MANY_CHAINS:
        return ()
    blocks = [tuple(n for n in b if not program.meets(n)) for b in plan.blocks]
    fit = [b for b in blocks if b]
    infinite = {b: any(enumeration.log2_states(program, n) == np.inf for n in b) for b in fit}
    return max(fit, key=lambda b: (infinite[b], sum(program.sizes[n] for n in b)), default=())


def path_of(
    machine: Phases,
    anchor: State,
    chains: int,
    stream: int,
    given: State | None = None,
    update: int = 0,
) -> Path:
    """The path that fits the machine's plan."""
    selector = machine.program.plan.selector
    if selector is not None:
        sizes = machine.program.sizes
        if chains * sizes[selector[0]] * sum(sizes[n] for n in selector[1]) <= SELECTED:
            return SelectedPath(machine, anchor, chains, stream, given, update)
    return Path(machine, anchor, chains, stream, given, update)


def base_fields(machine: Phases, means: State) -> State:
    """a of every free group, so that an independent unit's mean is `means` [size]: A′(a) = mean, by
    bisection; the fields stay within ±NEAR.
    """
    f = machine.held_fields()
    return {n: _field_of_mean(machine, f, n, x) for n, x in means.items()}


NEAR = 6.0
"""Bounds of the base distribution's fields: a pixel that was never on in the data may still be."""


def _field_of_mean(machine: Phases, f: Fields, name: str, mean: Array) -> Array:
    program = machine.program
    g = program.plan.group(name)
    if g.states is not None:
        if g.unit.states is None:  # a vector's components have no order to bisect along
            return np.array(f.bias[name])
        k = program.states[name]
        p = np.clip(np.asarray(mean, np.float64), np.exp(-NEAR), None)
        return np.ascontiguousarray(
            np.log(p / np.repeat(p.reshape(-1, k).sum(1), k)) + np.log(k), program.dtype
        )
    second = square_field(program, f, name) if g.square else None
    bound = NEAR if not g.square else NEAR * (1 + float(np.abs(mean).max(initial=0.0)) * 4)
    low, high = np.full(g.size, -bound), np.full(g.size, bound)
    for _ in range(40):
        middle = (low + high) / 2
        eta = np.empty(program.shape(name, 1), program.dtype)
        if g.square:
            eta[0], eta[1] = middle, second
        else:
            eta[...] = middle
        below = program.mean(name, eta)[0] < mean
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.ascontiguousarray((low + high) / 2, program.dtype)

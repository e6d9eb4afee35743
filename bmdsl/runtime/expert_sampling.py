"""Draws of a group whose units experts see.

By auxiliary variables where they make the experts Gaussian or linear, which is exact:

    (1 + κu²)^−s = ∫ Gamma(τ; s, 1) e^{−τκu²} dτ        Student-t: τ | u ~ Gamma(s, 1 + κu²)
    (Welling, Hinton & Osindero 2003) e^{−s|u|}    = ∫ N(u; 0, τ) Exp(τ) dτ (up to a factor)    1/τ
    | u ~ InverseGaussian(s/|u|, s²)     (Park & Casella 2008) e^{softplus(u)} = Σ_h e^{hu}, h ∈ {0,
    1}            cosh u = ½ Σ_t e^{tu}, t ∈ {−1, 1}

so that x given them is Gaussian with precision diag(1/σ² − 2η₂) + Mᵀ diag(d) M, or of independent
units. Else real units move by Hamiltonian dynamics (Neal 2011, MCMC using Hamiltonian dynamics),
units of few states one after another from exact energy differences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import fail
from ..plan.streams import of_key
from .domain import base_precision, ends, support_of
from .experts import BoundExpert

if TYPE_CHECKING:
    from .program import Array, Fields, Key, Program, State

Arrays = tuple["Array", "Array", "Array"]
LEAPS = (10, 30)
"""Fewest and most leapfrog steps of a trajectory; each sweep draws its number."""
WISHED = 0.8
"""The share of accepted trajectories that long runs steer to (Beskos et al. 2013 have 0.65 as most
efficient; a higher one mixes surely).
"""
SHORT, SHORTEST = 0.2, 1e-3
"""Share of trajectories with shorter steps beside experts that grow faster than a square, and how
short: far out these bend the energy much more.
"""
AT_ONCE = 1 << 22
"""Numbers of the precision matrices that are held at once."""


class ExpertSampler:
    """The sampler of one group in one call: how long its steps are is all it remembers."""

    def __init__(self, program: Program, f: Fields, name: str) -> None:
        self.program, self.fields, self.name = program, f, name
        self.group = program.plan.group(name)
        self.experts: list[tuple[BoundExpert, Arrays]] = [
            (e, a) for e, a in f.experts if name in e.groups
        ]
        self.kinds = [_kind(e, a) for e, a in self.experts]
        self.support = support_of(program, name)
        self.gaussian = self.group.square and not np.isfinite(ends(self.group)).any()
        """Whether its units are any real numbers under a Gaussian base measure."""
        if self.support is None and not self.gaussian:
            raise fail(
                "BM861",
                f"experts see `{name}`: only units of real numbers, as `gaussian`, or of finitely"
                " many states can be drawn then",
                self.experts[0][0].term.span,
            )
        self.walled = any(e.growth()[0] > 2 for e, _ in self.experts)
        """Whether an expert grows faster than a square: wells may then lie apart, and bend the more
        the farther out.
        """
        self.log_step = 0.0
        self.accepted: list[float] = []

    def draw(
        self,
        state: State,
        seen: Array,
        key: Key,
        beta: Array | None,
        adapt: bool,
        more: Array | None = None,
    ) -> None:
        """One update in place.

        `seen` [0, 0] or the group's observed values, NaN where free; `beta` [rows] multiplies the
        energy.

        `more`, of the fields' shape, is added to them: what a reading of the units says.
        """
        generator = of_key(key)
        eta = self.program.field(self.fields, self.name, state)
        b = np.ones(len(state[self.name])) if beta is None else np.asarray(beta, np.float64)
        eta = eta * b[:, None].astype(eta.dtype)
        if more is not None:
            eta += more
        x = state[self.name]
        free = np.ones(x.shape, bool) if not seen.size else np.isnan(seen)
        linear = all(k in ("binary", "spin") for k in self.kinds) and bool((b == 1).all())
        mixed = (
            self.gaussian
            and all(self.kinds)
            and (not any(k in ("binary", "spin") for k in self.kinds) or bool((b == 1).all()))
        )
        if linear and not self.gaussian:
            for (e, arrays), kind in zip(self.experts, self.kinds, strict=True):
                u, matrix = _argument(e, arrays, state), _matrix(e, arrays, self.name)
                eta += (_helpers(kind, u, generator) @ matrix).astype(eta.dtype)
            self.program.draw(self.fields, self.name, eta, state, seen, key)
        elif mixed and free.all():
            self._gaussian(state, eta, b, generator)
        elif self.gaussian:
            self._hamiltonian(state, eta, b, free, generator, adapt)
        else:
            self._one_by_one(state, eta, b, free, generator)

    # ------------------------------------------------------------ auxiliary variables

    def _gaussian(
        self, state: State, eta: Array, beta: Array, generator: np.random.Generator
    ) -> None:
        x = state[self.name]
        rows, size = x.shape
        field, parts, weights = eta[0].astype(np.float64), [], []
        for (e, arrays), kind in zip(self.experts, self.kinds, strict=True):
            matrix = _matrix(e, arrays, self.name).astype(np.float64)
            u = _argument(e, arrays, state)
            if kind in ("binary", "spin"):
                field = field + _helpers(kind, u, generator) @ matrix
                continue
            d = _precisions(e, arrays, kind, u, beta, generator)
            rest = u - x.astype(np.float64) @ matrix.T
            field = field - (d * rest) @ matrix
            parts.append(matrix)
            weights.append(d)
        own = base_precision(self.group) - 2 * eta[1].astype(np.float64)
        noise = np.sqrt(own) * generator.standard_normal((rows, size))
        if not parts:
            x[...] = (field + noise) / own
            return
        whole, precision = np.concatenate(parts), np.concatenate(weights, axis=1)
        # Q = own I + Mᵀ D M; √own ε + Mᵀ √D ε′ has covariance Q, so that Q⁻¹(field + it) is the
        # draw: one solution, and no triangular ones
        field = (
            field
            + noise
            + (np.sqrt(precision) * generator.standard_normal(precision.shape)) @ whole
        )
        step = max(1, AT_ONCE // size**2)
        for lo in range(0, rows, step):
            d = precision[lo : lo + step]
            q = np.einsum("jp,nj,jq->npq", whole, d, whole, optimize=True)
            q[:, np.arange(size), np.arange(size)] += own[lo : lo + step]
            x[lo : lo + step] = np.linalg.solve(q, field[lo : lo + step, :, None])[..., 0]

    # ------------------------------------------------------------ Hamiltonian dynamics

    def _hamiltonian(
        self,
        state: State,
        eta: Array,
        beta: Array,
        free: Array,
        generator: np.random.Generator,
        adapt: bool,
    ) -> None:
        x = state[self.name].astype(np.float64)
        own = base_precision(self.group) - 2 * eta[1].astype(np.float64)
        leaps = int(generator.integers(LEAPS[0], LEAPS[1] + 1))
        step = np.exp(self.log_step) * self._longest(own, beta) * generator.uniform(0.8, 1.2)
        short = self.walled and generator.random() < SHORT
        step *= SHORTEST ** generator.random() if short else 1.0

        def slope(at: Array) -> Array:
            moved = state | {self.name: at.astype(self.program.dtype)}
            pull = sum(
                e.slope(arrays, moved, self.name).astype(np.float64) for e, arrays in self.experts
            )
            return np.where(free, own * at - eta[0] + beta[:, None] * pull, 0.0)

        def energy(at: Array) -> Array:
            moved = state | {self.name: at.astype(self.program.dtype)}
            return np.asarray(
                (0.5 * own * at * at - eta[0] * at).sum(1)
                + beta * sum(e.energy(arrays, moved) for e, arrays in self.experts)
            )

        momentum = np.where(free, generator.standard_normal(x.shape), 0.0)
        begun = energy(x)
        with np.errstate(over="ignore", invalid="ignore"):
            at, p = x.copy(), momentum - 0.5 * step * slope(x)
            for k in range(leaps):
                at = at + step * p
                p = p - (step if k + 1 < leaps else 0.5 * step) * slope(at)
            ended = energy(at)
            change = begun + 0.5 * (momentum**2).sum(1) - ended - 0.5 * (p**2).sum(1)
        chance = np.where(
            np.isfinite(change), np.exp(np.minimum(0, np.nan_to_num(change, nan=-np.inf))), 0.0
        )
        taken = generator.random(len(x)) < chance
        state[self.name][taken] = at[taken].astype(self.program.dtype)
        self.accepted.append(float(chance.mean()))
        if adapt and not short:
            self.log_step += 0.2 * (chance.mean() - WISHED)
        if self.walled:
            self._turned(state, free, np.where(taken, ended, begun), energy, generator)

    def _turned(
        self,
        state: State,
        free: Array,
        now: Array,
        energy: Callable[[Array], Array],
        generator: np.random.Generator,
    ) -> None:
        """Metropolis moves x → −x, of all units and of one of them: from well to well, over no
        barrier.
        """
        size = free.shape[1]
        for alone in (False, True) if size > 1 else (False,):
            x = state[self.name].astype(np.float64)
            chosen = (
                free & (generator.integers(size, size=len(x))[:, None] == np.arange(size))
                if alone
                else free
            )
            turned = np.where(chosen, -x, x)
            after = energy(turned)
            taken = np.log(generator.random(len(x))) < now - after
            state[self.name][taken] = turned[taken].astype(self.program.dtype)
            now = np.where(taken, after, now)

    def _longest(self, own: Array, beta: Array) -> float:
        """A step that leapfrog takes well: a little less than the shortest length over which the
        energy bends.
        """
        return float(
            0.9 / np.sqrt(max(1e-12, float(own.max()) + float(beta.max()) * self._stiffest))
        )

    @cached_property
    def _stiffest(self) -> float:
        """The largest eigenvalue of Mᵀ diag(|s| sup |f″|) M, by power iteration."""
        parts = [(np.abs(a[2]) * _bend(e), _matrix(e, a, self.name)) for e, a in self.experts]
        size, top = self.program.sizes[self.name], 0.0
        v = np.full(size, size**-0.5)
        for _ in range(12):
            w = sum((bend * (matrix @ v)) @ matrix for bend, matrix in parts)
            top = float(np.linalg.norm(w))
            if top == 0:
                break
            v = w / top
        return top

    # ------------------------------------------------------------ few states, one unit after anothe

    def _one_by_one(
        self, state: State, eta: Array, beta: Array, free: Array, generator: np.random.Generator
    ) -> None:
        assert self.support is not None
        x, k = state[self.name], self.program.states[self.name]
        states = np.asarray(self.support, np.float64).reshape(len(self.support), k)
        field = (eta[0] if eta.ndim == 3 else eta).astype(np.float64)
        arguments = [_argument(e, a, state) for e, a in self.experts]
        matrices = [_matrix(e, a, self.name).astype(np.float64) for e, a in self.experts]
        base = (
            np.zeros(len(states))
            if self.group.states is not None
            else np.array(
                [
                    float(self.group.unit.log_base(float(s[0]), *self.group.arguments))
                    for s in states
                ]
            )
        )
        for p in range(0, x.shape[1], k):
            if not free[:, p].any():
                continue
            now = x[:, p : p + k].astype(np.float64)
            scores = np.empty((len(x), len(states)))
            for m, value in enumerate(states):
                change = value - now
                total = field[:, p : p + k] @ value + base[m]
                for (e, a), u, matrix in zip(self.experts, arguments, matrices, strict=True):
                    total = total - beta * (
                        e.value_and_slope(u + change @ matrix[:, p : p + k].T)[0] @ a[2]
                    )
                scores[:, m] = total
            scores += generator.gumbel(size=scores.shape)
            new = np.where(free[:, p : p + 1], states[scores.argmax(1)], now)
            for k_, matrix in enumerate(matrices):
                arguments[k_] = arguments[k_] + (new - now) @ matrix[:, p : p + k].T
            x[:, p : p + k] = new


NEAR = 3.0
"""How far from 0 an expert's argument may be where chains begin, if it grows faster than a square.
"""


def drawn_near(e: BoundExpert, arrays: Arrays, state: State) -> None:
    """Brings the first states of real units in, in place, to where an expert that grows faster than
    a square has arguments of order 1.
    """
    if e.growth()[0] <= 2:
        return
    far = np.abs(e.joined(state) @ arrays[0].T).max(axis=1, initial=0.0)
    for name in e.groups:
        if not np.isfinite(ends(e.plan.group(name))).any():
            state[name] *= (NEAR / np.maximum(far, NEAR))[:, None].astype(state[name].dtype)


def _argument(e: BoundExpert, arrays: Arrays, state: State) -> Array:
    return np.asarray((e.joined(state) @ arrays[0].T + arrays[1]).astype(np.float64))


def _matrix(e: BoundExpert, arrays: Arrays, name: str) -> Array:
    lo = e.begin[name]
    return arrays[0][:, lo : lo + e.plan.group(name).size]


def _kind(e: BoundExpert, arrays: Arrays) -> str:
    """Which auxiliary variables an expert has; "" for none."""
    strength = arrays[2]
    functions: Sequence[str] = [e.first, *(n for n, _ in e.chain)]
    positive = bool((strength > 0).all())
    if functions == ["square", "log1p"] and e.chain[0][1] > 0 and positive:
        return "student"
    if functions == ["square"] and positive:
        return "square"
    if functions == ["abs"] and positive:
        return "laplace"
    if functions in (["softplus"], ["logcosh"]) and bool((strength == -1).all()):
        return "binary" if functions == ["softplus"] else "spin"
    return ""


def _helpers(kind: str, u: Array, generator: np.random.Generator) -> Array:
    """h ∈ {0, 1} or t ∈ {−1, 1} given an expert's argument."""
    draws = generator.random(u.shape)
    with np.errstate(over="ignore"):
        return np.where(
            draws < 1 / (1 + np.exp(-(u if kind == "binary" else 2 * u))),
            1.0,
            0.0 if kind == "binary" else -1.0,
        )


def _precisions(
    e: BoundExpert, arrays: Arrays, kind: str, u: Array, beta: Array, generator: np.random.Generator
) -> Array:
    """d of the quadratic ½ d u² that stands for an expert given its auxiliary variables: [rows,
    experts].
    """
    strength = arrays[2].astype(np.float64) * beta[:, None]
    if kind == "square":
        return 2 * strength
    if kind == "student":
        kappa = e.chain[0][1]
        return np.asarray(2 * kappa * generator.gamma(strength) / (1 + kappa * u * u))
    return np.asarray(generator.wald(strength / np.maximum(np.abs(u), 1e-12), strength**2))


def _bend(e: BoundExpert) -> float:
    """The largest curvature |f″| of an expert, on a grid; 1 where f has a kink."""
    if "abs" in (e.first, *(n for n, _ in e.chain)):
        return 1.0
    u = np.linspace(-8, 8, 1601)
    return float(np.abs(np.gradient(e.value_and_slope(u)[1], u)).max())

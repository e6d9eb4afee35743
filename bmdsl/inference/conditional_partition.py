"""log Z(x) of models with given groups, for each distinct value x: summed exactly, or by AIS.

Every quantity counts the base measure of a given group, so that log P(v | x) = −F(v, x) − log Z(x).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import BmError, fail
from ..language.late import special
from ..plan.streams import FORWARD_STREAM, PILOT_STREAM, REVERSE_STREAM, SETTLE_STREAM, of_event
from ..registry import Shown
from ..runtime import summing
from ..runtime.program import Array, State
from . import enumeration
from .base_distribution import base_fields
from .elimination import Elimination
from .importance import (
    APART,
    SCHEDULES,
    Progress,
    backward,
    even_speed,
    forward,
)
from .selected_path import path_of

if TYPE_CHECKING:
    from .annealed_path import Path
    from .phases import Phases

MIN_CHAINS = 20
"""Fewest chains of each distinct value: the log of a mean weight over fewer is far too low."""
MAX_ROWS = 1 << 12
"""Most chains that are moved at once, whose values may differ."""
PILOT_VALUES, PILOT_CHAINS = 8, 8
"""Distinct values, and chains of each, that the temperatures are chosen by."""
BIAS = 0.1
"""Mean shortfall of log Z, in nats, from which on it is told."""


@dataclass(frozen=True)
class Sides:
    """log Z from one direction, in nats, with standard errors: [values]."""

    value: Array
    std_error: Array
    effective: Array
    """How many equal weights the weights of a value's chains are worth."""


@dataclass(frozen=True)
class LogPartitions(Shown):
    """Estimates of log Z(x) in nats, one per case; cases of equal x share theirs.

    `forward` is too low on average, `reverse` too high.
    """

    forward: Sides
    reverse: Sides | None
    betas: Array
    chains: int
    """Chains of each distinct value."""
    index: Array
    """[cases]: which distinct value the case has."""

    @property
    def value(self) -> Array:
        """log Z(x) of each case, by forward AIS."""
        return self.forward.value[self.index]

    @property
    def std_error(self) -> Array:
        """Standard error of each case's log Z(x)."""
        return self.forward.std_error[self.index]

    @property
    def interval(self) -> tuple[Array, Array]:
        """95 % per case, by the normal approximation of the mean weight."""
        return self.value - 1.96 * self.std_error, self.value + 1.96 * self.std_error

    @property
    def gap(self) -> Array | None:
        """Reverse minus forward per case: near 0 where both can be believed."""
        return None if self.reverse is None else self.reverse.value[self.index] - self.value

    def mean(self, side: Sides, cases: slice = slice(None)) -> tuple[float, float]:
        """Mean of log Z over `cases`, and its standard error: cases of equal x share one error."""
        counts = np.bincount(self.index[cases], minlength=len(side.value))
        share = counts / counts.sum()
        return float(share @ side.value), float(np.sqrt(np.sum((share * side.std_error) ** 2)))

    @property
    def doubt(self) -> str:
        """Reasons against the numbers; empty if there are none."""
        reasons = []
        if self.gap is not None and abs(float(self.gap.mean())) > APART:
            apart = abs(float(self.gap.mean()))
            reasons.append(
                f"the two sides are {apart:.1f} nats apart on average: take more `steps`"
            )
        # the log of a mean of n weights of relative variance r lies r / 2n below its limit
        shortfall = float((self.std_error**2).mean() / 2)
        if shortfall > BIAS:
            reasons.append(f"log Z is about {shortfall:.1f} nats too low on average: more `chains`")
        few = float(np.mean(self.forward.effective < 2))
        if few:
            reasons.append(
                f"{100 * few:.0f} % of the values have less than 2 effective chains: more `steps`"
            )
        return "; ".join(reasons)

    def __str__(self) -> str:
        mean, error = self.mean(self.forward)
        text = f"log Z = {mean:.2f} ± {error:.2f} nats on average by AIS"
        if self.reverse is not None:
            mean, error = self.mean(self.reverse)
            text += f", {mean:.2f} ± {error:.2f} by reverse AIS"
        count = len(self.forward.value)
        run = f"{self.chains:,} chains each, {len(self.betas) - 1:,} temperatures"
        return f"{text} ({count:,} distinct given value{'s' * (count != 1)}, {run})"


def distinct(given: State) -> tuple[State, Array]:
    """The distinct values of the given groups together, and which of them each case has."""
    joined = np.hstack([x.reshape(len(x), -1) for x in given.values()])
    _, first, index = np.unique(joined, axis=0, return_index=True, return_inverse=True)
    return {n: np.ascontiguousarray(x[first]) for n, x in given.items()}, index.ravel()


def exact_log_partitions(machine: Phases, given: State, bits: float = enumeration.LIMIT) -> Array:
    """log Z(x) of each case: [cases]. Summed by group, or unit after unit if the model is sparse.

    Raises BM801 if either way has more than 2^`bits` states per distinct value, or its tables
    are too large.
    """
    values, index = distinct(given)
    try:
        return _enumerated(machine, values, min(bits, enumeration.LIMIT))[index]
    except BmError as by_group:
        try:
            return _unit_by_unit(machine, values)[index]
        except BmError:
            raise by_group from None


def _enumerated(machine: Phases, values: State, bits: float) -> Array:
    program, f = machine.program, machine.held_fields()
    what = "log Z at each value of the given groups"
    chosen = enumeration.choose(program, machine.free, what, int(bits))
    rest = tuple(n for n in machine.free if n not in chosen)
    step = max(1, enumeration.CHUNK // enumeration.count_states(program, chosen))
    out = np.full(len(next(iter(values.values()))), -np.inf)
    for lo in range(0, len(out), step):
        part = {n: x[lo : lo + step] for n, x in values.items()}
        count = len(out[lo : lo + step])
        for states in enumeration.joint_states(program, chosen):
            each = len(next(iter(states.values()))) if states else 1
            rows = {n: np.repeat(x, each, axis=0) for n, x in part.items()}
            rows |= {n: np.tile(x, (count, 1)) for n, x in states.items()}
            weights = summing.sum_out(program, f, rows, rest)[1].reshape(count, each)
            out[lo : lo + step] = np.logaddexp(
                out[lo : lo + step], special.logsumexp(weights, axis=1)
            )
    return out


def _unit_by_unit(machine: Phases, values: State) -> Array:
    program, f = machine.program, machine.held_fields()
    count = len(next(iter(values.values())))
    held = ({n: x[k] for n, x in values.items()} for k in range(count))
    return np.array([Elimination(program, f, x, "log Z").log_z for x in held])


def estimate(
    machine: Phases,
    means: State,
    given: State,
    chains: int,
    steps: int,
    schedule: str,
    reverse: bool,
    settle: int = 100,
    progress: Progress | None = None,
) -> LogPartitions:
    """log Z(x) of each case by AIS, `chains` divided over the distinct x but at least MIN_CHAINS
    each.

    Reverse chains begin at the forward chains' ends of the same x, chosen by their weights and
    moved on by `settle` sweeps. Raises BM814 for a size or a schedule that is none.
    """
    if chains < 2 or steps < 2:
        what = f"AIS with {chains} chains and {steps} temperatures has nothing to average"
        raise fail("BM814", what, help="at least 2 of each")
    if schedule not in SCHEDULES:
        known = f"schedules are {', '.join(SCHEDULES)}"
        raise fail("BM814", f"there is no schedule `{schedule}`", help=known)
    values, index = distinct(given)
    count = len(next(iter(values.values())))
    each = max(MIN_CHAINS, chains // count)
    at_once = max(1, MAX_ROWS // each)
    batches = range(0, count, at_once)
    total = steps * (2 if reverse else 1) * len(batches)

    def teller(start: int) -> Callable[[int], None]:
        return lambda k: progress(start + k, total) if progress is not None else None

    there, back = [], []
    with machine.frozen():
        anchor = base_fields(machine, means)
        betas = np.linspace(0, 1, steps + 1)
        if schedule == "adaptive":
            betas = _adaptive(machine, anchor, values, steps)
        for batch, lo in enumerate(batches):
            part = {n: np.repeat(x[lo : lo + at_once], each, axis=0) for n, x in values.items()}
            rows = len(next(iter(part.values())))
            path = path_of(machine, anchor, rows, FORWARD_STREAM, part, batch)
            base = np.full(rows, path.base_log_partition())
            for name, x in part.items():
                base += machine.program.log_base(name, x)
            done = total // len(batches) * batch
            there.append(base + forward(path, betas, teller(done)))
            if reverse:
                ends = _samples(machine, path, there[-1].reshape(-1, each), settle)
                path.stream = REVERSE_STREAM
                path.begin_at(ends)
                back.append(backward(path, betas, teller(done + steps)) - base)
    return LogPartitions(
        _sides(np.concatenate(there).reshape(count, each), 1),
        _sides(np.concatenate(back).reshape(count, each), -1) if reverse else None,
        betas,
        each,
        index,
    )


def _adaptive(machine: Phases, anchor: State, values: State, steps: int) -> Array:
    count = len(next(iter(values.values())))
    picked = np.linspace(0, count - 1, min(count, PILOT_VALUES)).astype(int)
    each = PILOT_VALUES * PILOT_CHAINS // len(picked)
    rows = {n: np.repeat(x[picked], each, axis=0) for n, x in values.items()}
    path = path_of(machine, anchor, len(picked) * each, PILOT_STREAM, rows)
    return even_speed(path, steps, len(picked))


def _sides(log_weights: Array, sign: int) -> Sides:
    """Of log weights [values, chains]."""
    n = log_weights.shape[1]
    relative = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    mean = relative.mean(axis=1)
    error = relative.std(axis=1, ddof=1) / (np.sqrt(n) * mean)
    effective = relative.sum(axis=1) ** 2 / (relative**2).sum(axis=1)
    return Sides(sign * (special.logsumexp(log_weights, axis=1) - np.log(n)), error, effective)


def _samples(machine: Phases, path: Path, log_weights: Array, settle: int) -> State:
    """States that stand for samples of the machine at each value, [values · chains]."""
    generator = of_event("RESAMPLE", machine.seed, path.update)
    count, each = log_weights.shape
    p = np.cumsum(
        np.exp(log_weights - special.logsumexp(log_weights, axis=1, keepdims=True)), axis=1
    )
    u = generator.random((count, each)) * p[:, -1:]
    ends = [np.searchsorted(p[k], u[k], side="right") for k in range(count)]
    rows = (np.clip(ends, 0, each - 1) + each * np.arange(count)[:, None]).ravel()
    state = {n: x[rows] for n, x in path.state.items()}
    if path.summed:
        held = {n: state[n].copy() for n in path.kept}
        machine.sweep(state, 1, held, 2 * path.update + 1, SETTLE_STREAM)
    machine.sweep(state, settle, {}, 2 * path.update, SETTLE_STREAM)
    return state

"""log Z by annealed importance sampling from both ends (Neal 2001; Salakhutdinov & Murray 2008;
Burda, Grosse & Salakhutdinov 2015).

Forward: chains start as independent units and are moved to the machine; exp of their log weights,
averaged, has the mean Z / Z₀, so that the estimate of log Z is too low on average. Reverse: chains
start as the machine's own samples and are taken apart; the mean of exp is Z₀ / Z, and the estimate
too high, if the start is well mixed. One side alone says little: where modes are missed, forward
runs agree with one another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..language.diagnostics import fail
from ..plan.streams import (
    BASE_STREAM,
    FORWARD_STREAM,
    PILOT_STREAM,
    REVERSE_STREAM,
    SETTLE_STREAM,
    of_event,
)
from ..registry import Shown
from ..runtime.program import Array, State
from .annealed_path import Path
from .base_distribution import base_fields
from .selected_path import path_of
from .shared_chains import of_all, own_chains

if TYPE_CHECKING:
    from .phases import Phases

PILOT_CHAINS, PILOT_STEPS = 64, 128
FLOOR = 0.05
"""The least density of temperatures, as a share of the mean one."""
BASE_CHAINS, BASE_SWEEPS, APART_BASE = 200, 100, 10
"""States of short chains that means are taken over without cases, the sweeps before the first of
them, and between two of one chain.
"""
MOST_NUMBERS, FEWEST_CHAINS = 1 << 24, 8
"""Numbers of all chains of a short run together, and the fewest chains that it has nevertheless."""
BASE_CASES = 1000
"""Cases that the independent units' means are taken from."""
APART = 1.0
"""Nats between the two sides from which on they are said to disagree."""
SCHEDULES = ("adaptive", "linear")
Progress = Callable[[int, int], None]


METHODS = ("exact", "ais")
"""Ways to log Z."""


@dataclass(frozen=True)
class Side:
    """log Z from one direction, in nats: its standard error from the spread of the weights, and how
    many equal weights they are worth.
    """

    value: float
    std_error: float
    effective: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, by the normal approximation of the mean weight."""
        return self.value - 1.96 * self.std_error, self.value + 1.96 * self.std_error


@dataclass(frozen=True)
class LogPartition(Shown):
    """An estimate of log Z in nats.

    `float()` gives its value; `forward` is too low on average, `reverse` too high.
    """

    forward: Side
    reverse: Side | None
    base: float
    """log Z₀ of the independent units."""
    betas: Array
    chains: int

    @property
    def value(self) -> float:
        return self.forward.value

    @property
    def std_error(self) -> float:
        return self.forward.std_error

    @property
    def interval(self) -> tuple[float, float]:
        return self.forward.interval

    @property
    def gap(self) -> float | None:
        """Reverse minus forward: near 0 where both can be believed."""
        return None if self.reverse is None else self.reverse.value - self.forward.value

    @property
    def doubt(self) -> str:
        """What speaks against the number; empty where nothing does."""
        said = []
        if self.gap is not None and abs(self.gap) > APART:
            said.append(
                f"the two sides are {abs(self.gap):.1f} nats apart: the truth lies between, take"
                " more `steps`"
            )
        if self.forward.effective < max(2.0, 0.01 * self.chains):
            said.append(
                f"the weights are worth {self.forward.effective:.1f} of {self.chains:,} chains:"
                " take more `steps`"
            )
        return "; ".join(said)

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        text = f"log Z = {self.value:.2f} ± {self.std_error:.2f} nats by AIS"
        if self.reverse is not None:
            text += f", {self.reverse.value:.2f} ± {self.reverse.std_error:.2f} by reverse AIS"
        return f"{text} ({self.chains:,} chains, {len(self.betas) - 1:,} temperatures)"


def base_means(machine: Phases, seen: State | None, given: State | None = None) -> State:
    """[size] a free group: means over at most BASE_CASES cases, hidden units' by mean field;
    without data, of short chains from the biases, the
    given groups at the values that `given` has."""
    if seen is None:
        return _means_of_chains(machine, given or {})
    step = max(1, len(next(iter(seen.values()))) // BASE_CASES)
    state, _ = machine.mean_field({n: x[::step] for n, x in seen.items()}, 30, 1e-4, 0.0)
    return {n: state[n].mean(0, dtype=np.float64) for n in machine.free}


def _means_of_chains(machine: Phases, given: State) -> State:
    """Means over BASE_CHAINS states, of fewer chains if these are large."""
    count = _fitting(machine, BASE_CHAINS)
    state = machine.initial_state(count, update=0)
    rows = {n: x[np.linspace(0, len(x) - 1, count).astype(int)] for n, x in given.items()}
    machine.sweep(state, BASE_SWEEPS, rows, 0, stream=BASE_STREAM)
    total, looks = {n: state[n].mean(0, dtype=np.float64) for n in machine.free}, 1
    while looks * count < BASE_CHAINS:
        first = BASE_SWEEPS + (looks - 1) * APART_BASE
        machine.sweep(state, APART_BASE, rows, 0, stream=BASE_STREAM, first=first)
        for n, x in total.items():
            x += state[n].mean(0, dtype=np.float64)
        looks += 1
    return {n: x / looks for n, x in total.items()}


def _fitting(machine: Phases, chains: int) -> int:
    """So many chains, or fewer if their states would take much memory."""
    size = sum(machine.program.sizes.values())
    return min(chains, max(FEWEST_CHAINS, MOST_NUMBERS // size))


def estimate(
    machine: Phases,
    means: State,
    chains: int,
    steps: int,
    schedule: str,
    reverse: bool,
    start: State | None = None,
    settle: int = 100,
    progress: Progress | None = None,
) -> LogPartition:
    """log Z from `chains` chains and `steps` temperatures.

    `means` [size] a group: those of the independent units that chains start from.

    Reverse chains begin at the forward ones' ends, chosen by their weights and moved on by `settle`
    sweeps; with `start`, samples [n, size] a group, half of them there, and the larger of both
    estimates counts. BmError BM814 for a size or a schedule that is none.
    """
    if chains < 2 or steps < 2:
        raise fail(
            "BM814",
            f"AIS with {chains} chains and {steps} temperatures has nothing to average",
            help="at least 2 of each",
        )
    if schedule not in SCHEDULES:
        raise fail(
            "BM814",
            f"there is no schedule `{schedule}`",
            help=f"schedules are {', '.join(SCHEDULES)}",
        )
    with machine.frozen():
        anchor = base_fields(machine, means)
        betas = np.linspace(0, 1, steps + 1)
        if schedule == "adaptive":
            pilot = path_of(machine, anchor, _fitting(machine, PILOT_CHAINS), PILOT_STREAM)
            betas = even_speed(pilot, steps)
        total = steps * (2 if reverse else 1)
        back = None
        with own_chains(machine, chains) as own:
            path = path_of(machine, anchor, own.stop - own.start, FORWARD_STREAM)
            base = path.base_log_partition()
            weights = forward(path, betas, lambda k: progress(k, total) if progress else None)
            there = of_all(machine, chains, {"": weights})[""]
            if reverse:
                path.stream = REVERSE_STREAM
                path.begin_at(_samples(machine, path, there, start, settle, own))
                weights = backward(
                    path, betas, lambda k: progress(steps + k, total) if progress else None
                )
                back = of_all(machine, chains, {"": weights})[""]
    return LogPartition(
        _side(there, base, 1),
        None if back is None else _upper(back, base, start is not None),
        base,
        betas,
        chains,
    )


def _upper(log_weights: Array, base: float, halves: bool) -> Side:
    """The larger of the estimates from the two kinds of start: where one misses a mode of the
    machine, it is too low.
    """
    parts = np.array_split(log_weights, 2) if halves else [log_weights]
    return max((_side(part, base, -1) for part in parts), key=lambda side: side.value)


def _side(log_weights: Array, base: float, sign: int) -> Side:
    n = len(log_weights)
    relative = np.exp(log_weights - log_weights.max())
    spread = float(relative.std(ddof=1) / (np.sqrt(n) * relative.mean()))
    return Side(
        base + sign * float(np.logaddexp.reduce(log_weights) - np.log(n)),
        spread,
        float(relative.sum() ** 2 / (relative**2).sum()),
    )


def even_speed(path: Path, steps: int, values: int = 1) -> Array:
    """Temperatures as dense as log p*_β changes from chain to chain: the spread of a weight's steps
    is then the same all along the path.

    For chains in equilibrium this makes the variance of the log weight least. A short run with
    evenly spaced ones finds the spread: among the chains of each of `values` equal parts, whose
    given groups differ.
    """
    grid = np.linspace(0, 1, PILOT_STEPS + 1)
    path.start()
    spread = np.empty(PILOT_STEPS)
    for k, (low, high) in enumerate(zip(grid[:-1], grid[1:], strict=True)):
        change = path.follow(np.array([low, high]), k).reshape(values, -1)
        spread[k] = float(np.sqrt(change.var(axis=1).mean()))
    density = spread + FLOOR * max(float(spread.mean()), 1e-12)
    length = np.concatenate([[0.0], np.cumsum(density)])
    betas = np.interp(np.linspace(0, length[-1], steps + 1), length, grid)
    betas[0], betas[-1] = 0.0, 1.0
    return betas


def forward(path: Path, betas: Array, progress: Callable[[int], None]) -> Array:
    """Log weights of independent units that are moved to the machine: [chains], the mean of their
    exp is Z / Z₀.
    """
    path.start()
    return path.follow(betas, 1, progress=progress)


def backward(path: Path, betas: Array, progress: Callable[[int], None]) -> Array:
    """Log weights of samples of the machine that are taken apart: [chains], the mean of their exp
    is Z₀ / Z.
    """
    return path.follow(betas[::-1], len(betas) - 1, -1, progress, stay=True)


def _samples(
    machine: Phases, path: Path, log_weights: Array, start: State | None, settle: int, own: slice
) -> State:
    """States of chains that stand for samples of the machine, the first half of them from `start`
    where there is one: those of this rank, `own` of all.
    """
    generator = of_event("RESAMPLE", machine.seed)
    p, chains = np.exp(log_weights - np.logaddexp.reduce(log_weights)), len(log_weights)
    ends = generator.choice(len(p), chains, p=p / p.sum())
    state = {n: x[ends[own]] for n, x in of_all(machine, chains, path.state).items()}
    if path.summed:
        machine.sweep(state, 1, {n: state[n].copy() for n in path.kept}, 1, SETTLE_STREAM)
    if start is not None:
        half, n = len(np.array_split(log_weights, 2)[0]), len(next(iter(start.values())))
        rows = np.arange(half) % n if n <= half else generator.choice(n, half, replace=False)
        for name, x in state.items():
            taken = start[name][rows[own]]
            x[: len(taken)] = taken
    machine.sweep(state, settle, {}, 0, SETTLE_STREAM)
    return state


def verify_method(method: str, options: Mapping[str, Any]) -> None:
    """BmError BM808 for a method that `log_partition` does not have, or an option of `exact`."""
    if method not in METHODS:
        raise fail(
            "BM808",
            f"log_partition has no method `{method}`",
            help=f"methods are {', '.join(METHODS)}",
        )
    if method == "exact" and options:
        raise fail(
            "BM808",
            f"exact enumeration takes no option `{next(iter(options))}`",
            help='options are for method="ais"',
        )

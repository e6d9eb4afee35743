"""Chains watched while they run: a trace of each observable, and what the traces say of
the means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .. import registry
from ..language.diagnostics import fail, near
from ..runtime.program import Array, State
from ..shown import Shown
from . import tempering
from .chain_statistics import Summary, summarize

if TYPE_CHECKING:
    from .phases import Phases

PACKAGE = "bmdsl.inference.observables"
Measure = Callable[["Phases", State], Array]


@dataclass(frozen=True)
class Trace(Shown):
    """`values`: observable → [chains, draws]; draws are `thin` sweeps apart.

    `state`: the chains at the end, group → [chains, *axes].

    `swaps` is there where replicas exchanged their temperatures.
    """

    values: Mapping[str, Array]
    state: Mapping[str, Array]
    thin: int
    swaps: tempering.Swaps | None = None

    def summary(self) -> list[Summary]:
        """Mean, standard error, autocorrelation time, effective sample size and split R-hat of
        every observable.
        """
        return [summarize(name, x, self.thin) for name, x in self.values.items()]


def measures(names: Iterable[str]) -> dict[str, Measure]:
    """The observables of these names. BmError BM815 for one that is none."""
    known = registry.discover(PACKAGE)
    out: dict[str, Measure] = {}
    for name in names:
        if name not in known:
            close = near(name, known)
            raise fail(
                "BM815",
                f"there is no observable `{name}`",
                help=f"did you mean `{close}`?" if close else f"observables are {', '.join(known)}",
            )
        out[name] = known[name].measure
    return out


def observe(
    machine: Phases,
    names: Iterable[str],
    chains: int,
    draws: int,
    thin: int,
    burn_in: int,
    betas: Array,
    held: State,
    update: int,
    begin: State | None = None,
    progress: Callable[[int], None] | None = None,
) -> Trace:
    """`draws` records of `chains` chains, `thin` sweeps apart, after `burn_in` sweeps, at the last
    of `betas`.

    More than one of `betas` is a ladder of replicas for every chain, which try to exchange after
    every sweep.
    """
    chosen = measures(names)
    held_rows = {n: np.repeat(x, len(betas), axis=0) for n, x in held.items()}
    begin = (
        None if begin is None else {n: np.repeat(x, len(betas), axis=0) for n, x in begin.items()}
    )
    replicas = tempering.start(machine, chains, betas, update, begin)
    values = {name: np.empty((chains, draws)) for name in chosen}
    calls = update
    one = len(betas) == 1

    def run(sweeps: int) -> None:
        nonlocal calls
        steps, rounds = (sweeps, 1) if one else (1, sweeps)
        tempering.sweep(machine, replicas, steps, held_rows, calls + 1, rounds)
        calls += rounds

    if burn_in:
        for part in np.array_split(np.arange(burn_in), min(burn_in, 100)):
            run(len(part))
            if progress is not None:
                progress(int(part[-1]) + 1)
    for t in range(draws):
        run(thin)
        rows = replicas.rows_at(len(betas) - 1)
        state = {n: x[rows] for n, x in replicas.state.items()}
        for name, measure in chosen.items():
            values[name][:, t] = measure(machine, state)
        if progress is not None:
            progress(burn_in + (t + 1) * thin)
    rows = replicas.rows_at(len(betas) - 1)
    final = {n: machine.program.shaped(n, x[rows]) for n, x in replicas.state.items()}
    return Trace(values, final, thin, None if one else tempering.swaps(replicas))

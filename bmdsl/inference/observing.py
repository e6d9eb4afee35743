"""Chains watched while they run: a trace of each observable, and what the traces say of
the means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from .. import registry
from ..language.diagnostics import fail, near
from ..ranks.world import world
from ..registry import Shown
from ..runtime.program import Array, State
from . import tempering
from .chain_statistics import Summary, summarize
from .records import Run
from .shared_chains import own_ladders
from .taking import take, take_of_replicas

if TYPE_CHECKING:
    from .phases import Phases

PACKAGE = "bmdsl.inference.observables"
Measure = Callable[["Phases", State], Array]


@dataclass(frozen=True)
class Trace(Shown):
    """`values`: observable → [chains, draws], or [pairs of chains, draws] of one that is of two;
    draws are `thin` sweeps apart. One of several numbers has an entry for each.

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


@dataclass(frozen=True)
class Watched:
    """An observable: its word as it was asked for, the names of its numbers, and how it is
    measured, [rows, numbers].
    """

    word: str
    groups: tuple[str, ...]
    labels: tuple[str, ...]
    measure: Measure
    module: ModuleType

    def figures(self, machine: Phases, mean: Array) -> dict[str, float]:
        """The figures that the means of `moments` are of."""
        if hasattr(self.module, "figures"):
            found = self.module.figures(machine, *self.groups, mean)
        else:
            found = dict(zip(self.labels, map(float, mean), strict=True))
        return {self._of_group(n): x for n, x in found.items()}

    def moments(self, records: Array) -> Array:
        """What figures need the means of, [..., numbers], of records [..., numbers]."""
        made: Array = getattr(self.module, "moments", np.asarray)(records)
        return made

    def _of_group(self, name: str) -> str:
        return f"{name}({','.join(self.groups)})" if "(" in self.word else name


def names_of(text: str) -> list[str]:
    """The observables that commas outside brackets keep apart: `energy, correlation(s,t)`."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [x.strip() for x in parts]


def watched(machine: Phases, names: Iterable[str]) -> tuple[Watched, ...]:
    """The observables of these names, `word`, `word(group)` or `word(group,group)`.

    BmError BM815 for one that is none.
    """
    known = registry.discover(PACKAGE)
    return tuple(_watched(machine, name, known) for name in names)


def _watched(machine: Phases, name: str, known: Mapping[str, ModuleType]) -> Watched:
    word, bracket, rest = name.partition("(")
    if word not in known:
        close = near(word, known)
        raise fail(
            "BM815",
            f"there is no observable `{word}`",
            help=f"did you mean `{close}`?" if close else f"observables are {', '.join(known)}",
        )
    module = known[word]
    if not hasattr(module, "labels"):
        if bracket:
            raise fail("BM815", f"`{word}` is of no group alone", help=f"leave `({rest}` out")
        return Watched(
            name, (), (name,), lambda m, x: np.asarray(module.measure(m, x))[:, None], module
        )
    groups = _groups(machine, name, module) if bracket else (machine.visible[0],)
    labels = module.labels(machine, *groups)
    own = tuple(f"{x}({','.join(groups)})" for x in labels) if bracket else labels
    return Watched(name, groups, own, lambda m, x: module.measure(m, x, *groups), module)


def _groups(machine: Phases, name: str, module: ModuleType) -> tuple[str, ...]:
    """The groups that stand in brackets behind an observable's word."""
    word, _, rest = name.partition("(")
    named = tuple(x.strip() for x in rest.removesuffix(")").split(","))
    known = list(machine.program.sizes)
    unknown = [x for x in named if x not in known]
    if unknown or not rest.endswith(")"):
        raise fail(
            "BM815",
            f"`{name}` names no group of the model: `{unknown[0]}`"
            if unknown
            else f"the bracket of `{name}` is not closed",
            help=f"there are {', '.join(known)}",
        )
    most = getattr(module, "MOST_GROUPS", 1)
    if len(named) > most:
        raise fail(
            "BM815",
            f"`{word}` is of {('one group', 'two groups')[most - 1]}"
            f"{' at most' * (most > 1)}, and `{name}` names {len(named)}",
            help=f"`{word}({','.join(named[:most])})`",
        )
    return named


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
    chosen = watched(machine, names)
    with own_ladders(machine, chains, len(betas)) as own:
        shared = own.stop - own.start < chains
        held, begin = (
            {n: np.repeat(y[own], len(betas), axis=0) for n, y in (x or {}).items()}
            for x in (held, begin)
        )
        replicas = tempering.start(
            machine,
            own.stop - own.start,
            betas,
            update,
            begin or None,
            own.start,
            chains if shared else None,
        )
        values = _records(machine, chosen, replicas, (draws, thin, burn_in), held, update, progress)
    state = replicas.states_at(machine, len(betas) - 1)
    if shared:
        values, state = (
            {n: world().gathered(np.ascontiguousarray(x)) for n, x in found.items()}
            for found in (values, state)
        )
    final = {n: machine.program.shaped(n, x) for n, x in state.items()}
    return Trace(values, final, thin, None if len(betas) == 1 else tempering.swaps(replicas))


def _records(
    machine: Phases,
    chosen: tuple[Watched, ...],
    replicas: tempering.Replicas,
    counts: tuple[int, int, int],
    held: State,
    update: int,
    progress: Callable[[int], None] | None,
) -> dict[str, Array]:
    """What is observed of the replicas at the last of the inverse temperatures while they move:
    [chains, draws] an observable. `counts`: draws, sweeps between them and before the first.
    """
    draws, thin, burn_in = counts
    values: dict[str, Array] = {}
    calls, last = update, len(replicas.betas) - 1

    def run(sweeps: int) -> None:
        nonlocal calls
        steps, rounds = (sweeps, 1) if last == 0 else (1, sweeps)
        tempering.sweep(machine, replicas, steps, held, calls + 1, rounds)
        calls += rounds

    if burn_in:
        for part in np.array_split(np.arange(burn_in), min(burn_in, 100)):
            run(len(part))
            if progress is not None:
                progress(int(part[-1]) + 1)

    def told(drawn: int) -> None:
        if progress is not None:
            progress(burn_in + drawn * thin)

    if draws and not held and machine.moves == "gibbs":
        how = Run(draws, thin, calls + 1, float(replicas.betas[last]), told)
        if last:
            found = take_of_replicas(machine, chosen, replicas, how)
        else:
            found = take(machine, chosen, replicas.numbers, how)
        if found is not None:
            return found
    for t in range(draws):
        run(thin)
        state = replicas.states_at(machine, last)
        for x in chosen:
            for name, column in zip(x.labels, x.measure(machine, state).T, strict=True):
                if t == 0:
                    values[name] = np.empty((len(column), draws))
                values[name][:, t] = column
        told(t + 1)
    return values

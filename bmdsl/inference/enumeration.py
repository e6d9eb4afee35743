"""Exact sums: some groups enumerated, the rest summed out by their log-partitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import prod
from types import MappingProxyType

import numpy as np

from ..language.diagnostics import BmError, counted, fail
from ..runtime.domain import support_of
from ..runtime.program import TAKES, Array, Fields, Program, Rows, State
from ..runtime.summing import sum_out

LIMIT = 25
"""log2 of the most joint states that are enumerated."""
PER_CASE = 16
"""log2 of the most states that are enumerated and kept for each case of a minibatch."""
CHUNK = 1 << 14
WAYS = {
    "the positive phase": "use `positive meanfield()` or `gibbs()`, or a smaller machine",
    "the negative phase": "use `negative pcd()` or `cd()`, or a smaller machine",
    "the partition function": (
        'estimate it: `machine.log_partition("ais", data=...)`, `bm eval --likelihood`; or a'
        " smaller machine"
    ),
    "log Z at each value of the given groups": (
        'estimate it: `machine.log_likelihood(data, "ais")`, `bm eval --likelihood`; or a smaller'
        " machine"
    ),
    "the free energy": (
        "use its bound by mean field, `machine.variational_bound`, or a smaller machine"
    ),
}
"""What to do in place of a sum that is too large."""
Units = Mapping[str, int]
"""Group → how many of its units are free, of groups whose other units are held fixed."""


def log2_states(program: Program, name: str, units: Units = MappingProxyType({})) -> float:
    """log2 of a group's number of joint states; inf where its domain is not finite."""
    return program.plan.group(name).log2_states(units.get(name))


def _free_units(program: Program, name: str, units: Units) -> int:
    return units.get(name, program.sizes[name] // program.states[name])


def count_states(
    program: Program, names: Iterable[str], units: Units = MappingProxyType({})
) -> int:
    """How many joint states finite groups have."""
    supports = ((support_of(program, n), _free_units(program, n, units)) for n in names)
    return prod(len(s) ** free for s, free in supports if s is not None)


def joint_states(
    program: Program, names: tuple[str, ...], units: Units = MappingProxyType({})
) -> Iterator[State]:
    """All joint states of finite groups, of the free units alone, in chunks of rows."""
    digits = [
        (name, support_of(program, name))
        for name in names
        for _ in range(_free_units(program, name, units))
    ]
    bases = [len(s) for _, s in digits if s is not None]
    total = int(np.prod(bases, dtype=object)) if bases else 1
    for start in range(0, total, CHUNK):
        index = np.arange(start, min(total, start + CHUNK))
        columns: dict[str, list[Array]] = {name: [] for name in names}
        for name, s in digits:
            if s is not None:
                index, digit = np.divmod(index, len(s))
                columns[name].append(np.asarray(s[digit]).reshape(len(digit), -1))
        yield {
            name: np.ascontiguousarray(np.hstack(c), dtype=program.dtype)
            for name, c in columns.items()
        }


def choose(
    program: Program,
    names: Iterable[str],
    what: str,
    limit: int = LIMIT,
    units: Units = MappingProxyType({}),
) -> tuple[str, ...]:
    """Which of the free groups to enumerate; a BmError that names the coupling terms where none
    will do.
    """
    program.verify_takes(TAKES, what)
    names = tuple(names)
    chosen, graph = program.plan.enumerated(names, units), program.plan.graph
    states = {n: log2_states(program, n, units) for n in chosen or ()}
    if chosen is None or sum(states.values()) > limit:
        pairs = [
            f"{a} and {b}" if a != b else f"units of {a}"
            for a, b in graph.couples.edges
            if a in names and b in names
        ]
        size = (
            "infinitely many states"
            if chosen is None
            else f"2^{sum(states[n] for n in chosen):.0f} states of {', '.join(chosen)}"
        )
        unseen = "".join(
            f"; {counted(k, 'unit')} of `{n}` {'is' if k == 1 else 'are'} missing (NaN)"
            for n, k in units.items()
        )
        raise fail(
            "BM801",
            f"{what} is not exact here: terms couple {'; '.join(pairs)}, which leaves {size} to"
            " enumerate",
            note=f"at most 2^{limit} states are enumerated here{unseen}",
            help=WAYS.get(what, "a smaller machine"),
        )
    return chosen


def summed_at_once(program: Program, names: Iterable[str]) -> bool:
    """Whether these groups can be summed out of all rows together: none enumerated, or a single
    one-of-K unit.
    """
    try:
        chosen = choose(program, names, "this")
    except BmError:
        return False
    return not chosen or one_unit(program, chosen) is not None


def summed_rows(
    program: Program, f: Fields, given: State, free: Iterable[str], what: str, limit: int = LIMIT
) -> Iterator[tuple[Rows, Array]]:
    """For one row of `given`: chunks of (rows, log weights), the free groups enumerated or replaced
    by their means.

    log weight = log Σ over the summed-out groups of exp(−E); rows hold enumerated states and
    conditional means.
    """
    free = tuple(free)
    chosen = choose(program, free, what, limit)
    rest = tuple(n for n in free if n not in chosen)
    for part in joint_states(program, chosen):
        count = len(next(iter(part.values()))) if part else 1
        rows = {n: np.repeat(x, count, axis=0) for n, x in given.items()} | part
        yield sum_out(program, f, rows, rest)


def one_unit(program: Program, chosen: tuple[str, ...]) -> str | None:
    """The group to enumerate where that is a single one-of-K unit, whose states differ by its field
    alone: none that an expert sees.
    """
    one = (
        len(chosen) == 1
        and program.plan.is_one_unit(chosen[0])
        and not program.plan.group(chosen[0]).expert
    )
    return chosen[0] if one else None

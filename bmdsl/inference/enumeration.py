"""Exact sums: some groups enumerated, the rest summed out by their log-partitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf, log2, prod
from types import MappingProxyType

import numpy as np

from ..graph.passes import choose_enumerated
from ..language.diagnostics import BmError, counted, fail
from ..runtime.program import TAKES, Array, Fields, Program, Rows, State

LIMIT = 25
"""log2 of the most joint states that are enumerated."""
PER_CASE = 16
"""log2 of the most states that are enumerated and kept for each case of a minibatch."""
CHUNK = 1 << 14
NUMBERS = 1 << 25
"""Most numbers of enumerated rows that are held at once."""
WAYS = {
    "the positive phase": "use `positive meanfield()` or `gibbs()`, or a smaller machine",
    "the negative phase": "use `negative pcd()` or `cd()`, or a smaller machine",
    "the partition function": "estimate it: `machine.log_partition(\"ais\", data=...)`, `bm eval --likelihood`; or a smaller machine",
    "log Z at each value of the given groups": "estimate it: `machine.log_likelihood(data, \"ais\")`, `bm eval --likelihood`; or a smaller machine",
    "the free energy": "use its bound by mean field, `machine.variational_bound`, or a smaller machine",
}
"""What to do in place of a sum that is too large."""
MOST = 1 << 28
"""Most numbers of one case's rows for all states of a one-of-K unit: a gigabyte."""


Units = Mapping[str, int]
"""Group → how many of its units are free, of groups whose other units are held fixed."""


def log2_states(program: Program, name: str, units: Units = MappingProxyType({})) -> float:
    """log2 of a group's number of joint states; inf where its domain is not finite."""
    support = support_of(program, name)
    return inf if support is None else _free_units(program, name, units) * log2(len(support))


def _free_units(program: Program, name: str, units: Units) -> int:
    return units.get(name, program.sizes[name] // program.states[name])


def support_of(program: Program, name: str) -> Array | None:
    """All states of one of a group's units; None where they are not finitely many."""
    g = program.plan.group(name)
    if g.unit.states is not None:
        return g.unit.support(program.states[name])
    return g.unit.support(*g.arguments)


def count_states(program: Program, names: Iterable[str], units: Units = MappingProxyType({})) -> int:
    """How many joint states finite groups have."""
    supports = ((support_of(program, n), _free_units(program, n, units)) for n in names)
    return prod(len(s) ** free for s, free in supports if s is not None)


def joint_states(program: Program, names: tuple[str, ...], units: Units = MappingProxyType({})) -> Iterator[State]:
    """All joint states of finite groups, of the free units alone, in chunks of rows."""
    digits = [(name, support_of(program, name)) for name in names for _ in range(_free_units(program, name, units))]
    bases = [len(s) for _, s in digits if s is not None]
    total = int(np.prod(bases, dtype=object)) if bases else 1
    for start in range(0, total, CHUNK):
        index = np.arange(start, min(total, start + CHUNK))
        columns: dict[str, list[Array]] = {name: [] for name in names}
        for name, s in digits:
            if s is not None:
                index, digit = np.divmod(index, len(s))
                columns[name].append(np.asarray(s[digit]).reshape(len(digit), -1))
        yield {name: np.ascontiguousarray(np.hstack(c), dtype=program.dtype) for name, c in columns.items()}


def choose(program: Program, names: Iterable[str], what: str, limit: int = LIMIT, units: Units = MappingProxyType({})) -> tuple[str, ...]:
    """Which of the free groups to enumerate; a BmError that names the coupling terms where none will do."""
    program.verify_takes(TAKES, what)
    names = tuple(names)
    states = {n: log2_states(program, n, units) for n in names}
    chosen = choose_enumerated(program.plan.graph, names, states)
    graph = program.plan.graph
    if chosen is None or sum(states[n] for n in chosen) > limit:
        pairs = [f"{a} and {b}" if a != b else f"units of {a}" for a, b in graph.couples.edges if a in names and b in names]
        size = "infinitely many states" if chosen is None else f"2^{sum(states[n] for n in chosen):.0f} states of {', '.join(chosen)}"
        unseen = "".join(f"; {counted(k, 'unit')} of `{n}` {'is' if k == 1 else 'are'} missing (NaN)" for n, k in units.items())
        raise fail("BM801", f"{what} is not exact here: terms couple {'; '.join(pairs)}, which leaves {size} to enumerate",
                   note=f"at most 2^{limit} states are enumerated here{unseen}", help=WAYS.get(what, "a smaller machine"))
    return chosen


def summed_at_once(program: Program, names: Iterable[str]) -> bool:
    """Whether these groups can be summed out of all rows together: none enumerated, or a single one-of-K unit."""
    try:
        chosen = choose(program, names, "this")
    except BmError:
        return False
    return not chosen or one_unit(program, chosen) is not None


def summed_rows(program: Program, f: Fields, given: State, free: Iterable[str], what: str,
                limit: int = LIMIT) -> Iterator[tuple[Rows, Array]]:  # fmt: skip
    """For one row of `given`: chunks of (rows, log weights), the free groups enumerated or replaced by their means.

    log weight = log Σ over the summed-out groups of exp(−E); rows hold enumerated states and conditional means.
    """
    free = tuple(free)
    chosen = choose(program, free, what, limit)
    rest = tuple(n for n in free if n not in chosen)
    for part in joint_states(program, chosen):
        count = len(next(iter(part.values()))) if part else 1
        rows = {n: np.repeat(x, count, axis=0) for n, x in given.items()} | part
        yield sum_out(program, f, rows, rest)


def means(program: Program, f: Fields, rows: State, rest: Iterable[str], temperature: Mapping[str, float] | None = None) -> Rows:
    """Every row with the independent groups `rest` as their conditional means, those of a group in `temperature` at that."""
    full, squares, etas = dict(rows), {}, {}
    for name in rest:
        etas[name] = program.field(f, name, rows)
        if temperature and temperature.get(name, 1.0) != 1:
            etas[name] /= program.dtype.type(temperature[name])
        full[name] = program.mean(name, etas[name])
        if program.plan.group(name).square:
            squares[name] = program.mean_square(name, etas[name])
    return Rows(full, squares, etas)


def one_unit(program: Program, chosen: tuple[str, ...]) -> str | None:
    """The group to enumerate where that is a single one-of-K unit, whose states differ by its field alone: none that an expert sees."""
    one = len(chosen) == 1 and program.plan.is_one_unit(chosen[0]) and not program.plan.group(chosen[0]).expert
    return chosen[0] if one else None


def by_state(program: Program, f: Fields, state: State, name: str, rest: Iterable[str], whole: bool = True) -> tuple[Rows, Array]:
    """All states of a one-of-K unit for all cases at once, `rest` summed out: rows [cases · K] with means and fields, log weights [cases, K].

    A tensor's contraction with the cases is one product for all states. Without `whole` the rows hold the fields of `rest` alone.
    """
    rest = tuple(rest)
    k = program.sizes[name]
    _verify_fits(program, name)
    count = len(next(iter(state.values())))
    off = {n: np.zeros((count, program.sizes[n]), program.dtype) for n in (name, *rest)}
    none = Rows({**state, **off})
    weights = program.field(f, name, none).astype(np.float64) + _fixed_weight(program, f, none, rest)[:, None]
    rows = Rows({n: np.repeat(x, k, axis=0) for n, x in state.items()} if whole else {}, states=name)
    if whole:
        rows[name] = np.tile(np.eye(k, dtype=program.dtype), (count, 1))
    for n in rest:
        eta = program.fields_by_state(f, n, none, name)
        rows.fields[n] = eta
        weights += program.log_partition(n, eta).reshape(count, k)
        if whole:
            rows[n] = program.mean(n, eta)
            if program.plan.group(n).square:
                rows.squares[n] = program.mean_square(n, eta)
    return rows, weights


def _verify_fits(program: Program, name: str) -> None:
    """BmError BM801 where the rows of one case for all states of a one-of-K unit are more than MOST numbers."""
    k, row = program.sizes[name], sum(program.sizes.values())
    if k * row > MOST:
        raise fail("BM801", f"summing over the {k:,} states of `{name}` takes {k:,} rows of {row:,} numbers for every case",
                   note=f"at most {MOST:,} numbers are held at once", help="fewer states, or a binary group of log2 as many units in its place")  # fmt: skip


def cases_at_once(program: Program, name: str) -> int:
    """Cases whose rows for all states of a one-of-K unit fit in NUMBERS numbers."""
    return max(1, NUMBERS // (program.sizes[name] * sum(program.sizes.values())))


def sum_out(program: Program, f: Fields, rows: State, rest: Iterable[str]) -> tuple[Rows, Array]:
    """Sums independent groups `rest` out of every row: −E at rest = 0 plus Σ A(η); rest's means are filled in."""
    rest = tuple(rest)
    count = len(next(iter(rows.values()))) if rows else 1
    full = Rows(dict(rows), states=rows.states if isinstance(rows, Rows) else None)
    for name in rest:
        full[name] = np.zeros((count, program.sizes[name]), program.dtype)
    weight = _fixed_weight(program, f, full, rest)
    summed = means(program, f, full, rest)
    for name in rest:
        weight += program.log_partition(name, summed.fields[name])
    return summed, weight


def _fixed_weight(program: Program, f: Fields, rows: State, rest: Iterable[str]) -> Array:
    """−E with `rest` at 0, and the base measures of all other groups: 0 need not be a state of `rest`."""
    rest = tuple(rest)
    weight = program.minus_energy(f, rows)
    for name, x in rows.items():
        if name not in rest:
            weight += program.log_base(name, x)
    return weight

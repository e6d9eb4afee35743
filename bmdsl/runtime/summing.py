"""Independent groups summed out of rows by their log-partitions, and all states of a one-of-K unit
beside one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ..language.diagnostics import fail
from .program import Array, Fields, Program, Rows, State

NUMBERS = 1 << 25
"""Most numbers of enumerated rows that are held at once."""
MOST = 1 << 28
"""Most numbers of one case's rows for all states of a one-of-K unit: a gigabyte."""


def means(
    program: Program,
    f: Fields,
    rows: State,
    rest: Iterable[str],
    temperature: Mapping[str, float] | None = None,
) -> Rows:
    """Every row with the independent groups `rest` as their conditional means, those of a group in
    `temperature` at that.
    """
    full, squares, etas = dict(rows), {}, {}
    for name in rest:
        etas[name] = program.field(f, name, rows)
        if temperature and temperature.get(name, 1.0) != 1:
            etas[name] /= program.dtype.type(temperature[name])
        full[name] = program.mean(name, etas[name])
        if program.plan.group(name).square:
            squares[name] = program.mean_square(name, etas[name])
    return Rows(full, squares, etas)


def by_state(
    program: Program, f: Fields, state: State, name: str, rest: Iterable[str], whole: bool = True
) -> tuple[Rows, Array]:
    """All states of a one-of-K unit for all cases at once, `rest` summed out: rows [cases · K] with
    means and fields, log weights [cases, K].

    A tensor's contraction with the cases is one product for all states. Without `whole` the rows
    hold the fields of `rest` alone.
    """
    rest = tuple(rest)
    k = program.sizes[name]
    _verify_fits(program, name)
    count = len(next(iter(state.values())))
    off = {n: np.zeros((count, program.sizes[n]), program.dtype) for n in (name, *rest)}
    none = Rows({**state, **off})
    weights = (
        program.field(f, name, none).astype(np.float64)
        + _fixed_weight(program, f, none, rest)[:, None]
    )
    rows = Rows(
        {n: np.repeat(x, k, axis=0) for n, x in state.items()} if whole else {}, states=name
    )
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
    """BmError BM801 where the rows of one case for all states of a one-of-K unit are more than MOST
    numbers.
    """
    k, row = program.sizes[name], sum(program.sizes.values())
    if k * row > MOST:
        raise fail(
            "BM801",
            f"summing over the {k:,} states of `{name}` takes {k:,} rows of {row:,} numbers for"
            " every case",
            note=f"at most {MOST:,} numbers are held at once",
            help="fewer states, or a binary group of log2 as many units in its place",
        )


def cases_at_once(program: Program, name: str) -> int:
    """Cases whose rows for all states of a one-of-K unit fit in NUMBERS numbers."""
    return max(1, NUMBERS // (program.sizes[name] * sum(program.sizes.values())))


def sum_out(program: Program, f: Fields, rows: State, rest: Iterable[str]) -> tuple[Rows, Array]:
    """Sums independent groups `rest` out of every row: −E at rest = 0 plus Σ A(η); rest's means are
    filled in.
    """
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
    """−E with `rest` at 0, and the base measures of all other groups: 0 need not be a state of
    `rest`.
    """
    rest = tuple(rest)
    weight = program.minus_energy(f, rows)
    for name, x in rows.items():
        if name not in rest:
            weight += program.log_base(name, x)
    return weight

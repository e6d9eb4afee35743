"""log Z of a machine of two sides in a few instructions a unit and state: one side enumerated, the
units of the other have two states each.

The enumerated units are split in two parts A and B. A unit's field is η_A + η_B, and its two states
sum to exp(s₀ η)(1 + exp(δ η_A) exp(δ η_B)), so that all exponentials come from the tables of A and
of B.
"""

from __future__ import annotations

import numpy as np

from ..kernels.paired_states import log_sums
from ..language.late import special
from ..plan.term_kinds import Kind
from ..runtime import domain
from ..runtime.program import Array, Fields, Program, State

LOW = 7
"""log2 of the states of part B: a table of 1,000 units fits in a core's cache."""
ROWS = 1 << 12
TAKES = frozenset({Kind.CONSTANT, Kind.BIAS, Kind.COUPLING})
MOST = 690.0
"""Largest sum of fields whose exponential is still a number."""


def fits(program: Program, chosen: tuple[str, ...], rest: tuple[str, ...]) -> bool:
    """Whether `rest` are types of two states, and no term but plain couplings from `chosen` to
    `rest` reaches them.
    """
    plan = program.plan
    if not program.kinds <= TAKES or not rest or not chosen or program.plain:
        return False
    if any({c.a, c.b} <= set(chosen) for c in plan.couplings):
        return False
    two = [
        plan.group(n).unit.support(*plan.group(n).arguments) if program.states[n] == 1 else None
        for n in rest
    ]
    return all(s is not None and len(s) == 2 for s in two)


def log_z(
    program: Program, f: Fields, chosen: tuple[str, ...], rest: tuple[str, ...]
) -> float | None:
    """log Z in nats; None where fields are too large for exponentials of their own."""
    upper, lower = _parts(program, chosen)
    off = {n: np.zeros((1, program.sizes[n]), program.dtype) for n in (*chosen, *rest)}
    zero = _fields(program, f, rest, off)
    zero_weight = float(program.minus_energy(f, off)[0]) + _low_states(program, rest, zero)[0]
    below = _states(program, lower, np.arange(_count(lower)), chosen)
    eta_b = _fields(program, f, rest, below) - zero
    weight_b = (
        program.minus_energy(f, below | _zeros(program, rest, below))
        + _low_states(program, rest, eta_b + zero)
        - zero_weight
    )
    step = _steps(program, rest)
    found, q = [], np.empty(0)
    for lo in range(0, _count(upper), ROWS):
        above = _states(program, upper, np.arange(lo, min(_count(upper), lo + ROWS)), chosen)
        eta_a = _fields(program, f, rest, above)
        weight_a = program.minus_energy(f, above | _zeros(program, rest, above)) + _low_states(
            program, rest, eta_a
        )
        most = (
            float((np.abs(step * eta_a).max(0) + np.abs(step * eta_b).max(0)).max(initial=0.0))
            + LOW
        )
        if most > MOST:
            return None
        q = q if q.size else np.exp(step * eta_b).T.copy()
        found.append(
            special.logsumexp(
                log_sums(np.exp(step * eta_a), q, weight_a, weight_b, max(1, int(MOST / most)))
            )
        )
    return float(special.logsumexp(found))


Digits = list[tuple[str, int, Array]]
"""Of every enumerated unit: its group, its first column, its states [k, columns]."""


def _parts(program: Program, chosen: tuple[str, ...]) -> tuple[Digits, Digits]:
    """The enumerated units in two parts, the lower of about 2^LOW states."""
    digits: Digits = []
    for name in chosen:
        support, width = domain.support_of(program, name), program.states[name]
        assert support is not None
        digits += [
            (name, p, np.asarray(support, np.float64).reshape(len(support), -1))
            for p in range(0, program.sizes[name], width)
        ]
    bits, cut = 0.0, 0
    while cut < len(digits) and bits + np.log2(len(digits[cut][2])) <= LOW:
        bits += float(np.log2(len(digits[cut][2])))
        cut += 1
    return digits[cut:], digits[:cut]


def _count(digits: Digits) -> int:
    return int(np.prod([len(s) for _, _, s in digits], dtype=object)) if digits else 1


def _states(program: Program, digits: Digits, index: Array, chosen: tuple[str, ...]) -> State:
    """Joint states number `index` of one part, the other part's columns zero: [len(index), size] a
    group.
    """
    out = {n: np.zeros((len(index), program.sizes[n]), program.dtype) for n in chosen}
    for name, p, states in digits:
        index, digit = np.divmod(index, len(states))
        out[name][:, p : p + states.shape[1]] = states[digit]
    return out


def _zeros(program: Program, names: tuple[str, ...], like: State) -> State:
    rows = len(next(iter(like.values())))
    return {n: np.zeros((rows, program.sizes[n]), program.dtype) for n in names}


def _fields(program: Program, f: Fields, rest: tuple[str, ...], state: State) -> Array:
    """η of all summed-out units side by side: [rows, units], float64."""
    return np.hstack([program.field(f, n, state) for n in rest]).astype(np.float64)


def _two(program: Program, name: str) -> tuple[float, float]:
    g = program.plan.group(name)
    support = np.sort(np.asarray(g.unit.support(*g.arguments), np.float64))
    return float(support[0]), float(support[1])


def _steps(program: Program, rest: tuple[str, ...]) -> Array:
    """δ = s₁ − s₀ of every summed-out unit."""
    return np.concatenate(
        [np.full(program.sizes[n], _two(program, n)[1] - _two(program, n)[0]) for n in rest]
    )


def _low_states(program: Program, rest: tuple[str, ...], eta: Array) -> Array:
    """Σ s₀ η: what the lower states alone would weigh."""
    return eta @ np.concatenate([np.full(program.sizes[n], _two(program, n)[0]) for n in rest])

"""The parts of a module that belong to a kind of units, whatever the model: means, log-partitions
and draws from fields.
"""

from __future__ import annotations

from collections.abc import Container

from ..plan.identifiers import scalar
from ..plan.plan import GroupPlan
from .emit_terms import define

TOGETHER = 8
"""Rows that share the room for their uniforms: to ask for it costs as much as a row of a hundred
units.
"""
WIDE = 64
"""Units whose log-partitions are added side by side."""
FACTORS = 64
"""Numbers of up to 2 that are multiplied before a logarithm is taken; the product stays far from
overflow.
"""
ROWS = ["    for r in prange(eta.shape[0]):"]


def _call(g: GroupPlan, part: str, *first: str) -> str:
    return (
        f"{scalar(g.unit.name, part)}({', '.join((*first, *(f'F({a!r})' for a in g.arguments)))})"
    )


def _eta(g: GroupPlan) -> tuple[list[str], list[str]]:
    """What a group's functions take for the fields, and what a unit's functions are given
    of them.
    """
    if g.states is not None:
        return ["eta", "states"], ["eta[r, p : p + states]"]
    return (["eta", "eta2"], ["eta[r, p]", "eta2[r, p]"]) if g.square else (["eta"], ["eta[r, p]"])


def has_parts(g: GroupPlan, narrow: Container[str]) -> bool:
    """Whether a group's log-partitions in single precision are sums of peaks, and a logarithm of
    many rests.
    """
    own = (g.unit.peak, g.unit.rest)
    return None not in own and scalar(g.unit.name, "rest") in narrow


def _sums(lines: list[str], products: list[str], result: str) -> list[str]:
    """Lines that add log-partitions of a row's units up, WIDE of them side by side: their peaks,
    and one logarithm for FACTORS rests.

    `lines`: what unit p adds to lane k of `top` and of `products`; `result`: the sum of a lane.
    """
    return [
        "total = np.float64(0.0)",
        f"for begin in range(0, eta.shape[1], {WIDE * FACTORS}):",
        f"    top = np.zeros({WIDE}, F)",
        *(f"    {name} = np.ones({WIDE}, F)" for name in products),
        f"    end = min(begin + {WIDE * FACTORS}, eta.shape[1])",
        f"    for first in range(begin, end, {WIDE}):",
        f"        for p in range(first, min(first + {WIDE}, end)):",
        *("            " + x for x in lines),
        f"    for k in range({WIDE}):",
        f"        total += {result}",
    ]


def emit_moments(g: GroupPlan, kind: str, narrow: Container[str] = ()) -> str:
    """Means, second moments, log-partition and log base measure of a group of this kind, from its
    fields.

    `narrow`: names of functions in single precision. Such a one fills a row in vector registers
    before its sum is taken in double, which has half as many numbers in a register.
    """
    arguments, eta = _eta(g)
    columns = "range(0, eta.shape[1], states)" if g.states is not None else "range(eta.shape[1])"

    def each(part: str, doc: str) -> str:
        call = (
            _call(g, part, *eta, "out[r, p : p + states]")
            if g.states is not None
            else f"out[r, p] = {_call(g, part, *eta)}"
        )
        return define(
            f"{kind}_{part}",
            [*arguments, "out"],
            doc,
            [*ROWS, f"        for p in {columns}:", f"            {call}"],
            "parallel",
        )

    def total(part: str, doc: str, takes: list[str], call: str, over: str) -> str:
        sums = [
            "        total = np.float64(0.0)",
            f"        for p in {over}:",
            f"            total += {call}",
        ]
        if g.states is None and scalar(g.unit.name, part) in narrow:
            sums = [
                f"        each = np.empty({takes[0]}.shape[1], F)",
                f"        for p in {over}:",
                f"            each[p] = {call}",
                "        total = np.float64(0.0)",
                f"        for p in {over}:",
                "            total += each[p]",
            ]
        body = [f"    for r in prange({takes[0]}.shape[0]):", *sums, "        out[r] = total"]
        return define(f"{kind}_{part}", [*takes, "out"], doc, body, "summing")

    parts = [each("mean", "out = E[x | rest] = A′(η), every unit from its own field.")]
    if g.states is None and g.unit.components is None:
        parts.append(each("variance", "out = Var[x | rest] = A″(η)."))
    if g.states is None and g.unit.base_slope is not None:
        slope = _call(g, "base_slope", "x[r, p]")
        body = [
            "    for r in prange(x.shape[0]):",
            "        for p in range(x.shape[1]):",
            f"            out[r, p] = {slope}",
        ]
        parts.append(
            define(
                f"{kind}_base_slope",
                ["x", "out"],
                "out = the slope of the log base measure at x.",
                body,
                "parallel",
            )
        )
    if g.square:
        parts.append(each("mean_square", "out = E[x² | rest]."))
    sum_of_all = "out[r] = Σ A(η) over the units."
    if has_parts(g, narrow):
        lines = [
            f"top[p - first] += {_call(g, 'peak', *eta)}",
            f"rest[p - first] *= {_call(g, 'rest', *eta)}",
        ]
        sums = _sums(lines, ["rest"], "top[k] + log_of_product(rest[k])")
        body = [*ROWS, *("        " + x for x in (*sums, "out[r] = total"))]
        named = f"{kind}_log_partition"
        parts.append(define(named, [*arguments, "out"], sum_of_all, body, "summing"))
    else:
        call = _call(g, "log_partition", *eta)
        parts.append(total("log_partition", sum_of_all, arguments, call, columns))
    if g.states is None and g.unit.has_base():
        parts.append(
            total(
                "log_base",
                "out[r] = Σ log base measure over the units.",
                ["x"],
                _call(g, "log_base", "x[r, p]"),
                "range(x.shape[1])",
            )
        )
    return "\n\n\n".join(parts)


def emit_draw(g: GroupPlan, kind: str) -> str:
    """One update of a group of independent units: each drawn from its conditional; observed units
    (not NaN) keep their value.
    """
    arguments, eta = _eta(g)
    takes = [*arguments, "seen", "seed", "stream", "update", "step", "first", "out"]
    doc = (
        "Draws every unit given the rest from its field η. Units that `seen` has a value for (not"
        " NaN) keep it."
    )
    draw = _draw_states(g, eta) if g.states is not None else _draw_units(g, eta)
    body = ["    masked = seen.shape[0] > 0", *_for_rows(g, [], draw)]
    return define(f"{kind}_draw", takes, doc, body, "parallel")


def _for_rows(g: GroupPlan, room: list[str], draw: list[str]) -> list[str]:
    """Lines that carry `draw` out for every row r, with the uniforms u of its units; `room` asks
    for arrays that serve several rows.
    """
    units = "eta.shape[1] // states" if g.states is not None else "eta.shape[1]"
    return [
        f"    tiles = ({units} + 63) // 64",
        f"    for c in prange((eta.shape[0] + {TOGETHER - 1}) // {TOGETHER}):",
        "        u = np.empty(64 * tiles, F)",
        *("        " + x for x in room),
        f"        for r in range({TOGETHER} * c, min(eta.shape[0], {TOGETHER} * c + {TOGETHER})):",
        "            for t in range(tiles):",
        (
            "                fill_uniforms(seed, stream, update, step, first + r, t, u[64 * t : 64"
            " * t + 64])"
        ),
        *("            " + x for x in draw),
    ]


def _draw_units(g: GroupPlan, eta: list[str], masked: bool = True) -> list[str]:
    draws = ["for p in range(eta.shape[1]):", f"    out[r, p] = {_call(g, 'sample', *eta, 'u[p]')}"]
    if not masked:
        return draws
    return [
        *draws,
        "if masked:",
        "    for p in range(eta.shape[1]):",
        "        if not math.isnan(seen[r, p]):",
        "            out[r, p] = seen[r, p]",
    ]


def _draw_states(g: GroupPlan, eta: list[str], masked: bool = True) -> list[str]:
    keep = [
        "    if masked and not math.isnan(seen[r, p]):",
        "        new[:] = seen[r, p : p + states]",
    ]
    return [
        "new = np.empty(states, F)",
        "for q in range(eta.shape[1] // states):",
        "    p = q * states",
        f"    {_call(g, 'sample', *eta, 'u[q]', 'new')}",
        *(keep if masked else []),
        "    out[r, p : p + states] = new",
    ]


def emit_between(g: GroupPlan, kind: str, narrow: Container[str] = ()) -> str:
    """What annealing does with a group of independent units: draws, and changes of log-partitions,
    at fields between their own and those that it begins with.
    """
    arguments, _ = _eta(g)
    pairs = [("eta", "base", "at"), *([("eta2", "base2", "at2")] if g.square else [])]
    takes = [*arguments, *(base for _, base, _ in pairs)]
    units = ["at[p : p + states]"] if g.states is not None else [f"{at}[p]" for *_, at in pairs]
    room = [f"{at} = np.empty(eta.shape[1], F)" for *_, at in pairs]
    rest = "    rest = F(1.0) - beta"

    def blend(beta: str, rest: str) -> list[str]:
        each = (f"    {at}[p] = {rest} * {b}[0, p] + {beta} * {eta}[r, p]" for eta, b, at in pairs)
        return ["for p in range(eta.shape[1]):", *each]

    draw = (_draw_states if g.states is not None else _draw_units)(g, units, masked=False)
    drawn = define(
        f"{kind}_draw_between",
        [*takes, "beta", "seed", "stream", "update", "step", "first", "out"],
        "Draws every unit from (1 − β) base + β η.",
        [rest, *_for_rows(g, room, [*blend("beta", "rest"), *draw])],
        "parallel",
    )
    columns = "range(0, eta.shape[1], states)" if g.states is not None else "range(eta.shape[1])"
    call = _call(g, "log_partition", *units)

    def add(sign: str) -> list[str]:
        if g.states is None and scalar(g.unit.name, "log_partition") in narrow:
            first = "each[p] = " if sign == "-" else "each[p] = each[p] + "
            return [f"for p in {columns}:", f"    {first}{'-' if sign == '-' else ''}{call}"]
        return [f"for p in {columns}:", f"    total {sign}= {call}"]

    in_lanes = g.states is None and scalar(g.unit.name, "log_partition") in narrow
    change = (
        _change_by_parts(g)
        if has_parts(g, narrow)
        else [
            *room,
            *(["each = np.empty(eta.shape[1], F)"] if in_lanes else []),
            "total = np.float64(0.0)",
            *blend("low", "rest_low"),
            *add("-"),
            *blend("high", "rest_high"),
            *add("+"),
            *([f"for p in {columns}:", "    total += each[p]"] if in_lanes else []),
            "out[r] += total",
        ]
    )
    changed = define(
        f"{kind}_add_change",
        [*takes, "low", "high", "out"],
        "out[r] += Σ A((1 − high) base + high η) − A((1 − low) base + low η).",
        [
            "    rest_low, rest_high = F(1.0) - low, F(1.0) - high",
            *ROWS,
            *("        " + x for x in change),
        ],
        "summing",
    )
    return f"{drawn}\n\n\n{changed}"


def _change_by_parts(g: GroupPlan) -> list[str]:
    lines = [
        "low_eta = rest_low * base[0, p] + low * eta[r, p]",
        "high_eta = rest_high * base[0, p] + high * eta[r, p]",
        f"top[p - first] += {_call(g, 'peak', 'high_eta')} - {_call(g, 'peak', 'low_eta')}",
        f"more[p - first] *= {_call(g, 'rest', 'high_eta')}",
        f"fewer[p - first] *= {_call(g, 'rest', 'low_eta')}",
    ]
    result = "top[k] + log_of_product(more[k]) - log_of_product(fewer[k])"
    return [*_sums(lines, ["more", "fewer"], result), "out[r] += total"]

"""Groups whose units act on one another, as ops: draws unit after unit, mean field, sweeps of many
chains side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...interactions.celled import all_columns
from ...interactions.listed import (
    all_terms,
    cells,
    columns,
    gather_sites,
    incidence,
    inner_terms,
    offset,
    side_by_side,
    sites,
    tiles,
    turn_all,
)
from ...plan.plan import MANY_CHAINS
from ..builder import Builder, NotScheduled, Phase
from ..cell_ops import CELLS, cell_sites_kind, cell_sweep_kind
from ..meeting_ops import draw_kind, sites_kind, sweep_kind
from ..phase import Turned
from ..streams import stream_of
from ..values import BATCH, Array, Content, Number, Operand, Part, Value, View, full_length
from .conditionals import conditional_means

if TYPE_CHECKING:
    from .phases import Sweep
    from .terms import Terms

Rows = Mapping[str, Value]


def draw_in_order(
    b: Builder,
    terms: Terms,
    group: str,
    eta: Value,
    states: Rows,
    key: tuple[Number, ...],
    seen: Value | None = None,
    beta: Value | View | None = None,
    coupled: bool = True,
) -> None:
    """Draws a group's units one after another in states[group], in place; η is used up.

    Without `coupled` its units do not act on one another: each is drawn from its own field.
    """
    out = states[group]
    rows = b.rows_of(out)
    if not coupled:
        b.do("clear", out)
    operands: list[Operand] = [*_fields(b, group, eta), beta or ones(b, rows)]
    operands += _meeting(b, terms, group, states, rows) if coupled else _nothing(b, group, out)
    operands += [seen if seen is not None else b.free_mask(), *key, b.first_row(rows), out]
    formula = f"{out} ~ P({group} | rest), unit after unit, from {eta}"
    kind = draw_kind(b.plan, b.group(group), **_by_cells(b, terms, group if coupled else ""))
    b.do(kind, *operands, formula=formula)


def draw_by_code(
    b: Builder,
    terms: Terms,
    group: str,
    eta: Value,
    states: Rows,
    key: tuple[Number, ...],
    seen: Value | None = None,
    beta: Value | View | None = None,
    count: int | Number = 1,
) -> None:
    """`count` draws of a group's one-of-K units one after another in states[group], in place; η is
    what the rest of the model makes of their fields.
    """
    out = states[group]
    rows = b.rows_of(out)
    codes = terms.lateral(group).rows(b)
    operands = (eta, b.states_of(group), beta or ones(b, rows), codes)
    times = count if isinstance(count, Number) else Number(str(count))
    b.do("draw_codes", *operands, seen or b.free_mask(), *key, times, b.first_row(rows), out)


def settle(
    b: Builder, terms: Terms, group: str, eta: Value | Part, means: Rows, seen: Array | None = None
) -> None:
    """New means of a group's units in means[group], in place: each from the present means of the
    others.

    Units that `seen` has a value for keep it.
    """
    out = means[group]
    operands: list[Operand] = [*_fields(b, group, eta), ones(b, BATCH)]
    operands += [*_meeting(b, terms, group, means, BATCH), seen or b.free_mask(), out]
    formula = f"{out} = E[{group} | rest], unit after unit, from {eta}"
    kind = draw_kind(b.plan, b.group(group), means=True, **_by_cells(b, terms, group))
    b.do(kind, *operands, formula=formula)


def _by_cells(b: Builder, terms: Terms, group: str) -> dict[str, Any]:
    """How draws and means unit after unit take a group's couplings, if not as lists."""
    if not (group and terms.by_cells and b.group(group).woven):
        return {}
    return {"couplings": CELLS, "where": "_of_cells"}


def _fields(b: Builder, group: str, eta: Value | Part) -> tuple[Operand, ...]:
    states = (b.states_of(group),) if b.group(group).states is not None else ()
    first, *second = b.field_parts(group, eta)
    return (first, *states, *second)


def _meeting(b: Builder, terms: Terms, group: str, states: Rows, rows: int | str) -> list[Operand]:
    """How a group's units act on one another: a matrix, and listed couplings with the states that
    they need.
    """
    g, out = b.group(group), states[group]
    made: list[Operand] = []
    if g.lateral:
        made.append(terms.lateral(group).matrix(b))
    if g.woven:
        inner = inner_terms(b.plan, group)
        if terms.by_cells:
            x = all_columns(b, {n: states[n] for n in b.plan.listed_groups}, rows, "inside")
            return [*made, x, offset(b, group), *cells(b, group, inner)]
        near = {u.group for t in inner for u in b.plan.model.terms[t].units}
        x = side_by_side(
            b, {n: states[n] for n in b.plan.listed_groups if n in near}, rows, "inside"
        )
        alone = len(near) == 1
        place = Number("0") if alone else offset(b, group)
        made += [out if alone else x, place, *incidence(b, group, inner, group if alone else "")]
    return made


def _nothing(b: Builder, group: str, out: Value) -> list[Operand]:
    """The same operands for units that do not act on one another."""
    g = b.group(group)
    made: list[Operand] = []
    if g.lateral:
        size = (b.size(group), b.size(group))
        made.append(b.given(f"no_coupling_{group}", Content.MATRIX, size, ("no coupling", group)))
    if g.woven:
        start = b.given(f"no_start_{group}", Content.CONSTANT, (-1,), ("no start", group), "i8")
        value = b.given("no_value", Content.MATRIX, (0,), ("no value",))
        other = b.given("no_other", Content.CONSTANT, (0,), ("no other",), "i4")
        made += [out, Number("0"), start, other, value, start, value, start, other]
    return made


def ones(b: Builder, rows: int | str) -> Value:
    """An inverse temperature of 1 for every row."""
    return b.given(
        "ones" if rows == BATCH else "ones_of_chains",
        Content.CONSTANT,
        (rows,),
        ("ones", str(rows)),
    )


# ------------------------------------------------------------ many chains


def stand_side_by_side(
    b: Builder, terms: Terms, how: Sweep, rows: int | str, order: Iterable[str]
) -> bool:
    """Whether so many chains are swept colour after colour, one unit's states in all chains after
    another's in memory.

    For a minibatch the number of a whole one's cases decides.
    """
    count = full_length(rows, b.batch)
    many = b.plan.all_listed and (count >= MANY_CHAINS or terms.by_cells) and not how.averaged
    if many and any(n in terms.temperature for n in order):
        raise NotScheduled("temperatures of responsibilities where chains stand side by side")
    return many


def sweep_side_by_side(
    b: Builder,
    terms: Terms,
    phase: Phase,
    steps: int | Number,
    how: Sweep,
    rows: int | str,
    order: Iterable[str],
    last: Iterable[str] = (),
    begin: Number | None = None,
    betas: Value | None = None,
    biases: Mapping[str, tuple[Value, ...]] = MappingProxyType({}),
) -> Phase:
    """`steps` sweeps in place of a copy that is turned, colour after colour, numbered from `begin`;
    the groups `last` as means.

    `betas` has a row of inverse temperatures for each sweep. `biases`: group → rows in place of its
    biases.
    """
    order, last, by_cells = tuple(order), tuple(last), terms.by_cells
    x = b.value(f"turned_{how.word}", Content.STATES, (columns(b), rows))
    turn_all(b, {name: phase.rows[name] for name in b.plan.listed_groups}, x)
    masks = {name: _turned_mask(b, name, seen, rows) for name, seen in how.seen.items()}

    def update(
        name: str, step: Number, count: int | Number, beta: Value | View | None = how.beta
    ) -> None:
        g = b.group(name)
        own = biases.get(name) or tuple(
            terms.bias_row(b, name, p) for p in ((1, 2) if g.square else (1,))
        )
        bases: list[Operand] = [View(x, 0) for x in own]
        bases += [b.states_of(name)] if g.states is not None else []
        by_code = how.codes and g.codes and phase.rows[name].content is Content.STATES
        colours = (
            b.given(f"{part}_{name}", Content.CONSTANT, (-1,), ("colours", part, name), "i8")
            for part in (("order",) if by_code else ("order", "classes"))
        )
        near = cells(b, name)
        if not by_cells:
            near = incidence(b, name, all_terms(b.plan, name), "")
        codes = "sweep_codes_of_cells" if by_cells else "sweep_codes"
        kind = cell_sweep_kind if by_cells else sweep_kind
        key = (b.number("seed", "i8"), b.stream(stream_of(b, how.stream, name)), how.update, step)
        b.do(
            codes if by_code else kind(b.plan, g),
            x,
            offset(b, name),
            *bases,
            beta or ones(b, rows),
            *colours,
            *near,
            masks.get(name, b.free_mask()),
            *key,
            count,
            b.first_row(rows),
            formula=f"{name} ~ P({name} | rest) {count} times, colour after colour",
        )

    if (
        len(order) == 1 or steps == 1
    ) and betas is None:  # one group alone need not come back between its sweeps
        for name in order:
            update(name, begin or Number("0"), steps)
    elif order:
        with b.repeat(steps, "step") as step:
            own = how.beta if betas is None else View(betas, step)
            for name in order:
                update(name, step if begin is None else Number(f"{begin} + {step}"), 1, own)
    for name in order:
        b.do("turn_back", x, offset(b, name), phase.rows[name])
        terms.watch_states(b, name, phase.rows[name])
    ends = conditional_means(b, terms, last, phase, rows, how.word, how.beta)
    for name in last:
        b.do("turn_into", ends.rows[name], offset(b, name), x)
    rows_of = {n: ends.rows[n] for n in b.plan.listed_groups}
    return replace(ends, turned=Turned(x, rows_of))


def stand_by_sites(b: Builder, terms: Terms, how: Sweep, rows: int | str) -> bool:
    """Whether so few chains of a lattice are swept colour after colour, many units at a time.

    Not at temperatures of responsibilities, nor at parameters that stand in for the machine's own,
    whose sweeps elsewhere have other draws.
    """
    few = full_length(rows, b.batch) < MANY_CHAINS and not how.averaged
    return few and not b.place and not terms.temperature and b.plan.is_swept_by_sites


def sweep_by_sites(
    b: Builder,
    terms: Terms,
    phase: Phase,
    steps: int | Number,
    how: Sweep,
    order: Iterable[str],
    begin: Number | None = None,
    betas: Value | None = None,
    rows: int | str = BATCH,
) -> None:
    """`steps` sweeps in place of few chains, colour after colour, 64 units at a time."""
    order, names = tuple(order), b.plan.listed_groups
    x = all_columns(b, {n: phase.rows[n] for n in names}, rows, "sites")
    for name in () if terms.by_cells else order:
        gather_sites(b, name)

    def update(name: str, step: Number, count: int | Number, beta: Value | View | None) -> None:
        g = b.group(name)
        bases: list[Operand] = [
            View(terms.bias_row(b, name, p), 0) for p in ((1, 2) if g.square else (1,))
        ]
        bases += [b.states_of(name)] if g.states is not None else []
        arrays = [*tiles(b, name), *cells(b, name)] if terms.by_cells else list(sites(b, name))
        key = (b.number("seed", "i8"), b.stream(stream_of(b, how.stream, name)), how.update, step)
        kind = cell_sites_kind if terms.by_cells else sites_kind
        times = count if isinstance(count, Number) else Number(str(count))
        b.do(
            kind(b.plan, g),
            x,
            offset(b, name),
            *bases,
            beta or ones(b, rows),
            *arrays,
            how.seen.get(name, b.free_mask()),
            *key,
            times,
            b.first_row(rows),
            formula=f"{name} ~ P({name} | rest) {count} times, colour after colour",
        )

    if len(order) == 1 and betas is None:
        update(order[0], begin or Number("0"), steps, how.beta)
    else:
        with b.repeat(steps, "step") as step:
            own = how.beta if betas is None else View(betas, step)
            for name in order:
                update(name, step if begin is None else Number(f"{begin} + {step}"), 1, own)
    for name in order:
        if len(names) > 1:
            b.do("take_columns", x, offset(b, name), phase.rows[name])
        terms.watch_states(b, name, phase.rows[name])


def _turned_mask(b: Builder, name: str, seen: Value, rows: int | str) -> Value:
    out = b.shared(f"{name}_seen_turned", Content.MASK, (b.size(name), rows))
    b.do("turn", seen, out)
    return out

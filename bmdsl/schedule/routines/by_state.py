"""All states of a one-of-K unit z at once, the groups that it selects summed out: joint draws and
exact posteriors.

    η_z[k] = field of z + Σ_groups A(η(k)),      P(z = k | rest) = softmax(η_z / T)

T is the temperature of responsibilities (Nair & Hinton 2008, Implicit mixtures of RBMs, eq. 13).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...interactions.celled import Celled
from ...interactions.dense import Dense
from ...interactions.interface import Interaction
from ...interactions.listed import Listed
from ...interactions.tensor import ThreeWay
from ..builder import Builder, NotScheduled, Phase
from ..group_arrays import product_of
from ..phase import ByState
from ..streams import stream_of
from ..unit_ops import unit_kind
from ..values import BATCH, Array, Content, Folded, Number, Value, full_length, times

if TYPE_CHECKING:
    from .phases import Sweep
    from .terms import Terms

MOST = 1 << 25
"""Most numbers that hold the fields of all states of all cases at once."""


@dataclass(frozen=True)
class Every:
    """Fields of all states: η of z, [row, state], and of each selected group those on x and x²,
    [row, (state, unit)].
    """

    eta: Value
    fields: Mapping[str, tuple[Value, ...]]


def enumerated_unit(b: Builder, free: Iterable[str]) -> str | None:
    """The one-of-K unit given which all other free groups are independent; None if more has to be
    enumerated.
    """
    names = tuple(free)
    chosen = b.plan.enumerated(names)
    if chosen is None or len(chosen) != 1 or not b.plan.is_one_unit(chosen[0]):
        return None
    g = b.group(chosen[0])
    # Of couplings written out, those of the unit with itself are no field of it.
    return None if g.expert or g.woven else g.name


def every_state(
    b: Builder, terms: Terms, phase: Phase, z: str, near: tuple[str, ...], rows: int | str
) -> Every:
    """The fields of z, `near` summed out, and those of `near` at every state of z, given all other
    groups of the phase.
    """
    eta, total, fields = _field_and_sums(b, terms, phase, z, near, rows)
    b.do("add_log_sums", total, eta)
    if z in terms.temperature:
        b.do("divide", eta, terms.temperature[z])
    return Every(eta, fields)


def add_log_sum(
    b: Builder,
    terms: Terms,
    phase: Phase,
    z: str,
    near: tuple[str, ...],
    out: Value,
    rows: int | str,
) -> None:
    """out += log Σ_k exp(η_z[k] + Σ_groups A(η(k))) of every row: z and `near` summed out."""
    eta, total, _ = _field_and_sums(b, terms, phase, z, near, rows)
    b.do("add_log_sum_of_states", eta, total, out)


def _field_and_sums(
    b: Builder, terms: Terms, phase: Phase, z: str, near: tuple[str, ...], rows: int | str
) -> tuple[Value, Value, dict[str, tuple[Value, ...]]]:
    """The field of z, Σ A over `near` at every state of z, and the fields of these."""
    states = b.size(z)
    _verify_fits(b, [z, *near], rows)
    fixed = {n: x for n, x in phase.rows.items() if n != z and n not in near}
    word = "" if rows == BATCH else "_chains"
    eta = b.eta_of(z, rows)
    terms.set_bias(b, z, eta)
    terms.add_fields(b, z, phase, eta, fixed, rows)
    total = b.shared(f"A_{z}{word}", Content.FIELD, (rows, states), "f8")
    fields: dict[str, tuple[Value, ...]] = {}
    if not near:
        b.do("begin_energies", Folded(total))
    for k, name in enumerate(near):
        fields[name] = _of_group(b, terms, phase, z, name, fixed, rows, word)
        made = (
            total if k == 0 else b.shared(f"A_{z}_more{word}", Content.FIELD, (rows, states), "f8")
        )
        parts = tuple(_per_state(b, name, x) for x in fields[name])
        of_states(
            b,
            "log_partition",
            name,
            parts,
            Folded(made),
            f"{made} = Σ A({fields[name][0]}) of every state",
        )
        if k > 0:
            b.do("add_doubles", Folded(made), Folded(total))
    return eta, total, fields


def _of_group(
    b: Builder,
    terms: Terms,
    phase: Phase,
    z: str,
    name: str,
    fixed: Mapping[str, Value],
    rows: int | str,
    word: str,
) -> tuple[Value, ...]:
    """η of a group at every state of z: what the rest adds, what z adds whatever the rest is, and
    what both add together.
    """
    g, states, size = b.group(name), b.size(z), b.size(name)
    base = b.eta_of(name, rows)
    terms.set_bias(b, name, base)
    terms.add_fields(b, name, phase, base, fixed, rows)
    out = []
    for power in (1, 2) if g.square else (1,):
        more = "" if power == 1 else "2"
        extra = b.shared(f"eta{more}_{name}_of_{z}", Content.FIELD, (states, size))
        b.do("clear", extra)
        both = [x for x in terms.interactions if z in x.groups and name in x.groups]
        for x in both:
            if hasattr(x, "add_states"):
                x.add_states(b, name, z, power, extra)
        eta = b.shared(
            f"eta{more}_{name}_by_{z}{word}", Content.FIELD, (rows, product_of((states, size)))
        )
        b.do("set_every_state", b.field_part(name, base, power), extra, eta)
        for x in both:
            if power == 1 and hasattr(x, "add_field_by_state"):
                x.add_field_by_state(b, name, z, phase, eta, rows)
            elif power == 1 and not hasattr(x, "add_states"):
                _add_written_out(b, x, name, z, phase, eta, rows)
        out.append(eta)
    return tuple(out)


def _add_written_out(
    b: Builder, x: Interaction, name: str, z: str, phase: Phase, out: Value, rows: int | str
) -> None:
    """out[r, (k, p)] += what couplings that are written out add at state k of z: a row for every
    state.
    """
    states = b.size(z)
    many = times(rows, int(states))
    every = {}
    for n in dict.fromkeys(x.groups):
        if n == z:
            every[n] = b.shared(f"{n}_every", Content.STATES, (many, states), levels=(0.0, 1.0))
            b.do("set_unit_states", every[n])
        elif n != name:
            known = phase.rows[n]
            shape, levels = (many, b.size(n)), known.levels
            every[n] = b.shared(f"{known}_every", known.content, shape, levels=levels)
            b.do("repeat_rows", known, every[n])
    eta = b.eta_of(name, many, f"written_{z}")
    for part in b.field_parts(name, eta):
        b.do("clear", part)
    x.add_field(b, name, Phase(every, Number("1.0")), eta, many)
    b.do("add_scaled", b.field_part(name, eta, 1), 1.0, _per_state(b, name, out))


def takes_states(terms: Terms, unit: str, others: tuple[str, ...]) -> bool:
    """Whether moments of all terms with a one-of-K unit come of means by its states."""
    near = [x for x in terms.interactions if unit in x.groups]
    return all(
        isinstance(x, Dense | ThreeWay)
        or (isinstance(x, Listed | Celled) and not any(n in x.groups for n in others))
        for x in near
    )


def _verify_fits(b: Builder, groups: list[str], rows: int | str) -> None:
    sizes = [b.size(n) for n in groups]
    count = full_length(rows, b.batch)
    wide = sum(
        int(sizes[0]) * int(n)
        for n in sizes[1:]
        if not isinstance(n, str) and not isinstance(sizes[0], str)
    )
    if wide * count > MOST:
        raise NotScheduled(f"{wide * count:,} fields of all states of a one-of-K unit")


def _per_state(b: Builder, name: str, x: Value) -> Array:
    """Fields or means of all states, a row for each."""
    return Folded(x, b.length(f"n_{name}", b.size(name)))


def of_states(
    b: Builder, verb: str, group: str, fields: tuple[Array, ...], out: Array, formula: str
) -> None:
    """A function of units carried out for all states of z."""
    g = b.group(group)
    states = (b.states_of(group),) if g.states is not None else ()
    b.do(unit_kind(b.plan, g, verb), *fields, *states, out, formula=formula)


def posterior_by_state(
    b: Builder, terms: Terms, data: Phase, z: str, rest: tuple[str, ...], rows: int | str
) -> Phase:
    """The data with r = P(z | v), the means of `rest`, and E[z_k x] for terms of z and these."""
    every = every_state(b, terms, data, z, rest, rows)
    r = b.mean_of(z, rows, f"m_{z}_data")
    b.mean(z, every.eta, r)
    means, squares = {**data.rows, z: r}, dict(data.squares)
    joint: dict[str, Value] = {}
    joint2: dict[str, Value] = {}
    for name in rest:
        verbs = (("mean", "m", joint, means), ("mean_square", "s2", joint2, squares))
        for verb, word, every_of, mean_of in verbs[: 2 if b.group(name).square else 1]:
            shape = every.fields[name][0].shape
            m = b.shared(f"{word}_{name}_by_{z}", Content.MEANS, shape)
            parts = tuple(_per_state(b, name, x) for x in every.fields[name])
            of_states(
                b,
                verb,
                name,
                parts,
                _per_state(b, name, m),
                f"{m} = E[{name}{'²' if word == 's2' else ''} | {z}, rest]",
            )
            mean = b.shared(f"{word}_{name}_data", Content.MEANS, (rows, b.size(name)))
            b.do("average_states", r, m, mean)
            every_of[name], mean_of[name] = m, mean
    return replace(data, rows=means, squares=squares, by_state=ByState(z, joint, joint2))


def draws_jointly(b: Builder, how: Sweep) -> tuple[str, tuple[str, ...]] | None:
    """The plan's joint draw, if nothing of it is held fixed or at a temperature of its own."""
    found = b.plan.selector
    if how.beta is not None or found is None or {found[0], *found[1]} & {*how.held, *how.seen}:
        return None
    return found


def draw_jointly(
    b: Builder,
    terms: Terms,
    phase: Phase,
    how: Sweep,
    step: Number,
    rows: int | str,
    final: bool,
    keep: bool,
    ends: Phase,
) -> Phase:
    """z from P(z | rest) with the groups that it selects summed out, then those given z; at the end
    of a sweep, their means.
    """
    z, near = b.plan.selector or ("", ())
    every = every_state(b, terms, phase, z, near, rows)
    b.draw(z, every.eta, phase.rows[z], stream_of(b, how.stream, z), how.update, step)
    for name in near:
        eta = b.eta_of(name, rows)
        for part, own in zip(b.field_parts(name, eta), every.fields[name], strict=True):
            b.do("pick_states", own, phase.rows[z], part)
        if final:
            means, squares = dict(ends.rows), dict(ends.squares)
            means[name] = m = b.mean_of(name, rows, f"m_{name}_{how.word}")
            b.mean(name, eta, m)
            if b.group(name).square:
                squares[name] = s = b.shared(f"s2_{name}_{how.word}", Content.MEANS, m.shape)
                b.mean_square(name, eta, s)
            ends = replace(
                ends, rows=means, squares=squares, fields={**ends.fields, name: eta}, drawn=(z,)
            )
            if not keep:
                continue
        terms.draw(b, name, eta, phase.rows, stream_of(b, how.stream, name), how.update, step)
    return ends

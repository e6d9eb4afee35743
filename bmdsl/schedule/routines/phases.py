"""Sweeps of chains, and what routines ask of the groups that they are made for: the words for the
two phases are made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...language.model import Model
from ..builder import Builder, NotScheduled, Phase
from ..meeting_ops import meets
from ..streams import stream_of
from ..values import BATCH, Content, Life, Number, Value, View
from .by_state import draw_jointly, draws_jointly
from .conditionals import conditional_means, temper
from .experts import begin_steps, bring_near, fitted_until
from .meeting import stand_by_sites, stand_side_by_side, sweep_by_sites, sweep_side_by_side
from .terms import Terms


def roles(model: Model, *wanted: str) -> tuple[str, ...]:
    """The groups of these roles, in order."""
    return tuple(g.name for g in model.groups if g.role in wanted)


def given_means(b: Builder, groups: Iterable[str]) -> dict[str, Value]:
    """Arrays that come with every call, of cases that may be means of their units."""
    return {n: b.state(n, n, BATCH, Life.GIVEN, means=True, source=("data", n)) for n in groups}


def verify_independent(b: Builder, groups: Iterable[str]) -> None:
    """Raises NotScheduled if some of these groups are coupled: their posterior is no product."""
    names = tuple(groups)
    couples = b.plan.graph.couples
    if any(couples.has_edge(x, y) for x in names for y in names):
        raise NotScheduled("a posterior that is no product")
    verify_fields(b, names)


def verify_fields(b: Builder, groups: Iterable[str]) -> None:
    """Raises NotScheduled if experts see some of these groups: they have no fields."""
    seen = [n for n in groups if b.group(n).expert]
    if seen:
        raise NotScheduled(f"fields of `{seen[0]}`, which experts see")


@dataclass(frozen=True)
class Sweep:
    """How chains are swept: which stream draws them, what is held fixed."""

    stream: int | Number
    """A Number is that of the first group."""
    update: Number
    held: Mapping[str, Value]
    seen: Mapping[str, Value] = field(default_factory=dict)
    """Group → its observed values, NaN for units that are free."""
    averaged: tuple[str, ...] = ()
    """Groups that take their means in place of draws."""
    word: str = "model"
    """What arrays of this sweep are called."""
    beta: Value | View | None = None
    """An inverse temperature a row."""
    until: Number | None = None
    """Of one sweep of many, that before which Hamiltonian steps are fitted."""
    codes: bool = True
    """Whether one-of-K units that act on one another are drawn as codes, where they can be."""


def sweep(
    b: Builder,
    terms: Terms,
    phase: Phase,
    steps: int | Number,
    how: Sweep,
    rows: int | str,
    keep: bool,
    count: Number | None = None,
) -> Phase:
    """`steps` Gibbs sweeps in place, block after block; the last block's hidden groups as means.

    Without `keep` these groups' last draws are left out. A Number in place of `steps` is that of
    the one sweep to do, or of the first of `count` if `is_alone_by_code`, and no group is replaced
    by means.
    """
    order = [n for block in b.plan.blocks for n in block if n not in how.held]
    last = [n for n in b.plan.mean_block if n not in how.held and n not in how.seen]
    if isinstance(steps, int) and stand_by_sites(b, terms, how, rows):
        sweep_by_sites(b, terms, phase, steps, how, order, rows=rows)
        return conditional_means(b, terms, last, phase, rows, how.word, how.beta)
    if isinstance(steps, int) and stand_side_by_side(b, terms, how, rows, order):
        return sweep_side_by_side(b, terms, phase, steps, how, rows, order, last)
    joint = draws_jointly(b, how)

    def draw_all(step: Number, final: bool, count: int | Number = 1) -> Phase:
        ends = phase
        for name in order:
            if joint is not None and name in (joint[0], *joint[1]):
                if name == joint[0]:
                    ends = replace(ends, fields={}) if final else ends
                    ends = draw_jointly(b, terms, phase, how, step, rows, final, keep, ends)
                continue
            if final and name in last:
                before = replace(ends, fields={})
                ends = conditional_means(b, terms, [name], before, rows, how.word, how.beta)
                if not keep:
                    continue
                eta, by_code = ends.fields[name], False
            else:
                by_code = is_by_code(b, terms, name, phase, how)
                eta = terms.field(b, name, phase, rows, inner=not by_code)
                if not meets(b.group(name)):
                    temper(b, name, eta, how.beta)
            if name in how.averaged:
                b.mean(name, eta, phase.rows[name])
                continue
            stream = stream_of(b, how.stream, name)
            seen = how.seen.get(name)
            rest = (how.update, step, seen, how.beta)
            terms.draw(
                b, name, eta, phase.rows, stream, *rest, until=until, by_code=by_code, count=count
            )
        return ends

    until: int | Number = how.until or Number("0")
    if isinstance(steps, Number):
        return draw_all(steps, final=False, count=count or 1)
    if is_alone_by_code(b, terms, phase, how):
        return draw_all(Number("0"), final=False, count=steps)
    until = fitted_until(steps)
    begin_steps(b, order)
    if steps > 1:
        with b.repeat(steps - 1, "step") as step:
            draw_all(step, final=False)
    return draw_all(Number(str(steps - 1)), final=True)


def is_by_code(b: Builder, terms: Terms, group: str, phase: Phase, how: Sweep) -> bool:
    """Whether a group's units are drawn as codes: one-of-K units, coupled by a matrix, that are at
    states.
    """
    at_states = phase.rows[group].content is Content.STATES
    tempered = group in terms.temperature or group in how.averaged
    return how.codes and b.group(group).coupled_by_code and at_states and not tempered


def is_alone_by_code(b: Builder, terms: Terms, phase: Phase, how: Sweep) -> bool:
    """Whether one group alone is drawn, as codes: sweeps of it are draws from one field, and no
    states are written between them.
    """
    order = [n for block in b.plan.blocks for n in block if n not in how.held]
    return len(order) == 1 and is_by_code(b, terms, order[0], phase, how)


LEAST_SHARE = 0.01
"""Share of its base measure's precision that a unit must keep on its own to be drawn from its
biases alone.
"""


def draw_from_biases(
    b: Builder,
    terms: Terms,
    groups: Sequence[str],
    state: Mapping[str, Value],
    stream: int,
    update: Number,
    rows: int | str,
    precision: Mapping[str, float],
) -> None:
    """Draws groups as if nothing coupled them: where chains start.

    `precision`: that of the base measure of real units.
    """
    for name in groups:
        eta = b.eta_of(name, rows)
        for bias in terms.biases_of(name):
            if bias.power == 2 and name in precision:
                own = b.shared(f"own_{name}2", Content.BIAS, (1, b.size(name)))
                b.do("keep_width", bias.row(b), precision[name], LEAST_SHARE, own)
                b.do("set_rows", own, b.field_part(name, eta, 2))
            else:
                bias.set_field(b, eta)
        terms.draw(
            b, name, eta, state, stream_of(b, stream, name), update, Number("0"), coupled=False
        )
    bring_near(b, terms, {n: state[n] for n in groups}, rows)

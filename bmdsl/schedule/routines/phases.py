"""Conditionals, posteriors and sweeps as ops: what the words for the two phases are made of."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ...interactions.bias import Bias, biases_of
from ...interactions.contracted import multiway_of
from ...interactions.dense import Dense
from ...interactions.energy import add_minus_energy
from ...interactions.expert import Experts, experts_of
from ...interactions.interface import Interaction
from ...interactions.lateral import Lateral, laterals_of
from ...interactions.listed import gather_joint, listed_of
from ...language.model import Model
from ..builder import Builder, Gradient, NotScheduled, Phase
from ..meeting_ops import meets
from ..streams import stream_of
from ..values import BATCH, Content, Life, Number, Part, Value, View
from .by_state import draw_jointly, draws_jointly
from .conditionals import conditional_means, temper
from .experts import begin_steps, bring_near, draw_through_experts, fitted_until
from .meeting import draw_by_code, draw_in_order, stand_side_by_side, sweep_side_by_side


@dataclass(frozen=True)
class Terms:
    """The energy's terms as interactions."""

    biases: tuple[Bias, ...]
    interactions: tuple[Interaction, ...]
    experts: tuple[Experts, ...] = ()
    """Functions of projections, which have energies and moments, but no fields."""
    temperature: Mapping[str, Number] = field(default_factory=dict)
    """Group → T of its responsibilities: conditionals of that group are formed from fields over T.
    """
    watched: frozenset[str] = frozenset()
    """Groups of units without bounds, of a model that parameters may leave without a distribution.
    """

    @cached_property
    def _of(self) -> Mapping[str, tuple[Interaction, ...]]:
        """Group → the interactions that it takes part in, in order."""
        found: dict[str, list[Interaction]] = {}
        for x in self.interactions:
            for name in dict.fromkeys(x.groups):
                found.setdefault(name, []).append(x)
        return {name: tuple(xs) for name, xs in found.items()}

    @cached_property
    def _biases(self) -> Mapping[str, tuple[Bias, ...]]:
        """Group → its biases, in order."""
        found: dict[str, list[Bias]] = {}
        for bias in self.biases:
            found.setdefault(bias.group, []).append(bias)
        return {name: tuple(xs) for name, xs in found.items()}

    def biases_of(self, group: str) -> tuple[Bias, ...]:
        """A group's biases, in order."""
        return self._biases.get(group, ())

    def among(self, groups: Container[str]) -> Terms:
        """The terms of these groups alone."""
        return replace(
            self,
            biases=tuple(x for x in self.biases if x.group in groups),
            interactions=tuple(x for x in self.interactions if all(n in groups for n in x.groups)),
        )

    @property
    def untempered(self) -> Terms:
        """The same terms without temperatures of responsibilities: those of the model's own
        distribution.
        """
        return replace(self, temperature={})

    def prepare(self, b: Builder) -> None:
        """What fields need from the parameters, once an update."""
        b.once.clear()
        for bias in self.biases:
            bias.prepare(b)
        for x in self.interactions:
            x.prepare(b)
        for e in self.experts:
            e.prepare(b)
        gather_joint(b)

    def set_bias(self, b: Builder, group: str, eta: Value | Part) -> None:
        """Every row of η is the group's biases."""
        for bias in self.biases_of(group):
            bias.set_field(b, eta)

    def add_fields(
        self,
        b: Builder,
        group: str,
        phase: Phase,
        eta: Value | Part,
        others: Container[str],
        rows: int | str,
        inner: bool = True,
    ) -> None:
        """η += what the groups in `others` add to it, others being 0; without `inner` not what its
        own units add by a matrix.
        """
        for x in self._of.get(group, ()):
            if not inner and isinstance(x, Lateral):
                continue
            if all(n in others for n in others_of(x, group)):
                x.add_field(b, group, phase, eta, rows)

    def by_code(self, b: Builder, group: str, phase: Phase, how: Sweep) -> bool:
        """Whether a group's units are drawn as codes: one-of-K units, coupled by a matrix, that are
        at states.
        """
        at_states = phase.rows[group].content is Content.STATES
        tempered = group in self.temperature or group in how.averaged
        return how.codes and b.group(group).coupled_by_code and at_states and not tempered

    def field(
        self,
        b: Builder,
        group: str,
        phase: Phase,
        rows: int | str,
        name: str = "eta",
        inner: bool = True,
    ) -> Value:
        """η of a group given the rows of all others, over its temperature if it has one, in the
        array of this name; without `inner` its own units add nothing by a matrix.
        """
        eta = b.eta_of(group, rows, name)
        self.set_bias(b, group, eta)
        self.add_fields(b, group, phase, eta, phase.rows, rows, inner)
        self.cool(b, group, eta)
        return eta

    def cool(self, b: Builder, group: str, eta: Value | Part) -> None:
        """η over the group's temperature, if it has one."""
        if group in self.temperature:
            for part in b.field_parts(group, eta):
                b.do("divide", part, self.temperature[group])

    def lateral(self, group: str) -> Lateral:
        """The matrix within a group."""
        return next(x for x in self.interactions if isinstance(x, Lateral) and x.group == group)

    def bias_row(self, b: Builder, group: str, power: int) -> Value:
        """The field on x^power that no other unit changes, one row."""
        return next(x for x in self.biases if (x.group, x.power) == (group, power)).row(b)

    def draw(
        self,
        b: Builder,
        group: str,
        eta: Value,
        states: Mapping[str, Value],
        stream: int | Number,
        update: Number,
        step: Number,
        seen: Value | None = None,
        beta: Value | View | None = None,
        coupled: bool = True,
        until: int | Number = 0,
        by_code: bool = False,
        count: int | Number = 1,
    ) -> None:
        """Draws a group into states[group] from its fields, unit after unit if its units act on one
        another, and through the experts that see them.

        Fields of units that act on one another are those of β = 1, whatever `beta` is; others are
        given as they are at β. Without `coupled` units do not act on one another, whatever the
        model says. `until`: the step before which Hamiltonian steps are fitted. `by_code`: η lacks
        what the group's own units add by a matrix, which codes pick; `count` such draws follow one
        another, from the same η.
        """
        if b.group(group).expert and coupled:
            key = (b.number("seed", "i8"), b.stream(stream), update, step)
            if draw_through_experts(b, self, group, eta, states, key, until, seen, beta):
                self.watch_states(b, group, states[group])
                return
        elif group in self.watched and b.group(group).square:
            most = watched_figure(b, "most", group)
            b.do("watch_fields", b.field_part(group, eta, 2), most)
        if meets(b.group(group)):
            key = (b.number("seed", "i8"), b.stream(stream), update, step)
            if by_code:
                draw_by_code(b, self, group, eta, states, key, seen, beta, count)
            else:
                draw_in_order(b, self, group, eta, states, key, seen, beta, coupled)
        else:
            b.draw(group, eta, states[group], stream, update, step, seen)
        self.watch_states(b, group, states[group])

    def watch_states(self, b: Builder, group: str, x: Value) -> None:
        """Notes how far units have gone that no bound and no proof holds back."""
        if group in self.watched:
            b.do("watch_states", x, watched_figure(b, "far", group))

    def change_field(
        self,
        b: Builder,
        group: str,
        changes: Phase,
        moved: Container[str],
        eta: Value,
        rows: int | str,
    ) -> None:
        """η = what changes of the `moved` groups come to in the group's field, all other groups
        being as `changes` has them.
        """
        for part in b.field_parts(group, eta):
            b.do("clear", part)
        self.add_changes(b, group, changes, moved, eta, rows)

    def add_changes(
        self,
        b: Builder,
        group: str,
        phase: Phase,
        moved: Container[str],
        eta: Value | Part,
        rows: int | str,
    ) -> None:
        """η += what terms with some of the `moved` groups add to it, groups that the phase has no
        rows of being 0.
        """
        for x in self._of.get(group, ()):
            others = others_of(x, group)
            if any(n in moved for n in others) and all(n in phase.rows for n in others):
                x.add_field(b, group, phase, eta, rows)

    def add_minus_energy(self, b: Builder, phase: Phase, out: Value, rows: int | str) -> None:
        """out += −E of every row, less what no state changes; groups that the phase has no rows of
        are 0.
        """
        for bias in self.biases:
            if bias.group in phase.rows:
                bias.add_minus_energy(b, phase, out, rows)
        self.add_coupling_energies(b, phase, out, rows)

    def add_coupling_energies(self, b: Builder, phase: Phase, out: Value, rows: int | str) -> None:
        """out += −E of the terms that couple units."""
        for x in self.interactions:
            if all(n in phase.rows for n in x.groups):
                add_minus_energy(b, x, phase, out, rows)
        for e in self.experts:
            if all(n in phase.rows for n in e.groups):
                e.add_minus_energy(b, phase, out, rows)

    def add_moments(
        self,
        b: Builder,
        phase: Phase,
        gradient: Gradient,
        factor: float,
        own: Container[str] | None = None,
    ) -> None:
        """gradient += factor · ⟨∂(−E)/∂θ⟩ of the phase's rows; with `own`, of the terms with these
        groups alone.
        """
        for bias in self.biases:
            if own is None or bias.group in own:
                bias.add_moment(b, phase, gradient, factor)
        for x in self.interactions:
            if own is None or any(n in own for n in x.groups):
                x.add_moment(b, phase, gradient, factor)
        for e in self.experts:
            if own is None or any(n in own for n in e.groups):
                e.add_moment(b, phase, gradient, factor)


def others_of(x: Interaction, group: str) -> tuple[str, ...]:
    """The groups that an interaction needs for the fields of one: that one too if its units act on
    one another.
    """
    rest = list(x.groups)
    rest.remove(group)
    return tuple(rest)


def watched_figure(b: Builder, word: str, group: str) -> Value:
    """How far a group's units have gone in an update, or the largest field on their squares."""
    source = (word, group)
    return b.bound_to(source) or b.value(
        f"{word}_{group}",
        Content.FIGURE,
        (1,),
        Life.GIVEN,
        number="f8",
        per_update=True,
        source=source,
    )


def terms_of(b: Builder, watched: frozenset[str] = frozenset()) -> Terms:
    """The interactions of a plan."""
    plan = b.plan
    biases = biases_of(plan)
    dense = tuple(Dense(c) for c in plan.couplings)
    inner = laterals_of(plan, biases)
    interactions = (*multiway_of(plan), *inner, *dense, *listed_of(plan))
    return Terms(biases, interactions, experts_of(plan), watched=watched)


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
    cells: bool = False
    """Whether couplings follow from where units of a lattice stand, in the place of lists."""


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
                by_code = terms.by_code(b, name, phase, how)
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


def is_alone_by_code(b: Builder, terms: Terms, phase: Phase, how: Sweep) -> bool:
    """Whether one group alone is drawn, as codes: sweeps of it are draws from one field, and no
    states are written between them.
    """
    order = [n for block in b.plan.blocks for n in block if n not in how.held]
    return len(order) == 1 and terms.by_code(b, order[0], phase, how)


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

"""The energy's terms, as what fields, draws, energies and moments of a routine are composed of."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ...interactions.bias import Bias, biases_of
from ...interactions.celled import Celled, celled_of
from ...interactions.contracted import multiway_of
from ...interactions.dense import Dense
from ...interactions.energy import add_minus_energy
from ...interactions.expert import Experts, experts_of
from ...interactions.interface import Interaction
from ...interactions.lateral import Lateral, laterals_of
from ...interactions.listed import gather_joint, listed_of
from ..builder import Builder, Gradient, Phase
from ..meeting_ops import meets
from ..values import Content, Life, Number, Part, Value, View
from .experts import draw_through_experts
from .meeting import draw_by_code, draw_in_order


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
    def by_cells(self) -> bool:
        """Whether couplings follow from where units of a lattice stand, in the place of lists."""
        return any(isinstance(x, Celled) for x in self.interactions)

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
        if not self.by_cells:
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


def terms_of(b: Builder, watched: frozenset[str] = frozenset(), cells: bool = False) -> Terms:
    """The interactions of a plan; with `cells` those of a lattice without a list of couplings."""
    plan = b.plan
    biases = biases_of(plan)
    dense = tuple(Dense(c) for c in plan.couplings)
    inner = laterals_of(plan, biases)
    listed: tuple[Interaction, ...] = celled_of(plan) if cells else listed_of(plan)
    interactions = (*multiway_of(plan), *inner, *dense, *listed)
    return Terms(biases, interactions, experts_of(plan), watched=watched)

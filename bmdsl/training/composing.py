"""A train block as one routine: its words compose the ops of an update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType

import numpy as np

from ..graph.factor_graph import parameters_of, units_of
from ..language.model import Choice, Training
from ..plan.identifiers import identifier
from ..plan.plan import Plan
from ..schedule.builder import Builder, Gradient, NotScheduled, Phase
from ..schedule.over_ranks import over_ranks
from ..schedule.passes import PASSES, Pass
from ..schedule.routines.contrastive import LayerGroups
from ..schedule.routines.phases import Sweep, draw_from_biases, roles
from ..schedule.routines.terms import Terms, terms_of
from ..schedule.schedule import Schedule
from ..schedule.values import BATCH, Content, Life, Number, Value, base
from ..schedule.verifier import verify
from . import centring
from .headings import GRADIENT, MODIFIERS, MONITORED, PREPARED, word_heading, word_text


@dataclass(frozen=True)
class Facts:
    """What a schedule depends on besides the model and its train block."""

    positive: Choice
    even: bool
    """Whether all cases weigh the same."""
    missing: frozenset[str]
    """Groups some of whose values are missing (NaN)."""
    means: bool
    """Whether data may be means of their units."""
    precision: Mapping[str, float]
    """Group → precision of its base measure, of units of any real number."""
    followed: Mapping[str, int]
    """Parameter → how many entries of its gradient the monitors follow."""
    batch: int = 0
    """The most cases of a minibatch."""
    watched: frozenset[str] = frozenset()
    """Groups of units without bounds, of a model that parameters may leave without a distribution.
    """
    layers: tuple[LayerGroups, ...] = ()
    """The layers of a stack whose models are one; empty for a model alone."""
    ranks: tuple[int, int] | None = None
    """Which rank composes, and of how many; None if there is but one."""
    cells: bool = False
    """Whether couplings of a lattice follow from where its units stand, in the place of lists."""
    spread: bool = True
    """Whether ranks have their own chains, where a word lets them; otherwise each has all."""


@dataclass(frozen=True)
class Composed:
    """An update's schedule, with the names of the arrays that hold its phases' rows when it is
    over, if it has phases.
    """

    schedule: Schedule
    positive: Mapping[str, str] | None
    negative: Mapping[str, str] | None
    weights: tuple[str | None, ...]
    """The weights of both phases' rows; None if all rows weigh the same."""
    lengths: Mapping[str, int | str]
    """Arguments that are lengths of the model."""
    constants: Mapping[str, np.ndarray]
    """Arrays of the model, by the names of their values."""
    own_figures: frozenset[str] = frozenset()
    """Figures that every rank has its own of; the largest is that of the update."""


@dataclass(frozen=True)
class Composer:
    """What words compose with.

    A word adds ops to `b`, in the order in which they are to be carried out. It returns a phase, or
    adds to a gradient (`contracts.py`). It draws from random streams of its own: a draw is keyed by
    the seed, the stream and group, the update, the step, the chain and the unit, and the schedule
    is refused (BM887) if two draws of an update have one key.

    What goes on from update to update lies in arrays that the word's `start` returned, which
    `chains` and `word` bring in: checkpoints hold these, and a resume goes on from them bit for
    bit. All other arrays are scratch. Raise `NotScheduled` for what ops cannot say: training then
    calls the word's functions on the machine.
    """

    b: Builder
    """Adds ops and makes arrays."""
    terms: Terms
    """The energy's terms: fields, draws, moments."""
    training: Training
    """The train block."""
    facts: Facts
    """What is known of the data beforehand: weights, missing values, the size of a minibatch."""
    data: Phase
    """The minibatch: rows of visible and given groups, and what each weighs."""
    update: Number
    """The update's number, an operand: draws are keyed by it."""

    @cached_property
    def visible(self) -> tuple[str, ...]:
        """The visible groups."""
        return roles(self.b.plan.model, "visible")

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """The hidden groups."""
        return roles(self.b.plan.model, "hidden")

    @cached_property
    def given(self) -> tuple[str, ...]:
        """The groups that are given with every case."""
        return roles(self.b.plan.model, "given")

    @cached_property
    def layers(self) -> tuple[LayerGroups, ...]:
        """The layers of a stack; a model alone is one layer."""
        alone = LayerGroups(self.visible, self.hidden, self.given)
        return self.facts.layers or (alone,)

    def word(
        self,
        name: str,
        shape: tuple[int | str, ...],
        content: Content = Content.SLOT,
        number: str = "F",
        key: tuple[str, ...] = (),
    ) -> Value:
        """An array of this shape that a word keeps from update to update.

        `key` says which of the arrays that the word's `start` returned it is: `("chain", name)`,
        `("optimizer", name)` or `("penalty", f"{place}/{name}")`. Parameters and gradients are
        matrices to ops, so `shape` may have other axes than the array.
        """
        return self.b.value(name, content, shape, Life.KEPT, number=number, source=key)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The visible groups some of whose values are missing (NaN)."""
        return tuple(n for n in self.visible if n in self.facts.missing)

    def figure(self, name: str) -> Value:
        """A number that every update tells the metrics under this name: an array of one entry."""
        return self.b.value(
            name,
            Content.FIGURE,
            (1,),
            Life.GIVEN,
            number="f8",
            per_update=True,
            source=("figure", name),
        )

    def start(self, word: str, stream: int) -> dict[str, Value]:
        """A joint state of the minibatch with hidden (and missing) units drawn from their biases
        alone.

        Group → [batch, size]. New arrays, called by `word`; draws take `stream`.
        """
        state = dict(self.data.rows)
        free = [
            g.name for g in self.b.plan.groups if g.name in self.hidden or g.name in self.missing
        ]
        for name in free:
            state[name] = self.b.state(
                name, f"{name}_{word}", BATCH, means=name in self.visible and self.facts.means
            )
        draw_from_biases(
            self.b, self.terms, free, state, stream, self.update, BATCH, self.facts.precision
        )
        for name in self.missing:
            self.b.do("put_seen", self.data.rows[name], state[name])
        return state

    def rows(self, count: int) -> int | str:
        """The axis of `count` chains of which none looks at another: several ranks have each its
        own share of them.
        """
        return self.b.chain_axis(count, self.facts.spread)

    def chains(self, count: int, rows: int | str | None = None) -> Phase:
        """The chains that a negative phase's `start` returned, all groups of them: [count, size]
        each.

        They go on from update to update; every chain weighs the same. With `rows(count)` ranks have
        each its own share of the chains, otherwise each has all.
        """
        found = {
            g.name: self.b.state(
                g.name, f"{g.name}_chains", rows or count, Life.KEPT, source=("chain", g.name)
            )
            for g in self.b.plan.groups
        }
        return Phase(found, self.share_of(count))

    def clamped(self, stream: int, word: str) -> Sweep:
        """Sweeps with the data held: groups that are whole stay, others keep their observed
        entries.
        """
        whole = (*self.visible, *self.given)
        held = {n: self.data.rows[n] for n in whole if n not in self.missing}
        seen = {n: self.data.rows[n] for n in self.missing}
        return Sweep(stream, self.update, held, seen, word=word)

    def sums(self, parameter: str) -> Value:
        """Where an optimizer's step of a parameter leaves Σ g² and Σ θ²."""
        return self.b.value(
            f"sums_{parameter}",
            Content.FIGURE,
            (2,),
            Life.GIVEN,
            number="f8",
            per_update=True,
            source=("sums", parameter),
        )

    def share_of(self, count: int) -> Number:
        """What each of `count` chains weighs: 1 / count of the minibatch's share."""
        each = repr(1 / count)
        return Number(each) if self.facts.even else Number(f"share[t] * {each}")

    @property
    def share_of_all(self) -> Number:
        """The minibatch's share, of rows whose weights sum to 1."""
        return Number("1.0") if self.facts.even else self.data.share

    def row_weights(self, phase: Phase) -> Value:
        """The weights of a phase's rows, an array even where all are the same."""
        if phase.weights is not None:
            return phase.weights
        rows = self.b.rows_of(next(iter(phase.rows.values())))
        name = "even_weights"
        source: tuple[str, ...] = ("even weights",)
        if rows != BATCH:
            name, source = "even_weights_of_chains", ("even weights", "of chains")
        return self.b.given(name, Content.WEIGHTS, (rows,), source)


def usage_groups(plan: Plan) -> tuple[str, ...]:
    """Hidden groups of a single one-of-K unit, whose use is watched."""
    return tuple(
        g.name
        for g in plan.groups
        if g.role == "hidden" and plan.is_one_unit(g.name) and g.states != 1
    )


def terms_with_parameters(plan: Plan) -> dict[str, list[tuple[str, ...]]]:
    """Trained parameter → the groups of every term that has it and whose units are drawn."""
    drawn = {g.name for g in plan.groups}
    out: dict[str, list[tuple[str, ...]]] = {n: [] for n in trained(plan)}
    for term in plan.model.terms:
        groups = tuple(dict.fromkeys(u.group for u in units_of(term) if u.group in drawn))
        for name in parameters_of(term):
            if name in out and groups:
                out[name].append(groups)
    return out


def trained(plan: Plan) -> tuple[str, ...]:
    """The parameters that an optimizer may move."""
    return tuple(p.name for p in plan.model.parameters if not p.fixed)


def schedule_of(
    plan: Plan,
    training: Training,
    modules: Mapping[str, ModuleType],
    penalties: tuple[tuple[ModuleType, Choice], ...],
    facts: Facts,
    passes: tuple[Pass, ...] = PASSES,
) -> Composed:
    """The routine `update` of a train block.

    Raises NotScheduled if a word or a term is none that ops carry out.
    """
    for module in (*modules.values(), *(m for m, _ in penalties)):
        if not hasattr(module, "compose") and not hasattr(module, "factor"):
            raise NotScheduled(f"the word `{module.WORD.name}`")
    b = Builder(plan, "update", _summary(training, facts))
    b.batch, b.ranks = facts.batch, facts.ranks
    temperature = {
        t.group: b.number(f"temperature_{identifier(t.group)}", per_update=True)
        for t in training.temperature
    }
    terms = replace(terms_of(b, facts.watched, facts.cells), temperature=temperature)
    c = Composer(b, terms, training, facts, _minibatch(b, facts), Number("update"))
    gradient = Gradient({n: _gradient(b, n) for n in b.params})
    b.heading(PREPARED)
    terms.prepare(b)
    phases: tuple[Phase, ...] = ()
    if training.objective is not None:
        b.heading(word_heading("objective", training.objective))
        modules["objective"].compose(c, training.objective, gradient)
        positive = c.data
    else:
        phases = positive, _ = _phases(c, modules, gradient)
    b.heading(MODIFIERS)
    for p in plan.model.parameters:
        if p.symmetric:
            b.do("tie_sides", gradient[p.name])
    for k, (module, choice) in enumerate(penalties):
        b.heading(word_heading("penalty", choice))
        module.compose(c, choice, gradient, positive, k)
    b.heading(MONITORED)
    for name, entries in facts.followed.items():
        places = b.value(
            f"places_{name}",
            Content.CONSTANT,
            (entries,),
            Life.GIVEN,
            number="i8",
            source=("places", name),
        )
        sums = c.word(f"followed_{name}", (2, entries), Content.FIGURE, "f8", ("followed", name))
        b.do("follow_entries", gradient[name], places, sums)
    b.heading(word_heading("step", training.optimizer))
    rate = b.number("rate", "F", per_update=True)
    modules["optimizer"].compose(c, training.optimizer, gradient, rate)
    for module, choice in penalties:
        if hasattr(module, "compose_projection"):
            b.heading(word_heading("penalty", choice))
            module.compose_projection(c, choice)
    b.heading(MODIFIERS)
    for p in plan.model.parameters:
        if p.fixed:
            continue
        if p.symmetric:
            b.do("make_symmetric", b.params[p.name])
        if p.nonnegative:
            b.do("clip_below", b.params[p.name])
    rows = [{n: x.name for n, x in phase.rows.items()} for phase in phases]
    squares = [{n: base(x).name for n, x in phase.squares.items()} for phase in phases]
    made = b.schedule()
    for change in (None, *passes):
        made = made if change is None else change(made)
        verify(made, rows, terms_with_parameters(plan), b.shared_streams, squares)
    own: frozenset[str] = frozenset()
    if facts.ranks is not None:
        made, own = over_ranks(made)
        verify(made, rows, terms_with_parameters(plan), b.shared_streams, squares)
    weights = tuple(phase.weights.name if phase.weights else None for phase in phases)
    positive_rows, negative_rows = rows or (None, None)
    return Composed(made, positive_rows, negative_rows, weights, b.lengths, b.constants, own)


def spread_schedule_of(
    plan: Plan,
    training: Training,
    modules: Mapping[str, ModuleType],
    penalties: tuple[tuple[ModuleType, Choice], ...],
    facts: Facts,
    passes: tuple[Pass, ...] = PASSES,
) -> Composed:
    """The same, its chains shared by ranks if the ops that move them can be; otherwise each rank
    moves all of them.
    """
    try:
        return schedule_of(plan, training, modules, penalties, facts, passes)
    except NotScheduled:
        if facts.ranks is None or training.objective is not None:
            raise
        return schedule_of(plan, training, modules, penalties, replace(facts, spread=False), passes)


def _phases(
    c: Composer, modules: Mapping[str, ModuleType], gradient: Gradient
) -> tuple[Phase, Phase]:
    """Both phases, whose difference is added to the gradient."""
    b, training = c.b, c.training
    b.heading(word_heading("positive phase", c.facts.positive))
    positive = modules["positive"].compose(c, c.facts.positive)
    b.heading(word_heading("negative phase", training.negative))
    negative = modules["negative"].compose(c, training.negative, positive)
    b.heading(MONITORED)
    for name in usage_groups(b.plan):
        usage = c.word(f"usage_{name}", (1, b.size(name)), key=("usage", name))
        b.do("add_weighted_sum", positive.rows[name], c.row_weights(positive), 1.0, usage)
    b.heading(GRADIENT)
    c.terms.add_moments(b, positive, gradient, 1.0)
    c.terms.add_moments(b, negative, gradient, -1.0)
    if hasattr(modules["negative"], "compose_after"):
        b.heading(word_heading("negative phase", training.negative))
        modules["negative"].compose_after(c, training.negative, gradient)
    if training.center:
        centring.compose(c, positive, negative, gradient)
    return positive, negative


def _minibatch(b: Builder, facts: Facts) -> Phase:
    rows = {}
    fed = {n for layer in facts.layers for n in layer.fed}
    for name in (n for n in roles(b.plan.model, "visible", "given") if n not in fed):
        rows[name] = b.state(
            name, name, BATCH, Life.GIVEN, means=facts.means, per_update=True, source=("data", name)
        )
    if facts.even:
        return Phase(rows, b.number("each", per_update=facts.ranks is not None))
    share = b.number("share", per_update=True)
    weights = b.value(
        "weights", Content.WEIGHTS, (BATCH,), Life.GIVEN, per_update=True, source=("weights",)
    )
    return Phase(rows, share, weights)


def _gradient(b: Builder, name: str) -> Value:
    return b.value(
        f"d_{name}",
        Content.GRADIENT,
        b.params[name].shape,
        Life.KEPT,
        labels=b.params[name].labels,
        source=("gradient", name),
    )


def _summary(training: Training, facts: Facts) -> str:
    if training.objective is not None:
        objective = word_text(training.objective)
        return f"one update up the {objective}, a step by {word_text(training.optimizer)}"
    words = [word_text(facts.positive), word_text(training.negative), word_text(training.optimizer)]
    return f"One update by {words[0]} and {words[1]}, a step by {words[2]}"

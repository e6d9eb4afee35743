"""Mean field as ops: means m = A′(η(m)) of independent units by fixed-point iteration.

A case is done when none of its means moves by `tol` in one iteration. Cases that are done leave the
products when few still move: a smaller product then saves more than the copies cost.
Salakhutdinov & Hinton 2009, Deep Boltzmann Machines, eq. 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ...language.model import Choice
from ...plan.plan import Plan
from ..builder import Builder, Phase
from ..meeting_ops import meets
from ..schedule import Composition
from ..values import BATCH, Content, Life, Number, Part, Value, View
from .free_energy import RESULT
from .meeting import settle
from .phases import verify_fields
from .sweeps import MEAN, MEAN_SQUARE
from .terms import Terms, terms_of

SHARE = 0.8
"""Share of the cases at work that still move, up to which the others leave the products."""


@dataclass(frozen=True)
class Means:
    """The arrays of a fixed-point iteration, by group."""

    fixed: Mapping[str, Value]
    """Fields that do not change: biases, and what held groups add."""
    at: Mapping[str, Value]
    """Means at work, the rows of cases that left them out at the end."""
    new: Mapping[str, Value]
    out: Mapping[str, Value]
    """Means by case."""
    held: Mapping[str, Value]
    """The held groups that terms join with several free ones, rows as at work."""
    seen: Mapping[str, Value]
    """What was observed of groups with gaps, NaN where it is free, rows as at work."""
    squares: Mapping[str, Value]
    """E[x²] of groups whose squares are coupled, rows as at work."""

    @classmethod
    def of(cls, b: Builder, terms: Terms, data: Phase, order: list[str]) -> Means:
        """Means begin at 0, or at what was observed."""
        gaps = [n for n in order if n in data.rows]

        def each(word: str, content: Content, names: Iterable[str]) -> dict[str, Value]:
            labels = {n: (BATCH, n) for n in names}
            shape = {n: (BATCH, b.size(n)) for n in labels}
            return {
                n: b.shared(f"{word}_{n}", content, shape[n], labels=x) for n, x in labels.items()
            }

        joined = _joined(terms, data, order)
        squared = {
            u.group for t in b.plan.model.terms if len(t.units) > 1 for u in t.units if u.power == 2
        }
        fixed = {n: b.eta_of(n, BATCH, "fixed") for n in order}
        at, new = each("mu", Content.MEANS, order), each("new", Content.MEANS, order)
        held, seen = each("at", Content.STATES, joined), each("seen", Content.MASK, gaps)
        squares = each("mu2", Content.MEANS, [n for n in (*order, *joined) if n in squared])
        made = cls(fixed, at, new, each("m", Content.MEANS, order), held, seen, squares)
        for n, x in held.items():
            b.do("copy", data.rows[n], x)
        for n, x in at.items():
            if n in gaps:
                b.do("copy", data.rows[n], seen[n])
                b.do("fill_gaps", data.rows[n], x)
            else:
                b.do("clear", x)
            b.do("clear", made.out[n])
        for n, x in squares.items():
            b.do("square", held[n] if n in held else at[n], x)
        return made

    def rows(self, b: Builder) -> Iterator[tuple[Value, int | None]]:
        """All arrays whose rows are as at work: a value, and which of its matrices."""
        for group in (self.at, self.held, self.seen, self.squares):
            yield from ((x, None) for x in group.values())
        for n, x in self.fixed.items():
            yield from ((x, k) for k in ((0, 1) if b.group(n).square else (None,)))


def _joined(terms: Terms, data: Phase, free: list[str]) -> list[str]:
    """The held groups that some term joins with several free ones."""
    found: dict[str, None] = {}
    for x in terms.interactions:
        if sum(n in free for n in x.groups) > 1:
            found |= dict.fromkeys(n for n in x.groups if n not in free)
    return list(found)


@dataclass(frozen=True)
class Progress:
    """Which cases are still at work."""

    place: Value
    state: Value
    chosen: Value
    moved: Value
    going: Value
    used: Value

    @classmethod
    def of(cls, b: Builder) -> Progress:
        """Its arrays."""
        place, state, chosen = (
            b.shared(f"{word}_of_rows", Content.SLOT, (BATCH,), "i8")
            for word in ("place", "state", "chosen")
        )
        moved = b.shared("moved", Content.FIGURE, (BATCH,), "f8")
        going, used = (
            b.shared("going", Content.SLOT, (4,), "i8"),
            b.shared("used", Content.SLOT, (1,), "i8"),
        )
        return cls(place, state, chosen, moved, going, used)


@dataclass(frozen=True)
class Iteration:
    """How a fixed point is found: numbers, or arguments of the routine."""

    steps: int | Number
    """Most iterations."""
    tol: float | Number
    damping: float | Number
    """Share of the means before; 0.0 for none."""

    @classmethod
    def of(cls, choice: Choice) -> Iteration:
        """What a word of a train block says."""
        steps, tol, damping = (choice[n] for n in ("steps", "tol", "damping"))
        return cls(int(steps), float(tol), float(damping))  # type: ignore[arg-type]

    @property
    def more(self) -> int | Number:
        """Iterations after the first."""
        return Number(f"{self.steps} - 1") if isinstance(self.steps, Number) else self.steps - 1


def mean_field_of_cases(
    plan: Plan,
    given: tuple[str, ...],
    gaps: tuple[str, ...],
    means: frozenset[str],
    damped: bool,
    cells: bool = False,
) -> Composition:
    """The routine `mean_field`: means of all groups that are not given, and of the units of `gaps`
    that are NaN.

    `means`: given groups whose values may be means. `cells`: couplings of a lattice are not listed.
    Raises NotScheduled for a term that ops do not
    carry out.
    """
    b = Builder(plan, "mean_field", "Means of independent units by fixed-point iteration")
    terms = terms_of(b, cells=cells)
    rows = {
        n: b.state(n, n, BATCH, Life.GIVEN, means=n in (*means, *gaps), source=("data", n))
        for n in given
    }
    free = tuple(n for block in plan.blocks for n in block if n in gaps or n not in given)
    verify_fields(b, free)
    b.heading("what fields need from the parameters")
    terms.prepare(b)
    b.heading("the means of one group after another, until no case moves")
    how = Iteration(b.number("steps", "i8"), b.number("tol", "f8"), 0.0)
    if damped:
        how = replace(how, damping=b.number("damping"))
    source = (*RESULT, "iterations")
    used = b.value("iterations", Content.FIGURE, (1,), Life.KEPT, number="f8", source=source)
    ends = mean_field(b, terms, Phase(rows, Number("1.0")), free, how, used)
    for name in free:
        b.with_life(ends.rows[name], Life.KEPT, (*MEAN, name))
    for name, x in ends.squares.items():
        b.with_life(x, Life.KEPT, (*MEAN_SQUARE, name))
    return b.composition()


def mean_field(
    b: Builder, terms: Terms, data: Phase, free: tuple[str, ...], how: Iteration, figure: Value
) -> Phase:
    """The data with the means of all `free` groups, of which those that the data has begin at what
    was observed.

    `figure` gets the number of iterations of the slowest case.
    """
    order = [n for block in b.plan.blocks for n in block if n in free]
    tol, damping = how.tol, how.damping
    held = Phase({n: x for n, x in data.rows.items() if n not in free}, data.share)
    means, progress = Means.of(b, terms, data, order), Progress.of(b)
    for n in order:
        terms.set_bias(b, n, means.fixed[n])
        terms.add_fields(b, n, held, means.fixed[n], held.rows, BATCH)
    like = means.at[order[0]] if order else next(iter(data.rows.values()))
    b.do(
        "begin_iterations",
        like,
        progress.place,
        progress.state,
        progress.moved,
        progress.going,
        progress.used,
    )
    if not order:  # one look finds nothing that moves
        b.do("count_up", progress.used)
        b.do("tell", progress.used, figure)
        return data
    known = [n for n in order if n in means.seen]
    for n in order:  # other means begin at 0: products wait until there is something to multiply
        _iterate(b, terms, means, n, known, damping, progress, None)
        known += [n] if n not in known else []
    _settle(b, means, order, progress, tol, None)
    if isinstance(how.more, Number) or how.more > 0:
        with b.until(how.more, "iteration", progress.going) as rows:
            for n in order:
                _iterate(b, terms, means, n, order, damping, progress, rows)
            _settle(b, means, order, progress, tol, rows)
    left = Number(f"{progress.going}[0]")
    for n in order:
        b.do("put_rows", Part(means.at[n], left), progress.state, progress.place, 0, means.out[n])
    b.do("tell", progress.used, figure)
    made = Phase({**data.rows, **means.out}, data.share, data.weights)
    squares = {}
    for n in order:
        if b.group(n).square:
            squares[n] = b.shared(f"s2_{n}_data", Content.MEANS, (BATCH, b.size(n)))
            b.mean_square(n, terms.untempered.field(b, n, made, BATCH), squares[n])
            if n in means.seen:
                b.do("put_seen_squares", data.rows[n], squares[n])
    return replace(made, squares=squares)


def _iterate(
    b: Builder,
    terms: Terms,
    means: Means,
    name: str,
    known: list[str],
    damping: float | Number,
    progress: Progress,
    rows: Number | None,
) -> None:
    """New means of one group from those of the `known` ones."""

    def part(x: Value) -> Value | Part:
        return x if rows is None else Part(x, rows)

    meeting = meets(b.group(name))
    eta, new = part(b.eta_of(name, BATCH)), part(means.new[name])
    fixed = part(means.fixed[name])
    for own, into in zip(b.field_parts(name, fixed), b.field_parts(name, eta), strict=True):
        b.do("copy", own, into)
    inside = {n: part(means.at[n]) for n in known if n != name or meeting}
    inside |= {n: part(x) for n, x in means.held.items()}
    squares = {n: part(x) for n, x in means.squares.items() if n in inside}
    at = Phase(inside, Number("0"), squares=squares)  # type: ignore[arg-type]  # parts read like values
    terms.add_changes(b, name, at, means.at, eta, BATCH)
    if name in terms.temperature:
        for own in b.field_parts(name, eta):
            b.do("divide", own, terms.temperature[name])
    if meeting:
        b.do("copy", part(means.at[name]), new)
        now = {n: part(x) for n, x in means.at.items()} | {**at.rows, name: new}
        settle(b, terms, name, eta, now, means.seen.get(name))  # type: ignore[arg-type]
    else:
        b.mean(name, eta, new)
    if damping:
        b.do("blend", new, part(means.at[name]), damping)
    if name in means.seen:
        b.do("put_seen", part(means.seen[name]), new)
    first = int(name == next(iter(means.at)))
    b.do("move", new, first, part(means.at[name]), progress.moved)
    if name in means.squares:
        b.mean_square(name, eta, part(means.squares[name]))
        if name in means.seen:
            b.do("put_seen_squares", part(means.seen[name]), part(means.squares[name]))


def _settle(
    b: Builder,
    means: Means,
    order: list[str],
    p: Progress,
    tol: float | Number,
    rows: Number | None,
) -> None:
    """Takes away the means of cases that have settled; these leave the arrays if few still move."""

    def part(x: Value, index: int | None = None) -> Value | View | Part:
        if rows is None:
            return x if index is None else View(x, index)
        return Part(x, rows, index)

    b.do("judge", p.moved, tol, SHARE, p.place, p.state, p.chosen, p.going, p.used)
    for n in order:
        b.do("put_rows", part(means.at[n]), p.state, p.place, 1, means.out[n])
    for x, index in means.rows(b):
        b.do("keep_rows", part(x, index), p.chosen, p.going)
    b.do("keep_places", p.chosen, p.place, p.state, p.going)

"""Couplings written out one by one: −E holds Σ_f value[f] Π x[units of f], a lattice, a graph or a
term of three units.

Fields are sums over a unit's own couplings; the values are built from parameters once an update.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..plan.identifiers import identifier
from ..plan.plan import Plan
from ..schedule.builder import Builder, Gradient, Phase
from ..schedule.cell_ops import CELLS, TILES
from ..schedule.meeting_ops import INCIDENCE, SITES
from ..schedule.module_ops import module_kind
from ..schedule.values import BATCH, Content, Life, Number, Part, Rest, Value, base


@dataclass(frozen=True)
class Listed:
    """The listed terms whose units are of the same groups."""

    terms: tuple[int, ...]
    groups: tuple[str, ...]
    """The group of each of their units, in the model's order."""

    def prepare(self, b: Builder) -> None:
        """The values of all couplings, then unit after unit."""
        values = coupling_values(b)
        for t in self.terms:
            kind = module_kind(b.plan, ("values", t), "out", axes=1)
            b.do_of_parameters(kind, _from(b, values, t))
        for target in dict.fromkeys(self.groups):
            gather_values(b, target, self.terms)

    def frame(self, target: str) -> tuple[str, ...]:
        """The groups whose states the target's fields are made of."""
        rest = list(self.groups)
        rest.remove(target)
        return tuple(dict.fromkeys(rest))

    def add_field(
        self, b: Builder, target: str, phase: Phase, eta: Value | Part, rows: int | str
    ) -> None:
        """η += Σ over the target's couplings of value · Π of the other units."""
        frame = self.frame(target)
        states = {n: phase.rows[n] for n in frame}
        x = side_by_side(b, states, rows, word_of_joined(target, eta))
        group = frame[0] if len(frame) == 1 else ""
        into = b.field_part(target, eta, 1)
        b.do("add_listed", x, *incidence(b, target, self.terms, group), into)

    def add_moment(self, b: Builder, phase: Phase, gradient: Gradient, factor: float) -> None:
        """gradient += factor · Σ_f ⟨Π of the coupling's units⟩ ∂value[f]/∂θ."""
        names = tuple(dict.fromkeys(self.groups))
        x = turned(b, phase, names)
        for t in self.terms:
            begin, column = units_of(b, t)
            moment = b.given(
                f"moment_{t}", Content.MOMENT, (-1,), ("coupling moment", str(t)), life=Life.SCRATCH
            )
            b.do("clear_list", moment)
            if phase.weights is None:
                b.do("add_listed_moments", x, begin, column, phase.share, moment)
            else:
                b.do(
                    "add_weighted_listed_moments",
                    x,
                    begin,
                    column,
                    phase.weights,
                    phase.share,
                    moment,
                )
            b.do_of_gradient(
                module_kind(b.plan, ("collect", t), "moment", axes=1),
                moment,
                Number(repr(factor)),
                gradient,
            )

    def add_minus_energy(self, b: Builder, phase: Phase, out: Value) -> None:
        """out += Σ_f value[f] Π x[units of f] of every row, constants left out.

        Summed coupling by coupling: a unit that meets itself lowers a coupling's order, so that
        fields do not tell the energy.
        """
        x = turned(b, phase, tuple(dict.fromkeys(self.groups)))
        for t in self.terms:
            b.do("add_listed_energies", x, *units_of(b, t), _from(b, coupling_values(b), t), out)


def listed_of(plan: Plan) -> tuple[Listed, ...]:
    """The listed terms of a plan, those of the same groups together."""
    order = [g.name for g in plan.groups]
    found: dict[tuple[str, ...], list[int]] = {}
    for t in plan.listed:
        groups = sorted((u.group for u in plan.model.terms[t].units), key=order.index)
        found.setdefault(tuple(groups), []).append(t)
    return tuple(Listed(tuple(terms), groups) for groups, terms in found.items())


def inner_terms(plan: Plan, group: str) -> tuple[int, ...]:
    """The listed terms in which units of a group meet one another."""
    return tuple(t for t in plan.listed if _count(plan, t, group) > 1)


def all_terms(plan: Plan, group: str) -> tuple[int, ...]:
    """The listed terms with units of a group."""
    return tuple(t for t in plan.listed if _count(plan, t, group))


def _count(plan: Plan, t: int, group: str) -> int:
    return sum(u.group == group for u in plan.model.terms[t].units)


def gather_joint(b: Builder) -> None:
    """Values unit after unit for draws unit after unit, and for sweeps of many chains."""
    for name in b.plan.listed_groups:
        if b.plan.group(name).woven:
            gather_values(b, name, inner_terms(b.plan, name))
        if b.plan.all_listed and all_terms(b.plan, name):
            gather_values(b, name, all_terms(b.plan, name))


# ------------------------------------------------------------ arrays


def coupling_values(b: Builder) -> Value:
    """Room for the values of all couplings, in the order of terms and their loops."""
    name = "_".join(x for x in ("couplings", b.place) if x)
    source = ("coupling values", b.place)
    return b.given(name, Content.MATRIX, (-1,), source, life=Life.SCRATCH)


def units_of(b: Builder, t: int) -> tuple[Value, Value]:
    """Where the units of a term's couplings begin, and their columns."""
    source = ("units of couplings", "begin", str(t)), ("units of couplings", "column", str(t))
    begin = b.given(f"begin_{t}", Content.CONSTANT, (-1,), source[0], "i8")
    return begin, b.given(f"column_{t}", Content.CONSTANT, (-1,), source[1], "i4")


def _from(b: Builder, values: Value, t: int) -> Value | Rest:
    return values if t == b.plan.listed[0] else Rest(values, b.number(f"first_{t}", "i8"))


def _gathered(b: Builder, part: str, target: str, terms: tuple[int, ...]) -> Value:
    source = ("gathered", part, target, " ".join(map(str, terms)), b.place)
    words = ("value" if part == "source" else "more_value", target, b.place)
    return b.given(
        "_".join(x for x in words if x), Content.MATRIX, (-1,), source, life=Life.SCRATCH
    )


def gather_values(b: Builder, target: str, terms: tuple[int, ...]) -> None:
    """The values of a group's couplings unit after unit, once an update."""
    for part in ("source", "more_source"):
        key = ("incidence", part, target, " ".join(map(str, terms)), "")
        if key not in b.once:
            source = b.given(f"{part}_{target}", Content.CONSTANT, (-1,), key, "i8")
            b.once[key] = _gathered(b, part, target, terms)
            b.do("gather", coupling_values(b), source, b.once[key])


def incidence(b: Builder, target: str, terms: tuple[int, ...], group: str) -> Iterator[Value]:
    """A group's couplings as kernels take them; columns count from the first of `group`, or of all
    listed groups if it is empty.
    """
    for part, takes in INCIDENCE.items():
        if takes.number == "F":
            yield _gathered(b, "source" if part == "value" else "more_source", target, terms)
            continue
        shifted = part in ("other", "more_other") and group != b.plan.listed_groups[0]
        frame = group if shifted else ""
        source = ("incidence", part, target, " ".join(map(str, terms)), frame)
        yield b.given(f"{part}_{target}", Content.CONSTANT, (-1,), source, takes.number)


def alike_values(b: Builder) -> Value:
    """Room for the values of a lattice's couplings, those that are alike once."""
    return b.given("couplings", Content.MATRIX, (-1,), ("alike values",), life=Life.SCRATCH)


def prepare_cells(b: Builder) -> None:
    """The values of a lattice's couplings, those that are alike once."""
    values = alike_values(b)
    if ("alike values",) in b.once:
        return
    b.once["alike values",] = values
    for t in b.plan.listed:
        kind = module_kind(b.plan, ("alike", t), "out", axes=1)
        first = t == b.plan.listed[0]
        out = values if first else Rest(values, b.number(f"first_alike_{t}", "i8"))
        b.do_of_parameters(kind, out)


def cells(b: Builder, group: str, terms: tuple[int, ...] = ()) -> Iterator[Value]:
    """A group's couplings by where its units stand in the lattice, as kernels take them; of all
    terms or of these alone.
    """
    terms = () if terms == all_terms(b.plan, group) else terms
    for part, takes in CELLS.items():
        if part == "couplings":
            yield alike_values(b)
            continue
        shape = (-1,) * takes.axes
        source = ("cells", part, group, " ".join(map(str, terms)))
        yield b.given(f"{part}_{group}", Content.CONSTANT, shape, source, takes.number)


def tiles(b: Builder, group: str) -> Iterator[Value]:
    """A group of a lattice in tiles of 64 units, as kernels take them."""
    for part, takes in TILES.items():
        source = ("tiles", part, group)
        yield b.given(f"{part}_{group}", Content.CONSTANT, (-1,), source, takes.number)


def sites(b: Builder, group: str) -> Iterator[Value]:
    """A group's couplings in tiles of 64 units, as kernels take them."""
    for part, number in SITES.items():
        if number != "F":
            yield b.given(
                f"{part}_{group}", Content.CONSTANT, (-1,), ("sites", part, group), number
            )
            continue
        room = ("site values", group)
        yield b.given(f"value_{group}", Content.MATRIX, (-1,), room, life=Life.SCRATCH)


def gather_sites(b: Builder, group: str) -> None:
    """The values of a group's couplings in tiles of 64 units."""
    source = b.given(f"source_{group}", Content.CONSTANT, (-1,), ("sites", "source", group), "i8")
    out = next(x for x in sites(b, group) if x.content is Content.MATRIX)
    b.do("gather", coupling_values(b), source, out)


def offset(b: Builder, group: str) -> Number:
    """The first column of a group among those of all listed groups."""
    first = group == b.plan.listed_groups[0]
    return Number("0") if first else b.number(f"offset_{identifier(group)}", "i8")


def columns(b: Builder) -> int | str:
    """The number of columns of all listed groups; text while a length has no value."""
    sizes = [b.size(n) for n in b.plan.listed_groups]
    known = [n for n in sizes if isinstance(n, int)]
    return sum(known) if len(known) == len(sizes) else " + ".join(map(str, sizes))


def side_by_side(b: Builder, states: dict[str, Value], rows: int | str, word: str) -> Value | Part:
    """[rows, columns]: these groups' states among the columns of all listed groups; a single
    group's own array.

    `word` names the array: what fields were made of stays as it was when a draw joins states anew.
    """
    if len(states) == 1:
        return next(iter(states.values()))
    word += "" if rows == BATCH else "_chains"
    whole = b.shared(word, Content.STATES, (rows, columns(b)))
    x = next(iter(states.values()))
    into = Part(whole, x.rows) if isinstance(x, Part) else whole
    b.do("clear", into)
    for name, state in states.items():
        b.do("join", state, offset(b, name), into)
    return into


def word_of_joined(target: str, eta: Value | Part) -> str:
    """The name of the array whose states fields are made of: another one for fields that are kept
    under a name of their own.
    """
    name, passing = base(eta).name, f"eta_{identifier(target)}"
    return "joined" if name in (passing, f"{passing}_chains") else f"joined_for_{name}"


def turned(b: Builder, phase: Phase, names: tuple[str, ...]) -> Value:
    """[columns, rows]: the rows of these groups, each unit's numbers in one row of the array."""
    known = phase.turned
    if known is not None and all(known.rows.get(n) == phase.rows[n] for n in names):
        return known.columns
    rows = b.rows_of(phase.rows[names[0]])
    out = b.shared(
        "turned" if rows == BATCH else "turned_chains", Content.STATES, (columns(b), rows)
    )
    turn_all(b, {name: phase.rows[name] for name in names}, out)
    return out


def turn_all(b: Builder, rows: Mapping[str, Value], out: Value) -> None:
    """out [columns, rows] has the rows of these groups."""
    if len(b.plan.listed_groups) == 1:
        b.do("turn", *rows.values(), out)
        return
    b.do("clear", out)
    for name, x in rows.items():
        b.do("turn_into", x, offset(b, name), out)

"""The plan: which groups are updated how and in which order, and what every contraction is.

Says what; the emitter writes how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from ..graph.factor_graph import FactorGraph, units_of, verify_compiled
from ..graph.passes import gibbs_blocks, mean_block, selector, verify_schedule
from ..language.diagnostics import fail
from ..language.forms import Form, TermForm, forms_of
from ..language.model import Length, Model, Term
from ..units.interface import UnitType
from .identifiers import Key, function_names
from .multiway import Contraction, Tensor, contraction_of, tensor_of

MANY_CHAINS = 4
"""From so many chains on, a lattice or graph is swept with chains side by side in memory
(docs/performance.md has the measurement).
"""

Pair = tuple[tuple[str, int], tuple[str, int]]
"""Two groups, each with the power of its statistic."""


@dataclass(frozen=True)
class Coupling:
    """The matrix between groups a and b, [size a, size b].

    `direct` names the parameter that *is* this matrix (times `scale`).
    """

    a: str
    b: str
    terms: tuple[int, ...]
    direct: str | None = None
    scale: float = 1.0
    powers: tuple[int, int] = (1, 1)
    """The statistics that it couples: x or x² of group a, and of group b."""

    @property
    def key(self) -> Pair:
        """What its matrix is known by: no other coupling of a plan has these groups and powers."""
        return (self.a, self.powers[0]), (self.b, self.powers[1])


@dataclass(frozen=True)
class GroupPlan:
    """A group as the compiler needs it: its unit type with arguments, its axes, whether its units
    act on one another.
    """

    name: str
    role: str
    axes: tuple[Length, ...]
    states: Length | None
    unit: type[UnitType]
    arguments: tuple[float, ...]
    """The unit type's arguments without the number of states."""
    square: bool
    """Whether the statistic x² is a second field of this type."""
    lateral: bool
    """Whether a dense term couples its units with one another."""
    expert: bool = False
    """Whether functions of a projection of its units act on them."""
    woven: bool = False
    """Whether its units meet in terms whose couplings are written out: a lattice, a graph."""

    @property
    def size(self) -> int:
        """Columns of this group's state matrix."""
        return prod(int(n) for n in self.axes)


@dataclass(frozen=True)
class Plan:
    """Bound to no array and to no size: another H gives the same plan but for its lengths."""

    graph: FactorGraph
    groups: tuple[GroupPlan, ...]
    couplings: tuple[Coupling, ...]
    blocks: tuple[tuple[str, ...], ...]
    """Groups that are drawn at once, in the order of a sweep."""
    listed: tuple[int, ...] = ()
    """Numbers of the terms whose couplings are written out one by one."""
    tensors: tuple[Tensor, ...] = ()
    contractions: tuple[Contraction, ...] = ()
    """Terms summed letter by letter, in an order that is chosen once sizes are known."""
    experts: tuple[int, ...] = ()
    """Numbers of the terms that are functions of a projection of units."""
    selector: tuple[str, tuple[str, ...]] | None = None
    """A one-of-K unit z, and the hidden groups that are summed out where z is drawn and drawn given
    z after it: one joint draw.
    """

    @property
    def model(self) -> Model:
        return self.graph.model

    @cached_property
    def forms(self) -> tuple[TermForm, ...]:
        """The form of every term, in order."""
        return forms_of(self.model)

    @cached_property
    def mean_block(self) -> tuple[str, ...]:
        """Groups whose conditional means stand for draws at the end of a sweep: the hidden ones of
        its last block. The order decides it.
        """
        return mean_block(self.graph, self.blocks)

    @cached_property
    def functions(self) -> Mapping[Key, str]:
        """What the functions of this plan's generated module are called."""
        return function_names(self)

    @cached_property
    def _groups(self) -> Mapping[str, GroupPlan]:
        return {g.name: g for g in self.groups}

    def group(self, name: str) -> GroupPlan:
        return self._groups[name]

    @cached_property
    def _direct(self) -> Mapping[str, Coupling]:
        return {c.direct: c for c in reversed(self.couplings) if c.direct is not None}

    def direct_coupling(self, parameter: str) -> Coupling | None:
        """The coupling whose matrix is this parameter itself, if there is one."""
        return self._direct.get(parameter)

    def axes(self, name: str) -> tuple[int, ...]:
        """A group's axes, all bound."""
        return tuple(int(n) for n in self.group(name).axes)

    def couplings_of(self, name: str) -> tuple[Coupling, ...]:
        """Couplings to other groups, in order."""
        return tuple(c for c in self.couplings if name in (c.a, c.b))

    @property
    def listed_groups(self) -> tuple[str, ...]:
        """Groups that a listed term touches, in order; all of them where no term is a matrix."""
        touched = {u.group for n in self.listed for u in self.model.terms[n].units}
        return tuple(g.name for g in self.groups if self.all_listed or g.name in touched)

    @property
    def all_listed(self) -> bool:
        """Whether no term is a matrix or an expert, so that chains may stand side by side in
        memory.
        """
        return (
            bool(self.listed)
            and not self.couplings
            and not self.multiway
            and not self.experts
            and not any(g.lateral for g in self.groups)
        )

    @property
    def multiway(self) -> tuple[Tensor | Contraction, ...]:
        """Terms whose couplings are never written out, of three groups or more or of a low rank."""
        return (*self.tensors, *self.contractions)

    @property
    def pairs_of_a_sweep(self) -> int:
        """Couplings that a sweep multiplies for every chain, once a direction; of a term of several
        groups the slices that a state picks.
        """
        sizes = {g.name: g.size for g in self.groups}
        pairs = sum(sizes[c.a] * sizes[c.b] for c in self.couplings) + sum(
            sizes[g.name] ** 2 for g in self.groups if g.lateral
        )
        for n in self.experts:  # Mᵀ diag(d) M, and its factor
            width = sum(sizes[g] for g in {u.group for u in units_of(self.model.terms[n])})
            pairs += (
                prod(int(x.stop) - x.start for x in self.model.terms[n].letters) * width**2
                + width**3
            )
        return pairs + sum(
            sizes[t.groups[0]] * sizes[n] for t in self.multiway for n in t.groups[1:]
        )

    def contraction_text(self, t: Tensor, target: str) -> str:
        """How a tensor gives the field of one of its groups."""
        if self.selector is not None and target == self.selector[0]:
            return f"all its states in one product, {', '.join(self.selector[1])} summed out"
        one = [n for n in t.groups if n != target and self.is_one_unit(n)]
        if one:
            return (
                f"slices of {t.parameter} that the states of {one[-1]} pick; all states in one"
                " product where they are summed out"
            )
        return f"one product with {t.parameter} unfolded"

    def is_one_unit(self, name: str) -> bool:
        """Whether a group is a single one-of-K unit, whose state picks a slice of a tensor."""
        g = self.group(name)
        return g.unit.states is not None and len(g.axes) == 1

    def __str__(self) -> str:
        lines = [f"plan of {self.model.name}"]
        for n, block in enumerate(self.blocks):
            one = any(self.group(g).lateral or self.group(g).woven for g in block)
            how = (
                "one unit after another"
                if one
                else (
                    "through its experts"
                    if any(self.group(g).expert for g in block)
                    else "all units at once"
                )
            )
            if self.selector is not None and block == (self.selector[0],):
                how = (
                    f"with {', '.join(self.selector[1])} summed out, then these given it: one joint"
                    " draw"
                )
            lines.append(f"  block {n}: {', '.join(block)} ({how})")
            for g in block:
                for c in self.couplings_of(g):
                    matrix = c.direct or f"built from terms {', '.join(map(str, c.terms))}"
                    lines.append(f"    {g} <- {c.b if g == c.a else c.a}: matrix product, {matrix}")
                lines += [
                    f"    {g} <- {' × '.join(n for n in t.groups if n != g)}:"
                    f" {self.contraction_text(t, g)}"
                    for t in self.tensors
                    if g in t.groups
                ]
                for x in self.contractions:
                    if g in x.groups:
                        others = " × ".join(n for n in x.groups if n != g)
                        how = (
                            f"a convolution with {x.parameters[0]}: sites gathered, a few cases a"
                            " product"
                            if x.is_convolution
                            else (
                                f"{', '.join(x.parameters)} and states, summed letter by letter in"
                                " the cheapest order"
                            )
                        )
                        lines.append(f"    {g} <- {others}: {how}")
                if self.group(g).expert:
                    near = [
                        n
                        for n in self.experts
                        if any(u.group == g for u in units_of(self.model.terms[n]))
                    ]
                    lines.append(
                        f"    {g} <- {g}: experts, term {', '.join(map(str, near))}: auxiliary"
                        " variables where these make them Gaussian or linear, else Hamiltonian"
                        " dynamics, or unit after unit where states are few"
                    )
                if self.group(g).lateral:
                    lines.append(
                        f"    {g} <- {g}: fields kept, one row of the symmetric coupling a changed"
                        " unit"
                    )
                for t in self.listed:
                    names = [u.group for u in self.model.terms[t].units]
                    if g in names:
                        lines.append(
                            f"    {g} <- {', '.join(dict.fromkeys(names))}: term {t}, couplings"
                            " written out"
                        )
                if self.group(g).woven:
                    lines.append(
                        f"      fewer than {MANY_CHAINS} chains: unit after unit, fields kept, a"
                        " change costs as many steps as it has couplings"
                    )
                    many = (
                        f"{MANY_CHAINS} chains or more: colour after colour, chains side by side in"
                        " memory"
                    )
                    lines.append(
                        "      "
                        + (
                            many
                            if self.all_listed
                            else "any number of chains, since matrices couple this model too"
                        )
                    )
        lines.append(f"  negative phase uses means of: {', '.join(self.mean_block) or 'no group'}")
        return "\n".join(lines)


def build_plan(graph: FactorGraph, units: dict[str, type[UnitType]]) -> Plan:
    """FactorGraph → Plan. Raises BmError for terms with no contraction."""
    verify_compiled(graph)
    model = graph.model
    forms = forms_of(model)
    tensors = tuple(t for n, f in enumerate(forms) if (t := tensor_of(f, n)) is not None)
    contractions = tuple(c for n, f in enumerate(forms) if (c := contraction_of(f, n)) is not None)
    listed = tuple(n for n, f in enumerate(forms) if f.form is Form.LISTED)
    between = [
        (n, f) for n, f in enumerate(forms) if f.form in (Form.COUPLING, Form.SQUARED_COUPLING)
    ]
    inside = [n for n, f in enumerate(forms) if f.form is Form.LATERAL]
    lateral = {forms[n].units[0].group for n in inside}
    touched = [[u.group for u in model.terms[n].units] for n in listed]
    woven = {g for names in touched for g in names if names.count(g) > 1}
    experts = tuple(n for n, f in enumerate(forms) if f.form is Form.EXPERT)
    projected = {u.group for n in experts for u in units_of(model.terms[n])}
    _verify_experts(model, experts, projected & (lateral | woven))
    _verify_self_pairs(model, [model.terms[n] for n in inside], units)
    groups = []
    for g in model.groups:
        unit = units[g.unit]
        arguments = tuple(float(v) for k, v in g.options if k != unit.states)
        square = "x^2" in unit.statistics
        groups.append(
            GroupPlan(
                g.name,
                g.role,
                g.axes,
                g.states,
                unit,
                arguments,
                square,
                g.name in lateral,
                g.name in projected,
                g.name in woven,
            )
        )
    order = [g.name for g in model.groups]
    pairs: dict[tuple[tuple[str, int], tuple[str, int]], list[int]] = {}
    for n, f in between:
        a, b = sorted(((u.group, u.power) for u in f.units), key=lambda u: order.index(u[0]))
        pairs.setdefault((a, b), []).append(n)
    couplings = [_coupling(forms, a, b, tuple(terms)) for (a, b), terms in pairs.items()]
    blocks = gibbs_blocks(graph)
    made = Plan(
        graph, tuple(groups), tuple(couplings), blocks, listed, tensors, contractions, experts
    )
    chosen = selector(
        graph,
        [
            g.name
            for g in groups
            if made.is_one_unit(g.name) and any(g.name in t.groups for t in made.multiway)
        ],
    )
    if chosen is not None:
        z, near = (
            # z and what it selects come last, so that one product gives responsibilities, draws and
            # means
            chosen
        )
        rest = tuple(
            b for b in (tuple(n for n in b if n != z and n not in near) for b in blocks) if b
        )
        made = replace(made, blocks=(*rest, (z,), near), selector=chosen)
    verify_schedule(graph, made.blocks, made.mean_block)
    return made


def _verify_experts(model: Model, experts: tuple[int, ...], meeting: set[str]) -> None:
    """An expert runs over all its letters, and its units meet through experts only."""
    for n in experts:
        term = model.terms[n]
        if term.conditions:
            raise fail(
                "BM861",
                "an expert under a condition cannot be compiled",
                term.span,
                help="leave the condition out",
            )
        if any(u.group in meeting for u in units_of(term)):
            name = next(u.group for u in units_of(term) if u.group in meeting)
            raise fail(
                "BM861",
                f"units of `{name}` meet in products too, which cannot be drawn beside an expert",
                term.span,
                help="write the products as `square(...)` of a projection",
            )


def _verify_self_pairs(model: Model, terms: list[Term], units: dict[str, type[UnitType]]) -> None:
    """A term that pairs a unit with itself needs x² among the unit's statistics, or equal to one of
    them.
    """
    for term in terms:
        a = term.units[0]
        unit = units[model.group(a.group).unit]
        if not _is_apart(term) and 2 not in unit.reduces and "x^2" not in unit.statistics:
            raise fail(
                "BM863",
                f"this term pairs every unit of `{a.group}` with itself too, and x^2 is no"
                f" statistic of `{unit.name}`",
                term.span,
                help="count each pair once: `for i < j`",
            )


def _is_apart(term: Term) -> bool:
    """Whether the two units of a term within a group are never the same."""
    a, b = term.units
    both = list(zip(a.subscripts, b.subscripts, strict=True))
    apart = any(
        frozenset((x.letter, y.letter)) == frozenset((c.first, c.second))
        for c in term.conditions
        for x, y in both
    )
    return apart or any(
        not x.letters and not y.letters and x.constant != y.constant and x.edge == y.edge == "plain"
        for x, y in both
    )


def pairs_itself(plan: Plan, group: str) -> bool:
    """Whether a matrix within a group may couple a unit with itself."""
    terms = (plan.model.terms[n] for n, f in enumerate(plan.forms) if f.form is Form.LATERAL)
    return any(t.units[0].group == group and not _is_apart(t) for t in terms)


def _coupling(
    forms: tuple[TermForm, ...], a: tuple[str, int], b: tuple[str, int], terms: tuple[int, ...]
) -> Coupling:
    """A coupling that is one parameter with the letters of a then b (or b then a) is that parameter
    itself, reshaped.
    """
    form = forms[terms[0]]
    if len(terms) == 1 and form.array is not None:
        x, y = form.ordered
        return Coupling(x.group, y.group, terms, form.array, form.scale, (x.power, y.power))
    return Coupling(a[0], b[0], terms, powers=(a[1], b[1]))

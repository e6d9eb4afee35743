"""The plan: which groups are updated how and in which order, and what every contraction is.

Says what; the emitter writes how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf, log2, prod
from types import MappingProxyType

from ..graph.factor_graph import FactorGraph, units_of
from ..graph.passes import choose_enumerated, mean_block
from ..language.forms import Form, TermForm, forms_of
from ..language.model import Length, Model, Term
from ..registry import Shown
from ..units.interface import UnitType
from .coupling import Coupling, LateralCoupling
from .identifiers import Key, function_names
from .multiway import Contraction, Tensor
from .planned_expert import PlannedExpert
from .planned_term import PlannedTerm
from .stencils import REGISTER, Lattice, NotStencil, lattice_of, verify_stencil
from .written_out import ListedTerm

NOMINAL = 100
"""What a length is taken for while it has no value."""
SITES = 256
"""Units of a lattice or graph from which on few chains are drawn colour after colour, many units at
a time.
"""
MOST_STATES = 1 << 16
"""States of a one-of-K unit whose number is of two bytes."""
FEW_UNITS = 64
"""Units of a register from which on a lattice's sites stand side by side in few chains
(docs/performance.md has the measurement).
"""
BESIDE_ROWS = 24
"""Chains from which on words of 64 chains, full or not, are quicker than full registers of a
lattice's sites; with registers half full half as many.
"""
MANY_CHAINS = 4
"""From so many chains on, a lattice or graph is swept with chains side by side in memory
(docs/performance.md has the measurement).
"""
FEW_CHAINS = 8
"""Below so many chains a lattice or graph of `SITES` units is swept with units of a colour side by
side (docs/performance.md has the measurement).
"""
MANY_BY_CELLS, SITES_BY_CELLS = 1 << 16, 1 << 18
"""Units of a lattice from which on its couplings are not listed: in `FEW_CHAINS` chains or more,
and in fewer, which are drawn many units at a time (docs/performance.md has the measurement).
"""
RANK_BLOCK = 512
"""Chains that stand 64 to a word and are one rank's together: `schedule.bit_ops.BLOCK`."""


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
    def codes(self) -> bool:
        """Whether a unit's state can be a number of two bytes."""
        one_of_k = self.unit.name == "categorical" and self.states is not None
        return one_of_k and not (isinstance(self.states, int) and self.states > MOST_STATES)

    @property
    def coupled_by_code(self) -> bool:
        """Whether fields of its units are sums of a matrix's rows that codes of others pick."""
        return self.codes and self.lateral and not self.woven

    @property
    def size(self) -> int:
        """Columns of this group's state matrix."""
        return prod(int(n) for n in self.axes)

    def log2_states(self, units: int | None = None) -> float:
        """log2 of how many joint states its units have, or so many of them; infinite if those of
        one are not finitely many. A length without a value counts as NOMINAL.
        """
        known = [n if isinstance(n, int) else NOMINAL for n in self.axes]
        states = 1 if self.states is None else known[-1]
        arguments = self.arguments if self.unit.states is None else (states,)
        support = self.unit.support(*arguments)
        count = prod(known) // states if units is None else units
        return inf if support is None else count * log2(len(support))


@dataclass(frozen=True)
class Plan(Shown):
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
    def by_cells(self) -> bool:
        """Whether all terms are stencils, whatever the lengths are, so that what couples to a unit
        can follow from where it stands.
        """
        if not self.all_listed:
            return False
        try:
            return all(verify_stencil(self.model, self.model.terms[t]) for t in self.listed)
        except NotStencil:
            return False

    @cached_property
    def lattice(self) -> Lattice:
        """The one lattice of all groups, if all terms are stencils of it.

        Raises NotStencil with the reason if there is none.
        """
        if not self.all_listed:
            raise NotStencil("matrices couple its units")
        return lattice_of(self.model, self.listed, self.listed_groups)

    @cached_property
    def is_large_lattice(self) -> bool:
        """Whether it is one lattice of so many units that their couplings are not listed; not while
        a length has no value.
        """
        return self._is_lattice_of(MANY_BY_CELLS)

    @cached_property
    def is_swept_by_sites(self) -> bool:
        """Whether it is one lattice of so many units that few chains are swept colour after colour,
        in training too, where graphs are not.
        """
        return self._is_lattice_of(SITES)

    def _is_lattice_of(self, units: int) -> bool:
        try:
            return self.lattice.size * len(self.lattice.groups) >= units
        except NotStencil:
            return False

    @cached_property
    def functions(self) -> Mapping[Key, str]:
        """What the functions of this plan's generated module are called."""
        return function_names(self)

    def enumerated(
        self, free: tuple[str, ...], units: Mapping[str, int] = MappingProxyType({})
    ) -> tuple[str, ...] | None:
        """The groups that a sum over all states of the groups `free` goes through state by state;
        given these the others are independent, and summed out by their log-partitions. None if no
        such choice is finite.

        Decided here for every phase, posterior and free energy. `units`: how many units of a group
        are summed over, if it is not all.
        """
        if units or free not in self._enumerated:
            states = {n: self.group(n).log2_states(units.get(n)) for n in free}
            found = choose_enumerated(self.graph, free, states)
            if units:
                return found
            self._enumerated[free] = found
        return self._enumerated[free]

    @cached_property
    def _enumerated(self) -> dict[tuple[str, ...], tuple[str, ...] | None]:
        return {}

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

    @cached_property
    def interactions(self) -> tuple[PlannedTerm, ...]:
        """All terms between units, each of its kind."""
        terms = self.model.terms
        seen = {n: dict.fromkeys(u.group for u in units_of(terms[n])) for n in self.experts}
        return (
            *self.couplings,
            *self.tensors,
            *self.contractions,
            *(PlannedExpert(n, tuple(groups)) for n, groups in seen.items()),
            *(LateralCoupling(g.name) for g in self.groups if g.lateral),
            *(ListedTerm(t, tuple(u.group for u in terms[t].units)) for t in self.listed),
        )

    @cached_property
    def all_listed(self) -> bool:
        """Whether no term is a matrix or an expert, so that chains may stand side by side in
        memory.
        """
        return bool(self.listed) and len(self.listed) == len(self.interactions)

    @property
    def multiway(self) -> tuple[Tensor | Contraction, ...]:
        """Terms whose couplings are never written out, of three groups or more or of a low rank."""
        return (*self.tensors, *self.contractions)

    @property
    def pairs_of_a_sweep(self) -> int:
        """Couplings that a sweep multiplies for every chain, once a direction; of a term of several
        groups the slices that a state picks.
        """
        return sum(x.sweep_pairs(self) for x in self.interactions)

    def is_one_unit(self, name: str) -> bool:
        """Whether a group is a single one-of-K unit, whose state picks a slice of a tensor."""
        g = self.group(name)
        return g.unit.states is not None and len(g.axes) == 1

    def __str__(self) -> str:
        lines = [f"plan of {self.model.name}"]
        for n, block in enumerate(self.blocks):
            lines.append(f"  block {n}: {', '.join(block)} ({self._manner(block)})")
            for g in block:
                reaching = (x for x in self.interactions if g in x.groups)
                lines += [f"    {g} <- {x.text(self, g)}" for x in reaching]
                lines += self._manners_of_listed() if self.group(g).woven else ()
        lines.append(f"  negative phase uses means of: {', '.join(self.mean_block) or 'no group'}")
        return "\n".join(lines)

    def _manner(self, block: tuple[str, ...]) -> str:
        """How the groups of a block are drawn."""
        if self.selector is not None and block == (self.selector[0],):
            near = ", ".join(self.selector[1])
            return f"with {near} summed out, then these given it: one joint draw"
        groups = [self.group(g) for g in block]
        if any(g.lateral or g.woven for g in groups):
            return "one unit after another"
        experts = "through its experts, and by every rank in all chains"
        return experts if any(g.expert for g in groups) else "all units at once"

    def _manners_of_listed(self) -> tuple[str, ...]:
        """How units that meet in listed terms are drawn, in few chains and in many."""
        few = (
            f"fewer than {MANY_CHAINS} chains: unit after unit, fields kept, a change costs as many"
            " steps as it has couplings"
        )
        many = "any number of chains, since matrices couple this model too"
        if self.all_listed:
            few = (
                f"fewer than {MANY_CHAINS} chains: unit after unit, fields kept; from {SITES} units"
                f" on, and fewer than {FEW_CHAINS} chains: colour after colour, 64 units at a time,"
                " if units with as many couplings are that many"
            )
            many = (
                f"{MANY_CHAINS} chains or more: colour after colour, chains side by side in memory"
            )
            if any(self.group(n).codes for n in self.listed_groups):
                many += ", one-of-K units as codes of two bytes"
        cells = (self._manner_of_cells(),) if self.by_cells else ()
        two_valued = all(self.group(n).unit.name in ("binary", "spin") for n in self.listed_groups)
        if not (self.all_listed and two_valued):
            return f"      {few}", f"      {many}", *cells
        bits = (
            f"{MANY_CHAINS} chains or more that are not drawn 64 units at a time: colour after"
            " colour, 64 chains to a word of bits, full or not; neighbours are counted where"
            " couplings are small whole multiples of one number, else fields are numbers; ranks"
            f" share {RANK_BLOCK} chains at a time"
        )
        replicas = (
            "replicas of 4 ladders or more (16 if fields are numbers) that exchange temperatures:"
            " bits too, 64 ladders to a word of one beta; masked swaps of words"
        )
        return (
            f"      {few}",
            f"      {many}",
            f"      {bits}",
            f"      {replicas}",
            f"      {self._manner_of_stencil()}",
            *cells,
        )

    def _manner_of_cells(self) -> str:
        """From which size on neighbours follow from index arithmetic."""
        return (
            f"      no list of couplings from {MANY_BY_CELLS:,} units on, in fewer than"
            f" {FEW_CHAINS} chains from {SITES_BY_CELLS:,}: neighbours by index arithmetic, fields"
            " and draws are the list's; training, mean field, exchanges, AIS and"
            " scores too"
        )

    def _manner_of_stencil(self) -> str:
        """Whether a lattice is swept by index arithmetic."""
        try:
            lattice = self.lattice
            room = lattice.in_register
        except NotStencil as reason:
            return f"no stencil: {reason}"
        chains = max(MANY_CHAINS, -(-BESIDE_ROWS * room // REGISTER))
        return (
            f"a stencil ({lattice.coloured}): sites of a row side by side in words of bits,"
            " neighbours by shifts, where couplings are small whole multiples of one number: fewer"
            f" than {chains} chains, if a register has {FEW_UNITS} units of a colour or more, here"
            f" {room}"
        )


def is_apart(term: Term) -> bool:
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
    return any(t.units[0].group == group and not is_apart(t) for t in terms)

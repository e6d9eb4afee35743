"""What every part of a derivation starts from: a plan with its terms as trees, its groups' letters,
fields and formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import combinations

from ...language.model import Length, Term, UnitFactor
from ...plan.plan import GroupPlan, Plan
from ...units.interface import reduced_power
from .algebra import ZERO, add, mul, negative
from .constants import Values
from .expression import Apart, Index, Node, Relation, Restriction, Series, State
from .formula import Formulas
from .letters import plain, unique
from .solving import Solver, verdict
from .terms import Terms, own_letters, touches

Body = Callable[[UnitFactor], Node]


class Context:
    """One derivation's material. Letters of groups' own units are unique names, shown as the
    user's.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan, self.model = plan, plan.model
        self.terms = Terms(plan.model)
        self.solver = Solver(plan.model)
        self.free = [g for g in plan.groups if g.role != "given"]
        self.hidden = [g for g in plan.groups if g.role == "hidden"]
        self.names = {g.name for g in self.hidden}
        self._own: dict[str, tuple[str, ...]] = {}

    @property
    def values(self) -> Values:
        """Argument → value, None while open."""
        return self.terms.values

    def own(self, group: str) -> tuple[str, ...]:
        """The letters of a group's own unit, the state of a one-of-K unit last."""
        if group not in self._own:
            self._own[group] = tuple(unique(x) for x in own_letters(self.model, group))
        return self._own[group]

    def sites(self, g: GroupPlan) -> tuple[str, ...]:
        """The letters that tell a group's units apart: all but the state."""
        own = self.own(g.name)
        return own[:-1] if g.states is not None else own

    def indices(self, g: GroupPlan, letters: tuple[str, ...]) -> tuple[Index, ...]:
        """These first letters of a group with their ranges."""
        return tuple(
            Index(x, 0, n) for x, n in zip(letters, self.model.group(g.name).axes, strict=False)
        )

    def state(self, g: GroupPlan, letters: tuple[str, ...] | None = None) -> State:
        """The group's own unit."""
        return State(g.name, tuple(map(plain, self.own(g.name) if letters is None else letters)))

    def formulas(self, g: GroupPlan) -> Formulas:
        """The functions of a group's unit type."""
        return Formulas(self.model, g, self.values, g.name in self.squared)

    def neighbours(self, g: GroupPlan) -> tuple[str, ...]:
        """Other groups that share a term with this one."""
        return self.plan.graph.neighbours(g.name)

    def meets(self, g: GroupPlan) -> bool:
        """Whether units of a group act on one another."""
        return self.plan.graph.is_lateral(g.name)

    @cached_property
    def coupled(self) -> list[str]:
        """Hidden groups that terms couple, in words; empty where all hidden units are independent
        given the others.
        """
        return self.couplings(self.hidden)

    def couplings(self, among: list[GroupPlan]) -> list[str]:
        """Which of these groups terms couple, in words."""
        near = self.plan.graph.couples
        return [
            f"{a.name} and {b.name}" if a is not b else f"the units of {a.name}"
            for k, a in enumerate(among)
            for b in among[k:]
            if near.has_edge(a.name, b.name)
        ]

    @cached_property
    def squared(self) -> set[str]:
        """Groups whose squares some term acts on."""
        return {g.name for g in self.free if g.square and self._fields(g, 2)}

    def field(self, g: GroupPlan, power: int = 1, state: Body | None = None) -> Node:
        """η of a group's own unit: ∂(−E)/∂x^power, each other unit as `state` shows it."""
        return add(*self._fields(g, power, state))

    def _fields(self, g: GroupPlan, power: int, state: Body | None = None) -> list[Node]:
        found = [
            f for t in self.model.terms if t.expert is None for f in self._field(t, g, power, state)
        ]
        return [f for f in found if f != ZERO]

    def _field(self, t: Term, g: GroupPlan, power: int, state: Body | None) -> list[Node]:
        """The addends that a term gives: for each choice of its factors that are the group's own
        unit at once.
        """
        mine = [k for k, u in enumerate(t.units) if u.group == g.name]
        out = []
        for size in range(1, len(mine) + 1):
            for chosen in combinations(mine, size):
                rest = [k for k in mine if k not in chosen]
                near = self._restrictions(t, g, chosen, rest)
                total = sum(t.units[k].power for k in chosen)
                if (
                    near is None
                    or (1 if g.states is not None else reduced_power(g.unit, total)) != power
                ):
                    continue
                show = state or self.terms.state
                others = [show(u) for k, u in enumerate(t.units) if k not in chosen]
                body = mul(*self.terms.entries(t), *others)
                out.append(self.solver.solved(self.terms.series(t, body, near, -1)))
        return out

    def _restrictions(
        self, t: Term, g: GroupPlan, chosen: tuple[int, ...], rest: list[int]
    ) -> tuple[Restriction, ...] | None:
        """What says that the chosen factors are the own unit and the rest are not; None where that
        cannot be.
        """
        own, axes = self.own(g.name), self.model.group(g.name).axes
        sites = len(self.sites(g))
        out: list[Restriction] = []
        for k in chosen:
            out += [
                Relation("=", s, plain(o), n)
                for s, o, n in zip(t.units[k].subscripts, own, axes, strict=True)
            ]
        for a, b in combinations(chosen, 2):
            if self._apart(t, t.units[a], t.units[b], axes[:sites]):
                return None
        for k in rest:
            if any(self._apart(t, t.units[k], t.units[c], axes[:sites]) for c in chosen):
                continue
            if not sites:
                return None
            out.append(_apart(t.units[k], own[:sites], axes[:sites]))
        return tuple(out)

    def _apart(self, t: Term, a: UnitFactor, b: UnitFactor, axes: tuple[Length, ...]) -> bool:
        """Whether two factors of a term are never the same unit."""
        for x, y, n in zip(a.subscripts, b.subscripts, axes, strict=False):
            if verdict(Relation("≠", x, y, n)):
                return True
            if (
                x.letter
                and y.letter
                and any(
                    {c.first, c.second} == {x.letter, y.letter} and not self._loops(c.graph)
                    for c in t.conditions
                )
            ):
                return True
        return False

    def _loops(self, graph: str | None) -> bool:
        """Whether a graph joins a node with itself."""
        edges = next((x.edges for x in self.model.graphs if x.name == graph), None)
        return edges is not None and bool((edges[:, 0] == edges[:, 1]).any())

    def visible_terms(self) -> list[Term]:
        """Terms without hidden units."""
        return [t for t in self.model.terms if not any(touches(t, n) for n in self.names)]

    def bases(self, groups: list[GroupPlan]) -> list[Node]:
        """−log base measure of whole groups."""
        out = []
        for g in groups:
            if g.unit.has_base():
                sites = self.sites(g)
                new = tuple(unique(x) for x in sites)
                text = self.formulas(g).of("log_base", (*new, *self.own(g.name)[len(sites) :]))
                out.append(negative(self.over(g, new, text)))
        return out

    def over(self, g: GroupPlan, letters: tuple[str, ...], body: Node) -> Node:
        """The sum over a group's units; `letters` are theirs in the body."""
        return (
            self.solver.solved(Series("sum", self.indices(g, letters), (), body))
            if letters
            else body
        )


def _apart(u: UnitFactor, own: tuple[str, ...], axes: tuple[Length, ...]) -> Restriction:
    """A factor's unit is another one than the own."""
    if len(own) == 1:
        return Relation("≠", u.subscripts[0], plain(own[0]), axes[0])
    return Apart(u.subscripts[: len(own)], tuple(map(plain, own)), axes)

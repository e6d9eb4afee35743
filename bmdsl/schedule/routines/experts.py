"""Draws of units that experts see, as ops: through auxiliary variables, Hamiltonian steps, or unit
after unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from ...interactions.dense import product
from ...interactions.expert import Experts
from ...language.diagnostics import fail
from ...plan.domain import base_precision, ends, is_real
from ...plan.plan import GroupPlan
from ..builder import Builder, Phase
from ..expert_energies import bend_of
from ..expert_ops import CODES
from ..values import BATCH, Content, Life, Number, Value, View
from .meeting import ones

if TYPE_CHECKING:
    from .terms import Terms

SETTLED = 20
"""Sweeps from which on Hamiltonian steps are fitted in the first half of them."""


def fitted_until(steps: int) -> int:
    """The sweep up to which Hamiltonian steps are fitted, of so many in all."""
    return (steps + 1) // 2 if steps >= SETTLED else 0


@dataclass(frozen=True)
class SeenBy:
    """The experts that see a group, those of several terms side by side."""

    group: str
    experts: tuple[Experts, ...]

    @classmethod
    def of(cls, terms: Terms, group: str) -> SeenBy:
        """All that see it."""
        return cls(group, tuple(e for e in terms.experts if group in e.groups))

    def _joined(self, b: Builder, parts: Sequence[Value], word: str, first: int | str) -> Value:
        """Arrays side by side; an array alone is itself."""
        if len(parts) == 1:
            return parts[0]
        out = b.shared(
            word, parts[0].content, (first, self.count()), key=("experts", self.group, b.place)
        )
        b.do("clear", out)
        for k, x in enumerate(parts):
            begin = _total([e.count() for e in self.experts[:k]])
            b.do("join", x, b.length(f"begin_{self.group}_{k}", begin), out)
        return out

    def count(self) -> int | str:
        """How many there are."""
        return _total([e.count() for e in self.experts])

    def arguments(self, b: Builder, phase: Phase, rows: int | str) -> Value:
        """u of every row, of all experts."""
        parts = [e.arguments(b, phase, rows) for e in self.experts]
        word = f"u_{self.group}" + ("" if rows == BATCH else "_chains")
        return self._joined(b, parts, word, rows)

    def matrix(self, b: Builder) -> Value:
        """M, [size, experts]."""
        parts = [e.matrix(b, self.group) for e in self.experts]
        return self._joined(b, parts, f"M_of_{self.group}", b.size(self.group))

    def strengths(self, b: Builder) -> Value:
        """s, one row."""
        return self._joined(b, [e.strengths(b) for e in self.experts], f"s_of_{self.group}", 1)

    def begins(self, b: Builder) -> Value:
        """Where each term's experts begin."""
        array = None
        if isinstance(self.count(), int):
            counts = (int(e.count()) for e in self.experts)
            array = np.array(list(accumulate(counts, initial=0)))
        return b.constant(f"begins_{self.group}", array, (len(self.experts) + 1,))

    def functions(self, b: Builder) -> tuple[Value, Value]:
        """The codes of every term's functions from inside out, −1 for no more, and what the
        argument of each is multiplied by.
        """
        chains = [e.projection.functions for e in self.experts]
        shape = len(chains), max(map(len, chains))
        codes, scales = np.full(shape, -1), np.ones(shape)
        for t, chain in enumerate(chains):
            for k, (name, scale) in enumerate(chain):
                codes[t, k], scales[t, k] = CODES[name], scale
        return (
            b.constant(f"functions_{self.group}", codes),
            b.constant(f"coefficients_{self.group}", scales, number="f8"),
        )

    def bends(self, b: Builder) -> Value:
        """The largest curvature of each term's function."""
        chains = [zip(*e.projection.functions, strict=True) for e in self.experts]
        found = np.array([bend_of(names, scales) for names, scales in chains])
        return b.constant(f"bends_{self.group}", found, number="f8")

    @property
    def walled(self) -> bool:
        """Whether an expert grows faster than a square: wells may then lie apart, and bend the more
        the farther out.
        """
        return any(e.projection.growth()[0] > 2 for e in self.experts)

    @property
    def linear(self) -> bool:
        """Whether units drawn for the experts make all of them linear, whatever parameters are."""
        return all(
            e.projection.functions[0][0] in ("softplus", "logcosh")
            and len(e.projection.functions) == 1
            and not e.projection.strength.parameters
            and e.projection.strength.coefficient == -1
            for e in self.experts
        )


def _total(counts: Sequence[int | str]) -> int | str:
    """The sum; text while a number has no value."""
    known = [n for n in counts if isinstance(n, int)]
    return sum(known) if len(known) == len(counts) else " + ".join(map(str, counts))


def draw_through_experts(
    b: Builder,
    terms: Terms,
    group: str,
    eta: Value,
    states: Mapping[str, Value],
    key: tuple[Number, Number, Number, Number],
    until: int | Number,
    seen: Value | None,
    beta: Value | View | None,
) -> bool:
    """Draws a group that experts see into states[group], in place; `eta` are the fields of all
    other terms, at β.

    False if its units are still to be drawn from `eta`, to which all was added that experts say.
    Raises BM861 for units that can not be drawn: neither any real number nor of few states.
    """
    g, by, x = b.group(group), SeenBy.of(terms, group), states[group]
    rows = b.rows_of(x)
    phase = Phase(dict(states), Number("1.0"))
    mask = seen if seen is not None else b.free_mask()
    real = is_real(g)
    if _support(b, group) is None and not real:
        raise fail(
            "BM861",
            f"experts see `{group}`: only units of real numbers, as `gaussian`, or of finitely many"
            " states can be drawn then",
            by.experts[0].projection.term.span,
        )
    u, matrix = by.arguments(b, phase, rows), by.matrix(b)
    codes, scales = by.functions(b)
    if by.linear and beta is None and not real:
        into = b.field_part(group, eta, 1)
        b.do("add_helper_fields", u, matrix, by.begins(b), codes, *key, into)
        return False
    table = (u, matrix, by.strengths(b), by.begins(b), codes, scales)
    many = beta or ones(b, rows)
    if real:
        memory = steps_of(b, group)
        facts = (by.bends(b), base_precision(g), int(by.walled), many, mask, *key, until, memory, x)
        b.do("draw_real_units", *b.field_parts(group, eta), *table, *facts)
        return True
    values, base = _states(b, group)
    first = b.field_part(group, eta, 1)
    b.do("draw_unit_after_unit", first, *table, values, base, many, mask, *key, x)
    return True


def _support(b: Builder, group: str) -> np.ndarray | None:
    g = b.group(group)
    if g.states is None:
        return g.unit.support(*g.arguments)
    return g.unit.support(int(g.states)) if isinstance(g.states, int) else np.zeros((0, 0))


def _states(b: Builder, group: str) -> tuple[Value, Value]:
    """All states of one of a group's units, [states, columns], and their log base measures."""
    g, support = b.group(group), _support(b, group)
    assert support is not None
    if g.states is not None and not isinstance(g.states, int):
        values = b.constant(f"values_{group}", None, (g.states, g.states), "f8")
        return values, b.constant(f"base_{group}", None, (g.states,), "f8")
    k = int(g.states) if g.states is not None else 1
    states = np.asarray(support, np.float64).reshape(len(support), k)
    base = np.zeros(len(states))
    if g.states is None:
        base = np.array([float(g.unit.log_base(float(s[0]), *g.arguments)) for s in states])
    return (
        b.constant(f"values_{group}", states, number="f8"),
        b.constant(f"base_{group}", base, number="f8"),
    )


def moves_by_steps(g: GroupPlan) -> bool:
    """Whether a group may be drawn by Hamiltonian steps."""
    return g.expert and is_real(g)


def _kept(group: str) -> tuple[str, str]:
    """What the array is bound to that a group's steps are remembered in from call to call."""
    return ("chain", f"steps of {group}")


def steps_of(b: Builder, group: str) -> Value:
    """What Hamiltonian steps of a group have learnt: their length, and the share accepted."""
    kept = b.bound_to(_kept(group))
    return kept or b.shared(f"steps_{group}", Content.SLOT, (2,), "f8")


def keep_steps(b: Builder, group: str) -> bool:
    """Remembers steps of a group from call to call, if it moves so; whether it does."""
    if not moves_by_steps(b.group(group)):
        return False
    b.given(f"steps_{group}", Content.SLOT, (2,), _kept(group), "f8", Life.KEPT)
    return True


def begin_steps(b: Builder, groups: Iterable[str]) -> None:
    """Hamiltonian steps of these groups begin anew, of those that move so."""
    for n in groups:
        if moves_by_steps(b.group(n)):
            b.do("begin_steps", steps_of(b, n))


def bring_near(b: Builder, terms: Terms, states: Mapping[str, Value], rows: int | str) -> None:
    """Brings first states in to where experts that grow faster than a square have arguments of
    order 1.
    """
    for e in terms.experts:
        if e.projection.growth()[0] <= 2:
            continue
        name = f"reach_{e.projection.number}" + ("" if rows == BATCH else "_chains")
        u = b.shared(name, Content.PROJECTION, (rows, e.count()))
        b.do("clear", u)
        drawn = [n for n in e.groups if n in states]
        for n in drawn:
            product(b, states[n], e.matrix(b, n), True, 1.0, u)
        for n in drawn:
            if not np.isfinite(ends(b.group(n))).any():
                b.do("bring_near", u, states[n])

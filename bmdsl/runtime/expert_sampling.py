"""Draws of a group whose units experts see, of a program bound to arrays.

`schedule.expert_draw_ops` says how they are drawn.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import fail
from ..plan.domain import base_precision, ends, is_real
from ..schedule.expert_draw_ops import (
    NEAR,
    add_helper_fields,
    begin_steps,
    draw_real_units,
    draw_unit_after_unit,
)
from ..schedule.expert_energies import BINARY, SPIN, Seen, bend_of
from ..schedule.expert_ops import CODES
from .domain import support_of
from .experts import BoundExpert

if TYPE_CHECKING:
    from .program import Array, Fields, Key, Program, State

Arrays = tuple["Array", "Array", "Array"]


class ExpertSampler:
    """The sampler of one group in one call: how long its steps are is all it remembers."""

    def __init__(self, program: Program, f: Fields, name: str) -> None:
        self.program, self.fields, self.name = program, f, name
        self.group = program.plan.group(name)
        self.experts: list[tuple[BoundExpert, Arrays]] = [
            (e, a) for e, a in f.experts if name in e.groups
        ]
        support = support_of(program, name)
        self.real = is_real(self.group)
        if support is None and not self.real:
            raise fail(
                "BM861",
                f"experts see `{name}`: only units of real numbers, as `gaussian`, or of finitely"
                " many states can be drawn then",
                self.experts[0][0].term.span,
            )
        self.walled = any(e.projection.growth()[0] > 2 for e, _ in self.experts)
        self.bends = np.array([bend_of(e.names, e.coefficients) for e, _ in self.experts])
        self.seen_by = self._seen_by()
        self.memory = np.empty(2)
        begin_steps(self.memory)
        self.values, self.base = np.empty((0, 1)), np.empty(0)
        if not self.real:
            assert support is not None
            k = program.states[name]
            self.values = np.asarray(support, np.float64).reshape(len(support), k)
            self.base = np.zeros(len(support))
            if self.group.states is None:
                log_base = self.group.unit.log_base
                bases = [log_base(float(s[0]), *self.group.arguments) for s in self.values]
                self.base = np.array(bases, np.float64)

    def _seen_by(self) -> Seen:
        """All experts that see the group, side by side."""
        size = self.group.size
        parts = [a[0][:, e.begin[self.name] :][:, :size] for e, a in self.experts]
        shape = len(parts), max(len(e.names) for e, _ in self.experts)
        codes, scales = np.full(shape, -1), np.ones(shape)
        for t, (e, _) in enumerate(self.experts):
            codes[t, : len(e.names)] = [CODES[n] for n in e.names]
            scales[t, : len(e.names)] = e.coefficients
        begins = np.array(list(accumulate(map(len, parts), initial=0)))
        strength = np.concatenate([a[2] for _, a in self.experts])
        return Seen(np.concatenate(parts).T, strength[None], begins, codes, scales)

    @property
    def accepted(self) -> bool:
        """Whether units moved by Hamiltonian steps."""
        return bool(self.memory[1] >= 0)

    def draw(
        self,
        state: State,
        seen: Array,
        key: Key,
        beta: Array | None,
        adapt: bool,
        more: Array | None = None,
    ) -> None:
        """One update in place.

        `seen` [0, 0] or the group's observed values, NaN where free; `beta` [rows] multiplies the
        energy.

        `more`, of the fields' shape, is added to them: what a reading of the units says.
        """
        program, x, by = self.program, state[self.name], self.seen_by
        eta = program.field(self.fields, self.name, state)
        b = np.ones(len(x), program.dtype) if beta is None else np.asarray(beta)
        eta = eta * b[:, None].astype(eta.dtype)
        if more is not None:
            eta += more
        arguments = [e.joined(state) @ a[0].T + a[1] for e, a in self.experts]
        u = np.concatenate(arguments, axis=1)
        table = (u, by.matrix, by.strength, by.begins, by.functions, by.coefficients)
        if self.real:
            facts = (self.bends, base_precision(self.group), int(self.walled), b, seen, *key)
            until = key[3] + int(adapt)
            draw_real_units(eta[0], eta[1], *table, *facts, until, self.memory, x)
            return
        fields = eta[0] if eta.ndim == 3 else eta
        kinds = {Seen(by.matrix, by.strength[0], *table[3:]).kind(t) for t in by.terms}
        if kinds <= {BINARY, SPIN} and bool((b == 1).all()):
            add_helper_fields(u, by.matrix, by.begins, by.functions, *key, fields)
            self.program.draw(self.fields, self.name, eta, state, seen, key)
            return
        draw_unit_after_unit(fields, *table, self.values, self.base, b, seen, *key, x)


def drawn_near(e: BoundExpert, arrays: Arrays, state: State) -> None:
    """Brings the first states of real units in, in place, to where an expert that grows faster than
    a square has arguments of order 1.
    """
    if e.projection.growth()[0] <= 2:
        return
    far = np.abs(e.joined(state) @ arrays[0].T).max(axis=1, initial=0.0)
    for name in e.groups:
        if not np.isfinite(ends(e.plan.group(name))).any():
            state[name] *= (NEAR / np.maximum(far, NEAR))[:, None].astype(state[name].dtype)

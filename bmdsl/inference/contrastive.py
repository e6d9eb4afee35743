"""The contrastive free energy of a machine whose layers are independent given one another, and its
way back (Differentiable multinary RBMs, eqs. 4–6).

    G(v) = F(v′) − F(v),   v′ = A′_v(η_v(m)),   m = A′_h(η_h(v)),   −F(v) = −E(v, 0) + log base(v) +
    Σ A_h(η_h(v))

log P(v) is −F(v) − log Z, and log Z about −F(v′). With v′ held fixed the gradient of G is that of
CD-1 with means. All is derived from A, A′ and A″ of the unit types: a pass goes up once, down once
and up again.

The paper's loss (its eq. 6) leaves log base(v) of F out: L = G + log base(v′) − log base(v), which
is G where the base measure is 1 (binary units). `based` chooses: with v′ held both have one
gradient; through v′, and down to a layer below, log base has a slope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import fail
from ..runtime.program import Array, Fields, Rows, State
from .enumeration import choose

if TYPE_CHECKING:
    from ..language.source import Span
    from .phases import Phases


def verify(machine: Phases, span: Span | None, slopes: bool, based: bool = True) -> None:
    """BmError BM768 where hidden units are not independent given the visible ones or these given
    the hidden; BM769 where `slopes` are needed but
    a unit type has none of its base measure, which counts where `based`, or an x² is coupled."""
    program = machine.program
    way_out = "leave `objective` out: a `positive` and a `negative` phase train this model"
    if not machine.hidden:
        raise fail(
            "BM768",
            "the contrastive free energy needs hidden units to reconstruct through, and"
            f" `{machine.model.name}` has none",
            span,
            help=way_out,
        )
    for free in (machine.hidden, machine.visible):
        wrong = next((n for n in free if program.meets(n)), None)
        if wrong is None and choose(program, free, "the contrastive free energy"):
            wrong = free[0]
        if wrong is not None:
            raise fail(
                "BM768",
                "the contrastive free energy needs units that are independent given those of the"
                f" other layer: those of `{wrong}` are not",
                span,
                help=way_out,
            )
    if not slopes:
        return
    for term in machine.model.terms:
        if any(u.power != 1 for u in term.units):
            raise fail(
                "BM769",
                "a term in x² cannot be trained through means",
                span,
                help="`objective contrastive_free_energy`, layer by layer",
            )
    for name in machine.free:
        g = program.plan.group(name)
        if g.unit.components is not None or (
            based and g.states is None and g.unit.has_base() and g.unit.base_slope is None
        ):
            raise fail(
                "BM769",
                f"unit type `{g.unit.name}` has no `base_slope`, which training through means"
                " needs",
                span,
                help=(
                    "add the static function to the type, leave the base measure out (`base_measure"
                    " = false`), or train layer by layer"
                ),
            )


@dataclass
class Pass:
    """One minibatch going through a layer. Fields and means are kept for the way back."""

    machine: Phases
    fields: Fields
    seen: State
    eta: dict[str, Array]
    means: State
    eta_back: dict[str, Array]
    back: State
    again: State
    eta_again: dict[str, Array]
    based: bool
    """Whether F has the visible units' base measures in it."""

    @classmethod
    def of(cls, machine: Phases, seen: State, based: bool = True) -> Pass:
        """`seen`: visible and given groups, flat."""
        program, f = machine.program, machine.held_fields()
        rows = len(next(iter(seen.values())))
        empty = {n: np.zeros((rows, program.sizes[n]), program.dtype) for n in machine.free}
        eta, means = _up(machine, f, empty | seen)
        eta_back = {n: program.field(f, n, empty | seen | means) for n in machine.visible}
        back = {n: program.mean(n, x) for n, x in eta_back.items()}
        eta_again, again = _up(machine, f, empty | seen | back)
        return cls(machine, f, seen, eta, means, eta_back, back, again, eta_again, based)

    @property
    def value(self) -> Array:
        """G of every case, or L where base measures are left out: [rows], in nats."""
        return self._minus_free_energy(self.seen, self.eta) - self._minus_free_energy(
            self.seen | self.back, self.eta_again
        )

    def _minus_free_energy(self, seen: State, eta: Mapping[str, Array]) -> Array:
        program = self.machine.program
        rows = len(next(iter(seen.values())))
        state = {
            n: np.zeros((rows, program.sizes[n]), program.dtype) for n in self.machine.hidden
        } | seen
        total = program.log_weight(self.fields, state, seen if self.based else (), list(seen))
        for n, x in eta.items():
            total = total + program.log_partition(n, x)
        return total

    def pull(self, weights: Array, out: dict[str, Array], scale: float, through: bool) -> None:
        """out[θ] += scale · Σ_n w_n dG_n/dθ; `through` takes the gradient through v′ too."""
        machine, program = self.machine, self.machine.program
        asked: State = {}
        if through:
            slope = self._slope(self.back, self.again)
            delta = {n: program.curvature(n, self.eta_back[n], -slope[n]) for n in machine.visible}
            program.accumulate(
                machine.params,
                Rows(self.seen | self.means | delta),
                weights,
                out,
                scale,
                own=machine.visible,
            )
            if machine.given:  # what hidden and given units have in common does not depend on v′
                still = {n: np.zeros_like(x) for n, x in delta.items()}
                program.accumulate(
                    machine.params,
                    Rows(self.seen | self.means | still),
                    weights,
                    out,
                    -scale,
                    own=(),
                )
            asked = self._field_of(machine.hidden, delta)
        moved = {
            n: program.curvature(n, self.eta[n], x.astype(program.dtype)) for n, x in asked.items()
        }
        up = {n: self.means[n] + moved[n] if n in moved else self.means[n] for n in machine.hidden}
        program.accumulate(machine.params, Rows(self.seen | up), weights, out, scale)
        program.accumulate(
            machine.params, Rows(self.seen | self.back | self.again), weights, out, -scale
        )

    def _slope(self, at: State, means: State) -> State:
        """−dF/dv: the visible units' fields given the hidden means, and the slope of their base
        measure where it counts.
        """
        machine, program = self.machine, self.machine.program
        out = {}
        for n in machine.visible:
            found = program.field(self.fields, n, self.seen | at | means)
            own = program.base_slope(n, at[n]) if self.based else None
            x = found[0] if found.ndim == 3 else found
            out[n] = x if own is None else x + own
        return out

    def _field_of(self, names: tuple[str, ...], sources: State) -> State:
        """What changes of the other layer come to in these groups' fields, biases left out."""
        program = self.machine.program
        rows = len(next(iter(sources.values())))
        given = {n: x for n, x in self.seen.items() if n not in self.machine.free}
        state = (
            {n: np.zeros((rows, program.sizes[n]), program.dtype) for n in self.machine.free}
            | given
            | sources
        )
        out = {}
        for n in names:
            made = program.field(
                self.fields,
                n,
                state,
                list(sources),
                np.zeros(program.shape(n, rows), program.dtype),
            )
            out[n] = made[0] if made.ndim == 3 else made
        return out


def _up(machine: Phases, f: Fields, state: State) -> tuple[dict[str, Array], State]:
    """Fields and means of the hidden groups given the visible ones."""
    eta = {n: machine.program.field(f, n, state) for n in machine.hidden}
    return eta, {n: machine.program.mean(n, x) for n, x in eta.items()}

"""Dense couplings of two groups: −E holds Σ_pq M[p, q] x[p] y[q], x or x² on either side.

M is a parameter itself, or is built from parameters once an update.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..plan.coupling import Coupling
from ..schedule.builder import Builder, Gradient, Phase
from ..schedule.group_arrays import product_of
from ..schedule.module_ops import module_kind
from ..schedule.values import Array, Content, Folded, Number, Part, Value
from .moments import add_pair_moment, add_row_moment


@dataclass(frozen=True)
class Dense:
    """The coupling of two groups by a matrix."""

    coupling: Coupling

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups whose units it couples."""
        return self.coupling.a, self.coupling.b

    def matrix(self, b: Builder) -> Value:
        """The array of the matrix."""
        c = self.coupling
        if c.direct is not None:
            return b.params[c.direct]
        shape = (b.size(c.a), b.size(c.b))
        return b.shared(f"M_{'_'.join(self._words())}", Content.MATRIX, shape, key=c.key)

    @property
    def scale(self) -> float:
        """What the matrix is multiplied by."""
        return self.coupling.scale if self.coupling.direct is not None else 1.0

    def _words(self) -> list[str]:
        c = self.coupling
        pairs = zip((c.a, c.b), c.powers, strict=True)
        return [n + (str(power) if power != 1 else "") for n, power in pairs]

    def prepare(self, b: Builder) -> None:
        """Builds the matrix from the parameters if it is none itself."""
        if self.coupling.direct is None:
            matrix = self.matrix(b)
            b.do("clear", matrix)
            kind = module_kind(b.plan, ("couple", self.coupling.key), "out")
            b.do_of_parameters(kind, matrix)

    def add_field(
        self, b: Builder, target: str, phase: Phase, eta: Value | Part, rows: int | str
    ) -> None:
        """η += scale · x M, or x Mᵀ, on the field of the target's power."""
        c = self.coupling
        forward = c.b == target
        other, power = (c.a, c.powers[0]) if forward else (c.b, c.powers[1])
        own = c.powers[1] if forward else c.powers[0]
        into = b.field_part(target, eta, own)
        x = b.power_of(other, power, phase, rows)
        product(b, x, self.matrix(b), forward, self.scale, into)

    def add_moment(self, b: Builder, phase: Phase, gradient: Gradient, factor: float) -> None:
        """gradient += factor · scale · ⟨x ⊗ y⟩, by way of the matrix's moment if it is built."""
        c = self.coupling
        if phase.by_state is not None and self._add_moment_by_state(b, phase, gradient, factor):
            return
        rows = b.rows_of(phase.rows[c.a])
        x, y = (b.power_of(n, p, phase, rows) for n, p in zip((c.a, c.b), c.powers, strict=True))
        if c.direct is not None:
            add_pair_moment(b, phase, x, y, gradient[c.direct], factor * c.scale)
            return
        moment = b.shared(f"S_{'_'.join(self._words())}", Content.MOMENT, self.matrix(b).shape)
        b.do("clear", moment)
        add_pair_moment(b, phase, x, y, moment, 1.0)
        kind = module_kind(b.plan, ("collect", c.key), "moment")
        b.do_of_gradient(kind, moment, Number(repr(factor)), gradient)

    def add_states(self, b: Builder, target: str, picked: str, power: int, extra: Value) -> None:
        """extra[k, p] += what state k of the one-of-K unit `picked` adds to the field on x^power of
        unit p.
        """
        c = self.coupling
        first = c.a == picked
        if (c.powers[1] if first else c.powers[0]) == power:
            b.do("add_scaled" if first else "add_transposed", self.matrix(b), self.scale, extra)

    def _add_moment_by_state(
        self, b: Builder, phase: Phase, gradient: Gradient, factor: float
    ) -> bool:
        """⟨z_k y⟩ from the posterior by states of z, if this coupling is one of z and a group that
        z selects.
        """
        c, known = self.coupling, phase.by_state
        if known is None or known.unit not in (c.a, c.b):
            return False
        first = c.a == known.unit
        name, power = (c.b, c.powers[1]) if first else (c.a, c.powers[0])
        if name not in known.means:
            return False
        joint = known.value(name, power)
        size, states = b.size(name), b.size(known.unit)
        every = b.length(f"n_{known.unit}_{name}", product_of((states, size)))
        single = b.length(f"n_{name}", size)
        found = b.shared(f"S_{known.unit}_{name}", Content.MOMENT, (1, product_of((states, size))))
        b.do("clear", found)
        add_row_moment(b, phase, joint, found, 1.0)
        into: Array = (
            gradient[c.direct]
            if c.direct is not None
            else b.shared(f"S_{'_'.join(self._words())}", Content.MOMENT, self.matrix(b).shape)
        )
        scale = factor * self.scale if c.direct is not None else 1.0
        if c.direct is None:
            b.do("clear", into)
        if first:
            b.do("add_scaled", found, scale, Folded(into, every))  # type: ignore[arg-type]  # values, no views of fields
        else:
            b.do("add_transposed", Folded(found, single), scale, into)
        if c.direct is None:
            b.do_of_gradient(
                module_kind(b.plan, ("collect", c.key), "moment"),
                into,
                Number(repr(factor)),
                gradient,
            )
        return True


def product(
    b: Builder, x: Array, matrix: Array, forward: bool, scale: float | Number, out: Array
) -> None:
    """out += scale · x M, or x Mᵀ; by tables of sums if x has two values."""
    name = "add_forward" if forward else "add_backward"
    if x.levels is not None and x.content is Content.STATES:
        b.do(f"{name}_of_states", x, x.levels[0], matrix, scale, out)
    else:
        b.do(name, x, matrix, scale, out)

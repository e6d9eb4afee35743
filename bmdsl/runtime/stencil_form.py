"""Lattices of units of two values as draws of a row's bits need them: what couples to a unit
follows from where it stands, and no list of couplings is made.

A unit's field is c + u n, as in `bit_form`. Couplings of a stencil are one number, numbers of one
size whose signs are an array of bits, or sums of such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..plan.stencils import Lattice, NotStencil, Stencil
from ..schedule.bit_ops import CHUNK, LANES
from ..schedule.stencil_ops import REACH
from .bit_entries import NotBits
from .bit_form import CLOSE, digits_of, unit_of
from .fields import Fields
from .program import Program
from .stencil_kinds import Kinds, Role, own_places, runs_of_parts
from .terms.listed import BoundListed

Array = np.ndarray
REGISTER = 64 * LANES
"""Bits of a register."""
MOST_WORDS = 1 << 30
"""Words of a chain up to which twice a place is a number of 32 bits."""
WORTH = 1.6
"""How much fuller registers are if short rows are drawn eight at a time, where that is worth the
gathering.
"""


@dataclass(frozen=True)
class StencilForm:
    """A lattice as the ops of `stencil_ops` take it."""

    arrays: Mapping[str, Array]
    words: int
    """Words of a chain."""
    wide: int
    short: bool
    """Whether rows are drawn eight at a time."""
    fields: Array
    """[kinds, wide]: the field of a unit of each kind by n, doubled for spins."""
    unit: float
    """What n counts."""

    @property
    def parts(self) -> int:
        """How many classes of units are drawn one after another."""
        return len(self.arrays["parts"])

    def table(self, betas: Array) -> Array:
        """P(1 | n) at each inverse temperature, as `bit_form` has it."""
        return digits_of(self.fields, betas)


def stencil_form(
    program: Program, f: Fields, free: Sequence[str], worth: float = WORTH
) -> StencilForm:
    """The form of a model of which the groups `free` are drawn; rows eight at a time if registers
    are `worth` times fuller then.

    Raises NotBits if there is none.
    """
    plan = program.plan
    try:
        lattice = plan.lattice
        for n in lattice.groups:
            if plan.group(n).unit.name not in ("spin", "binary"):
                raise NotBits(f"`{n}` has units of more than two values, or of other numbers")
        if not lattice.colours:
            raise NotStencil("it has no units")
    except NotStencil as reason:
        raise NotBits(f"it is no lattice that index arithmetic reaches: {reason}") from None
    return _Making(program, f, lattice, tuple(free), worth).form()


def of_units(x: Stencil, own: int, values: Array, lattice: Lattice) -> Array:
    """The values of couplings, of the settings in the stencil's box, where one of the units stands:
    the lattice, 0 where there is none.
    """
    out = np.zeros(lattice.axes, values.dtype)
    places = [own_places(x, own, a, lattice) for a in range(len(lattice.axes))]
    out[np.ix_(*places)] = values
    return out


def _first(q: int, a: int, colour: int) -> int:
    """The least y with a y ≡ colour modulo q."""
    return next(y for y in range(q) if (a * y - colour) % q == 0)


class _Making:
    """Makes the form of one setting of the parameters."""

    def __init__(
        self,
        program: Program,
        f: Fields,
        lattice: Lattice,
        free: tuple[str, ...],
        worth: float,
    ) -> None:
        self.program, self.fields, self.lattice, self.free = program, f, lattice, free
        self.close = CLOSE * float(np.finfo(program.dtype).eps)
        self.q, self.length = lattice.colours, lattice.axes[-1]
        self.count = lattice.size // self.length
        weights = np.array(lattice.weights, np.int64)
        grid = np.indices(lattice.axes[:-1]).reshape(len(lattice.axes) - 1, self.count)
        self.grid = grid.astype(np.int64)
        self.phase = (weights[:-1] @ self.grid) % self.q
        last = int(weights[-1])
        every = range(self.q)
        self.first = np.array(
            [[_first(self.q, last, c - phase) for phase in every] for c in every], np.int64
        )
        most = (self.length + self.q - 1) // self.q
        used = (most + 63) // 64
        registers = (most + REGISTER - 1) // REGISTER
        blocks = (self.count + LANES - 1) // LANES
        self.short = LANES * registers * self.count > worth * used * LANES * blocks
        self.width = (used if self.short else LANES * registers) + 2
        self.maps: dict[tuple[int, ...], int] = {}
        """Distance between rows → the number of its row map."""
        self.rows: list[Array] = []

    def form(self) -> StencilForm:
        """The whole form."""
        lattice, roles = self.lattice, self._roles()
        unit = unit_of([np.array([r.weight for r in roles])], np.dtype(self.program.dtype))
        literals, entries, signs, spans, halo = self._literals(roles, unit)
        kinds = Kinds(lattice, self.free, roles, unit)
        parts = [(lattice.groups.index(n), c, *spans[n]) for n in self.free for c in range(self.q)]
        if not self.rows:
            self.rows.append(np.zeros(self.count, np.int32))
        per_row = self.width - 2 if self.short else (self.width - 2) // LANES
        shape = (self.q, self.count, self.length, self.width, halo, kinds.wide)
        arrays = {
            "first": self.first,
            "phase": self.phase,
            "shape": np.array([*shape, max(1, CHUNK // per_row)], np.int64),
            "rows": np.stack(self.rows).astype(np.int32),
            "literals": np.array(literals, np.int64).reshape(-1, 4),
            "entries": np.array(entries, np.int64).reshape(-1, 5),
            "signs": np.stack(signs) if signs else np.zeros((1, 1), np.int64),
            "parts": np.array(parts, np.int64).reshape(-1, 4),
            **kinds.arrays(),
        }
        words = len(lattice.groups) * self.q * self.count * self.width
        if self.short:
            if words >= MOST_WORDS:
                raise NotBits("places of a chain's words are more than 30 binary digits hold")
            arrays |= self._of_eight_rows(arrays)
        fields = kinds.fields(self.program.plan, self._bias(), unit)
        return StencilForm(arrays, words, kinds.wide, self.short, fields, unit)

    def _of_eight_rows(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """`spots`, `turns`, `runs`, `run_kind`, `run_mask`."""
        literals, rows = arrays["literals"], arrays["rows"].astype(np.int64)
        blocks = (self.count + LANES - 1) // LANES
        padded = np.minimum(np.arange(LANES * blocks), self.count - 1)
        spots = np.zeros((self.q, len(literals), LANES * blocks), np.int32)
        turns = np.zeros(spots.shape, np.int64)
        for c in range(self.q):
            own = self.first[c, self.phase[padded]]
            for k, (group, near, distance, turn) in enumerate(literals):
                there, colour = rows[near, padded], (c + turn) % self.q
                shift = (own + distance - self.first[colour, self.phase[there]]) // self.q
                row = ((group * self.q + colour) * self.count + there) * self.width + 1
                spots[c, k], turns[c, k] = 2 * (row + (shift >> 6)), shift & 63
        bits = self.q * np.arange(64 * (self.width - 2))
        places = [self.first[c, self.phase][:, None] + bits for c in range(self.q)]
        return {"spots": spots, "turns": turns, **runs_of_parts(arrays, places)}

    def _bias(self) -> dict[str, float]:
        """The one field of each group's units on their own. Raises NotBits if they have several."""
        out = {}
        for n in self.free:
            b = np.asarray(self.fields.bias[n], np.float64)
            if np.ptp(b) > self.close * np.abs(b).max():
                raise NotBits(f"units of `{n}` have fields of their own")
            out[n] = float(b.flat[0])
        return out

    def _roles(self) -> list[Role]:
        """All stencils seen from each of their units that is drawn."""
        program, out = self.program, []
        listing = program.listing
        if listing is None or listing.stencils is None:
            raise NotBits("too many places have couplings of their own")
        values = next(x[0] for t, x in self.fields.couplings if isinstance(t, BoundListed))
        for x in self.lattice.stencils:
            own = listing.stencils.of_stencil(values, x)
            size = float(np.abs(own).max(initial=0.0))
            if not size or not x.count:
                continue
            several = bool((np.abs(np.abs(own) - size) > self.close * size).any())
            for k, u in enumerate(x.units):
                if u.group not in self.free:
                    continue
                others = [v.group for j, v in enumerate(x.units) if j != k]
                spins = {program.plan.group(g).unit.name == "spin" for g in others}
                if spins == {False} and len(others) > 1 or len(spins) > 1:
                    raise NotBits("a term multiplies several units whose values are 0 and 1")
                spin = spins != {False}
                if several and not spin:
                    raise NotBits("couplings to units that are 0 or 1 have several sizes")
                parts = self._parts(own) if several else [(size, own < 0)]
                out += [self._role(x, k, w, negative, spin) for w, negative in parts]
        return out

    def _role(self, x: Stencil, own: int, size: float, negative: Array, spin: bool) -> Role:
        """A stencil of couplings of one size, as it is seen from one of its units."""
        mixed = bool(negative.any() and not negative.all())
        if mixed and not spin:
            raise NotBits("couplings to units that are 0 or 1 have both signs")
        signs = of_units(x, own, negative, self.lattice) if mixed else None
        below = bool(negative.flat[0]) and not mixed
        constant = -size if spin else -size * below
        flip = below ^ (len(x.units) % 2 == 1)
        return Role(x, own, (2 if spin else 1) * size, constant, flip, signs)

    def _parts(self, couplings: Array) -> list[tuple[float, Array]]:
        """Couplings of several sizes as sums of some of one size each: sizes, and which are
        negative.

        With n of the largest k and weights that add up to n, as 1, 2, 1, every number n, n − 2, …,
        −n is a sum with signs. Raises NotBits if they are no small whole multiples of one number.
        """
        sizes = np.abs(couplings).ravel().astype(np.float64)
        unit = unit_of([sizes[sizes > 0]], np.dtype(self.program.dtype))
        k = np.rint(couplings.astype(np.float64) / unit).astype(np.int64)
        if (k % 2 != k.flat[0] % 2).any():
            k, unit = 2 * k, unit / 2
        most = int(np.abs(k).max())
        weights, step = list[int](), 1
        while (rest := most - sum(weights)) > 0:
            weights.append(min(step, rest))
            step *= 2
        left, parts = (most - k) // 2, []
        for w in sorted(weights, reverse=True):
            negative = left >= w
            left = left - w * negative
            parts.append((w * unit, negative))
        return parts

    def _literals(
        self, roles: Sequence[Role], unit: float
    ) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]], list[Array], dict, int]:
        literals: list[tuple[int, ...]] = []
        entries: list[tuple[int, ...]] = []
        signs: list[Array] = []
        spans: dict[str, tuple[int, int]] = {}
        reach = 0
        by_group = sorted(range(len(roles)), key=lambda k: self.free.index(roles[k].group))
        begun = [len(literals)] * len(roles)
        for k in by_group:
            begun[k] = len(literals)
            literals += [self._literal(roles[k], j) for j in self._others(roles[k])]
            lo, _ = spans.get(roles[k].group, (begun[k], 0))
            spans[roles[k].group] = lo, len(literals)
        for k, x in enumerate(roles):
            sign = -1
            if x.signs is not None:
                sign = len(signs)
                signs.append(self._packed(x.signs))
            end = begun[k] + len(x.stencil.units) - 1
            entries.append((begun[k], end, round(x.weight / unit), sign, int(x.flip)))
        for _, _, distance, _ in literals:
            reach = max(reach, abs(distance) // self.q + 1)
        if reach > REACH:
            raise NotBits(f"units meet over more than {REACH} places of a row")
        return literals, entries, signs, {n: spans.get(n, (0, 0)) for n in self.free}, reach

    @staticmethod
    def _others(x: Role) -> list[int]:
        return [j for j in range(len(x.stencil.units)) if j != x.own]

    def _literal(self, x: Role, other: int) -> tuple[int, int, int, int]:
        u, v = x.stencil.units[x.own], x.stencil.units[other]
        apart = [b - a for a, b in zip(u.offset, v.offset, strict=True)]
        turn = sum(a * d for a, d in zip(self.lattice.weights, apart, strict=True)) % self.q
        axes = self.lattice.axes
        for a, n in enumerate(axes):
            if u.wraps[a] or v.wraps[a]:
                apart[a] = (apart[a] + n // 2) % n - n // 2
        rows = tuple(apart[:-1])
        if rows not in self.maps:
            self.maps[rows] = len(self.rows)
            self.rows.append(self._row_map(rows))
        return self.lattice.groups.index(v.group), self.maps[rows], apart[-1], turn

    def _row_map(self, apart: tuple[int, ...]) -> Array:
        """The row that far from each row, modulo the axes: which of them exist, kinds say."""
        axes = self.lattice.axes[:-1]
        flat = np.zeros(self.count, np.int64)
        for a, n in enumerate(axes):
            flat = flat * n + (self.grid[a] + apart[a]) % n
        return flat

    def _packed(self, x: Array) -> Array:
        """A lattice of bits by colours and rows: [q · rows · width]."""
        rows = x.reshape(self.count, self.length)
        bits = np.zeros((self.q, self.count, 64 * self.width), bool)
        for c in range(self.q):
            for phase in np.unique(self.phase):
                own = self.phase == phase
                part = rows[own][:, self.first[c, phase] :: self.q]
                bits[c, own, 64 : 64 + part.shape[1]] = part
        packed: Array = np.packbits(bits, axis=-1, bitorder="little").view("<i8")
        return packed.astype(np.int64).ravel()

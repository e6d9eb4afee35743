"""Units of a lattice by which of their stencils' couplings they have: at an end that pads some are
missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from ..plan.plan import Plan
from ..plan.stencils import Lattice, Stencil
from ..schedule.bit_ops import LANES
from .bit_entries import NotBits
from .bit_form import MOST_KINDS, WIDTHS

Array = np.ndarray
COUNTED = 32
"""What a unit's neighbours count together is below it: draws of rows add five binary digits."""


@dataclass(frozen=True)
class Role:
    """A stencil seen from one of its units."""

    stencil: Stencil
    own: int
    weight: float
    """How much more the field is if the entry is 1, not 0; above 0."""
    constant: float
    """What the entry adds to the field while it is 0."""
    flip: bool
    signs: Array | None
    """The lattice, where the coupling is negative."""

    @property
    def group(self) -> str:
        """The group whose fields it adds to."""
        return self.stencil.units[self.own].group

    def present(self, lattice: Lattice, axis: int) -> Array:
        """Whether a unit at each place of an axis has the coupling."""
        out = np.zeros(lattice.axes[axis], bool)
        out[own_places(self.stencil, self.own, axis, lattice)] = True
        return out


def own_places(x: Stencil, own: int, axis: int, lattice: Lattice) -> Array:
    """Where one of a stencil's units stands on an axis, setting after setting."""
    u, at = x.units[own], np.array(x.box[axis], np.int64)
    at = at + u.offset[axis]
    return at % lattice.axes[axis] if u.wraps[axis] else at


class Kinds:
    """Kinds of unit by which of their group's couplings they have, and the pieces of rows."""

    def __init__(
        self, lattice: Lattice, free: Sequence[str], roles: Sequence[Role], unit: float
    ) -> None:
        self.lattice, self.roles = lattice, roles
        self.length = lattice.axes[-1]
        self.count = lattice.size // self.length
        self.weights = [round(r.weight / unit) for r in roles]
        self.known: dict[tuple[str, tuple[int, ...]], int] = {}
        self.row_kind = np.zeros((len(lattice.groups), self.count), np.int32)
        self.pieces_of: list[tuple[int, int]] = []
        self.pieces: list[tuple[int, int, int]] = []
        for n in free:
            self._add_group(n)
        most = max((self._most(members) for _, members in self.known), default=0)
        if most >= COUNTED:
            raise NotBits(f"a unit's neighbours count {most} together, more than {COUNTED - 1}")
        if len(self.known) > MOST_KINDS:
            raise NotBits(f"units have more than {MOST_KINDS:,} different fields")
        self.wide = next(w for w in WIDTHS if most < w)

    def _most(self, members: tuple[int, ...]) -> int:
        return sum(self.weights[k] for k in members)

    def _add_group(self, name: str) -> None:
        lattice = self.lattice
        own = [k for k, r in enumerate(self.roles) if r.group == name]
        last = len(lattice.axes) - 1
        along = np.array([self.roles[k].present(lattice, last) for k in own], bool)
        across = [
            reduce(
                np.logical_and.outer,
                (self.roles[k].present(lattice, a) for a in range(len(lattice.axes) - 1)),
                np.ones((), bool),
            ).reshape(self.count)
            for k in own
        ]
        columns = along.reshape(len(own), self.length).T
        cuts = np.flatnonzero((columns[1:] != columns[:-1]).any(axis=1)) + 1
        ends = [0, *cuts.tolist(), self.length]
        patterns, which = np.unique(
            np.array(across, bool).reshape(len(own), self.count).T, axis=0, return_inverse=True
        )
        first = len(self.pieces_of)
        for pattern in patterns:
            begin = len(self.pieces)
            for lo, hi in zip(ends[:-1], ends[1:], strict=True):
                there = pattern & columns[lo]
                members = tuple(k for k, on in zip(own, there, strict=True) if on)
                kind = self.known.setdefault((name, members), len(self.known))
                self.pieces.append((lo, hi, kind))
            self.pieces_of.append((begin, len(self.pieces)))
        self.row_kind[lattice.groups.index(name)] = first + which.reshape(-1)

    def arrays(self) -> dict[str, Array]:
        """`kinds`, `members`, `row_kind`, `pieces_of`, `pieces`."""
        ends = np.cumsum([0, *(len(m) for _, m in self.known)])
        return {
            "kinds": np.stack([ends[:-1], ends[1:]], axis=1).astype(np.int64),
            "members": np.array([k for _, m in self.known for k in m], np.int64),
            "row_kind": self.row_kind,
            "pieces_of": np.array(self.pieces_of, np.int64).reshape(-1, 2),
            "pieces": np.array(self.pieces, np.int64).reshape(-1, 3),
        }

    def fields(self, plan: Plan, bias: Mapping[str, float], unit: float) -> Array:
        """[kinds, wide]: by what a unit's entries count, doubled for spins."""
        n = np.arange(self.wide)
        out = []
        for name, members in self.known:
            constant = bias[name] + sum(self.roles[k].constant for k in members)
            factor = 2.0 if plan.group(name).unit.name == "spin" else 1.0
            out.append(factor * (constant + unit * n))
        return np.array(out).reshape(-1, self.wide)


def runs_of_parts(arrays: Mapping[str, Array], places: Sequence[Array]) -> dict[str, Array]:
    """What is drawn in registers of eight rows' words, as `stencil_ops` has it: `runs`, `run_kind`
    and `run_mask`; `places[c]` [rows, 64 · words] has y of every bit of colour c.
    """
    count, bits = places[0].shape
    blocks, used = (count + LANES - 1) // LANES, bits // 64
    parts = arrays["parts"]
    found = []
    for p, (group, c, _, _) in enumerate(parts):
        kind = np.full((LANES * blocks, bits), -1, np.int32)
        row_kind = arrays["row_kind"][group]
        for which in np.unique(row_kind):
            lo, hi = arrays["pieces_of"][which]
            for start, stop, own in arrays["pieces"][lo:hi]:
                inside = (row_kind == which)[:, None] & (places[c] >= start) & (places[c] < stop)
                kind[:count][inside] = own
        registers = kind.reshape(blocks, LANES, used, 64).swapaxes(1, 2).reshape(-1, LANES, 64)
        for own in np.unique(kind[kind >= 0]):
            mask = np.packbits(registers == own, axis=-1, bitorder="little").view("<i8")[..., 0]
            where = np.flatnonzero(mask.any(axis=1))
            found.append((p * len(registers) + where, np.full(len(where), own), mask[where]))
    if not found:
        found.append((np.zeros(0, int), np.zeros(0, int), np.zeros((0, LANES), int)))
    at, kinds, masks = (np.concatenate(x) for x in zip(*found, strict=True))
    order = np.argsort(at, kind="stable")
    ends = np.searchsorted(at[order], np.arange(len(parts) * blocks * used + 1))
    runs = np.stack([ends[:-1], ends[1:]], axis=1).reshape(len(parts), blocks * used, 2)
    return {
        "runs": runs.astype(np.int64),
        "run_kind": kinds[order].astype(np.int64),
        "run_mask": masks[order].astype(np.int64),
    }

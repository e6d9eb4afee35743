"""Terms of several groups summed letter by letter: −E holds Σ Π parameters · Π units, in the order
of least cost.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...kernels import contract, unfold
from ...language.letters import einsum_names, grid_columns, place_of
from ...plan.contraction import ROWS, Letters, Path
from ...plan.multiway import Contraction
from ...plan.term_kinds import Kind
from ..module_calls import ModuleCalls, Parameters
from ..rows import Array
from .interface import Arrays, GradientSum, Rowwise, Weighted
from .several import BoundSeveral

NOMINAL_ROWS = 100
"""Cases that an order of summation is chosen for."""
UNFOLDED = 1 << 24
"""Numbers of unfolded states at a time: more cases are summed in parts."""


class BoundContracted(BoundSeveral):
    """A product of parameters and states summed over shared letters, in the order of least cost.

    A group that index arithmetic reaches is unfolded: gathered into an array with an axis a letter,
    its field scattered back from one.
    """

    KINDS = frozenset({Kind.CONTRACTION})

    def __init__(self, calls: ModuleCalls, contraction: Contraction) -> None:
        super().__init__(calls)
        self.contraction, self.groups = contraction, contraction.groups
        self.term, plan = contraction.term, calls.plan
        self.lengths = contraction.lengths(plan.model, NOMINAL_ROWS)
        self.letters = dict(zip(contraction.groups, contraction.letters, strict=True))
        reached = zip(self.groups, contraction.unfolded, strict=True)
        places = {n: place_of(u, plan.axes(n)) for n, u in reached if u is not None}
        self.unfolded = {
            n: grid_columns(p, self.letters[n], self.lengths) for n, p in places.items()
        }
        self.moments = [
            contraction.moment(k, self.lengths) for k in range(len(contraction.parameters))
        ]
        self._fields: dict[tuple[str, str | None], Path] = {}
        self._at_once = max(1, UNFOLDED // max((x.size for x in self.unfolded.values()), default=1))

    def arrays(self, params: Parameters) -> Arrays:
        return tuple(params[n] for n in self.contraction.parameters)

    def _parts(self, state: Rowwise, count: int) -> Iterator[tuple[slice, Rowwise]]:
        """Few enough cases at a time."""
        if not self.unfolded:
            yield slice(0, count), state
            return
        for lo in range(0, count, self._at_once):
            part = slice(lo, min(count, lo + self._at_once))
            yield part, {n: state[n][part] for n in self.groups if n in state}

    def _states(
        self, state: Rowwise, leave: tuple[str | None, ...]
    ) -> tuple[list[Array], list[Letters]]:
        """Other groups' states [rows, *lengths of their letters]."""
        found, letters = [], []
        for n in self.groups:
            if n not in leave:
                x = state[n]
                found.append(
                    unfold.gathered(x, self.unfolded[n])
                    if n in self.unfolded
                    else x.reshape(len(x), *(self.lengths[q] for q in self.letters[n]))
                )
                letters.append((ROWS, *self.letters[n]))
        return found, letters

    def add_own_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        self._sum_field(arrays, name, state, out, None)

    def _sum_field(
        self, arrays: Arrays, name: str, state: Rowwise, out: Array, picked: str | None
    ) -> None:
        """As `add_own_field`; with `picked`, for all states of that one-of-K unit at once."""
        if (name, picked) not in self._fields:
            self._fields[name, picked] = self.contraction.field(name, self.lengths, picked)
        for part, some in self._parts(state, len(out)):
            xs, letters = self._states(some, (name, picked))
            made = contract.follow(
                self._fields[name, picked],
                [*xs, *arrays],
                [*letters, *self.contraction.parameter_letters],
                self.plain,
            )
            made = made * out.dtype.type(self.contraction.scale)
            if name in self.unfolded:
                unfold.scatter(made, self.unfolded[name], out[part])
            else:
                out[part] += made.reshape(out[part].shape)

    def add_field_by_state(
        self, arrays: Arrays, name: str, picked: str, state: Rowwise, out: Array
    ) -> None:
        if picked in self.unfolded:
            rows, k = len(out), self.sizes[picked]
            repeated = {
                n: np.repeat(state[n], k, axis=0) for n in self.groups if n not in (name, picked)
            }
            repeated[picked] = np.tile(np.eye(k, dtype=out.dtype), (rows, 1))
            self.add_field(arrays, name, repeated, out.reshape(1, rows * k, -1))
        elif all(n in state and state[n].any() for n in self.groups if n not in (name, picked)):
            self._sum_field(arrays, name, state, out, picked)

    def add_moment(self, rows: Weighted, into: GradientSum) -> None:
        names, every = self.contraction.parameters, self.contraction.parameter_letters
        for part, some in self._parts(rows.rows, len(rows.weights)):
            xs, letters = self._states(some, ())
            weights = rows.weights[part].reshape(-1, *(1 for _ in xs[0].shape[1:]))
            xs[0] = xs[0] * weights
            for place, (name, path) in enumerate(zip(names, self.moments, strict=True)):
                others = [k for k in range(len(names)) if k != place]
                made = contract.follow(
                    path,
                    [*xs, *(into.params[names[k]] for k in others)],
                    [*letters, *(every[k] for k in others)],
                    self.plain,
                )
                out = into.out[name]
                out += made * out.dtype.type(into.scale * self.contraction.scale)

    def couplings(self, arrays: Arrays) -> tuple[tuple[Array, ...], Array]:
        names = einsum_names(x for x in self.lengths if x != ROWS)
        units = tuple(dict.fromkeys(x for g in self.contraction.letters for x in g))
        bound = tuple(x for x in units if any(x in p for p in self.contraction.parameter_letters))
        inputs = ",".join("".join(names[x] for x in p) for p in self.contraction.parameter_letters)
        entries = np.einsum(
            f"{inputs}->{''.join(names[x] for x in bound)}",
            *(x.astype(np.float64) for x in arrays),
            optimize=True,
        )
        spread = entries.transpose([bound.index(x) for x in units if x in bound]).reshape(
            [self.lengths[x] if x in bound else 1 for x in units]
        )
        whole = np.broadcast_to(spread, [self.lengths[x] for x in units])
        at = dict(zip(units, np.nonzero(whole), strict=True))
        values = whole[np.nonzero(whole)] * self.contraction.scale
        places, there = [], np.ones(len(values), bool)
        for n in self.groups:
            letters = self.letters[n]
            shape = tuple(self.lengths[x] for x in letters)
            place = (
                np.ravel_multi_index(tuple(at[x] for x in letters), shape)
                if letters
                else np.zeros(len(values), np.int64)
            )
            column = (
                self.unfolded[n].ravel()[place].astype(np.int64) if n in self.unfolded else place
            )
            there &= column >= 0
            places.append(column)
        return tuple(x[there] for x in places), values[there]

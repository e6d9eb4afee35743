"""A small model by brute force: its joint states, their energies term by term, and sums over them.

Nothing of the compiler is used.

Units of finitely many states are listed. Real units whose energy is quadratic given all others are
Gaussian given these: their nodes are Gauss–Hermite's, moved to the mean and spread by the
covariance that the energy itself has at each joint state of the others. All other units get panels
of Gauss–Legendre nodes where the marginal density is, found from coarse to fine. Both follow the
model's width wherever its terms put it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy.special import logsumexp

from ..language.diagnostics import BmError, fail
from ..language.model import Model
from .nodes import HERMITE, Nodes, base_of
from .panels import COARSE, FINE, counted, first_panels, fitted, gauss
from .unit_groups import groups_of
from .written import written_energy

Array = np.ndarray
State = dict[str, Array]
Unit = tuple[str, int]
ROUGH = 7
"""Nodes of a panel that the error of a quadrature is told from, beside FINE."""
TURNS, SETTLED, RUNNING, TOO_FAR = 12, 0.1, 0.4, 1e9
"""Times that units' nodes are placed one after another; by what share their reach may still change
then, and past what share they run off together.
TOO_FAR: base widths that no unit reaches."""
MAX_APART = 256
"""Most states of listed units for each of which a density is looked at by itself."""
MAX_AT_ONCE = 1 << 17
"""Joint states up to which the other units keep all their nodes while one unit's are looked for."""


class BruteForce:
    """All joint states of the groups of a model as arrays [n, *axes], with the log weights of their
    base measures or quadrature.

    Groups in `held` [1, *axes] are fixed and have no weight. `error` is what a coarser quadrature
    has for log Z or a mean beside this one. BmError BM891 where the sum has no end.
    """

    def __init__(
        self, model: Model, nodes: Mapping[str, Nodes], held: State, params: Mapping[str, Array]
    ) -> None:
        self.model, self.held = model, held
        self.groups = groups_of(model)
        self.names = [n for n in self.groups if n not in held]
        self._params = params
        self._line = _gaussian_groups(model, nodes, self.names)
        single = {
            (n, u): nodes[n]
            for n in self.names
            if n not in self._line
            for u in range(self.groups[n].count)
        }
        single = {
            k: replace(s, kind="interval") if s.kind == "line" else s for k, s in single.items()
        }
        panels = self._placed(single)
        self.error = 0.0
        if any(single[k].kind == "interval" for k in single):
            self._fill(self._finely(single, panels, ROUGH))
            rough = {"": np.array(self.log_partition(params))} | self.means(params)
        self._fill(self._finely(single, panels, FINE))
        if any(single[k].kind == "interval" for k in single):
            fine = {"": np.array(self.log_partition(params))} | self.means(params)
            self.error = max(float(np.max(np.abs(fine[n] - rough[n]), initial=0.0)) for n in fine)

    # ------------------------------------------------------------ where nodes are

    def _fill(self, single: dict[Unit, Nodes]) -> None:
        states, base, _ = self._product(single)
        if self._line:
            states, base = self._spread(states, base)
        self.states, self.base, self.count = states, base, len(base)

    def _product(self, single: Mapping[Unit, Nodes]) -> tuple[State, Array, tuple[int, ...]]:
        """All combinations of nodes: states, log weights, and how many each unit has.

        Gaussian groups are at 0.
        """
        lengths = tuple(len(s.states) for s in single.values())
        index = np.indices(lengths).reshape(len(lengths), -1) if lengths else np.zeros((0, 1), int)
        count = index.shape[1]
        base = np.zeros(count)
        columns: dict[str, list[Array]] = {n: [] for n in self.names}
        for at, ((name, _), s) in zip(index, single.items(), strict=True):
            base += s.log_weights[at]
            columns[name].append(s.states[at].reshape(count, -1))
        states = {n: np.repeat(x, count, axis=0) for n, x in self.held.items()}
        for n in self.names:
            axes = self.groups[n].axes
            states[n] = (
                np.zeros((count, *axes))
                if n in self._line
                else np.hstack(columns[n]).reshape(count, *axes)
            )
        return states, base, lengths

    def _placed(self, single: dict[Unit, Nodes]) -> dict[Unit, Array]:
        """Moves the nodes of integrals, in place, to where their marginal densities are; the panels
        of each.
        """
        moving = [k for k, s in single.items() if s.kind in ("interval", "counts")]
        panels = {
            k: first_panels(single[k].low, single[k].high, single[k].width)
            for k in moving
            if single[k].kind == "interval"
        }
        moved = 1.0
        for turn in range(TURNS):
            moved = 0.0
            for unit in moving:
                s, density = single[unit], self._marginal(single, unit)
                reach = float(np.abs(s.states).max())
                if s.kind == "counts":
                    x = counted(density)
                    single[unit] = Nodes(x, self._base(unit[0], x), False, "counts")
                else:
                    panels[unit] = fitted(density, panels[unit], s.low, s.high)
                    single[unit] = self._on(unit, s, panels[unit], COARSE)
                moved = max(
                    moved, abs(float(np.abs(single[unit].states).max()) / max(reach, 1e-300) - 1)
                )
            if len(moving) < 2 or (turn > 0 and moved < SETTLED):
                break
        for unit in moving:
            if (len(moving) > 1 and moved > RUNNING) or np.abs(
                single[unit].states
            ).max() > TOO_FAR * single[unit].width:
                raise self._endless(unit[0])
        return panels

    def _finely(
        self, single: Mapping[Unit, Nodes], panels: Mapping[Unit, Array], nodes: int
    ) -> dict[Unit, Nodes]:
        return {
            k: self._on(k, s, panels[k], nodes) if k in panels else s for k, s in single.items()
        }

    def _on(self, unit: Unit, s: Nodes, panels: Array, nodes: int) -> Nodes:
        x, log_weights = gauss(panels, nodes)
        return Nodes(x, log_weights + self._base(unit[0], x), False, s.kind, s.low, s.high, s.width)

    def _base(self, name: str, x: Array) -> Array:
        g = self.groups[name]
        return base_of(g.unit, x, g.arguments)

    def _marginal(self, single: dict[Unit, Nodes], unit: Unit) -> Callable[[Array], Array]:
        others = {k: s for k, s in single.items() if k != unit}
        total = int(np.prod([len(s.states) for s in others.values()], dtype=float)) * 64
        while total > MAX_AT_ONCE and any(
            not s.exact and len(s.states) > 8 for s in others.values()
        ):  # every second node is enough to find a place
            wide = max(
                (k for k, s in others.items() if not s.exact), key=lambda k: len(others[k].states)
            )
            s = others[wide]
            others[wide] = Nodes(s.states[::2], s.log_weights[::2], False, s.kind)
            total //= 2

        apart = (
            np.prod([len(s.states) for s in others.values() if s.exact], dtype=float) <= MAX_APART
        )  # a narrow mode hides in a mixture

        def density(x: Array) -> Array:
            at = {
                k: Nodes(x, self._base(unit[0], x), False) if k == unit else others[k]
                for k in single
            }
            states, base, lengths = self._product(at)
            w = (
                self._integrated(states, base)
                if self._line
                else base - self.energy(self._params, states)
            ).reshape(lengths)
            place = list(at).index(unit)
            summed = tuple(
                m for m, s in enumerate(at.values()) if m != place and not (apart and s.exact)
            )
            w = (
                np.moveaxis(w, place, 0)
                if not summed
                else np.moveaxis(logsumexp(w, axis=summed, keepdims=True), place, 0)
            )
            return np.asarray(w.reshape(len(x), -1))

        return density

    # ------------------------------------------------------------ units that are Gaussian given the

    def _quadratic(self, states: State) -> tuple[Array, Array, Array]:
        """E − log base = c + g·x + ½ xᵀHx in the Gaussian units at each state of the others: c [n],
        g [n, m], H [n, m, m], from differences of E.
        """
        columns = [(n, k) for n in self._line for k in range(self.groups[n].size)]
        shapes = {n: states[n].shape for n in self._line}

        def at(*moved: tuple[int, float]) -> Array:
            put = dict(states)
            for n in self._line:
                put[n] = np.zeros((shapes[n][0], int(np.prod(shapes[n][1:], dtype=int))))
            for m, value in moved:
                put[columns[m][0]][:, columns[m][1]] = value
            put |= {n: put[n].reshape(shapes[n]) for n in self._line}
            base = sum(
                float(self._base(n, put[n].reshape(shapes[n][0], -1)[:1].ravel()).sum())
                for n in self._line
            )
            return self.energy(self._params, put) - base

        size = len(columns)
        c, up, down = (
            at(),
            [at((m, 1.0)) for m in range(size)],
            [at((m, -1.0)) for m in range(size)],
        )
        g = np.stack([(u - d) / 2 for u, d in zip(up, down, strict=True)], 1)
        h = np.empty((len(c), size, size))
        for m in range(size):
            h[:, m, m] = up[m] + down[m] - 2 * c
        for m, k in combinations(range(size), 2):
            h[:, m, k] = h[:, k, m] = at((m, 1.0), (k, 1.0)) - up[m] - up[k] + c
        if not (np.linalg.eigvalsh(h)[:, 0] > 0).all():
            raise self._endless(self._line[0])
        return c, g, h

    def _integrated(self, states: State, base: Array) -> Array:
        """log weights of the others' states with the Gaussian units integrated out, [n]."""
        c, g, h = self._quadratic(states)
        moved = np.einsum("nm,nm->n", g, np.linalg.solve(h, g[:, :, None])[:, :, 0])
        return np.asarray(
            base
            - c
            + 0.5 * moved
            - 0.5 * np.linalg.slogdet(h)[1]
            + 0.5 * h.shape[1] * np.log(2 * np.pi)
        )

    def _spread(self, states: State, base: Array) -> tuple[State, Array]:
        """Every state of the others with all nodes of the Gaussian units."""
        _, g, h = self._quadratic(states)
        size = h.shape[1]
        z, w = np.polynomial.hermite_e.hermegauss(HERMITE)
        index = np.indices((HERMITE,) * size).reshape(size, -1)
        grid, log_w = z[index].T, (np.log(w) + z * z / 2)[index].sum(0)
        root = np.linalg.cholesky(h)
        mean = -np.linalg.solve(h, g[:, :, None])[:, :, 0]
        x = (
            mean[:, None]
            + np.linalg.solve(
                root.transpose(0, 2, 1)[:, None],
                np.broadcast_to(grid[None, :, :, None], (len(h), *grid.shape, 1)),
            )[..., 0]
        )
        x = x.reshape(-1, size)
        out = {n: np.repeat(s, len(grid), axis=0) for n, s in states.items()}
        weights = np.repeat(
            base - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1), len(grid)
        ) + np.tile(log_w, len(base))
        lo = 0
        for n in self._line:
            width = self.groups[n].size
            part = x[:, lo : lo + width]
            weights += self._base(n, part.ravel()).reshape(part.shape).sum(1)
            out[n] = part.reshape(out[n].shape)
            lo += width
        return out, weights

    def _endless(self, name: str) -> BmError:
        return fail(
            "BM891",
            f"the sum over the states of `{name}` has no end: the energy has no lower bound there",
            self.model.group(name).span,
            note="found by brute force, from the energy alone",
            help="smaller parameters, or units with bounds",
        )

    # ------------------------------------------------------------ energies and sums

    def energy(self, params: Mapping[str, Array], states: State | None = None) -> Array:
        """E as written, without base measures, [n]: Σ over terms and their letters of coefficient ·
        Π parameters · Π units.
        """
        states = self.states if states is None else states
        return written_energy(self.model, params, self.model.terms, states)

    def log_weights(self, params: Mapping[str, Array]) -> Array:
        """Unnormalised log probability of every joint state (times its quadrature weight), [n]."""
        return self.base - self.energy(params)

    def log_partition(self, params: Mapping[str, Array]) -> float:
        """log Z."""
        return float(logsumexp(self.log_weights(params)))

    def means(self, params: Mapping[str, Array]) -> dict[str, Array]:
        """E[x] of every group, [*axes]."""
        w = self.log_weights(params)
        p = np.exp(w - logsumexp(w))
        return {n: np.tensordot(p, self.states[n], axes=(0, 0)) for n in self.names}


def _gaussian_groups(model: Model, nodes: Mapping[str, Nodes], names: list[str]) -> list[str]:
    """Groups of real units in which, all others fixed, the energy is quadratic: read off the terms,
    fewest left out.
    """
    found = [n for n in names if nodes[n].kind == "line"]
    for term in model.terms:
        while sum(u.power for u in term.units if u.group in found) > 2:
            found.remove(
                max((u for u in term.units if u.group in found), key=lambda u: u.power).group
            )
    return found

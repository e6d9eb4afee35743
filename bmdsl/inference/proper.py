"""Whether the energy leaves a distribution: no Gaussian precision below 0, no counts that drive one another to infinity.

Only models that can go wrong are looked at: those that couple two unbounded units, or act on a statistic x².
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..compiler.plan import Coupling, GroupPlan
from ..graph.factor_graph import units_of
from ..language.diagnostics import fail
from ..language.model import Term
from .domain import base_precision, ends
from .experts import BoundExpert
from .program import Array, Fields, Program

STEEP = 1e9
"""A mean at η = 30 past which the log-partition outgrows every square."""
DENSE = 2048
"""Most units whose joint precision is factored; of more, nothing is said."""


class Propriety:
    """The groups of a program that parameters can make improper, and the check of them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.groups = {g.name: g for g in program.plan.groups}
        acted = {u.group for t in program.plan.model.terms for u in t.units if u.power == 2}
        self.squares = [g for g in program.plan.groups if g.square and g.role != "given" and (g.name in acted or g.lateral)]
        self.ends = {g.name: ends(g) for g in program.plan.groups}
        free = {g.name for g in program.plan.groups if g.role != "given"}
        self.pairs = [c for c in program.plan.couplings if c.powers == (1, 1) and {c.a, c.b} <= free and self._endless(c.a) and self._endless(c.b)]
        self.alone = [g for g in program.plan.groups if (g.lateral or g.woven) and g.name in free and self._endless(g.name)]
        self.curved = {e.number: e.growth() for e in program.experts if e.growth()[0] >= 2 and any(self._endless(n) for n in e.groups if n in free)}

    @property
    def can_fail(self) -> bool:
        return bool(self.squares or self.pairs or self.alone or self.curved)

    def verify(self, f: Fields) -> None:
        """BmError BM813 with the term, the unit and the numbers where these parameters leave no distribution."""
        falling = self._falling(f)
        near = {n for e in falling for n in e.groups}
        groups = [g for g in self.program.plan.groups if g in self._both or (g.name in near and g.square and g.role != "given")]
        precisions = {g.name: self._precision(f, g) for g in {g.name: g for g in (*self.squares, *groups)}.values()}
        self._verify_joint(f, groups, precisions, falling[0].term if falling else None)
        self._verify_steep(f)

    def _falling(self, f: Fields) -> list[BoundExpert]:
        """Experts that lower the energy like a square far out. BmError BM813 where one lowers it faster."""
        found = []
        for e, (matrix, _, strength) in f.experts:
            degree, factor = self.curved.get(e.number, (0, 0.0))
            if degree >= 2 and (strength[(matrix != 0).any(1)] * factor < 0).any():
                if degree > 2:
                    raise fail("BM813", f"this expert falls like the power {degree} of its projection: the energy has no lower bound", e.term.span,
                               help="a plus sign in front, or strengths above 0")  # fmt: skip
                found.append(e)
        return found

    def _endless(self, name: str) -> bool:
        return not np.isfinite(self.ends[name]).all()

    @cached_property
    def _both(self) -> list[GroupPlan]:
        """Groups with a Gaussian's tails on both sides that are coupled with one another."""
        names = {n for c in self.pairs for n in (c.a, c.b)} | {g.name for g in self.alone}
        return [g for g in self.program.plan.groups if g.name in names and g.square and not np.isfinite(self.ends[g.name]).any()]

    def _precision(self, f: Fields, g: GroupPlan) -> Array:
        """The least precision of every unit over all states of the others: 1/σ² − 2 max η₂, [size]."""
        base = base_precision(g)
        found: list[tuple[Array, Term]] = [(f.bias2[g.name].astype(np.float64), self._own_term(g.name))]
        for c in self.program.plan.couplings:
            if 2 in c.powers and g.name in (c.a, c.b) and c.powers[c.b == g.name] == 2:
                found.append((self._most(f, c, g.name), self.program.plan.model.terms[c.terms[0]]))
        precision: Array = base - 2 * np.sum([x for x, _ in found], axis=0)
        worst = int(np.argmin(precision))
        if not precision[worst] > 0:
            shares = [float(x[worst]) for x, _ in found]
            term = found[int(np.argmax(shares))][1]
            where = ", ".join(map(str, np.unravel_index(worst, tuple(int(n) for n in g.axes)))) if g.axes else ""
            raise fail("BM813", f"the precision of `{g.name}[{where}]` can be {precision[worst]:.4g}: the energy has no lower bound", term.span,
                       note=f"the base measure of `{g.unit.name}` gives {base:.4g}, the terms on {g.name}^2 take up to {2 * max(shares):.4g} of it",
                       help=f"keep what multiplies {g.name}^2 in -E below {base / 2:.4g}, or start it smaller: `init normal(0, 0.001)`")  # fmt: skip
        return precision

    def _own_term(self, name: str) -> Term:
        terms = self.program.plan.model.terms
        return next((t for t in terms if len(t.units) == 1 and t.units[0].group == name and t.units[0].power == 2),
                    next(t for t in terms if any(u.group == name for u in units_of(t))))  # fmt: skip

    def _most(self, f: Fields, c: Coupling, name: str) -> Array:
        """The largest field on x² that a coupling can give each unit of `name`."""
        other, power = (c.b, c.powers[1]) if c.a == name else (c.a, c.powers[0])
        w = np.asarray(f.matrix[c.key], np.float64).reshape(self.program.sizes[c.a], self.program.sizes[c.b]) * f.scale[c.key]
        w = w if c.a == name else w.T
        if self.groups[other].unit.states is not None:
            return w.reshape(len(w), -1, self.program.states[other]).max(-1).sum(-1)
        low, high = self.ends[other]
        ends = np.array([low, high]) if power == 1 else np.array([0.0 if low <= 0 <= high else min(low * low, high * high), max(low * low, high * high)])
        with np.errstate(invalid="ignore"):
            reach = np.maximum(w * ends[0], w * ends[1])
        return np.where(w == 0, 0.0, reach).sum(-1)

    # ------------------------------------------------------------ units that meet

    def _verify_joint(self, f: Fields, groups: list[GroupPlan], precisions: dict[str, Array], expert: Term | None) -> None:
        if not groups or sum(g.size for g in groups) > DENSE:
            return
        joint = self._joint(f, groups, precisions)
        try:
            np.linalg.cholesky(joint)
        except np.linalg.LinAlgError:
            least = float(np.linalg.eigvalsh(joint)[0])
            shown = " and ".join(f"`{g.name}`" for g in groups)
            raise fail("BM813", f"the joint precision of {shown} has the eigenvalue {least:.4g}: the energy has no lower bound",
                       (expert or self._between(groups)).span,
                       help="keep the sum of each unit's couplings below its 1/sigma^2, or start them smaller: `init normal(0, 0.001)`") from None  # fmt: skip

    def _between(self, groups: list[GroupPlan]) -> Term:
        names = [g.name for g in groups]
        return next(t for t in self.program.plan.model.terms if len(t.units) > 1 and all(u.group in names for u in t.units))

    def _joint(self, f: Fields, groups: list[GroupPlan], precisions: dict[str, Array]) -> Array:
        """The symmetric matrix Q of −log P = ½ xᵀQx + … over these groups' units."""
        total = sum(g.size for g in groups)
        at = dict(zip((g.name for g in groups), np.cumsum([0, *(g.size for g in groups)]), strict=False))
        joint = np.zeros((total, total))
        for c in self.pairs:
            if c.a in at and c.b in at:
                w = np.asarray(f.matrix[c.key], np.float64).reshape(self.program.sizes[c.a], self.program.sizes[c.b]) * f.scale[c.key]
                block = np.s_[at[c.a] : at[c.a] + len(w), at[c.b] : at[c.b] + w.shape[1]]
                joint[block] -= w
                joint[block[::-1]] -= w.T
        for g in groups:
            inside = np.s_[at[g.name] : at[g.name] + g.size]
            if g.name in f.lateral:
                joint[inside, inside] -= f.lateral[g.name]
            if g.name in f.woven and self.program.listing is not None:
                start, other, value = f.woven[g.name][:3]
                unit = np.repeat(np.arange(g.size), np.diff(start))
                np.subtract.at(joint, (at[g.name] + unit, at[g.name] + other - self.program.listing.offset[g.name]), value)
        for e, (matrix, _, strength) in f.experts:
            degree, factor = self.curved.get(e.number, (0, 0.0))
            near = [n for n in e.groups if n in at]
            if degree == 2 and near:
                m = np.hstack([matrix[:, e.begin[n] : e.begin[n] + self.program.sizes[n]] for n in near]).astype(np.float64)
                s = factor * strength.astype(np.float64)
                s = np.minimum(s, 0) if e.first == "softplus" else s  # flat on one side, where it holds nothing
                columns = np.concatenate([at[n] + np.arange(self.program.sizes[n]) for n in near])
                joint[np.ix_(columns, columns)] += 2 * (m.T * s) @ m
        joint[np.diag_indices(total)] += np.concatenate([precisions[g.name] for g in groups])
        return joint

    def _verify_steep(self, f: Fields) -> None:
        """Counts whose log-partition grows like e^η bound no unbounded unit that pulls them up."""
        for c in self.pairs:
            if self._steep(c.a) or self._steep(c.b):
                w = np.asarray(f.matrix[c.key]) * f.scale[c.key]
                both = not (np.isfinite(self.ends[c.a]).any() and np.isfinite(self.ends[c.b]).any())
                if (w != 0 if both else w > 0).any():
                    self._fail_steep(c.a, c.b, self.program.plan.model.terms[c.terms[0]])
        for g in self.alone:
            if self._steep(g.name) and ((g.name in f.lateral and (f.lateral[g.name] > 0).any()) or (g.name in f.woven and (f.woven[g.name][2] > 0).any())):
                self._fail_steep(g.name, g.name, next(t for t in self.program.plan.model.terms if [u.group for u in t.units].count(g.name) > 1))

    def _steep(self, name: str) -> bool:
        g = self.groups[name]
        return g.states is None and not g.square and float(g.unit.mean(30.0, *g.arguments)) > STEEP

    def _fail_steep(self, a: str, b: str, term: Term) -> None:
        raise fail("BM813", f"units of `{a}` and `{b}` can drive one another to infinity: the energy has no lower bound", term.span,
                   note=f"a {next(self.groups[n].unit.name for n in (a, b) if self._steep(n))} unit's mean grows like e^η",
                   help="make their couplings negative, or one of them a bounded type such as `binomial(N)`")  # fmt: skip

    # ------------------------------------------------------------ units with one end

    def verify_cone(self, f: Fields) -> None:
        """BmError BM813 where a direction is found along which units without an upper (or lower) end run off together.

        Units x ≥ 0 such as `rectified` need xᵀQx > 0 for x ≥ 0 alone, which no short computation decides: a direction is looked for, by power iteration
        kept inside the cone, and none found is no proof. Too long for every update; before log Z is estimated, worth it.
        """
        names = {n for c in self.pairs for n in (c.a, c.b)} | {g.name for g in self.alone}
        groups = [g for g in self.program.plan.groups if g.name in names and not self._steep(g.name)]
        if groups == self._both or sum(g.size for g in groups) > DENSE or not groups:
            return
        joint = self._joint(f, groups, {g.name: self._precision(f, g) if g.square else self._bend(g) for g in groups})
        low = np.concatenate([np.full(g.size, 0.0 if np.isfinite(self.ends[g.name][0]) else -np.inf) for g in groups])
        high = np.concatenate([np.full(g.size, 0.0 if np.isfinite(self.ends[g.name][1]) else np.inf) for g in groups])
        worst = _least_in_cone(joint, low, high)
        if worst < 0:
            shown = " and ".join(f"`{g.name}`" for g in groups)
            raise fail("BM813", f"units of {shown} can run off together: the energy has no lower bound", self._between(groups).span,
                       note=f"along one direction of unit length it falls as {0.5 * worst:.4g} t^2",
                       help="keep the sum of each unit's couplings smaller: weight decay, or `penalty maxnorm(W, 1)`")  # fmt: skip

    @staticmethod
    def _bend(g: GroupPlan) -> Array:
        """The precision that a type without the statistic x² amounts to far out, [size]: one over the slope of its mean."""
        far = np.array([1e4, 2e4]) if np.isfinite(ends(g)[0]) else np.array([-2e4, -1e4])
        low, high = (float(g.unit.mean(x, *g.arguments)) for x in far)
        return np.full(g.size, 1e4 / (high - low))


def _least_in_cone(q: Array, low: Array, high: Array) -> float:
    """A small value of xᵀqx over unit vectors low ≤ x ≤ high (ends 0 or infinite); below 0 where such a direction was found."""
    shift = float(np.abs(q).sum(1).max())
    generator = np.random.default_rng(0)
    best = np.inf
    for start in (np.ones(len(q)), *generator.normal(size=(3, len(q)))):
        x = np.clip(start, low, high)
        for _ in range(300):
            x = np.clip(shift * x - q @ x, low, high)
            x /= max(float(np.linalg.norm(x)), 1e-300)
        best = min(best, float(x @ q @ x))
    return best

"""Whether the parameters leave a distribution: refused where they do not, watched at run time where
neither can be shown.

Only models that can go wrong are looked at: those with terms of degree 2 and more in units without
bounds. A proof leaves room for the parameters to move in, so that training does not repeat it at
every update.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..language.diagnostics import BmError, fail
from .growth import Growth
from .judge import Finding, judge
from .program import Array, Fields, Program, State

TOO_FAR = 1e30
"""A number that no state of a distribution with usual parameters comes near, well before single
precision ends.
"""
QUICK = 256
"""Most units without bounds whose sets are judged at every setting of the parameters."""
PATIENCE, NEAR = 20, 0.02
"""With more units: settings in a row that may go by unjudged, their chains watched, while
parameters are within this share of those judged last.
"""


@dataclass(frozen=True)
class Judged:
    """Parameters that were judged, `room` (Frobenius) to move in where all is still proved, and the
    groups that are watched.
    """

    arrays: tuple[Array, ...]
    room: float
    watched: tuple[str, ...]


class Propriety:
    """The check of a program's parameters, which remembers the last ones that passed."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.growth = Growth(program)
        self.can_fail = self.growth.can_fail
        self.watched: tuple[str, ...] = ()
        """Groups whose states are to be looked at: no proof was found for the parameters judged
        last.
        """
        self._last: Judged | None = None
        self._unjudged = 0

    def verify(self, f: Fields) -> None:
        """BmError BM813 with the term, the units and the numbers where these parameters leave no
        distribution.
        """
        arrays = self._arrays(f)
        moved = self._moved(arrays)
        if self._last is not None and moved <= self._last.room:
            self.watched = self._last.watched
            return
        size = float(np.sqrt(sum(float(np.vdot(x, x)) for x in arrays)))
        if (
            self._last is not None
            and self.growth.real.sum() > QUICK
            and moved <= NEAR * size
            and self._unjudged < PATIENCE
        ):
            self._unjudged += 1
            self.watched = self._reals()
            return
        self._unjudged, self._last = 0, None
        findings = judge(self.growth, f)
        for one in findings:
            if one.verdict == "improper":
                raise self._refused(one, f)
        still = {
            self.growth.group_of(int(c))
            for one in findings
            if one.verdict == "open"
            for c in one.columns
        }
        self.watched = tuple(g.name for g in self.program.plan.groups if g.name in still)
        slack = min((one.slack for one in findings), default=np.inf)
        room = 0.0 if self.watched or not np.isfinite(slack) else slack / self._stretch(f)
        self._last = Judged(tuple(x.copy() for x in arrays), room, self.watched)

    @property
    def reals(self) -> frozenset[str]:
        """The groups of units without bounds."""
        return self.growth.reals

    def _reals(self) -> tuple[str, ...]:
        return tuple(n for n in self.growth.offset if n in self.growth.reals)

    # ------------------------------------------------------------ room to move in

    def _arrays(self, f: Fields) -> tuple[Array, ...]:
        """All that a precision matrix is made of."""
        real = self.growth.reals
        bending = (x for x in f.terms if x[0].bends(real))
        return tuple(np.asarray(x) for term, arrays in bending for x in term.curving(arrays))

    def _moved(self, arrays: tuple[Array, ...]) -> float:
        if self._last is None:
            return np.inf
        return float(
            np.sqrt(
                sum(
                    float(np.sum((x - y) ** 2, dtype=np.float64))
                    for x, y in zip(arrays, self._last.arrays, strict=True)
                )
            )
        )

    def _stretch(self, f: Fields) -> float:
        """How far Q's eigenvalues move at most when the arrays move by 1; infinite where they are
        no entries of Q.
        """
        growth, real = self.growth, self.growth.reals
        far = np.maximum(np.abs(growth.low), np.abs(growth.high))
        reach = {n: float(far[at]) for n, at in growth.offset.items()}
        by = [x.stretch(arrays, real, reach) for x, arrays in f.terms if x.bends(real)]
        return max(by, default=2.0) * max(1, len(by)) ** 0.5

    # ------------------------------------------------------------ what is said

    def _refused(self, one: Finding, f: Fields) -> BmError:
        plan, growth = self.program.plan, self.growth
        span = None if one.term is None else plan.model.terms[one.term].span
        if one.ray is None:
            return self._precision_refused(int(one.columns[0]), one.value, f, span)
        used = [int(c) for c in np.flatnonzero(one.ray.direction)]
        names = list(dict.fromkeys(growth.group_of(c) for c in used))
        shown = " and ".join(f"`{n}`" for n in names)
        state = self._state_shown(one)
        note = (
            f"with {state}, " if state else ""
        ) + f"it falls as {one.ray.coefficient:.4g} t^{one.ray.degree} along {self._ray_shown(one)}"
        smaller = (
            "keep the sum of each unit's couplings below its 1/sigma^2, or start them smaller:"
            " `init normal(0, 0.001)`"
        )
        slow = next((n for n in names if growth.degree[growth.offset[n]] < 2), None)
        expert = next((e for e in growth.curved if e.number == one.term), None)
        if one.ray.degree > 2:
            if expert is not None:
                what = (
                    f"this expert falls like the power {one.ray.degree} of its projection: the"
                    " energy has no lower bound"
                )
                return fail(
                    "BM813",
                    what,
                    span,
                    note=note,
                    help="a plus sign in front, or strengths above 0",
                )
            help = (
                "nothing here outgrows such a product: bounded units in it, or `+ sum[i]"
                " square(square(x[i]))` beside it"
            )
            return fail(
                "BM813",
                f"units of {shown} can run off together: the energy has no lower bound",
                span,
                note=note,
                help=help,
            )
        if slow is not None:
            kind, a, b = plan.group(slow).unit.name, names[0], names[-1]
            note += f"; the base measure of {kind} falls more slowly than a square"
            return fail(
                "BM813",
                f"units of `{a}` and `{b}` can drive one another to infinity: the energy has no"
                " lower bound",
                span,
                note=note,
                help=(
                    "make their couplings negative, or one of them a bounded type such as"
                    " `binomial(N)`"
                ),
            )
        if (growth.side[used] != 0).any():
            return fail(
                "BM813",
                f"units of {shown} can run off together: the energy has no lower bound",
                span,
                note=note,
                help=(
                    "keep the sum of each unit's couplings smaller: weight decay, or `penalty"
                    " maxnorm(W, 1)`"
                ),
            )
        return fail(
            "BM813",
            f"the joint precision of {shown} has the eigenvalue {one.value:.4g}: the energy has no"
            " lower bound",
            span,
            note=note if state else "",
            help=smaller,
        )

    def _precision_refused(self, column: int, precision: float, f: Fields, span: object) -> BmError:
        growth = self.growth
        name = growth.group_of(column)
        base = float(growth.precision[column])
        unit = self.program.plan.group(name).unit.name
        return fail(
            "BM813",
            f"the precision of `{growth.shown(column)}` can be {precision:.4g}: the energy has no"
            " lower bound",
            span,  # type: ignore[arg-type]
            note=(
                f"the base measure of `{unit}` gives {base:.4g}, the terms on {name}^2 take up to"
                f" {base - precision:.4g} of it"
            ),
            help=(
                f"keep what multiplies {name}^2 in -E below {base / 2:.4g}, or start it smaller:"
                " `init normal(0, 0.001)`"
            ),
        )

    def _ray_shown(self, one: Finding) -> str:
        assert one.ray is not None
        size = np.abs(one.ray.direction)
        most = np.argsort(-size)[: min(4, int((size > 0).sum()))]
        parts = [
            f"{self.growth.shown(int(c))} = {one.ray.direction[c]:.3g} t" for c in sorted(most)
        ]
        return ", ".join(parts) + (", ..." if (size > 0).sum() > len(parts) else "")

    def _state_shown(self, one: Finding) -> str:
        """The bounded units that are not at 0, a few of them."""
        assert one.ray is not None
        state, growth = one.ray.state, self.growth
        on = [c for c in np.flatnonzero(state[: growth.one]) if not growth.real[c]]
        return ", ".join(f"{growth.shown(int(c))} = {state[c]:.3g}" for c in on[:4]) + (
            ", ..." if len(on) > 4 else ""
        )

    # ------------------------------------------------------------ at run time

    def watch(self, state: State, always: bool = False) -> None:
        """BmError BM890 where watched units have left ±TOO_FAR. Nothing is looked at where a proof
        was found, unless `always`.
        """
        for name in self._reals() if always and self.can_fail else self.watched:
            if name in state:
                self.verify_distance(name, float(np.abs(state[name]).max(initial=0.0)))

    def verify_distance(self, name: str, far: float) -> None:
        """BmError BM890 if units went so far from 0."""
        if not far < TOO_FAR:
            raise self.ran_off(name, far)

    def watch_fields(self, name: str, eta: Array, beta: Array | None) -> None:
        """BmError BM890 where fields leave a watched unit no precision: a given value, or β > 1."""
        g = self.program.plan.group(name)
        if g.square and self.growth.real[self.growth.offset[name]]:
            second = eta[1] if beta is None else eta[1] * beta[:, None]
            self.verify_square_field(name, float(second.max(initial=-np.inf)))

    def verify_square_field(self, name: str, most: float) -> None:
        """BmError BM890 if the largest field on x² leaves a unit no precision."""
        base = float(self.growth.precision[self.growth.offset[name]])
        if not base - 2 * most > 0:
            raise self.ran_off(name, np.inf)

    def ran_off(self, name: str, far: float) -> BmError:
        """What is said of chains, or of weights, that have left every distribution."""
        terms = self.program.plan.model.terms
        reals = set(self._reals())
        term = next(
            (
                t
                for t in terms
                if any(u.group == name for u in t.units)
                and sum(u.power for u in t.units if u.group in reals) > 1
            ),
            None,
        )
        return fail(
            "BM890",
            f"units of `{name}` ran off to {far:.1g}: these parameters leave no distribution, as"
            " far as chains can tell",
            None if term is None else term.span,
            note=(
                "neither a proof that the energy has a lower bound nor a way down was found"
                " beforehand"
            ),
            help=(
                "smaller couplings, units with bounds, or an expert that outgrows the term: `+"
                " sum[i] square(square(x[i]))`"
            ),
        )

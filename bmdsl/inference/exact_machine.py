"""What a machine knows exactly: energies, conditionals, free energies, likelihoods and their
gradients, with AIS where a sum is too large.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

import numpy as np

from ..language.diagnostics import BmError, fail
from ..language.spelling import spelled
from ..plan.streams import of_event
from ..plan.term_kinds import no_means
from ..runtime import gate, summing
from ..runtime.missing import has_missing
from ..runtime.program import Array, Rows, State
from ..runtime.threads import alone
from . import conditional_partition, enumeration, importance, observed_part
from .bound import bounded
from .conditional_partition import LogPartitions
from .elimination import Elimination
from .importance import LogPartition, Progress, verify_method
from .phases import one_by_one
from .user_states import UserStates

QUICK = 10
"""log2 of the states a case that are enumerated where mean field would do as well."""


class Exact(UserStates):
    """Derived quantities of states, [n, *axes], one-hot for one-of-K groups."""

    # ------------------------------------------------------------ exact quantities

    @alone
    def energy(self, /, **groups: Any) -> Array:
        """E(x) in nats, base measures included so that P(x) = exp(−E(x))/Z: [batch].

        Every group must be given.
        """
        # + 0.0: an energy of −0 is 0
        return (
            self.program.energy(
                self._fields(),
                self._state(groups, tuple(g.name for g in self.model.groups), "the energy"),
            )
            + 0.0
        )

    def free_energy(self, /, **groups: Any) -> Array:
        """F(v) = −log Σ_h exp(−E(v, h)) in nats: [batch], summed over missing units (NaN) too, at
        states or at means, as those of a reconstruction.

        BmError where that sum cannot be exact.
        """
        found = self.compiled.few(("free_energy",), self, groups)
        return self._free_energy(groups) if found is None else found

    @alone
    def _free_energy(self, groups: Mapping[str, Any]) -> Array:
        state = self._state(
            groups,
            tuple(g.name for g in self.model.groups if g.role != "hidden"),
            "the free energy",
            "means",
            unseen=True,
        )
        return self.free_energies(state)

    def conditional(self, group: str, /, **groups: Any) -> Array:
        """E[group | the rest] = A′(η): [batch, *axes].

        The group's neighbours must be given, as states or as means.
        """
        found = self.compiled.few(("conditional", str(group)), self, groups)
        return self._conditional(group, groups) if found is None else found

    @alone
    def _conditional(self, group: str, groups: Mapping[str, Any]) -> Array:
        graph = self.program.plan.graph
        if group not in (g.name for g in self.model.groups):
            raise fail("BM804", f"model `{self.model.name}` has no group `{group}`")
        if self.program.plan.group(group).expert:
            raise no_means(group)
        needed = graph.neighbours(group) + ((group,) if graph.is_lateral(group) else ())
        state = self._state(groups, needed, f"the conditional of `{group}`", "means")
        if not state:
            state = {group: np.zeros((1, self.program.sizes[group]), self.dtype)}
        found = self.compiled.conditional(self, group, state)
        if found is not None:
            return self.program.shaped(group, found)
        eta = self.program.field(self._fields(), group, state)
        return self.program.shaped(group, self.program.mean(group, eta))

    @alone
    def posterior(self, /, **groups: Any) -> dict[str, Array]:
        """E[h | v] of every hidden group, and of every visible one that is left out: a class RBM's
        P(y | v), labels summed out with the rest.
        Missing units (NaN) are summed out too.

        What is given are states, or means that a layer below has. Exact where they can be summed
        out, or few enough enumerated, else mean field. Responsibilities of a one-of-K unit are
        those at the train block's (last) `temperature`, where that names it.
        """
        with self.tempered({t.group: t.stop for t in self.model.training.temperature}):
            return self._posterior(
                self._state(
                    groups,
                    self.given or (() if groups else self.visible[:1]),
                    "the posterior",
                    "means",
                    unseen=True,
                )
            )

    def _posterior(self, state: State) -> dict[str, Array]:
        free = tuple(n for n in self.free if n not in state or n in self.hidden)
        count = len(next(iter(state.values())))
        state = {n: x for n, x in state.items() if n not in free}
        try:
            if has_missing(state):
                found = observed_part.posterior_means(self, state, free, QUICK)
                return self._shape({n: x.astype(self.dtype) for n, x in found.items()})
            chosen = enumeration.choose(self.program, free, "the posterior", QUICK)
            one = enumeration.one_unit(self.program, chosen)
            if one is not None and count > (step := summing.cases_at_once(self.program, one)):
                parts = [
                    self._posterior({n: x[lo : lo + step] for n, x in state.items()})
                    for lo in range(0, count, step)
                ]
                return {n: np.concatenate([p[n] for p in parts]) for n in free}
            rows, weights = self.posterior_rows(state, QUICK, free)
        except BmError:
            return {
                n: x
                for n, x in self._shape(self.mean_field(state, 100, 1e-6, 0.0)[0]).items()
                if n in free
            }
        per = len(weights) // count
        means = {n: (rows[n] * weights[:, None]).reshape(count, per, -1).sum(1) for n in free}
        return self._shape(means)

    @alone
    def marginals(self, clamp: Mapping[str, Any] | None = None) -> dict[str, Array]:
        """E[x] of every group, exactly: [*axes].

        `clamp` holds groups at one case, [1, *axes], but for units that are NaN.

        By summing out unit after unit where the machine is sparse (any order of terms), by
        enumeration otherwise. BmError BM801 where both are too large.
        """
        held = self._held_at(clamp, "marginals")
        if not held:
            try:
                rows, weights = self.model_rows(bits=QUICK)
                return {
                    n: self.program.shaped(
                        n, (x.astype(np.float64) * weights[:, None]).sum(0, keepdims=True)
                    )[0]
                    for n, x in rows.items()
                }
            except BmError:
                pass
        else:
            try:
                free = tuple(n for n in self.free if n not in held)
                return {
                    n: self.program.shaped(n, x)[0]
                    for n, x in observed_part.means(
                        self, held, free, "the marginals", QUICK, {}
                    ).items()
                }
            except BmError:
                pass
        means = Elimination(self.program, self._fields(), held, "the marginals").means()
        return {n: self.program.shaped(n, x[None])[0] for n, x in means.items()}

    @alone
    def exact_sample(self, n: int, clamp: Mapping[str, Any] | None = None) -> dict[str, Array]:
        """n independent draws from the machine's distribution itself, no chains: group → [n,
        *axes].

        By summing out unit after unit, so for machines that are sparse or small; `clamp` holds
        groups at one case, [1, *axes], but for units that are NaN. BmError BM801 where the tables
        are too large.
        """
        made = Elimination(
            self.program, self._fields(), self._held_at(clamp, "exact samples"), "exact sampling"
        )
        self._calls += 1
        drawn = made.sample(n, of_event("EXACT_SAMPLE", self.seed, self._calls))
        return self._shape({name: x.astype(self.dtype) for name, x in drawn.items()})

    def _held_at(self, clamp: Mapping[str, Any] | None, what: str) -> State:
        held = self._state(
            clamp or {},
            tuple(g.name for g in self.model.groups if g.role == "given"),
            what,
            unseen=True,
        )
        for name, x in held.items():
            if len(x) != 1:
                raise fail(
                    "BM807",
                    f"{what} are those given one case, but `{name}` has {len(x)}",
                    help=f"call it for each: clamp={{'{name}': x[k:k+1]}}",
                )
        return held

    @overload
    def log_partition(self, method: Literal["exact"] = "exact") -> float: ...

    @overload
    def log_partition(self, method: Literal["ais"], **options: Any) -> LogPartition: ...

    @overload
    def log_partition(self, method: str, **options: Any) -> float | LogPartition: ...

    def log_partition(self, method: str = "exact", **options: Any) -> float | LogPartition:
        """log Z in nats.

        `exact`: by enumeration, or unit after unit where the machine is sparse; BmError BM801 where
        both are too large.

        `ais`: an estimate from both ends with its errors, a `LogPartition`; options are those of
        `estimate_log_partition`.
        """
        verify_method(method, options)
        if self.given:
            raise fail(
                "BM809",
                f"log Z depends on the given group `{self.given[0]}`",
                help="use the likelihood of a case, which has it: `machine.log_likelihood(data)`",
            )
        if method == "ais":
            found = self.estimate_log_partition(**options)
            assert isinstance(found, LogPartition)
            return found
        return self._exact_log_partition()

    @alone
    def estimate_log_partition(
        self,
        data: Any = None,
        *,
        given: Mapping[str, Any] | None = None,
        chains: int = 1000,
        steps: int = 1000,
        schedule: str = "adaptive",
        reverse: bool = True,
        start: Mapping[str, Any] | None = None,
        settle: int = 100,
        progress: Progress | None = None,
    ) -> LogPartition | LogPartitions:
        """log Z in nats by annealed importance sampling, and by reverse AIS (Salakhutdinov & Murray
        2008): a lower and an upper bound on average.

        Chains begin as independent units whose means are those of `data` (hidden ones: of their
        posterior), or of short runs where there are none, and are moved to the machine over `steps`
        temperatures. Half of the reverse chains begin at `start`, samples group → [n, *axes] (None:
        at cases of `data`), the others at the forward chains' ends by their weights, all moved on
        by `settle` sweeps; the larger estimate counts, for a start that misses a mode makes it too
        low.

        `given`, of a model with given groups: group → [cases, *axes]. The answer is log Z(x) of
        each case, `LogPartitions`; `chains` are divided over the distinct x, at least 20 each, and
        reverse chains begin at the forward ones' ends. BmError BM809 without, BM790 for another
        group.
        """
        gate.verify_parameters(self.params)
        if self.given or given:
            if start is not None:
                raise fail(
                    "BM808",
                    "AIS at given groups takes no option `start`",
                    help="leave it out: reverse chains begin at the forward ones' ends",
                )
            return self._estimate_given(
                data, given, chains, steps, schedule, reverse, settle, progress
            )
        seen = None if data is None else self._data(data)
        begin = (
            self._started(len(next(iter(self._state(start, (), "the start").values()))), {}, start)
            if start
            else None
        )
        if begin is None and seen is not None:
            rows = np.linspace(0, len(next(iter(seen.values()))) - 1, chains).astype(int)
            begin = self._started(
                chains, {}, {n: self.program.shaped(n, x[rows]) for n, x in seen.items()}
            )
        means = importance.base_means(self, seen)
        return importance.estimate(
            self, means, chains, steps, schedule, reverse, begin, settle, progress
        )

    def _estimate_given(
        self, data: Any, given: Mapping[str, Any] | None, *options: Any
    ) -> LogPartitions:
        if not given:
            raise fail(
                "BM809",
                f"log Z depends on the given group `{self.given[0]}`",
                help=(
                    f"say at which values: `given={{'{self.given[0]}': x}}`, or"
                    ' `machine.log_likelihood(data, "ais")`'
                ),
            )
        for name in given:
            if spelled(name, self.program.sizes) in self.free:
                cure = (
                    f"given groups are {', '.join(self.given)}"
                    if self.given
                    else "log Z of this model depends on none: leave `given` out"
                )
                raise fail(
                    "BM790", f"`{name}` is not a given group of `{self.model.name}`", help=cure
                )
        at = self._state(given, self.given, "log Z")
        means = importance.base_means(self, None if data is None else self._data(data), at)
        return conditional_partition.estimate(self, means, at, *options)

    @alone
    def _exact_log_partition(self) -> float:
        gate.verify_parameters(self.params)
        f = self._fields()
        for quick in (lambda: self.log_z(f, QUICK), lambda: self.paired_log_z(f)):
            try:
                value = quick()
            except BmError:
                continue
            if value is not None:
                return value
        try:
            return Elimination(self.program, f, {}, "log Z").log_z
        except BmError as unit_by_unit:
            try:
                return self.log_z(f)
            except (
                BmError
            ) as by_group:  # said of the way that fits the model: one that is written out is sparse
                raise (unit_by_unit if self.program.plan.listed else by_group) from None

    @alone
    def variational_bound(
        self, data: Any, steps: int = 200, tol: float = 1e-6, damping: float = 0.0
    ) -> Array:
        """E_q[−E(v, h)] + H(q) ≤ −F(v), q mean field's independent hidden (and missing) units:
        [cases], in nats. Less log Z, a bound on log P(v).

        What a deep machine has in place of its free energy (Salakhutdinov & Hinton 2009, eq. 7).
        """
        return bounded(self, self._data(data), steps, tol, damping)[0]

    @alone
    def log_likelihood(self, data: Any, method: str = "exact", **options: Any) -> Array:
        """log P(v) = −F(v) − log Z of every case, in nats; log P(v | x) with given groups x, whose
        Z is that of each distinct x. Where units are
        missing (NaN), of those that were seen.

        `method` and `options` are those of `log_partition`; `ais` takes its base rates from the
        data. BmError BM801 where F(v) is not exact: `variational_bound` less log Z then bounds it
        from below.
        """
        state = self._data(data)
        if not self.given:
            free = self.free_energies(state)
            return -free - float(
                self.log_partition(method, **({"data": data} if method == "ais" else {}) | options)
            )
        verify_method(method, options)
        at = {n: state[n] for n in self.given}
        if method == "ais":
            found = self.estimate_log_partition(data, given=self._shape(at), **options)
            assert isinstance(found, LogPartitions)
            return -self.free_energies(state) - found.value
        return -self.free_energies(state) - conditional_partition.exact_log_partitions(self, at)

    @alone
    def gradient(
        self, data: Any, positive: str = "exact", negative: str = "exact"
    ) -> dict[str, Array]:
        """d mean log-likelihood / dθ = ⟨∂(−E)/∂θ⟩_data − ⟨∂(−E)/∂θ⟩_model, both phases exact or
        mean field (positive).

        Where units are missing (NaN), of the likelihood of those that were seen.
        """
        state = self._data(data)
        out = {n: np.zeros_like(a) for n, a in self.params.items()}
        cases = len(next(iter(state.values())))
        rows, weights = Rows({}), np.ones(cases)
        if positive == "exact" and has_missing(state):
            observed_part.accumulate(self, state, out, 1 / cases)
        elif positive == "exact":
            rows, weights = self.posterior_rows(state)
        elif positive == "meanfield":
            rows, _ = self.mean_field(state, 100, 1e-8, 0.0)
        else:
            raise fail(
                "BM810",
                f"the gradient has no positive phase `{positive}`",
                help='use "exact" or "meanfield"',
            )
        if negative != "exact":
            raise fail(
                "BM810",
                f"the gradient has no negative phase `{negative}`",
                help='use "exact"; training has `cd` and `pcd`',
            )
        if rows:
            self.program.accumulate(self.params, rows, weights / cases, out, 1.0)
        self._accumulate_model(out, -1.0, {n: state[n] for n in self.given})
        self.tie(out)
        return out

    def _accumulate_model(self, out: dict[str, Array], scale: float, given: State) -> None:
        """The mean over the cases of `given` of the model's expectations at each."""
        f = self._fields()
        cases = list(one_by_one(given))
        for case in cases:
            log_z = self.log_z(f, given=case) if case else self._exact_log_partition()
            for rows, w in enumeration.summed_rows(
                self.program, f, case, self.free, "the negative phase"
            ):
                self.program.accumulate(
                    self.params, rows, np.exp(w - log_z) / len(cases), out, scale
                )

    def tie(self, gradient: dict[str, Array]) -> None:
        """A symmetric parameter's gradient is that of its free entries, written to both sides; its
        diagonal stays zero.
        """
        for p in self.model.parameters:
            if p.symmetric:
                g = gradient[p.name]
                g += g.T.copy()
                np.fill_diagonal(g, 0)

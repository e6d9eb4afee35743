"""The machine: a compiled model with its parameters.

Samples and what a trained machine is for, beside all that `Exact` derives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..data.arrays import exact, real
from ..language.diagnostics import fail
from ..language.model import Model
from ..runtime import gate
from ..runtime.missing import verify_numbers
from ..runtime.program import Array, Program, State
from ..runtime.threads import alone
from . import completing, forecasting
from .annealing import Ground, ground
from .exact_machine import Exact
from .feature import feature
from .holes import holes
from .ladder import default_range
from .observing import Trace, observe
from .shared_chains import of_all, own_chains


class Machine(Exact):
    """`params` are in the energy's subscript order; states go in and come out as [n, *axes],
    one-hot for one-of-K groups.
    """

    def __init__(
        self, model: Model, program: Program, seed: int, starts: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(model, program, seed, starts)
        self.preparation: Any = None
        """What training did to the data, whose statistics are kept: `prepare` and `restore`."""

    def __repr__(self) -> str:
        """`Machine of rbm: v[784], h[500], float32`."""
        return (
            f"Machine of {self.model.name}: {', '.join(map(str, self.model.groups))}, {self.dtype}"
        )

    # ------------------------------------------------------------ samples and uses

    @alone
    def sample(
        self,
        n: int,
        steps: int = 100,
        clamp: Mapping[str, Any] | None = None,
        init: Mapping[str, Any] | None = None,
        beta: float | Array = 1.0,
    ) -> dict[str, Array]:
        """n chains after `steps` sweeps: group → [n, *axes].

        `clamp` holds groups fixed; `init` starts chains.

        Groups that `init` leaves out start from their conditionals given those it has; without
        `init`, from the biases alone. `beta` is an inverse temperature, one for all, [n], or
        [steps, n] for a schedule: P ∝ base(x) exp(−beta E(x)), for the E that is written.
        """
        observed, start = self._chosen(n, clamp, init)
        betas = self._betas(beta, n, steps)
        with own_chains(self, n) as own:
            observed, start = ({k: x[own] for k, x in s.items()} for s in (observed, start))
            betas = None if betas is None else betas[..., own]
            state = self._sampled(own.stop - own.start, steps, observed, start, betas)
        return self._shape(of_all(self, n, state))

    def _sampled(
        self, n: int, steps: int, observed: State, start: State, betas: Array | None
    ) -> State:
        """n chains after `steps` sweeps, [n, size] a group."""
        if not start and betas is None and self.moves == "gibbs":
            found = self.compiled.chains(self, n, steps, observed, self._calls + 1)
            if found is not None:
                self._calls += 1
                return found
        state = self._begun(n, observed, start)
        self.sweep(state, steps, observed, update=self._calls, beta=betas)
        return state

    @alone
    def forecast(
        self,
        given: Mapping[str, Any],
        frames: int,
        n: int | None = None,
        steps: int = 100,
        feed: Mapping[str, str] | None = None,
    ) -> dict[str, Array]:
        """Frames that follow a past: visible group → [n, frames, *axes]. Each is drawn by `steps`
        sweeps and shifted into the given group
        [T, *axes] that holds its past, oldest frame first.

        `given`: group → [cases, *axes], a case per chain, or one case for `n` chains. `feed`: given
        group → visible group, where shapes leave it open. BmError BM791 to BM793 where nothing, or
        more than one group, can be fed.
        """
        feeds = forecasting.feeds_of(self, feed)
        at = self._shape(self._state(given, self.given, "a forecast"))
        count = len(next(iter(at.values())))
        if n is not None and count == 1:
            at = {name: np.repeat(x, n, axis=0) for name, x in at.items()}
        elif n is not None and n != count:
            raise fail(
                "BM807",
                f"{n} chains were asked for, but `{self.given[0]}` has {count} cases",
                help=f"give one case, or n = {count}",
            )
        return forecasting.forecast(self, at, frames, steps, feeds)

    def _betas(self, beta: float | Array, n: int, steps: int) -> Array | None:
        if isinstance(beta, int | float) and beta == 1:
            return None
        values = exact(real(beta, "`beta`"), np.dtype(np.float64), "`beta`", nan=False)
        if values.shape not in ((), (n,), (steps, n)) or not (
            np.isfinite(values).all() and (values >= 0).all()
        ):
            raise fail(
                "BM814",
                f"`beta` is a number of at least 0, [{n}] or [{steps}, {n}] of them, not"
                f" {values.shape or beta}",
            )
        return np.broadcast_to(values, (n,)) if values.ndim < 2 else values

    @alone
    def observe(
        self,
        *names: str,
        n: int = 16,
        draws: int = 1000,
        thin: int = 1,
        burn_in: int = 200,
        beta: float | Sequence[float] = 1.0,
        clamp: Mapping[str, Any] | None = None,
        init: Mapping[str, Any] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Trace:
        """Traces of observables (`energy`, `magnetization`, …) over `draws` records of n chains,
        `thin` sweeps apart, after `burn_in` sweeps.

        More than one `beta` is a ladder: every chain has a replica at each, which exchange their
        places; the last is what is observed (Hukushima & Nemoto 1996). `trace.summary()` has means
        with errors, `trace.swaps` the exchanges.
        """
        betas = np.atleast_1d(
            exact(real(beta, "`beta`"), np.dtype(np.float64), "`beta`", nan=False)
        )
        if betas.ndim != 1 or not (np.isfinite(betas).all() and (betas >= 0).all()):
            raise fail("BM814", "`beta` is a number of at least 0, or a ladder of them")
        begin = self._started(n, clamp, init)
        first = self._calls
        self._calls += burn_in + draws * thin + 1
        with self.frozen():
            return observe(
                self,
                names or ("energy",),
                n,
                draws,
                thin,
                burn_in,
                betas,
                self._clamped(n, clamp),
                first,
                begin,
                progress,
            )

    @alone
    def anneal(
        self,
        n: int = 64,
        sweeps: int | None = None,
        betas: tuple[float, float] | None = None,
        schedule: str = "geometric",
        clamp: Mapping[str, Any] | None = None,
        progress: Callable[[int], None] | None = None,
        replicas: int = 1,
    ) -> Ground:
        """The state of least energy that n chains find, cooled over `sweeps` sweeps from the first
        of `betas` to the last.

        Without `sweeps`, coolings of 1,000, 2,000, ... sweeps until two running agree on the least
        energy, or half a minute is over; `doubt` then says so. Without `betas`, from where the
        strongest field hardly holds a unit to where the weakest coupling does. More than one of
        `replicas`: parallel tempering; every chain has a replica at each of so many inverse
        temperatures, which exchange them after every sweep, and its lowest state counts.
        """
        with self.frozen():
            hot, cold = betas or default_range(self.program, self._fields())
            held = self._clamped(n, clamp)
            path = hot, cold, schedule
            found, self._calls = ground(
                self, n, sweeps, path, replicas, held, self._calls, progress
            )
            return found

    @alone
    def reconstruct(self, data: Any) -> Array:
        """E[v | E[h | v]] of the first visible group: [cases, *axes]; E[v | E[h | what was seen]]
        where its units are missing (NaN).
        """
        return self.reconstructions(data, self.visible[:1])[self.visible[0]]

    @alone
    def reconstructions(self, data: Any, names: Sequence[str] | None = None) -> dict[str, Array]:
        """E[v | E[h | v]] as `reconstruct` of visible groups, by default of all that have
        conditional means: group → [cases, *axes].
        """
        names = self.reconstructed if names is None else names
        state = self._shape(self.seen(data, missing=True))
        found, graph, made = state | self.posterior(**state), self.program.plan.graph, {}
        for name in names:
            needed = {*graph.neighbours(name), *((name,) if graph.is_lateral(name) else ())}
            means = {
                n: x
                for n, x in found.items()
                if n in needed or not (n in state and np.isnan(state[n]).any())
            }
            made[name] = self.conditional(name, **means)
        return made

    @alone
    def impute(self, data: Any, mask: Any = None, steps: int = 200) -> Array | dict[str, Array]:
        """Data with missing entries replaced by their means over the second half of `steps` sweeps
        given the rest; group → array of several visible ones.

        Missing is what is NaN, and where `mask` is True: an array, or a dict of them by group.
        BmError BM777 or BM786 for a mask that does not fit.
        """
        state = self._data(data, "numbers")
        hole = holes(self, state, mask)
        for name, x in state.items():  # what stands in a hole is of no account
            g, kept = (
                self.program.plan.group(name),
                np.where(hole[name], np.nan, x) if name in hole else x,
            )
            verify_numbers(g, self.program.states[name], kept, "a mask", True)
            gate.verify_domain(g, kept, self.program.shaped(name, x).shape, means=self.takes_means)
        self._calls += steps + 1
        open_groups = {n: x for n, x in hole.items() if x.any()}
        found = (
            completing.impute(self, state, open_groups, steps, self._calls - steps)
            if open_groups
            else {}
        )
        out = {
            n: self.program.shaped(
                n, np.where(hole[n], found[n], state[n]) if n in found else state[n]
            )
            for n in self.visible
        }
        return out if len(out) > 1 else out[self.visible[0]]

    @alone
    def denoise(self, data: Any, noise: float | None = None, steps: int = 200) -> Array:
        """What noisy cases were, of the first visible group: [cases, *axes].

        Without `noise`, E[v | E[h | x̃]], once up and down. With it E[v | x̃] by Gibbs sweeps:
        `noise` is the probability that a two-state unit is seen wrongly, or the standard deviation
        of what was added to real values. BmError BM817 for other types.
        """
        if noise is None:
            return self.reconstruct(data)
        name = self.visible[0]
        measured = self.program.plan.group(
            name
        ).square  # real values seen through noise may lie outside the domain
        state = self._data(data, "numbers" if measured else "states")
        for group, x in state.items():
            verify_numbers(
                self.program.plan.group(group), self.program.states[group], x, "denoising", False
            )
        seen = completing.noise_fields(self, name, state[name], noise)
        self._calls += 1
        with self.frozen():
            return self.program.shaped(
                name, completing.denoise(self, state, name, seen, max(2, steps), self._calls)
            )

    @alone
    def transform(self, data: Any, features: str = "means") -> Array:
        """Features of every case, [cases, features]: hidden `means` side by side,
        `responsibilities`, `unnormalised` ones (−F(v, z_k)), `data`.

        Where units are missing (NaN), those of what was seen. BmError BM816 for features that the
        model has not.
        """
        return feature(features).compute(self, self.seen(data, missing=True))

    def prepare(self, data: Any) -> Any:
        """New data as the machine's units take them: transformed by what was learned from the
        training cases, and checked.

        An array for an array, a dict for a dict, a set or file too. Raises BM781 before training if
        a transform learns from data.
        """
        return self.preparation.prepare(data)

    def restore(self, data: Any) -> Any:
        """Values of the machine's units back in the data's own, the inverse of `prepare`.

        Raises BM780 if a transform has none.
        """
        return self.preparation.restore(data)

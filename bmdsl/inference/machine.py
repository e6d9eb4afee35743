"""The machine: a compiled model with its parameters. Energies, conditionals, likelihoods, samples; the steps training is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import logsumexp

from ..language.diagnostics import BmError, fail, near
from ..language.model import Model
from . import enumeration, initial
from .program import Array, Fields, Key, Program, Rows, State
from .threads import alone

SAMPLE_STREAM, INITIAL_STREAM, START_STREAM = 1, 2, 8
QUICK = 10
"""log2 of the states a case that are enumerated where mean field would do as well."""
GROUPS = 1 << 10
"""Streams are numbered GROUPS · stream + the group's place, so that no two groups share one."""


class Parameters(dict[str, Array]):
    """Name → array, assignable: a value is checked for its shape and copied into the machine's own array."""

    def __init__(self, model: Model, arrays: Mapping[str, Array], dtype: np.dtype[Any]) -> None:
        super().__init__({n: np.array(a, dtype, order="C") for n, a in arrays.items()})
        self._model = model

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self:
            close = near(name, self)
            raise fail("BM802", f"model `{self._model.name}` has no parameter `{name}`", help=f"did you mean `{close}`?" if close else "")
        value = np.asarray(value)
        if value.shape != self[name].shape:
            raise fail("BM803", f"parameter `{name}` has shape {self[name].shape}, the value has {value.shape}")
        self[name][...] = value


class Machine:
    """`params` are in the energy's subscript order; states go in and come out as [n, *axes], one-hot for one-of-K groups."""

    def __init__(self, model: Model, program: Program, seed: int, save: Callable[[Machine, Path], None],
                 trainer: Callable[..., Any]) -> None:  # fmt: skip
        self.model, self.program, self.seed, self.dtype = model, program, seed, program.dtype
        self.params = Parameters(model, initial.initial_parameters(model, seed), program.dtype)
        self._save, self._trainer = save, trainer
        self._order = {g.name: k for k, g in enumerate(model.groups)}
        self._calls = 0
        self._held: Fields | None = None

    # ------------------------------------------------------------ states in and out

    @property
    def visible(self) -> tuple[str, ...]:
        return tuple(g.name for g in self.model.groups if g.role == "visible")

    @property
    def hidden(self) -> tuple[str, ...]:
        return tuple(g.name for g in self.model.groups if g.role == "hidden")

    def _state(self, groups: Mapping[str, Any], needed: tuple[str, ...], what: str) -> State:
        known = [g.name for g in self.model.groups]
        for name in groups:
            if name not in known:
                close = near(name, known)
                raise fail("BM804", f"model `{self.model.name}` has no group `{name}`", help=f"did you mean `{close}`?" if close else "")
        missing = [name for name in needed if name not in groups]
        if missing:
            raise fail("BM805", f"{what} needs a value for {', '.join(f'`{m}`' for m in missing)}")
        state = {}
        for name in known:
            if name in groups:
                x = np.asarray(groups[name])
                axes = tuple(int(a) for a in self.program.plan.group(name).axes)
                if x.shape[1:] != axes:
                    raise fail("BM806", f"`{name}` has shape {x.shape}, expected (cases, {', '.join(map(str, axes))})")
                state[name] = self.program.flat(name, x)
        if len({len(x) for x in state.values()}) > 1:
            raise fail("BM807", "groups have different numbers of cases: " + ", ".join(f"{n} {len(x)}" for n, x in state.items()))
        return state

    def _data(self, data: Any) -> State:
        """Data as a state: one array where one visible group takes it, else a dict."""
        groups = dict(data) if isinstance(data, Mapping) else {self.visible[0]: data}
        return self._state(groups, tuple(g.name for g in self.model.groups if g.role != "hidden"), "data")

    def _shape(self, state: State) -> dict[str, Array]:
        return {n: self.program.shaped(n, x) for n, x in state.items()}

    def _fields(self) -> Fields:
        return self._held if self._held is not None else self.program.couple(self.params)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside, parameters must not change: what they amount to is made once."""
        before = self._held
        self._held = self._fields()
        try:
            yield
        finally:
            self._held = before

    # ------------------------------------------------------------ exact quantities

    @alone
    def energy(self, **groups: Any) -> Array:
        """E(x) in nats, base measures included so that P(x) = exp(−E(x))/Z: [batch]. Every group must be given."""
        return self.program.energy(self._fields(), self._state(groups, tuple(g.name for g in self.model.groups), "the energy"))

    @alone
    def free_energy(self, **groups: Any) -> Array:
        """F(v) = −log Σ_h exp(−E(v, h)) in nats: [batch]. BmError where the hidden units cannot be summed out."""
        state = self._state(groups, tuple(g.name for g in self.model.groups if g.role != "hidden"), "the free energy")
        return self._free_energy(self._fields(), state)

    def _free_energy(self, f: Fields, state: State) -> Array:
        free = tuple(n for n in self.hidden if n not in state)
        chosen = enumeration.choose(self.program, free, "the free energy")
        if not chosen:
            return -enumeration.sum_out(self.program, f, state, free)[1]
        out = np.empty(len(next(iter(state.values()))))
        for r in range(len(out)):
            row = {n: x[r : r + 1] for n, x in state.items()}
            parts = [w for _, w in enumeration.summed_rows(self.program, f, row, free, "the free energy")]
            out[r] = -logsumexp(np.concatenate(parts))
        return out

    @alone
    def conditional(self, group: str, **groups: Any) -> Array:
        """E[group | the rest] = A′(η): [batch, *axes]. The group's neighbours must be given."""
        graph = self.program.plan.graph
        if group not in (g.name for g in self.model.groups):
            raise fail("BM804", f"model `{self.model.name}` has no group `{group}`")
        needed = graph.neighbours(group) + ((group,) if graph.is_lateral(group) else ())
        state = self._state(groups, needed, f"the conditional of `{group}`")
        if not state:
            state = {group: np.zeros((1, self.program.sizes[group]), self.dtype)}
        f = self._fields()
        eta = self.program.field(f, group, state)
        return self.program.shaped(group, self.program.mean(f, group, eta))

    @alone
    def posterior(self, **groups: Any) -> dict[str, Array]:
        """E[h | v] of every hidden group: exact where the hidden units can be summed out, or few enough enumerated, else mean field."""
        state = self._data(groups)
        try:
            rows, weights = self.posterior_rows(state, QUICK)
        except BmError:
            return {n: x for n, x in self._shape(self.mean_field(state, 100, 1e-6, 0.0)[0]).items() if n in self.hidden}
        count = len(next(iter(state.values())))
        per = len(weights) // count
        means = {n: (rows[n] * weights[:, None]).reshape(count, per, -1).sum(1) for n in self.hidden}
        return self._shape(means)

    @alone
    def log_partition(self, method: str = "exact", **options: Any) -> float:
        """log Z in nats by enumeration. BmError where no enumeration is small enough."""
        if method != "exact":
            raise fail("BM808", f"log_partition has no method `{method}` yet", help='use method="exact" on a machine small enough')
        given = [g.name for g in self.model.groups if g.role == "given"]
        if given:
            raise fail("BM809", f"log Z depends on the given group `{given[0]}`", help="use the likelihood of a case, which has it")
        f = self._fields()
        parts = enumeration.summed_rows(self.program, f, {}, (*self.visible, *self.hidden), "the partition function")
        return float(logsumexp([logsumexp(w) for _, w in parts]))

    @alone
    def log_likelihood(self, data: Any, method: str = "exact") -> Array:
        """log P(v) = −F(v) − log Z of every case, in nats."""
        return -self._free_energy(self._fields(), self._data(data)) - self.log_partition(method)

    @alone
    def gradient(self, data: Any, positive: str = "exact", negative: str = "exact") -> dict[str, Array]:
        """d mean log-likelihood / dθ = ⟨∂(−E)/∂θ⟩_data − ⟨∂(−E)/∂θ⟩_model, both phases exact or mean field (positive)."""
        state = self._data(data)
        out = {n: np.zeros_like(a) for n, a in self.params.items()}
        if positive == "exact":
            rows, weights = self.posterior_rows(state)
        elif positive == "meanfield":
            rows, _ = self.mean_field(state, 100, 1e-8, 0.0)
            weights = np.ones(len(next(iter(state.values()))))
        else:
            raise fail("BM810", f"the gradient has no positive phase `{positive}`", help='use "exact" or "meanfield"')
        if negative != "exact":
            raise fail("BM810", f"the gradient has no negative phase `{negative}`", help='use "exact"; training has `cd` and `pcd`')
        cases = len(next(iter(state.values())))
        self.program.accumulate(self.params, rows, weights / cases, out, 1.0)
        self._accumulate_model(out, -1.0)
        self.tie(out)
        return out

    def _accumulate_model(self, out: dict[str, Array], scale: float) -> None:
        log_z = self.log_partition()
        f = self._fields()
        for rows, w in enumeration.summed_rows(self.program, f, {}, (*self.visible, *self.hidden), "the negative phase"):
            self.program.accumulate(self.params, rows, np.exp(w - log_z), out, scale)

    def tie(self, gradient: dict[str, Array]) -> None:
        """A symmetric parameter's gradient is that of its free entries, written to both sides; its diagonal stays zero."""
        for p in self.model.parameters:
            if p.symmetric:
                g = gradient[p.name]
                g += g.T.copy()
                np.fill_diagonal(g, 0)

    # ------------------------------------------------------------ what training is made of

    def posterior_rows(self, state: State, bits: int = enumeration.PER_CASE) -> tuple[Rows, Array]:
        """Rows × weights that sum to 1 a case, exactly P(h | v); rows of a case stand together.

        BmError BM801 where more than 2^bits states a case would have to be enumerated.
        """
        f = self._fields()
        state = {n: self.program.flat(n, x) for n, x in state.items() if n not in self.hidden}
        chosen = enumeration.choose(self.program, self.hidden, "the positive phase", bits)
        if not chosen:
            return enumeration.means(self.program, f, state, self.hidden), np.ones(len(next(iter(state.values()))))
        collected = []
        for r in range(len(next(iter(state.values())))):
            row = {n: x[r : r + 1] for n, x in state.items()}
            parts = list(enumeration.summed_rows(self.program, f, row, self.hidden, "the positive phase"))
            w = np.concatenate([p[1] for p in parts])
            collected.append((_stack([p[0] for p in parts]), np.exp(w - logsumexp(w))))
        return _stack([c[0] for c in collected]), np.concatenate([c[1] for c in collected])

    def mean_field(self, state: State, steps: int, tol: float, damping: float) -> tuple[Rows, int]:
        """Means m = A′(η(m)), block after block, visible units fixed but where they are NaN. Returns means and iterations used."""
        f = self._fields()
        state = {n: self.program.flat(n, x) for n, x in state.items()}
        count = len(next(iter(state.values())))
        seen = {n: x for n, x in state.items() if np.isnan(x).any()}
        rows = {n: np.where(np.isnan(x), 0, x).astype(self.dtype) if n in seen else x for n, x in state.items()}
        rows |= {n: np.zeros((count, self.program.sizes[n]), self.dtype) for n in self.hidden if n not in rows}
        free = [n for block in self.program.plan.blocks for n in block if n in seen or n not in state]
        fixed = {n: self.program.field(f, n, rows, groups=[g for g in rows if g not in free]) for n in free}  # does not change: made once
        empty = np.empty((0, 0), self.dtype)
        used = 0
        for used in range(1, max(1, steps) + 1):  # noqa: B007  # returned
            change = 0.0
            for name in free:
                eta = self.program.field(f, name, rows, groups=free, start=fixed[name])
                if name in f.lateral:
                    new = rows[name].copy()
                    self.program.settle(f, name, eta, new, seen.get(name, empty))
                else:
                    new = self.program.mean(f, name, eta)
                    if name in seen:
                        new = np.where(np.isnan(seen[name]), new, seen[name]).astype(self.dtype)
                if damping:
                    new = ((1 - damping) * new + damping * rows[name]).astype(self.dtype)
                change = max(change, float(np.abs(new - rows[name]).max(initial=0)))
                rows[name] = new
            if change < tol:
                break
        return Rows(rows, self._squares(f, rows, free, seen)), used

    def _squares(self, f: Fields, rows: State, free: list[str], seen: State) -> State:
        """E[x²] of the free groups whose type has that statistic; an observed entry's is its own square."""
        squares = {n: self.program.mean_square(f, n, self.program.field(f, n, rows)) for n in free if self.program.plan.group(n).square}
        return {n: np.where(np.isnan(seen[n]), s, rows[n] ** 2) if n in seen else s for n, s in squares.items()}

    def initial_state(self, n: int, stream: int = INITIAL_STREAM, update: int = 0) -> State:
        """n chains drawn from the biases alone."""
        f = self._fields().alone()
        state = {g.name: np.zeros((n, self.program.sizes[g.name]), self.dtype) for g in self.model.groups}
        empty = np.empty((0, 0), self.dtype)
        for g in self.model.groups:
            if g.role != "given":
                eta = self.program.field(f, g.name, state, groups=())
                self.program.draw(f, g.name, eta, state[g.name], empty, self._key(g.name, stream, update, 0))
        return state

    def _key(self, name: str, stream: int, update: int, step: int) -> Key:
        return self.seed, GROUPS * stream + self._order[name], update, step

    def sweep(self, state: State, steps: int, observed: Mapping[str, Array], update: int, stream: int = SAMPLE_STREAM,
              keep: bool = True) -> Rows:  # fmt: skip
        """`steps` Gibbs sweeps in place, block after block. Groups in `observed` are clamped where they are not NaN.

        Returns the state with the last block's free groups as conditional means where they are hidden and independent: the same
        expectation with less variance (Rao–Blackwell), from the fields of the last draw. Without `keep` the state is of no further
        use, and that draw is left out.
        """
        f = self._fields()
        empty = np.empty((0, 0), self.dtype)
        seen = {n: self.program.flat(n, x) for n, x in observed.items()}
        clamped = {n for n, x in seen.items() if not np.isnan(x).any()}
        for n, x in seen.items():
            state[n][...] = x if n in clamped else np.where(np.isnan(x), np.nan_to_num(state[n]), x)
        last = self.program.plan.mean_block
        rows = Rows(state)
        count = len(next(iter(state.values())))
        for step in range(steps):
            for block in self.program.plan.blocks:
                for name in block:
                    if name in clamped:
                        continue
                    eta = self.program.field(f, name, state, out=self.program.scratch(name, count))
                    if step == steps - 1 and name in last and name not in seen:
                        rows[name] = self.program.mean(f, name, eta)
                        if self.program.plan.group(name).square:
                            rows.squares[name] = self.program.mean_square(f, name, eta)
                        if not keep:
                            continue
                    self.program.draw(f, name, eta, state[name], seen.get(name, empty), self._key(name, stream, update, step))
        return rows

    def draw_posterior(self, rows: State, observed: Mapping[str, Array], update: int, stream: int) -> State:
        """A joint state with the hidden units drawn given `observed`; `rows` are its posterior rows, whose fields are used where known."""
        fields = rows.fields if isinstance(rows, Rows) else {}
        if set(self.hidden) - set(fields) or len(self.hidden) != len(fields):
            state = self.initial_state(len(next(iter(observed.values()))), stream, update)
            self.sweep(state, 1, observed, update, stream)
            return state
        f = self._fields()
        empty = np.empty((0, 0), self.dtype)
        state = {n: np.array(rows[n]) for n in rows if n not in fields}
        for name, eta in fields.items():
            state[name] = np.empty_like(eta)
            self.program.draw(f, name, eta, state[name], empty, self._key(name, stream, update, 0))
        return state

    def model_rows(self) -> tuple[Rows, Array]:
        """Rows and weights (sum 1) whose weighted mean is the model's exact expectation."""
        log_z = self.log_partition()
        f = self._fields()
        parts = list(enumeration.summed_rows(self.program, f, {}, (*self.visible, *self.hidden), "the negative phase"))
        return _stack([p[0] for p in parts]), np.exp(np.concatenate([p[1] for p in parts]) - log_z)

    def accumulate(self, rows: State, weights: Array | None, out: dict[str, Array], scale: float) -> None:
        """out[θ] += scale · Σ_n w_n ∂(−E)/∂θ(rows_n)."""
        flat = {n: self.program.flat(n, x) for n, x in rows.items()}
        squares = rows.squares if isinstance(rows, Rows) else {}
        self.program.accumulate(self.params, Rows(flat, squares), weights, out, scale)

    # ------------------------------------------------------------ samples and uses

    @alone
    def sample(self, n: int, steps: int = 100, clamp: Mapping[str, Any] | None = None, init: Mapping[str, Any] | None = None) -> dict[str, Array]:
        """n chains after `steps` sweeps: group → [n, *axes]. `clamp` holds groups fixed; `init` starts chains.

        Groups that `init` leaves out start from their conditionals given those it has; without `init`, from the biases alone.
        """
        needed = tuple(g.name for g in self.model.groups if g.role == "given")
        observed = self._state(clamp or {}, needed, "sampling")
        start = self._state(init or {}, (), "the start")
        for name, x in (observed | start).items():
            if len(x) != n:
                raise fail("BM807", f"{n} chains were asked for, but `{name}` has {len(x)} cases", help=f"give one case a chain, or n = {len(x)}")
        state = self.initial_state(n)
        self._calls += 1
        if start:
            self.sweep(state, 1, start | observed, update=self._calls, stream=START_STREAM)
        self.sweep(state, steps, observed, update=self._calls)
        return self._shape(state)

    @alone
    def reconstruct(self, data: Any) -> Array:
        """E[v | E[h | v]] of the first visible group: [cases, *axes]."""
        state = self._data(data)
        means = self.posterior(**self._shape(state))
        name = self.visible[0]
        return self.conditional(name, **self._shape(state) | means)

    @alone
    def impute(self, data: Any, mask: Any, steps: int = 200) -> Array:
        """Data with the entries where `mask` is True replaced by their means over the second half of `steps` sweeps given the rest."""
        state = self._data(data)
        name = self.visible[0]
        known = self.program.shaped(name, state[name])
        hole = np.broadcast_to(np.asarray(mask, bool), known.shape)
        free = self.program.flat(name, np.where(hole, np.nan, known))
        chains = self.initial_state(len(known))
        total = np.zeros_like(chains[name])
        self._calls += 1
        self.sweep(chains, max(1, steps // 2), {**state, name: free}, update=self._calls)
        f = self._fields()
        later = max(1, steps - steps // 2)
        for _ in range(later):
            self._calls += 1
            self.sweep(chains, 1, {**state, name: free}, update=self._calls)
            total += self.program.mean(f, name, self.program.field(f, name, chains))
        return np.where(hole, self.program.shaped(name, total / later), known)

    @alone
    def transform(self, data: Any) -> Array:
        """Hidden means of every hidden group side by side: [cases, features]."""
        means = self.posterior(**self._shape(self._data(data)))
        return np.hstack([means[n].reshape(len(means[n]), -1) for n in self.hidden])

    def train(self, data: Any, out: str | Path | None = None, **overrides: Any) -> Any:
        """Trains by the model's train block; keyword arguments replace its settings. Returns the run."""
        return self._trainer(self, data, None if out is None else Path(out), overrides)

    def save(self, path: str | Path) -> None:
        """Source, arguments and parameters as one safetensors file."""
        self._save(self, Path(path))


def _stack(parts: list[Rows]) -> Rows:
    rows = {n: np.concatenate([s[n] for s in parts]) for n in parts[0]}
    return Rows(rows, {n: np.concatenate([s.squares[n] for s in parts]) for n in parts[0].squares})

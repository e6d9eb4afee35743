"""What training asks of a machine, and the numbers of its random streams."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from ..language.model import Model

if TYPE_CHECKING:
    from ..runtime.program import Program
    from ..schedule.routines.contrastive import LayerGroups

Array = np.ndarray
Sums = dict[str, tuple[float, float]]
"""Parameter name → (Σ g², Σ θ²) after a step: how a loop sees that something is no longer finite,
at no extra pass.
"""
State = dict[str, Array]
"""Group name → [rows, ...]; training looks at the first axis only, the machine knows the rest."""


@runtime_checkable
class Compilable(Protocol):
    """What updates that run as one compiled routine ask of a machine: of one model, or of a stack
    whose layers are trained at once.
    """

    model: Model
    seed: int
    dtype: Any
    takes_means: bool
    stepped: bool

    @property
    def params(self) -> dict[str, Array]:
        """Name → array, written in place."""

    @property
    def program(self) -> Program:
        """The plan bound to sizes."""

    @property
    def layer_groups(self) -> tuple[LayerGroups, ...]:
        """The layers of a stack; empty for a model alone."""

    @property
    def watched_groups(self) -> frozenset[str]:
        """Groups of units without bounds, if some parameters leave no distribution."""

    def settle(self) -> None:
        """Looks at symmetric parameters, unless a training step has just left them."""

    def held_fields(self) -> Any:
        """Verifies that the parameters leave a distribution."""

    def verify_distance(self, name: str, far: float) -> None:
        """Raises BM890 if units of a group went so far from 0 and no proof holds them back."""

    def verify_square_field(self, name: str, most: float) -> None:
        """Raises BM890 if such a field on x² leaves units no precision."""


class Machine(Protocol):
    """A compiled model with parameters.

    Random numbers are keyed by (seed, stream, update): a call has no hidden state.
    """

    model: Model
    seed: int
    dtype: Any
    stepped: bool
    """Whether parameters are as a step has left them, so that their next use need not look at them.
    """

    @property
    def params(self) -> dict[str, Array]:
        """Name → array, written in place."""

    @property
    def reconstructed(self) -> tuple[str, ...]:
        """The visible groups that have reconstructions by means."""

    def frozen(self) -> AbstractContextManager[None]:
        """Inside, parameters do not change."""

    def tempered(self, temperature: Mapping[str, float]) -> AbstractContextManager[None]:
        """Inside, responsibilities are formed at these temperatures."""

    def standing_at(self, params: Mapping[str, Array]) -> AbstractContextManager[None]:
        """Inside, fields and chains are those of these parameters; the gradient's sums stay at the
        machine's own.
        """

    def initial_state(self, n: int, stream: int, update: int) -> State: ...

    def sweep(
        self,
        state: State,
        steps: int,
        observed: Mapping[str, Array],
        update: int,
        stream: int,
        keep: bool = True,
        *,
        beta: Array | None = None,
        averaged: tuple[str, ...] = (),
    ) -> State:
        """Gibbs sweeps in place; observed entries are clamped, NaN is free.

        Returns the last state, a block of it as means.

        Without `keep` the state itself need not be brought up to date in that block. `beta` [rows]
        is an inverse temperature a row. Groups in `averaged` take their means, not draws.
        """

    def written_energy(self, state: State) -> Array:
        """E as the text has it: [rows], in nats."""

    def draw_posterior(
        self, rows: State, observed: Mapping[str, Array], update: int, stream: int
    ) -> State:
        """A joint state with the hidden units drawn given the observed ones, whose posterior rows
        are `rows`.
        """

    def posterior_rows(
        self, v: State, bits: int = ..., free: tuple[str, ...] | None = ...
    ) -> tuple[State, Array]:
        """Rows and weights that sum to 1 a case, exactly P(h | v); the rows of a case stand
        together. `free`: groups that are summed over in place of the hidden ones.

        BmError past 2^bits states a case.
        """

    def free_energy(self, /, **groups: Any) -> Array:
        """F(v) in nats, hidden units and those that are NaN summed out: [cases]."""

    def mean_field(self, v: State, steps: int, tol: float, damping: float) -> tuple[State, int]: ...

    def model_rows(self, given: State | None = None) -> tuple[State, Array]:
        """Rows and weights, sum 1, of the model's distribution; of that at each case of the given
        groups, in order and equally many.
        """

    def accumulate(
        self, rows: State, weights: Array | None, out: dict[str, Array], scale: float
    ) -> None:
        """out[θ] += scale · Σ_n w_n ∂(−E)/∂θ(rows_n)."""

    def pseudolikelihood(
        self, data: State, weights: Array, out: dict[str, Array] | None, scale: float
    ) -> float:
        """Σ_n w_n Σ_i log P(x_i | rest), in nats; out[θ] += scale · its derivative."""

    def contrastive_free_energy(
        self,
        data: State,
        weights: Array,
        out: dict[str, Array],
        scale: float,
        through: bool,
        told: bool,
        based: bool = True,
    ) -> float | None:
        """Σ_n w_n (F(v′) − F(v)), v′ the reconstruction by means, in nats where it is to be `told`;
        out[θ] += scale · its derivative.

        Base measures are in F where `based`.
        """

    def reconstructions(self, data: Any) -> dict[str, Array]:
        """E[v | E[h | v]] of every group of `reconstructed`: [cases, *axes]."""

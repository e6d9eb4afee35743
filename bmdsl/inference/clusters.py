"""Chains that move in clusters: a machine's form for it, and calls of the kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import fail
from ..plan.streams import BONDS, CLUSTERS, GROUPS
from ..runtime.bound_machine import BoundMachine
from ..runtime.pace import Pace
from ..runtime.program import Array, State

if TYPE_CHECKING:
    from ..runtime.cluster_form import ClusterForm


@dataclass
class ClusterChains:
    """The form of one machine's clusters, for the parameters that it was made for."""

    _form: tuple[dict[str, Array], ClusterForm] | None = None

    def form(self, machine: BoundMachine, observed: State) -> ClusterForm:
        """BmError BM779 if the machine's units do not change in clusters."""
        from ..runtime.cluster_form import NoClusters, cluster_form

        try:
            held = [*machine.given, *observed]
            if held:
                raise NoClusters(f"`{held[0]}` is held, which acts on the others as a field does")
            if self._form is None or not all(
                np.array_equal(x, self._form[0][n]) for n, x in machine.params.items()
            ):
                form = cluster_form(machine.program, machine.held_fields())
                self._form = {n: x.copy() for n, x in machine.params.items()}, form
        except NoClusters as reason:
            raise fail(
                "BM779",
                f"units of `{machine.model.name}` do not change in clusters: {reason}",
                help="leave the moves at `gibbs`; a ladder of `beta` crosses barriers too",
            ) from None
        return self._form[1]


def run(
    kernel: Callable[..., None],
    machine: BoundMachine,
    form: ClusterForm,
    pairs: Sequence[Array],
    state: State,
    steps: int,
    keys: tuple[int, int, int],
    beta: Array | None,
) -> None:
    """`steps` moves of every chain by a kernel of `kernels.clusters`, in place."""
    codes = form.codes(machine.program, state)
    stream, update, first = keys
    streams = GROUPS * stream + BONDS, GROUPS * stream + CLUSTERS
    seed = np.uint64(machine.seed).astype(np.int64)  # all 64 bits
    numbers = (seed, *(np.int64(x) for x in (*streams, update)))
    betas = np.ones((1, len(codes))) if beta is None else np.atleast_2d(np.asarray(beta, float))
    done, pace = 0, Pace()
    while done < steps:
        some = min(pace.count, steps - done)
        now = betas if len(betas) == 1 else betas[done : done + some]
        with pace.timed(some):
            kernel(codes, *pairs, form.states, now, numbers, first + done, some)
        done += some
    form.put(machine.program, codes, state)

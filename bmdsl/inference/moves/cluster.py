"""All clusters of a state at once (Swendsen & Wang 1987, Phys. Rev. Lett. 58, 86)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...language.vocabulary import Word
from ...runtime.program import Array, State
from ..clusters import run

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word("cluster", summary="all clusters of a state at once (Swendsen and Wang)")


def sweeps(
    machine: Phases,
    state: State,
    steps: int,
    observed: State,
    keys: tuple[int, int, int],
    beta: Array | None,
) -> None:
    """`steps` times all clusters of every chain, in place. BmError BM779 if there are none."""
    from ...kernels.clusters import join_all

    form = machine.compiled.clusters.form(machine, observed)
    arrays = (form.first, form.second, form.weight, form.apart)
    run(join_all, machine, form, arrays, state, steps, keys, beta)

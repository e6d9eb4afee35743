"""One cluster at a time (Wolff 1989, Phys. Rev. Lett. 62, 361)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...language.vocabulary import Word
from ...runtime.program import Array, State
from ..clusters import run

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word("wolff", summary="one cluster, grown from a unit by chance; a sweep is one of them")


def sweeps(
    machine: Phases,
    state: State,
    steps: int,
    observed: State,
    keys: tuple[int, int, int],
    beta: Array | None,
) -> None:
    """`steps` clusters of every chain, in place. BmError BM779 if there are none."""
    from ...kernels.clusters import grow_one

    form = machine.compiled.clusters.form(machine, observed)
    run(grow_one, machine, form, form.around, state, steps, keys, beta)

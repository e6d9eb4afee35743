"""Records taken inside the routine that sweeps the chains, whatever form these have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..runtime.program import Array, State
from .bit_records import records_of_bits
from .number_records import records_of_numbers
from .records import Run, Taken, wanted
from .stencil_records import records_of_sites

if TYPE_CHECKING:
    from .observing import Watched
    from .phases import Phases


def take(
    machine: Phases, chosen: Sequence[Watched], state: State, run: Run
) -> dict[str, Array] | None:
    """Records of chains that go on in place, [chains, draws] or [pairs, draws] an observable, taken
    inside the routine that sweeps them; None if no routine does it.
    """
    what = wanted(machine, chosen, len(next(iter(state.values()))))
    if what is None:
        return None
    taken = (
        records_of_bits(machine, what, state, run)
        or records_of_sites(machine, what, state, run)
        or records_of_numbers(machine, what, state, run)
    )
    return None if taken is None else _named(chosen, taken)


def _named(chosen: Sequence[Watched], taken: Taken) -> dict[str, Array]:
    out, pairs = dict[str, Array](), iter(taken.pairs)
    for x in chosen:
        kind = getattr(x.module, "KIND", "")
        if kind:
            out[x.labels[0]] = getattr(x.module, "of_sum", np.asarray)(taken.sums[kind])
        else:
            out |= zip(x.labels, next(pairs), strict=True)
    return out

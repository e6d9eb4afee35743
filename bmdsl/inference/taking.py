"""Records taken inside the routine that sweeps the chains, whatever form these have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..runtime.program import Array, State
from .bit_records import records_of_bits
from .number_records import records_of_numbers
from .records import Run, Taken, Wanted, wanted
from .replica_records import records_of_replicas
from .stencil_records import records_of_sites

if TYPE_CHECKING:
    from .observing import Watched
    from .phases import Phases
    from .tempering import Replicas


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
    return None if taken is None else _named(chosen, what, taken)


def take_of_replicas(
    machine: Phases, chosen: Sequence[Watched], replicas: Replicas, run: Run
) -> dict[str, Array] | None:
    """The same of replicas at the last of their inverse temperatures."""
    what = wanted(machine, chosen, len(replicas.place))
    taken = None if what is None else records_of_replicas(machine, what, replicas, run)
    return None if what is None or taken is None else _named(chosen, what, taken)


def _named(chosen: Sequence[Watched], what: Wanted, taken: Taken) -> dict[str, Array]:
    """What was taken of these observables, by their labels."""
    out, pairs = dict[str, Array](), iter(taken.pairs)
    for x, kind in zip(chosen, what.kinds, strict=True):
        if kind:
            out[x.labels[0]] = getattr(x.module, "of_sum", np.asarray)(taken.sums[kind])
        else:
            found = next(pairs)
            out |= zip(x.labels, getattr(x.module, "of_sum", np.asarray)(found), strict=True)
    return out

"""Persistent contrastive divergence: chains go on from one update to the next (Tieleman 2008;
Younes 1989).
"""

from __future__ import annotations

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...plan.streams import CHAIN_STREAM, NEGATIVE_STREAM
from ...schedule.builder import Phase
from ...schedule.routines.phases import Sweep, sweep
from ..batch import Batch, Expectation
from ..composing import Composer
from ..conditions import refuse_given
from ..machine_protocol import Machine, State

WORD = Word(
    "pcd",
    (Option("steps", "integer", 1, low=1), Option("chains", "integer", 100, low=1)),
    summary="chains that persist from update to update",
)


def start(machine: Machine, choice: Choice) -> State:
    """The chains; the loop keeps them and writes them into checkpoints."""
    refuse_given(machine, choice)
    return machine.initial_state(int(choice["chains"]), CHAIN_STREAM, 0)


def expect(
    machine: Machine, choice: Choice, batch: Batch, chains: State, positive: Expectation
) -> Expectation:
    """Moves the chains in place, then their average."""
    rows = machine.sweep(chains, int(choice["steps"]), {}, batch.update, NEGATIVE_STREAM)
    count = int(choice["chains"])
    return Expectation(rows, np.full(count, 1 / count, machine.dtype))


def compose(c: Composer, choice: Choice, positive: Phase) -> Phase:
    """The chains moved by `steps` sweeps, then their average."""
    count = int(choice["chains"])
    rows = c.rows(count)
    how = Sweep(NEGATIVE_STREAM, c.update, {})
    return sweep(c.b, c.terms, c.chains(count, rows), int(choice["steps"]), how, rows, keep=True)

"""Contrastive divergence: chains start at the data and run a few steps (Hinton 2002, Training
products of experts).
"""

from __future__ import annotations

from dataclasses import replace

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...plan.streams import NEGATIVE_START_STREAM, NEGATIVE_STREAM, POSITIVE_STREAM
from ...schedule.builder import Phase
from ...schedule.routines.phases import Sweep, stream_of, sweep
from ...schedule.values import BATCH, Number
from ..batch import Batch, Expectation
from ..composing import Composer
from ..conditions import given_groups
from ..machine_protocol import Machine, State

WORD = Word(
    "cd",
    (Option("steps", "integer", 1, low=1), Option("means", "boolean", False)),
    summary="short chains from the data; with means, of visible means",
)


def start(machine: Machine, choice: Choice) -> State:
    """No chains to keep."""
    return {}


def expect(
    machine: Machine, choice: Choice, batch: Batch, chains: State, positive: Expectation
) -> Expectation:
    """Hidden units drawn given the data, then `steps` free sweeps; each row has its case's weight.

    With `means` reconstructions are the visible units' means (Nair & Hinton 2008, footnote 3), as
    fits data that are means.
    """
    state = machine.draw_posterior(positive.rows, batch.data, batch.update, POSITIVE_STREAM)
    averaged = (
        tuple(g.name for g in machine.model.groups if g.role == "visible")
        if choice["means"]
        else ()
    )
    held = {name: batch.data[name] for name in given_groups(machine.model)}
    rows = machine.sweep(
        state,
        int(choice["steps"]),
        held,
        batch.update,
        NEGATIVE_STREAM,
        keep=False,
        averaged=averaged,
    )
    return Expectation(rows, batch.weights)


def compose(c: Composer, choice: Choice, positive: Phase) -> Phase:
    """Hidden units drawn given the data, then `steps` free sweeps."""
    known = {*positive.fields, *positive.drawn}
    goes_on = known.issuperset(c.hidden)
    if goes_on:
        state = dict(c.data.rows)
        for name in c.hidden:
            state[name] = c.b.state(name, f"{name}_model", BATCH)
            if name in positive.drawn:
                c.b.do("copy", positive.rows[name], state[name])
                continue
            stream = stream_of(c.b, POSITIVE_STREAM, name)
            c.terms.draw(c.b, name, positive.fields[name], state, stream, c.update, Number("0"))
    else:
        # a sampled positive phase draws from POSITIVE too: its chains are others, and neither goes
        # on from the other's states
        free = (*c.hidden, *c.missing)
        c.b.shared_streams |= {str(c.b.stream(stream_of(c.b, POSITIVE_STREAM, n))) for n in free}
        state = c.start("model", NEGATIVE_START_STREAM)
        start = replace(c.data, rows=state)
        sweep(c.b, c.terms, start, 1, c.clamped(POSITIVE_STREAM, "start"), BATCH, keep=True)
    for name in c.visible:
        if goes_on or name not in c.missing:
            state[name] = c.b.state(name, f"{name}_model", BATCH, means=bool(choice["means"]))
            seen = positive.rows[name] if name in c.missing else c.data.rows[name]
            c.b.do("copy", seen, state[name])
    averaged = c.visible if choice["means"] else ()
    held = {name: c.data.rows[name] for name in c.given}
    how = Sweep(NEGATIVE_STREAM, c.update, held, averaged=averaged)
    return sweep(
        c.b, c.terms, replace(c.data, rows=state), int(choice["steps"]), how, BATCH, keep=False
    )

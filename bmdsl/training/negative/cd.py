"""Contrastive divergence: chains start at the data and run a few steps (Hinton 2002, Training products of experts)."""

from __future__ import annotations

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ..batch import Batch, Expectation
from ..conditions import given_groups
from ..machine_protocol import NEGATIVE_STREAM, POSITIVE_STREAM, Machine, State

WORD = Word("cd", (Option("steps", "integer", 1, low=1), Option("means", "boolean", False)), summary="short chains from the data; with means, of visible means")


def start(machine: Machine, choice: Choice) -> State:
    """No chains to keep."""
    return {}


def expect(machine: Machine, choice: Choice, batch: Batch, chains: State, positive: Expectation) -> Expectation:
    """Hidden units drawn given the data, then `steps` free sweeps; each row has its case's weight.

    With `means` reconstructions are the visible units' means (Nair & Hinton 2008, footnote 3), as fits data that are means.
    """
    state = machine.draw_posterior(positive.rows, batch.data, batch.update, POSITIVE_STREAM)
    averaged = tuple(g.name for g in machine.model.groups if g.role == "visible") if choice["means"] else ()
    held = {name: batch.data[name] for name in given_groups(machine.model)}
    rows = machine.sweep(state, int(choice["steps"]), held, batch.update, NEGATIVE_STREAM, keep=False, averaged=averaged)
    return Expectation(rows, batch.weights)

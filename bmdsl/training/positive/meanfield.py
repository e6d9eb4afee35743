"""Positive phase by mean field: rows of means m = A′(η(m)) (Salakhutdinov & Hinton 2009, Deep
Boltzmann Machines).

Its rows give the gradient of the variational lower bound on the log-likelihood. Missing visible
values are means too.
"""

from __future__ import annotations

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...plan.term_kinds import no_means
from ...schedule.builder import Phase
from ...schedule.routines.mean_field import Iteration, mean_field
from ..batch import Batch, Expectation
from ..composing import Composer
from ..machine_protocol import Machine

WORD = Word(
    "meanfield",
    (
        Option("steps", "integer", 30, low=1),
        Option("tol", "number", 1e-4, low=0),
        Option("damping", "number", 0.0, low=0, high=1),
    ),
    summary="means of the hidden units by fixed-point iteration",
)


def expect(machine: Machine, choice: Choice, batch: Batch) -> Expectation:
    """One row of means a case, and how many iterations that took."""
    rows, used = machine.mean_field(
        batch.data, int(choice["steps"]), float(choice["tol"]), float(choice["damping"])
    )
    return Expectation(rows, batch.weights, {"iterations": used})


def compose(c: Composer, choice: Choice) -> Phase:
    """One row of means a case.

    Raises BM818 if experts see units whose values are missing.
    """
    for name in c.missing:
        if c.b.group(name).expert:
            raise no_means(name)
    free = (*c.hidden, *c.missing)
    return mean_field(c.b, c.terms, c.data, free, Iteration.of(choice), c.figure("iterations"))

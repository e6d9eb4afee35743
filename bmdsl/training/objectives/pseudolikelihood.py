"""The pseudo-likelihood: Σ_i log P(x_i | all other units), which needs no samples and no log Z
(Besag 1975).

Its maximum is the true couplings where the data are samples of such a model and their number grows;
for pairs of spins see Aurell & Ekeberg 2012 (Inverse Ising inference using all the data, eq. 5).
"""

from __future__ import annotations

from ...language.diagnostics import fail
from ...language.model import Choice
from ...language.vocabulary import Word
from ...schedule.builder import Gradient
from ...schedule.routines.pseudolikelihood import residuals
from ..batch import Batch
from ..composing import Composer
from ..machine_protocol import Array, Machine

WORD = Word(
    "pseudolikelihood",
    summary="every unit given all others: no negative phase; models without hidden units",
)


def verify(machine: Machine, choice: Choice, batch: Batch) -> None:
    """BmError BM760 where the model has hidden units, BM752 where the data have missing values."""
    hidden = next((g for g in machine.model.groups if g.role == "hidden"), None)
    if hidden is not None:
        raise fail(
            "BM760",
            f"the pseudo-likelihood needs every unit's value, but `{hidden.name}` is hidden",
            choice.span,
            help=(
                "leave `objective` out: `positive` and `negative` phases train a model with hidden"
                " units"
            ),
        )
    if any(t.expert is not None for t in machine.model.terms):
        raise fail(
            "BM760",
            "the pseudo-likelihood of units that experts see has no closed form",
            choice.span,
            help="leave `objective` out: `negative cd` draws them",
        )
    if batch.missing:
        raise fail(
            "BM752",
            "the data has missing values, which `objective pseudolikelihood` has no condition for",
            choice.span,
            help="use `positive gibbs(steps = 5)`",
        )


def add_gradient(
    machine: Machine, choice: Choice, batch: Batch, out: dict[str, Array], share: float
) -> dict[str, float]:
    """out += share · d/dθ Σ_n w_n Σ_i log P(x_i | rest); the value, in nats a case, for the
    progress line.
    """
    return {
        "pseudo_log_likelihood": machine.pseudolikelihood(batch.data, batch.weights, out, share)
    }


def compose(c: Composer, choice: Choice, gradient: Gradient) -> None:
    """Adds the derivative; the value."""
    found = residuals(c.b, c.terms, c.data)
    figure = c.figure("pseudo_log_likelihood")
    c.b.do("tell_mean", found.value, c.row_weights(c.data), figure)
    c.b.heading("gradient: the slope of ⟨−E⟩'s own gradient along the residuals")
    found.add_gradient(gradient)

"""The contrastive free energy Σ F(v′) − F(v), v′ = f(a + f(b + vW) Wᵀ): log P(v) with log Z taken
from the reconstruction (Differentiable multinary
RBMs, eqs. 4–6). With v′ held fixed its gradient is that of CD-1 with means in place of draws.

`base_measure = true`: F as the machine has it, log base(v) included. `base_measure = false`: the
loss of the paper's eq. 6, which leaves log base(v) out; for binary units, whose base measure is 1,
both are the same.
"""

from __future__ import annotations

from typing import Any

from ...language.diagnostics import fail
from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...schedule.builder import Gradient
from ...schedule.routines.contrastive import Stacked
from ..batch import Batch
from ..composing import Composer
from ..machine_protocol import Array, Machine

WORD = Word(
    "contrastive_free_energy",
    (Option("through_reconstruction", "boolean", False), Option("base_measure", "boolean", True)),
    summary=(
        "free energy of the reconstruction by means less that of the data: no draws;"
        " through_reconstruction takes the gradient through it too, base_measure = false leaves the"
        " visible units' base measures out of both"
    ),
)


TOLD, SMALL = 20, 50_000
"""The value is worked out once in so many updates; always where a minibatch has fewer numbers."""


def verify(machine: Any, choice: Choice, batch: Batch) -> None:
    """BmError BM768 and BM769 where the model's layers are not independent or its unit types lack a
    slope, BM752 for missing values.
    """
    machine.verify_contrastive(
        choice.span, bool(choice["through_reconstruction"]), bool(choice["base_measure"])
    )
    if batch.missing:
        raise fail(
            "BM752",
            "the data has missing values, which `objective contrastive_free_energy` has no free"
            " energy for",
            choice.span,
            help="leave `objective` out and use `positive gibbs(steps = 5)`",
        )


def is_told(update: int, numbers: int) -> bool:
    """Whether the value is worked out in this update, of a minibatch of so many numbers."""
    return update % TOLD == 0 or numbers < SMALL


def add_gradient(
    machine: Machine, choice: Choice, batch: Batch, out: dict[str, Array], share: float
) -> dict[str, float]:
    """out += share · the derivative; now and then the value, in nats a case, for the progress line:
    it takes about as long as the gradient.
    """
    told = is_told(batch.update, sum(x.size for x in batch.data.values()))
    through, based = bool(choice["through_reconstruction"]), bool(choice["base_measure"])
    value = machine.contrastive_free_energy(
        batch.data, batch.weights, out, share, through, told, based
    )
    return {} if value is None else {"contrastive_free_energy": value}


def compose(c: Composer, choice: Choice, gradient: Gradient) -> None:
    """Adds the derivative; the value in updates that tell it."""
    based = bool(choice["base_measure"])
    way = Stacked.of(c.b, c.terms, c.data, c.layers)
    with c.b.repeat(c.b.number("told", "i8", per_update=True), "once"):
        way.tell(c.row_weights(c.data), based, c.figure("contrastive_free_energy"))
    c.b.heading("gradient of the mean of F(v′) − F(v)")
    way.add_gradient(gradient, bool(choice["through_reconstruction"]), based)

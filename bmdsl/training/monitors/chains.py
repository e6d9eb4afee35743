"""Whether the negative phase's chains stand for the model: their energy against the data's, and how
much of it they remember from the last look.

At the maximum of the likelihood ⟨E⟩ is the same for the data as for the model, since E is linear in
the parameters. Chains that lag behind the parameters have a mean energy far from it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...language.diagnostics import Diagnostic
from ...language.vocabulary import Word
from ...runs.run_folder import OWN
from ..batch import Expectation
from ..health import Finding, Look

WORD = Word("chains", summary="energy of the chains against the data's, and their memory")

STALE, SLOW = 3.0, 0.5
"""What is worth a word: standard deviations of the energy between data and chains, two looks
running; correlation of a chain's energy with the last look.
"""


def look(at: Look, memory: dict[str, Any]) -> Finding:
    """`energy_gap`: ⟨E⟩ of the chains less that of the data, in standard deviations over the
    chains; `chain_memory`: see above, persistent chains only.
    """
    figures: dict[str, float] = {}
    minds, warning = [], None
    if at.positive is not None and at.negative is not None:
        data, chains = (_energies(at, e) for e in (at.positive, at.negative))
        mean = float(np.average(chains, weights=at.negative.weights))
        spread = float(np.sqrt(np.average((chains - mean) ** 2, weights=at.negative.weights)))
        if spread > 0:
            figures["energy_gap"] = gap = (
                mean - float(np.average(data, weights=at.positive.weights))
            ) / spread
            shrinks = abs(gap) < 0.9 * memory.get(
                "gap", 0.0
            )  # as in the first epochs, when chains are still on their way
            memory["gap"] = abs(gap)
            memory["apart"] = (
                memory.get("apart", 0) + 1 if abs(gap) > STALE and at.chains and not shrinks else 0
            )
            if memory["apart"] > 1:
                minds.append(
                    f"stale chains: their energy is {abs(gap):.0f} standard deviations"
                    f" {'above' if gap > 0 else 'below'} the data's"
                )
                ways = (
                    "a lower rate, so that the chains can follow",
                    "more `steps` a sweep, or `negative fpcd(...)` or `tempering(...)`",
                )
                warning = Diagnostic(
                    "BM767",
                    f"the chains' mean energy is {abs(gap):.1f} standard deviations from the"
                    " data's: they lag behind",
                    None,
                    level="warning",
                    helps=ways,
                )
    kept = {n: x for n, x in at.chains.items() if not n.startswith(OWN)}
    if kept:
        now = -at.machine.program.minus_energy(at.machine.held_fields(), kept)
        before = memory.get("energies")
        if before is not None and before.std() > 0 and now.std() > 0:
            figures["chain_memory"] = float(np.corrcoef(before, now)[0, 1])
            if figures["chain_memory"] > SLOW:
                ago = at.epoch - memory["epoch"]
                past = "an epoch ago" if ago <= 1 else f"{ago} epochs ago"
                minds.append(
                    f"chains hardly move: energy correlates by {figures['chain_memory']:.2f} with"
                    f" that of {past}"
                )
        memory["energies"], memory["epoch"] = now, at.epoch
    return Finding(figures, "; ".join(minds), warning)


def _energies(at: Look, e: Expectation) -> np.ndarray:
    return -at.machine.program.minus_energy(at.machine.held_fields(), e.rows)

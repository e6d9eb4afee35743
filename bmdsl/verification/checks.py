"""Every derived quantity of a small machine against brute force, and its sampler against the exact
distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from ..language.diagnostics import BmError
from .formulas import (
    check_conditional,
    check_energy,
    check_free_energy,
    check_gradient,
    check_log_partition,
    check_mean_field,
)
from .sampling import (
    check_balance,
    check_few_chains,
    check_marginals,
    check_training_gradient,
)
from .subject import Row, Subject

UNSURE = 1e-3
"""Past this error of the quadrature nothing is compared with it."""
FAULTS = {"BM885", "BM887"}
"""Refusals that say that bmdsl's own plan or routine is wrong, so that the comparison failed."""


def rows(s: Subject) -> Iterator[Row]:
    """All comparisons, in the order in which one thing is made from another."""
    for what, check in CHECKS.items():
        if s.brute.error > UNSURE and what not in ("energy", "detailed balance"):
            yield Row(
                what,
                skipped=(
                    f"the quadrature itself is known to {s.brute.error:.1e} only: smaller sizes, as"
                    " --size"
                ),
            )
            continue
        try:
            yield check(s, what)
        except BmError as refused:
            first = refused.diagnostics[0]
            if first.code in FAULTS:
                yield Row(what, error=math.inf, where=first.message)
            else:
                yield Row(what, skipped=first.message)


CHECKS: dict[str, Callable[[Subject, str], Row]] = {
    "energy": check_energy,
    "conditionals": check_conditional,
    "free energy": check_free_energy,
    "log Z": check_log_partition,
    "gradient": check_gradient,
    "mean-field fixed point": check_mean_field,
    "sampler's marginals": check_marginals,
    "sampler, few chains": check_few_chains,
    "detailed balance": check_balance,
    "training gradient": check_training_gradient,
}

"""How long fresh chains of a report may run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..inference.enumeration import support_of

if TYPE_CHECKING:
    from ..inference.machine import Machine

BUDGET, BUDGET_OF_REAL_UNITS = 2e10, 4e9
"""Floating-point operations that fresh chains may cost: some tenths of a second on one core, where
products with states of two values are tables.
"""


def affordable(machine: Machine, chains: int, most: int = 1000) -> int:
    """Sweeps, 20 to `most`, that cost no more than the budget."""
    program = machine.program
    supports = [support_of(program, n) for n in machine.free if program.states[n] == 1]
    budget = (
        BUDGET if all(x is not None and len(x) <= 2 for x in supports) else BUDGET_OF_REAL_UNITS
    )
    return int(np.clip(budget / (4 * chains * max(program.plan.pairs_of_a_sweep, 1)), 20, most))

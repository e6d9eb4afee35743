"""Pseudo-likelihood from one unit a case: D · log P(v_i | all other visible units) for a random i,
hidden units summed out.

Its mean over i is the whole sum (Marlin, Swersky, Chen & de Freitas 2010, Inductive principles for
restricted Boltzmann machine learning).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...inference.bound import minus_free_energy
from ...language.vocabulary import Word
from ...plan.streams import of_event
from ...runtime import domain
from ..health import Finding, Look

WORD = Word("pseudo_likelihood", summary="log P of one unit given all others")


def look(at: Look, memory: dict[str, Any]) -> Finding:
    """`pseudo_likelihood` in nats a case, of the first visible group; nothing where its units have
    no finite domain, or F(v) is not exact.
    """
    machine, program = at.machine, at.machine.program
    name = machine.visible[0]
    support, width = domain.support_of(program, name), program.states[name]
    if support is None or len(support) > 64 or not at.summed:
        return Finding()
    x = at.watched[name].reshape(len(at.watched[name]), -1)
    units = x.shape[1] // width
    generator = of_event("PSEUDO_LIKELIHOOD", machine.seed, at.epoch)
    columns = generator.integers(units, size=len(x))[:, None] * width + np.arange(width)
    rows = np.arange(len(x))[:, None]
    own = at.minus_free_energy
    values = np.asarray(support, x.dtype).reshape(len(support), -1)
    present = np.abs(x[rows, columns][:, None] - values).sum(2).argmin(1)
    drawn = bool(
        (values[present] == x[rows, columns]).all()
    )  # else data are means: no state of theirs is known already
    states = [own] if drawn else []
    for shift in range(int(drawn), len(values)):
        moved = x.copy()
        moved[rows, columns] = values[(present + shift) % len(values)]
        states.append(minus_free_energy(machine, {**at.watched, name: moved}))
    return Finding(
        {
            "pseudo_likelihood": float(
                units * np.average(own - np.logaddexp.reduce(states, axis=0), weights=at.weights)
            )
        }
    )

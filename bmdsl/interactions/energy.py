"""What an interaction adds to the energy, from its fields: −E is linear in every unit's statistics.

    Σ_p η[p] t[p] = m · (−E)

t being the statistics of one group, η the fields that the interaction adds to them, and m how many
of its units are of that group.
"""

from __future__ import annotations

from ..schedule.builder import Builder, Phase
from ..schedule.values import Content, Value
from .celled import Celled
from .interface import Interaction
from .listed import Listed


def add_minus_energy(b: Builder, x: Interaction, phase: Phase, out: Value, rows: int | str) -> None:
    """out += what the interaction adds to −E of every row, in double precision; `out` is [rows]."""
    if isinstance(x, Listed | Celled):
        x.add_minus_energy(b, phase, out)
        return
    target = min(x.groups, key=lambda n: (x.groups.count(n), x.groups.index(n)))
    times = x.groups.count(target)
    eta = b.eta_of(target, rows, "pull")
    parts = b.field_parts(target, eta)
    for part in parts:
        b.do("clear", part)
    x.add_field(b, target, phase, eta, rows)
    into = out if times == 1 else b.shared("doubled", Content.FIGURE, out.shape, "f8")
    if times > 1:
        b.do("begin_energies", into)
    for power, part in enumerate(parts, 1):
        b.do("add_pair_dots", part, b.power_of(target, power, phase, rows), into)
    if times > 1:
        b.do("add_energies", into, 1 / times, out)

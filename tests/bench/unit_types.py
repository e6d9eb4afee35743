"""Draws of a user's own unit types beside built-in ones of like cost, in nanoseconds a unit:
`python -m tests.bench.unit_types`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from bmdsl import parse, units
from bmdsl.runtime.threads import one_pool
from tests.units.test_documented_units import written

PAIRS = (
    ("triple", "categorical(3)"),
    ("triple", "binomial(2)"),
    ("von_mises", "rectified"),
    ("copied", "rectified"),
)
"""`copied` is `rectified` under another name: what a type costs for not being built in."""
UNITS, CHAINS, TURNS = 2000, 200, 15


def main() -> None:
    """Medians over turns in which both are timed one after the other."""
    import time

    folder = Path(tempfile.mkdtemp())
    units.register(written("blume", folder).Triple)
    units.register(written("angles", folder).VonMises)
    units.register(
        type("Copied", (units.get("rectified"),), {"name": "copied", "__module__": __name__})
    )
    for pair in PAIRS:
        times: dict[str, list[float]] = {name: [] for name in pair}
        machines = {}
        for name in pair:
            at = ",c" if name in ("von_mises", "categorical(3)") else ""
            machines[name] = parse(
                f"model m {{ visible x[{UNITS}] : {name}  param b  energy = -"
                f" b{'[c]' if at else ''} x[i{at}] }}"
            ).compile()
            machines[name].params["b"] = np.full(machines[name].params["b"].shape, 0.7)
        with one_pool():
            for turn in range(TURNS):
                for name, m in machines.items():
                    state = m.initial_state(CHAINS)
                    begun = time.perf_counter()
                    m.sweep(state, 1, {}, update=turn)
                    times[name].append((time.perf_counter() - begun) / UNITS / CHAINS * 1e9)
        a, b = (median(times[name]) for name in pair)
        print(f"{pair[0]} {a:.2f} ns, {pair[1]} {b:.2f} ns a unit: {a / b:.2f} x", flush=True)


if __name__ == "__main__":
    main()

"""Trainings and draws at the ends of their settings, compiled: each ends with finite parameters, or
with a diagnostic.

    OMP_NUM_THREADS=1 python -m tests.reliability.stressed_numbers

`tests/tasks/test_settings_at_their_ends.py` says which of the two each is to be, without compiling.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import bmdsl
from bmdsl import BmError

TEXT = """model m(D = 6, H = 3) { visible v[D] : UNIT  hidden h[H] : HIDDEN
  param W init normal(0, 0.1)  param b  param c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  train { batch 5  epochs 2  negative pcd(chains = 7)  optimizer sgd(rate = 0.01) } }"""
UNITS = {
    "binary": ("binary", "binary"),
    "gaussian": ("gaussian(sigma = 1)", "binary"),
    "spin": ("spin", "spin"),
}
BINARY = (np.random.default_rng(0).random((12, 6)) < 0.4).astype(np.float32)
CASES = {"binary": BINARY, "gaussian": BINARY - 0.3, "spin": 2 * BINARY - 1}
Answer = Callable[[str], Any]


def trained(kind: str, data: Any = None, weights: float = 0.0, **given: Any) -> dict[str, Any]:
    """The parameters after a training; `weights` in the place of random ones."""
    sizes = {n: given.pop(n) for n in ("D", "H") if n in given}
    machine_of = {n: given.pop(n) for n in ("seed", "dtype") if n in given}
    visible, hidden = UNITS[kind]
    text = TEXT.replace("UNIT", visible).replace("HIDDEN", hidden)
    machine = bmdsl.parse(text, **sizes).compile(**{"seed": 0, **machine_of})
    if weights:
        machine.params["W"] = np.full_like(machine.params["W"], weights)
    machine.train(CASES[kind] if data is None else data(CASES[kind]), progress=False, **given)
    return dict(machine.params)


def drawn(kind: str, **given: Any) -> dict[str, Any]:
    """States that an untrained machine draws."""
    visible, hidden = UNITS[kind]
    text = TEXT.replace("UNIT", visible).replace("HIDDEN", hidden)
    machine = bmdsl.parse(text).compile(seed=0)
    return dict(machine.sample(5, steps=3, **given))


ENDS: dict[str, Answer] = {
    "rate 1,000 times too large": lambda k: trained(k, optimizer="sgd(rate = 10)"),
    "the same, adam": lambda k: trained(k, optimizer="adam(rate = 1)"),
    "weights 10^4": lambda k: trained(k, weights=1e4),
    "weights -10^4": lambda k: trained(k, weights=-1e4),
    "one case": lambda k: trained(k, lambda x: x[:1]),
    "one chain": lambda k: trained(k, negative="pcd(chains = 1)"),
    "H = 1": lambda k: trained(k, H=1),
    "D = 1": lambda k: trained(k, lambda x: x[:, :1], D=1),
    "D = H = 1": lambda k: trained(k, lambda x: x[:, :1], D=1, H=1),
    "constant columns": lambda k: trained(k, lambda x: np.repeat(x[:1], 12, axis=0)),
    "a batch larger than the data": lambda k: trained(k, batch=1000),
    "float16 data": lambda k: trained(k, lambda x: x.astype("float16")),
    "float64 data": lambda k: trained(k, lambda x: x.astype("float64")),
    "float64 data and machine": lambda k: trained(
        k, lambda x: x.astype("float64"), dtype="float64"
    ),
    "beta 0": lambda k: drawn(k, beta=0.0),
    "beta -1": lambda k: drawn(k, beta=-1.0),
    "seed 2^63 - 1": lambda k: trained(k, seed=2**63 - 1),
    "seed 2^63": lambda k: trained(k, seed=2**63),
    "seed -1": lambda k: trained(k, seed=-1),
    "epochs 0": lambda k: trained(k, epochs=0),
}


def ending(answer: Answer, kind: str) -> str:
    """`finite`, a diagnostic's code, or what is wrong."""
    try:
        found = answer(kind)
    except BmError as error:
        return str(error.diagnostics[0].code)
    except Exception as error:
        return f"WRONG: {type(error).__name__}: {error}"
    return "finite" if all(np.isfinite(x).all() for x in found.values()) else "WRONG: not finite"


def main() -> None:
    warnings.simplefilter("ignore")
    wrong = 0
    print(f"{'':32}" + "".join(f"{kind:>12}" for kind in UNITS))
    for name, answer in ENDS.items():
        found = [ending(answer, kind) for kind in UNITS]
        wrong += sum(x.startswith("WRONG") for x in found)
        print(f"{name:32}" + "".join(f"{x:>12}" for x in found), flush=True)
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()

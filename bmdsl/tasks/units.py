"""A unit type held against itself at length, its compiled code with it: what `bm units --check`
does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import units
from ..language.source import Source
from ..language.vocabulary import Option
from ..model import Model
from ..units.conformance import example_arguments, problems
from ..units.interface import UnitType
from ..units.unit_check import Finding, formulas, moments, worst

COPIES, CHAINS = 512, 64
ERRORS = 5.0
"""Standard errors that a mean over random draws may be off."""


def examine(name: str) -> tuple[list[Finding], list[str]]:
    """Every comparison for a registered type, in order, and what its interface lacks, in words.

    BmError for an unknown name.
    """
    unit = units.get(name)
    wrong = list(problems(unit))
    return ([] if wrong else [*formulas(unit), *_compiled(unit)]), wrong


def _compiled(unit: type[UnitType]) -> Iterator[Finding]:
    """The generated kernels in single precision: means to rounding, means of draws to their
    standard errors.
    """
    options = ", ".join(
        f"{o.name} = {v:g}" for o, v in zip(_numbers(unit), example_arguments(unit), strict=True)
    )
    options = ", ".join(filter(None, ["3" if unit.states is not None else "", options]))
    at, size = (
        (", k", int(unit.components or 3))
        if unit.states is not None or unit.components is not None
        else ("", 1)
    )
    text = (
        f"model check {{ visible x[{COPIES}] : {unit.name}{f'({options})' if options else ''} "
        f" param b  energy = - b{'[k]' if at else ''} x[i{at}] }}"
    )
    machine = Model(Source("<text>", text)).compile(seed=1)
    means, draws = [], []
    for e in (-2.0, -0.5, 0.5, 2.0):
        eta = np.resize([e, -0.3 * e, 0.1], size)
        machine.params["b"] = eta if at else e
        mean, _ = moments(unit, eta, example_arguments(unit), 0.0)
        x = machine.sample(CHAINS, steps=1)["x"].astype(np.float64).reshape(CHAINS * COPIES, size)
        found = machine.conditional("x", x=x.reshape(CHAINS, COPIES, *([size] if at else [])))[
            0
        ].reshape(COPIES, size)[0]
        means.append(
            (float(np.max(np.abs(found - mean) / np.maximum(1.0, np.abs(mean)))), f"η = {e:g}")
        )
        off = np.maximum(0.0, np.abs(x.mean(0) - mean) - unit.draws_within)
        draws.append(
            (float(np.max(off / np.maximum(x.std(0), 1e-3) * len(x) ** 0.5)), f"η = {e:g}")
        )
    yield worst("compiled mean (float32)", means, 1e-4)
    yield worst("compiled draws, in standard errors", draws, ERRORS)


def _numbers(unit: type[UnitType]) -> list[Option]:
    return [o for o in unit.options if o.name != unit.states]

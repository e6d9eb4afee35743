"""Forecasts of models whose given group holds the past of a visible group: draw, shift, draw on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import fail

if TYPE_CHECKING:
    from .machine import Machine

Axes = tuple[int, ...]


def feeds_of(machine: Machine, wanted: Mapping[str, str] | None = None) -> dict[str, str]:
    """Given group → the visible group whose past it holds, oldest frame first.

    Found by shape: given[T, *axes] of visible[*axes], of one unit type; `wanted` chooses.
    Raises BM791 if no given group has that shape, BM792 if several visible groups fit, BM793 for
    a pair in `wanted` that does not fit.
    """
    fits = {g: [v for v in machine.visible if _fits(machine, g, v)] for g in machine.given}
    for given, visible in (wanted or {}).items():
        if visible not in fits.get(given, []):
            raise fail(
                "BM793",
                f"`{given}` cannot hold the past of `{visible}`",
                help=(
                    "a given group of shape [T, *axes] holds the past of a visible one "
                    "of shape [*axes] and the same unit type"
                ),
            )
    out = dict(wanted or {})
    for given, visibles in fits.items():
        if given in out or not visibles or wanted:
            continue
        if len(visibles) > 1:
            known = ", ".join(f"`{v}`" for v in visibles)
            raise fail(
                "BM792",
                f"`{given}` could hold the past of {known}",
                help=f"say which: `--feed {given}={visibles[0]}`, "
                f'`feed={{"{given}": "{visibles[0]}"}}` in Python',
            )
        out[given] = visibles[0]
    if not out:
        raise fail(
            "BM791",
            f"`{machine.model.name}` has no given group that holds the past of a visible one",
            help="for instance `given past[T, D] : gaussian` beside `visible v[D] : gaussian`",
        )
    return out


def _fits(machine: Machine, given: str, visible: str) -> bool:
    g, v = (machine.program.plan.group(n) for n in (given, visible))
    same = g.unit.name == v.unit.name and g.states == v.states
    return same and len(g.axes) > 0 and tuple(map(int, g.axes[1:])) == tuple(map(int, v.axes))


def forecast(
    machine: Machine,
    given: Mapping[str, np.ndarray],
    frames: int,
    steps: int,
    feeds: Mapping[str, str],
) -> dict[str, np.ndarray]:
    """`frames` frames of each chain: visible group → [n, frames, *axes].

    `given` has one case per chain, [n, *axes]. Every frame is the end of `steps` sweeps that begin
    at the frame before; it then becomes the last of its past. Given groups that hold no past keep
    their values.
    """
    given = {n: np.array(x) for n, x in given.items()}
    n = len(next(iter(given.values())))
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in machine.visible}
    for _ in range(frames):
        begin = {visible: given[name][:, -1] for name, visible in feeds.items()}
        state = machine.sample(n, steps, clamp=given, init=begin)
        for name, x in drawn.items():
            x.append(state[name])
        for name, visible in feeds.items():
            given[name] = np.concatenate([given[name][:, 1:], state[visible][:, None]], axis=1)
    return {name: np.stack(x, axis=1) for name, x in drawn.items()}

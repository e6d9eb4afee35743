"""Which entries of which visible groups are to be filled in, from a mask of any form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.arrays import real
from ..language.diagnostics import BmError, fail, near
from ..language.spelling import spelled
from ..runtime import gate

if TYPE_CHECKING:
    from ..runtime.program import State
    from .phases import Phases

Array = np.ndarray
MISSING = "nan"
"""The text for "where the data are NaN"; None says it too."""


def holes(machine: Phases, state: State, mask: Any) -> dict[str, Array]:
    """Visible group → True where an entry is to be filled in, [cases, size].

    `mask` is an array, a dict of them by group, or None or "nan" for what is NaN in the data, which
    is filled in beside any mask. BmError BM786 for a mask that is of no visible group, or of no one
    in particular, BM777 for one that does not fit, BM770 for what is no array.
    """
    out = {n: np.isnan(state[n]) for n in machine.visible}
    for name, one in _by_group(machine, state, mask).items():
        if not _is_missing(one):
            out[name] |= _of_group(machine, name, one, len(state[name]))
    return out


def _is_missing(mask: Any) -> bool:
    if isinstance(mask, str) and mask != MISSING:
        raise fail(
            "BM786",
            f'a mask is an array, a dict of them, or "nan", not `{mask:.40}`',
            help="`machine.impute(x)` fills in what is NaN in the data",
        )
    return mask is None or isinstance(mask, str)


def _by_group(machine: Phases, state: State, mask: Any) -> dict[str, Any]:
    if isinstance(mask, Mapping):
        known = [g.name for g in machine.model.groups]
        out = {spelled(str(name), known): one for name, one in mask.items()}
        for name in out:
            if name not in machine.visible:
                close = near(name, machine.visible)
                what = "which is not visible" if name in known else "which the model has not"
                raise fail(
                    "BM786",
                    f"the mask is of `{name}`, {what}",
                    help=(
                        f"did you mean `{close}`?"
                        if close
                        else f"visible groups are {', '.join(f'`{n}`' for n in machine.visible)}"
                    ),
                )
        return out
    if _is_missing(mask):
        return {}
    if len(machine.visible) == 1 or np.ndim(real(mask, "the mask")) == 0:
        return dict.fromkeys(machine.visible, mask)
    fitting = []
    for name in machine.visible:
        try:
            _of_group(machine, name, mask, len(state[name]))
        except BmError as error:
            if error.diagnostics[0].code != "BM777":
                raise
        else:
            fitting.append(name)
    if len(fitting) != 1:
        which = " or ".join(f"`{n}`" for n in fitting) if fitting else "no visible group"
        raise fail(
            "BM786",
            f"a mask of shape {np.shape(mask)} fits {which}",
            help=f"a dict of masks by group: {{'{machine.visible[0]}': mask}}",
        )
    return {fitting[0]: mask}


def _of_group(machine: Phases, name: str, mask: Any, cases: int) -> Array:
    axes = tuple(int(a) for a in machine.program.plan.group(name).axes)
    units = axes if machine.program.states[name] == 1 else axes[:-1]
    found = gate.mask(mask, (cases, *axes), name, (cases, *units))
    return found.reshape(cases, -1)

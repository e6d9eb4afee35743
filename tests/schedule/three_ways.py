"""Every call of a compiled routine carried out in two further ways, from the same numbers: as the
printed text run as Python, and op by op without any text.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from typing import Any

import numpy as np
import pytest

from bmdsl.emit.routine import emit_routine
from bmdsl.runtime import binding, routines
from bmdsl.runtime.routines import Routine
from bmdsl.schedule.ops import KINDS
from bmdsl.schedule.philox import fill_uniforms
from bmdsl.schedule.schedule import Schedule
from bmdsl.schedule.values import Content, Life, Value
from bmdsl.training import compiled

from ..printed import statements
from .walked import carry_out

TOLERANCE = 1e-12
Space = dict[str, Any]


def run_as_python(text: str) -> Space:
    """The names of a printed module that ran as it stands, as where there is no numba.

    Its generator of uniforms takes as long as all else; that of the ops' meaning has the same
    numbers (`test_philox.py`).
    """

    def imported(name: str, *rest: Any) -> Any:
        if name == "numba":
            raise ImportError(name)
        return __import__(name, *rest)

    space: Space = {"__builtins__": {**vars(builtins), "__import__": imported}}
    exec(compile(text, "printed", "exec"), space)
    space["fill_uniforms"] = fill_uniforms
    return space


def copied(arrays: Iterable[Any]) -> list[Any]:
    """Copies of arguments; arrays that share memory have copies that share memory."""
    memory: dict[int, np.ndarray] = {}
    return [_copied(x, memory) if isinstance(x, np.ndarray) else x for x in arrays]


def _copied(x: np.ndarray, memory: dict[int, np.ndarray]) -> np.ndarray:
    whole = x
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    if not whole.flags.contiguous:
        return x.copy()
    if id(whole) not in memory:
        memory[id(whole)] = np.frombuffer(bytearray(whole.tobytes("A")), np.uint8)
    first = x.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return np.ndarray(x.shape, x.dtype, memory[id(whole)], first if x.size else 0, x.strides)


def discrete(v: Value, groups: Mapping[str, bool]) -> bool:
    """Whether an array's numbers are whole: states that were drawn, counts, words of bits."""
    of = next((n for n in v.labels if n in groups), "")
    return v.number in ("i8", "i4") or (v.content is Content.STATES and groups.get(of, False))


@dataclass
class ThreeWays:
    """What stands in the place of compiled routines, and which of them were called."""

    space: Space
    """The names of the printed module."""
    text: str
    groups: Mapping[str, bool]
    """Group → whether its states are whole numbers."""
    tolerance: float = TOLERANCE
    called: dict[str, Schedule] = field(default_factory=dict)
    """Text of every routine that was called → its schedule."""

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Compiled routines of the machines that are used from now on go three ways."""
        for module in (binding, compiled):
            monkeypatch.setattr(module, "compiled_routine", self.routine)

    def routine(self, schedule: Schedule, *rest: Any, **more: Any) -> Routine:
        """The compiled routine, whose calls are carried out in all ways."""
        made = routines.compiled_routine(schedule, *rest, **more)
        assert made.source == emit_routine(schedule, made.ragged)
        text = self._text_of(made)

        def call(*given: Any) -> None:
            self.called[made.source] = schedule
            printed, walked = copied(given), copied(given)
            made.function(*given)
            text(*printed)
            carry_out(schedule, self.space, _named(made, walked), made.ragged)
            for v, *found in zip(
                schedule.values, *(_arrays(made, x) for x in (given, printed, walked)), strict=True
            ):
                if v.life is not Life.SCRATCH:
                    self._verify(v, *found)

        return replaced(made, function=call)

    def _text_of(self, made: Routine) -> Callable[..., None]:
        """The function of the text: the printed module's own if that has the routine word for word,
        else the text run among the names of that module.
        """
        if statements(made.source) <= statements(self.text):
            found: Callable[..., None] = self.space[made.schedule.name]
            return found
        space = {**{n: k.reference for n, k in KINDS.items()}, **self.space}
        exec(compile(made.source, "printed", "exec"), space)
        return space[made.schedule.name]  # type: ignore[no-any-return]

    def _verify(self, v: Value, made: np.ndarray, printed: np.ndarray, walked: np.ndarray) -> None:
        np.testing.assert_array_equal(printed, walked, err_msg=f"{v}: text and ops")
        if discrete(v, self.groups):
            np.testing.assert_array_equal(made, printed, err_msg=f"{v}: compiled and text")
            return
        np.testing.assert_allclose(
            made,
            printed,
            rtol=self.tolerance,
            atol=self.tolerance,
            err_msg=f"{v}: compiled and text",
        )


def _names(made: Routine) -> list[str]:
    """The schedule's names of all arguments in order."""
    schedule = made.schedule
    numbers = [
        n for n, kind in schedule.numbers if not (made.ragged and (n, kind) == ("each", "F"))
    ]
    return [
        *([] if schedule.once else ["first", "last"]),
        *numbers,
        *(["starts"] if made.ragged else []),
        *(v.name for v in schedule.values),
    ]


def _named(made: Routine, given: list[Any]) -> Space:
    return dict(zip(_names(made), given, strict=True))


def _arrays(made: Routine, given: Any) -> list[Any]:
    return list(given)[len(given) - len(made.schedule.values) :]

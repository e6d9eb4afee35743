"""Schedules bound to arrays: the printed text, run by numba or as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any

import numba
import numpy as np

from ..emit.build import build_text
from ..emit.routine import argument_names, emit_routine, number_names
from ..kernels.table import (
    TABLE,
    Compiled,
    caller,
    in_place_of,
    load_table,
    numba_type,
    without_threads,
)
from ..kernels.tile_products import TILES
from ..schedule.ops import Kind, walk
from ..schedule.schedule import Schedule
from ..schedule.values import is_of_batch
from .lowering import lowered
from .machine_code import kept_or_made

Array = np.ndarray
MANY = 1 << 15
"""Units times rows from which on unit functions are worth threads."""


_COMPILED: dict[tuple[Any, ...], Callable[..., None]] = {}
"""Routines of this process by their text: a second training of the same model loads none anew."""


@dataclass(frozen=True)
class Routine:
    """A schedule with the function that carries it out."""

    schedule: Schedule
    source: str
    function: Callable[..., None]
    ragged: bool = False
    """Whether minibatches differ in size."""

    def __call__(
        self, first: int, last: int, numbers: Mapping[str, Any], arrays: Mapping[str, Array]
    ) -> None:
        """Carries updates `first`, ..., `last` − 1 out, in place.

        `arrays` are named as the routine's arguments.
        """
        self.function(
            first, last, *(numbers[n] for n in self._numbers), *(arrays[n] for n in self._arrays)
        )

    @cached_property
    def _numbers(self) -> list[str]:
        return number_names(self.schedule, self.ragged)

    @cached_property
    def _arrays(self) -> list[str]:
        return argument_names(self.schedule, self.ragged)


def has_forms(schedule: Schedule, module: ModuleType) -> bool:
    """Whether the routine for arrays of fewer than `MANY` numbers, without threads, is another."""
    kinds = {op.kind.name: op.kind for op in walk(schedule.body)}
    load_table()
    forms = ((k, _compiled(k, module)) for k in kinds.values())
    return any(without_threads(k, x, MANY - 1) != x for k, x in forms)


def compiled_routine(
    schedule: Schedule,
    module: ModuleType,
    dtype: np.dtype[Any],
    ragged: bool = False,
    largest: int | None = None,
) -> Routine:
    """The printed text as machine code for arrays of this type; kernels are called by address.

    `largest`: numbers of its largest array. If no kernel could get work for more than one thread,
    none gets a parallel form, which takes longest to compile.
    """
    source = emit_routine(schedule, ragged)
    kinds = {op.kind.name: op.kind for op in walk(schedule.body)}
    load_table()
    forms = {n: _compiled(k, module) for n, k in kinds.items()}
    if largest is not None:
        forms = {n: without_threads(kinds[n], x, largest) for n, x in forms.items()}
    called = {n: caller(k, forms[n], dtype, _label(k, module)) for n, k in kinds.items()}
    words = sorted(_words(k, forms[n], module) for n, k in kinds.items())
    key = source, dtype, tuple(words)
    if key not in _COMPILED:
        signature = _signature(schedule, dtype, ragged)
        words = [source, str(dtype), *words]
        _COMPILED[key] = kept_or_made(words, lambda: lowered(source, signature, called), signature)
    return Routine(schedule, source, _COMPILED[key], ragged)


def plain_routine(
    schedule: Schedule, module: ModuleType, dtype: np.dtype[Any], ragged: bool = False
) -> Routine:
    """The printed text run as Python, each op by its NumPy meaning, or by the model's own
    module.
    """
    source = emit_routine(schedule, ragged)
    made = build_text(f'"""A routine run as it is printed."""\n\n\n{source}')
    kinds = {op.kind.name: op.kind for op in walk(schedule.body)}
    space = {
        n: getattr(module, n) if k.origin == "module" else k.reference for n, k in kinds.items()
    }
    function = getattr(made, schedule.name)
    bound = FunctionType(function.__code__, {**vars(made), **space}, schedule.name)
    return Routine(schedule, source, bound, ragged)


def _compiled(kind: Kind, module: ModuleType) -> Compiled:
    if kind.origin != "module":
        return TABLE[kind.name]
    function = getattr(module, kind.name)
    options = getattr(function, "targetoptions", {})
    python = getattr(function, "py_func", function)
    fast = options.get("fastmath", False)
    words = frozenset(fast) if isinstance(fast, set | frozenset) else frozenset()
    if options.get("parallel"):
        work = "out" if any(name == "out" for name, _ in kind.arguments) else kind.arguments[0][0]
        return Compiled(python, float(MANY), (work,), words)
    return Compiled(python, None, (), words, made=function if function is not python else None)


def _words(kind: Kind, form: Compiled, module: ModuleType) -> str:
    """What a call of a kind of op looks like in machine code."""
    name = f"{_label(kind, module)} {form.function.__module__} {form.function.__qualname__}"
    threads = f"{form.parallel_from} {form.work} {sorted(form.fastmath)}"
    other = in_place_of(form, np.dtype(np.float32))
    return f"{kind.name} {kind.arguments} {name} {threads} {other} {TILES}"


def _label(kind: Kind, module: ModuleType) -> str:
    if kind.origin != "module":
        return "kernel"
    function = getattr(module, kind.name)
    return str(getattr(function, "py_func", function).__module__)


def _signature(schedule: Schedule, dtype: np.dtype[Any], ragged: bool) -> list[Any]:
    out = [] if schedule.once else [numba.int64, numba.int64]
    numbers, names = dict(schedule.numbers), number_names(schedule, ragged)
    for number in (numbers[n] for n in names):
        out.append(
            numba_type(1 if number.endswith("[]") else None, number.removesuffix("[]"), dtype)
        )
    if ragged:
        out.append(numba_type(1, "i8", dtype))
    for v in schedule.values:
        of_cases = ragged and is_of_batch(v.shape[0]) if v.shape else False
        out.append(
            numba_type(v.axes + (1 if v.per_update and not of_cases else 0), v.number, dtype)
        )
    return out

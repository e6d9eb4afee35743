"""Routines bound to a program: which array or number each of their arguments is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from weakref import ref

import numpy as np

from ..emit.routine import argument_names, number_names
from ..native.python_calls import PythonCall
from ..plan.identifiers import identifier
from ..schedule.first_rows import FIRST
from ..schedule.schedule import Composition
from ..schedule.values import Value, length
from .listed_arrays import listed_array, listed_numbers
from .program import Array, Program
from .routines import MANY, Routine, compiled_routine, has_forms, plain_routine

SMALL = 1 << 20
"""Bytes of scratch arrays that are kept for the next call of as many rows."""
KEPT = 4
"""Numbers of rows for which scratch arrays are kept."""
LINE, MANY_LINES = 64, 1 << 16
"""Bytes of a line of the cache, and of arrays from which on it is worth beginning with one."""
Source = tuple[str, ...] | str
"""What comes with a call: an array by its source, as `("data", "v")`, or a number by its name."""
PASSED = ("data", "chain", "seen", "result", "base", "beta", "ladder", "bits", "pairs")
"""Sources of arrays that come with every call of a routine that is carried out once."""


def dtype_of(v: Value, program: Program) -> np.dtype[Any]:
    """The type of a value's numbers."""
    named: dict[str, Any] = {
        "F": program.dtype,
        "f8": np.float64,
        "f4": np.float32,
        "i8": np.int64,
        "i4": np.int32,
    }
    return np.dtype(named[v.number])


def bound_array(
    v: Value,
    shape: tuple[int, ...],
    program: Program,
    params: Mapping[str, Array],
    constants: Mapping[str, Array],
    arrays: Mapping[str, Array],
) -> Array | None:
    """The array of a value that a model has whatever is done with it; None if it is no such value.

    `arrays`: those of the values before it, which it may be bound to under another shape.
    """
    dtype = dtype_of(v, program)
    if program.listing is not None:
        found = listed_array(program.listing, v.source, program.dtype)
        if found is not None:
            return found
    kind, name = (*v.source, "", "")[:2]
    graphs = [g.name for g in program.plan.model.graphs]
    known: dict[str, Callable[[], Array]] = {
        "parameter": lambda: params[name].reshape(shape),
        "raw": lambda: params[name],
        "reshaped": lambda: arrays[name].reshape(shape),
        "no start": lambda: np.zeros(program.sizes[name] + 1, dtype),
        "ones": lambda: np.ones(shape, dtype),
        "constant": lambda: constants[name],
        "even weights": lambda: np.full(shape, 1 / max(1, shape[0]), dtype),
        "k": lambda: program.k,
        "n": lambda: program.n,
        "edges": lambda: program.edges[graphs.index(name)],
    }
    return known[kind]() if kind in known else None


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """A new array of zeros; a large one begins with a line of the cache, so that no register's load
    takes two.
    """
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size < MANY_LINES:
        return np.zeros(shape, dtype)
    room = np.zeros(size + LINE, np.uint8)
    first = -room.__array_interface__["data"][0] % LINE
    return room[first : first + size].view(dtype).reshape(shape)


def length_numbers(program: Program, lengths: Mapping[str, int | str]) -> dict[str, int]:
    """The scalar arguments that are lengths of the model."""
    states = {f"states_{identifier(n)}": k for n, k in program.states.items()}
    listed = listed_numbers(program.listing) if program.listing is not None else {}
    return {**states, **listed, **{n: int(x) for n, x in lengths.items()}}


@dataclass(frozen=True)
class Arguments:
    """The arguments of a routine for calls of so many rows, None for those that come with
    a call.
    """

    operands: tuple[Any, ...]
    scratch: int
    """Bytes of the scratch arrays among them."""
    largest: int
    """Numbers of the largest array among them."""


@dataclass
class BoundRoutine:
    """A routine that is carried out once a call, bound to a machine's parameters; scratch arrays
    fit the rows of a call.
    """

    composition: Composition
    routine: Routine
    program: Program
    params: Mapping[str, Array]
    numbers: Mapping[str, int]
    forms: bool = False
    """Whether `routine` is for small arrays and `threaded` for others."""
    _kept: dict[int, Arguments] = field(default_factory=dict)
    _prepared: tuple[ref[Any], int, Arguments] | None = None
    """Of what `prepared` was last called for, with the arguments of that call."""

    @classmethod
    def of(
        cls, composition: Composition, program: Program, params: Mapping[str, Array], seed: int
    ) -> BoundRoutine:
        """The routine, compiled, or run as it is printed if the program is."""
        facts = composition.schedule, program.module, program.dtype
        forms = not program.plain and has_forms(*facts[:2])
        if program.plain:
            routine = plain_routine(*facts)
        else:
            routine = compiled_routine(*facts, largest=MANY - 1 if forms else None)
        numbers = {"seed": seed, **length_numbers(program, composition.lengths)}
        return cls(composition, routine, program, params, numbers, forms)

    @cached_property
    def threaded(self) -> Routine:
        """The routine with what is worth threads in parallel, which takes long to compile."""
        return compiled_routine(self.composition.schedule, self.program.module, self.program.dtype)

    def __call__(self, rows: int, passed: Mapping[Source, Any]) -> None:
        """Carries the routine out for so many rows, in place.

        Calls from several threads have scratch arrays of their own.
        """
        arguments = self._kept.pop(rows, None) or self._arguments(rows)
        self._carry_out(arguments, passed)
        self._keep(rows, arguments)

    @contextmanager
    def held(self, rows: int) -> Iterator[Callable[[Mapping[Source, Any]], None]]:
        """Inside, the routine for calls of so many rows; small scratch arrays are kept for the next
        time.
        """
        arguments = self._kept.pop(rows, None) or self._arguments(rows)
        yield partial(self._carry_out, arguments)
        self._keep(rows, arguments)

    @contextmanager
    def prepared(
        self, rows: int, source: object | None
    ) -> Iterator[tuple[Callable[[Mapping[Source, Any]], None], bool]]:
        """Inside, the routine for calls of so many rows, and whether the arrays that it makes of
        the parameters are new: if not, they have what was made of this `source`, which is alive
        since.
        """
        of, count, arguments = self._prepared or (None, rows, None)
        self._prepared = None
        if arguments is None or of is None or of() is not source or count != rows:
            arguments = None
        new = arguments is None
        arguments = arguments or self._kept.pop(rows, None) or self._arguments(rows)
        yield partial(self._carry_out, arguments), new
        if source is None:
            self._keep(rows, arguments)
        else:
            self._prepared = ref(source, self._forget), rows, arguments

    def takes(self, number: str) -> bool:
        """Whether a number of this name comes with every call."""
        return any(n == number for n, _ in self.composition.schedule.numbers)

    def _forget(self, _: object) -> None:
        self._prepared = None

    def _keep(self, rows: int, arguments: Arguments) -> None:
        if arguments.scratch <= SMALL and len(self._kept) < KEPT:
            self._kept[rows] = arguments

    def fixed(self, rows: int, passed: Mapping[Source, Any]) -> Callable[[], None] | None:
        """The call for so many rows with these arrays, which later calls read and write again; None
        if the routine is no machine code.
        """
        function, given = self._chosen(self._arguments(rows), passed)
        return function.fixed(*given) if isinstance(function, PythonCall) else None

    def for_rows(self, rows: int) -> Callable[[Mapping[Source, Any]], None]:
        """The routine for many calls of so many rows, with scratch arrays that they all use."""
        return partial(self._carry_out, self._arguments(rows))

    def results(self, rows: int) -> dict[Source, Array]:
        """New arrays for all that the routine leaves for a call of so many rows, by source."""
        return {
            v.source: np.zeros([length(n, rows) for n in v.shape], dtype_of(v, self.program))
            for v in self.composition.schedule.values
            if v.source[:1] == ("result",)
        }

    def _carry_out(self, arguments: Arguments, passed: Mapping[Source, Any]) -> None:
        function, given = self._chosen(arguments, passed)
        function(*given)

    def _chosen(
        self, arguments: Arguments, passed: Mapping[Source, Any]
    ) -> tuple[Callable[..., None], list[Any]]:
        """The form of the routine for these arguments, and all that it takes."""
        given = list(arguments.operands)
        for key, x in passed.items():
            place = self._places.get(key)
            if place is not None:
                given[place] = x if not isinstance(x, np.ndarray) or x.flags.carray else x.copy()
        place = self._places.get(FIRST)
        if place is not None:
            given[place] = self.program.first_chain or 0
        routine = self.routine
        if self.forms and MANY <= max(arguments.largest, *(np.size(x) for x in passed.values()), 0):
            routine = self.threaded
        return routine.function, given

    @cached_property
    def _places(self) -> dict[Source, int]:
        """Where what comes with a call stands among the arguments."""
        schedule = self.composition.schedule
        names = [*number_names(schedule), *argument_names(schedule)]
        sources: dict[Source, int] = {n: names.index(n) for n, _ in schedule.numbers}
        return sources | {
            v.source: names.index(v.name)
            for v in schedule.values
            if v.source[:1] and v.source[0] in PASSED
        }

    def _arguments(self, rows: int) -> Arguments:
        schedule, scratch = self.composition.schedule, 0
        constants = self.composition.constants
        arrays: dict[str, Array] = {}
        for v in schedule.values:
            if v.source[:1] and v.source[0] in PASSED:
                continue
            shape = tuple(length(n, rows) for n in v.shape)
            found = bound_array(v, shape, self.program, self.params, constants, arrays)
            if found is None:
                found = zeros(shape, dtype_of(v, self.program))
                scratch += found.nbytes
            arrays[v.name] = found
        numbers = [self.numbers.get(n, 0) for n in number_names(schedule)]
        operands = (*numbers, *(arrays.get(n) for n in argument_names(schedule)))
        largest = max((x.size for x in arrays.values()), default=0)
        return Arguments(operands, scratch, largest)

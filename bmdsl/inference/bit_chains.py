"""Chains of units of two values, 64 to a word: whether a model's can be, and their sweeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from ..plan.streams import GROUPS
from ..runtime.binding import BoundRoutine, Source
from ..runtime.bit_form import BitForm, NotBits, bit_form, valid_chains, words_of
from ..runtime.bound_machine import BoundMachine
from ..runtime.pace import Pace
from ..runtime.program import Array, Rows, State
from ..schedule.routines.bit_sweeps import BITS, bit_sweeps
from .chain_arrays import count_rows, has_states, parted

FEWEST_CHAINS = 64
"""Chains from which on they are bits where they can be: a word's full."""
AT_ONCE = 5e7
"""Draws of the first call, a hundredth of a second or a few: states are packed once a call."""
LARGEST_TABLE = 1 << 23
"""Words of the tables of one call."""


@dataclass
class BitChains:
    """The forms of one machine's chains as bits, for the parameters that they were made for."""

    _forms: dict[tuple[tuple[str, ...], bool], tuple[dict[str, Array], BitForm | NotBits]] = field(
        default_factory=dict
    )
    _routines: dict[tuple[tuple[str, ...], bool], BoundRoutine] = field(default_factory=dict)

    def sweeps(
        self,
        machine: BoundMachine,
        state: State,
        steps: int,
        observed: State,
        keys: tuple[int, int, int],
        beta: Array | None,
        averaged: tuple[str, ...],
    ) -> Rows | None:
        """`steps` sweeps in place as `machine.sweep` does them; None if these chains are numbers.

        `keys`: stream, update, and the number of the first sweep. Raises BM778 if the machine's
        layout is `bits` and the chains cannot be.
        """
        count, layout = count_rows(state), machine.layout
        if layout in ("numbers", "codes") or steps < 1:
            return None
        if layout == "auto" and count < FEWEST_CHAINS:
            return None
        try:
            free = _free(machine, state, observed, averaged)
            form = self._form(machine, free, count)
            betas, level = _levels(beta, count, words_of(count))
        except NotBits as reason:
            if layout == "bits":
                raise fail(
                    "BM778",
                    f"chains of `{machine.model.name}` cannot be bits: {reason}",
                    help="leave the layout to `auto`, or choose `numbers`",
                ) from None
            return None
        now = {n: np.ascontiguousarray(x, machine.dtype) for n, x in state.items()}
        now |= {n: np.ascontiguousarray(x, machine.dtype) for n, x in observed.items()}
        self._run(machine, form, free, now, steps, keys, betas, level)
        for n, x in now.items():
            if n in state and x is not state[n]:
                state[n][...] = x
        stream, update, first = keys
        if not any(n in free for n in machine.program.plan.mean_block):
            return Rows(state)
        ends = beta if beta is None or beta.ndim == 1 else beta[-1]
        return BoundMachine.sweep(
            machine, state, 0, observed, update=update, stream=stream, beta=ends
        )

    def _run(
        self,
        machine: BoundMachine,
        form: BitForm,
        free: tuple[str, ...],
        now: State,
        steps: int,
        keys: tuple[int, int, int],
        betas: Array,
        level: Array,
    ) -> None:
        stream, update, first = keys
        varying, count = len(betas) > 1, count_rows(now)
        routine = self._routine(machine, free, varying)
        passed: dict[Source, Any] = {("chain", n): x for n, x in now.items()}
        passed |= {(BITS, n): x for n, x in form.arrays.items()}
        passed |= {(BITS, "place", n): x for n, x in form.place.items()}
        passed[BITS, "B"] = np.zeros((form.places, words_of(count)), np.int64)
        passed[BITS, "level"], passed[BITS, "valid"] = level, valid_chains(count)
        passed |= {"size": form.size, "many": int(form.many), "colours": form.colours}
        passed |= {"call": update, "stream": GROUPS * stream}
        passed[BITS, "table"] = None if varying else form.table(betas[0])
        room = max(1, LARGEST_TABLE // (form.size * betas.shape[1]))
        work = 64 * form.places * words_of(count)
        done, pace = 0, Pace(1 if machine.program.plain else int(AT_ONCE / work))
        with routine.held(count) as call:
            while done < steps:
                some = min(pace.count, steps - done)
                if varying:
                    some = min(some, room)
                    passed[BITS, "table"] = form.table(betas[done : done + some])
                with pace.timed(some):
                    call(passed | {"begin": first + done, "steps": some})
                done += some

    def _form(self, machine: BoundMachine, free: tuple[str, ...], count: int) -> BitForm:
        key = free, words_of(count) % 8 == 0
        params = {n: machine.params[n] for n in machine.params}
        if key in self._forms:
            made_for, form = self._forms[key]
            if all(np.array_equal(x, made_for[n]) for n, x in params.items()):
                return _unless_refused(form)
        try:
            form = bit_form(machine.program, machine.held_fields(), free, count)
        except NotBits as reason:
            form = reason
        self._forms[key] = {n: x.copy() for n, x in params.items()}, form
        return _unless_refused(form)

    def _routine(self, machine: BoundMachine, free: tuple[str, ...], varying: bool) -> BoundRoutine:
        key = free, varying
        if key not in self._routines:
            made = bit_sweeps(machine.program.plan, free, varying)
            self._routines[key] = BoundRoutine.of(
                made, machine.program, machine.params, machine.seed
            )
        return self._routines[key]

    def __reduce__(self) -> tuple[Callable[[], BitChains], tuple[()]]:
        return BitChains, ()


def _unless_refused(form: BitForm | NotBits) -> BitForm:
    if isinstance(form, NotBits):
        raise form
    return form


def _free(
    machine: BoundMachine, state: State, observed: Mapping[str, Array], averaged: tuple[str, ...]
) -> tuple[str, ...]:
    """The groups to draw, in the order of their blocks. Raises NotBits if some cannot be bits."""
    plan = machine.program.plan
    if not plan.all_listed:
        raise NotBits("matrices couple units, and their fields take many values")
    if averaged:
        raise NotBits("groups take means in the place of draws")
    if machine.temperature or not machine.has_routines():
        raise NotBits("responsibilities have a temperature of their own")
    held, seen = parted(dict(observed))
    if seen:
        raise NotBits(f"some units of `{seen[0]}` are observed, others are not")
    for n in plan.listed_groups:
        if n in state and not has_states(machine.program, n, state[n], dict(observed)):
            raise NotBits(f"`{n}` has means in the place of states")
    fixed = {*held, *machine.given}
    free = tuple(n for block in plan.blocks for n in block if n not in fixed)
    if not free:
        raise NotBits("all groups are held fixed")
    return free


def _levels(beta: Array | None, count: int, words: int) -> tuple[Array, Array]:
    """The different inverse temperatures, [sweeps or 1, levels], and which of them each word has.

    Raises NotBits if chains of one word, or of one register, differ.
    """
    if beta is None:
        return np.ones((1, 1)), np.zeros(words, np.int64)
    given = np.atleast_2d(np.asarray(beta, np.float64))
    size = 512 if words % 8 == 0 else 64
    first = given[:, ::size]
    if not np.array_equal(np.repeat(first, size, axis=1)[:, :count], given):
        raise NotBits("chains of one word have different inverse temperatures")
    betas, level = np.unique(first, axis=1, return_inverse=True)
    level = np.repeat(level.reshape(-1), size // 64).astype(np.int64)
    return betas, level[:words]

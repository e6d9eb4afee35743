"""Chains of units of two values as bits, 64 chains to a word or sites of a lattice side by side:
whether a model's can be, and their sweeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..language.diagnostics import BmError, fail
from ..plan.plan import BESIDE_ROWS, FEW_UNITS, MANY_CHAINS
from ..plan.stencils import REGISTER as REGISTER_BITS
from ..plan.stencils import NotStencil
from ..plan.streams import GROUPS
from ..runtime.binding import BoundRoutine, Source
from ..runtime.bit_entries import NotBits
from ..runtime.bit_form import BitForm, bit_form, valid_chains, words_of
from ..runtime.bound_machine import BoundMachine
from ..runtime.field_form import FieldForm, field_form
from ..runtime.pace import Pace
from ..runtime.program import Array, Rows, State
from ..runtime.stencil_form import StencilForm, stencil_form
from ..schedule.bit_ops import BLOCK, LANES
from ..schedule.first_rows import with_first_row
from ..schedule.routines.bit_sweeps import BITS, PACK, UNPACK, bit_sweeps
from ..schedule.routines.field_sweeps import field_sweeps
from ..schedule.routines.stencil_sweeps import stencil_sweeps
from .chain_arrays import by_cells, count_rows, has_states, parted, stand_by_sites

FULL = 64
"""Chains from which on they stand in words, however large a lattice is and its rows are."""
AT_ONCE = 5e7
"""Draws of the first call, a hundredth of a second or a few."""
LARGEST_TABLE = 1 << 23
"""Words of the tables of one call."""
Form = BitForm | StencilForm | FieldForm
Kind = tuple[tuple[str, ...], str]
"""The groups that are drawn, and how their units stand."""


@dataclass
class BitChains:
    """The forms of one machine's chains as bits, for the parameters that they were made for."""

    _forms: dict[Kind, tuple[dict[str, Array], Form | NotBits]] = field(default_factory=dict)
    _routines: dict[tuple[Kind, bool, bool], BoundRoutine] = field(default_factory=dict)

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
        layout is `bits` or `stencil` and the chains cannot be.
        """
        count = count_rows(state)
        reason = NotBits()
        of_all = machine.program.of_all_ranks(count)
        for way in _ways(machine, of_all) if steps >= 1 else ():
            try:
                free = free_groups(machine, state, observed, averaged)
                form = self.form(machine, (free, way))
                betas, level = _levels(beta, count, CHAINS_OF_A_LEVEL[way])
                break
            except NotBits as refused:
                reason = refused
        else:
            in_cells = machine.layout == "stencil" and not averaged and by_cells(machine, count)
            if steps >= 1 and machine.layout in ("bits", "stencil") and not in_cells:
                raise _refused(machine, reason)
            return None
        now = {n: np.ascontiguousarray(x, machine.dtype) for n, x in state.items()}
        now |= {n: np.ascontiguousarray(x, machine.dtype) for n, x in observed.items()}
        self._run(machine, form, (free, way), now, steps, keys, betas, level)
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

    def standing(
        self, machine: BoundMachine, free: tuple[str, ...], count: int
    ) -> tuple[str, Form]:
        """How these chains' units stand, and their form. Raises NotBits if they are numbers."""
        reason = NotBits()
        for way in _ways(machine, machine.program.of_all_ranks(count)):
            try:
                return way, self.form(machine, (free, way))
            except NotBits as refused:
                reason = refused
        raise reason

    def at_once(self, machine: BoundMachine, count: int) -> int:
        """Chains that are drawn together, of so many: ranks can share no fewer."""
        if machine.layout not in ("auto", "bits"):
            return 1
        try:
            way, _ = self.standing(machine, free_groups(machine, {}, {}, ()), count)
        except NotBits:
            return 1
        return BLOCK if way != STENCIL else 1

    def takes(self, machine: BoundMachine, count: int, observed: State) -> bool:
        """Whether so many chains that begin at their biases are bits, or have to be."""
        if machine.layout in ("bits", "stencil"):
            return True
        try:
            self.standing(machine, free_groups(machine, {}, observed, ()), count)
        except NotBits:
            return False
        return True

    def _run(
        self,
        machine: BoundMachine,
        form: Form,
        kind: Kind,
        now: State,
        steps: int,
        keys: tuple[int, int, int],
        betas: Array,
        level: Array,
    ) -> None:
        stream, update, first = keys
        varying, count = len(betas) > 1, count_rows(now)
        routine = self._routine(machine, kind, varying, form)
        passed: dict[Source, Any] = {("chain", n): x for n, x in now.items()}
        passed |= {(BITS, n): x for n, x in form.arrays.items()}
        if isinstance(form, StencilForm):
            passed[BITS, "B"] = np.zeros((count, form.words), np.int64)
            passed[BITS, "level"], passed["colours"] = level, form.parts
        else:
            of_all = machine.program.of_all_ranks(count)
            words = words_of(count, of_all)
            passed |= {(BITS, "place", n): x for n, x in form.place.items()}
            passed[BITS, "B"] = np.zeros((form.places, words), np.int64)
            of_words = np.repeat(level, CHAINS_OF_A_LEVEL[kind[1]] // 64)[:words]
            no_chains = words - len(of_words)  # words that fill a register up
            passed[BITS, "level"] = np.pad(of_words, (0, no_chains), mode="edge")
            passed["colours"] = form.colours
        if isinstance(form, BitForm):
            passed[BITS, "valid"] = valid_chains(count, of_all)
            passed |= {"size": form.size, "many": int(form.many)}
        work = sum(x.size for x in now.values())
        passed |= {"call": update, "stream": GROUPS * stream}
        table = form.table(betas[0])
        passed[BITS, "table"] = table
        room = max(1, LARGEST_TABLE // max(1, table.size))
        done, pace = 0, Pace(1 if machine.program.plain else int(AT_ONCE / work))
        with routine.held(count) as call:
            while done < steps:
                some = min(pace.count, steps - done)
                if varying:
                    some = min(some, room)
                    passed[BITS, "table"] = form.table(betas[done : done + some])
                with pace.timed(some):
                    ends = {PACK: int(not done), UNPACK: int(done + some == steps)}
                    call(passed | ends | {"begin": first + done, "steps": some})
                done += some

    def form(self, machine: BoundMachine, kind: Kind) -> Form:
        """The form of this kind for the machine's parameters. Raises NotBits if there is none."""
        params = {n: machine.params[n] for n in machine.params}
        if kind in self._forms:
            made_for, form = self._forms[kind]
            if all(np.array_equal(x, made_for[n]) for n, x in params.items()):
                return _unless_refused(form)
        try:
            form = _made(machine, *kind)
        except NotBits as reason:
            form = reason
        self._forms[kind] = {n: x.copy() for n, x in params.items()}, form
        return _unless_refused(form)

    def _routine(
        self, machine: BoundMachine, kind: Kind, varying: bool, form: Form
    ) -> BoundRoutine:
        key = kind, varying, isinstance(form, StencilForm) and form.short
        if key not in self._routines:
            plan, free = machine.program.plan, kind[0]
            if isinstance(form, StencilForm):
                made = stencil_sweeps(plan, free, varying, form.short)
            else:
                made = (field_sweeps if kind[1] == FIELDS else bit_sweeps)(plan, free, varying)
            self._routines[key] = BoundRoutine.of(
                with_first_row(made), machine.program, machine.params, machine.seed
            )
        return self._routines[key]

    def __reduce__(self) -> tuple[Callable[[], BitChains], tuple[()]]:
        return BitChains, ()


STENCIL, WORD, REGISTER, FIELDS = "stencil", "word", "register", "fields"
CHAINS_OF_A_LEVEL = {STENCIL: 1, WORD: 64, REGISTER: 512, FIELDS: 64}
"""How units may stand: sites of a row side by side; the chains of a unit in words, or in whole
registers; in words with fields that are numbers. With each, how many chains have one inverse
temperature.
"""


def _ways(machine: BoundMachine, count: int) -> tuple[str, ...]:
    """How these chains' units may stand as bits, what is quickest first."""
    words = REGISTER if words_of(count) % LANES == 0 else WORD
    if machine.layout != "auto":
        return {"bits": (words, FIELDS), "stencil": (STENCIL,)}.get(machine.layout, ())
    if count >= FULL:
        return words, FIELDS
    program = machine.program
    in_register = _in_register(machine)
    rows = (STENCIL,) if in_register >= FEW_UNITS else ()
    if count < MANY_CHAINS:
        return rows
    if not stand_by_sites(program, count):
        rest: tuple[str, ...] = (words, FIELDS)
    else:  # 64 units at a time are quicker than words of so few chains
        rest = (words,) if in_register else ()
    if count * REGISTER_BITS >= BESIDE_ROWS * in_register:
        return (*rest[:1], *rows, *rest[1:])
    return (*rows, *rest)


def _in_register(machine: BoundMachine) -> int:
    """Units of one colour that a register of a lattice's rows has; 0 if the model is no lattice."""
    try:
        return machine.program.plan.lattice.in_register
    except NotStencil:
        return 0


def _made(machine: BoundMachine, free: tuple[str, ...], way: str) -> Form:
    if way == STENCIL:
        return stencil_form(machine.program, machine.held_fields(), free)
    if way == FIELDS:
        return field_form(machine.program, machine.held_fields(), free)
    return bit_form(machine.program, machine.held_fields(), free, way == REGISTER)


def _refused(machine: BoundMachine, reason: NotBits) -> BmError:
    what = "bits" if machine.layout == "bits" else "rows of a stencil"
    return fail(
        "BM778",
        f"chains of `{machine.model.name}` cannot be {what}: {reason}",
        help="leave the layout to `auto`, or choose `numbers`",
    )


def _unless_refused(form: Form | NotBits) -> Form:
    if isinstance(form, NotBits):
        raise form
    return form


def free_groups(
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


def _levels(beta: Array | None, count: int, alike: int) -> tuple[Array, Array]:
    """The different inverse temperatures, [sweeps or 1, levels], and which of them every `alike`
    chains have.

    Raises NotBits if they differ.
    """
    if beta is None:
        return np.ones((1, 1)), np.zeros(-(-count // alike), np.int64)
    given = np.atleast_2d(np.asarray(beta, np.float64))
    first = given[:, ::alike]
    if not np.array_equal(np.repeat(first, alike, axis=1)[:, :count], given):
        raise NotBits("chains of one word have different inverse temperatures")
    betas, level = np.unique(first, axis=1, return_inverse=True)
    return betas, level.reshape(-1).astype(np.int64)

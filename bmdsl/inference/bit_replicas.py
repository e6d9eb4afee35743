"""Replicas of units of two values as bits, in words of one beta: 64 ladders to a word, which
exchange their temperatures by masked swaps of words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from ..runtime.binding import BoundRoutine, Source
from ..runtime.bit_entries import NotBits
from ..runtime.bit_form import BitForm, valid_chains, words_of
from ..runtime.bit_terms import bit_terms
from ..runtime.bound_machine import BoundMachine
from ..runtime.field_form import FieldForm
from ..runtime.pace import Pace
from ..runtime.program import Array, State
from ..schedule.bit_ops import LANES
from ..schedule.routines.bit_exchanges import KEEP, bit_exchanges
from ..schedule.routines.bit_sweeps import BITS
from ..schedule.routines.exchange import LADDER, ROUNDS
from ..schedule.routines.pairs import Sums
from .bit_chains import FIELDS, REGISTER, WORD, BitChains, Kind, free_groups

FEWEST_LADDERS, FEWEST_BY_FIELDS = 4, 16
"""Ladders from which on replicas are bits where they can be, if fields are counts and if they are
numbers: a word has room for 64, and is drawn in the same time if it is not full
(docs/performance.md has the measurement).
"""


@dataclass
class Packed:
    """All replicas of `ladders` ladders at `count` temperatures: bits [places, count · words], and
    how they stand.
    """

    bits: Array
    form: BitForm | FieldForm
    kind: Kind
    ladders: int
    count: int
    held: State
    """What groups are held at, as it was given."""
    passed: dict[Source, Any] = field(default_factory=dict)

    @property
    def words(self) -> int:
        """Words of a temperature."""
        return self.bits.shape[1] // self.count

    def states_at(self, machine: BoundMachine, k: int) -> State:
        """The states at temperature k, [ladders, size] a group, ladder after ladder."""
        return self.states_of(machine, self.bits[:, k * self.words : (k + 1) * self.words])

    def states_of(self, machine: BoundMachine, words: Array) -> State:
        """The states of ladders whose bits are these words, [places, words]."""
        out = {}
        for n, place in self.form.place.items():
            own = np.ascontiguousarray(words[place]).view(np.uint8)
            on = np.unpackbits(own, axis=1, bitorder="little", count=self.ladders).T
            spin = machine.program.plan.group(n).unit.name == "spin"
            out[n] = np.empty(on.shape, machine.dtype)
            np.multiply(on, 2 if spin else 1, out=out[n], casting="unsafe")
            out[n] -= spin
        return out


def pack(
    machine: BoundMachine, state: State, held: State, place: Array, forms: BitChains
) -> Packed:
    """The replicas of `state`, row c · R + r at temperature place[c, r], as bits.

    Raises NotBits if they cannot be.
    """
    ladders, count = place.shape
    free = free_groups(machine, state, held, ())
    words = words_of(ladders)
    ways = (REGISTER if words % LANES == 0 else WORD, FIELDS)
    form, way, reason = None, "", NotBits()
    for way in ways:
        if way == FIELDS and machine.layout == "auto" and ladders < FEWEST_BY_FIELDS:
            raise NotBits(f"fewer than {FEWEST_BY_FIELDS} ladders, and {reason}")
        try:
            form = forms.form(machine, (free, way))
            break
        except NotBits as refused:
            reason = refused
    if form is None:
        raise reason
    assert isinstance(form, BitForm | FieldForm)
    places = form.places + isinstance(form, FieldForm)
    room = np.zeros(places * count * words + LANES, np.int64)  # registers may end after it
    packed = Packed(
        room[: places * count * words].reshape(places, -1), form, (free, way), ladders, count, held
    )
    rows = np.argsort(place, axis=1).T + count * np.arange(ladders)  # [count, ladders]
    for n, at in form.place.items():
        on = np.zeros((count, 64 * words, machine.program.sizes[n]), bool)
        on[:, :ladders] = (held[n] if n in held else state[n])[rows] > 0
        turned = np.ascontiguousarray(on.reshape(count * 64 * words, -1).T)
        packed.bits[at] = np.packbits(turned, axis=1, bitorder="little").view(np.int64)
    packed.passed = _arguments(machine, packed)
    return packed


def _arguments(machine: BoundMachine, packed: Packed) -> dict[Source, Any]:
    """What is passed with every call, but for what is of the ladder."""
    form, words, count = packed.form, packed.words, packed.count
    terms = bit_terms(machine.program, machine.held_fields(), packed.kind[0], form.place)
    arrays = {**form.arrays, **terms.arrays}
    passed: dict[Source, Any] = {(BITS, n): x for n, x in arrays.items()}
    passed |= {
        (BITS, "B"): packed.bits,
        (BITS, "level"): np.repeat(np.arange(count), words),
        (BITS, "x"): np.zeros(64 * count * words),
        (BITS, "masks"): np.zeros((count - 1, words), np.int64),
        (BITS, "best_x"): np.full(64 * words, -np.inf),
        (BITS, "best"): np.zeros((len(packed.bits), words), np.int64),
        (BITS, "found"): np.zeros(64 * words, np.int64),
        "colours": form.colours,
        "offset": terms.offset,
    }
    if isinstance(form, BitForm):
        passed[BITS, "valid"] = np.tile(valid_chains(packed.ladders), count)
        passed |= {"size": form.size, "many": int(form.many)}
    return passed


@dataclass
class BitReplicas:
    """The routines of one machine's replicas as bits."""

    _routines: dict[tuple[Kind, tuple[Sums, ...] | None], BoundRoutine] = field(
        default_factory=dict
    )

    def run(
        self,
        machine: BoundMachine,
        packed: Packed,
        ladder: Mapping[str, Array],
        keys: Mapping[str, int],
        uniforms: Callable[[int], Array],
        keep: bool = False,
    ) -> None:
        """`keys["rounds"]` rounds of sweeps and exchanges in place, as `run_exchanges` does them;
        `keep`: the lowest states so far are kept.
        """
        routine = self.routine(machine, packed)
        table = packed.form.table(np.ascontiguousarray(ladder["ladder"]))
        passed = packed.passed | {(LADDER, n): x for n, x in ladder.items()}
        passed |= {**keys, KEEP: int(keep)}
        passed[BITS, "table"] = table
        rounds, done, pace = keys["rounds"], 0, Pace()
        with routine.held(packed.ladders * packed.count) as call:
            while done < rounds:
                some = min(pace.count, rounds - done)
                part: dict[Source, Any] = {n: keys[n] + done for n in ("call", "parity")}
                part[LADDER, "uniforms"] = np.stack([uniforms(done + r) for r in range(some)])
                with pace.timed(some):
                    call(passed | part | {ROUNDS: some})
                done += some

    def routine(
        self, machine: BoundMachine, packed: Packed, record: tuple[Sums, ...] | None = None
    ) -> BoundRoutine:
        """The routine of these replicas, which takes this record if one is wanted."""
        key = packed.kind, record
        if key not in self._routines:
            fields = isinstance(packed.form, FieldForm)
            made = bit_exchanges(machine.program.plan, packed.kind[0], fields, record)
            self._routines[key] = BoundRoutine.of(
                made, machine.program, machine.params, machine.seed
            )
        return self._routines[key]

    def __reduce__(self) -> tuple[Callable[[], BitReplicas], tuple[()]]:
        return BitReplicas, ()


def takes_bits(machine: BoundMachine, ladders: int) -> bool:
    """Whether so many ladders are to be bits if they can be."""
    if machine.program.first_chain is not None:  # a part of the ladders that ranks share
        return False
    return machine.layout == "bits" or (machine.layout == "auto" and ladders >= FEWEST_LADDERS)


def are_bits(machine: BoundMachine, ladders: int, forms: BitChains) -> bool:
    """Whether so many ladders are bits, with no group clamped."""
    if not takes_bits(machine, ladders):
        return False
    words = words_of(ladders)
    for way in (REGISTER if words % LANES == 0 else WORD, FIELDS):
        if way == FIELDS and machine.layout == "auto" and ladders < FEWEST_BY_FIELDS:
            return False
        try:
            forms.form(machine, (free_groups(machine, {}, {}, ()), way))
            return True
        except NotBits:
            continue
    return False


def refused(machine: BoundMachine, reason: NotBits) -> Exception:
    """BM778: replicas that cannot be bits."""
    return fail(
        "BM778",
        f"replicas of `{machine.model.name}` cannot be bits: {reason}",
        help="leave the layout to `auto`, or choose `numbers`",
    )

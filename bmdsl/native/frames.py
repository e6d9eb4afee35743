"""Loops whose turns threads share, and the frames that functions are added in."""

from __future__ import annotations

import ast
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from .expressions import Loop
from .kinds import Untranslatable
from .numbers import Arithmetic
from .places import INT64, Memory, Slot
from .statements import Statements

SHARE = "bm_share"
"""The symbol of what has every thread call a function at an address: `bmdsl.kernels.sharing`."""
FRAME = "code", "first", "rooms", "b", "memory", "numbers", "loops", "end", "start", "slots"
"""What belongs to the function whose code is being added."""


class Frames(Statements):
    """Adds functions of an LLVM module one inside another."""

    module: Any
    first: Any
    start: Any

    def begin(self, code: Any) -> None:
        """Goes on in another function of the module, whose code is still to come."""
        self.code = code
        self.first = code.append_basic_block("first")
        self.rooms, self.b = ir.IRBuilder(self.first), ir.IRBuilder(self.first)
        self.memory = Memory(self.b, self.rooms)
        self.numbers = Arithmetic(self.b, self.text.flags)
        self.loops: list[Loop] = []
        self.end = code.append_basic_block("end")
        self.start = code.append_basic_block("body")
        self.b.position_at_end(self.start)

    def close(self) -> None:
        """Ends the function that `_begin` began, but for what it returns."""
        if not self.b.block.is_terminated:
            self.b.branch(self.end)
        ir.IRBuilder(self.first).branch(self.start)
        self.b.position_at_end(self.end)
        for owner in self.memory.owned:
            self.memory.release(owner)

    def share(self, target: ast.Name, limits: list[ast.expr], body: list[ast.stmt]) -> None:
        """A loop whose turns threads share: a function of its own, which each of them calls as one
        part of so many.

        It has copies of the variables outside that it reads; those that it gives values are its
        own.
        """
        own = {target.id} | {
            x.id
            for y in body
            for x in ast.walk(y)
            if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)
        }
        if len(limits) != 1 or any(isinstance(y, ast.Return) for x in body for y in ast.walk(x)):
            raise Untranslatable("a shared loop of another form")
        if _summed(body) & set(self.slots):
            raise Untranslatable("a sum over a shared loop")
        count = self.rooms.alloca(INT64)
        self.b.store(self._index(limits[0]), count)
        read = {n: slot for n, slot in self.slots.items() if n not in own}
        places = [count, *(place for slot in read.values() for place in slot.places)]
        byte = ir.IntType(8).as_pointer()
        packed = self.rooms.alloca(ir.ArrayType(byte, len(places)))
        for k, place in enumerate(places):
            self.b.store(self.b.bitcast(place, byte), self.b.gep(packed, [INT64(0), INT64(k)]))
        shape = ir.FunctionType(ir.VoidType(), [INT64] * 3)
        part = ir.Function(self.module.module, shape, f"{self.code.name}.part{self.blocks}")
        part.linkage = "internal"
        outside, before = {k: vars(self)[k] for k in FRAME}, self.inside()
        self.begin(part)
        given = self.b.inttoptr(part.args[0], packed.type)
        found = iter(
            self.b.load(
                self.b.bitcast(self.b.load(self.b.gep(given, [INT64(0), INT64(k)])), place.type)
            )
            for k, place in enumerate(places)
        )
        turns = next(found)
        self.slots = {}
        for name, slot in read.items():
            kept = self.memory.room(slot.kind)
            for place in kept:
                self.b.store(next(found), place)
            self.slots[name] = Slot(slot.kind, kept, slot.depth, slot.key)
        first, last = (
            self.b.sdiv(self.b.mul(turns, k), part.args[2])
            for k in (part.args[1], self.b.add(part.args[1], INT64(1)))
        )
        self.turns(target, first, last, INT64(1), body)
        self.close()
        self.b.ret_void()
        vars(self).update(outside)
        self.depth = before
        shared = ir.FunctionType(ir.VoidType(), [INT64, INT64])
        called = cgutils.get_or_insert_function(self.module.module, shared, SHARE)
        self.b.call(called, [self.b.ptrtoint(part, INT64), self.b.ptrtoint(packed, INT64)])


def _summed(body: list[ast.stmt]) -> set[str]:
    """Variables that statements change and never set."""
    inside = [y for x in body for y in ast.walk(x)]
    targets = [t for y in inside if isinstance(y, ast.Assign) for t in y.targets]
    targets += [y.target for y in inside if isinstance(y, ast.For)]
    put = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    changed = (y.target for y in inside if isinstance(y, ast.AugAssign))
    return {t.id for t in changed if isinstance(t, ast.Name)} - put

"""The processor's matrix tiles (Intel AMX) as functions that numba compiles.

A tile is a register of 16 rows of 64 bytes. One instruction multiplies a tile of 16 × 32 numbers of
8 significant bits ("bfloat16") by one of 32 × 16 and adds to 16 × 16 numbers of 24 bits, 16 times
the work of a vector instruction in as many cycles. A float32 of 24 bits is the exact sum of three
such numbers, its parts (`tile_layouts`).

Tiles 0 to 3 hold sums: rows 0 to 15 and 16 to 31 of the result, two tiles of columns each. Tiles 4
and 5 are of the left factor, 6 and 7 of the right one.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from .lanes import BYTE, SIDE, call, function, number, pointer

TILE = 1024
"""Bytes of a tile."""
DEPTH = 32
"""Rows of the right factor that one product takes."""
PARTS = 3
"""Numbers of 8 bits whose sum a float32 is."""
RIGHT = 6
"""The first tile of the right factor."""
TABLE = 64
"""Bytes that say what tiles there are."""
_PERMISSION = (158, 0x1023, 18)
"""arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA): Linux gives tiles to those who ask."""


VARIABLE = "BMDSL_TILES"
USES = ("states", "all", "off")
"""What the environment variable may say: products of float32 one of whose factors has 8 significant
bits go by tiles, all of them do, none.
"""


def use() -> str:
    """What products go by tiles, as the environment variable says, or those of states."""
    word = os.environ.get(VARIABLE, "")
    return word if word in USES else USES[0]


@functools.cache
def available() -> bool:
    """Whether this processor has tiles of 8-bit significands and this process may use them."""
    if use() == "off" or platform.system() != "Linux" or platform.machine() != "x86_64":
        return False
    features = llvm.get_host_cpu_features()
    wanted = ("amx-tile", "amx-bf16", "avx512f", "avx512bw")
    if not all(features.get(name, False) for name in wanted):
        return False
    return ctypes.CDLL(None).syscall(*_PERMISSION) == 0


def _configure(builder: Any, table: Any, high: Any) -> None:
    rows = builder.trunc(high, BYTE)

    def put(place: int, value: Any) -> None:
        at = builder.add(table, number(place))
        builder.store(value, pointer(builder, at, value.type)).align = 1

    for place in range(0, TABLE, 8):
        put(place, number(0))
    put(0, ir.Constant(BYTE, 1))
    for t in range(8):
        put(16 + 2 * t, ir.Constant(BYTE, 4 * SIDE))
        put(48 + t, rows if t < RIGHT else ir.Constant(BYTE, SIDE))
    call(builder, "llvm.x86.ldtilecfg", [pointer(builder, table)])


def _release(builder: Any, room: Any) -> None:
    call(builder, "llvm.x86.tilerelease", [])


def _clear(builder: Any) -> None:
    for t in range(4):
        call(builder, "llvm.x86.tilezero", [ir.Constant(BYTE, t)])


def _move(builder: Any, how: str, t: int, address: Any, k: int) -> None:
    at = pointer(builder, builder.add(address, number(TILE * k)))
    call(builder, f"llvm.x86.{how}", [ir.Constant(BYTE, t), at, number(4 * SIDE)])


def _keep(builder: Any, address: Any) -> None:
    for t in range(4):
        _move(builder, "tilestored64", t, address, t)


def pairs(left_parts: int, right_parts: int) -> list[tuple[int, int]]:
    """The parts that are multiplied with one another, in this order: products of the others are
    below 2⁻²⁴ of the whole.
    """
    every = ((x, y) for x in range(left_parts) for y in range(right_parts))
    return [(x, y) for x, y in every if x + y < PARTS]


def multiply(builder: Any, left_parts: int, right_parts: int, left: Any, right: Any) -> None:
    """Adds code for sums += left · right, DEPTH deep, of factors of so many parts: two tiles of
    rows and two of columns, which lie side by side for each part.
    """

    def product(*registers: int) -> None:
        call(builder, "llvm.x86.tdpbf16ps", [ir.Constant(BYTE, t) for t in registers])

    held = None
    for x, y in pairs(left_parts, right_parts):
        if x != held:
            _move(builder, "tileloadd64", 4, left, 2 * x)
            _move(builder, "tileloadd64", 5, left, 2 * x + 1)
        _move(builder, "tileloadd64", 6, right, 2 * y)
        product(0, 4, 6)
        product(2, 5, 6)
        _move(builder, "tileloadd64", 7, right, 2 * y + 1)
        product(1, 4, 7)
        product(3, 5, 7)
        held = x


configure: Any = function(2, _configure)
"""configure(room, high): tiles of `high` rows, those of the right factor of SIDE, as the processor
reads it from 64 bytes at `room`; nothing else may be done with tiles before.
"""
release: Any = function(1, _release)
"""release(room): gives the tiles back, so that a switch between threads need not save them.

room: where an array lies that was used by address until here. Numba frees an array after the last
line that names it.
"""
clear: Any = function(0, _clear)
"""clear(): all sums are 0."""
keep: Any = function(1, _keep)
"""keep(address): the sums' four tiles, one after another, at `address`."""

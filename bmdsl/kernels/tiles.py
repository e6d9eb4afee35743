"""The processor's matrix tiles (Intel AMX) as functions that numba compiles.

A tile is a register of 16 rows of 64 bytes. One instruction multiplies a tile of 16 × 64 whole
numbers of 8 bits by one of 64 × 16 and adds to 16 × 16 numbers of 32 bits, 32 times the work of a
vector instruction in sixteen times its cycles. A float32 is written by three such numbers, its
digits (`tile_layouts`).

The last two tiles are those of factors, the others hold sums, or are of a left factor too.
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
DEPTH = 64
"""Rows of the right factor that one product takes."""
LEFT, RIGHT = 6, 7
"""The tiles of the left factor and of the right one."""
TABLE = 64
"""Bytes that say what tiles there are."""
_PERMISSION = (158, 0x1023, 18)
"""arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA): Linux gives tiles to those who ask."""


VARIABLE = "BMDSL_TILES"
USES = ("all", "states", "off")
"""What the environment variable may say: products of float32 go by tiles, those do one of whose
factors has whole numbers of 8 bits, none do.
"""


def use() -> str:
    """What products go by tiles, as the environment variable says, or all."""
    word = os.environ.get(VARIABLE, "")
    return word if word in USES else USES[0]


@functools.cache
def available() -> bool:
    """Whether this processor has tiles of whole numbers and this process may use them."""
    if use() == "off" or platform.system() != "Linux" or platform.machine() != "x86_64":
        return False
    features = llvm.get_host_cpu_features()
    wanted = ("amx-tile", "amx-int8", "avx512f", "avx512bw", "avx512vbmi")
    if not all(features.get(name, False) for name in wanted):
        return False
    return ctypes.CDLL(None).syscall(*_PERMISSION) == 0


def _configure(builder: Any, table: Any, high: Any) -> None:
    rows, whole = builder.trunc(high, BYTE), ir.Constant(BYTE, SIDE)

    def put(place: int, value: Any) -> None:
        at = builder.add(table, number(place))
        builder.store(value, pointer(builder, at, value.type)).align = 1

    for place in range(0, TABLE, 8):
        put(place, number(0))
    put(0, ir.Constant(BYTE, 1))
    for t in range(8):
        put(16 + 2 * t, ir.Constant(BYTE, 4 * SIDE))
        put(48 + t, whole if t == RIGHT else rows)
    call(builder, "llvm.x86.ldtilecfg", [pointer(builder, table)])


def _release(builder: Any, room: Any) -> None:
    call(builder, "llvm.x86.tilerelease", [])


def clear(builder: Any, count: int) -> None:
    """Adds code that empties the first tiles."""
    for t in range(count):
        call(builder, "llvm.x86.tilezero", [ir.Constant(BYTE, t)])


def _move(builder: Any, how: str, t: int, address: Any) -> None:
    at = pointer(builder, address)
    call(builder, f"llvm.x86.{how}", [ir.Constant(BYTE, t), at, number(4 * SIDE)])


def fetch(builder: Any, t: int, address: Any) -> None:
    """Adds code that reads a tile from memory."""
    _move(builder, "tileloadd64", t, address)


def keep(builder: Any, count: int, address: Any) -> None:
    """Adds code that writes the first tiles, one after another."""
    for t in range(count):
        _move(builder, "tilestored64", t, builder.add(address, number(TILE * t)))


def multiply(builder: Any, sums: int, left: int, right: int) -> None:
    """Adds code for tile `sums` += left · right."""
    tiles = [ir.Constant(BYTE, t) for t in (sums, left, right)]
    call(builder, "llvm.x86.tdpbssd", tiles)


configure: Any = function(2, _configure)
"""configure(room, high): tiles of `high` rows, that of the right factor of SIDE, as the
processor reads it from 64 bytes at `room`; nothing else may be done with tiles before.
"""
release: Any = function(1, _release)
"""release(room): gives the tiles back, so that a switch between threads need not save them.

room: where an array lies that was used by address until here. Numba frees an array after the last
line that names it.
"""

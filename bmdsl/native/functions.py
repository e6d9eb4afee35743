"""Translated functions, for other compiled code by their addresses and for Python as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from .kinds import DOUBLE, ArrayOf, Kind, Number, Untranslatable, kind_of, numba_of
from .layouts import value_type
from .objects import keep, kept, load, machine_code, name_of
from .python_calls import RESULTS, PythonCall, words_of
from .translating import Called, Module, text_of

GENERATED = "bm_"
"""How the names of generated modules begin; the rest tells their texts apart."""
WORD = ir.IntType(64)


@dataclass(frozen=True)
class Made:
    """Machine code of a function for arguments of these types."""

    symbol: str
    address: int
    entry: int
    """Address of the same for Python, a function of where its arguments' words lie."""
    returns: str
    """`i` an integer, `d` a floating-point number, empty nothing, `x` what Python is not given."""


def made_for(
    function: FunctionType, signature: Sequence[Any], fastmath: Any = False, shared: bool = False
) -> Made | None:
    """The function's machine code for arguments of these numba types; None where numba has to
    compile it.

    `shared`: threads share its loops over `prange`; `kernels.sharing.load_sharing` comes before.
    """
    place = _place(function)
    if place is None:
        return None
    kinds = ",".join(map(str, signature))
    how = f"{sorted(fastmath or ())} {shared}"
    name = name_of(*place, function.__qualname__, how, kinds)
    code = kept(name)
    if code is None:
        try:
            code = _compiled(name, function, signature, fastmath, shared)
        except Untranslatable:
            code = b""
        keep(name, code)
    if not code:
        return None
    returns, body = code[:1].decode().strip(), code[1:]
    symbol, entry = load(body, name, f"{name}_entry")
    return Made(name, symbol, entry, returns)


def _place(function: FunctionType) -> tuple[str, ...] | None:
    """What tells a function's text, and those that it calls, from all others."""
    module = function.__module__
    if module.startswith(GENERATED):
        return (module,)
    if module.startswith(f"{__package__.partition('.')[0]}.kernels"):
        return module, texts_of_kernels()
    return None


TEXTS = ("kernels", "schedule", "plan")
"""Folders whose texts kernels are made of, with the numbers that they import."""


@cache
def texts_of_kernels() -> str:
    """What tells the texts of kernels from those of other versions."""
    package, digest = Path(__file__).parents[1], hashlib.sha256()
    for file in sorted(x for name in TEXTS for x in (package / name).glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _compiled(
    name: str, function: FunctionType, signature: Sequence[Any], fastmath: Any, shared: bool
) -> bytes:
    module = Module()
    kinds = tuple(kind_of(x) for x in signature)
    called = module.function(text_of(function, fastmath, shared), kinds, name)
    returns = _entry(module.module, called, kinds, f"{name}_entry")
    return returns.encode().ljust(1) + machine_code(str(module.module))


def _entry(module: Any, called: Called, kinds: tuple[Kind, ...], name: str) -> str:
    """Adds the function that Python calls."""
    match called.returns:
        case Number(letter="f"):
            out, letter = ir.DoubleType(), "d"
        case Number():
            out, letter = WORD, "i"
        case returned:
            out, letter = ir.VoidType(), "x" if returned else ""
    made = ir.Function(module, ir.FunctionType(out, [WORD]), name)
    b = ir.IRBuilder(made.append_basic_block())
    words = b.inttoptr(made.args[0], WORD.as_pointer())
    place, given = 0, []
    for kind in kinds:
        shape = value_type(kind)
        at = b.gep(words, [WORD(place)])
        place += words_of(numba_of(kind))
        if isinstance(kind, ArrayOf):
            given.append(b.load(b.bitcast(at, shape.as_pointer())))
            continue
        if not isinstance(kind, Number):
            raise Untranslatable("several numbers as one argument")
        if kind.real:
            value = b.load(b.bitcast(at, ir.DoubleType().as_pointer()))
            given.append(value if kind == DOUBLE else b.fptrunc(value, shape))
        else:
            value = b.load(at)
            given.append(value if kind.bits == 64 else b.trunc(value, shape))
    found = b.call(called.code, given)
    returns = called.returns
    if not isinstance(returns, Number):
        b.ret_void()
    elif returns.real:
        b.ret(found if returns == DOUBLE else b.fpext(found, out))
    elif returns.bits == 64:
        b.ret(found)
    else:
        b.ret(b.sext(found, out) if returns.signed else b.zext(found, out))
    return letter


def called_from_python(made: Made, signature: Sequence[Any]) -> Callable[..., Any]:
    """The function as Python calls it, with arguments of these types."""
    return PythonCall(made.entry, signature, made.returns)


class Native:
    """A function that Python calls: machine code for the types that it is given, made at the first
    call; numba's where there is none.
    """

    def __init__(
        self,
        function: FunctionType,
        fastmath: Any,
        otherwise: Callable[..., Any],
        shared: bool = False,
    ) -> None:
        self.py_func, self._fastmath, self._otherwise = function, fastmath, otherwise
        self._shared = shared
        self._forms: dict[Any, Callable[..., Any]] = {}

    def __call__(self, *given: Any) -> Any:
        key = tuple(
            (x.dtype.char, x.ndim, x.flags.c_contiguous) if isinstance(x, np.ndarray) else type(x)
            for x in given
        )
        found = self._forms.get(key)
        if found is None:
            found = self._forms[key] = self._form(given)
        return found(*given)

    def _form(self, given: Sequence[Any]) -> Callable[..., Any]:
        signature = [_type_of(x) for x in given]
        if any(x is None for x in signature):
            return self._otherwise
        made = made_for(self.py_func, signature, self._fastmath, self._shared)
        if made is None or made.returns not in RESULTS:
            return self._otherwise
        return called_from_python(made, signature)


def _type_of(x: Any) -> Any:
    """Numba's type of an argument; None for one that machine code is not made for."""
    if isinstance(x, np.ndarray):
        known = x.flags.c_contiguous and x.dtype.kind in "fiu" and x.dtype.isnative
        entry = getattr(types, x.dtype.name, None)
        return types.Array(entry, x.ndim, "C") if known and entry is not None else None
    if isinstance(x, bool | np.bool_):
        return None
    if isinstance(x, int | np.integer):
        return types.int64
    if isinstance(x, np.float32):
        return types.float32
    return types.float64 if isinstance(x, float) else None

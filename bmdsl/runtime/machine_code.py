"""Routines as machine code: made of LLVM's text once, kept in the cache, called from Python."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..native.functions import texts_of_kernels
from ..native.objects import keep, kept, load, machine_code, name_of
from ..native.python_calls import PythonCall
from . import lowering

AT_ONCE = 0
"""The effort of LLVM for a routine: it is calls of functions that are optimised already."""


def made_of(text: str, arguments: Sequence[Any]) -> Callable[..., None]:
    """The function that this text defines, as Python calls it with arguments of these types."""
    return _entered(machine_code(text, AT_ONCE), arguments)


def kept_or_made(
    words: Sequence[str], text: Callable[[], str], arguments: Sequence[Any]
) -> Callable[..., None]:
    """`made_of` the text that these words and the texts of kernels determine, from the cache if it
    is there.
    """
    name = name_of("routine", _lowering(), texts_of_kernels(), *words, *map(str, arguments))
    code = kept(name)
    if code is None:
        code = machine_code(text(), AT_ONCE)
        keep(name, code)
    return _entered(code, arguments)


def _entered(code: bytes, arguments: Sequence[Any]) -> Callable[..., None]:
    (address,) = load(code, lowering.ENTRY)
    return PythonCall(address, arguments)


@cache
def _lowering() -> str:
    return hashlib.sha256(Path(lowering.__file__).read_bytes()).hexdigest()

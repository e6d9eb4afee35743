"""Functions made of LLVM's text, called from Python with arrays and numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm

from ..native.objects import target
from ..native.python_calls import python_call
from .lowering import ENTRY

_alive: list[Any] = []
"""Engines whose code is in use."""


def made_of(text: str, arguments: Sequence[Any]) -> Callable[..., None]:
    """The function that this text defines, as Python calls it with arguments of these types."""
    module = llvm.parse_assembly(text)
    module.verify()
    engine = llvm.create_mcjit_compiler(module, target(0))
    engine.finalize_object()
    _alive.append(engine)
    return python_call(engine.get_function_address(ENTRY), arguments)

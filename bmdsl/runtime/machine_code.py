"""Functions made of LLVM's text, called from Python with arrays and numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from ..native.python_calls import python_call
from .lowering import ENTRY

_alive: list[Any] = []
"""Engines whose code is in use."""


@cache
def _machine() -> Any:
    """The processor that code is made for."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=0,
        codemodel="jitdefault",
    )


def made_of(text: str, arguments: Sequence[Any]) -> Callable[..., None]:
    """The function that this text defines, as Python calls it with arguments of these types."""
    module = llvm.parse_assembly(text)
    module.verify()
    engine = llvm.create_mcjit_compiler(module, _machine())
    engine.finalize_object()
    _alive.append(engine)
    return python_call(engine.get_function_address(ENTRY), arguments)

"""Machine code of translated functions: optimised, kept in the cache, entered by its symbols."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba

from ..language.cache import cache_folder, read_checked, write_checked

FOLDER = "code"
_alive: list[Any] = []
"""Engines whose code is in use."""


@cache
def target(effort: int = 3) -> Any:
    """The processor that code is made for, and how much effort goes into it, 0 to 3."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=effort,
        reloc="static" if platform.machine() in ("x86_64", "AMD64") else "default",
        codemodel="jitdefault",
        jit=True,
    )


@cache
def _translator() -> bytes:
    """What machine code depends on besides the text: this translation, LLVM, the processor."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    words = (llvmlite.__version__, numba.__version__, llvm.get_host_cpu_name())
    features = llvm.get_host_cpu_features().flatten()
    digest = hashlib.sha256("\0".join((*words, features)).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.digest()


def name_of(*words: str) -> str:
    """A symbol for what these words determine, on this processor."""
    digest = hashlib.sha256(_translator() + "\0".join(words).encode())
    return "bm_" + digest.hexdigest()[:24]


def kept(name: str) -> bytes | None:
    """The machine code of this symbol, if it is in the cache and whole."""
    return read_checked(cache_folder(FOLDER) / f"{name}.o")


def keep(name: str, code: bytes) -> None:
    """Puts machine code into the cache."""
    write_checked(cache_folder(FOLDER) / f"{name}.o", code)


def machine_code(text: str, effort: int = 3) -> bytes:
    """LLVM's text, optimised for this processor if effort is to go into it, as an object file's
    bytes.
    """
    processor = target(effort)
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_process_triple()
    module.data_layout = str(processor.target_data)
    module.verify()
    if effort:
        options = llvm.create_pipeline_tuning_options(speed_level=effort)
        options.loop_vectorization = True
        builder = llvm.create_pass_builder(processor, options)
        builder.getModulePassManager().run(module, builder)
    found: bytes = processor.emit_object(module)
    return found


def load(code: bytes, *names: str) -> list[int]:
    """The addresses of these symbols of an object file."""
    empty = llvm.parse_assembly("")
    empty.triple = llvm.get_process_triple()
    engine = llvm.create_mcjit_compiler(empty, target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _alive.append(engine)
    return [engine.get_function_address(name) for name in names]

"""One compiled form of a kernel for one thread and for many: a thread takes its share of the loop.

Numba's own parallel loops are compiled once more, with all they call, as a function of their own,
and took two thirds of the time to compile a model's first update. Here a kernel is compiled once,
with two more arguments,

    for c in prange(n)   becomes   for c in range(n · part // parts, n · (part + 1) // parts)

and a thread calls it as part k of so many. What stands before the loop every thread does for
itself. So nothing may stand after it, and nothing before it may read what the loop writes; a kernel
that needs that keeps numba's loops.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Collection
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..native.translating import SHARE

OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
PART, PARTS = "_part_of_thread", "_parts_of_threads"
"""Names of the arguments, which no kernel has for its own."""
WORD = ir.IntType(64)
SIZES = {"shape", "dtype", "ndim", "size"}
"""What may be asked of an array before the loop that writes to it."""


def in_parts(function: FunctionType, written: Collection[str]) -> FunctionType | None:
    """The same function with two arguments more, which part of how many it is, that carries this
    share of its loop out; None if its loop cannot be shared.

    `written`: arguments that it writes to.
    """
    return _made_in_parts(function, frozenset(written))


@functools.cache
def _made_in_parts(function: FunctionType, written: frozenset[str]) -> FunctionType | None:
    """Made once: generated functions are asked for anew by every training."""
    if function.__closure__ or {PART, PARTS} & set(function.__code__.co_varnames):
        return None
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    made = tree.body[0]
    if not isinstance(made, ast.FunctionDef) or not _can_share(made.body, written):
        return None
    made.decorator_list = []
    made.name = f"{function.__name__}_in_parts"
    made.args.args += [ast.arg(PART), ast.arg(PARTS)]
    made.body = [_Shares().visit(x) for x in made.body]
    ast.increment_lineno(tree, function.__code__.co_firstlineno - 1)
    code = compile(ast.fix_missing_locations(tree), function.__code__.co_filename, "exec")
    space: dict[str, Any] = {}
    exec(code, function.__globals__, space)
    out: FunctionType = space[made.name]
    out.__module__ = function.__module__
    vars(out)["tree"] = made
    return out


def _is_shared(x: ast.AST) -> bool:
    if not (isinstance(x, ast.For) and isinstance(x.iter, ast.Call)):
        return False
    called = x.iter.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name == "prange" and len(x.iter.args) == 1 and not x.iter.keywords


def _can_share(body: list[ast.stmt], written: frozenset[str]) -> bool:
    """Whether the body is assignments of its own that read nothing written, then a loop to share or
    a choice between bodies of this kind.
    """
    first = [x for x in body if not _is_text(x)]
    if not first:
        return True
    *before, last = first
    own: set[str] = set()
    for x in before:
        if not (isinstance(x, ast.Assign) and all(_is_own(y, own) for y in x.targets)):
            return False
        own |= _made(x)
    if any(_reads(x, written) for x in before):
        return False
    if isinstance(last, ast.If):
        both = _can_share(last.body, written) and _can_share(last.orelse, written)
        return both and not _reads(last.test, written)
    inside = (y for x in getattr(last, "body", []) for y in ast.walk(x))
    return _is_shared(last) and not any(map(_is_shared, inside))


def _is_text(x: ast.stmt) -> bool:
    return isinstance(x, ast.Expr) and isinstance(x.value, ast.Constant)


def _is_own(x: ast.expr, own: set[str]) -> bool:
    """Whether a target is a name, or an entry of an array that was made here."""
    if isinstance(x, ast.Tuple):
        return all(_is_own(y, own) for y in x.elts)
    if isinstance(x, ast.Subscript):
        return isinstance(x.value, ast.Name) and x.value.id in own
    return isinstance(x, ast.Name)


def _made(x: ast.Assign) -> set[str]:
    """The names that hold new arrays after an assignment."""
    targets, values = _each(x.targets[0]), _each(x.value)
    return {
        t.id
        for t, v in zip(targets, values, strict=False)
        if isinstance(t, ast.Name)
        and isinstance(v, ast.Call)
        and isinstance(v.func, ast.Attribute)
        and v.func.attr in {"empty", "zeros", "ones"}
    }


def _each(x: ast.expr) -> list[ast.expr]:
    return x.elts if isinstance(x, ast.Tuple) else [x]


def _reads(x: ast.AST, written: frozenset[str]) -> bool:
    """Whether numbers of a written argument are read, rather than its shape or type."""
    if isinstance(x, ast.Attribute) and isinstance(x.value, ast.Name) and x.attr in SIZES:
        return False
    if isinstance(x, ast.Call) and isinstance(x.func, ast.Name) and x.func.id == "len":
        return False
    if isinstance(x, ast.Name):
        return x.id in written
    return any(_reads(y, written) for y in ast.iter_child_nodes(x))


class _Shares(ast.NodeTransformer):
    def visit_For(self, node: ast.For) -> ast.AST:
        if not _is_shared(node):
            return node
        assert isinstance(node.iter, ast.Call)
        count = ast.unparse(node.iter.args[0])
        share = f"range(({count}) * {PART} // {PARTS}, ({count}) * ({PART} + 1) // {PARTS})"
        node.iter = ast.copy_location(ast.parse(share, mode="eval").body, node.iter)
        for x in ast.walk(node.iter):
            ast.copy_location(x, node)
        return node


def _call_of(context: Any, function: Any, arguments: Any, part: Any, parts: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address, *given = values
        shape = ir.FunctionType(ir.VoidType(), [WORD] * 3)
        builder.call(builder.inttoptr(address, shape.as_pointer()), given)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp, types.intp), build


_call: Any = intrinsic(_call_of)
_count: Any = types.ExternalFunction("get_num_threads", types.intp())
"""Numba's own function as a symbol: a function that calls it by name is not kept in the cache."""


def _next_of(context: Any, counters: Any, place: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        at = builder.gep(data, [values[1]])
        return builder.atomic_rmw("add", at, ir.Constant(WORD, 1), "monotonic")

    return types.int64(counters, types.intp), build


_next: Any = intrinsic(_next_of)
"""next(counters, place): what a counter held; one more from now on, whichever thread asks."""
PIECES = 4
"""Pieces of a thread's part of a loop."""
APART = 8
"""Numbers between two counters, so that each has a line of the cache for itself."""


def _share(function, arguments):  # type: ignore[no-untyped-def]  # typed by numba
    """Threads call the function at this address for all pieces of its loop: each for those of its
    own part first, whose arrays its core's cache holds from the loop before, then for those that
    others have not begun. So a core that is slower, or busy otherwise, delays no one for long.
    """
    threads = _count()
    counters = np.zeros(threads * APART, np.int64)
    for thread in numba.prange(threads):
        for other in range(threads):
            part = (thread + other) % threads
            piece = _next(counters, part * APART)
            while piece < PIECES:
                _call(function, arguments, part * PIECES + piece, threads * PIECES)
                piece = _next(counters, part * APART)


@functools.cache
def load_sharing() -> Any:
    """Compiles `_share`, the one parallel loop of all kernels, and enters its symbol."""
    signature = types.void(types.intp, types.intp)
    made: Any = numba.njit(signature, parallel=True, **OPTIONS)(_share)
    result = made.overloads[signature.args]
    address = result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name)
    llvm.add_symbol(SHARE, address)
    return made  # kept alive by the cache of this function


def call_alone(builder: Any, symbol: str, values: list[Any]) -> None:
    """Code that calls a function in parts for all of its loop."""
    first, count = ir.Constant(WORD, 0), ir.Constant(WORD, 1)
    builder.call(_declared(builder, symbol, [x.type for x in values]), [*values, first, count])


def call_shared(builder: Any, symbol: str, values: list[Any]) -> None:
    """Code that calls a function in parts from all threads."""
    kinds = [x.type for x in values]
    packed = ir.LiteralStructType(kinds)
    place = cgutils.alloca_once(builder, packed)
    for k, value in enumerate(values):
        builder.store(value, cgutils.gep_inbounds(builder, place, 0, k))
    apart = builder.module.globals.get(f"{symbol}_apart") or _apart(builder, symbol, kinds)
    shape = ir.FunctionType(ir.VoidType(), [WORD, WORD])
    share = cgutils.get_or_insert_function(builder.module, shape, SHARE)
    builder.call(share, [builder.ptrtoint(apart, WORD), builder.ptrtoint(place, WORD)])


def _declared(builder: Any, symbol: str, kinds: list[Any]) -> Any:
    shape = ir.FunctionType(ir.VoidType(), [*kinds, WORD, WORD])
    return cgutils.get_or_insert_function(builder.module, shape, symbol)


def _apart(builder: Any, symbol: str, kinds: list[Any]) -> Any:
    """A function of an address where arguments lie, a part and their number."""
    shape = ir.FunctionType(ir.VoidType(), [WORD] * 3)
    made = ir.Function(builder.module, shape, f"{symbol}_apart")
    made.linkage = "internal"
    inside = ir.IRBuilder(made.append_basic_block())
    place = inside.inttoptr(made.args[0], ir.LiteralStructType(kinds).as_pointer())
    given = [inside.load(cgutils.gep_inbounds(inside, place, 0, k)) for k in range(len(kinds))]
    inside.call(_declared(inside, symbol, kinds), [*given, made.args[1], made.args[2]])
    inside.ret_void()
    return made

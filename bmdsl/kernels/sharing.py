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
from collections.abc import Collection
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils

from ..native.frames import SHARE
from ..native.objects import load, machine_code
from ..native.text import tree_of

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
    tree = tree_of(function)
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


_count: Any = types.ExternalFunction("get_num_threads", types.intc())
"""How many threads there are, by numba's own function."""
POOL = "numba_parallel_for"
"""Numba's function that has its threads carry out parts of a loop."""


PIECES = 4
"""Pieces of a thread's part of a loop."""
APART = 8
"""Numbers between two counters, so that each has a line of the cache for itself."""


def _share() -> str:
    """`SHARE`, of a function's address and its arguments', as LLVM's text: threads call the
    function for all pieces of its loop, each for those of its own part first, whose arrays its
    core's cache holds from the loop before, then for those that others have not begun. So a core
    that is slower, or busy otherwise, delays no one for long.

    The pool moves on arrays' addresses by their steps: a first one that begins at 0 and goes on by
    1 says which thread comes first, a second one that stays says what is called.
    """
    module, byte = ir.Module(), ir.IntType(8).as_pointer()
    int32, words = ir.IntType(32), WORD.as_pointer()
    turns = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), words, words, byte])
    turn = ir.Function(module, turns, "turn")
    turn.linkage = "internal"
    b = ir.IRBuilder(turn.append_basic_block())
    places, lengths = turn.args[:2]
    first = b.ptrtoint(b.load(places), WORD)
    given = b.bitcast(b.load(b.gep(places, [WORD(1)])), words)
    function, arguments, threads, at = (b.load(b.gep(given, [WORD(k)])) for k in range(4))
    called = ir.FunctionType(ir.VoidType(), [WORD] * 3).as_pointer()
    function, counters = b.inttoptr(function, called), b.inttoptr(at, words)
    with cgutils.for_range_slice(b, first, b.add(first, b.load(lengths)), WORD(1), WORD) as (k, _):
        with cgutils.for_range(b, threads, intp=WORD) as others:
            part = b.urem(b.add(k, others.index), threads)
            counter = b.gep(counters, [b.mul(part, WORD(APART))])
            take, call, done = (b.append_basic_block(x) for x in ("take", "call", "done"))
            b.branch(take)
            b.position_at_end(take)
            piece = b.atomic_rmw("add", counter, WORD(1), "monotonic")
            b.cbranch(b.icmp_signed("<", piece, WORD(PIECES)), call, done)
            b.position_at_end(call)
            own = b.add(b.mul(part, WORD(PIECES)), piece)
            b.call(function, [arguments, own, b.mul(threads, WORD(PIECES))])
            b.branch(take)
            b.position_at_end(done)
    b.ret_void()
    share = ir.Function(module, ir.FunctionType(ir.VoidType(), [WORD, WORD]), SHARE)
    b = ir.IRBuilder(share.append_basic_block())
    count = b.call(ir.Function(module, ir.FunctionType(int32, []), "get_num_threads"), [])
    many = b.sext(count, WORD)
    packed, steps = b.alloca(WORD, WORD(4)), b.alloca(WORD, WORD(2))
    arrays, length = b.alloca(byte, WORD(2)), b.alloca(WORD)
    counters = b.alloca(WORD, b.mul(many, WORD(APART)))
    counters.align = 64
    cgutils.memset(b, counters, b.mul(many, WORD(8 * APART)), 0)
    for k, value in enumerate((*share.args, many, b.ptrtoint(counters, WORD))):
        b.store(value, b.gep(packed, [WORD(k)]))
    for k, (place, step) in enumerate(((byte(None), 1), (b.bitcast(packed, byte), 0))):
        b.store(place, b.gep(arrays, [WORD(k)]))
        b.store(WORD(step), b.gep(steps, [WORD(k)]))
    b.store(many, length)
    takes = [turns.as_pointer(), byte.as_pointer(), words, words, byte, WORD, WORD, int32]
    pool = ir.Function(module, ir.FunctionType(ir.VoidType(), takes), POOL)
    b.call(pool, [turn, arrays, length, steps, byte(None), WORD(0), WORD(2), count])
    b.ret_void()
    return str(module)


@functools.cache
def load_sharing() -> None:
    """Starts numba's pool of threads and enters `SHARE`, the one parallel loop of all kernels."""
    numba.get_num_threads()
    (address,) = load(machine_code(_share()), SHARE)
    llvm.add_symbol(SHARE, address)


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

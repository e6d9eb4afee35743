"""Plan → Python source of one module: readable, self-contained, deterministic; numba compiles it, plain Python runs it too.

Neither the model's name nor its file is in it: two models of the same terms share one compiled module.
"""

from __future__ import annotations

import re

from ..language.model import Length
from .emit_groups import emit_draw, emit_moments
from .emit_listed import emit_listed, emit_sweep
from .emit_meeting import emit_meeting
from .emit_terms import emit_bias, emit_constant, emit_coupling, emit_lateral
from .inline import Inliner
from .kernels import random
from .plan import GroupPlan, Plan
from .term_loops import Lengths, identifier

HEAD = '''"""Generated from a model's text: do not edit. Arrays are [row, column]; a group's columns are its flattened axes."""

import math

import numpy as np

try:
    import numba
except ImportError:  # runs as plain Python too
    numba = None

COMPILE = {compile} and numba is not None
F = np.{dtype}
prange = numba.prange if COMPILE else range


def kernel(function):
    """numba's compiler where it is wanted, the plain function otherwise."""
    return numba.njit(cache=True, error_model="numpy", nogil=True)(function) if COMPILE else function


def fused(function):
    """The same, a multiplication and an addition in one rounding where the processor has that."""
    return numba.njit(cache=True, error_model="numpy", nogil=True, fastmath={{"contract"}})(function) if COMPILE else function


def parallel(function):
    """`kernel`, rows spread over the threads."""
    return numba.njit(cache=True, error_model="numpy", nogil=True, parallel=True)(function) if COMPILE else function


def summing(function):
    """The same for sums along a row, which run in vector lanes: their order is the compiled code's, whatever the number of threads."""
    return numba.njit(cache=True, error_model="numpy", nogil=True, parallel=True, fastmath={{"reassoc"}})(function) if COMPILE else function

'''

PARTS = ("log_partition", "mean", "variance", "sample", "log_base", "base_slope", "mean_square")


def emit_module(plan: Plan, compile: bool = True, dtype: str = "float32") -> tuple[str, tuple[Length, ...]]:
    """The module's source and the lengths that its `n` array must hold, in order."""
    lengths = Lengths()
    inliner = Inliner(single=dtype == "float32")
    inliner.add(random.fill_uniforms, "fill_uniforms", scalar=False)
    for g in plan.groups:
        _inline_unit(g, inliner)
    parts = [HEAD.format(compile=compile, dtype=dtype), *inliner.sources()]
    written: dict[tuple[object, ...], str] = {}
    for g in plan.groups:
        parts.append(emit_bias(plan, g, 1, lengths))
        if g.square:
            parts.append(emit_bias(plan, g, 2, lengths))
        if g.lateral:
            parts.append(emit_lateral(plan, g, lengths))
        parts.append(_once(g, "moments", emit_moments(g, inliner.narrow), written))
        parts += [emit_meeting(g, mean=False), emit_meeting(g, mean=True)] if g.lateral or g.woven else [_once(g, "draw", emit_draw(g), written)]
        if plan.all_listed:
            parts.append(emit_sweep(g))
    parts += [emit_listed(plan, n, lengths) for n in plan.listed]
    parts += [emit_coupling(plan, c, lengths) for c in plan.couplings if c.direct is None]
    parts.append(emit_constant(plan, lengths))
    return "\n\n\n".join(p.strip() for p in parts) + "\n", tuple(lengths.known)


def _once(g: GroupPlan, what: str, source: str, written: dict[tuple[object, ...], str]) -> str:
    """The functions of a group, or where a group of the same unit type has them already, other names for these: numba compiles them once."""
    key = (what, g.unit.name, g.arguments, g.square)
    first = written.setdefault(key, identifier(g.name))
    if first == identifier(g.name):
        return source
    own = re.findall(r"^def (\w+)\(", source, re.M)
    ending = len(identifier(g.name))
    return "\n".join(f"{name} = {name[:-ending]}{first}  # {g.name} is of the same unit type" for name in own)


def _inline_unit(g: GroupPlan, inliner: Inliner) -> None:
    for part in PARTS:
        function = getattr(g.unit, part)
        if function is not None and not (part == "log_base" and (g.states is not None or not g.unit.has_base())):
            inliner.add(function, f"{identifier(g.unit.name)}_{part}", scalar=g.states is None)

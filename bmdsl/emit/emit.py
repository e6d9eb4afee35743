"""Plan → Python source of one module: readable, self-contained, deterministic; numba compiles it,
plain Python runs it too.

Neither the model's name nor its file is in it: two models of the same terms share one compiled
module.
"""

from __future__ import annotations

from itertools import count

from ..kernels import random
from ..language.model import Length
from ..plan.identifiers import PARTS, RESERVED, identifier, scalar, scalars_of
from ..plan.plan import GroupPlan, Plan
from ..units.scalars import log_of_product
from .emit_groups import emit_between, emit_draw, emit_moments, has_parts
from .emit_listed import emit_listed, emit_sites, emit_sweep
from .emit_meeting import emit_meeting
from .emit_terms import emit_bias, emit_constant, emit_coupling, emit_lateral
from .inline import Inliner
from .sections import FUNCTION, HEADING
from .term_loops import Lengths

HEAD = '''"""Generated from a model's text: do not edit.

Arrays are [row, column]; a group's columns are its flattened axes.
"""

import math

import numpy as np

try:
    import numba
except ImportError:  # runs as plain Python too
    numba = None

COMPILE = {compile} and numba is not None
F = np.{dtype}
prange = numba.prange if COMPILE else range


def _compiled(function, **how):
    if not COMPILE:
        return function
    return numba.njit(cache=True, error_model="numpy", nogil=True, **how)(function)


def kernel(function):
    """numba's compiler where it is wanted, the plain function otherwise."""
    return _compiled(function)


def fused(function):
    """The same, a multiplication and an addition in one rounding where the processor has that."""
    return _compiled(function, fastmath={{"contract"}})


def parallel(function):
    """`kernel`, rows spread over the threads."""
    return _compiled(function, parallel=True)


def summing(function):
    """The same for sums along a row, which run in vector lanes: their order is the
    compiled code's, whatever the number of threads.
    """
    return _compiled(function, parallel=True, fastmath={{"reassoc"}})

'''


def emit_module(
    plan: Plan, compile: bool = True, dtype: str = "float32"
) -> tuple[str, tuple[Length, ...]]:
    """The module's source and the lengths that its `n` array must hold, in order.

    Its sections (`HEADING`): the head with all scalar functions, a section for each kind of units,
    which is the same text in every model that has such units, and what is this model's own.
    """
    lengths = Lengths()
    inliner = Inliner(
        single=dtype == "float32", taken=RESERVED | scalars_of(plan) | set(plan.functions.values())
    )
    inliner.add(random.fill_uniforms, "fill_uniforms", scalar=False)
    for g in plan.groups:
        _inline_unit(g, inliner, plan.all_listed)
    kinds: dict[str, str] = {}
    own: list[str] = []
    for g in plan.groups:
        kind = _kind(g, plan, inliner, kinds)
        own.append(_names(plan, g, kind, kinds[kind]))
        own.append(emit_bias(plan, g, 1, lengths))
        if g.square:
            own.append(emit_bias(plan, g, 2, lengths))
        if g.lateral:
            own.append(emit_lateral(plan, g, lengths))
    own += [emit_listed(plan, n, lengths) for n in plan.listed]
    own += [emit_coupling(plan, c, lengths) for c in plan.couplings if c.direct is None]
    own.append(emit_constant(plan, lengths))
    parts = [HEAD.format(compile=compile, dtype=dtype), *inliner.sources()]
    for name, source in kinds.items():
        parts += [HEADING.format(name), source]
    return "\n\n\n".join(
        p.strip() for p in (*parts, HEADING.format("this model"), *own)
    ) + "\n", tuple(lengths.known)


def _kind(g: GroupPlan, plan: Plan, inliner: Inliner, kinds: dict[str, str]) -> str:
    """The kind of a group's units, written into `kinds` where it is new: their type with its
    arguments, and how they are updated.
    """
    taken = inliner.taken | set(inliner.done)
    for n in count(1):
        kind = f"{identifier(g.unit.name)}_units" + (f"_{n}" if n > 1 else "")
        update = (
            [emit_meeting(g, kind, mean=False), emit_meeting(g, kind, mean=True)]
            if g.lateral or g.woven
            else [emit_draw(g, kind), emit_between(g, kind, inliner.narrow)]
        )
        parts = {"updates": "\n\n\n".join(update)}
        if plan.all_listed:
            parts["sweeps"] = emit_sweep(g, kind)
            parts["sweeps of few chains"] = emit_sites(g, kind)
        if plan.by_cells:
            parts["sweeps of a lattice"] = emit_sweep(g, kind, by_cells=True)
            if g.woven:
                parts["updates in a lattice"] = "\n\n\n".join(
                    emit_meeting(g, kind, mean, by_cells=True) for mean in (False, True)
                )
            parts["sweeps of few chains of a lattice"] = emit_sites(g, kind, by_cells=True)
        source = "\n\n\n".join(
            [
                emit_moments(g, kind, inliner.narrow),
                *(f"{HEADING.format(f'{kind}: {x}')}\n\n\n{text}" for x, text in parts.items()),
            ]
        )
        if not taken & set(FUNCTION.findall(source)) and kinds.setdefault(kind, source) == source:
            break
    return kind


def _names(plan: Plan, g: GroupPlan, kind: str, source: str) -> str:
    """The functions of a kind of units under a group's name."""
    verbs = [name.removeprefix(f"{kind}_") for name in FUNCTION.findall(source)]
    return "\n".join(
        [
            f"# {g.name}: {kind.replace('_', ' ')}",
            *(f"{plan.functions[verb, g.name]} = {kind}_{verb}" for verb in verbs),
        ]
    )


def _inline_unit(g: GroupPlan, inliner: Inliner, all_listed: bool) -> None:
    needless = set[str]() if all_listed else {"sample_block"}
    if g.states is not None or not g.unit.has_base():
        needless.add("log_base")
    for part in PARTS:
        function = getattr(g.unit, part)
        if function is not None and part not in needless:
            inliner.add(function, scalar(g.unit.name, part), scalar=g.states is None)
    if has_parts(g, inliner.narrow):
        inliner.add(log_of_product, "log_of_product")

"""Gibbs sweeps of chains of lattices that are bits, sites of a row side by side, as ops."""

from __future__ import annotations

from ...plan.plan import Plan
from ..builder import Builder
from ..schedule import Composition
from ..streams import stream_argument, stream_of
from ..values import BATCH, Life, Number, View
from .bit_sweeps import PACK, UNPACK, form_array

ARRAYS = {
    "first": (2, "i8"),
    "phase": (1, "i8"),
    "shape": (1, "i8"),
    "rows": (2, "i4"),
    "literals": (2, "i8"),
    "entries": (2, "i8"),
    "kinds": (2, "i8"),
    "members": (1, "i8"),
    "row_kind": (2, "i4"),
    "pieces_of": (2, "i8"),
    "pieces": (2, "i8"),
    "signs": (2, "i8"),
    "parts": (2, "i8"),
    "level": (1, "i8"),
}
"""Axes and numbers of the arrays that say how a lattice's units stand and count."""
SHORT = {
    **{n: ARRAYS[n] for n in ("first", "phase", "shape", "entries", "kinds", "members", "signs")},
    "parts": (2, "i8"),
    "spots": (3, "i4"),
    "turns": (3, "i8"),
    "runs": (3, "i8"),
    "run_kind": (1, "i8"),
    "run_mask": (2, "i8"),
    "level": (1, "i8"),
}
"""The same of short rows, which are drawn eight at a time."""


def stencil_sweeps(plan: Plan, free: tuple[str, ...], varying: bool, short: bool) -> Composition:
    """The routine `sweeps` of the groups `free` of a lattice, whose sites are bits between the
    calls that pack and unpack them; the others stay as they are.

    `varying`: inverse temperatures differ from sweep to sweep. `short`: rows are drawn eight at a
    time.
    """
    b = Builder(plan, "sweeps", "Gibbs sweeps of a lattice, sites of a row side by side in words")
    names = list(plan.listed_groups)
    state = {n: b.state(n, n, BATCH, Life.KEPT, source=("chain", n)) for n in names}
    bits = form_array(b, "B", 2, "i8", Life.KEPT)
    arrays = {
        n: form_array(b, n, axes, number)
        for n, (axes, number) in (SHORT if short else ARRAYS).items()
    }
    level = arrays.pop("level")
    first, phase, shape = (arrays[n] for n in ("first", "phase", "shape"))
    table = form_array(b, "table", 1 + varying, "i8")
    stream = stream_argument(b)
    own = b.stream(stream_of(b, stream, free[0]))
    seed, call = b.number("seed", "i8"), b.number("call", "i8")
    begin = b.number("begin", "i8")
    b.heading("states as bits")
    with b.repeat(b.number(PACK, "i8"), PACK):
        for k, n in enumerate(names):
            b.do("pack_rows_of_sites", state[n], Number(str(k)), first, phase, shape, bits)
    b.heading("Gibbs sweeps, colour after colour")
    with b.repeat(b.number("steps", "i8"), "step") as step:
        now = View(table, step) if varying else table
        with b.repeat(b.number("colours", "i8"), "colour") as c:
            key = (c, seed, own, call, Number(f"{begin} + {step}"), b.first_row(BATCH))
            draw = "draw_eight_rows_of_sites" if short else "draw_rows_of_sites"
            b.do(draw, bits, *arrays.values(), now, level, *key)
    b.heading("bits as states")
    with b.repeat(b.number(UNPACK, "i8"), UNPACK):
        for k, n in enumerate(names):
            if n in free:
                spin = Number("1" if plan.group(n).unit.name == "spin" else "0")
                what = (Number(str(k)), first, phase, shape, spin)
                b.do("unpack_rows_of_sites", bits, *what, state[n])
    return b.composition()

"""Gibbs sweeps of chains that are bits, as ops."""

from __future__ import annotations

from ...plan.plan import Plan
from ..builder import Builder
from ..schedule import Composition
from ..streams import stream_argument, stream_of
from ..values import BATCH, Content, Life, Number, Value, View

BITS = "bits"
"""What arrays of the form are bound to, before their names."""
SWEEPS = "sweeps"
PACK, UNPACK = "pack", "unpack"
"""Whether a call begins with states, and whether it ends with them: 0 or 1."""
ARRAYS = {
    "near": (1, "i4"),
    "tiles": (2, "i8"),
    "classes": (2, "i8"),
    "entries": (2, "i8"),
    "level": (1, "i8"),
    "valid": (1, "i8"),
    "first_tile": (1, "i8"),
}
"""Axes and numbers of the arrays that say how units stand and count."""


def bit_sweeps(plan: Plan, free: tuple[str, ...], varying: bool) -> Composition:
    """The routine `sweeps` of the groups `free`, which stand 64 chains to a word between the calls
    that pack and unpack them; the others stay as they are.

    `varying`: inverse temperatures differ from sweep to sweep.
    """
    b = Builder(plan, "sweeps", "Gibbs sweeps of chains, 64 to a word")
    names = [g.name for g in plan.groups if g.name in plan.listed_groups]
    state = {n: b.state(n, n, BATCH, Life.KEPT, source=("chain", n)) for n in names}
    bits = form_array(b, "B", 2, "i8", Life.KEPT)
    place = {n: form_array(b, f"place_{n}", 1, "i8", source=("place", n)) for n in names}
    near, tiles, classes, entries, level, valid, first_tile = (
        form_array(b, n, axes, number) for n, (axes, number) in ARRAYS.items()
    )
    table = form_array(b, "table", 1 + varying, "i8")
    size, many = b.number("size", "i8"), b.number("many", "i8")
    stream = stream_argument(b)
    own = b.stream(stream_of(b, stream, free[0]))
    seed, call = b.number("seed", "i8"), b.number("call", "i8")
    first = b.number("begin", "i8")
    b.heading("states as bits")
    with b.repeat(b.number(PACK, "i8"), PACK):
        for n in names:
            b.do("pack_bits", state[n], place[n], bits)
    b.heading("Gibbs sweeps, colour after colour")
    with b.repeat(b.number("steps", "i8"), "step") as step:
        now = View(table, step) if varying else table
        with b.repeat(b.number("colours", "i8"), "colour") as c:
            form = (near, tiles, classes, entries, now, level, valid, size, many, first_tile, c)
            b.do(
                "draw_bits",
                bits,
                *form,
                seed,
                own,
                call,
                Number(f"{first} + {step}"),
                b.first_row(BATCH),
            )
    b.heading("bits as states")
    with b.repeat(b.number(UNPACK, "i8"), UNPACK):
        for n in free:
            spin = Number("1" if plan.group(n).unit.name == "spin" else "0")
            b.do("unpack_bits", bits, place[n], spin, state[n])
    return b.composition()


def form_array(
    b: Builder,
    name: str,
    axes: int,
    number: str,
    life: Life = Life.GIVEN,
    source: tuple[str, ...] = (),
) -> Value:
    """An array of a form of bits, bound by its name; `table` of two axes has one row a sweep."""
    shape = (SWEEPS, -1)[2 - axes :] if name == "table" else (-1,) * axes
    bound = (BITS, *(source or (name,)))
    return b.value(name, Content.CONSTANT, shape, life, number=number, source=bound)

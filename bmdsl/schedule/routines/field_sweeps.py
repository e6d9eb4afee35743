"""Gibbs sweeps of chains that are bits while their fields are numbers, as ops."""

from __future__ import annotations

from ...plan.plan import Plan
from ..builder import Builder
from ..schedule import Composition
from ..streams import stream_argument, stream_of
from ..values import BATCH, Life, Number, View
from .bit_sweeps import PACK, UNPACK, form_array

ARRAYS = {
    "start": "i8",
    "first": "i8",
    "near": "i4",
    "weight": "f4",
    "constant": "f4",
    "table": "f4",
    "level": "i8",
    "ends": "i8",
}
"""Numbers of the arrays that say how units stand and couple; `table` has inverse temperatures."""


def field_sweeps(plan: Plan, free: tuple[str, ...], varying: bool) -> Composition:
    """The routine `sweeps` of the groups `free`, which stand 64 chains to a word between the calls
    that pack and unpack them; the others stay as they are.

    `varying`: inverse temperatures differ from sweep to sweep.
    """
    b = Builder(plan, "sweeps", "Gibbs sweeps of chains, 64 to a word, from fields")
    names = [g.name for g in plan.groups if g.name in plan.listed_groups]
    state = {n: b.state(n, n, BATCH, Life.KEPT, source=("chain", n)) for n in names}
    bits = form_array(b, "B", 2, "i8", Life.KEPT)
    place = {n: form_array(b, f"place_{n}", 1, "i8", source=("place", n)) for n in names}
    arrays = {
        n: form_array(b, n, 1 + (varying and n == "table"), number) for n, number in ARRAYS.items()
    }
    stream = stream_argument(b)
    own = b.stream(stream_of(b, stream, free[0]))
    seed, call = b.number("seed", "i8"), b.number("call", "i8")
    sweep = b.number("begin", "i8")
    b.heading("states as bits")
    with b.repeat(b.number(PACK, "i8"), PACK):
        for n in names:
            b.do("pack_bits", state[n], place[n], bits)
    b.heading("Gibbs sweeps, colour after colour")
    with b.repeat(b.number("steps", "i8"), "step") as step:
        now = {n: View(x, step) if varying and n == "table" else x for n, x in arrays.items()}
        with b.repeat(b.number("colours", "i8"), "colour") as c:
            key = (c, seed, own, call, Number(f"{sweep} + {step}"), b.first_row(BATCH))
            b.do("draw_bits_by_fields", bits, *now.values(), *key)
    b.heading("bits as states")
    with b.repeat(b.number(UNPACK, "i8"), UNPACK):
        for n in free:
            spin = Number("1" if plan.group(n).unit.name == "spin" else "0")
            b.do("unpack_bits", bits, place[n], spin, state[n])
    return b.composition()

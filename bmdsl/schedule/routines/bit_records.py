"""Gibbs sweeps of chains that are bits, and sums over their units after every few, as ops."""

from __future__ import annotations

from ...plan.plan import Plan
from ..builder import Builder
from ..schedule import Composition
from ..streams import stream_argument, stream_of
from ..values import BATCH, Content, Life, Number, View
from .bit_sweeps import ARRAYS, BITS, form_array

RECORDS = "records"
TALLIES = {"products": (1, "i4"), "runs": (2, "i8"), "ends": (1, "i8")}
"""Axes and numbers of the arrays that say which products are counted."""


def bit_records(plan: Plan, free: tuple[str, ...]) -> Composition:
    """The routine `records`: `draws` times `steps` sweeps of the groups `free`, and counts of odd
    products of units; draw k is of update `call` + k.
    """
    b = Builder(plan, "records", "Gibbs sweeps of chains, 64 to a word, and sums over their units")
    names = [g.name for g in plan.groups if g.name in plan.listed_groups]
    state = {n: b.state(n, n, BATCH, Life.KEPT, source=("chain", n)) for n in names}
    bits = form_array(b, "B", 2, "i8", Life.KEPT)
    place = {n: form_array(b, f"place_{n}", 1, "i8", source=("place", n)) for n in names}
    near, tiles, classes, entries, level, valid, first_tile = (
        form_array(b, n, axes, number) for n, (axes, number) in ARRAYS.items()
    )
    products, runs, ends = (form_array(b, n, axes, number) for n, (axes, number) in TALLIES.items())
    table = form_array(b, "table", 1, "i8")
    shape, source = (RECORDS, -1, -1), (BITS, "counts")
    counts = b.value("counts", Content.CONSTANT, shape, Life.KEPT, number="i8", source=source)
    size, many = b.number("size", "i8"), b.number("many", "i8")
    stream = stream_argument(b)
    own = b.stream(stream_of(b, stream, free[0]))
    seed, call = b.number("seed", "i8"), b.number("call", "i8")
    b.heading("states as bits")
    for n in names:
        b.do("pack_bits", state[n], place[n], bits)
    with b.repeat(b.number("draws", "i8"), "draw") as draw:
        b.heading("Gibbs sweeps, colour after colour")
        with b.repeat(b.number("steps", "i8"), "step") as step:
            with b.repeat(b.number("colours", "i8"), "colour") as c:
                form = (near, tiles, classes, entries, table, level, valid, size, many, first_tile)
                key = (c, seed, own, Number(f"{call} + {draw}"), step, b.first_row(BATCH))
                b.do("draw_bits", bits, *form, *key)
        b.heading("sums over units")
        b.do("count_odd", bits, products, runs, ends, many, View(counts, draw))
    b.heading("bits as states")
    for n in free:
        spin = Number("1" if plan.group(n).unit.name == "spin" else "0")
        b.do("unpack_bits", bits, place[n], spin, state[n])
    return b.composition()

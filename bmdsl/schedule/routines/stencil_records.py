"""Gibbs sweeps of lattices whose sites are bits side by side, and counts of odd couplings after
every few, as ops.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...plan.plan import Plan
from ..builder import Builder
from ..schedule import Composition
from ..streams import stream_argument, stream_of
from ..values import BATCH, Content, Life, Number, View
from .bit_sweeps import BITS, form_array
from .pairs import RECORDS, Sums, groups_of, sum_pairs
from .stencil_sweeps import ARRAYS, SHORT


def stencil_records(
    plan: Plan, free: tuple[str, ...], short: bool, pairs: Sequence[Sums]
) -> Composition:
    """The routine `records`: `draws` times `steps` sweeps of the groups `free`, and counts of
    units, entries and units that differ from them, and sums over pairs; draw k is of update `call`
    + k. `short`: rows are drawn eight at a time.
    """
    b = Builder(plan, "records", "Gibbs sweeps of a lattice of bits, and sums over its units")
    names = list(plan.listed_groups)
    state = {n: b.state(n, n, BATCH, Life.KEPT, source=("chain", n)) for n in names}
    bits = form_array(b, "B", 2, "i8", Life.KEPT)
    every = {**ARRAYS, **(SHORT if short else {})}
    arrays = {n: form_array(b, n, axes, number) for n, (axes, number) in every.items()}
    level = arrays.pop("level")
    first, phase, shape = (arrays[n] for n in ("first", "phase", "shape"))
    drawn = [arrays[n] for n in (SHORT if short else ARRAYS) if n != "level"]
    counted = [arrays[n] for n in ARRAYS if n != "level"]
    table = form_array(b, "table", 1, "i8")
    kind, source = (RECORDS, -1, -1), (BITS, "counts")
    counts = b.value("counts", Content.CONSTANT, kind, Life.KEPT, number="i8", source=source)
    stream = stream_argument(b)
    own = b.stream(stream_of(b, stream, free[0]))
    seed, call = b.number("seed", "i8"), b.number("call", "i8")

    def unpack(n: str) -> None:
        spin = Number("1" if plan.group(n).unit.name == "spin" else "0")
        at = Number(str(names.index(n)))
        b.do("unpack_rows_of_sites", bits, at, first, phase, shape, spin, state[n])

    b.heading("states as bits")
    for k, n in enumerate(names):
        b.do("pack_rows_of_sites", state[n], Number(str(k)), first, phase, shape, bits)
    with b.repeat(b.number("draws", "i8"), "draw") as draw:
        b.heading("Gibbs sweeps, colour after colour")
        with b.repeat(b.number("steps", "i8"), "step") as step:
            with b.repeat(b.number("colours", "i8"), "colour") as c:
                key = (c, seed, own, Number(f"{call} + {draw}"), step, b.first_row(BATCH))
                op = "draw_eight_rows_of_sites" if short else "draw_rows_of_sites"
                b.do(op, bits, *drawn, table, level, *key)
        b.heading("sums over units")
        b.do("count_odd_of_sites", bits, *counted, View(counts, draw))
        for n in groups_of(pairs):
            unpack(n)
        sum_pairs(b, pairs, state, draw)
    b.heading("bits as states")
    for n in names:
        unpack(n)
    return b.composition()

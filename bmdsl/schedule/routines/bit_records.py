"""Gibbs sweeps of chains that are bits, and sums over their units after every few, as ops."""

from __future__ import annotations

from collections.abc import Sequence

from ...plan.plan import Plan
from ..builder import Builder
from ..schedule import Composition
from ..streams import stream_argument, stream_of
from ..values import BATCH, Life, Number, Operand, View
from . import bit_sweeps, field_sweeps
from .bit_sweeps import form_array
from .bit_tallies import ITEMS, counts_of, energies_of, tallies_of
from .pairs import Sums, count_pairs


def bit_records(
    plan: Plan, free: tuple[str, ...], fields: bool, energies: bool, pairs: Sequence[Sums]
) -> Composition:
    """The routine `records`: `draws` times `steps` sweeps of the groups `free`, and counts of odd
    products of units and of pairs; draw k is of update `call` + k. `fields`: fields are numbers,
    not counts. `energies`: −E is summed up, coupling by coupling.
    """
    b = Builder(plan, "records", "Gibbs sweeps of chains, 64 to a word, and sums over their units")
    names = [g.name for g in plan.groups if g.name in plan.listed_groups]
    state = {n: b.state(n, n, BATCH, Life.KEPT, source=("chain", n)) for n in names}
    bits = form_array(b, "B", 2, "i8", Life.KEPT)
    place = {n: form_array(b, f"place_{n}", 1, "i8", source=("place", n)) for n in names}
    numbers = field_sweeps.ARRAYS if fields else {n: k for n, (_, k) in bit_sweeps.ARRAYS.items()}
    axes = {} if fields else {n: a for n, (a, _) in bit_sweeps.ARRAYS.items()}
    form = {n: form_array(b, n, axes.get(n, 1), k) for n, k in numbers.items()}
    tallies, counts = tallies_of(b), counts_of(b)
    many = Number("0") if fields else b.number("many", "i8")
    what: list[Operand] = [*form.values()]
    if not fields:
        what = [form[n] for n in ("near", "tiles", "classes", "entries")]
        what += [form_array(b, "table", 1, "i8"), form["level"], form["valid"]]
        what += [b.number("size", "i8"), many, form["first_tile"]]
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
                key = (c, seed, own, Number(f"{call} + {draw}"), step, b.first_row(BATCH))
                b.do("draw_bits_by_fields" if fields else "draw_bits", bits, *what, *key)
        b.heading("sums over units")
        b.do("count_odd", bits, *tallies, many, View(counts, draw))
        if energies:
            items = [form_array(b, n, 1, k) for n, k in ITEMS.items()]
            b.do(
                "sum_bit_terms", bits, *items, b.number("offset", "f8"), View(energies_of(b), draw)
            )
        count_pairs(b, pairs, bits, place, many, draw)
    b.heading("bits as states")
    for n in free:
        spin = Number("1" if plan.group(n).unit.name == "spin" else "0")
        b.do("unpack_bits", bits, place[n], spin, state[n])
    return b.composition()

"""Replicas at a ladder of inverse temperatures that exchange their places, as bits in words of one
beta: ops (Hukushima & Nemoto 1996).
"""

from __future__ import annotations

from ...plan.plan import Plan
from ..builder import Builder
from ..schedule import Composition
from ..streams import stream_argument, stream_of
from ..values import BATCH, Life, Number, Operand, View
from . import bit_sweeps, field_sweeps
from .bit_sweeps import form_array
from .bit_tallies import ITEMS, counts_of, energies_of, tallies_of
from .exchange import OBSERVED, ROUNDS, of_ladder, rounds_before, trips_of
from .pairs import Sums, count_pairs, groups_of

KEEP = "keep"
"""Whether the lowest states are kept: 0 or 1."""


def bit_exchanges(
    plan: Plan, free: tuple[str, ...], fields: bool, record: tuple[Sums, ...] | None = None
) -> Composition:
    """The routine `exchanges` of the groups `free`: `rounds` times `steps` sweeps of all replicas,
    then exchanges. `fields`: fields are numbers, not counts. With a record, `draws` times as many
    rounds, each time −E, counts of odd products and of these sums, of replicas at betas[observed].

    Round r draws at update `call` + r; `parity` + r says which pairs try.
    """
    b = Builder(plan, "exchanges", "Sweeps of replicas in words of one β, and exchanges of words")
    bits = form_array(b, "B", 2, "i8", Life.KEPT)
    numbers = field_sweeps.ARRAYS if fields else {n: k for n, (_, k) in bit_sweeps.ARRAYS.items()}
    axes = {} if fields else {n: a for n, (a, _) in bit_sweeps.ARRAYS.items()}
    form = {n: form_array(b, n, axes.get(n, 1), k) for n, k in numbers.items()}
    items = [form_array(b, n, 1, k) for n, k in ITEMS.items()]
    x, masks = form_array(b, "x", 1, "f8", Life.KEPT), form_array(b, "masks", 2, "i8", Life.KEPT)
    best_x, best = (
        form_array(b, n, a, k, Life.KEPT) for n, a, k in (("best_x", 1, "f8"), ("best", 2, "i8"))
    )
    found = form_array(b, "found", 1, "i8", Life.KEPT)
    betas, place, accepted, tried, was_hot, uniforms = of_ladder(b)
    stream = stream_argument(b)
    trips, own = trips_of(b), b.stream(stream_of(b, stream, free[0]))
    seed, call, parity = b.number("seed", "i8"), b.number("call", "i8"), b.number("parity", "i8")
    colours, steps = b.number("colours", "i8"), b.number("steps", "i8")
    offset = b.number("offset", "f8")
    what: list[Operand] = [*form.values()]
    if not fields:
        sizes = b.number("size", "i8"), b.number("many", "i8")
        table = form_array(b, "table", 1, "i8")
        what = [form[n] for n in ("near", "tiles", "classes", "entries")]
        what += [table, form["level"], form["valid"], *sizes, form["first_tile"]]
    keep = b.number(KEEP, "i8")

    def repeat_rounds(before: str) -> None:
        with b.repeat(b.number(ROUNDS, "i8"), "swap") as swap:
            at = Number(f"{before}{swap}")
            b.heading("Gibbs sweeps of every word at its own β")
            with b.repeat(steps, "step") as step, b.repeat(colours, "colour") as c:
                key = (c, seed, own, Number(f"{call} + {at}"), step, b.first_row(BATCH))
                b.do("draw_bits_by_fields" if fields else "draw_bits", bits, *what, *key)
            b.heading("exchanges")
            b.do("sum_bit_terms", bits, *items, offset, x)
            with b.repeat(keep, KEEP):
                b.do("keep_best", x, bits, Number(f"{call} + {at}"), best_x, best, found)
            pairs = Number(f"({parity} + {at}) % 2")
            chosen = (View(uniforms, at), betas, place, masks, accepted, tried)
            b.do("choose_exchanges", x, pairs, *chosen)
            b.do("swap_words", pairs, masks, bits)
            b.do("count_trips", betas, place, was_hot, trips)

    if record is None:
        repeat_rounds("")
        return b.composition()
    cold = form_array(b, "C", 2, "i8", Life.KEPT)
    many = Number("0") if fields else b.number("many", "i8")
    energies, counts = energies_of(b), counts_of(b)
    tallies = tallies_of(b)
    place_of = {
        n: form_array(b, f"place_{n}", 1, "i8", source=("place", n)) for n in groups_of(record)
    }
    with b.repeat(b.number("draws", "i8"), "draw") as draw:
        repeat_rounds(rounds_before(draw))
        b.heading("a record")
        b.do("take_words", bits, b.number(OBSERVED, "i8"), cold)
        b.do("sum_bit_terms", cold, *items, offset, View(energies, draw))
        b.do("count_odd", cold, *tallies, many, View(counts, draw))
        count_pairs(b, record, cold, place_of, many, draw)
    return b.composition()

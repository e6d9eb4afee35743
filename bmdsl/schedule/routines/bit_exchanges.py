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
from .exchange import ROUNDS, of_ladder, trips_of

ITEMS = {"run": "i8", "run_weight": "f8", "item": "i8", "item_near": "i4", "item_both": "i4"}
"""Numbers of the arrays that say what energies are made of, in the order of `sum_bit_terms`."""
KEEP = "keep"
"""Whether the lowest states are kept: 0 or 1."""


def bit_exchanges(plan: Plan, free: tuple[str, ...], fields: bool) -> Composition:
    """The routine `exchanges` of the groups `free`: `rounds` times `steps` sweeps of all replicas,
    then exchanges. `fields`: fields are numbers, not counts.

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
    with b.repeat(b.number(ROUNDS, "i8"), "swap") as at:
        b.heading("Gibbs sweeps of every word at its own β")
        with b.repeat(steps, "step") as step, b.repeat(colours, "colour") as c:
            key = (c, seed, own, Number(f"{call} + {at}"), step, b.first_row(BATCH))
            b.do("draw_bits_by_fields" if fields else "draw_bits", bits, *what, *key)
        b.heading("exchanges")
        b.do("sum_bit_terms", bits, *items, offset, x)
        with b.repeat(b.number(KEEP, "i8"), KEEP):
            b.do("keep_best", x, bits, Number(f"{call} + {at}"), best_x, best, found)
        pairs = Number(f"({parity} + {at}) % 2")
        chosen = (View(uniforms, at), betas, place, masks, accepted, tried)
        b.do("choose_exchanges", x, pairs, *chosen)
        b.do("swap_words", pairs, masks, bits)
        b.do("count_trips", betas, place, was_hot, trips)
    return b.composition()

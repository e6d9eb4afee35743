"""The parts of a module for terms whose couplings are written out one by one: lattices, graphs,
convolutions, terms of three units and more.

A *coupling* of a listed term is one setting of its letters. `places` writes its units' columns,
`values` what it adds to −E per unit statistic, both in the order of the loops. Where all terms are
listed, many chains are swept side by side, colour class after colour class.
"""

from __future__ import annotations

from ..kernels.cells import couplings_of, couplings_of_tile
from ..language.model import Term
from ..plan.identifiers import edges_variable, gradient_variable, scalar
from ..plan.plan import GroupPlan, Plan
from ..plan.stencils import value_letters
from .emit_terms import define, safe, signature, source_lines
from .inline import body_of
from .term_loops import Lengths, emit_gradient, emit_loops, product, ranges

INCIDENCE = ["start", "other", "value", "more", "more_value", "more_start", "more_other"]
"""A group's couplings, unit after unit: those with one other unit, then those with any number of
others.
"""
CELLS = ["lengths", "cell_of", "cells", "entries", "others", "ramps", "couplings"]
"""A group's couplings by where its units stand in a lattice, and the values of all."""
SITES = ["unit", "near", "value", "start", "middle", "first", "count", "begin"]
"""A group's units and couplings in tiles of 64."""
KEY = ["seed", "stream", "update", "step"]
TILES = 8
"""Tiles of 64 units that one thread takes at a time."""
CHUNK, FEWER = 32, 256
"""Units that one thread takes at a time, and units that share the room for their lists."""


def emit_listed(plan: Plan, number: int, lengths: Lengths) -> str:
    """One term's couplings: how many, between which columns, their values, and the collection of
    their gradient.
    """
    model = plan.model
    term: Term = model.terms[number]
    loops, depth, columns = emit_loops(model, term, lengths, 1)
    pad = "    " * depth
    edges = [edges_variable(g.name) for g in model.graphs]
    grads = [gradient_variable(p.name) for p in model.parameters]
    both = ["k", "n", *signature(plan)]
    what = safe(source_lines([term]))
    start, step = "    f = 0", f"{pad}f += 1"

    def loop(name: str, takes: list[str], doc: str, body: list[str]) -> str:
        end = "    return f" if name == "count" else "    return"
        return define(
            plan.functions[name, number],
            takes,
            doc,
            [start, *loops, *(pad + line for line in body), step, end],
        )

    lines = [
        line.strip()
        for line in emit_gradient(model, term, number, depth, "moment[f]", gradient_variable)
    ]
    takes = ["moment", "scale", *grads, *both]
    doc = "Gradient from the couplings' moments."
    collect = (
        loop("collect", takes, doc, lines)
        if lines
        else define(plan.functions["collect", number], takes, doc, ["    return"], "")
    )
    alike = emit_alike(plan, number, lengths) if plan.by_cells else ()
    return "\n\n\n".join(
        [
            *alike,
            loop("count", ["n", *edges], f"Couplings of {what}", []),
            loop(
                "places",
                ["out", "n", *edges],
                "Their units: out[f, m] is the column of the m-th.",
                [f"out[f, {m}] = {c}" for m, c in enumerate(columns)],
            ),
            loop(
                "values",
                ["out", *both],
                "out[f]: what coupling f adds to -E, times its units' statistics.",
                [f"out[f] = -({product(model, term, number)})"],
            ),
            collect,
        ]
    )


def emit_alike(plan: Plan, number: int, lengths: Lengths) -> tuple[str, str]:
    """The values of a term that its parameters tell apart, each once, and the collection of their
    gradient.
    """
    model = plan.model
    term = model.terms[number]
    loops, depth = ranges(value_letters(term), lengths, 1)
    pad = "    " * depth
    both = ["k", "n", *signature(plan)]
    doc = "out[f]: what couplings that are alike add to -E, times their units' statistics."
    each = ["    f = 0", *loops, f"{pad}out[f] = -({product(model, term, number)})"]
    name = plan.functions["alike", number]
    values = define(name, ["out", *both], doc, [*each, f"{pad}f += 1", "    return"])
    lines = emit_gradient(model, term, number, depth, "moment[f]", gradient_variable)
    body = ["    f = 0", *loops, *lines, f"{pad}f += 1"] if lines else []
    takes = ["moment", "scale", *(gradient_variable(p.name) for p in model.parameters), *both]
    doc = "Gradient from the moments of couplings that are alike."
    name = plan.functions["collect_alike", number]
    how = "kernel" if lines else ""
    return values, define(name, takes, doc, [*body, "    return"], how)


def emit_sweep(g: GroupPlan, kind: str, by_cells: bool = False) -> str:
    """`steps` updates of a group over many chains: X is [unit, chain], units of one colour share no
    coupling.

    `by_cells`: couplings follow from where a unit stands in a lattice, in the place of lists.
    """
    takes = [
        "X",
        "offset",
        *_bases(g),
        "beta",
        "order",
        "classes",
        *(CELLS if by_cells else INCIDENCE),
        "seen",
        *KEY,
        "steps",
        "first_chain",
    ]
    column = ("0", "s") if by_cells else ("p", "column")
    chunk = FEWER if by_cells else CHUNK
    width = "states * chains" if g.states is not None else "chains"
    key = ", ".join((*KEY[:-1], "now"))
    body = [
        "    chains = X.shape[1]",
        "    before = first_chain % 64",
        "    tiles = (before + chains + 63) // 64",
        "    masked = seen.shape[0] > 0",
        "    parts = classes.shape[0] - 1",
        "    for j in range(steps * parts):",
        "        k = j % parts",
        "        now = step + j // parts",
        f"        for b in prange((classes[k + 1] - classes[k] + {chunk - 1}) // {chunk}):",
        "            every = np.empty(64 * tiles, F)",
        "            u = every[before:]",
        f"            eta = np.empty({width}, F)",
        *(
            ["            field = np.empty(states, F)", "            new = np.empty(states, F)"]
            if g.states is not None
            else []
        ),
        "            part = np.empty(chains, F)",
        *("            " + line for line in (room_of_lists(g) if by_cells else [])),
        (
            f"            for q in range(classes[k] + {chunk} * b, min(classes[k + 1], classes[k] +"
            f" {chunk} * (b + 1))):"
        ),
        "                p = order[q]",
        *("                " + line for line in (body_of(couplings_of) if by_cells else [])),
        "                for t in range(tiles):",
        "                    here = every[64 * t : 64 * t + 64]",
        f"                    fill_uniforms({key}, p, first_chain // 64 + t, here)",
        *(
            "                " + line
            for line in (
                _sweep_states(g, column[1]) if g.states is not None else _sweep_unit(g, column[0])
            )
        ),
    ]
    doc = (
        "Draws every unit given the rest, colour after colour, in all chains. Units that `seen` has"
        " a value for (not NaN) keep it."
    )
    return define(f"{kind}_sweep{'_of_cells' * by_cells}", takes, doc, body, "parallel")


def room_of_lists(g: GroupPlan) -> list[str]:
    """Lines that ask for room for one unit's couplings."""
    states = "states" if g.states is not None else "1"
    most, most_others = "lengths[lengths.shape[0] - 2]", "lengths[lengths.shape[0] - 1]"
    return [
        "at = np.zeros(ramps.shape[0], np.int64)",
        *(f"{x} = np.zeros({states} + 1, np.int64)" for x in ("start", "more")),
        *(f"{x} = np.zeros({most}, F)" for x in ("value", "more_value")),
        f"other = np.zeros({most}, np.int32)",
        f"more_start = np.zeros({most} + 1, np.int64)",
        f"more_other = np.zeros({most_others}, np.int32)",
    ]


def emit_sites(g: GroupPlan, kind: str, by_cells: bool = False) -> str:
    """`steps` updates of a group in few chains: X is [chain, column], units of one colour share no
    coupling, and stand 64 to a tile, all of a tile with as many couplings.

    `by_cells`: couplings follow from where units stand in a lattice, in the place of lists.
    """
    takes = ["X", "offset", *_bases(g), "beta", *SITES, "seen", *KEY, "steps", "first_chain"]
    numbers = "states" if g.states is not None else "1"
    row = f"t * {numbers}" if g.states is not None else "t"
    room, tile = list[str](), list[str]()
    if by_cells:
        at = takes.index("unit")
        takes[at : at + len(SITES)] = ["unit", "kind", "count", "begin", *CELLS]
        row = "0"
        tile = ["cell = kind[t]", *body_of(couplings_of_tile)]
        room = [
            "near = np.zeros(64 * lengths[lengths.shape[0] - 1], np.int32)",
            "value = np.zeros(64 * lengths[lengths.shape[0] - 2], F)",
            f"start = np.zeros({numbers} + 1, np.int64)",
            f"middle = np.zeros({numbers}, np.int64)",
            "first = np.zeros(lengths[lengths.shape[0] - 2] + 1, np.int64)",
        ]
    key = ", ".join((*KEY[:-1], "now"))
    body = [
        "    masked = seen.shape[0] > 0",
        "    parts = begin.shape[0] - 1",
        "    for j in range(steps * parts):",
        "        lo, hi = begin[j % parts], begin[j % parts + 1]",
        "        now = step + j // parts",
        f"        for b in prange((hi - lo + {TILES - 1}) // {TILES}):",
        "            u = np.empty(64, F)",
        f"            eta = np.empty(({numbers}, 64), F)",
        f"            new = np.empty(({numbers}, 64), F)",
        "            part = np.empty(64, F)",
        *("            " + line for line in [*room, *_room_of_draw(g)]),
        f"            for t in range(lo + {TILES} * b, min(hi, lo + {TILES} * (b + 1))):",
        "                own = unit[64 * t : 64 * t + 64]",
        *("                " + line for line in tile),
        "                for r in range(X.shape[0]):",
        "                    x = X[r]",
        f"                    fill_uniforms({key}, first_chain + r, t, u)",
        *("                    " + line for line in _fields_of_tile(g, numbers, row)),
        *("                    " + line for line in _draw_tile(g)),
        f"                    for s in range({numbers}):",
        "                        found = new[s]",
        "                        for q in range(count[t]):",
        f"                            p = own[q] * {numbers} + s",
        "                            if not (masked and not math.isnan(seen[r, p])):",
        "                                x[offset + p] = found[q]",
    ]
    doc = (
        "Draws every unit given the rest, colour after colour, 64 units at a time, chain after"
        " chain. Units that `seen` has a value for (not NaN) keep it."
    )
    return define(f"{kind}_sites{'_of_cells' * by_cells}", takes, doc, body, "parallel")


def _fields_of_tile(g: GroupPlan, numbers: str, row: str) -> list[str]:
    """Lines that add the fields eta[s, q] up of 64 units in one chain."""
    base = f"base[own[q] * {numbers} + s]" if g.states is not None else "base[own[q]]"
    return [
        f"for s in range({numbers}):",
        "    into = eta[s]",
        "    for q in range(64):",
        f"        into[q] = {base}",
        f"    lowest, pairs = start[{row} + s], middle[{row} + s]",
        "    fours = lowest + (pairs - lowest) // 4 * 4",
        "    apart = first[lowest] - lowest",
        # four at a time, so that eta is read and written once for them
        "    for e in range(lowest, fours, 4):",
        "        w = value[64 * e : 64 * e + 256]",
        "        d = near[64 * (e + apart) : 64 * (e + apart) + 256]",
        "        for q in range(64):",
        "            a = w[q] * x[np.uint32(d[q])]",
        "            a += w[q + 64] * x[np.uint32(d[q + 64])]",
        "            c = w[q + 128] * x[np.uint32(d[q + 128])]",
        "            c += w[q + 192] * x[np.uint32(d[q + 192])]",
        "            into[q] += a + c",
        "    for e in range(fours, pairs):",
        "        w = value[64 * e : 64 * e + 64]",
        "        d = near[64 * (e + apart) : 64 * (e + apart) + 64]",
        "        for q in range(64):",
        "            into[q] += w[q] * x[np.uint32(d[q])]",
        f"    for e in range(pairs, start[{row} + s + 1]):",
        "        w = value[64 * e : 64 * e + 64]",
        "        for q in range(64):",
        "            part[q] = w[q]",
        "        for i in range(first[e], first[e + 1]):",
        "            d = near[64 * i : 64 * i + 64]",
        "            for q in range(64):",
        "                part[q] *= x[np.uint32(d[q])]",
        "        for q in range(64):",
        "            into[q] += part[q]",
    ]


def _room_of_draw(g: GroupPlan) -> list[str]:
    """Lines that ask for room for the fields and the numbers of one unit, if units are drawn one by
    one.
    """
    if g.states is None or g.unit.sample_block is not None:
        return []
    return ["field = np.empty(states, F)", "one = np.empty(states, F)"]


def _draw_tile(g: GroupPlan) -> list[str]:
    """Lines that draw 64 units from their fields: new[s, q]."""
    arguments = "".join(f", F({a!r})" for a in g.arguments)
    if g.states is None:
        eta = "beta[r] * into[q]" + (", beta[r] * base2[own[q]]" if g.square else "")
        sample = scalar(g.unit.name, "sample")
        return [
            "into, found = eta[0], new[0]",
            "for q in range(64):",
            f"    found[q] = {sample}({eta}, u[q]{arguments})",
        ]
    if g.unit.sample_block is not None:
        return [
            "for s in range(states):",
            "    into = eta[s]",
            "    for q in range(64):",
            "        into[q] *= beta[r]",
            f"{scalar(g.unit.name, 'sample_block')}(eta, u, new{arguments})",
        ]
    return [
        "for q in range(64):",
        "    for s in range(states):",
        "        field[s] = beta[r] * eta[s, q]",
        f"    {scalar(g.unit.name, 'sample')}(field, u[q], one{arguments})",
        "    for s in range(states):",
        "        new[s, q] = one[s]",
    ]


def _bases(g: GroupPlan) -> list[str]:
    return ["base", *(["base2"] if g.square else []), *(["states"] if g.states is not None else [])]


def _gather(column: str, into: str) -> list[str]:
    """Lines that add every coupling of `column` to the fields `into`, all chains at once."""
    return [
        f"fours = start[{column}] + (start[{column} + 1] - start[{column}]) // 4 * 4",
        # four at a time, so that eta is read and written once for them
        f"for e in range(start[{column}], fours, 4):",
        "    w, w1, w2, w3 = value[e], value[e + 1], value[e + 2], value[e + 3]",
        "    d, d1, d2, d3 = other[e], other[e + 1], other[e + 2], other[e + 3]",
        "    for c in range(chains):",
        f"        {into}[c] += (w * X[d, c] + w1 * X[d1, c]) + (w2 * X[d2, c] + w3 * X[d3, c])",
        f"for e in range(fours, start[{column} + 1]):",
        "    w = value[e]",
        "    d = other[e]",
        "    for c in range(chains):",
        f"        {into}[c] += w * X[d, c]",
        f"for e in range(more[{column}], more[{column} + 1]):",
        "    for c in range(chains):",
        "        part[c] = more_value[e]",
        "    for o in range(more_start[e], more_start[e + 1]):",
        "        d = more_other[o]",
        "        for c in range(chains):",
        "            part[c] *= X[d, c]",
        "    for c in range(chains):",
        f"        {into}[c] += part[c]",
    ]


def _sweep_unit(g: GroupPlan, column: str) -> list[str]:
    arguments = "".join(f", F({a!r})" for a in g.arguments)
    eta = "beta[c] * eta[c]" + (", beta[c] * base2[p]" if g.square else "")
    return [
        "for c in range(chains):",
        "    eta[c] = base[p]",
        *_gather(column, "eta"),
        "for c in range(chains):",
        f"    X[offset + p, c] = {scalar(g.unit.name, 'sample')}({eta}, u[c]{arguments})",
        "if masked:",
        "    for c in range(chains):",
        "        if not math.isnan(seen[p, c]):",
        "            X[offset + p, c] = seen[p, c]",
    ]


def _sweep_states(g: GroupPlan, column: str) -> list[str]:
    arguments = "".join(f", F({a!r})" for a in g.arguments)
    return [
        "for s in range(states):",
        "    column = p * states + s",
        "    into = eta[s * chains : (s + 1) * chains]",
        "    for c in range(chains):",
        "        into[c] = base[column]",
        *("    " + line for line in _gather(column, "into")),
        "for c in range(chains):",
        "    for s in range(states):",
        "        field[s] = beta[c] * eta[s * chains + c]",
        f"    {scalar(g.unit.name, 'sample')}(field, u[c], new{arguments})",
        "    if masked and not math.isnan(seen[p * states, c]):",
        "        for s in range(states):",
        "            new[s] = seen[p * states + s, c]",
        "    for s in range(states):",
        "        X[offset + p * states + s, c] = new[s]",
    ]

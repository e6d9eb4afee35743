"""What `bm explain` tells besides the formulas: Gibbs blocks, a table of the parameters, memory and
operations of an update.
"""

from __future__ import annotations

from math import prod

from ..language.model import Initial, Parameter
from ..plan.contraction import written
from ..plan.costs import count_costs, count_text
from ..plan.plan import MANY_CHAINS, Plan
from ..plan.stencils import NotStencil
from .derivation.latex import ascii_name


def blocks(plan: Plan) -> list[str]:
    """Who is updated together, in the order of a sweep, and what each depends on."""
    lines = []
    for n, block in enumerate(plan.blocks, 1):
        groups = [plan.group(g) for g in block]
        if plan.selector is not None and block == (plan.selector[0],):
            how = (
                f"with {', '.join(plan.selector[1])} summed out, then these given it: one joint"
                " draw"
            )
        elif any(g.woven for g in groups) and not any(g.lateral for g in groups):
            how = (
                f"one unit after another (from {MANY_CHAINS} chains on: colour after colour, no two"
                f" units of a colour meet{_as_stencil(plan)})"
            )
        elif any(g.lateral for g in groups):
            how = "one unit after another"
        else:
            how = "through its experts" if any(g.expert for g in groups) else "all units at once"
        summed = (
            plan.selector[1] if plan.selector is not None and block == (plan.selector[0],) else ()
        )
        near = (
            x
            for g in (*block, *summed)
            for x in plan.graph.neighbours(g)
            if x not in (*block, *summed)
        )
        given = ", ".join(dict.fromkeys(near))
        lines.append(f"{n}. {', '.join(block)}: {how}" + (f", given {given}" if given else ""))
    return lines


def _as_stencil(plan: Plan) -> str:
    """Which lattice the terms are stencils of, and how index arithmetic colours it if its units
    have two values.
    """
    bits = all(plan.group(n).unit.name in ("spin", "binary") for n in plan.listed_groups)
    try:
        lattice = plan.lattice
        return f"; a stencil, {lattice.coloured if bits else lattice}"
    except NotStencil:
        return ""


def parameters(plan: Plan) -> list[tuple[str, str, str, str]]:
    """Name, shape, start and number of every parameter; lengths still open stay names."""
    rows = [("name", "shape", "init", "count")]
    for p in plan.model.parameters:
        shape = " × ".join(map(str, p.shape)) or "1"
        count = (
            f"{prod(int(n) for n in p.shape):,}"
            if all(isinstance(n, int) for n in p.shape)
            else shape.replace(" × ", "·")
        )
        rows.append((p.name, shape, _start(p.init) + _modifiers(p), count))
    return rows


def _start(init: Initial) -> str:
    if init.kind == "constant":
        return f"{init.arguments[0]:g}"
    if init.kind == "file":
        return ":".join(f"{a}" for a in init.arguments)
    shown = (f"{a:g}" if isinstance(a, float | int) else a for a in init.arguments)
    return f"{init.kind}({', '.join(shown)})"


def _modifiers(p: Parameter) -> str:
    words = {"fixed": p.fixed, "symmetric": p.symmetric, "nonnegative": p.nonnegative}
    return "".join(
        f" {word}" + (f"({value})" if isinstance(value, str) else "")
        for word, value in words.items()
        if value
    )


def costs(plan: Plan) -> list[str]:
    """Parameters, memory and operations of one update in single precision, or what has no value
    yet.
    """
    if plan.model.unbound:
        first = plan.model.unbound[0]
        return [
            f"counted once {', '.join(plan.model.unbound)}"
            f" {'is' if len(plan.model.unbound) == 1 else 'are'} known, as by -D {first}=64"
        ]
    return count_costs(plan, plan.model.training).lines()


def contractions(plan: Plan) -> list[str]:
    """How every term of several groups is summed, group by group, with its operations and
    memory.
    """
    lines = []
    batch = plan.model.training.batch
    for t in plan.tensors:
        lines += [
            f"{g} <- term {t.term}: {t.how(plan, g)}"
            for g in t.groups
            if plan.group(g).role != "given"
        ]
    for c in plan.contractions:
        if plan.model.unbound:
            lines.append(f"term {c.term}: chosen once {', '.join(plan.model.unbound)} are known")
            continue
        lengths = c.lengths(plan.model, batch)
        for g in (g for g in c.groups if plan.group(g).role != "given"):
            path = c.field(g, lengths)
            if c.is_convolution:
                how = f"a convolution with {c.parameters[0]}, sites gathered, a few cases a product"
                lines.append(f"{g} <- term {c.term}: {how}  ({count_text(path.operations)}FLOP)")
                continue
            cost = (
                f"{count_text(path.operations)}FLOP, at most {count_text(4 * path.numbers)}B in"
                " between"
            )
            lines.append(f"{g} <- term {c.term}: {written(path, c.names(g))}  ({cost})")
    return lines


def sections(plan: Plan) -> list[tuple[str, list[str]]]:
    """Titles and lines."""
    rows = parameters(plan)
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    table = [
        "  ".join(
            f"{x:{w}}" if k < 3 else f"{x:>{w}}"
            for k, (x, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    batch = plan.model.training.batch
    several = [(f"Order of summation (batch {batch})", contractions(plan))] if plan.multiway else []
    return [
        ("Gibbs blocks of a sweep", blocks(plan)),
        *several,
        ("Parameters", table if len(rows) > 1 else ["none"]),
        (f"Cost of an update (batch {batch}, float32)", costs(plan)),
    ]


def as_text(plan: Plan) -> str:
    """The sections in plain text."""
    return "\n\n".join(
        "\n".join([title, *("  " + line for line in lines)]) for title, lines in sections(plan)
    )


def as_latex(plan: Plan) -> str:
    """The sections as LaTeX: verbatim, for they are tables and words."""
    return "\n".join(
        f"\\subsection*{{{title}}}\n\\begin{{verbatim}}\n"
        + _ascii("\n".join(lines))
        + "\n\\end{verbatim}"
        for title, lines in sections(plan)
    )


def _ascii(text: str) -> str:
    """The text in letters that every TeX prints verbatim."""
    marks = {"×": "x", "·": "*", "→": "->", "←": "<-", "−": "-"}
    return "".join(c if c.isascii() else marks.get(c) or ascii_name(c) for c in text)

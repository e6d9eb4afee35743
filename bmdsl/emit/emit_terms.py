"""The parts of a module that loop over terms: biases, couplings and constants from parameters, and
gradients from moments.
"""

from __future__ import annotations

from ..language.forms import Form
from ..language.model import Term
from ..plan.coupling import Coupling, Pair
from ..plan.identifiers import edges_variable, gradient_variable, parameter_variable
from ..plan.plan import GroupPlan, Plan
from .term_loops import Lengths, emit_gradient, emit_loops, product


def signature(plan: Plan) -> tuple[str, ...]:
    """The arrays every term loop takes after its own: all parameters, then the edges of
    all graphs.
    """
    model = plan.model
    return (
        *(parameter_variable(p.name) for p in model.parameters),
        *(edges_variable(g.name) for g in model.graphs),
    )


def define(
    name: str, arguments: list[str], doc: str, body: list[str], decorator: str = "kernel"
) -> str:
    """One function's source; without a decorator it stays Python."""
    return "\n".join(
        [
            *([f"@{decorator}"] if decorator else []),
            f"def {name}({', '.join(arguments)}):",
            f'    """{doc}"""',
            *body,
        ]
    )


def emit_bias(plan: Plan, g: GroupPlan, power: int, lengths: Lengths) -> str:
    """The field on x^power that no other unit changes, and the collection of its gradient."""
    model = plan.model
    wanted = {1: Form.BIAS, 2: Form.SQUARE}[power]
    terms = [
        (n, t)
        for n, t in enumerate(model.terms)
        if plan.forms[n].form is wanted and t.units[0].group == g.name
    ]
    doc = f"Field on {g.name}^{power} from terms of one unit: {source_lines([t for _, t in terms])}"
    arrays = [plan.forms[n].array for n, _ in terms]
    build, collect = [], []
    for (n, t), array in zip(terms, arrays, strict=True):
        if all(
            arrays
        ):  # parameters that are these fields: a line of NumPy each, and nothing to compile
            value, gradient = parameter_variable(str(array)), gradient_variable(str(array))
            build.append(f"    out -= k[{n}] * {value}.reshape(out.shape)")
            collect.append(f"    {gradient} -= scale * k[{n}] * moment.reshape({gradient}.shape)")
            continue
        lines, depth, _ = emit_loops(model, t, lengths, 1)
        build += [*lines, "    " * depth + f"out[p0] -= {product(model, t, n)}"]
        added = emit_gradient(model, t, n, depth, "moment[p0]", gradient_variable)
        collect += [*lines, *added] if added else []
    names = plan.functions["bias", g.name, power], plan.functions["collect", g.name, power]
    return _pair(
        plan,
        names[0],
        doc,
        build,
        names[1],
        f"Gradient from the moments of {g.name}^{power}.",
        collect,
        "" if all(arrays) else "kernel",
    )


def emit_lateral(plan: Plan, g: GroupPlan, lengths: Lengths) -> str:
    """The coupling of a group's units with one another, [size, size], each pair where its term
    wrote it.
    """
    terms = (
        n for n, f in enumerate(plan.forms) if f.form is Form.LATERAL and f.units[0].group == g.name
    )
    return _coupling(plan, tuple(terms), ((g.name, 1), (g.name, 1)), lengths)


def emit_coupling(plan: Plan, c: Coupling, lengths: Lengths) -> str:
    """The coupling of two groups, [size a, size b], where no parameter is this matrix itself."""
    return _coupling(plan, c.terms, c.key, lengths)


def _coupling(plan: Plan, terms: tuple[int, ...], pair: Pair, lengths: Lengths) -> str:
    model, ((a, _), (b, _)) = plan.model, pair
    build, collect = [], []
    for n in terms:
        t = model.terms[n]
        lines, depth, _ = emit_loops(model, t, lengths, 1)
        swap = a != b and t.units[0].group != a
        row, column = ("p1", "p0") if swap else ("p0", "p1")
        build += [*lines, "    " * depth + f"out[{row}, {column}] -= {product(model, t, n)}"]
        moment = f"moment[{row}, {column}]"
        added = emit_gradient(model, t, n, depth, moment, gradient_variable)
        collect += [*lines, *added] if added else []
    doc = f"−E = Σ out[p, q] {a}[p] {b}[q]: {source_lines([model.terms[n] for n in terms])}"
    names = plan.functions["couple", pair], plan.functions["collect", pair]
    return _pair(
        plan, names[0], doc, build, names[1], f"Gradient from the moments of {a} {b}.", collect
    )


def _pair(
    plan: Plan,
    name: str,
    doc: str,
    build: list[str],
    collector: str,
    collector_doc: str,
    collect: list[str],
    decorator: str = "kernel",
) -> str:
    both = ["k", "n", *signature(plan)]
    grads = [gradient_variable(p.name) for p in plan.model.parameters]
    made = define(name, ["out", *both], safe(doc), [*build, "    return"], decorator)
    return (
        made
        + "\n\n\n"
        + define(
            collector,
            ["moment", "scale", *grads, *both],
            collector_doc,
            [*collect, "    return"],
            decorator if collect else "",
        )
    )


def emit_constant(plan: Plan, lengths: Lengths) -> str:
    """The part of the energy that no unit changes, and its gradient."""
    model = plan.model
    build, collect = ["    total = 0.0"], []
    for n, t in enumerate(model.terms):
        if plan.forms[n].form is Form.CONSTANT:
            lines, depth, _ = emit_loops(model, t, lengths, 1)
            build += [*lines, "    " * depth + f"total += {product(model, t, n)}"]
            if t.parameters:
                collect += [*lines, *emit_gradient(model, t, n, depth, "weight", gradient_variable)]
    both = ["k", "n", *signature(plan)]
    grads = [gradient_variable(p.name) for p in model.parameters]
    decorator = "kernel" if len(build) > 1 else ""
    made = define(
        plan.functions["constant",],
        both,
        "The part of E that no unit changes.",
        [*build, "    return total"],
        decorator,
    )
    return (
        made
        + "\n\n\n"
        + define(
            plan.functions["collect",],
            ["weight", "scale", *grads, *both],
            "Its gradient.",
            [*collect, "    return"],
            decorator,
        )
    )


def source_lines(terms: list[Term]) -> str:
    """Where the terms stand and how they read."""
    return "; ".join(" ".join(t.span.text.split()) for t in terms if t.span) or "no term"


def safe(text: str) -> str:
    """`text` as part of a docstring."""
    return text.replace("\\", "/").replace('"', "'")

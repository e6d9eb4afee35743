"""Plan → Python source of one module: readable, self-contained, deterministic; numba compiles it, plain Python runs it too."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ..language.model import Length, Term
from .kernels import random
from .plan import GroupPlan, Plan
from .term_loops import Lengths, emit_gradient, emit_loops, identifier, parameter_variable, product

HEAD = '''"""Generated from model {name}: do not edit. Arrays are [row, column]; a group's columns are its flattened axes."""

import math

import numpy as np

try:
    import numba
except ImportError:  # runs as plain Python too
    numba = None

COMPILE = {compile} and numba is not None


def kernel(function):
    """numba's compiler where it is wanted, the plain function otherwise."""
    return numba.njit(cache=True, error_model="numpy", nogil=True)(function) if COMPILE else function

'''


def emit_module(plan: Plan, compile: bool = True) -> tuple[str, tuple[Length, ...]]:
    """The module's source and the lengths that its `n` array must hold, in order."""
    lengths = Lengths()
    parts = [HEAD.format(name=plan.model.name, compile=compile)]
    parts += _inlined(plan)
    for g in plan.groups:
        parts.append(_bias(plan, g, 1, lengths))
        if g.square:
            parts.append(_bias(plan, g, 2, lengths))
        if g.lateral:
            parts.append(_lateral(plan, g, lengths))
        parts.append(_moments(g))
        parts.append(_sampling(g))
    for c in plan.couplings:
        if c.direct is None:
            parts.append(_built(plan, [c.terms], c.name, c.a, c.b, lengths))
    parts.append(_constant(plan, lengths))
    return "\n\n".join(p.rstrip() for p in parts) + "\n", tuple(lengths.known)


def signature(plan: Plan) -> tuple[str, ...]:
    """The arrays every term loop takes after its own: all parameters, then the edges of all graphs."""
    model = plan.model
    return (*(parameter_variable(p.name) for p in model.parameters), *(f"edges_{identifier(g.name)}" for g in model.graphs))


def _def(name: str, arguments: list[str], doc: str, body: list[str]) -> str:
    lines = ["@kernel", f"def {name}({', '.join(arguments)}):", f'    """{doc}"""', *body]
    return "\n".join(lines)


def _inlined(plan: Plan) -> list[str]:
    """Sources of every unit function in use and of what they call, each once, helpers first."""
    done: dict[str, str] = {}
    for f in (random.philox, random.fill_uniforms):
        _inline(f, f.__name__, done)
    for g in plan.groups:
        for part in ("log_partition", "mean", "variance", "sample", "log_base", "mean_square"):
            f = getattr(g.unit, part)
            if f is not None:
                _inline(f, f"{identifier(g.unit.name)}_{part}", done)
    return list(done.values())


def _inline(function: Callable[..., Any], name: str, done: dict[str, str]) -> None:
    if name in done:
        return
    source = textwrap.dedent(inspect.getsource(function))
    node = next(n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef))
    node.decorator_list, node.name, node.returns = [ast.Name("kernel")], name, None
    for a in (*node.args.args, *node.args.kwonlyargs):
        a.annotation = None
    names = _Names()
    names.visit(node)
    space = getattr(function, "__globals__", {})
    for used in sorted(names.used):
        helper = space.get(used)
        if isinstance(helper, FunctionType):
            _inline(helper, used, done)
        elif isinstance(helper, (int, float, tuple)):
            done.setdefault(used, f"{used} = {helper!r}")
        elif callable(helper) and getattr(helper, "__module__", "") == "math":
            done.setdefault(used, f"{used} = math.{helper.__name__}")
    done[name] = ast.unparse(ast.fix_missing_locations(node))


class _Names(ast.NodeVisitor):
    def __init__(self) -> None:
        self.used: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:  # noqa: N802  # the visitor's own spelling
        self.used.add(node.id)


def _source_lines(terms: list[Term]) -> str:
    return "; ".join(f"{t.span.source.name}:{t.span.line} {' '.join(t.span.text.split())}" for t in terms if t.span) or "no term"


def _safe(text: str) -> str:
    return text.replace("\\", "/").replace('"', "'")


def _bias(plan: Plan, g: GroupPlan, power: int, lengths: Lengths) -> str:
    """The field on x^power that no other unit changes, and the collection of its gradient."""
    model, name = plan.model, identifier(g.name)
    single = [(n, t) for n, t in enumerate(model.terms) if len(t.units) == 1 and t.units[0].group == g.name]
    terms = [(n, t) for n, t in single if t.units[0].power == power]
    build, collect = [], []
    for n, t in terms:
        lines, depth, _ = emit_loops(model, t, lengths, 1)
        build += [*lines, "    " * depth + f"out[p0] -= {product(model, t, n)}"]
        collect += [*lines, *emit_gradient(model, t, n, depth, "moment[p0]", lambda p: f"d_{identifier(p)}")]
    both = ["k", "n", *signature(plan)]
    grads = [f"d_{identifier(p.name)}" for p in model.parameters]
    doc = _safe(_source_lines([t for _, t in terms]))
    return (
        _def(f"bias_{name}_{power}", ["out", *both], f"Field on {g.name}^{power} from terms of one unit: {doc}", [*build, "    return out"])
        + "\n\n"
        + _def(f"collect_{name}_{power}", ["moment", "scale", *grads, *both], f"Gradient from the moments of {g.name}^{power}.",
               [*collect, "    return"])
    )  # fmt: skip


def _pair_loops(plan: Plan, terms: tuple[int, ...], a: str, b: str, lengths: Lengths, lateral: bool) -> tuple[list[str], list[str]]:
    model = plan.model
    build, collect = [], []
    for n in terms:
        t = model.terms[n]
        lines, depth, _ = emit_loops(model, t, lengths, 1)
        swap = not lateral and t.units[0].group != a
        row, column = ("p1", "p0") if swap else ("p0", "p1")
        weight = f"moment[{row}, {column}]"
        build += [*lines, "    " * depth + f"out[{row}, {column}] -= {product(model, t, n)}"]
        collect += [*lines, *emit_gradient(model, t, n, depth, weight, lambda p: f"d_{identifier(p)}")]
    return build, collect


def _built(plan: Plan, groups: list[tuple[int, ...]], name: str, a: str, b: str, lengths: Lengths) -> str:
    build, collect = _pair_loops(plan, groups[0], a, b, lengths, a == b)
    both = ["k", "n", *signature(plan)]
    grads = [f"d_{identifier(p.name)}" for p in plan.model.parameters]
    doc = _safe(_source_lines([plan.model.terms[n] for n in groups[0]]))
    return (
        _def(f"couple_{identifier(name)}", ["out", *both], f"−E = Σ out[p, q] {a}[p] {b}[q]: {doc}", [*build, "    return out"])
        + "\n\n"
        + _def(f"collect_{identifier(name)}", ["moment", "scale", *grads, *both], f"Gradient from the moments of {a} {b}.",
               [*collect, "    return"])
    )  # fmt: skip


def _lateral(plan: Plan, g: GroupPlan, lengths: Lengths) -> str:
    terms = tuple(n for n, t in enumerate(plan.model.terms) if len(t.units) == 2 and all(u.group == g.name for u in t.units))
    return _built(plan, [terms], f"{g.name}_{g.name}", g.name, g.name, lengths)


def _constant(plan: Plan, lengths: Lengths) -> str:
    model = plan.model
    build, collect = ["    total = 0.0"], []
    for n, t in enumerate(model.terms):
        if not t.units:
            lines, depth, _ = emit_loops(model, t, lengths, 1)
            build += [*lines, "    " * depth + f"total += {product(model, t, n)}"]
            collect += [*lines, *emit_gradient(model, t, n, depth, "weight", lambda p: f"d_{identifier(p)}")]
    both = ["k", "n", *signature(plan)]
    grads = [f"d_{identifier(p.name)}" for p in model.parameters]
    return (
        _def("constant", both, "The part of E that no unit changes.", [*build, "    return total"])
        + "\n\n"
        + _def("collect_constant", ["weight", "scale", *grads, *both], "Its gradient.", [*collect, "    return"])
    )


def _call(g: GroupPlan, part: str, *first: str) -> str:
    return f"{identifier(g.unit.name)}_{part}({', '.join((*first, *(repr(a) for a in g.arguments)))})"


def _moments(g: GroupPlan) -> str:
    """Means, second moments, log-partition and log base measure of a group, from its fields."""
    name = identifier(g.name)
    if g.states is not None:
        return "\n\n".join([
            _def(f"mean_{name}", ["eta", "states", "out"], f"out = E[{g.name} | rest] = ∇A(η), one unit of `states` columns at a time.",
                 ["    for r in range(eta.shape[0]):", "        for p in range(0, eta.shape[1], states):",
                  f"            {_call(g, 'mean', 'eta[r, p : p + states]', 'out[r, p : p + states]')}", "    return out"]),
            _def(f"log_partition_{name}", ["eta", "states", "out"], f"out[r] = Σ A(η) over the units of {g.name}.",
                 ["    for r in range(eta.shape[0]):", "        total = 0.0", "        for p in range(0, eta.shape[1], states):",
                  f"            total += {_call(g, 'log_partition', 'eta[r, p : p + states]')}", "        out[r] = total", "    return out"]),
        ])  # fmt: skip
    eta = ["eta[r, p]", "eta2[p]"] if g.square else ["eta[r, p]"]
    arguments = ["eta", "eta2"] if g.square else ["eta"]

    def elementwise(part: str, doc: str, prefix: str) -> str:
        return _def(f"{prefix}_{name}", [*arguments, "out"], doc,
                    ["    for r in range(eta.shape[0]):", "        for p in range(eta.shape[1]):",
                     f"            out[r, p] = {_call(g, part, *eta)}", "    return out"])  # fmt: skip

    parts = [elementwise("mean", f"out = E[{g.name} | rest] = A′(η), every unit from its own field.", "mean")]
    if g.square:
        parts.append(elementwise("mean_square", f"out = E[{g.name}² | rest].", "mean_square"))
    parts.append(
        _def(f"log_partition_{name}", [*arguments, "out"], f"out[r] = Σ A(η) over the units of {g.name}.",
             ["    for r in range(eta.shape[0]):", "        total = 0.0", "        for p in range(eta.shape[1]):",
              f"            total += {_call(g, 'log_partition', *eta)}", "        out[r] = total", "    return out"]))  # fmt: skip
    parts.append(
        _def(f"log_base_{name}", ["x", "out"], f"out[r] = Σ log base measure over the units of {g.name}.",
             ["    for r in range(x.shape[0]):", "        total = 0.0", "        for p in range(x.shape[1]):",
              f"            total += {_call(g, 'log_base', 'x[r, p]')}", "        out[r] = total", "    return out"]))  # fmt: skip
    return "\n\n".join(parts)


def _sampling(g: GroupPlan) -> str:
    """One update of a group: every unit drawn from its conditional; observed units (not NaN) keep their value."""
    name = identifier(g.name)
    head = ["    u = np.empty({units})", "    masked = seen.shape[0] > 0", "    for r in range(eta.shape[0]):",
            "        fill_uniforms(seed, stream, update, first + r, u)"]  # fmt: skip
    common = ["seen", "seed", "stream", "update", "first", "out"]
    if g.states is not None:
        lines = [x.format(units="eta.shape[1] // states") for x in head]
        lines += ["        for q in range(u.shape[0]):", "            p = q * states"]
        arguments = ["eta", "states"]
        draw = _call(g, "sample", "eta[r, p : p + states]", "u[q]", "new")
        lines.insert(1, "    new = np.empty(states, out.dtype)")
        body = [draw, "if masked and not math.isnan(seen[r, p]):", "    new[:] = seen[r, p : p + states]"]
        if g.lateral:
            body += ["for c in range(states):", "    delta = new[c] - out[r, p + c]", "    if delta != 0.0:",
                     "        for d in range(eta.shape[1]):", "            eta[r, d] += delta * S[p + c, d]"]  # fmt: skip
        body += ["out[r, p : p + states] = new"]
    else:
        lines = [x.format(units="eta.shape[1]") for x in head]
        lines += ["        for p in range(eta.shape[1]):"]
        arguments = ["eta", "eta2"] if g.square else ["eta"]
        draw = _call(g, "sample", *(["eta[r, p]", "eta2[p]"] if g.square else ["eta[r, p]"]), "u[p]")
        body = [f"new = {draw}", "if masked and not math.isnan(seen[r, p]):", "    new = seen[r, p]"]
        if g.lateral:
            body += ["delta = new - out[r, p]", "if delta != 0.0:", "    for d in range(eta.shape[1]):",
                     "        eta[r, d] += delta * S[p, d]"]  # fmt: skip
        body += ["out[r, p] = new"]
    arguments += ["S"] if g.lateral else []
    doc = f"Draws {g.name} given the rest from its field η" + (", one unit after another" if g.lateral else "") + "."
    return _def(f"sample_{name}", [*arguments, *common], doc, [*lines, *("            " + x for x in body), "    return out"])

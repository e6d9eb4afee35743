"""Experts: functions of a linear projection of visible units, such as `softplus(c[j] + W[i,j]
v[i])`.

Inside the argument each addend is summed over its own letters that the factors outside, or a
`sum[...]`, do not bind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from . import tree as t
from .diagnostics import fail
from .model import Expert, Group, Letter, Term

EXPERTS = ("softplus", "log1p", "square", "abs", "logcosh")


@dataclass(frozen=True)
class ExpertDraft:
    """An expert before its letters have ranges: its addends are products, or one product with an
    expert inside.
    """

    function: str
    products: tuple[Draft, ...]
    call: t.Call


@dataclass(frozen=True)
class Draft:
    """What experts.py must know of a product while it is multiplied out (`terms.Product`
    is one).
    """

    coefficient: float
    expert: ExpertDraft | None
    bound: frozenset[str]


def draft(
    call: t.Call, products: Callable[[t.Expression], list], groups: Mapping[str, Group]
) -> ExpertDraft:  # type: ignore[type-arg]  # terms.Product
    """The expert of a call, its argument multiplied out.

    BmError where the argument is no linear projection of visible units.
    """
    name = call.function.text
    if len(call.arguments) != 1 or call.arguments[0].name is not None:
        raise fail(
            "BM311",
            f"`{name}(...)` takes one argument",
            call.span,
            help=f"as `{name}(c[j] + W[i,j] v[i])`",
        )
    made = []
    for sign, e in _addends(call.arguments[0].value):
        for p in products(e):
            _verify(p, name, groups)
            made.append(p if sign > 0 else p.negated())
    nested = [p for p in made if p.expert is not None]
    if nested and (len(made) > 1 or nested[0].parameters or nested[0].units or nested[0].bound):
        raise fail(
            "BM313",
            f"an expert inside `{name}(...)` stands alone, times a number",
            call.span,
            help="as `log1p(0.5 square(W[i,j] x[i]))`",
        )
    return ExpertDraft(name, tuple(made), call)


def _addends(e: t.Expression, sign: int = 1) -> Iterator[tuple[int, t.Expression]]:
    if isinstance(e, t.Binary) and e.operator in ("+", "-"):
        yield from _addends(e.left, sign)
        yield from _addends(e.right, -sign if e.operator == "-" else sign)
    elif isinstance(e, t.Unary):
        yield from _addends(e.operand, -sign if e.operator == "-" else sign)
    else:
        yield sign, e


def _verify(p, name: str, groups: Mapping[str, Group]) -> None:  # type: ignore[no-untyped-def]  # terms.Product
    for u in p.units:
        role = groups[u.group].role
        if role == "hidden":
            raise fail(
                "BM314",
                f"`{u.group}` is hidden: `{name}(...)` takes a projection of visible units",
                u.span,
                help="a term of visible and hidden units is written as a product",
            )
    if len(p.units) > 1 or any(u.power > 1 for u in p.units):
        raise fail(
            "BM312",
            f"`{name}(...)` takes a linear projection, each addend with at most one unit",
            p.units[-1].span,
            help="as `c[j] + W[i,j] v[i]`; a square of the whole is `square(...)`",
        )


def finished(
    e: ExpertDraft,
    bound: set[str],
    ranges: Mapping[str, Letter],
    letters_of: Callable[..., set[str]],
    merged: Callable[..., object],
) -> Expert:
    """The expert with every addend's own letters; `bound` are those of the factors and sums outside
    it.
    """
    if e.products and e.products[0].expert is not None:
        p = e.products[0]
        assert p.expert is not None
        return Expert(
            e.function, (), finished(p.expert, bound, ranges, letters_of, merged), p.coefficient
        )
    seen: dict[str, int] = {}
    for p in e.products:
        for x in letters_of(p) - bound - p.bound:
            seen[x] = seen.get(x, 0) + 1
    twice = sorted(x for x, n in seen.items() if n > 1)
    if twice:
        x = twice[0]
        raise fail(
            "BM315",
            f"letter `{x}` stands in two addends of `{e.function}(...)`: summed in each, or over"
            " the whole?",
            e.call.span,
            help=f"`sum[{x}] {e.function}(...)` sums over the whole",
        )
    terms = []
    for p in e.products:
        m = merged(p)
        own = tuple(ranges[x] for x in sorted(letters_of(p) - bound))
        terms.append(Term(m.coefficient, m.parameters, m.units, own, (), None, m.text, e.call.span))  # type: ignore[attr-defined]  # terms.Product
    return Expert(e.function, tuple(terms))

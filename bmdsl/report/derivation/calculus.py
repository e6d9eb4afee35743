"""Derivatives of trees by an entry of a parameter."""

from __future__ import annotations

from dataclasses import replace

from ...language.model import Length, Subscript
from .algebra import ONE, ZERO, add, applied, mul, negative, number, raised, ratio, walk
from .expression import (
    Addition,
    Applied,
    Bracket,
    Entry,
    Multiplication,
    Node,
    Raised,
    Relation,
    Series,
)


def derivative(
    x: Node, name: str, place: tuple[Subscript, ...], axes: tuple[Length | None, ...]
) -> Node:
    """∂x/∂θ[place]: where θ[s] stands, [s = place]."""

    def d(y: Node) -> Node:
        match y:
            case Entry(parameter, subscripts) if parameter == name:
                return Bracket(
                    tuple(
                        Relation("=", s, p, n)
                        for s, p, n in zip(subscripts, place, axes, strict=True)
                    )
                )
            case Addition(terms):
                return add(*map(d, terms))
            case Multiplication(factors):
                return add(
                    *(
                        mul(*(d(f) if m == k else f for m, f in enumerate(factors)))
                        for k in range(len(factors))
                        if _has(factors[k], name)
                    )
                )
            case Raised(base, exponent):
                return (
                    mul(exponent, raised(base, add(exponent, number(-1))), d(base))
                    if _has(base, name)
                    else ZERO
                )
            case Applied(function, (inside,)) if _has(inside, name):
                return mul(_slope(function, inside), d(inside))
            case Series(kind="sum"):
                return replace(y, body=d(y.body)) if _has(y.body, name) else ZERO
        return ZERO

    return d(x)


def _has(x: Node, name: str) -> bool:
    return any(isinstance(n, Entry) and n.parameter == name for n in walk(x))


def _slope(function: str, u: Node) -> Node:
    """f′(u)."""
    match function:
        case "exp":
            return applied("exp", u)
        case "log" if (inside := _one_plus_exp(u)) is not None:  # with the inner slope e^w: σ(w)
            return mul(applied("sigmoid", inside), raised(applied("exp", inside), -1))
        case "log" if (
            isinstance(u, Applied) and u.function == "cosh"
        ):  # with the inner slope sinh w: tanh w
            return mul(applied("tanh", *u.arguments), raised(applied("sinh", *u.arguments), -1))
        case "log":
            return ratio(ONE, u)
        case "cosh":
            return applied("sinh", u)
        case "sinh":
            return applied("cosh", u)
        case "tanh":
            return add(ONE, negative(raised(applied("tanh", u), 2)))
        case "abs":
            return applied("sign", u)
        case "sigmoid":
            return mul(applied("sigmoid", u), add(ONE, negative(applied("sigmoid", u))))
    raise ValueError(f"no derivative of {function} is known")


def _one_plus_exp(u: Node) -> Node | None:
    """w of 1 + e^w."""
    if (
        isinstance(u, Addition)
        and len(u.terms) == 2
        and u.terms[0] == ONE
        and isinstance(u.terms[1], Applied)
        and u.terms[1].function == "exp"
    ):
        return u.terms[1].arguments[0]
    return None

"""Sums, products and powers as they are put together: numbers folded, constants in front, equal
addends and factors collected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from typing import Any

from .expression import Addition, Applied, Multiplication, Named, Node, Numeral, Raised

ZERO, ONE, MINUS = Numeral(Fraction(0)), Numeral(Fraction(1)), Numeral(Fraction(-1))


def number(x: float | Fraction) -> Numeral:
    """A numeral: exact where x is whole."""
    return Numeral(Fraction(int(x)) if not isinstance(x, Fraction) and float(x).is_integer() else x)


def is_constant(x: Node) -> bool:
    """Whether a tree is made of numbers and named constants alone."""
    match x:
        case Numeral() | Named():
            return True
        case Addition(parts) | Multiplication(parts):
            return all(map(is_constant, parts))
        case Raised(base, exponent):
            return is_constant(base) and is_constant(exponent)
        case Applied(_, arguments):
            return all(map(is_constant, arguments))
    return False


def _product(a: Fraction | float, b: Fraction | float) -> Fraction | float:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a * b
    made = float(a) * float(b)
    return Fraction(int(made)) if made.is_integer() and abs(made) < 1e15 else made


def split(x: Node) -> tuple[Fraction | float, tuple[Node, ...]]:
    """The number in front of a product, and its other factors."""
    factors = x.factors if isinstance(x, Multiplication) else (x,)
    if isinstance(factors[0], Numeral):
        return factors[0].value, factors[1:]
    return Fraction(1), factors


def joined(*terms: Node) -> Node:
    """The sum as its addends stand, zeros left out."""
    flat = [t for x in terms for t in (x.terms if isinstance(x, Addition) else (x,)) if t != ZERO]
    return ZERO if not flat else flat[0] if len(flat) == 1 else Addition(tuple(flat))


def add(*terms: Node) -> Node:
    """The sum, equal addends collected: x + x is 2 x."""
    flat = [t for x in terms for t in (x.terms if isinstance(x, Addition) else (x,))]
    found: dict[tuple[str, ...], tuple[Fraction | float, tuple[Node, ...]]] = {}
    for t in flat:
        value, rest = split(t)
        key = tuple(sorted(map(repr, rest)))
        if key in found:
            total = found[key][0] + value
            value, rest = (
                (total if isinstance(total, Fraction) else number(total).value),
                found[key][1],
            )
        found[key] = (value, rest)
    made = [mul(Numeral(value), *rest) for value, rest in found.values() if value != 0]
    return ZERO if not made else made[0] if len(made) == 1 else Addition(tuple(made))


def mul(*factors: Node) -> Node:
    """The product: its number, its constants, then the rest in their order. A constant goes into a
    sum that is the only other factor.
    """
    flat = [f for x in factors for f in (x.factors if isinstance(x, Multiplication) else (x,))]
    value: Fraction | float = Fraction(1)
    powers: dict[Node, Node] = {}
    for f in flat:
        if isinstance(f, Numeral):
            value = _product(value, f.value)
            continue
        base, exponent = (f.base, f.exponent) if isinstance(f, Raised) else (f, ONE)
        powers[base] = add(powers[base], exponent) if base in powers else exponent
    if value == 0:
        return ZERO
    made: list[Node] = []
    for base, exponent in powers.items():
        one = raised(base, exponent)
        if isinstance(one, Numeral):
            value = _product(value, one.value)
        else:
            made.append(one)
    constants = [f for f in made if is_constant(f)]
    others = [f for f in made if not is_constant(f)]
    if len(others) == 1 and isinstance(others[0], Addition) and (constants or value != 1):
        return add(*(mul(Numeral(value), *constants, t) for t in others[0].terms))
    rest = [*constants, *others]
    if value == 1 and rest:
        return rest[0] if len(rest) == 1 else Multiplication(tuple(rest))
    return Multiplication((Numeral(value), *rest)) if rest else Numeral(value)


def raised(base: Node, exponent: Node | int) -> Node:
    """The power; of a constant product the product of powers."""
    e = number(exponent) if isinstance(exponent, int) else exponent
    if isinstance(e, Numeral) and e.value in (0, 1):
        return ONE if e.value == 0 else base
    if isinstance(e, Numeral) and isinstance(e.value, Fraction) and e.value.denominator == 1:
        n = int(e.value)
        if isinstance(base, Numeral) and base.value != 0:
            return number(base.value**n)
        if isinstance(base, Raised):
            return raised(base.base, mul(base.exponent, e))
        if isinstance(base, Multiplication) and (n < 0 or is_constant(base)):
            return mul(*(raised(f, e) for f in base.factors))
    return Raised(base, e)


def negative(x: Node) -> Node:
    """−x."""
    return mul(MINUS, x)


def ratio(a: Node, b: Node) -> Node:
    """a / b."""
    return mul(a, raised(b, -1))


def root(x: Node) -> Node:
    """√x, even powers of constants taken out."""
    out: list[Node] = []
    inside: list[Node] = []
    for f in x.factors if isinstance(x, Multiplication) else (x,):
        if isinstance(f, Numeral):
            taken, kept = _root(f.value)
            out.append(taken)
            inside.append(kept)
        elif (
            is_constant(f)
            and isinstance(f, Raised)
            and isinstance(f.exponent, Numeral)
            and f.exponent.value in (2, -2)
        ):
            out.append(raised(f.base, int(f.exponent.value) // 2))
        else:
            inside.append(f)
    left = mul(*inside) if inside else ONE
    _, rest = split(left)
    if rest and all(
        isinstance(f, Raised) and isinstance(f.exponent, Numeral) and f.exponent.value == -1
        for f in rest
    ):
        return mul(*out, raised(Applied("sqrt", (raised(left, -1),)), -1))
    return mul(*out, ONE if left == ONE else Applied("sqrt", (left,)))


def _root(value: Fraction | float) -> tuple[Node, Node]:
    """A number's root and what stays inside."""
    if not value:
        return Numeral(Fraction(0)), ONE
    if not isinstance(value, Fraction):
        return number(math.sqrt(value)), ONE
    out = Fraction(_square_part(value.numerator), _square_part(value.denominator))
    return Numeral(out), Numeral(value / (out * out))


def _square_part(n: int) -> int:
    """The largest k of which k² divides n, as far as small primes and n itself show."""
    if math.isqrt(n) ** 2 == n:
        return math.isqrt(n)
    k = 1
    for p in (2, 3, 5, 7):
        while n % (p * p) == 0:
            n //= p * p
            k *= p
    return k


def applied(function: str, *arguments: Node) -> Node:
    """A function of trees; √ takes out what it can."""
    return root(arguments[0]) if function == "sqrt" else Applied(function, arguments)


# ---------------------------------------------------------------- walking


def mapped(x: Any, change: Callable[[Any], Any]) -> Any:
    """The tree with `change` applied to every part directly below it, put together anew."""
    match x:
        case Addition(terms):
            return joined(*map(change, terms))
        case Multiplication(factors):
            return mul(*map(change, factors))
        case Raised(base, exponent):
            return raised(change(base), change(exponent))
        case Applied(function, arguments):
            return applied(function, *map(change, arguments))
    if not is_dataclass(x) or isinstance(x, type):
        return x
    found = {f.name: getattr(x, f.name) for f in fields(x)}
    made = {
        n: tuple(map(change, v)) if isinstance(v, tuple) else change(v) if is_dataclass(v) else v
        for n, v in found.items()
    }
    return x if made == found else replace(x, **made)


def walk(x: Any) -> Iterator[Any]:
    """Every dataclass in a tree, parents first."""
    if isinstance(x, tuple):
        for part in x:
            yield from walk(part)
    elif is_dataclass(x) and not isinstance(x, type):
        yield x
        for f in fields(x):
            yield from walk(getattr(x, f.name))

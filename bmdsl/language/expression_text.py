"""Expressions as text, in the formatter's one style: parentheses only where the grammar needs them.

Numbers keep the user's own words (`1_000`, `1e-4`). Products of an energy are written side by side,
as on paper.
"""

from __future__ import annotations

from .tree import (
    Binary,
    Call,
    CallArgument,
    Clause,
    EdgeRange,
    Expression,
    LetterRange,
    Number,
    Power,
    Ref,
    String,
    SumOver,
    Unary,
)

# How tightly an expression holds together, as the grammar's rules `expression`, `term`, `product`,
# `power` and `atom` do.
SUM, TERM, PRODUCT, POWER, ATOM = range(5)


def level(x: Expression) -> int:
    """The grammar rule that reads `x` without parentheses."""
    match x:
        case Unary() | Binary("+" | "-"):
            return SUM
        case SumOver() | Binary("*", _, SumOver()):
            return TERM
        case Binary():
            return PRODUCT
        case Power():
            return POWER
        case _:
            return ATOM


def expression(
    x: Expression, least: int = SUM, *, energy: bool = False, tight: bool = False
) -> str:
    """The text of `x` where the grammar reads at least `least`.

    `energy`: products side by side; `tight`: no spaces (subscripts).
    """

    def part(y: Expression, at: int) -> str:
        return expression(y, at, energy=energy, tight=tight)

    if level(x) < least:
        return f"({part(x, SUM)})"
    match x:
        case Number():
            return number(x)
        case String():
            return f'"{x.value}"'
        case Ref():
            return x.name.text + ("" if x.subscripts is None else f"[{subscripts(x.subscripts)}]")
        case Call():
            return call(x, energy=energy, tight=tight)
        case Power():
            return f"{part(x.base, ATOM)}^{part(x.exponent, ATOM)}"
        case SumOver():
            return f"sum[{','.join(n.text for n in x.letters)}] {part(x.body, TERM)}"
        case Unary():
            return f"{x.operator}{part(x.operand, TERM)}"
        case Binary("+" | "-"):
            return f"{part(x.left, SUM)}{_spaced(x.operator, tight)}{part(x.right, TERM)}"
        case _:
            right = part(
                x.right, TERM if x.operator == "*" and isinstance(x.right, SumOver) else POWER
            )
            return (
                part(x.left, PRODUCT)
                + (" " if energy and _side_by_side(x) else _spaced(x.operator, tight))
                + right
            )


def _spaced(operator: str, tight: bool) -> str:
    return operator if tight else f" {operator} "


def _side_by_side(x: Binary) -> bool:
    """Whether a product reads well, and parses, without its sign: `0.5 a^2 W[i,j]`, but `a / b * c`
    and `a * (b + c)`.
    """
    divided = isinstance(x.left, Binary) and x.left.operator == "/"
    first = (
        isinstance(x.right.base, Ref | Call)
        if isinstance(x.right, Power)
        else isinstance(x.right, Ref | Call | SumOver)
    )
    return (
        x.operator == "*" and not divided and first
    )  # a sum with a power stands in parentheses, and `b (x)` is a call


def number(x: Number) -> str:
    """The user's own digits where they are this number's, else the shortest that are."""
    own = x.span.text
    try:
        same = float(own.replace("_", "")) == x.value
    except ValueError:
        same = False
    return own if same else repr(x.value)


def subscripts(entries: tuple[Expression, ...]) -> str:
    """`i,j` where all are letters or numbers, else `wrap(x+1), y`."""
    simple = all(
        isinstance(e, Number) or (isinstance(e, Ref) and e.subscripts is None) for e in entries
    )
    return ("," if simple else ", ").join(expression(e, tight=True) for e in entries)


def shape(entries: tuple[Expression, ...]) -> str:
    """`[2 * D, 3]`, or nothing for one unit."""
    return f"[{', '.join(expression(e) for e in entries)}]" if entries else ""


def call(x: Call, *, energy: bool = False, tight: bool = False, bare: bool = False) -> str:
    """`pcd(steps = 1)`; `bare` leaves empty parentheses out, as unit types do."""
    if bare and not x.arguments:
        return x.function.text
    return f"{x.function.text}({', '.join(_argument(a, energy, tight) for a in x.arguments)})"


def _argument(a: CallArgument, energy: bool, tight: bool) -> str:
    value = expression(a.value, energy=energy, tight=tight)
    return value if a.name is None else f"{a.name.text} = {value}"


def clause(x: Clause) -> str:
    """One condition of a `for`."""
    match x:
        case LetterRange():
            stop = f"({expression(x.stop)})" if x.closed else expression(x.stop, PRODUCT)
            return f"{x.letter.text} in {expression(x.start, POWER)}..{stop}"
        case EdgeRange():
            return f"<{x.first.text},{x.second.text}> in {x.graph.text}"
        case _:
            return f"{x.first.text} {x.operator} {x.second.text}"

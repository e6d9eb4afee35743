"""Addends that a reader can take two ways are refused, with both readings written out.

A free letter is summed over the whole addend, so `(v[i] - b[i])^2` is a sum of squares; a letter
of `sum[i] body` is summed inside the body, so `(sum[i] v[i])^2` is the square of a sum. Two texts
are neither: a letter that stands in and outside of its sum (`b[i] * (sum[i] x[i])`), and a letter
that is complete inside parentheses which stand more than once (`(C[i,f] v[i])^2`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from . import tree as t
from .diagnostics import BmError, Diagnostic
from .expression_text import TERM, expression

Node = TypeVar("Node")
TWICE = 2


def verify_readings(e: t.Expression, constants: Collection[str]) -> None:
    """Raises BM319 or BM320 if the addend has two readings; `constants` are no letters."""
    _Reader(e, constants).walk(e, frozenset())


class _Reader:
    def __init__(self, whole: t.Expression, constants: Collection[str]) -> None:
        self.whole, self.constants = whole, constants

    # ------------------------------------------------------------ letters

    def free(self, e: t.Expression) -> set[str]:
        """Letters that no sum inside `e` binds."""
        match e:
            case t.Ref(_, subscripts):
                return {x for s in subscripts or () for x in self._letters_of_subscript(s)}
            case t.SumOver(letters, body):
                return self.free(body) - {x.text for x in letters}
            case t.Power(base, _):
                return self.free(base)
            case t.Unary(_, operand):
                return self.free(operand)
            case t.Binary(_, left, right):
                return self.free(left) | self.free(right)
            case t.Call(_, arguments):
                return {x for a in arguments for x in self.free(a.value)}
        return set()

    def _letters_of_subscript(self, e: t.Expression) -> set[str]:
        if isinstance(e, t.Ref):
            return (
                set()
                if e.name.text in self.constants or e.subscripts is not None
                else {e.name.text}
            )
        if isinstance(e, t.Call):
            return {x for a in e.arguments for x in self._letters_of_subscript(a.value)}
        if isinstance(e, t.Binary | t.Unary):
            parts = (e.left, e.right) if isinstance(e, t.Binary) else (e.operand,)
            return {x for p in parts for x in self._letters_of_subscript(p)}
        return set()

    def mentions(self, e: t.Expression) -> dict[str, int]:
        """Letter → written factors that hold it, in the addend of `e` that has the fewest.

        2 where a product is complete in the letter. A power counts once.
        """
        match e:
            case t.Binary("+" | "-", left, right):
                a, b = self.mentions(left), self.mentions(right)
                return {x: min(a[x], b[x]) for x in a.keys() & b.keys()}
            case t.Binary("*", left, right):
                a, b = self.mentions(left), self.mentions(right)
                return {x: min(TWICE, a.get(x, 0) + b.get(x, 0)) for x in a.keys() | b.keys()}
            case t.Binary("/", left, _):
                return self.mentions(left)
            case t.Unary(_, operand):
                return self.mentions(operand)
            case t.Power(base, _):
                return self.mentions(base)
            case t.SumOver(letters, body):
                own = {x.text for x in letters}
                return {x: n for x, n in self.mentions(body).items() if x not in own}
        return dict.fromkeys(self.free(e), 1)

    # ------------------------------------------------------------ the walk

    def walk(self, e: t.Expression, bound: frozenset[str]) -> None:
        """Verifies `e`, whose letters in `bound` a sum or a factor around it binds."""
        match e:
            case t.SumOver(letters, body):
                for x in letters:
                    if inner := next((s for s in _sums(body) if x.text in _names(s)), None):
                        raise self._shadowed(inner, x.text)
                self.walk(body, bound | {x.text for x in letters})
            case t.Unary(_, operand):
                self.walk(operand, bound)
            case t.Binary("+" | "-", left, right):
                self.walk(left, bound)
                self.walk(right, bound)
            case t.Binary() | t.Power():
                self._product(e, bound)
            case t.Call(_, arguments):
                for a in arguments:
                    self.walk(a.value, bound)

    def _product(self, e: t.Expression, bound: frozenset[str]) -> None:
        chain = _chain(e)
        parts = [p for _, p in chain]
        mentions = [self.mentions(p) for p in parts]
        for k, p in enumerate(parts):
            outside = {x for m, q in enumerate(parts) if m != k for x in self.free(q)}
            for s in _sums(p):
                if both := sorted(_names(s) & outside):
                    raise self._shadowed(s, both[0])
        twice = []
        for x in sorted({x for m in mentions for x in m} - bound):
            copies = sum(
                _copies(p) for p, m in zip(parts, mentions, strict=True) if m.get(x) == TWICE
            )
            single = sum(m.get(x) == 1 for m in mentions)
            if copies and (copies > 1 if single == 0 else single > 1):
                twice.append(x)
        if twice:
            raise self._repeated(e, chain, mentions, twice)
        for k, p in enumerate(parts):
            outside = {x for m, q in enumerate(parts) if m != k for x in self.free(q)}
            for inner in [p.base] if isinstance(p, t.Power) else [p]:
                self.walk(inner, bound | outside)

    # ------------------------------------------------------------ what is said

    def _shadowed(self, s: t.SumOver, letter: str) -> BmError:
        taken = words(self.whole) | set(self.constants)
        other = next(
            f"{letter}{k}" for k in range(2, len(taken) + 3) if f"{letter}{k}" not in taken
        )
        rest = tuple(x for x in s.letters if x.text != letter)
        one = _replaced(self.whole, s, replace(s, letters=rest) if rest else s.body)
        two = _replaced(self.whole, s, _renamed(s, letter, other))
        return _two_ways(
            "BM319",
            f"`sum[{letter}]` binds `{letter}`, and `{letter}` stands outside of it too",
            s.span,
            (
                f"the same letter, one sum: `{_text(one)}`",
                f"another letter, a sum of its own: `{_text(two)}`",
            ),
        )

    def _repeated(
        self,
        e: t.Expression,
        chain: list[tuple[str, t.Expression]],
        mentions: list[dict[str, int]],
        letters: list[str],
    ) -> BmError:
        names = tuple(t.Name(x, e.span) for x in letters)

        def own(p: t.Expression, held: list[str]) -> t.Expression:
            mine = tuple(n for n in names if n.text in held)
            return t.SumOver(mine, p, p.span) if mine else p

        singles = [
            (op, p)
            for (op, p), m in zip(chain, mentions, strict=True)
            if any(m.get(x) == 1 for x in letters)
        ]
        made: list[tuple[str, t.Expression]] = []
        if singles:
            made.append(
                (
                    "*",
                    own(
                        _product_of(singles),
                        [x for x in letters if any(self.mentions(p).get(x) for _, p in singles)],
                    ),
                )
            )
        for (op, p), m in zip(chain, mentions, strict=True):
            if any(p is q for _, q in singles):
                continue
            held = [x for x in letters if m.get(x) == TWICE]
            inner = replace(p, base=own(p.base, held)) if isinstance(p, t.Power) else own(p, held)
            made.append((op, inner))
        inside = _replaced(self.whole, e, _product_of(made))
        around = t.SumOver(names, self.whole, self.whole.span)
        shown = " and ".join(f"`{x}`" for x in letters)
        return _two_ways(
            "BM320",
            f"is {shown} summed inside the parentheses, or over the whole product?",
            e.span,
            (
                f"inside, a product of sums: `{_text(inside)}`",
                f"over the whole, a sum of products: `{_text(around)}`",
            ),
        )


def _two_ways(code: str, message: str, span: Any, helps: tuple[str, ...]) -> BmError:
    return BmError(Diagnostic(code, message, span, helps=helps))


def _chain(e: t.Expression) -> list[tuple[str, t.Expression]]:
    """The factors of a product with the sign before each, from left to right."""
    out: list[tuple[str, t.Expression]] = []
    while isinstance(e, t.Binary) and e.operator in ("*", "/"):
        out.append((e.operator, e.right))
        e = e.left
    out.append(("*", e))
    return out[::-1]


def _product_of(chain: list[tuple[str, t.Expression]]) -> t.Expression:
    out = chain[0][1]
    for operator, p in chain[1:]:
        out = t.Binary(operator, out, p, p.span)  # type: ignore[arg-type]  # * or /
    return out


def _copies(e: t.Expression) -> int:
    """How often a factor stands in its product: the exponent of a power."""
    if isinstance(e, t.Power):
        return 1 if isinstance(e.exponent, t.Number) and e.exponent.value == 1 else TWICE
    return 1


def _names(s: t.SumOver) -> set[str]:
    return {x.text for x in s.letters}


def _sums(x: object) -> Iterator[t.SumOver]:
    return (y for y in t.everything(x) if isinstance(y, t.SumOver))


def words(x: t.Expression) -> set[str]:
    """Every name in an expression."""
    return {y.text for y in t.everything(x) if isinstance(y, t.Name)}


def _mapped(x: Node, change: Any) -> Node:
    """The tree with every node that `change` returns another for replaced by it."""
    new = change(x)
    if new is not x:
        return new  # type: ignore[no-any-return]
    if isinstance(x, tuple):
        return tuple(_mapped(y, change) for y in x)  # type: ignore[return-value]
    if is_dataclass(x) and not isinstance(x, type):
        return replace(
            x,
            **{f.name: _mapped(getattr(x, f.name), change) for f in fields(x) if f.name != "span"},
        )
    return x


def _replaced(whole: t.Expression, old: t.Expression, new: t.Expression) -> t.Expression:
    return _mapped(whole, lambda x: new if x is old else x)


def _renamed(s: t.SumOver, letter: str, other: str) -> t.SumOver:
    return _mapped(
        s, lambda x: replace(x, text=other) if isinstance(x, t.Name) and x.text == letter else x
    )


def _text(e: t.Expression) -> str:
    return expression(e, TERM, energy=True)

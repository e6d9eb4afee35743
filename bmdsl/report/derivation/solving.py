"""Series whose restrictions say what a letter is: solved for it. Restrictions that always hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...language.model import Length, Model, Subscript
from .algebra import ONE, ZERO, add, is_constant, mapped, mul, walk
from .expression import (
    Addition,
    Apart,
    Bracket,
    Counter,
    Entry,
    Index,
    Moment,
    Multiplication,
    Node,
    OnEdge,
    Relation,
    Restriction,
    Series,
    State,
    Within,
)
from .letters import letters_in, put_in, shown


class Solver:
    """Takes letters out of series whose restrictions say what they are, and indicators out of
    series that they do not depend on.
    """

    def __init__(self, model: Model) -> None:
        self.axes = {g.name: g.axes for g in model.groups} | {
            ("param", p.name): p.shape for p in model.parameters
        }

    def solved(self, x: Node) -> Node:
        """The tree, solved from the inside out."""
        made = mapped(
            x,
            lambda y: (
                self.solved(y)
                if not isinstance(y, Subscript | Index | str | Relation | OnEdge | Apart | Within)
                else y
            ),
        )
        return self._series(made) if isinstance(made, Series) and made.kind == "sum" else made

    def _series(self, x: Series) -> Node:
        if isinstance(x.body, Addition):
            return add(*(self._series(replace(x, body=t)) for t in x.body.terms))
        factors = x.body.factors if isinstance(x.body, Multiplication) else (x.body,)
        brackets = [r for f in factors if isinstance(f, Bracket) for r in f.restrictions]
        body = mul(*(f for f in factors if not isinstance(f, Bracket)))
        if body == ZERO:
            return ZERO
        x = Series(
            "sum",
            tuple(replace(i, name=i.name) for i in x.indices),
            (*x.restrictions, *brackets),
            body,
        )
        while (found := self._solution(x)) is not None:
            r, letter, place = found
            index = next(i for i in x.indices if i.name == letter)
            given = shown(place.letters[0][0]) if place.letters else ""
            indices = tuple(
                replace(i, hint=shown(letter)) if shown(i.name) == given and i.name != letter else i
                for i in x.indices
                if i.name != letter
            )
            stop = index.stop
            assert isinstance(stop, int | str)  # letters of terms and groups
            whole = place.edge == "wrap" or (index.start == 0 and stop == r.axis)
            bounds = () if whole else (Within(place, index.start, stop),)
            rest = tuple(q for q in x.restrictions if q is not r)
            x = Series(
                "sum",
                indices,
                (*put_in(rest, {letter: place}), *bounds),
                put_in(x.body, {letter: place}),
            )
        bound = {i.name for i in x.indices}
        kept = tuple(r for r in x.restrictions if letters_in(r) & bound)
        free = tuple(r for r in x.restrictions if not letters_in(r) & bound)
        verdicts = [verdict(r) for r in free]
        if False in verdicts:
            return ZERO
        left = tuple(dict.fromkeys(r for r, v in zip(free, verdicts, strict=True) if v is None))
        inner: Node = Series("sum", x.indices, kept, x.body) if x.indices else x.body
        if isinstance(inner, Series):
            inner = outside(inner)
        return mul(Bracket(left), inner) if left else inner

    def _solution(self, x: Series) -> tuple[Relation, str, Subscript] | None:
        """An equation of the series that says what one of its letters is."""
        bound = {i.name: i for i in x.indices}
        for r in x.restrictions:
            if not isinstance(r, Relation) or r.operator != "=":
                continue
            for left, right in ((r.left, r.right), (r.right, r.left)):
                if (
                    left.letter in bound
                    and left.letter not in dict(right.letters)
                    and (right.letter or not right.letters)
                ):
                    return r, left.letter, right
            s = r.left
            if (
                s.edge == "wrap"
                and len(s.letters) == 1
                and s.letters[0][1] == 1
                and s.letters[0][0] in bound
                and r.right.letter not in (None, *bound)
            ):
                letter = s.letters[0][0]
                index = bound[letter]
                if index.start == 0 and index.stop == r.axis and self._wraps(x, r, letter, r.axis):
                    return r, letter, Subscript(r.right.letters, -s.constant, "wrap")
        return None

    def _wraps(self, x: Series, r: Relation, letter: str, axis: Length | None) -> bool:
        """Whether a letter may be put as `wrap(...)` wherever it stands in a series: on its own or
        under a wrap, on axes of this length.
        """
        if any(letter in letters_in(q) for q in x.restrictions if q is not r) or any(
            isinstance(n, Counter) and n.letter == letter for n in walk(x.body)
        ):
            return False
        for n in walk(x.body):
            if isinstance(n, Series | Bracket) and any(
                letter in letters_in(q) for q in n.restrictions
            ):
                return False
            if isinstance(n, State | Moment | Entry):
                axes = self.axes[("param", n.parameter) if isinstance(n, Entry) else n.group]
                if isinstance(n, Entry) and n.graph and letter in letters_in(n):
                    return False
                for s, length in zip(n.subscripts, axes, strict=False):
                    fits = s.letter == letter or s.edge == "wrap"
                    if letter in dict(s.letters) and (length != axis or not fits):
                        return False
            elif letter in {
                m for s in getattr(n, "subscripts", ()) for m, _ in s.letters
            } and not isinstance(n, State | Moment | Entry):
                return False
        return True


def outside(x: Series) -> Node:
    """The sum with constants, and factors that depend on none of its letters, kept as they are but
    numbers and named constants in front.
    """
    factors = x.body.factors if isinstance(x.body, Multiplication) else (x.body,)
    front = [f for f in factors if is_constant(f)]
    if not front:
        return x
    rest = mul(*(f for f in factors if not is_constant(f)))
    return mul(*front, replace(x, body=rest))


def verdict(r: Restriction, less: tuple[str, str] | None = None) -> bool | None:
    """Whether a restriction holds whatever its letters are; None where that depends. `less`: two
    letters, the first below the second.
    """
    if isinstance(r, Apart):
        parts = [
            verdict(Relation("≠", a, b, n), less)
            for a, b, n in zip(r.left, r.right, r.axes, strict=True)
        ]
        return True if True in parts else False if all(p is False for p in parts) else None
    if isinstance(r, Within) and not r.value.letters and isinstance(r.stop, int):
        return r.start <= r.value.constant < r.stop
    if not isinstance(r, Relation):
        return None
    holds: Callable[[int], bool] = {
        "<": lambda d: d < 0,
        "≠": lambda d: d != 0,
        "=": lambda d: d == 0,
    }[r.operator]
    if "wrap" not in (
        r.left.edge,
        r.right.edge,
    ):  # what `pad` puts outside is another place than any inside
        if sorted(r.left.letters) == sorted(r.right.letters):
            return holds(r.left.constant - r.right.constant)
        if less is not None and {r.left.letter, r.right.letter} == set(less):
            return holds(-1 if r.left.letter == less[0] else 1)
    if (
        "wrap" in (r.left.edge, r.right.edge)
        and r.left.letters == r.right.letters
        and "pad" not in (r.left.edge, r.right.edge)
    ):
        apart = r.left.constant - r.right.constant
        if isinstance(r.axis, int):
            return holds(apart % r.axis) if r.operator != "<" else None
        return holds(apart) if r.operator != "<" else None
    return None


def decided(x: Any, less: tuple[str, str]) -> Any:
    """The tree where the first of two letters is known to be below the second."""
    if isinstance(x, Series | Bracket):
        verdicts = [verdict(r, less) for r in x.restrictions]
        if False in verdicts:
            return ZERO
        x = replace(
            x,
            restrictions=tuple(
                r for r, v in zip(x.restrictions, verdicts, strict=True) if v is None
            ),
        )
        if isinstance(x, Bracket) and not x.restrictions:
            return ONE
        if isinstance(x, Series):
            body = decided(x.body, less)
            return ZERO if body == ZERO else replace(x, body=body)
        return x
    return mapped(x, lambda y: decided(y, less) if not isinstance(y, Subscript | Index) else y)

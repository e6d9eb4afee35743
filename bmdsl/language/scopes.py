"""Scopes of letters: `sum[i] body` binds i in its body alone, in every copy a letter of its own.

While an addend is multiplied out, a bound letter is marked with the number of its sum, `i'3`: no
word of a text holds the mark. A finished term has plain names again: the user's own where it is
free, else that with a number that no name of the addend has (`i2`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from . import tree as t
from .diagnostics import fail
from .model import Condition, Expert, Letter, ParameterFactor, Subscript, Term, UnitFactor

Factor = TypeVar("Factor", ParameterFactor, UnitFactor)
MARK = "'"


def origin(letter: str) -> str:
    """The letter as it is written: `i` of `i'3`."""
    return letter.partition(MARK)[0]


def is_bound(letter: str) -> bool:
    """Whether a `sum[...]` binds the letter."""
    return MARK in letter


class Scopes:
    """The sums of an addend: hands out marked letters and knows which sum stands inside which."""

    def __init__(self) -> None:
        self._count = 0
        self._around: dict[str, set[str]] = {}

    def bind(self, names: Iterable[str], inside: Iterable[str]) -> dict[str, str]:
        """Marked letters for a sum over `names`; `inside` are all letters of its body."""
        self._count += 1
        marked = {x: f"{x}{MARK}{self._count}" for x in names}
        for x in (*inside, *marked.values()):
            if is_bound(x):
                self._around.setdefault(x, set()).update(marked.values())
        return marked

    def sees(self, a: str, b: str) -> bool:
        """Whether one of the two letters is bound where the other is in scope."""
        return not (is_bound(a) and is_bound(b)) or a in self._around[b] or b in self._around[a]

    def conditions(self, clauses: tuple[t.Clause, ...], letters: set[str]) -> tuple[Condition, ...]:
        """The conditions of `for` clauses on the letters of one product.

        Those on sums that the product does not hold fall away. Raises BM321 for a condition on
        letters of sums that do not see one another, or of a sum that stands in several copies.
        """
        out = []
        for c in clauses:
            if isinstance(c, t.LetterRange):
                continue
            first, second = (
                sorted(x for x in letters if origin(x) == name.text) for name in (c.first, c.second)
            )
            if not first or not second:
                continue
            if len(first) > 1 or len(second) > 1 or not self.sees(first[0], second[0]):
                raise fail(
                    "BM321",
                    f"this clause joins `{c.first.text}` and `{c.second.text}`, "
                    "but a sum binds them elsewhere, or more than once",
                    c.span,
                    help="write the product out with letters of its own, as `x[i] x[j] for i < j`",
                )
            if isinstance(c, t.EdgeRange):
                out.append(Condition("edge", first[0], second[0], c.graph.text))
            else:
                out.append(
                    Condition("less" if c.operator == "<" else "unequal", first[0], second[0])
                )
        return tuple(out)


def named(term: Term, taken: set[str]) -> Term:
    """The term with plain names for its bound letters.

    None of `taken`, the other names of its addend, is given to a second letter.
    """
    letters = list(dict.fromkeys(_letters(term)))
    used = {x for x in letters if not is_bound(x)}
    names: dict[str, str] = {}
    for x in letters:
        if is_bound(x):
            own = origin(x)
            number = 2
            while own in used or (own != origin(x) and own in taken):
                own, number = f"{origin(x)}{number}", number + 1
            used.add(own)
            names[x] = own
    return _renamed(term, names) if names else term


def _letters(term: Term) -> Iterator[str]:
    subscripts = (*(p.subscripts for p in term.parameters), *(u.subscripts for u in term.units))
    yield from (x for part in subscripts for s in part for x, _ in s.letters)
    yield from (x.name for x in term.letters)
    expert = term.expert
    while expert is not None:
        for addend in expert.addends:
            yield from _letters(addend)
        expert = expert.inner


def renamed_subscripts(
    subscripts: tuple[Subscript, ...], names: dict[str, str]
) -> tuple[Subscript, ...]:
    """The subscripts with other letters; two that become one add up."""
    out = []
    for s in subscripts:
        total: dict[str, int] = {}
        for x, c in s.letters:
            total[names.get(x, x)] = total.get(names.get(x, x), 0) + c
        out.append(replace(s, letters=tuple((x, c) for x, c in total.items() if c)))
    return tuple(out)


def _renamed(term: Term, names: dict[str, str]) -> Term:
    def factor(f: Factor) -> Factor:
        return replace(f, subscripts=renamed_subscripts(f.subscripts, names))

    def expert(e: Expert | None) -> Expert | None:
        return (
            None
            if e is None
            else replace(
                e, addends=tuple(_renamed(x, names) for x in e.addends), inner=expert(e.inner)
            )
        )

    letters = tuple(
        sorted(
            (Letter(names.get(x.name, x.name), x.stop, x.start, x.written) for x in term.letters),
            key=lambda x: x.name,
        )
    )
    conditions = tuple(
        replace(c, first=names.get(c.first, c.first), second=names.get(c.second, c.second))
        for c in term.conditions
    )
    return replace(
        term,
        parameters=tuple(map(factor, term.parameters)),
        units=tuple(map(factor, term.units)),
        letters=letters,
        conditions=conditions,
        expert=expert(term.expert),
    )

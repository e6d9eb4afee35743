"""Terms in which a unit meets itself: `C[i,f] C[j,f] v[i] v[j] h` holds v[i]² too, where i = j.

On a 0/1 or ±1 unit a square is the unit or 1. A type with the statistic x² gets a term of its own
for it, the rest of the sum runs over i ≠ j. Any other type has no such statistic: the term is
refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import TypeVar

from .diagnostics import BmError, fail
from .forms import share_letters
from .model import Condition, Group, Letter, ParameterFactor, Subscript, Term, UnitFactor
from .reach import ends_of
from .scopes import renamed_subscripts
from .vocabulary import UnitWord

Factor = TypeVar("Factor", ParameterFactor, UnitFactor)
Pairs = list[tuple[str, str]]
"""Letters, axis by axis, that must be equal for two factors to be the same unit."""


def without_self_pairs(
    term: Term, groups: Mapping[str, Group], units: Mapping[str, UnitWord]
) -> list[Term]:
    """Terms with the same sum, in which no two factors are the same unit of a type with x².

    Terms that a matrix holds stay as they are. Raises BM863 if a unit meets itself whose type has
    no statistic for that.
    """
    for a, b in combinations(term.units, 2):
        word = units[groups[a.group].unit]
        if a.group != b.group or word.states is not None or 2 in word.reduces:
            continue
        met = _meeting(a, b, term, word)
        if met is None:
            continue
        if 2 not in word.powers:
            raise _refused(
                a, word, "a product of two of its components" if word.components else "x^2", term
            )
        if _is_matrix(term):
            continue
        if met and all(_range(term, x, y) is not None for x, y in met):
            return [
                t
                for part in _apart(term, met, units, groups)
                for t in without_self_pairs(part, groups, units)
            ]
    return [term]


def _refused(u: UnitFactor, word: UnitWord, statistic: str, term: Term) -> BmError:
    return fail(
        "BM863",
        f"a unit of `{u.group}` meets itself in this term, "
        f"and {statistic} is no statistic of `{word.name}`",
        term.span,
        help="leave the unit itself out: `for i < j`, or `for i != j`",
    )


def _is_matrix(term: Term) -> bool:
    """Whether the couplings of two units are a matrix, whose diagonal the machine takes for x²."""
    return (
        len(term.units) == 2
        and not share_letters(*term.units)
        and not any(c.kind == "edge" for c in term.conditions)
    )


def _meeting(a: UnitFactor, b: UnitFactor, term: Term, word: UnitWord) -> Pairs | None:
    """The letters that must be equal for a and b to be one unit.

    None where they never are one, or where that is not read off letters.
    """
    found: Pairs = []
    for s, t in list(zip(a.subscripts, b.subscripts, strict=True))[
        : len(a.subscripts) - (word.components is not None)
    ]:
        if s == t:
            continue
        if s.edge != "plain" or t.edge != "plain":
            return None
        difference = dict(s.letters)
        for x, c in t.letters:
            difference[x] = difference.get(x, 0) - c
        rest = sorted((c, x) for x, c in difference.items() if c)
        if [c for c, _ in rest] != [-1, 1] or s.constant != t.constant:
            return None
        pair = (rest[1][1], rest[0][1])
        if any(ends_of(c) == set(pair) for c in term.conditions):
            return None
        found.append(pair)
    return found


def _range(term: Term, x: str, y: str) -> Letter | None:
    """The values that both letters have; None while a length that this hangs on is open."""
    a, b = (next(z for z in term.letters if z.name == name) for name in (x, y))
    if a.stop == b.stop:
        return replace(a, start=max(a.start, b.start))
    if not isinstance(a.stop, int) or not isinstance(b.stop, int):
        return None
    return replace(a, start=max(a.start, b.start), stop=min(a.stop, b.stop))


def _apart(
    term: Term, met: Pairs, units: Mapping[str, UnitWord], groups: Mapping[str, Group]
) -> list[Term]:
    """The sum where some pair of letters differs, pair after pair, and where all are equal."""
    out = []
    for x, y in met:
        out.append(replace(term, conditions=(*term.conditions, Condition("unequal", x, y))))
        both = _range(term, x, y)
        empty = both is None or (isinstance(both.stop, int) and both.start >= both.stop)
        same = None if both is None or empty else _with_equal(term, x, y, both)
        if same is None:
            return out
        term = same
    for u in term.units:
        word = units[groups[u.group].unit]
        if (
            word.states is None
            and 2 in word.powers
            and word.reduces.get(u.power, u.power) not in (0, *word.powers)
        ):
            raise _refused(u, word, f"x^{u.power}", term)
    return [*out, term]


def _with_equal(term: Term, x: str, y: str, both: Letter) -> Term | None:
    """The term at y = x; None where its conditions leave nothing."""
    names = {y: x}
    conditions = tuple(
        replace(c, first=names.get(c.first, c.first), second=names.get(c.second, c.second))
        for c in term.conditions
    )
    if any(c.first == c.second for c in conditions):
        return None
    letters = tuple(both if z.name == x else z for z in term.letters if z.name != y)
    return replace(
        term,
        parameters=_powers(term.parameters, names),
        units=_powers(term.units, names),
        letters=letters,
        conditions=conditions,
    )


def _powers(factors: tuple[Factor, ...], names: dict[str, str]) -> tuple[Factor, ...]:
    """The factors with other letters; equal ones become powers."""
    made: dict[tuple[str, tuple[Subscript, ...]], Factor] = {}
    for f in factors:
        subscripts = renamed_subscripts(f.subscripts, names)
        key = (f.parameter if isinstance(f, ParameterFactor) else f.group, subscripts)
        made[key] = (
            replace(made[key], power=made[key].power + f.power)
            if key in made
            else replace(f, subscripts=subscripts)
        )
    return tuple(made.values())

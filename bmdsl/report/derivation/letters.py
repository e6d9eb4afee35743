"""Letters of a tree: put in for one another, solved for where a place is given, and named so that
none clashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from ...language.model import Model, Subscript
from .algebra import mapped, walk
from .expression import (
    Counter,
    Equation,
    Series,
)

_fresh = count()
SPOKEN = frozenset("ηλσπΣΠΦφ∂")
"""Letters that formulas mean something else by."""
Places = Mapping[str, Subscript]


def unique(letter: str) -> str:
    """A name of its own inside the derivation for a letter that is shown as `letter` where that is
    free.
    """
    return f"{shown(letter)}#{next(_fresh)}"


def shown(letter: str) -> str:
    """The letter without what makes it unique."""
    return letter.partition("#")[0]


def plain(letter: str) -> Subscript:
    """A subscript that is a letter on its own."""
    return Subscript(((letter, 1),))


def letters_in(x: Any) -> set[str]:
    """All letters that subscripts and counters of a tree use, bound or free."""
    return {
        n
        for part in walk(x)
        for n in (
            [n for n, _ in part.letters]
            if isinstance(part, Subscript)
            else [part.letter]
            if isinstance(part, Counter)
            else []
        )
    }


# ---------------------------------------------------------------- putting places in


def put_in(x: Any, places: Places) -> Any:
    """The tree with a subscript for each of some letters: all must take it (`takes`)."""
    if not places:
        return x
    if isinstance(x, tuple):
        return tuple(put_in(y, places) for y in x)
    if isinstance(x, Subscript):
        return _subscript(x, places)
    if isinstance(x, Counter):
        if x.letter in places:
            letter = places[x.letter].letter
            assert letter is not None
            return Counter(letter)
        return x
    return mapped(x, lambda y: put_in(y, places))


def _subscript(s: Subscript, places: Places) -> Subscript:
    if not any(n in places for n, _ in s.letters):
        return s
    total: dict[str, int] = {}
    constant, edge = s.constant, s.edge
    for n, c in s.letters:
        new = places.get(n, plain(n))
        constant += c * new.constant
        edge = new.edge if new.edge != "plain" else edge
        for m, k in new.letters:
            total[m] = total.get(m, 0) + c * k
    return Subscript(tuple((m, k) for m, k in total.items() if k), constant, edge)


# ---------------------------------------------------------------- names


def choose(wanted: Iterable[str], taken: set[str]) -> str:
    """The first of the wanted names that is free, else the first one primed until it is."""
    names = [w for w in wanted if w]
    for n in names:
        if n not in taken:
            return n
    name = names[0]
    while name in taken:
        name += "'"
    return name


def forbidden(model: Model) -> set[str]:
    """Names that no letter may have: those of units, parameters, arguments and graphs, and letters
    of the formulas themselves.
    """
    named = [
        x.name
        for part in (model.groups, model.parameters, model.arguments, model.graphs)
        for x in part
    ]  # type: ignore[attr-defined]  # all have a name
    return {*named, *SPOKEN}


def named(e: Equation, model: Model) -> Equation:
    """The equation with every letter under a name that is shown, none taken twice where both are in
    scope.
    """
    taken = forbidden(model)
    free: dict[str, Subscript] = {}
    indices = []
    used = set(taken)
    for i in e.letters:
        name = choose([shown(i.name), *"ijklmn"], used)
        used.add(name)
        free[i.name] = plain(name)
        indices.append(replace(i, name=name))
    left, where = put_in(e.left, free), put_in(e.where, free)
    rights = tuple(_named(r, free, used) for r in e.rights)
    return replace(e, left=left, where=where, rights=rights, letters=tuple(indices))


def _named(x: Any, places: dict[str, Subscript], used: set[str]) -> Any:
    """Names inner letters, outer ones first; `used` are names in scope."""
    if isinstance(x, Subscript | Counter):
        return put_in(x, places)
    from .expression import OfType

    if isinstance(x, Series | OfType):
        own = x.indices if isinstance(x, Series) else (x.letter,) if x.letter is not None else ()
        inside, scope, made = dict(places), set(used), []
        for i in own:
            stop = _named(i.stop, places, used)
            name = choose([shown(i.name), i.hint, *_spare(shown(i.name))], scope)
            scope.add(name)
            inside[i.name] = plain(name)
            made.append(replace(i, name=name, stop=stop))
        if isinstance(x, Series):
            restrictions = tuple(put_in(r, inside) for r in x.restrictions)
            return replace(
                x,
                indices=tuple(made),
                restrictions=restrictions,
                body=_named(x.body, inside, scope),
            )
        component = None if x.component is None else put_in(x.component, places)
        return replace(
            x,
            letter=made[0] if made else None,
            component=component,
            arguments=tuple(_named(a, inside, scope) for a in x.arguments),
        )
    return mapped(x, lambda y: _named(y, places, used))


def _spare(name: str) -> list[str]:
    return [name.rstrip("'") + "'" * n for n in range(1, 4)] if re.fullmatch(r"\w+'*", name) else []

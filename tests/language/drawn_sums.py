"""Random addends with sums, powers and clauses; their values by loops over the text's structure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

LENGTH = {"i": 3, "k": 3, "m": 3, "j": 2, "l": 2}
"""Letter → values: `i`, `k` and `m` run over an axis of three, `j` and `l` over one of two."""
HEAD = """visible x[3] : spin  visible y[2] : spin  visible q[3] : binary  hidden h[2] : binary
param a, b[3], c[2], W[3,2]"""
ATOMS = {0: ("a", "2", "0.5", "x[1]"), 3: ("x", "q", "b", "x"), 2: ("y", "h", "c")}
Values = Mapping[str, np.ndarray]
Env = dict[str, int]


@dataclass(frozen=True)
class Atom:
    text: str
    letters: tuple[str, ...]

    def value(self, values: Values, env: Env, allowed: Callable[[Env], bool]) -> float:
        name, _, inside = self.text.partition("[")
        if name.replace(".", "").isdigit():
            return float(name)
        place = tuple(env[s] if s in env else int(s) for s in inside.rstrip("]").split(",") if s)
        return float(values[name][place])


@dataclass(frozen=True)
class Total:
    """`sum[letters] body`."""

    letters: tuple[str, ...]
    body: Any

    @property
    def text(self) -> str:
        return f"(sum[{','.join(self.letters)}] {self.body.text})"

    def value(self, values: Values, env: Env, allowed: Callable[[Env], bool]) -> float:
        total = 0.0
        for at in itertools.product(*(range(LENGTH[x]) for x in self.letters)):
            inner = {**env, **dict(zip(self.letters, at, strict=True))}
            if allowed(inner):
                total += self.body.value(values, inner, allowed)
        return total


@dataclass(frozen=True)
class Times:
    parts: tuple[Any, ...]

    @property
    def text(self) -> str:
        return " * ".join(p.text for p in self.parts)

    def value(self, values: Values, env: Env, allowed: Callable[[Env], bool]) -> float:
        return float(np.prod([p.value(values, env, allowed) for p in self.parts]))


@dataclass(frozen=True)
class Plus:
    parts: tuple[tuple[int, Any], ...]

    @property
    def text(self) -> str:
        signed = "".join(f" {'-' if s < 0 else '+'} {p.text}" for s, p in self.parts)
        return f"({signed.strip(' +')})" if self.parts[0][0] > 0 else f"({signed.strip()})"

    def value(self, values: Values, env: Env, allowed: Callable[[Env], bool]) -> float:
        return sum(s * p.value(values, env, allowed) for s, p in self.parts)


@dataclass(frozen=True)
class Power:
    base: Any
    exponent: int

    @property
    def text(self) -> str:
        inside = self.base.text
        closed = isinstance(self.base, Total | Plus | Atom)
        return f"{inside}^{self.exponent}" if closed else f"({inside})^{self.exponent}"

    def value(self, values: Values, env: Env, allowed: Callable[[Env], bool]) -> float:
        return self.base.value(values, env, allowed) ** self.exponent


@dataclass(frozen=True)
class Addend:
    """An expression summed over its free letters as far as `ranges` and `relations` allow."""

    body: Any
    letters: tuple[str, ...]
    ranges: tuple[tuple[str, int, int], ...] = ()
    relations: tuple[tuple[str, str, str], ...] = ()

    @property
    def text(self) -> str:
        clauses = [f"{x} in {lo}..{hi}" for x, lo, hi in self.ranges]
        clauses += [" ".join(r) for r in self.relations]
        return self.body.text + (f" for {', '.join(clauses)}" if clauses else "")

    def value(self, values: Values) -> float:
        def allowed(env: Env) -> bool:
            for x, lo, hi in self.ranges:
                if x in env and not lo <= env[x] < hi:
                    return False
            for a, sign, b in self.relations:
                if (
                    a in env
                    and b in env
                    and not (env[a] < env[b] if sign == "<" else env[a] != env[b])
                ):
                    return False
            return True

        body = Total(self.letters, self.body) if self.letters else self.body
        return float(body.value(values, {}, allowed))


@st.composite
def expressions(draw: Any, free: tuple[str, ...], scope: frozenset[str], depth: int) -> Any:
    """An expression whose free letters are `free`; sums inside bind letters out of `scope` only."""
    kinds = (
        ["atoms"]
        if depth == 0
        else ["atoms", "sum", "times", "plus", "power", "sum", "power of a sum"]
    )
    kind = draw(st.sampled_from(kinds))
    if kind == "sum" or kind == "power of a sum":
        others = [x for x in LENGTH if x not in scope]
        if others:
            own = draw(st.lists(st.sampled_from(others), min_size=1, max_size=2, unique=True))
            made = Total(tuple(own), draw(expressions((*free, *own), scope | set(own), depth - 1)))
            return Power(made, 2) if kind != "sum" else made
    if kind == "times":
        parts = draw(st.integers(2, 2))
        sets = [tuple(x for x in free if draw(st.booleans())) for _ in range(parts)]
        rest = tuple(x for x in free if all(x not in s for s in sets))
        return Times(
            tuple(
                draw(expressions(s if n else tuple(dict.fromkeys((*s, *rest))), scope, depth - 1))
                for n, s in enumerate(sets)
            )
        )
    if kind == "plus":
        signs = draw(st.lists(st.sampled_from((1, -1)), min_size=2, max_size=2))
        return Plus(tuple((s, draw(expressions(free, scope, depth - 1))) for s in signs))
    if kind == "power":
        return Power(draw(expressions(free, scope, depth - 1)), 2)
    return draw(_atoms(free))


@st.composite
def _atoms(draw: Any, free: tuple[str, ...]) -> Any:
    made = []
    threes, twos = [x for x in free if LENGTH[x] == 3], [x for x in free if LENGTH[x] == 2]
    if threes and twos and draw(st.booleans()):
        a, b = threes.pop(), twos.pop()
        made.append(Atom(f"W[{a},{b}]", (a, b)))
    for x in (*threes, *twos):
        made.append(Atom(f"{draw(st.sampled_from(ATOMS[LENGTH[x]]))}[{x}]", (x,)))
    if not made or draw(st.integers(0, 3)) == 0:
        made.append(Atom(draw(st.sampled_from(ATOMS[0])), ()))
    return made[0] if len(made) == 1 else Times(tuple(made))


@st.composite
def addends(draw: Any, depth: int = 2) -> Addend:
    """A whole addend: up to two free letters, with part ranges, `<` and `!=` among them."""
    free = tuple(draw(st.lists(st.sampled_from(list(LENGTH)), max_size=2, unique=True)))
    body = draw(expressions(free, frozenset(free), depth))
    ranges = []
    for x in free:
        if draw(st.integers(0, 3)) == 0:
            lo = draw(st.integers(0, LENGTH[x] - 1))
            ranges.append((x, lo, draw(st.integers(lo + 1, LENGTH[x]))))
    relations = (
        ((free[0], draw(st.sampled_from(("<", "!="))), free[1]),)
        if len(free) == 2 and draw(st.integers(0, 2)) == 0
        else ()
    )
    return Addend(body, free, tuple(ranges), relations)


def drawn_values(seed: int) -> dict[str, np.ndarray]:
    """A state of all groups and values of all parameters of `HEAD`."""
    r = np.random.default_rng(seed)
    return {
        "x": r.choice([-1.0, 1.0], 3),
        "y": r.choice([-1.0, 1.0], 2),
        "q": r.integers(0, 2, 3).astype(float),
        "h": r.integers(0, 2, 2).astype(float),
        "a": np.array(r.normal()),
        "b": r.normal(size=3),
        "c": r.normal(size=2),
        "W": r.normal(size=(3, 2)),
    }

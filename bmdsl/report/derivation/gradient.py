"""The gradient of log P(v) by every parameter."""

from __future__ import annotations

from dataclasses import replace

from ...language.letters import plain_letters
from ...language.model import Length, Parameter, ParameterFactor, Subscript, Term
from .algebra import ONE, add, mapped, mul, negative, walk
from .calculus import derivative
from .context import Context
from .expression import (
    Addition,
    Bracket,
    Entry,
    Equation,
    Expected,
    Index,
    Multiplication,
    Node,
    Numeral,
    Raised,
    Relation,
    Remark,
    Restriction,
    Section,
    Slope,
    State,
    Within,
)
from .letters import choose, forbidden, plain, put_in, shown, unique
from .solving import decided


def gradient(c: Context) -> Section:
    """∂ log P(v)/∂θ = ⟨−∂E/∂θ⟩ given v − ⟨−∂E/∂θ⟩ of the model."""
    title = "Gradient of log P(v) for one case v"
    lines: list[Equation | Remark] = [line for p in c.model.parameters for line in _of(c, p)]
    if not lines:
        return Section(title, (Remark("the model has no parameters"),))
    lines.append(Remark("where ⟨ · ⟩_model is the mean under the model P"))
    if any(
        isinstance(n, Expected) and n.under == "data"
        for line in lines
        if isinstance(line, Equation)
        for n in walk(line.rights)
    ):
        lines.append(Remark("and ⟨ · ⟩_data the mean under P(h | v)"))
    return Section(title, tuple(lines))


def _of(c: Context, p: Parameter) -> list[Equation]:
    """The gradient by one parameter: an equation for each entry that a term names by number, else
    one with letters.
    """
    uses = [(t, q) for t in c.model.terms for q in _factors(t) if q.parameter == p.name]
    if not uses:
        return []
    fixed = {
        tuple(s.constant for s in q.subscripts)
        for _, q in uses
        if q.subscripts and all(not s.letters for s in q.subscripts)
    }
    numbered = (
        bool(fixed)
        and not p.symmetric
        and all(all(not s.letters for s in q.subscripts) for _, q in uses)
    )
    if numbered:
        return [
            _equation(c, p, tuple(Subscript((), n) for n in place), (), uses[0][0])
            for place in sorted(fixed)
        ]
    term, first = next(
        ((t, q) for t, q in uses if plain_letters(q.subscripts) is not None), uses[0]
    )
    entry = c.terms.entry(first, term)
    names = _names(c, entry)
    axes: tuple[Length, ...] = (
        tuple(_nodes(term, s) for s in entry.subscripts) if entry.graph else p.shape
    )
    return [
        _equation(
            c,
            p,
            tuple(map(plain, names)),
            tuple(Index(x, 0, n) for x, n in zip(names, axes, strict=True)),
            term,
        )
    ]


def _factors(t: Term) -> list[ParameterFactor]:
    out, expert = list(t.parameters), t.expert
    while expert is not None:
        out += [q for a in expert.addends for q in a.parameters]
        expert = expert.inner
    return out


def _nodes(t: Term, s: Subscript) -> Length:
    return next(x.stop for x in t.letters if x.name == s.letter)


def _names(c: Context, entry: Entry) -> tuple[str, ...]:
    """Letters for the entry's axes: those of its use, else free ones."""
    out: list[str] = []
    for s in entry.subscripts:
        taken = {shown(x) for x in out} | forbidden(c.model)
        out.append(unique(choose([s.letter or "", *"ijklmn"], taken)))
    return tuple(out)


def _equation(
    c: Context, p: Parameter, place: tuple[Subscript, ...], letters: tuple[Index, ...], term: Term
) -> Equation:
    use = next(q for q in _factors(term) if q.parameter == p.name)
    graph = c.terms.entry(use, term).graph
    axes = tuple(s if isinstance(s := i.stop, int | str) else None for i in letters) or p.shape
    less: tuple[Restriction, ...] = ()
    whole: Node
    if p.symmetric:  # one number at both places
        i, j = (x.letters[0][0] for x in place)
        sides = [_slope(c, p.name, at, axes) for at in (place, place[::-1])]
        whole = decided(add(*sides), (i, j))
        less = (Relation("<", place[0], place[1]),)
    else:
        whole = _slope(c, p.name, place, axes)
    whole, where = _common(whole)
    where = (*less, *where)
    data = _over_hidden(c, whole)
    return Equation(
        "",
        Slope(Entry(p.name, place, graph)),
        (add(data, negative(Expected("model", _model(c, whole)))),),
        letters,
        where,
    )


def _slope(
    c: Context, name: str, place: tuple[Subscript, ...], axes: tuple[Length | None, ...]
) -> Node:
    acting = [t for t in c.model.terms if any(q.parameter == name for q in _factors(t))]
    made = [derivative(negative(c.terms.tree(t)), name, place, axes) for t in acting]
    return c.solver.solved(add(*made))


def _common(x: Node) -> tuple[Node, tuple[Restriction, ...]]:
    """The tree without the restrictions that all its addends have in front, and these."""
    terms = x.terms if isinstance(x, Addition) else (x,)
    sets = [
        [
            r
            for f in (t.factors if isinstance(t, Multiplication) else (t,))
            if isinstance(f, Bracket)
            for r in f.restrictions
        ]
        for t in terms
    ]
    shared = tuple(r for r in sets[0] if all(r in s for s in sets[1:]))

    def without(t: Node) -> Node:
        out: list[Node] = []
        for f in t.factors if isinstance(t, Multiplication) else (t,):
            if isinstance(f, Bracket):
                rest = tuple(r for r in f.restrictions if r not in shared)
                out += [Bracket(rest)] if rest else []
            else:
                out.append(f)
        return mul(*out) if out else ONE

    return add(*map(without, terms)), shared


# ---------------------------------------------------------------- means of hidden units


def _over_hidden(c: Context, x: Node) -> Node:
    """The mean of −∂E/∂θ over the hidden units given the case: their means put in where they are
    independent.
    """
    found = _means_in(c, x)
    return Expected("data", x) if found is None else found


def _model(c: Context, x: Node) -> Node:
    found = _means_in(c, x)
    return x if found is None else found


def _means_in(c: Context, x: Node) -> Node | None:
    """The tree with hidden units' means; None where these are no product of means, or have no
    formula.
    """
    if not any(isinstance(n, State) and n.group in c.names for n in walk(x)):
        return x
    if c.coupled:
        return None
    groups = {g.name: g for g in c.hidden}

    def change(y: Node) -> Node:
        power = 1
        if (
            isinstance(y, Raised)
            and isinstance(y.base, State)
            and isinstance(y.exponent, Numeral)
            and y.base.group in groups
        ):
            power, y = int(y.exponent.value), y.base
        if isinstance(y, State) and y.group in groups:
            return _mean(c, y, power)
        return mapped(y, change)

    return c.solver.solved(change(x))


def _mean(c: Context, unit: State, power: int) -> Node:
    """E[x^power] of a hidden unit given what is seen, 0 where its place is outside."""
    g = next(h for h in c.hidden if h.name == unit.group)
    own = c.own(unit.group)
    text = c.formulas(g).of("mean" if power == 1 else "mean_square", own)
    places = tuple(replace(s, edge="plain") if s.edge == "pad" else s for s in unit.subscripts)
    lengths = c.model.group(g.name).axes
    inside = tuple(
        Within(p, 0, n)
        for s, p, n in zip(unit.subscripts, places, lengths, strict=True)
        if s.edge == "pad"
    )
    mean: Node = put_in(text, dict(zip(own, places, strict=True)))
    return mul(Bracket(inside), mean) if inside else mean

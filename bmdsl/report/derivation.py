"""The derivation of a model: energy, conditionals, free energy and gradient as formulas, from its terms and unit types alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..compiler.plan import GroupPlan, Plan
from ..graph.factor_graph import units_of
from ..language.model import Condition, Length, Subscript, Term
from .notation import Monomial, addend, at, constant, expert, factor, monomial, name, parameter, plain, raised, subscript, sum_over, times, unit
from .option_words import option_constants

LETTERS = "lmnopqrstuvwxyz"
SHORT = 2
"""Addends of a field that is written out inside its density."""


@dataclass(frozen=True)
class Line:
    """One formula with the words before it. `latex` is the formula; the plain text is made from it."""

    words: str
    latex: str


def derivation(plan: Plan) -> list[tuple[str, list[Line]]]:
    """Sections of the derivation: (title, formulas)."""
    hidden = [g for g in plan.groups if g.role == "hidden"]
    coupled = [f"{a.name} and {b.name}" if a is not b else f"the units of {a.name}"
               for k, a in enumerate(hidden) for b in hidden[k:] if plan.graph.couples.has_edge(a.name, b.name)]  # fmt: skip
    sections = [("Energy", _energy(plan))]
    sections.append(("Conditionals", [line for g in plan.groups if g.role != "given" for line in _conditional(plan, g)]))
    if hidden:
        no = Line(f"no closed form: terms couple {', '.join(coupled)}; mean field or enumeration stands in for it", "")
        sections.append(("Free energy", [no] if coupled else [Line("F(v) = −log Σ_h exp(−E(v, h))", "= " + _free_energy(plan, hidden))]))
        if not coupled:
            sections.append(("Product of experts", _experts(plan, hidden)))
    gradient = [_gradient(plan, p.name, hidden, not coupled) for p in plan.model.parameters]
    means = [Line("where ⟨ · ⟩_model is the mean under the model P", "")]
    if any("data" in line.latex for line in gradient):
        means.append(Line("and ⟨ · ⟩_data the mean under P(h | v)", ""))
    sections.append(("Gradient of log P(v) for one case v", [*gradient, *means]))
    return sections


def as_text(plan: Plan) -> str:
    """The derivation in plain text."""
    out = []
    for title, lines in derivation(plan):
        out.append(title)
        out += ["  " + " ".join(x for x in (line.words, plain(line.latex)) if x) for line in lines]
        out.append("")
    return "\n".join(out).rstrip()


def as_latex(plan: Plan) -> str:
    """The derivation as LaTeX sections."""
    marks = {"−": "-", "Σ_h": r"$\sum_h$", "⟨ · ⟩_model": r"$\langle\cdot\rangle_{\mathrm{model}}$",
             "⟨ · ⟩_data": r"$\langle\cdot\rangle_{\mathrm{data}}$"}  # fmt: skip
    out = []
    for title, lines in derivation(plan):
        out.append(rf"\subsection*{{{title}}}")
        for line in lines:
            words = line.words.strip()
            for mark, latex in marks.items():
                words = words.replace(mark, latex)
            out.append(words + (f"\n\\[ {line.latex} \\]" if line.latex else "") if words else f"\\[ {line.latex} \\]")
    return "\n".join(out)


# ---------------------------------------------------------------- energy and fields


def _energy(plan: Plan) -> list[Line]:
    parts = [addend(t, n == 0) for n, t in enumerate(plan.model.terms)]
    bases = [_base(plan, g) for g in plan.groups if g.role != "given" and "log_base" in g.unit.formulas]
    whole = " ".join([*parts, *bases]) or "0"
    lines = [Line("P(x) = exp(−E(x)) / Z with", f"E = {whole}")]
    if bases:
        lines.append(Line("the base measure of the unit types included:", " ".join(bases).removeprefix("+ ")))
    return lines


def _base(plan: Plan, g: GroupPlan) -> str:
    """−log base measure of a whole group, as an addend."""
    own = _own_letters(plan, g.name)
    text = _at(plan, g, "log_base", own, name(g.name) + at(own))
    sign, rest = ("+", text[1:].lstrip()) if text.startswith("-") else ("-", text)
    return f"{sign} {sum_over(list(own), (), set())}{rest}"


def _own_letters(plan: Plan, group: str) -> tuple[str, ...]:
    """The letters this group goes by: those of the first term that subscripts it by letters alone."""
    for t in plan.model.terms:
        for u in units_of(t):
            letters = [s.letter for s in u.subscripts]
            if u.group == group and all(letters) and len(set(letters)) == len(letters):
                return tuple(x for x in letters if x)
    return tuple("ijklmn"[: len(plan.group(group).axes)])


@dataclass(frozen=True)
class FieldTerm:
    """One addend of a field: number, the constant as the user wrote it, and the rest."""

    value: float
    text: str
    rest: str

    def scaled(self, by: Monomial) -> FieldTerm | None:
        """The addend times a constant; None where its own constant is not a monomial."""
        own = monomial(self.text) if self.text else (abs(self.value), ())
        if own is None:
            return None
        number, powers = times((abs(own[0]), own[1]), by)
        sign = -1.0 if self.value < 0 else 1.0
        return FieldTerm(sign * (1.0 if powers else number), constant((number, powers)) if powers else "", self.rest)


def _field(terms: list[FieldTerm]) -> str:
    return " ".join(factor(t.value, t.text, n == 0) + t.rest for n, t in enumerate(terms)) or "0"


def _field_terms(plan: Plan, g: GroupPlan, power: int) -> list[FieldTerm]:
    own = _own_letters(plan, g.name)
    axes = plan.model.group(g.name).axes
    return [_field_term(t, k, own, axes) for t in plan.model.terms for k, u in enumerate(t.units) if u.group == g.name and u.power == power]


def _field_term(t: Term, k: int, own: tuple[str, ...], axes: tuple[Length, ...]) -> FieldTerm:
    """∂(−term)/∂(statistic k): the term's other factors, renamed so that unit k carries the group's own letters.

    Where unit k is not subscripted by letters of its own (`s[wrap(i+1)]`, `z[0]`), its subscripts are set equal under the sum.
    """
    mine = [s.letter for s in t.units[k].subscripts]
    plain_letters = None not in mine and len(set(mine)) == len(mine)
    renamed = {old: new for old, new in zip(mine, own, strict=True) if old} if plain_letters else {}
    taken = set(own)
    for x in sorted(one.name for one in t.letters):
        if x not in renamed:
            renamed[x] = x if x not in taken else next(y for y in _spare(x, mine) if y not in taken)
            taken.add(renamed[x])
    swap = {old: f"\0{n}" for n, old in enumerate(renamed)}
    back = {f"\0{n}": new for n, new in enumerate(renamed.values())}

    def rename(text: str) -> str:
        for old, mark in swap.items():
            text = re.sub(rf"(?<![A-Za-z0-9_]){re.escape(old)}(?![A-Za-z0-9_'])", mark, text)
        for mark, new in back.items():
            text = text.replace(mark, new)
        return text

    def subscripts(s: tuple[Subscript, ...]) -> str:
        return at([rename(str(x)) for x in s])

    body = [name(p.parameter) + subscripts(p.subscripts) + (f"^{{{p.power}}}" if p.power != 1 else "") for p in t.parameters]
    body += [name(u.group) + subscripts(u.subscripts) for m, u in enumerate(t.units) if m != k]
    conditions = tuple(Condition(c.kind, rename(c.first), rename(c.second), c.graph) for c in t.conditions)
    letters = [rename(x.name) for x in t.letters]
    if plain_letters:
        ranges = {x.name: x for x in t.letters}
        short = [rf"{ranges[x].start} \le {o} < {ranges[x].stop}" for x, o, n in zip(mine, own, axes, strict=True)
                 if x and (ranges[x].start != 0 or ranges[x].stop != n)]  # fmt: skip
        return FieldTerm(-t.coefficient, t.factor_text, sum_over(letters, conditions, set(own), short) + (" ".join(body) or "1"))
    equal = [f"{rename(str(s))} = {o}" for s, o in zip(t.units[k].subscripts, own, strict=True)]
    return FieldTerm(-t.coefficient, t.factor_text, sum_over(letters, conditions, set(), equal) + (" ".join(body) or "1"))


def _spare(letter: str, mine: list[str | None]) -> Iterator[str]:
    """Names for a letter whose own is taken: those that unit k gives up, then the letter primed."""
    yield from (x for x in mine if x)
    mark = letter
    while True:
        mark += "'"
        yield mark


# ---------------------------------------------------------------- unit types' formulas


def _eta(g: GroupPlan, letters: tuple[str, ...] | list[str], mark: str = "") -> str:
    return rf"\eta{mark}^{{{name(g.name)}}}{at(letters)}"


def _at(plan: Plan, g: GroupPlan, key: str, letters: tuple[str, ...] | list[str], x: str, field: str = "", mean: str = "") -> str:
    """A formula of the unit type with x, η and the type's arguments put in.

    `field` is written for η, `mean` for σ²η, where given. In a one-of-K type's formulas k is the state and l another one.
    """
    formula = g.unit.formulas.get(key, "")
    if mean:
        formula = re.sub(r"\\sigma\^\{?2\}?\s*\\eta", "\0", formula)
    if g.states is not None:
        other = next(c for c in LETTERS if c not in letters)
        formula = formula.replace(r"\sum_l", rf"\sum_{{{other}}}").replace(r"\sum_k", rf"\sum_{{{letters[-1]}}}")
        formula = formula.replace(r"\eta_k", r"\eta").replace("x_k", "x")
    else:
        other = ""
    eta = field or _eta(g, letters)
    grouped = f"({eta})" if field and re.search(r" [+-] |^-|\\sum", field) else eta
    constants = option_constants(g, plan.model.group(g.name))
    options = "|".join(re.escape("\\" + o) if o == "sigma" else o for o in constants)  # \sigma(…) is the sigmoid function

    def put(m: re.Match[str]) -> str:
        if m["option"]:
            return constant(raised(constants[m["option"].lstrip("\\")], int(m["power"] or 1))) + " "
        if m["whole"]:
            return eta
        return {"\0": f"({mean})", r"\eta": grouped, r"\eta_l": _eta(g, [*letters[:-1], other]), "x": x}[m[0]]

    option = rf"(?<![A-Za-z])(?P<option>{options})(?:\^\{{?(?P<power>-?\d+)\}}?|(?![A-Za-z(]))|" if options else "(?P<option>(?!))(?P<power>)|"
    formula = re.sub(option + r"(?P<whole>(?<=[{(])\\eta(?=[})]))|\0|\\eta_l|\\eta(?![A-Za-z])|(?<![A-Za-z\\])x(?![A-Za-z])", put, formula)
    formula = re.sub(r" +([ ,)}^])", r"\1", re.sub(r"\\frac\{ *\}", r"\\frac{1}", formula))
    return formula.replace("{ ", "{").replace("( ", "(").strip()


def _conditional(plan: Plan, g: GroupPlan) -> list[Line]:
    own = _own_letters(plan, g.name)
    x = name(g.name) + at(own)
    if g.expert:
        near = " ".join(addend(t, n == 0) for n, t in enumerate(t for t in plan.model.terms if any(u.group == g.name for u in units_of(t))))
        return [Line(f"units of {g.name} meet in experts, so that none has a conditional of its own; given the rest", rf"P({name(g.name)} \mid \text{{rest}}) "
                     rf"\propto \operatorname{{base}}({name(g.name)}) e^{{-({near})}}")]  # fmt: skip
    rest = [name(n) for n in plan.graph.neighbours(g.name)] + ([rf"\text{{other }} {name(g.name)}"] if g.lateral else [])
    given = rf" \mid {', '.join(rest)}" if rest else ""
    terms = _field_terms(plan, g, 1)
    lines = [Line(f"field of {g.name} ({g.unit.name}):", f"{_eta(g, own)} = {_field(terms)}")]
    second = _field_terms(plan, g, 2)
    sites = own[:-1] if g.states is not None else own
    product = rf"\prod_{{{','.join(sites)}}} " if sites and not g.lateral else ""
    left = f"P({name(g.name) if product or not sites else x}{given})"
    if second:
        square = _eta(g, own, "'")
        lines.append(Line("and on its square:", f"{square} = {_field(second)}"))
        lines.append(Line("", rf"{left} \propto {product}\operatorname{{base}}({x}) e^{{{_eta(g, own)} {x} + {square} {x}^2}}"))
        return lines
    density = _at(plan, g, "density", own, x)
    if density:
        lines.append(Line("", f"{left} = {product}{density}"))
        explicit = _explicit(plan, g, own, x, terms)
        if explicit and 0 < len(terms) <= SHORT:
            lines.append(Line(" " * len(plain(left)), f"= {product}{explicit}"))
        lines.append(Line("mean", rf"\langle {x} \rangle = {_at(plan, g, 'mean', own, x)}"))
    return lines


def _explicit(plan: Plan, g: GroupPlan, own: tuple[str, ...], x: str, terms: list[FieldTerm]) -> str:
    """The density with the field written out; a Gaussian's with its mean σ²η written out. Nothing for one-of-K types."""
    if g.states is not None:
        return ""
    mean = ""
    if "sigma" in option_constants(g, plan.model.group(g.name)):
        scaled = [t.scaled(raised(option_constants(g, plan.model.group(g.name))["sigma"], 2)) for t in terms]
        mean = _field([t for t in scaled if t is not None]) if None not in scaled else ""
        if not mean:
            return ""
    return _at(plan, g, "density", own, x, _field(terms), mean)


# ---------------------------------------------------------------- free energy and gradient


def _free_energy(plan: Plan, hidden: list[GroupPlan]) -> str:
    names = {g.name for g in hidden}
    visible = [t for t in plan.model.terms if all(u.group not in names for u in t.units)]
    parts = [addend(t, n == 0) for n, t in enumerate(visible)]
    parts += [_base(plan, g) for g in plan.groups if g.role == "visible" and "log_base" in g.unit.formulas]
    for g in hidden:
        own = _own_letters(plan, g.name)
        over = sum_over(list(own[:-1] if g.states is not None else own), (), set())
        if _field_terms(plan, g, 2):
            parts.append(rf"- {over}\operatorname{{A}}({_eta(g, own)}, {_eta(g, own, chr(39))})")
            continue
        text = _at(plan, g, "log_partition", own, name(g.name) + at(own))
        parts.append(f"- {over}" + (f"({text})" if " + " in re.sub(r"\([^()]*\)|\{[^{}]*\}", "", text) else text))
    return " ".join(parts)


def _experts(plan: Plan, hidden: list[GroupPlan]) -> list[Line]:
    """P(v) as a product of one factor for every hidden unit, which sees v through its field alone (Hinton 2002, Training products of experts)."""
    lines = []
    for g in hidden:
        own = _own_letters(plan, g.name)
        letters = own[:-1] if g.states is not None else own
        unit_name = name(g.name) + at(letters)
        squared = _field_terms(plan, g, 2)
        text = rf"\operatorname{{A}}({_eta(g, own)}, {_eta(g, own, chr(39))})" if squared else _at(plan, g, "log_partition", own, name(g.name) + at(own))
        lines.append(Line(f"an expert for each unit of {g.name},", rf"\log f_{{{unit_name}}}(v) = {text}"))
    names = {g.name for g in hidden}
    visible = [t for t in plan.model.terms if (t.units or t.expert) and all(u.group not in names for u in t.units)]
    parts = [addend(replace(t, coefficient=-t.coefficient), n == 0) for n, t in enumerate(visible)]
    if parts:
        lines.append(Line("and one for the visible units alone,", rf"\log f_0(v) = {' '.join(parts)}"))
    return [Line("P(v) is their product but for Z and the base measure:", ""), *lines]


def _expert_slopes(t: Term, wanted: str) -> Iterator[tuple[str, float, str, str]]:
    """−∂(term)/∂θ for a parameter inside its expert: θ's subscripts, the number with its text, and the rest."""
    assert t.expert is not None
    inner = t.expert
    while inner.inner is not None:
        inner = inner.inner
    for a in inner.addends:
        for p in a.parameters:
            if p.parameter == wanted:
                bound = {letter for s in p.subscripts for letter, _ in s.letters}
                others = [parameter(q) for q in (*t.parameters, *(q for q in a.parameters if q is not p))] + [parameter(replace(p, power=1))] * (p.power - 1)
                letters = [x.name for x in (*t.letters, *a.letters)]
                body = " ".join([*others, expert(t.expert, True), *(unit(u) for u in a.units)])
                yield subscript(p.subscripts), -t.coefficient * a.coefficient * p.power, t.factor_text, sum_over(letters, t.conditions, bound) + body


def _gradient(plan: Plan, wanted: str, hidden: list[GroupPlan], summable: bool) -> Line:
    """∂ log P(v)/∂θ = −∂E/∂θ given v − ⟨−∂E/∂θ⟩_model; hidden units by their means where they are independent."""
    names = {g.name: g for g in hidden}
    mine = [t for t in plan.model.terms if any(p.parameter == wanted for p in t.parameters)]
    seen = [x for t in plan.model.terms if t.expert is not None for x in _expert_slopes(t, wanted)]
    squared = {g.name for g in hidden if _field_terms(plan, g, 2)}
    summable = summable and not any(u.group in squared for t in mine for u in t.units)
    parts: list[str] = []
    left = ""
    for t in mine:
        for p in t.parameters:
            if p.parameter != wanted:
                continue
            left = left or name(wanted) + subscript(p.subscripts)
            bound = {letter for s in p.subscripts for letter, _ in s.letters}
            others = [parameter(q) for q in t.parameters if q is not p] + [parameter(replace(p, power=1))] * (p.power - 1)
            units = []
            for u in t.units:
                g = names.get(u.group)
                mean = _at(plan, g, "mean", [str(s) for s in u.subscripts], unit(u)) if g is not None and summable else ""
                units.append(mean or unit(u))
            conditions = t.conditions if not bound else ()
            body = sum_over([x.name for x in t.letters], conditions, bound) + " ".join([*others, *units])
            scale = replace(t, coefficient=-t.coefficient * p.power)
            body = f"{body} {expert(t.expert)}".strip() if t.expert is not None else body
            parts.append(factor(scale.coefficient, t.factor_text, not parts) + (body or "1"))
    for subscripts, value, text, body in seen:
        left = left or name(wanted) + subscripts
        parts.append(factor(value, text, not parts) + body)
    if not parts:
        return Line(f"{wanted} does not act", "")
    inside = " ".join(parts)
    model = rf"\langle {inside} \rangle_{{\mathrm{{model}}}}"
    data = (f"({inside})" if len(parts) > 1 else inside) if summable else rf"\langle {inside} \rangle_{{\mathrm{{data}}}}"
    return Line("", rf"\partial \log P(v) / \partial {left} = {data} - {model}")

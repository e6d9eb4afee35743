"""The derivation of a model as text or LaTeX: conditionals, free energy, gradient, from its terms and unit types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

from ..compiler.plan import GroupPlan, Plan
from ..language.model import Condition, ParameterFactor, Subscript, Term, UnitFactor


@dataclass(frozen=True)
class Line:
    """One formula with the words before it. `latex` is the formula; the plain text is made from it."""

    words: str
    latex: str


def derivation(plan: Plan) -> list[tuple[str, list[Line]]]:
    """Sections of the derivation: (title, formulas)."""
    hidden = [g for g in plan.groups if g.role == "hidden"]
    sections = [("Energy", [Line("P(x) = exp(−E(x)) / Z with", f"E = {_energy(plan)}")])]
    conditionals = [line for g in plan.groups if g.role != "given" for line in _conditional(plan, g)]
    sections.append(("Conditionals", conditionals))
    summable = not any(plan.graph.couples.has_edge(a.name, b.name) for k, a in enumerate(hidden) for b in hidden[k:])
    if hidden:
        lines = [Line("", _free_energy(plan, hidden))] if summable else [Line("no closed form: hidden units are coupled", "")]
        sections.append(("Free energy", lines))
    sections.append(("Gradient of log P(v) for one case v", [_gradient(plan, p.name, hidden, summable) for p in plan.model.parameters]))
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
    out = []
    for title, lines in derivation(plan):
        out.append(rf"\subsection*{{{title}}}")
        for line in lines:
            words = line.words.replace("−", "-").replace("η", r"$\eta$")
            out.append(words + (f"\n\\[ {line.latex} \\]" if line.latex else ""))
    return "\n".join(out)


def plain(latex: str) -> str:
    """Readable plain text of the LaTeX this module writes."""
    text = re.sub(r"\\sum_\{([^{}]*)\}", r"Σ_(\1)", latex.replace(r"\ne", "≠"))
    text = re.sub(r"\\prod_\{([^{}]*)\}", r"Π_(\1)", text).replace(r"\eta'", "η′").replace(r"\eta", "η")
    text = re.sub(r"⟩_\{(\w+)\}", r"⟩_\1", text.replace(r"\rangle", "⟩"))
    for _ in range(4):
        text = re.sub(r"\\t?frac\{([^{}]*)\}\{([^{}]*)\}", lambda m: f"{_group(m[1])}/{_group(m[2])}", text)
        text = re.sub(r"\\operatorname\{([^{}]*)\}|\\mathrm\{([^{}]*)\}", lambda m: m[1] or m[2], text)
        text = re.sub(r"\\mathcal\{N\}", "N", text)
        text = re.sub(r"\\binom\{([^{}]*)\}\{([^{}]*)\}", r"C(\1, \2)", text)
        text = re.sub(r"([A-Za-zη′])_\{([^{}]*)\}", lambda m: f"{m[1]}[{m[2]}]", text)
        text = re.sub(r"e\^\{([^{}]*)\}", r"exp(\1)", text)
    marks = {r"\eta": "η", r"\sigma": "σ", r"\sum": "Σ", r"\log": "log", r"\tanh": "tanh", r"\cosh": "cosh", r"\langle": "⟨",
             r"\rangle": "⟩", r"\mid": "|", r"\pi": "π", r"\partial": "∂", r"\theta": "θ", r"\,": " ", r"\;": " ", r"\cdot": "·",
             r"\left": "", r"\right": "", r"\lambda": "λ"}  # fmt: skip
    for mark, letter in marks.items():
        text = text.replace(mark, letter)
    text = re.sub(r"Σ_\(([A-Za-z])\)", r"Σ_\1", text)
    text = re.sub(r"Π_\(([A-Za-z])\)", r"Π_\1", text)
    return re.sub(r" +", " ", text.replace("{", "").replace("}", "")).strip()


def _group(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+", text) else f"({text})"


def _subscript(subscripts: tuple[Subscript, ...], renamed: dict[str, str] | None = None) -> str:
    names = []
    for s in subscripts:
        text = str(s)
        for old, new in (renamed or {}).items():
            text = re.sub(rf"\b{re.escape(old)}\b", new, text)
        names.append(text)
    return f"_{{{','.join(names)}}}" if names else ""


def _name(name: str) -> str:
    return name if len(name) == 1 else rf"\mathrm{{{name}}}"


def _unit(u: UnitFactor) -> str:
    return _name(u.group) + _subscript(u.subscripts) + (f"^{u.power}" if u.power != 1 else "")


def _parameter(p: ParameterFactor) -> str:
    return _name(p.parameter) + _subscript(p.subscripts) + (f"^{p.power}" if p.power != 1 else "")


def _sum(letters: list[str], conditions: tuple[Condition, ...], free: set[str]) -> str:
    """Σ over the letters that are not free, with the conditions written under it."""
    inside = [x for x in letters if x not in free]
    signs = {"less": "<", "unequal": r"\ne"}
    notes = []
    for c in conditions:
        if c.kind == "edge":
            notes.append(rf"\langle {c.first},{c.second}\rangle \in {c.graph}")
            inside = [x for x in inside if x not in (c.first, c.second)]
        else:
            notes.append(f"{c.first} {signs[c.kind]} {c.second}")
            inside = [x for x in inside if x not in (c.first, c.second)] if not free else inside
    under = ", ".join([*inside, *notes])
    return rf"\sum_{{{under}}} " if under and (inside or notes) else ""


def _factor(value: float, text: str, first: bool) -> str:
    sign = "-" if value < 0 else ("" if first else "+")
    size = text.lstrip("+-") or (f"{abs(value):g}" if abs(value) != 1 else "")
    return f"{sign} {size} ".strip() + " " if sign or size else ""


def _energy(plan: Plan) -> str:
    parts = []
    for n, t in enumerate(plan.model.terms):
        body = " ".join([*(_parameter(p) for p in t.parameters), *(_unit(u) for u in t.units)])
        parts.append(_factor(t.coefficient, t.factor_text, n == 0) + _sum([x.name for x in t.letters], t.conditions, set()) + body)
    return " ".join(parts) or "0"


def _own_letters(plan: Plan, name: str) -> tuple[str, ...]:
    """The letters this group goes by: those of the first term that subscripts it by letters alone."""
    for t in plan.model.terms:
        for u in t.units:
            letters = [s.letter for s in u.subscripts]
            if u.group == name and all(letters) and len(set(letters)) == len(letters):
                return tuple(x for x in letters if x)
    return tuple("ijklmn"[: len(plan.group(name).axes)])


def _field_terms(plan: Plan, g: GroupPlan, power: int) -> list[str]:
    own = _own_letters(plan, g.name)
    parts: list[str] = []
    for t in plan.model.terms:
        for k, u in enumerate(t.units):
            if u.group == g.name and u.power == power:
                parts.append(_field_term(t, k, own, not parts))
    return parts


def _field_term(t: Term, k: int, own: tuple[str, ...], first: bool) -> str:
    """∂(−term)/∂(statistic k): the term's other factors, renamed so that unit k carries the group's own letters."""
    mine = [s.letter or str(s) for s in t.units[k].subscripts]
    renamed = dict(zip(mine, own, strict=True))
    for x in (one.name for one in t.letters):
        if x not in renamed and x in own:
            renamed[x] = next((m for m in mine if m not in own), x + "'")
    swap = {old: f"\0{n}" for n, old in enumerate(renamed)}
    back = {f"\0{n}": new for n, new in enumerate(renamed.values())}

    def rename(text: str) -> str:
        for old, mark in swap.items():
            text = re.sub(rf"(?<![A-Za-z0-9_]){re.escape(old)}(?![A-Za-z0-9_])", mark, text)
        for mark, new in back.items():
            text = text.replace(mark, new)
        return text

    def subscript(s: tuple[Subscript, ...]) -> str:
        return f"_{{{','.join(rename(str(x)) for x in s)}}}" if s else ""

    body = [_name(p.parameter) + subscript(p.subscripts) + (f"^{p.power}" if p.power != 1 else "") for p in t.parameters]
    body += [_name(u.group) + subscript(u.subscripts) for m, u in enumerate(t.units) if m != k]
    conditions = tuple(Condition(c.kind, rename(c.first), rename(c.second), c.graph) for c in t.conditions)
    letters = [rename(x.name) for x in t.letters]
    return _factor(-t.coefficient, t.factor_text, first) + _sum(letters, conditions, set(own)) + (" ".join(body) or "1")


def _conditional(plan: Plan, g: GroupPlan) -> list[Line]:
    own = ",".join(_own_letters(plan, g.name))
    at = f"_{{{own}}}" if own else ""
    x = _name(g.name) + at
    rest = ", ".join(n for n in (*plan.graph.neighbours(g.name), *([f"other {g.name}"] if g.lateral else [])))
    given = rf" \mid {rest}" if rest else ""
    lines = [Line(f"field of {g.name} ({g.unit.name}):", rf"\eta{at} = " + (" ".join(_field_terms(plan, g, 1)) or "0"))]
    second = _field_terms(plan, g, 2)
    if second:
        lines.append(Line("and on its square:", rf"\eta'{at} = " + " ".join(second)))
    density = _at(g, "density", at, x)
    if density and not second:
        product = rf"\prod_{{{own}}} " if own and not g.lateral else ""
        lines.append(Line("", rf"P({_name(g.name) if product else x}{given}) = {product}{density}"))
        lines.append(Line("mean", rf"\langle {x} \rangle = {_at(g, 'mean', at, x)}"))
    return lines


def _at(g: GroupPlan, key: str, at: str, x: str) -> str:
    """A formula of the unit type with η and x subscripted and the type's arguments put in."""
    formula = g.unit.formulas.get(key, "")
    formula = re.sub(r"\\eta(?:_k|_l)?(?![A-Za-z])", lambda _: rf"\eta{at}", formula)
    formula = re.sub(r"(?<![A-Za-z\\])x(?:_k)?(?![A-Za-z])", lambda _: x, formula)
    names = [o.name for o in g.unit.options if o.name != g.unit.states]
    for name, value in zip(names, g.arguments, strict=True):
        word = r"\\sigma(?=\^|\b)(?!\()" if name == "sigma" else rf"(?<![A-Za-z\\]){name}(?![A-Za-z])"
        formula = re.sub(word, f"{value:g}", formula)
    return formula.replace(r"1^2\eta", r"\eta")


def _free_energy(plan: Plan, hidden: list[GroupPlan]) -> str:
    names = {g.name for g in hidden}
    visible = [t for t in plan.model.terms if all(u.group not in names for u in t.units)]
    parts: list[str] = []
    for n, t in enumerate(visible):
        body = " ".join([*(_parameter(p) for p in t.parameters), *(_unit(u) for u in t.units)])
        parts.append(_factor(t.coefficient, t.factor_text, n == 0) + _sum([x.name for x in t.letters], t.conditions, set()) + body)
    for g in hidden:
        own = _own_letters(plan, g.name)
        at = f"_{{{','.join(own)}}}" if own else ""
        over = rf"\sum_{{{','.join(own)}}} " if own else ""
        parts.append(f"- {over}{_at(g, 'log_partition', at, _name(g.name) + at)}")
    base = " (base measure of the visible units aside)" if any(g.unit.name in ("gaussian", "binomial") for g in plan.groups) else ""
    return "F(v) = " + " ".join(parts) + (rf"\;\mathrm{{{base.strip()}}}" if base else "")


def _gradient(plan: Plan, name: str, hidden: list[GroupPlan], summable: bool) -> Line:
    """∂ log P(v)/∂θ = ⟨−∂E/∂θ⟩ given v − ⟨−∂E/∂θ⟩ under the model; hidden units by their means where they are independent."""
    names = {g.name: g for g in hidden}
    parts: list[str] = []
    left = ""
    for t in plan.model.terms:
        for p in t.parameters:
            if p.parameter != name:
                continue
            left = left or _name(name) + _subscript(p.subscripts)
            bound = {letter for s in p.subscripts for letter, _ in s.letters}
            others = [_parameter(q) for q in t.parameters if q is not p] + ([_parameter(p)] * (p.power - 1))
            units = []
            for u in t.units:
                g = names.get(u.group)
                if g is not None and summable:
                    at = _subscript(u.subscripts)
                    units.append(_at(g, "mean", at, _unit(u)))
                else:
                    units.append(_unit(u))
            conditions = t.conditions if not bound else ()
            body = _sum([x.name for x in t.letters], conditions, bound) + " ".join([*others, *units])
            parts.append(_factor(-t.coefficient, t.factor_text, not parts) + (body or "1"))
    if not parts:
        return Line(f"{name} does not act", "")
    inside = " ".join(parts)
    return Line("", rf"\partial \log P(v) / \partial {left} = \langle {inside} \rangle_{{v}} - \langle {inside} \rangle_{{model}}")


def costs(plan: Plan, batch: int, dtype_bytes: int = 4) -> list[tuple[str, str]]:
    """Parameters, memory and floating-point operations of one CD-1 update at this batch size; needs all sizes bound."""
    sizes = {g.name: g.size for g in plan.groups}
    parameters = sum(prod(int(n) for n in p.shape) for p in plan.model.parameters)
    pairs = sum(sizes[c.a] * sizes[c.b] for c in plan.couplings) + sum(sizes[g.name] ** 2 for g in plan.groups if g.lateral)
    state = sum(sizes.values()) * batch * 2
    numbers = 3 * parameters + pairs + 2 * state
    return [
        ("parameters", f"{parameters:,}"),
        ("memory", f"{numbers * dtype_bytes / 1e6:,.1f} MB (parameters, gradient, momentum, couplings, states)"),
        ("operations", f"{2 * batch * pairs * 5 / 1e6:,.1f} MFLOP an update (five products at batch {batch})"),
    ]

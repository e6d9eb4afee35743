"""How formulas are written: LaTeX of factors and sums, and readable plain text made from that LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..language.diagnostics import BmError
from ..language.model import Condition, Expert, ParameterFactor, Subscript, Term, UnitFactor
from ..language.parse import parse
from ..language.source import Source
from ..language.tree import Binary, Expression, ModelDefinition, Number, Power, Ref, Unary

# ---------------------------------------------------------------- LaTeX


def name(text: str) -> str:
    """A name in LaTeX: one letter as it is, more upright."""
    return text if len(text) == 1 else rf"\mathrm{{{text}}}"


def at(letters: tuple[str, ...] | list[str]) -> str:
    """Subscripts, or nothing."""
    return f"_{{{','.join(letters)}}}" if letters else ""


def subscript(subscripts: tuple[Subscript, ...]) -> str:
    """Subscripts in LaTeX."""
    return at([str(s) for s in subscripts])


def power(n: int) -> str:
    """An exponent in LaTeX; nothing for 1."""
    return f"^{{{n}}}" if n != 1 else ""


def unit(u: UnitFactor) -> str:
    """A unit factor in LaTeX."""
    return name(u.group) + subscript(u.subscripts) + power(u.power)


def parameter(p: ParameterFactor) -> str:
    """A parameter factor in LaTeX."""
    return name(p.parameter) + subscript(p.subscripts) + power(p.power)


def sum_over(letters: list[str], conditions: tuple[Condition, ...], free: set[str], equal: Sequence[str] = ()) -> str:
    """Σ over the letters that are not free, with the conditions and equations written under it; without letters, `[equation]` is 1 or 0."""
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
    if equal and not inside and not notes:
        return rf"[{', '.join(equal)}]\, "
    under = ", ".join([*inside, *notes]) + (f": {', '.join(equal)}" if equal else "")
    return rf"\sum_{{{under}}} " if under and (inside or notes) else ""


def factor(value: float, text: str, first: bool) -> str:
    """An addend's sign and constant: `- a^2 `, `+ 0.5 `, or nothing."""
    sign = "-" if value < 0 else ("" if first else "+")
    size = text.lstrip("+-") or (f"{abs(value):g}" if abs(value) != 1 else "")
    size = re.sub(r"\^(\d+)", r"^{\1}", size)
    return f"{sign} {size} ".strip() + " " if sign or size else ""


def addend(t: Term, first: bool) -> str:
    """A whole term of the energy with its sign."""
    body = " ".join([*(parameter(p) for p in t.parameters), *(unit(u) for u in t.units), *([expert(t.expert)] if t.expert is not None else [])])
    return factor(t.coefficient, t.factor_text, first) + sum_over([x.name for x in t.letters], t.conditions, set()) + (body or "1")


def expert(e: Expert, slope: bool = False) -> str:
    """A function of a projection in LaTeX; with `slope`, its derivative by the projection: f′(c g(·)) c g′(·) for functions inside functions."""
    mark = "'" if slope else ""
    if e.inner is None:
        inside = " ".join(addend(t, n == 0) for n, t in enumerate(e.addends))
        return rf"\operatorname{{{e.function}{mark}}}({inside})"
    number = factor(e.coefficient, "", True)
    outer = rf"\operatorname{{{e.function}{mark}}}({number}{expert(e.inner)})"
    return f"{outer} {number}{expert(e.inner, True)}" if slope else outer


# ---------------------------------------------------------------- constants that keep their names

Monomial = tuple[float, tuple[tuple[str, int], ...]]
"""A number and powers of names: `2 / a^2` is (2, (("a", −2),))."""


def monomial(text: str) -> Monomial | None:
    """A constant as a monomial of its names; None where it is a sum or no constant."""
    try:
        definition = parse(Source("", f"model m(x = {text}) {{}}")).definitions[0]
    except BmError:
        return None
    assert isinstance(definition, ModelDefinition)
    default = definition.arguments[0].default
    return None if default is None else monomial_of(default)


def monomial_of(x: Expression) -> Monomial | None:
    """The same of a tree."""
    match x:
        case Number():
            return float(x.value), ()
        case Ref(subscripts=None):
            return 1.0, ((x.name.text, 1),)
        case Unary():
            inner = monomial_of(x.operand)
            return None if inner is None else (-inner[0] if x.operator == "-" else inner[0], inner[1])
        case Binary("*" | "/"):
            left, right = monomial_of(x.left), monomial_of(x.right)
            return None if left is None or right is None else times(left, raised(right, 1 if x.operator == "*" else -1))
        case Power(base=base, exponent=Number(value=n)):
            inner = monomial_of(base)
            return raised(inner, int(n)) if inner is not None and n == int(n) else None
        case _:
            return None


def times(a: Monomial, b: Monomial) -> Monomial:
    """The product of two monomials."""
    powers = dict(a[1])
    for base, n in b[1]:
        powers[base] = powers.get(base, 0) + n
    return a[0] * b[0], tuple((base, n) for base, n in powers.items() if n)


def raised(a: Monomial, n: int) -> Monomial:
    """A monomial to a whole power."""
    return float(a[0]) ** n, tuple((base, k * n) for base, k in a[1])


def constant(a: Monomial) -> str:
    """LaTeX of a monomial; nothing for 1."""
    over = "".join(f"{name(b)}{power(n)} " for b, n in a[1] if n > 0).strip()
    under = "".join(f"{name(b)}{power(-n)} " for b, n in a[1] if n < 0).strip()
    size = "" if a[0] == 1 else f"{a[0]:g}"
    top = f"{size} {over}".strip()
    return rf"\frac{{{top or 1}}}{{{under}}}" if under else top


# ---------------------------------------------------------------- plain text

_WORDS = {"sigma": "σ", "theta": "θ", "lambda": "λ", "pi": "π", "partial": "∂", "langle": "⟨", "mid": "|", "cdot": "·", "ne": "≠", "le": "≤", "in": "∈",
          "propto": "∝", "left": "", "right": "", ",": " ", ";": " ", "quad": "  ", "log": " log ", "tanh": " tanh ", "cosh": " cosh "}  # fmt: skip


def plain(latex: str) -> str:
    """Readable plain text of the LaTeX that reports write: `e^{x}` is exp(x), `W_{i,j}` is W[i,j]."""
    text = re.sub(r" +", " ", _plain(latex)).strip()
    return re.sub(r"\( ", "(", re.sub(r"(log|tanh|cosh) \(", r"\1(", text))


def _plain(latex: str) -> str:
    out: list[str] = []
    i = 0
    while i < len(latex):
        if latex[i] == "\\":
            found = re.match(r"\\([A-Za-z]+|.)", latex[i:])
            word = found[1] if found else ""
            text, i = _command(word, latex, i + 1 + len(word))
            more = word.endswith("frac") and re.match(r" *(?!\\rangle|\\mid)[\w\\(]", latex[i:])
            out.append(f"({text})" if more else text)
        elif latex[i] in "_^" and latex[i + 1 : i + 2] == "{":
            inside, after = _braces(latex, i + 1)
            text = _plain(inside)
            alone = out[-1:] == ["e"] and not (len(out) > 1 and out[-2][-1:].isalpha())
            if latex[i] == "^" and alone:
                out[-1] = f"exp({text})"
            else:
                out.append(f"[{text}]" if latex[i] == "_" else f"^{_atom(text)}")
            i = after
        else:
            out.append("" if latex[i] in "{}" else latex[i])
            i += 1
    return "".join(out)


def _command(word: str, latex: str, i: int) -> tuple[str, int]:
    """The plain text of a command with its arguments, and where it ends."""
    arguments = []
    wanted = {"frac": 2, "tfrac": 2, "binom": 2, "sqrt": 1, "operatorname": 1, "mathrm": 1, "text": 1}.get(word, 0)
    for _ in range(wanted):
        inside, i = _braces(latex, i)
        arguments.append(_plain(inside))
    match word:
        case "frac" | "tfrac":
            return f"{_atom(arguments[0], call=True)}/{_atom(arguments[1])}", i
        case "binom":
            return f"C({arguments[0]}, {arguments[1]})", i
        case "sqrt":
            return f"√({arguments[0]})", i
        case "operatorname" | "mathrm" | "text":
            return arguments[0], i
        case "eta" | "sum" | "prod" | "rangle":
            text = {"eta": "η", "sum": "Σ", "prod": "Π", "rangle": "⟩"}[word]
            if word == "eta" and latex[i : i + 1] == "'":
                text, i = "η′", i + 1
            if latex[i : i + 2] == ("^{" if word == "eta" else "_{"):
                inside, i = _braces(latex, i + 1)
                below = _plain(inside)
                text += f"_{below}" if word == "eta" or re.fullmatch(r"\w+", below) else f"_({below})"
            return text, i
        case _:
            return _WORDS.get(word, word), i


def _braces(latex: str, i: int) -> tuple[str, int]:
    """What stands in the braces at `i`, and the place after them."""
    depth = 0
    for k in range(i, len(latex)):
        depth += {"{": 1, "}": -1}.get(latex[k], 0)
        if depth == 0:
            return latex[i + 1 : k], k + 1
    raise ValueError(f"braces do not close in {latex!r}")


def _atom(text: str, call: bool = False) -> str:
    """In parentheses unless one word (or one call, where that reads well)."""
    one = re.fullmatch(r"[\w.]+(\^\d+)?|√\([^()]*\)", text) or (call and re.fullmatch(r"\w*\(.*\)", text) and _closes_last(text))
    return text if one else f"({text})"


def _closes_last(text: str) -> bool:
    depth = 0
    for k, c in enumerate(text):
        depth += {"(": 1, ")": -1}.get(c, 0)
        if depth == 0 and c == ")":
            return k == len(text) - 1
    return False

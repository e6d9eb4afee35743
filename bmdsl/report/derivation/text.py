"""Derivations as plain text: `exp(x)`, `W[i,j]`, `Σ_(i, j)`."""

from __future__ import annotations

import re
from fractions import Fraction

from ...language.model import Subscript
from .expression import Index, Node, Probability, Remark, Section
from .notation import ATOM, POWER, PRODUCT, Piece
from .printing import Printer

FUNCTIONS = {"sigmoid": "σ", "sqrt": "√", "phi": "φ", "Phi": "Φ", "Li2": "Li₂", "binom": "C"}
OF_TYPE = {"log_partition": "A"}


class Text(Printer):
    """One line of Unicode text."""

    less, unequal, at_most, at_least, implied = "<", "≠", "≤", "≥", "∝"

    def name(self, text: str) -> str:
        return text

    def letter(self, text: str) -> str:
        return text

    def constant(self, text: str) -> str:
        return text

    def number(self, value: Fraction | float) -> Piece:
        if isinstance(value, Fraction):
            return (
                str(value),
                (
                    ATOM
                    if value.denominator == 1 and value >= 0
                    else PRODUCT
                    if value.denominator == 1
                    else 0
                ),
            )
        return f"{value:.12g}", ATOM if value >= 0 else PRODUCT

    def at(self, subscripts: tuple[Subscript, ...]) -> str:
        return f"[{','.join(map(self.subscript, subscripts))}]" if subscripts else ""

    def edge(self, kind: str, text: str) -> str:
        return f"{kind}({text})"

    def paren(self, text: str) -> str:
        return f"({text})"

    def beside(self, text: str, tight: int) -> str:
        return f"({text})" if "/" in text or tight < PRODUCT else text

    def power(self, base: str, exponent: Node) -> str:
        text, tight = self.piece(exponent)
        return f"{base}^{text if tight >= ATOM else f'({text})'}"

    def fraction_of(self, top: str, bottom: Piece, loose: bool) -> Piece:
        below = bottom[0] if bottom[1] >= POWER else f"({bottom[0]})"
        return f"{f'({top})' if loose else top}/{below}", PRODUCT

    def call(self, function: str, arguments: tuple[Node, ...]) -> Piece:
        inside = ", ".join(
            map(self.quotient if function in ("sqrt", "log") else self.node, arguments)
        )
        if function == "abs":
            return f"|{inside}|", ATOM
        if function == "factorial":
            return f"{self.held(arguments[0], ATOM)}!", POWER
        return f"{FUNCTIONS.get(function, function)}({inside})", ATOM

    def of_type(
        self,
        function: str,
        group: str,
        arguments: tuple[Node, ...],
        letter: Index | None,
        component: Subscript | None,
    ) -> str:
        inside = ", ".join(map(self.node, arguments))
        word = f"{OF_TYPE.get(function, function)}_{group}" + (
            f"[{self.subscript(component)}]" if component is not None else ""
        )
        return f"{word}({inside}" + (f" over {letter.name})" if letter is not None else ")")

    def big(self, kind: str, under: str) -> str:
        mark = "Σ" if kind == "sum" else "Π"
        return f"{mark}_{under}" if re.fullmatch(r"\w+'*", under) else f"{mark}_({under})"

    def bracket(self, text: str) -> str:
        return f"[{text}]"

    def expected(self, text: str, under: str) -> str:
        return f"⟨ {text} ⟩_{under}"

    def moment(self, group: str, at: str, power: int) -> str:
        return f"m{'′' if power == 2 else ''}_{group}{at}"

    def quantity(self, kind: str, group: str, at: str) -> str:
        return (
            {"field": "η_", "square": "η′_", "precision": "λ_", "component": "F_"}[kind]
            + group
            + at
        )

    def symbol(self, name: str, arguments: list[str]) -> str:
        return f"{name}({', '.join(arguments)})" if arguments else name

    def probability(self, p: Probability) -> str:
        given = ["rest"] if p.part is not None else [*p.given, *(f"other {n}" for n in p.others)]
        return f"P({', '.join(self.names(p.of))}" + (f" | {', '.join(given)})" if given else ")")

    def average(self, unit: str) -> str:
        return f"⟨ {unit} ⟩"

    def slope(self, entry: str) -> str:
        return f"∂ log P(v) / ∂ {entry}"

    def log_expert(self, unit: str | None) -> str:
        return "log f_0(v)" if unit is None else f"log f[{unit}](v)"

    def base_measure(self) -> str:
        return "-log base"

    def clause(self, text: str) -> str:
        return f"  for {text}"

    def on_edge(self, first: str, second: str, graph: str) -> str:
        return f"⟨{first},{second}⟩ ∈ {graph}"


def as_lines(sections: list[Section]) -> list[str]:
    """Titles, then lines set in; equations of several right sides that are long go on below the
    first `=`.
    """
    printer, out = Text(), []
    for s in sections:
        out.append(s.title)
        for line in s.lines:
            if isinstance(line, Remark):
                out.append("  " + line.words)
                continue
            left, *rights = printer.left(line.left), *map(printer.node, line.rights)
            sign = f" {printer.implied if line.relation == '∝' else '='} "
            words = f"{line.words} " if line.words else ""
            clause = (
                printer.clause(", ".join(map(printer.restriction, line.where)))
                if line.where
                else ""
            )
            if len(rights) > 1 and not isinstance(line.left, Probability):
                out.append(f"  {words}{left}{sign}{sign.join(rights)}{clause}")
                continue
            out.append(f"  {words}{left}{sign}{rights[0]}{clause}")
            out += ["  " + " " * len(words + left) + f"{sign}{r}" for r in rights[1:]]
        out.append("")
    return out

"""Derivations as LaTeX (amsmath): sections with displayed equations, ASCII throughout."""

from __future__ import annotations

import unicodedata
from fractions import Fraction

from ...language.model import Length, Subscript
from .expression import Index, Node, Probability, Remark, Section
from .notation import ATOM, PRODUCT, Piece
from .printing import Printer

PREAMBLE = "% needs \\usepackage{amsmath}"
FUNCTIONS = {
    "exp": r"\exp",
    "log": r"\log",
    "tanh": r"\tanh",
    "cosh": r"\cosh",
    "sinh": r"\sinh",
    "sigmoid": r"\sigma",
    "phi": r"\varphi",
    "Phi": r"\Phi",
    "Li2": r"\operatorname{Li}_{2}",
    "sign": r"\operatorname{sign}",
}
_LETTERS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
_SPELLED = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
GREEK = dict(zip(_LETTERS, _SPELLED.split(), strict=True))
MARKS = {
    "⟨ · ⟩": r"$\langle\,\cdot\,\rangle$",
    "_model": r"$_{\text{model}}$",
    "_data": r"$_{\text{data}}$",
    "P(h | v)": r"$P(h \mid v)$",
}
"""Signs in words."""


def ascii_name(text: str) -> str:
    """A name in letters that every TeX takes: Greek ones spelled, accents dropped, others by
    number.
    """
    out = ""
    for c in text:
        plain = unicodedata.normalize("NFKD", c).encode("ascii", "ignore").decode()
        out += GREEK.get(c) or plain or f"u{ord(c):x}"
    return out


def escaped(text: str) -> str:
    """A name as text: `b\\_h1`."""
    return ascii_name(text).replace("_", r"\_")


class Latex(Printer):
    """Formulas in LaTeX's mathematics."""

    less, unequal, at_most, at_least, implied = "<", r"\ne", r"\le", r"\ge", r"\propto"
    times = ""

    def name(self, text: str) -> str:
        if len(text) == 1:
            return (
                "\\" + GREEK[text]
                if text in GREEK
                else ascii_name(text)
                if text.isascii()
                else rf"\mathrm{{{ascii_name(text)}}}"
            )
        return rf"\mathrm{{{escaped(text)}}}"

    def letter(self, text: str) -> str:
        stem = text.rstrip("'")
        return (
            self.name(stem) + "'" * (len(text) - len(stem))
            if len(stem) == 1
            else rf"\mathit{{{escaped(stem)}}}" + "'" * (len(text) - len(stem))
        )

    def constant(self, text: str) -> str:
        return r"\pi" if text == "π" else self.name(text)

    def length(self, n: Length) -> str:
        return escaped(str(n)) if str(n).isdigit() else rf"\mathrm{{{escaped(str(n))}}}"

    def number(self, value: Fraction | float) -> Piece:
        sign = "-" if value < 0 else ""
        if isinstance(value, Fraction):
            if value.denominator == 1:
                return str(value), ATOM if value >= 0 else PRODUCT
            return (
                rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}",
                ATOM if value >= 0 else PRODUCT,
            )
        text, _, exponent = f"{value:.12g}".partition("e")
        if exponent:
            return rf"{text} \cdot 10^{{{int(exponent)}}}", PRODUCT
        return text, ATOM if value >= 0 else PRODUCT

    def at(self, subscripts: tuple[Subscript, ...]) -> str:
        return f"_{{{','.join(map(self.subscript, subscripts))}}}" if subscripts else ""

    def edge(self, kind: str, text: str) -> str:
        return rf"\operatorname{{{kind}}}({text})"

    def paren(self, text: str) -> str:
        return rf"\left({text}\right)"

    def power(self, base: str, exponent: Node) -> str:
        return f"{base if '^' not in base else f'{{{base}}}'}^{{{self.node(exponent)}}}"

    def fraction_of(self, top: str, bottom: Piece, loose: bool) -> Piece:
        return rf"\frac{{{top}}}{{{bottom[0]}}}", ATOM

    def call(self, function: str, arguments: tuple[Node, ...]) -> Piece:
        inside = ", ".join(
            map(self.quotient if function in ("sqrt", "log") else self.node, arguments)
        )
        match function:
            case "exp":
                return f"e^{{{inside}}}", ATOM
            case "abs":
                return rf"\left|{inside}\right|", ATOM
            case "factorial":
                return f"{self.held(arguments[0], ATOM)}!", ATOM
            case "sqrt":
                return rf"\sqrt{{{inside}}}", ATOM
            case "binom":
                return rf"\binom{{{self.node(arguments[0])}}}{{{self.node(arguments[1])}}}", ATOM
        return FUNCTIONS[function] + self.paren(inside), ATOM

    def of_type(
        self,
        function: str,
        group: str,
        arguments: tuple[Node, ...],
        letter: Index | None,
        component: Subscript | None,
    ) -> str:
        word = "A" if function == "log_partition" else rf"\operatorname{{{escaped(function)}}}"
        own = self.name(group) + (f", {self.subscript(component)}" if component is not None else "")
        over = rf";\, {self.letter(letter.name)}" if letter is not None else ""
        return rf"{word}_{{{own}}}" + self.paren(", ".join(map(self.node, arguments)) + over)

    def big(self, kind: str, under: str) -> str:
        return rf"\{'sum' if kind == 'sum' else 'prod'}_{{{under}}}"

    def bracket(self, text: str) -> str:
        return rf"\left[{text}\right]"

    def expected(self, text: str, under: str) -> str:
        return rf"\left\langle {text} \right\rangle_{{\text{{{under}}}}}"

    def moment(self, group: str, at: str, power: int) -> str:
        return rf"m^{{{self.name(group)}{' (2)' if power == 2 else ''}}}{at}"

    def quantity(self, kind: str, group: str, at: str) -> str:
        mark = {"field": r"\eta", "square": r"\eta", "precision": r"\lambda", "component": "F"}[
            kind
        ]
        return rf"{mark}^{{{self.name(group)}{' (2)' if kind == 'square' else ''}}}{at}"

    def symbol(self, name: str, arguments: list[str]) -> str:
        return f"{name}({', '.join(arguments)})" if arguments else name

    def probability(self, p: Probability) -> str:
        rest = (
            [r"\text{rest}"]
            if p.part is not None
            else [*map(self.name, p.given), *(rf"\text{{other }} {self.name(n)}" for n in p.others)]
        )
        return f"P({', '.join(self.names(p.of))}" + (rf" \mid {', '.join(rest)})" if rest else ")")

    def average(self, unit: str) -> str:
        return rf"\langle {unit} \rangle"

    def slope(self, entry: str) -> str:
        return rf"\frac{{\partial \log P(v)}}{{\partial {entry}}}"

    def log_expert(self, unit: str | None) -> str:
        return r"\log f_{0}(v)" if unit is None else rf"\log f_{{{unit}}}(v)"

    def base_measure(self) -> str:
        return r"-\log \text{base}"

    def clause(self, text: str) -> str:
        return rf" \quad \text{{for }} {text}"

    def on_edge(self, first: str, second: str, graph: str) -> str:
        return rf"\langle {first},{second} \rangle \in {graph}"


def as_sections(sections: list[Section]) -> list[str]:
    """LaTeX lines."""
    printer, out = Latex(), []
    for s in sections:
        out.append(rf"\subsection*{{{worded(s.title)}}}")
        for line in s.lines:
            if line.words:
                out.append(worded(line.words))
            if isinstance(line, Remark):
                continue
            if len(line.rights) == 1:
                out.append(rf"\[ {printer.equation(line)} \]")
                continue
            first, *rest = line.rights  # one below the other
            more = [rf" \\ & = {printer.node(r)}" for r in rest]
            out.append(
                rf"\begin{{align*}} {printer.left(line.left)} & = {printer.node(first)}"
                rf"{''.join(more)} \end{{align*}}"
            )
    return out


def worded(words: str) -> str:
    """Words as LaTeX text; signs among them are mathematics."""
    out, marks = words, []
    for n, (mark, latex) in enumerate(MARKS.items()):
        out = out.replace(mark, chr(0xE000 + n))
        marks.append((chr(0xE000 + n), latex))
    text = "".join(
        c if c.isascii() or 0xE000 <= ord(c) < 0xE100 else ascii_name(c) for c in out
    ).replace("_", r"\_")
    for mark, latex in marks:
        text = text.replace(mark, latex)
    return text

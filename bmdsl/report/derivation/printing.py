"""How a tree becomes a line: what binds tighter, signs, fractions. `text` and `latex` say how each
part is written.
"""

from __future__ import annotations

from fractions import Fraction

from .algebra import is_constant, mul, raised, split
from .expression import (
    Addition,
    Applied,
    Average,
    BaseMeasure,
    Bracket,
    Counter,
    Entry,
    Equation,
    Expected,
    Left,
    LogExpert,
    Moment,
    Multiplication,
    Named,
    Node,
    Numeral,
    OfType,
    Probability,
    Quantity,
    Raised,
    Series,
    Slope,
    State,
    StateSum,
    Symbol,
)
from .notation import ATOM, POWER, PRODUCT, SUM, Notation, Piece


class Printer(Notation):
    """Renders trees. A piece is a text and how tightly it holds together."""

    # ------------------------------------------------------------ equations

    def equation(self, e: Equation) -> str:
        """left = right = right, and for which letters."""
        sign = self.implied if e.relation == "∝" else "="
        shown = f" {sign} ".join([self.left(e.left), *(self.node(r) for r in e.rights)])
        return shown + (self.clause(", ".join(map(self.restriction, e.where))) if e.where else "")

    def left(self, x: Left) -> str:
        """What an equation is of."""
        match x:
            case Probability():
                return self.probability(x)
            case Average(unit):
                return self.average(self.node(unit))
            case Slope(entry):
                return self.slope(self.node(entry))
            case LogExpert(unit):
                return self.log_expert(None if unit is None else self.node(unit))
            case BaseMeasure():
                return self.base_measure()
            case _:
                return self.node(x)

    def names(self, of: tuple[str | State, ...]) -> list[str]:
        """Groups and units."""
        return [self.name(x) if isinstance(x, str) else self.node(x) for x in of]

    # ------------------------------------------------------------ trees

    def node(self, x: Node) -> str:
        """The whole tree."""
        return self.piece(x)[0]

    def held(self, x: Node, tightness: int) -> str:
        """The tree in parentheses where it is looser than asked for."""
        text, own = self.piece(x)
        return text if own >= tightness else self.paren(text)

    def piece(self, x: Node) -> Piece:
        """A tree's text and tightness."""
        match x:
            case Numeral(value):
                return self.number(value)
            case Named(name):
                return self.constant(name), ATOM
            case Counter(letter):
                return self.letter(letter), ATOM
            case State(group, subscripts):
                return self.name(group) + self.at(subscripts), ATOM
            case Entry(parameter, subscripts):
                return self.name(parameter) + self.at(subscripts), ATOM
            case Moment(group, subscripts, power):
                return self.moment(group, self.at(subscripts), power), ATOM
            case Quantity(kind, group, subscripts):
                return self.quantity(kind, group, self.at(subscripts)), ATOM
            case Symbol(name, arguments):
                return self.symbol(name, [self.name(a) for a in arguments]), ATOM
            case Addition(terms):
                return self._addition(terms), SUM
            case Multiplication():
                return self._multiplication(x)
            case Raised(base, exponent):
                if _below(x):
                    return self._multiplication(x)
                return self.power(self.held(base, ATOM), exponent), POWER
            case Applied(function, arguments):
                return self.call(function, arguments)
            case OfType(function, group, arguments, letter, component):
                return self.of_type(function, group, arguments, letter, component), ATOM
            case Series(kind, indices, restrictions, body):
                under = self.under(indices, restrictions)
                return f"{self.big(kind, under)} {self.held(body, PRODUCT)}", PRODUCT
            case Bracket(restrictions):
                return self.bracket(", ".join(map(self.restriction, restrictions))), ATOM
            case Expected(under, body):
                return self.expected(self.node(body), under), ATOM
            case StateSum(groups, body):
                shown = "".join(self.big("sum", self.name(g)) + " " for g in groups)
                return shown + self.held(body, PRODUCT), PRODUCT
        raise TypeError(type(x))

    def _addition(self, terms: tuple[Node, ...]) -> str:
        out = ""
        for n, t in enumerate(terms):
            value, _ = split(t)
            negative = value < 0
            text = self.held(mul(Numeral(Fraction(-1)), t) if negative else t, PRODUCT)
            out += (" - " if negative else " + ") + text if n else ("- " if negative else "") + text
        return out

    def _multiplication(self, x: Node) -> Piece:
        """- 2 a Σ b c, a fraction for each of the constants and the rest."""
        factors = x.factors if isinstance(x, Multiplication) else (x,)
        value, _ = split(x)
        if value < 0:
            return "-" + self.held(mul(Numeral(Fraction(-1)), x), PRODUCT), SUM
        constants = [f for f in factors if is_constant(f)]
        others = [f for f in factors if not is_constant(f)]
        above = [f for f in others if not _below(f)]
        below = [_inverse(f) for f in others if _below(f)]
        if not others:
            return self._constant(constants)
        if not below:
            return self._line([*self._front(constants), *self._tail(above)])
        over, under = self._sides(constants)
        top, bottom = [*over, *above], [*under, *below]
        loose = any(isinstance(f, Series | StateSum) for f in top) or (
            len(top) == 1 and isinstance(top[0], Addition)
        )
        line = " ".join(self._tail(top)) or "1"
        return self.fraction_of(
            line,
            (" ".join(self._tail(bottom)), PRODUCT) if len(bottom) > 1 else self.piece(bottom[0]),
            loose,
        )

    def quotient(self, x: Node) -> str:
        """The tree with all that divides it below one line."""
        factors = x.factors if isinstance(x, Multiplication) else (x,)
        over, under = self._sides([f for f in factors if is_constant(f)])
        top = [*over, *(f for f in factors if not is_constant(f) and not _below(f))]
        bottom = [*under, *(_inverse(f) for f in factors if not is_constant(f) and _below(f))]
        if (
            not bottom
            or split(x)[0] < 0
            or any(isinstance(f, Series | StateSum) for f in (*top, *bottom))
        ):
            return self.node(x)
        below = (
            (" ".join(self._tail(bottom)), PRODUCT) if len(bottom) > 1 else self.piece(bottom[0])
        )
        return self.fraction_of(
            " ".join(self._tail(top)) or "1", below, len(top) == 1 and isinstance(top[0], Addition)
        )[0]

    def _sides(self, constants: list[Node]) -> tuple[list[Node], list[Node]]:
        """Constants above and below the line, a ratio on both."""
        above = [f for f in constants if not _below(f)]
        below = [_inverse(f) for f in constants if _below(f)]
        if above and isinstance(above[0], Numeral) and isinstance(above[0].value, Fraction):
            value = above[0].value
            above = [
                *([Numeral(Fraction(value.numerator))] if value.numerator != 1 else []),
                *above[1:],
            ]
            below = [
                *([Numeral(Fraction(value.denominator))] if value.denominator != 1 else []),
                *below,
            ]
        return above, below

    def _tail(self, factors: list[Node]) -> list[str]:
        """Factors one after another: what is open at its end stands last, else in parentheses."""
        closed = [f for f in factors if not isinstance(f, Series | StateSum)]
        opened = [f for f in factors if isinstance(f, Series | StateSum)]
        shown = [self.held(f, PRODUCT + 1 if len(factors) > 1 else PRODUCT) for f in closed]
        return shown + [
            self.held(f, PRODUCT) if n == len(opened) - 1 else self.paren(self.node(f))
            for n, f in enumerate(opened)
        ]

    def _front(self, constants: list[Node]) -> list[str]:
        if not constants:
            return []
        text, tight = self._constant(constants)
        if (
            len(constants) == 2
            and isinstance(constants[0], Numeral)
            and _is_ratio(constants[0])
            and not _below(constants[1])
        ):
            return [self.beside(*self.piece(constants[0])), self.held(constants[1], POWER)]
        return [self.beside(text, tight)]

    def _constant(self, constants: list[Node]) -> Piece:
        """Numbers and named constants as one fraction, or one after another."""
        above = [f for f in constants if not _below(f)]
        below = [_inverse(f) for f in constants if _below(f)]
        if not below:
            if len(above) == 1:
                return self.piece(above[0])
            if isinstance(above[0], Numeral) and _is_ratio(above[0]):
                return (
                    " ".join(
                        [
                            self.beside(*self.piece(above[0])),
                            *(self.held(f, POWER) for f in above[1:]),
                        ]
                    ),
                    PRODUCT,
                )
            return " ".join(self.held(f, POWER) for f in above), PRODUCT
        above, below = self._sides(constants)
        top = " ".join(self.held(f, POWER) for f in above) or "1"
        bottom = (
            (" ".join(self.held(f, POWER) for f in below), PRODUCT)
            if len(below) > 1
            else self.piece(below[0])
        )
        return self.fraction_of(top, bottom, len(above) == 1 and isinstance(above[0], Addition))

    def _line(self, parts: list[str]) -> Piece:
        return " ".join(p for p in parts if p), PRODUCT


def _below(x: Node) -> bool:
    """Whether a factor stands below the line."""
    return (
        isinstance(x, Raised) and split(x.exponent)[0] < 0 and not isinstance(x.exponent, Addition)
    )


def _inverse(x: Node) -> Node:
    assert isinstance(x, Raised)
    return raised(x.base, mul(Numeral(Fraction(-1)), x.exponent))


def _is_ratio(x: Numeral) -> bool:
    return isinstance(x.value, Fraction) and x.value.denominator != 1

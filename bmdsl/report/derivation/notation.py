"""What a way of writing formulas must say, and how subscripts and restrictions read in each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction

from ...language.model import Length, Subscript
from .expression import Apart, Index, Node, OnEdge, Probability, Relation, Restriction, Within

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
"""How tightly a formula holds together."""
Piece = tuple[str, int]


class Notation(ABC):
    """One way of writing: what `text` and `latex` define. A piece is a text and its tightness."""

    less: str
    unequal: str
    at_most: str
    at_least: str
    implied: str
    times = "*"

    @abstractmethod
    def node(self, x: Node) -> str: ...

    # ---------------------------------------------------- subscripts, what stands under Σ

    def subscript(self, s: Subscript) -> str:
        """`2*x+p-1`, `wrap(x+1)`."""
        parts = [
            (c, self.letter(x) if abs(c) == 1 else f"{abs(c)}{self.times}{self.letter(x)}")
            for x, c in s.letters
        ]
        if s.constant or not parts:
            parts.append((s.constant, str(abs(s.constant))))
        text = "".join(("-" if c < 0 else "+" if n else "") + x for n, (c, x) in enumerate(parts))
        return text if s.edge == "plain" else self.edge(s.edge, text)

    def under(self, indices: tuple[Index, ...], restrictions: tuple[Restriction, ...]) -> str:
        """Letters, then what restricts them; a letter that a relation of two bound ones, or its
        range, shows is not said twice.
        """
        bound = {i.name for i in indices}
        said: set[str] = set()
        pairs, rest = [], []
        for r in restrictions:
            ends = _ends(r)
            plain = len(ends) == 2 and ends <= bound and not ends & said
            if plain and not any(i.shown for i in indices if i.name in ends):
                said |= ends
                pairs.append(self.restriction(r))
            else:
                rest.append(self.restriction(r))
        ranges = [
            self.range(i) if i.shown else self.letter(i.name) for i in indices if i.name not in said
        ]
        head = ", ".join([*ranges, *pairs])
        return head + (f": {', '.join(rest)}" if rest else "")

    def range(self, i: Index) -> str:
        """`0 ≤ i < n`, `i ≥ 1`, `1 ≤ i ≤ x`."""
        if i.stop is None:
            return f"{self.letter(i.name)} {self.at_least} {i.start}"
        if isinstance(i.stop, int | str):
            return (
                f"{i.start} {self.at_most} {self.letter(i.name)} {self.less} {self.length(i.stop)}"
            )
        return f"{i.start} {self.at_most} {self.letter(i.name)} {self.at_most} {self.node(i.stop)}"

    def restriction(self, r: Restriction) -> str:
        """`i < j`, `⟨i,j⟩ ∈ G`, `(i, j) ≠ (k, l)`."""
        match r:
            case Relation(operator, left, right):
                sign = {"<": self.less, "≠": self.unequal, "=": "="}[operator]
                if not left.letters and right.letters:
                    left, right = (right, left) if operator != "<" else (left, right)
                return f"{self.subscript(left)} {sign} {self.subscript(right)}"
            case OnEdge(graph, first, second):
                return self.on_edge(self.subscript(first), self.subscript(second), self.name(graph))
            case Apart(left_, right_):
                sides = [
                    self.paren(", ".join(map(self.subscript, side))) for side in (left_, right_)
                ]
                return f"{sides[0]} {self.unequal} {sides[1]}"
            case Within(value, start, stop):
                inside = f"{start} {self.at_most} {self.subscript(value)}"
                return f"{inside} {self.less} {self.length(stop)}"
        raise TypeError(type(r))

    def length(self, n: Length) -> str:
        """A length, or the name of one that is open."""
        return str(n)

    # ------------------------------------------------------------ what each way of writing says

    def beside(self, text: str, tight: int) -> str:
        """A constant in front of other factors."""
        return text if tight >= PRODUCT else self.paren(text)

    @abstractmethod
    def name(self, text: str) -> str: ...
    @abstractmethod
    def letter(self, text: str) -> str: ...
    @abstractmethod
    def constant(self, text: str) -> str: ...
    @abstractmethod
    def number(self, value: Fraction | float) -> Piece: ...
    @abstractmethod
    def at(self, subscripts: tuple[Subscript, ...]) -> str: ...
    @abstractmethod
    def edge(self, kind: str, text: str) -> str: ...
    @abstractmethod
    def paren(self, text: str) -> str: ...
    @abstractmethod
    def power(self, base: str, exponent: Node) -> str: ...
    @abstractmethod
    def fraction_of(self, top: str, bottom: Piece, loose: bool) -> Piece: ...
    @abstractmethod
    def call(self, function: str, arguments: tuple[Node, ...]) -> Piece: ...
    @abstractmethod
    def of_type(
        self,
        function: str,
        group: str,
        arguments: tuple[Node, ...],
        letter: Index | None,
        component: Subscript | None,
    ) -> str: ...
    @abstractmethod
    def big(self, kind: str, under: str) -> str: ...
    @abstractmethod
    def bracket(self, text: str) -> str: ...
    @abstractmethod
    def expected(self, text: str, under: str) -> str: ...
    @abstractmethod
    def moment(self, group: str, at: str, power: int) -> str: ...
    @abstractmethod
    def quantity(self, kind: str, group: str, at: str) -> str: ...
    @abstractmethod
    def symbol(self, name: str, arguments: list[str]) -> str: ...
    @abstractmethod
    def probability(self, p: Probability) -> str: ...
    @abstractmethod
    def average(self, unit: str) -> str: ...
    @abstractmethod
    def slope(self, entry: str) -> str: ...
    @abstractmethod
    def log_expert(self, unit: str | None) -> str: ...
    @abstractmethod
    def base_measure(self) -> str: ...
    @abstractmethod
    def clause(self, text: str) -> str: ...
    @abstractmethod
    def on_edge(self, first: str, second: str, graph: str) -> str: ...


def _ends(r: Restriction) -> set[str]:
    """The two letters that a restriction is of; none of others."""
    pair = (
        (r.left.letter, r.right.letter)
        if isinstance(r, Relation)
        else (r.first.letter, r.second.letter)
        if isinstance(r, OnEdge)
        else ()
    )
    return {x for x in pair if x is not None}

"""Formulas as trees: what `bm explain` derives, prints and can be evaluated. Nothing is printed
that is no tree.

Letters that a series binds have names of their own inside the derivation (`i#3`);
`letters.named` gives them those that are shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from ...language.model import Length, Subscript

# ---------------------------------------------------------------- what letters run over


@dataclass(frozen=True)
class Index:
    """A letter: start, ..., stop − 1; None is without end, a tree's value the last one."""

    name: str
    start: int
    stop: Length | Node | None
    shown: bool = False
    """Whether the range is printed: no axis that the letter subscripts tells it."""
    hint: str = field(default="", compare=False)
    """The name to show where its own is taken."""


@dataclass(frozen=True)
class Relation:
    """left operator right, of subscripts; `axis` is the length that `wrap` is taken modulo."""

    operator: Literal["<", "≠", "="]
    left: Subscript
    right: Subscript
    axis: Length | None = None


@dataclass(frozen=True)
class OnEdge:
    """(first, second) is an edge of the graph, in the order of its list."""

    graph: str
    first: Subscript
    second: Subscript


@dataclass(frozen=True)
class Apart:
    """Two places differ in at least one subscript."""

    left: tuple[Subscript, ...]
    right: tuple[Subscript, ...]
    axes: tuple[Length, ...]


@dataclass(frozen=True)
class Within:
    """start ≤ value < stop."""

    value: Subscript
    start: int
    stop: Length


Restriction = Relation | OnEdge | Apart | Within


@dataclass(frozen=True)
class Numeral:
    """A number: exact where it is a ratio, else as the user wrote it."""

    value: Fraction | float


@dataclass(frozen=True)
class Named:
    """A constant with a name: an argument of the model, or π."""

    name: str


@dataclass(frozen=True)
class Counter:
    """The value of a letter."""

    letter: str


@dataclass(frozen=True)
class State:
    """The value of a unit; of a one-of-K unit, whether it is in the state of the last subscript."""

    group: str
    subscripts: tuple[Subscript, ...]


@dataclass(frozen=True)
class Entry:
    """An entry of a parameter; with `graph`, that of an edge, whose two ends are the subscripts."""

    parameter: str
    subscripts: tuple[Subscript, ...]
    graph: str | None = None


@dataclass(frozen=True)
class Moment:
    """Mean field's E[x^power] of a unit."""

    group: str
    subscripts: tuple[Subscript, ...]
    power: int = 1


@dataclass(frozen=True)
class Quantity:
    """What another equation defines: a field η, η′ on x², a precision λ, a component's F."""

    kind: Literal["field", "square", "precision", "component"]
    group: str
    subscripts: tuple[Subscript, ...]


@dataclass(frozen=True)
class Symbol:
    """E(v, h), F(v) or Z, with the groups that it is a function of."""

    name: Literal["E", "F", "Z"]
    arguments: tuple[str, ...] = ()


# ---------------------------------------------------------------- operations


@dataclass(frozen=True)
class Addition:
    """The sum of its terms."""

    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Multiplication:
    """The product of its factors."""

    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Raised:
    """base^exponent."""

    base: Node
    exponent: Node


@dataclass(frozen=True)
class Applied:
    """An elementary function: exp, log, sqrt, tanh, sigmoid, binom, ..."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class OfType:
    """A function of a unit type by its name, where the type brings no formula: A, mean,
    mean_square, log_base.

    The arguments of a type whose state is a vector run over `letter`; `component` is then the one
    that is taken of what it gives.
    """

    function: str
    group: str
    arguments: tuple[Node, ...]
    letter: Index | None = None
    component: Subscript | None = None


@dataclass(frozen=True)
class Series:
    """Σ or Π of the body over all values of the letters for which the restrictions hold."""

    kind: Literal["sum", "product"]
    indices: tuple[Index, ...]
    restrictions: tuple[Restriction, ...]
    body: Node


@dataclass(frozen=True)
class Bracket:
    """1 where the restrictions hold, else 0."""

    restrictions: tuple[Restriction, ...]


@dataclass(frozen=True)
class Expected:
    """⟨ body ⟩ under the model, or under the hidden units given the case."""

    under: Literal["model", "data"]
    body: Node


@dataclass(frozen=True)
class StateSum:
    """The sum (of real units the integral) of the body over all states of groups."""

    groups: tuple[str, ...]
    body: Node


Leaf = Numeral | Named | Counter | State | Entry | Moment | Quantity | Symbol
Node = (
    Leaf
    | Addition
    | Multiplication
    | Raised
    | Applied
    | OfType
    | Series
    | Bracket
    | Expected
    | StateSum
)

# ---------------------------------------------------------------- equations


@dataclass(frozen=True)
class Probability:
    """P(of | given), of groups or single units; the other units of `others` are given too."""

    of: tuple[str | State, ...]
    given: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    part: str | None = None
    """The group whose units meet in experts, so that all else is given."""


@dataclass(frozen=True)
class Average:
    """⟨ x ⟩ of a unit under its conditional."""

    unit: State


@dataclass(frozen=True)
class Slope:
    """∂ log P(v) / ∂ an entry of a parameter."""

    entry: Entry


@dataclass(frozen=True)
class LogExpert:
    """log of one factor of a product of experts: a hidden unit's, or (None) the visible units'."""

    unit: State | None


@dataclass(frozen=True)
class BaseMeasure:
    """−log of the unit types' base measure of all units."""


Left = Quantity | Symbol | Moment | Probability | Average | Slope | LogExpert | BaseMeasure


@dataclass(frozen=True)
class Equation:
    """left = right (= right = ...), or left ∝ right, for all letters that satisfy `where`."""

    words: str
    left: Left
    rights: tuple[Node, ...]
    letters: tuple[Index, ...] = ()
    where: tuple[Restriction, ...] = ()
    relation: Literal["=", "∝"] = "="


@dataclass(frozen=True)
class Remark:
    """Words without a formula."""

    words: str


@dataclass(frozen=True)
class Section:
    """A title and what stands under it."""

    title: str
    lines: tuple[Equation | Remark, ...]

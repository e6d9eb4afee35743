"""The syntax tree: what the user wrote, node by node, each with its span.

The parser makes it, the checker reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Literal

from .source import Source, Span


@dataclass(frozen=True)
class Name:
    """A word as written."""

    text: str
    span: Span


# ---------------------------------------------------------------- expressions


@dataclass(frozen=True)
class Number:
    """A number as written: whole, or with a point or exponent."""

    value: int | float
    span: Span


@dataclass(frozen=True)
class String:
    """A text in quotes, without them."""

    value: str
    span: Span


@dataclass(frozen=True)
class Ref:
    """A name, with subscripts or none: `W[i,j]`, `b`, `H`."""

    name: Name
    subscripts: tuple[Expression, ...] | None
    span: Span


@dataclass(frozen=True)
class CallArgument:
    """`0.5` or `rate = 0.5`."""

    name: Name | None
    value: Expression
    span: Span


@dataclass(frozen=True)
class Call:
    """`normal(0, 0.01)`, `wrap(x+1)`, `softplus(...)`, `file:NAME`-free: always a name and a
    parenthesis.
    """

    function: Name
    arguments: tuple[CallArgument, ...]
    span: Span


@dataclass(frozen=True)
class Unary:
    """`-x` or `+x`."""

    operator: Literal["+", "-"]
    operand: Expression
    span: Span


@dataclass(frozen=True)
class Binary:
    """A product without a sign (`a b`) is a Binary with `*`."""

    operator: Literal["+", "-", "*", "/"]
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True)
class Power:
    """`base ^ exponent`."""

    base: Expression
    exponent: Expression
    span: Span


@dataclass(frozen=True)
class SumOver:
    """`sum[j] body` or `sum[i,j] body`: binds letters; body is the product that follows, up to the
    next sign or `for`.
    """

    letters: tuple[Name, ...]
    body: Expression
    span: Span


Expression = Number | String | Ref | Call | Unary | Binary | Power | SumOver

# ---------------------------------------------------------------- energy


@dataclass(frozen=True)
class LetterRange:
    """`for x in 0..n`: x runs over start, ..., stop − 1, as `0..n` is the n values of an axis of
    length n.
    """

    letter: Name
    start: Expression
    stop: Expression
    span: Span
    closed: bool = field(default=False, repr=False)
    """Whether parentheses close the stop off from a sign that follows."""


@dataclass(frozen=True)
class LetterOrder:
    """`for i < j` or `for i != j`."""

    first: Name
    operator: Literal["<", "!="]
    second: Name
    span: Span


@dataclass(frozen=True)
class EdgeRange:
    """`for <i,j> in G`: each undirected edge once."""

    first: Name
    second: Name
    graph: Name
    span: Span


Clause = LetterRange | LetterOrder | EdgeRange


@dataclass(frozen=True)
class Addend:
    """One signed term of an energy with its `for` clauses."""

    sign: Literal["+", "-"]
    expression: Expression
    clauses: tuple[Clause, ...]
    span: Span


# ---------------------------------------------------------------- statements


@dataclass(frozen=True)
class UnitDeclaration:
    """`visible v[D] : binary`."""

    role: Literal["visible", "hidden", "given"]
    name: Name
    shape: tuple[Expression, ...]
    type: Call
    """A type without parentheses is a Call without arguments."""
    span: Span


@dataclass(frozen=True)
class ParameterDeclaration:
    """`W[3,4] init normal(0, 0.01) symmetric` of a `param` statement."""

    name: Name
    shape: tuple[Expression, ...] | None
    init: Expression | None
    """A Number (or constant expression), a String (file), or a Call (`normal(0, 0.01)`,
    `logit_mean(v)`).
    """
    modifiers: tuple[Name | Call, ...]
    """`fixed`, or with an argument, `symmetric(upper)`."""
    span: Span


@dataclass(frozen=True)
class EnergyStatement:
    """`energy = ...` or `energy += ...`."""

    operator: Literal["=", "+="]
    addends: tuple[Addend, ...]
    span: Span


@dataclass(frozen=True)
class GraphDeclaration:
    """`graph G = ring(n)` or a file."""

    name: Name
    value: Call | String
    span: Span


@dataclass(frozen=True)
class LayersStatement:
    """Sugar: `layers v -- h1 -- h2`."""

    groups: tuple[Name, ...]
    span: Span


@dataclass(frozen=True)
class BiasStatement:
    """Sugar: `bias v, h`."""

    groups: tuple[Name, ...]
    span: Span


@dataclass(frozen=True)
class Setting:
    """One line of a train block: `batch 100`, `positive exact`, `temperature z = 20`, `penalty
    l2(W, 1e-4), l1(W, 1e-5)`.

    `values` has one entry but for comma lists; `target` is the name before `=` where there is one
    (`z`). A bare name is a Ref without subscripts.
    """

    name: Name
    target: Name | None
    values: tuple[Expression, ...]
    span: Span
    groups: tuple[Name, ...] = ()
    """Those in parentheses behind the name: `transform(a) standardize`."""

    @property
    def key(self) -> str:
        """The setting with its groups as written in one way: `transform(a, b)`."""
        named = ", ".join(g.text for g in self.groups)
        return f"{self.name.text}({named})" if named else self.name.text


@dataclass(frozen=True)
class Columns:
    """Columns of a table: one of this name, the range from one to another in the table's order, or
    a number or text that stands in cells.
    """

    first: Name | String
    last: Name | String | None
    span: Span


@dataclass(frozen=True)
class DataEntry:
    """`v = smokes..tired, "q*"` of a data block; `missing(age) = -9` is `among` some columns."""

    name: Name
    columns: tuple[Columns, ...]
    span: Span
    among: tuple[Columns, ...] = ()


@dataclass(frozen=True)
class DataBlock:
    """`data "survey.csv" { v = smokes..tired }`; `path` None where no file is named."""

    path: String | None
    entries: tuple[DataEntry, ...]
    span: Span


@dataclass(frozen=True)
class TrainBlock:
    """`train { ... }`."""

    settings: tuple[Setting, ...]
    span: Span


Statement = (
    UnitDeclaration
    | ParameterDeclaration
    | EnergyStatement
    | GraphDeclaration
    | LayersStatement
    | BiasStatement
    | DataBlock
    | TrainBlock
)

# ---------------------------------------------------------------- definitions


@dataclass(frozen=True)
class ArgumentDeclaration:
    """`H = 500` of a model's head; without a default it waits for a value."""

    name: Name
    default: Expression | None
    span: Span


@dataclass(frozen=True)
class ModelDefinition:
    """`model NAME(arguments) { statements }`."""

    name: Name
    arguments: tuple[ArgumentDeclaration, ...]
    statements: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True)
class StackLayer:
    """`mix : imrbm(K = 100, H = 500) on front.h`."""

    name: Name
    model: Call
    below: Name | None
    group: Name | None
    span: Span


@dataclass(frozen=True)
class StackDefinition:
    """`stack NAME { layers }`."""

    name: Name
    layers: tuple[StackLayer, ...]
    train: tuple[Setting | Name, ...]
    """The stack's own train block: bare words (`jointly`) are Names."""
    span: Span


@dataclass(frozen=True)
class LanguageLine:
    """`language 1`: the version of the language that the text is written in."""

    version: str
    span: Span


@dataclass(frozen=True)
class Import:
    """`import "other.bm"`."""

    path: str
    span: Span


@dataclass(frozen=True)
class Comment:
    """`# text` to the end of its line, kept for the formatter."""

    text: str
    span: Span


@dataclass(frozen=True)
class File:
    """A whole text: imports, definitions, the comments beside them, and the language's version
    where the text names it; one that does not is of version 1.
    """

    source: Source
    imports: tuple[Import, ...]
    definitions: tuple[ModelDefinition | StackDefinition, ...]
    comments: tuple[Comment, ...]
    language: LanguageLine | None = None


# ---------------------------------------------------------------- walking


def children(x: object) -> Iterator[object]:
    """What a node or a tuple of nodes is made of, spans left out; nothing of a text or a number."""
    if isinstance(x, tuple):
        yield from x
    elif is_dataclass(x) and not isinstance(x, type):
        yield from (getattr(x, f.name) for f in fields(x) if f.name != "span")


def everything(x: object) -> Iterator[object]:
    """A node and all that it is made of, however deep, in the order of the text."""
    waiting = [x]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(tuple(children(node)))

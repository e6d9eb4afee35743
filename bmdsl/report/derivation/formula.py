"""A unit type's functions as trees: from its `formulas`, else by their names."""

from __future__ import annotations

import ast
import warnings
from fractions import Fraction
from typing import Literal

from ...language.diagnostics import BmWarning, Diagnostic
from ...language.model import Model, Subscript
from ...plan.plan import GroupPlan
from .algebra import add, applied, mul, negative, number, raised
from .constants import Values, options
from .expression import Counter, Index, Named, Node, OfType, Quantity, Series, State
from .letters import plain, shown, unique

FUNCTIONS = (
    "exp",
    "log",
    "sqrt",
    "tanh",
    "cosh",
    "sinh",
    "sigmoid",
    "abs",
    "phi",
    "Phi",
    "Li2",
    "binom",
    "factorial",
)


class Unreadable(Exception):
    """A formula that is no expression of the kind that `UnitType.formulas` describes."""


class Formulas:
    """The functions of a group's unit type at one unit: η, η′ and x put in.

    `squared` says whether some term acts on x², so that η′ is not 0 and the precision is a
    quantity of its own.
    """

    def __init__(self, model: Model, g: GroupPlan, values: Values, squared: bool) -> None:
        self.model, self.g, self.squared = model, g, squared
        self.options = options(g, model.group(g.name), values)

    def of(self, key: str, own: tuple[str, ...]) -> Node:
        """`log_partition`, `mean`, `mean_square`, `log_base`, `density` or `precision` of the unit
        at these letters.

        Of a vector the last letter is the component; it is bound in all but its mean.
        """
        text = self.g.unit.formulas.get(key)
        if text is not None:
            try:
                return _Reader(self, own).read(ast.parse(text, mode="eval").body)
            except (SyntaxError, Unreadable) as error:
                found = Diagnostic(
                    "BM895",
                    f"formula `{key}` of unit type `{self.g.unit.name}` cannot be read: {error}",
                    None,
                    helps=(
                        "formulas are expressions such as `log(1 + exp(eta))`: docs/new-unit.md",
                    ),
                    level="warning",
                )
                warnings.warn(BmWarning(found), stacklevel=2)
        return self._by_name(key, own)

    def has(self, key: str) -> bool:
        """Whether the type brings this function as a formula."""
        return key in self.g.unit.formulas

    @property
    def vector(self) -> bool:
        """Whether a unit's state is several numbers."""
        return self.g.states is not None

    def field(self, own: tuple[str, ...], kind: Literal["field", "square"] = "field") -> Node:
        """η or η′ of the unit."""
        if kind == "square" and not self.squared:
            return number(0)
        return Quantity(kind, self.g.name, tuple(map(plain, own)))

    def state(self, own: tuple[str, ...]) -> State:
        """x of the unit."""
        return State(self.g.name, tuple(map(plain, own)))

    def _by_name(self, key: str, own: tuple[str, ...]) -> Node:
        if key == "density":  # exp(log base + η·x − A)
            return applied(
                "exp",
                add(
                    *self._log_base(own),
                    self._product(own),
                    negative(self.of("log_partition", own)),
                ),
            )
        letter = self._state_letter(own) if self.vector else None
        inside = (*own[:-1], letter.name) if letter is not None else own
        if key == "log_base":
            return OfType(key, self.g.name, (self.state(inside),), letter)
        arguments = (
            (self.field(inside), self.field(inside, "square"))
            if self.g.square
            else (self.field(inside),)
        )
        component: Subscript | None = (
            plain(own[-1]) if letter is not None and key == "mean" else None
        )
        return OfType(key, self.g.name, arguments, letter, component)

    def _log_base(self, own: tuple[str, ...]) -> list[Node]:
        return [self.of("log_base", own)] if self.g.unit.has_base() else []

    def _product(self, own: tuple[str, ...]) -> Node:
        """η x + η′ x²; of a vector the sum over its components."""
        if self.vector:
            letter = self._state_letter(own)
            inside = (*own[:-1], letter.name)
            return Series("sum", (letter,), (), mul(self.state(inside), self.field(inside)))
        x = self.state(own)
        return add(mul(self.field(own), x), mul(self.field(own, "square"), raised(x, 2)))

    def _state_letter(self, own: tuple[str, ...], name: str = "") -> Index:
        assert self.g.states is not None
        return Index(unique(name or shown(own[-1])), 0, self.g.states)


class _Reader:
    """Reads one formula's syntax tree."""

    def __init__(self, formulas: Formulas, own: tuple[str, ...]) -> None:
        self.formulas, self.own = formulas, own
        self.letters: dict[str, str] = {"k": own[-1]} if formulas.vector else {}

    def read(self, e: ast.expr) -> Node:
        match e:
            case ast.Constant(value=int() | float() as value):
                return number(Fraction(value) if isinstance(value, int) else value)
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return negative(self.read(operand))
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(op, self.read(left), self.read(right))
            case ast.Subscript(
                value=ast.Name(id="eta" | "x" as name), slice=ast.Name(id=letter)
            ) if letter in self.letters:
                place = (*self.own[:-1], self.letters[letter])
                return self.formulas.field(place) if name == "eta" else self.formulas.state(place)
            case ast.Call(
                func=ast.Name(id="sum" | "prod" as kind),
                args=[ast.GeneratorExp(elt=body, generators=[run])],
                keywords=[],
            ):
                return self._series("sum" if kind == "sum" else "product", body, run)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
                return applied(name, *map(self.read, arguments))
        raise Unreadable(f"`{ast.unparse(e)}`")

    def _name(self, name: str) -> Node:
        f = self.formulas
        match name:
            case "pi":
                return Named("π")
            case "eta" if not f.vector:
                return f.field(self.own)
            case "eta2":
                return f.field(self.own, "square")
            case "x" if not f.vector:
                return f.state(self.own)
            case "precision":
                return (
                    Quantity("precision", f.g.name, tuple(map(plain, self.own)))
                    if f.squared
                    else f.of("precision", self.own)
                )
        if name in f.options:
            return f.options[name]
        if name in self.letters:
            return Counter(self.letters[name])
        raise Unreadable(f"`{name}` is not known")

    def _binary(self, op: ast.operator, a: Node, b: Node) -> Node:
        match op:
            case ast.Add():
                return add(a, b)
            case ast.Sub():
                return add(a, negative(b))
            case ast.Mult():
                return mul(a, b)
            case ast.Div():
                return mul(a, raised(b, -1))
            case ast.Pow():
                return raised(a, b)
        raise Unreadable("an operator that is none of + - * / **")

    def _series(
        self, kind: Literal["sum", "product"], body: ast.expr, run: ast.comprehension
    ) -> Node:
        if not isinstance(run.target, ast.Name) or run.ifs:
            raise Unreadable(f"`for {ast.unparse(run.target)}`")
        letter, f = run.target.id, self.formulas
        match run.iter:
            case ast.Name(id="states") if f.vector:
                index = f._state_letter(self.own, "" if letter == "k" else letter)
            case ast.Name(id="naturals"):
                index = Index(unique(letter), 1, None, True)
            case ast.Call(func=ast.Name(id="upto"), args=[end]):
                index = Index(unique(letter), 1, self.read(end), True)
            case _:
                raise Unreadable(f"`{ast.unparse(run.iter)}`")
        outer = self.letters.get(letter)
        self.letters[letter] = index.name
        made = Series(kind, (index,), (), self.read(body))
        if outer is None:
            del self.letters[letter]
        else:
            self.letters[letter] = outer
        return made

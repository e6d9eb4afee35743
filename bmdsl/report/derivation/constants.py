"""Constants with the names that the user gave them: `a^2`, `1 / N`, `gaussian(sigma = 1 / a)`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from ...language import tree as t
from ...language.diagnostics import BmError
from ...language.model import Group, Model, Term
from ...language.parse import parse
from ...language.source import Source
from ...plan.plan import GroupPlan
from .algebra import ONE, add, mul, negative, number, raised
from .expression import Addition, Multiplication, Named, Node, Numeral, Raised

Values = Mapping[str, float | None]


def values_of(model: Model) -> Values:
    """Argument → its value, None while it has none."""
    return {a.name: a.value for a in model.arguments}


def value_of(x: Node, values: Values) -> float | None:
    """A constant tree's number; None where an argument has no value, or there is none."""
    match x:
        case Numeral(value):
            return float(value)
        case Named("π"):
            return math.pi
        case Named(name):
            known = values.get(name)
            return None if known is None else float(known)
        case Addition(parts) | Multiplication(parts):
            found = [value_of(p, values) for p in parts]
            numbers = [v for v in found if v is not None]
            return (
                None
                if len(numbers) < len(found)
                else math.fsum(numbers)
                if isinstance(x, Addition)
                else math.prod(numbers)
            )
        case Raised(base, exponent):
            a, b = value_of(base, values), value_of(exponent, values)
            if a is None or b is None or (a == 0 and b < 0):
                return None
            made = a**b
            return made if isinstance(made, float) else None
    return None


def constant_tree(e: t.Expression) -> Node | None:
    """The tree of a constant expression; None for what is none."""
    match e:
        case t.Number(value):
            return (
                number(value)
                if isinstance(value, int)
                else Numeral(float(value))
                if not float(value).is_integer()
                else number(value)
            )
        case t.Ref(name, None):
            return Named(name.text)
        case t.Unary(operator, operand):
            inner = constant_tree(operand)
            return None if inner is None else negative(inner) if operator == "-" else inner
        case t.Binary(operator, left, right):
            a, b = constant_tree(left), constant_tree(right)
            if a is None or b is None:
                return None
            if operator in ("+", "-"):
                return add(a, b if operator == "+" else negative(b))
            return (
                mul(a, b) if operator == "*" else None if b == number(0) else mul(a, raised(b, -1))
            )
        case t.Power(base, exponent):
            a, b = constant_tree(base), constant_tree(exponent)
            return None if a is None or b is None else raised(a, b)
    return None


# ---------------------------------------------------------------- of a term


def coefficient(term: Term, values: Values) -> Node:
    """The term's constant with its sign, argument names kept. Where these cannot be told, the
    number.
    """
    named = _text_constant(term.factor_text)
    if not term.factor_text:
        return _exact(term.coefficient)
    if named is not None:
        value = value_of(named, values)
        if value and math.isfinite(value):
            return mul(_exact(term.coefficient / value), named)
    made = _written(term.span.text if term.span else "", tuple(sorted(values.items())))
    for number_, tree in made:
        whole = mul(number(number_), tree)
        value = value_of(whole, values)
        if value is None or abs(value) == abs(term.coefficient):
            if value is None and abs(term.coefficient) != abs(number_ * _known(tree, values)):
                continue
            same = math.copysign(1, term.coefficient) == math.copysign(
                1, number_ * _known(tree, values)
            )
            return whole if same else negative(whole)
    if named is not None and value_of(named, values) is None:
        return mul(_exact(term.coefficient), named)
    return _exact(term.coefficient)


def _exact(x: float) -> Node:
    """A number, rounded where it is within rounding of a short one."""
    short = round(x, 12)
    return number(short if short and abs(short - x) <= 1e-13 * abs(x) else x)


def _known(x: Node, values: Values) -> float:
    """The product of the factors of a constant that have a value, signed zeros kept: what the
    checker has multiplied.
    """
    out = 1.0
    for f in x.factors if isinstance(x, Multiplication) else (x,):
        value = value_of(f, values)
        out *= 1.0 if value is None else value
    return out


@lru_cache(maxsize=256)
def _text_constant(text: str) -> Node | None:
    try:
        definition = parse(Source("", f"model m(x = {text}) {{}}")).definitions[0]
    except BmError:
        return None
    assert isinstance(definition, t.ModelDefinition)
    default = definition.arguments[0].default if definition.arguments else None
    return None if default is None else constant_tree(default)


@lru_cache(maxsize=256)
def _written(addend: str, values: tuple[tuple[str, float | None], ...]) -> list[tuple[float, Node]]:
    """(number, named constant) of every product that an addend's text multiplies out to."""
    text = addend.strip()
    try:
        definition = parse(Source("", f"model m {{ energy = {text} }}")).definitions[0]
    except BmError:
        return []
    assert isinstance(definition, t.ModelDefinition)
    statement = definition.statements[0]
    if not isinstance(statement, t.EnergyStatement) or len(statement.addends) != 1:
        return []
    sign = -1.0 if statement.addends[0].sign == "-" else 1.0
    names = {name for name, _ in values}
    made = [
        (sign * value, tree) for value, tree in _products(statement.addends[0].expression, names)
    ]
    return list(dict.fromkeys(made))


def _products(e: t.Expression, names: set[str]) -> list[tuple[float, Node]]:
    if isinstance(e, t.Number):
        return [(float(e.value), ONE)]
    if isinstance(e, t.Ref):
        return [(1.0, Named(e.name.text))] if e.name.text in names else [(1.0, ONE)]
    match e:
        case t.Unary(operator, operand):
            return [(-v if operator == "-" else v, c) for v, c in _products(operand, names)]
        case t.Binary("+" | "-" as operator, left, right):
            whole = constant_tree(e)
            if whole is not None and _of(e, names):
                return [(1.0, whole)]
            return _products(left, names) + [
                (-v if operator == "-" else v, c) for v, c in _products(right, names)
            ]
        case t.Binary("*", left, right):
            return [
                (a * b, mul(c, d))
                for a, c in _products(left, names)
                for b, d in _products(right, names)
            ]
        case t.Binary("/", left, right):
            below = constant_tree(right)
            if isinstance(right, t.Number) or below is None:
                value = float(right.value) if isinstance(right, t.Number) else 1.0
                return [(v / value, c) for v, c in _products(left, names)]
            return [(v, mul(c, raised(below, -1))) for v, c in _products(left, names)]
        case t.Power(base, t.Number(value=n)):
            made: list[tuple[float, Node]] = [(1.0, ONE)]
            for _ in range(int(n)):
                made = [(a * b, mul(c, d)) for a, c in made for b, d in _products(base, names)]
            return made
        case t.SumOver(_, body):
            return _products(body, names)
    return [(1.0, ONE)]


def _of(e: t.Expression, names: set[str]) -> bool:
    """Whether an expression is made of numbers and arguments alone."""
    match e:
        case t.Number():
            return True
        case t.Ref(name, subscripts):
            return subscripts is None and name.text in names
        case t.Unary(_, operand):
            return _of(operand, names)
        case t.Binary(_, left, right):
            return _of(left, names) and _of(right, names)
        case t.Power(base, exponent):
            return _of(base, names) and _of(exponent, names)
    return False


# ---------------------------------------------------------------- of a unit type


def options(g: GroupPlan, group: Group, values: Values) -> dict[str, Node]:
    """Option → its constant, with its names where these give its value."""
    names = [o.name for o in g.unit.options if o.name != g.unit.states]
    written = _declared(group.span.text if group.span else "")
    out: dict[str, Node] = {}
    for k, (name, number_) in enumerate(zip(names, g.arguments, strict=True)):
        own = written.get(name) or (written.get(str(k)) if g.unit.states is None else None)
        known = None if own is None else value_of(own, values)
        agrees = own is not None and (
            known is None or math.isclose(known, float(number_), rel_tol=1e-12)
        )
        exact = own is None or not agrees or isinstance(own, Numeral)
        exact_value = Numeral(_ratio(float(number_)))
        out[name] = exact_value if exact or own is None else own
    return out


def _ratio(x: float) -> Fraction | float:
    """A short decimal as the ratio that it is: 0.8 is 4/5."""
    text = f"{x:.6g}"
    return Fraction(text) if float(text) == x and "e" not in text else number(x).value


@lru_cache(maxsize=64)
def _declared(declaration: str) -> dict[str, Node]:
    """Options of a unit declaration, by name, or by place as a text."""
    try:
        definition = parse(Source("", f"model m {{ {declaration} }}")).definitions[0]
    except BmError:
        return {}
    assert isinstance(definition, t.ModelDefinition)
    statement = definition.statements[0]
    assert isinstance(statement, t.UnitDeclaration)
    found = {
        a.name.text if a.name else str(k): constant_tree(a.value)
        for k, a in enumerate(statement.type.arguments)
    }
    return {name: one for name, one in found.items() if one is not None}

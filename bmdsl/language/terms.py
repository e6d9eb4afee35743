"""Energy statements → terms: products multiplied out, powers expanded, subscripts made affine,
letters collected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from . import tree as t
from .constants import Bindings, constant, is_constant
from .diagnostics import BmError, Diagnostic, counted, fail, near
from .experts import EXPERTS, Draft, ExpertDraft, draft
from .foreign import instead_of_name
from .model import Group, ParameterFactor, Subscript, UnitFactor
from .scopes import Scopes, is_bound, renamed_subscripts
from .source import Span
from .subscripts import subscript
from .vocabulary import UnitWord

MAX_PRODUCTS = 10_000
"""Most products that one addend is multiplied out to."""


@dataclass(frozen=True)
class Product(Draft):
    """A product while it is being multiplied out; `bound` are the marked letters of `sum[...]`
    around it.
    """

    coefficient: float = 1.0
    expert: ExpertDraft | None = None
    bound: frozenset[str] = frozenset()
    parameters: tuple[ParameterFactor, ...] = ()
    units: tuple[UnitFactor, ...] = ()
    text: str = ""

    @property
    def place(self) -> Span | None:
        """Where it is written, if it has a unit or a parameter."""
        spans = (*(u.span for u in self.units), *(p.span for p in self.parameters))
        return spans[0] if spans else None

    def times(self, other: Product) -> Product:
        if self.expert is not None and other.expert is not None:
            raise fail(
                "BM316",
                "two experts cannot be multiplied",
                other.expert.call.span,
                help="each expert is a term of its own",
            )
        scale = self.coefficient * other.coefficient
        if not scale and self.coefficient and other.coefficient:
            raise fail(
                "BM406",
                "the constants of this product are too small to be held",
                self.place or other.place,
            )
        return Product(
            scale,
            self.expert or other.expert,
            self.bound | other.bound,
            self.parameters + other.parameters,
            self.units + other.units,
            " ".join(x for x in (self.text, other.text) if x),
        )

    def negated(self) -> Product:
        return replace(self, coefficient=-self.coefficient)


class Lowering:
    """What a name in an energy may be: a unit, a parameter, an argument.

    Raises BmError at the first thing wrong in an addend.
    """

    def __init__(
        self,
        groups: Mapping[str, Group],
        parameters: Mapping[str, t.ParameterDeclaration],
        arguments: Bindings,
        units: Mapping[str, UnitWord],
    ) -> None:
        self.groups, self.parameters, self.arguments, self.units = (
            groups,
            parameters,
            arguments,
            units,
        )
        self.scopes = Scopes()

    def products(self, e: t.Expression) -> list[Product]:
        """The sum of products that an expression is."""
        if is_constant(e, self.arguments):
            value = constant(e, self.arguments)
            if (
                value is None
                # shown by its text; binding the argument checks the model again, and nothing runs
                # before that
            ):
                return [Product(text=e.span.text)]
            return [Product(float(value), text="" if isinstance(e, t.Number) else e.span.text)]
        match e:
            case t.Ref():
                return [self.factor(e)]
            case t.Unary(operator, operand):
                return [p.negated() if operator == "-" else p for p in self.products(operand)]
            case t.Binary("+" | "-" as operator, left, right, span):
                a, b = self.products(left), self.products(right)
                self._same_letters(a[:1], b[:1], span)  # those of either are alike already
                return a + [p.negated() if operator == "-" else p for p in b]
            case t.Binary("*", left, right, span):
                return self._multiplied(self.products(left), self.products(right), span)
            case t.Binary("/", left, right, span):
                known = is_constant(right, self.arguments)
                value = constant(right, self.arguments) if known else None
                if known and value is None:
                    return [
                        replace(p, text=f"{p.text or 1} / {right.span.text}")
                        for p in self.products(left)
                    ]
                if not value:
                    raise fail(
                        "BM303",
                        "an energy can be divided by a number only",
                        span,
                        help="multiply by a parameter instead",
                    )
                return [replace(p, coefficient=p.coefficient / value) for p in self.products(left)]
            case t.Power(base, exponent, span):
                n = (
                    constant(exponent, self.arguments)
                    if is_constant(exponent, self.arguments)
                    else None
                )
                if n is None or n != int(n) or not 1 <= n <= 8:
                    raise fail("BM304", "a power must be a whole number from 1 to 8", span)
                out = [Product()]
                for _ in range(
                    int(n)
                ):  # read anew for each copy, so that its sums have letters of their own
                    copy = self.products(base)
                    if any(p.expert is not None for p in copy):
                        raise fail(
                            "BM316",
                            "an expert has no power",
                            span,
                            help="`square(...)` is the square of a projection",
                        )
                    out = self._multiplied(out, copy, span)
                return out
            case t.Call(function, _, _):
                if function.text in EXPERTS:
                    return [Product(expert=draft(e, self.products, self.groups))]
                if (
                    function.text in self.groups
                    or function.text in self.parameters
                    or function.text in self.arguments
                ):
                    name = function.text
                    raise fail(
                        "BM305",
                        f"`{name}` is not a function",
                        function.span,
                        help=f"a product is written `{name} * (...)`",
                    )
                close = near(function.text, EXPERTS)
                raise fail(
                    "BM306",
                    f"unknown function `{function.text}`",
                    function.span,
                    help=(
                        f"did you mean `{close}`?"
                        if close
                        else f"functions are {', '.join(EXPERTS)}"
                    ),
                )
            case t.SumOver(letters, body, span):
                names = [x.text for x in letters]
                made = self.products(body)
                missing = [x for x in names if all(x not in letters_of(p) for p in made)]
                if missing or len(set(names)) < len(names):
                    bad = missing[0] if missing else next(x for x in names if names.count(x) > 1)
                    what = f"letter `{bad}` of `sum[...]` " + (
                        "subscripts nothing in it" if missing else "is given twice"
                    )
                    raise fail("BM317", what, next(x.span for x in letters if x.text == bad))
                marked = self.scopes.bind(names, {x for p in made for x in letters_of(p)})
                return [_bound(p, marked) for p in made]
        raise fail("BM307", "this cannot stand in an energy", e.span)

    def _multiplied(self, a: list[Product], b: list[Product], span: Span) -> list[Product]:
        if len(a) * len(b) > MAX_PRODUCTS:
            raise fail(
                "BM322",
                f"multiplied out, this has {len(a) * len(b):,} products",
                span,
                help=f"at most {MAX_PRODUCTS:,}: write fewer parentheses",
            )
        return [x.times(y) for x in a for y in b]

    def factor(self, e: t.Ref) -> Product:
        name, subscripts = (
            e.name.text,
            tuple(subscript(s, self.arguments) for s in e.subscripts or ()),
        )
        if name in self.groups:
            group = self.groups[name]
            if len(subscripts) != len(group.axes):
                shown = ", ".join(str(n) for n in group.axes)
                hint = (
                    ""
                    if group.states is None
                    else "a one-of-K unit needs its state as the last subscript"
                )
                if self.units[group.unit].components is not None:
                    hint = "a unit that is a vector needs its component as the last subscript"
                found = (
                    f"`{name}` has {counted(len(group.axes), 'axis', 'axes')} but"
                    f" {counted(len(subscripts), 'subscript')} here"
                )
                raise fail("BM201", found, e.span, f"axes: {shown}", help=hint)
            return Product(units=(UnitFactor(name, subscripts, span=e.span),))
        if name in self.parameters:
            return Product(parameters=(ParameterFactor(name, subscripts, span=e.span),))
        if name in self.arguments:
            raise fail("BM202", f"argument `{name}` is a number and takes no subscripts", e.span)
        raise BmError(self.unknown(e.name))

    def unknown(self, written: t.Name) -> Diagnostic:
        """BM101 of a name that is nothing here."""
        name = written.text
        close = near(name, [*self.groups, *self.parameters, *self.arguments])
        help = (
            f"did you mean `{close}`?"
            if close
            else instead_of_name(name)
            or "every name is a unit, a parameter (`param NAME`) or a model argument"
        )
        return fail(
            "BM101", f"unknown name `{name}`", written.span, "not declared", help=help
        ).diagnostics[0]

    def _same_letters(self, a: list[Product], b: list[Product], span: object) -> None:
        letters = {frozenset(x for x in letters_of(p) if not is_bound(x)) for p in a + b}
        if len(letters) > 1:
            shown = " and ".join(
                "{" + ", ".join(sorted(x)) + "}" for x in sorted(letters, key=sorted)
            )
            raise fail(
                "BM302",
                f"the addends in parentheses carry different letters: {shown}",
                span,  # type: ignore[arg-type]  # always a Span
                help=(
                    "write them as terms of their own, or bind what one addend has more, as `(v[i]"
                    " - sum[j] W[i,j] h[j])^2`"
                ),
            )

    def merged(self, p: Product) -> Product:
        """Equal factors become powers; unit powers are reduced on their domain (binary x² = x, spin
        x² = 1).
        """
        parameters: dict[tuple[str, tuple[Subscript, ...]], ParameterFactor] = {}
        for f in p.parameters:
            key = (f.parameter, f.subscripts)
            parameters[key] = (
                replace(parameters[key], power=parameters[key].power + 1)
                if key in parameters
                else f
            )
        units: dict[tuple[str, tuple[Subscript, ...]], UnitFactor] = {}
        for u in p.units:
            at = (u.group, u.subscripts)
            units[at] = replace(units[at], power=units[at].power + 1) if at in units else u
        kept = []
        for u in units.values():
            word = self.units[self.groups[u.group].unit]
            power = word.reduces.get(u.power, u.power)
            if power and power not in word.powers:
                shown = ", ".join(f"x^{k}" if k > 1 else "x" for k in word.powers)
                raise fail(
                    "BM301",
                    f"`{u.group}` is {word.name}: it has no statistic x^{u.power}",
                    u.span,
                    help=f"its statistics are {shown}",
                )
            if power:
                kept.append(replace(u, power=power))
            elif any(s.edge == "pad" for s in u.subscripts):
                raise fail(
                    "BM324",
                    f"x^{u.power} of a {word.name} unit is 1 inside the edge and 0 beyond it",
                    u.span,
                    "no statistic of units",
                    help=(
                        "leave `pad` out and give the letters a range in which every subscript is"
                        " inside, as `for i in 0..n`"
                    ),
                )
        return replace(p, parameters=tuple(parameters.values()), units=tuple(kept))


def letters_of(p: Product) -> set[str]:
    """Every letter in a product's subscripts, an expert's inside included."""
    return {x for f in factors(p) for s in f.subscripts for x, _ in s.letters}


def outer_letters(p: Product) -> set[str]:
    """Letters that the product itself sums over: those of its factors and of `sum[...]`, or all
    where it has no expert.
    """
    if p.expert is None:
        return letters_of(p)
    own: list[ParameterFactor | UnitFactor] = [*p.parameters, *p.units]
    return {x for f in own for s in f.subscripts for x, _ in s.letters} | p.bound


def factors(p: Product) -> list[ParameterFactor | UnitFactor]:
    """Parameters and units, then those of an expert inside."""
    inside = (
        [f for q in p.expert.products for f in factors(cast(Product, q))]
        if p.expert is not None
        else []
    )
    return [*p.parameters, *p.units, *inside]


def _bound(p: Product, marked: dict[str, str]) -> Product:
    """The product with the letters of a sum around it marked, those of an expert inside
    included.
    """
    expert = None
    if p.expert is not None:
        inside = (
            replace(_bound(cast(Product, q), marked), bound=q.bound) for q in p.expert.products
        )
        expert = replace(p.expert, products=tuple(inside))
    parameters = tuple(
        replace(f, subscripts=renamed_subscripts(f.subscripts, marked)) for f in p.parameters
    )
    units = tuple(replace(u, subscripts=renamed_subscripts(u.subscripts, marked)) for u in p.units)
    return replace(
        p, expert=expert, parameters=parameters, units=units, bound=p.bound | set(marked.values())
    )

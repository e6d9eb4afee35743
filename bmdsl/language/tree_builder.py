"""The parser's tree → the syntax tree's dataclasses."""

from __future__ import annotations

from typing import Any

from lark import Token, Tree

from . import tree as t
from .source import Source, Span

MAX_DIGITS = 400
"""A whole number of more digits is past every number that is held, and slow to read: it becomes an
infinity, which the checker refuses.
"""


class Builder:
    """One method a kind of node; no user error is raised here."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def span(self, node: Any) -> Span:
        if isinstance(node, Token):
            return Span(self.source, node.start_pos or 0, node.end_pos or 0)
        meta = node.meta
        return Span(self.source, getattr(meta, "start_pos", 0), getattr(meta, "end_pos", 0))

    def name(self, token: Token) -> t.Name:
        return t.Name(str(token), self.span(token))

    def file(
        self, tree: Tree[Token]
    ) -> tuple[
        tuple[t.LanguageLine, ...],
        tuple[t.Import, ...],
        tuple[t.ModelDefinition | t.StackDefinition, ...],
    ]:
        """Lines of the language's version, imports and definitions."""
        lines, imports, definitions = [], [], []
        for node in tree.children:
            assert isinstance(node, Tree)
            if node.data == "language":
                lines.append(t.LanguageLine(str(node.children[1]), self.span(node)))
            elif node.data == "import_":
                imports.append(t.Import(str(node.children[0])[1:-1], self.span(node)))
            else:
                definitions.append(self.model(node) if node.data == "model" else self.stack(node))
        return tuple(lines), tuple(imports), tuple(definitions)

    def model(self, node: Any) -> t.ModelDefinition:
        name, arguments, *statements = node.children
        made = tuple(
            t.ArgumentDeclaration(self.name(a.children[0]), self.maybe(a.children[1]), self.span(a))
            for a in (arguments.children if arguments else ())
        )
        return t.ModelDefinition(
            self.name(name),
            made,
            tuple(x for s in statements for x in self.statement(s)),
            self.span(node),
        )

    def statement(self, node: Any) -> list[t.Statement]:
        children, span = node.children, self.span(node)
        match node.data:
            case "unit":
                role, name, shape, kind = children
                return [
                    t.UnitDeclaration(
                        str(role.children[0]),  # type: ignore[arg-type]  # the grammar's three roles
                        self.name(name),
                        self.shape(shape) or (),
                        self.call(kind),
                        span,
                    )
                ]
            case "parameters":
                return [self.parameter(p) for p in children]
            case "energy":
                sign = "+=" if isinstance(children[0], Token) else "="
                first, more = children[-2:]
                addends = (self.addend(first), *(self.addend(a) for a in more.children))
                return [t.EnergyStatement(sign, addends, span)]  # type: ignore[arg-type]  # one of two
            case "graph":
                value = self.expression(children[1])
                assert isinstance(value, t.Call | t.String)
                return [t.GraphDeclaration(self.name(children[0]), value, span)]
            case "layers":
                return [t.LayersStatement(tuple(self.name(c) for c in children), span)]
            case "bias":
                return [t.BiasStatement(tuple(self.name(c) for c in children), span)]
            case "data":
                _, path, *entries = children
                named = None if path is None else self.text(path)
                return [t.DataBlock(named, tuple(self.entry(e) for e in entries), span)]
            case _:
                return [t.TrainBlock(tuple(x for s in children for x in self.setting(s)), span)]

    def shape(self, node: Any) -> tuple[t.Expression, ...] | None:
        return None if node is None else tuple(self.expression(c) for c in node.children)

    def maybe(self, node: Any) -> t.Expression | None:
        return None if node is None else self.expression(node)

    def parameter(self, node: Any) -> t.ParameterDeclaration:
        name, shape, init, modifiers = node.children
        start = None
        if init is not None:
            sign, value = init.children
            start = self.signed(sign, value, self.span(init))
        made = tuple(
            self.name(m) if isinstance(m, Token) else self.call(m) for m in modifiers.children
        )
        return t.ParameterDeclaration(
            self.name(name), self.shape(shape), start, made, self.span(node)
        )

    def signed(self, sign: Any, value: Any, span: Span) -> t.Expression:
        made = self.expression(value)
        return made if sign is None else t.Unary(str(sign), made, span)  # type: ignore[arg-type]  # + or −

    def addend(self, node: Any) -> t.Addend:
        sign, term, clauses = node.children
        made = tuple(self.condition(c) for c in clauses.children if c is not None)
        return t.Addend("-" if sign == "-" else "+", self.expression(term), made, self.span(node))

    def condition(self, node: Any) -> t.Clause:
        c, span = node.children, self.span(node)
        if node.data == "letter_range":
            start, stop = c[1].children[0], c[2].children[0]
            return t.LetterRange(
                self.name(c[0]),
                self.expression(start),
                self.expression(stop),
                span,
                _is_closed(stop),
            )
        if node.data == "edge_range":
            return t.EdgeRange(self.name(c[0]), self.name(c[1]), self.name(c[2]), span)
        return t.LetterOrder(
            self.name(c[0]), "<" if node.data == "letter_less" else "!=", self.name(c[1]), span
        )

    def text(self, token: Token) -> t.String:
        return t.String(str(token)[1:-1], self.span(token))

    def entry(self, node: Any) -> t.DataEntry:
        name, among, *columns = node.children
        own = () if among is None else tuple(map(self.columns, among.children))
        return t.DataEntry(self.name(name), tuple(map(self.columns, columns)), self.span(node), own)

    def columns(self, node: Any) -> t.Columns:
        first, last = (None if x is None else self.column(x) for x in node.children)
        assert first is not None
        return t.Columns(first, last, self.span(node))

    def column(self, node: Any) -> t.Name | t.String:
        token = node.children[-1]
        if token.type == "STRING":
            return self.text(token)
        written = "".join(str(c) for c in node.children if c is not None)
        return t.Name(written, self.span(node))

    def setting(self, node: Any) -> list[t.Setting]:
        name, among, *values = node.children
        groups = () if among is None else tuple(self.name(c) for c in among.children)
        plain, targets = [], []
        for v in values:
            if v.data == "target":
                sign, number = v.children[-2:]
                targets.append(
                    (
                        self.name(v.children[0]),
                        self.number(sign, number, self.span(v)),
                        self.span(v),
                    )
                )
            elif v.data == "target_call":
                targets.append(
                    (self.name(v.children[0]), self.expression(v.children[1]), self.span(v))
                )
            elif v.data == "setting_number":
                sign, number = v.children
                plain.append(self.number(sign, number, self.span(v)))
            elif v.data == "bare":
                own = self.name(v.children[0])
                plain.append(t.Ref(own, None, own.span))
            else:
                plain.append(self.expression(v))
        out = (
            [t.Setting(self.name(name), None, tuple(plain), self.span(node), groups)]
            if plain
            else []
        )
        return [
            *out,
            *(
                t.Setting(self.name(name), target, (value,), span, groups)
                for target, value, span in targets
            ),
        ]

    def number(self, sign: Any, token: Token, span: Span) -> t.Expression:
        made = t.Number(_value(token), self.span(token))
        return made if sign is None else t.Unary(str(sign), made, span)  # type: ignore[arg-type]  # + or −

    def stack(self, node: Any) -> t.StackDefinition:
        name, *rest = node.children
        layers: list[t.StackLayer] = []
        train: list[t.Setting | t.Name] = []
        for part in rest:
            if part is None:
                continue
            if part.data == "layer":
                own, kind, *below = part.children
                on = [c for c in below if c is not None and c.type == "NAME"]
                first, second = (self.name(on[0]), self.name(on[1])) if on else (None, None)
                layers.append(
                    t.StackLayer(self.name(own), self.call(kind), first, second, self.span(part))
                )
            else:
                for c in part.children:
                    train += [self.name(c)] if isinstance(c, Token) else self.setting(c)
        return t.StackDefinition(self.name(name), tuple(layers), tuple(train), self.span(node))

    def call(self, node: Any) -> t.Call:
        name, arguments = node.children
        made = []
        for a in arguments.children if arguments is not None else ():
            named = a.data == "named"
            value = self.expression(a.children[-1])
            made.append(
                t.CallArgument(self.name(a.children[0]) if named else None, value, self.span(a))
            )
        return t.Call(self.name(name), tuple(made), self.span(node))

    def expression(self, node: Any) -> t.Expression:
        span, c = self.span(node), node.children
        match node.data:
            case "sum":
                out = self.signed(c[0], c[1], span)
                for sign, term in zip(c[2::2], c[3::2], strict=True):
                    out = t.Binary(str(sign), out, self.expression(term), span)  # type: ignore[arg-type]  # + or −
                return out
            case "times" | "divide":
                return t.Binary(
                    "*" if node.data == "times" else "/",
                    self.expression(c[0]),
                    self.expression(c[1]),
                    span,
                )
            case "over":
                *letters, body = c
                return t.SumOver(tuple(self.name(x) for x in letters), self.expression(body), span)
            case "power":
                return (
                    self.expression(c[0])
                    if c[1] is None
                    else t.Power(self.expression(c[0]), self.expression(c[1]), span)
                )
            case "number":
                return t.Number(_value(c[0]), span)
            case "string":
                return t.String(str(c[0])[1:-1], span)
            case "name":
                return t.Ref(self.name(c[0]), None, span)
            case "indexed":
                return t.Ref(self.name(c[0]), tuple(self.expression(x) for x in c[1:]), span)
            case "paren":
                return self.expression(c[0])
            case _:
                return self.call(node)


def _is_closed(node: Any) -> bool:
    """Whether parentheses stand around the whole expression."""
    return node.data == "paren" or (
        node.data == "power" and node.children[1] is None and _is_closed(node.children[0])
    )


def _value(token: Token) -> int | float:
    text = str(token).replace("_", "")
    return int(text) if text.isdigit() and len(text) < MAX_DIGITS else float(text)

"""The formatter: syntax tree → text in one stable style, comments kept.

One statement a line, units aligned, one setting of a train block a line. What the tree is printed
as parses to the same tree; formatting twice changes nothing.

Every line knows the place in the source that it came from, so that comments can be put back: a
comment on a line of its own goes before the next line, one behind code stays behind the line that
it followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from . import tree as t
from .expression_text import POWER, TERM, call, clause, expression, shape
from .source import Span

WIDTH = 100
"""Columns from which an energy or a head is broken, one addend or argument a line."""
HEADERS = ("language", "import")
"""Words that begin a line outside of every definition."""
COMMENT_WIDTH = 48
"""Lines up to this width have the comments behind them aligned."""


@dataclass(frozen=True)
class Line:
    """One line of the result. `start` is the offset in the source that it came from."""

    text: str
    depth: int
    start: int
    behind: str = ""
    closing: bool = False


def format(file: t.File) -> str:
    """The text of a tree, with the comments of its file."""
    head = [] if file.language is None else [file.language]
    rest = sorted([*file.imports, *file.definitions], key=lambda x: x.span.start)
    lines = [line for item in (*head, *rest) for line in _Printer(file).item(item)]
    return _written(_with_comments(lines, file), file.source.text)


class _Printer:
    """Definitions as lines.

    A statement that was made, not written, stands where the statement that it was made from stood.
    """

    def __init__(self, file: t.File) -> None:
        self.text, self.source, self.at = file.source.text, file.source, 0

    def place(self, span: Span) -> int:
        """The offset of a span in the file; of one from elsewhere, that of the words which it was
        made from, else the last place.
        """
        if span.source == self.source:
            self.at = span.start
        else:
            found = self.text.find(span.source.name.strip("<>"), self.at)
            self.at = found if found >= 0 else self.at
        return self.at

    def keyword(self, at: int) -> int:
        """The offset of the `param` before a parameter, which is no part of its span."""
        found = re.search(r"\bparam\s+$", self.text[:at])
        return found.start() if found else at

    def item(
        self, item: t.LanguageLine | t.Import | t.ModelDefinition | t.StackDefinition
    ) -> list[Line]:
        if isinstance(item, t.LanguageLine):
            return [Line(f"language {item.version}", 0, self.place(item.span))]
        if isinstance(item, t.Import):
            return [Line(f'import "{item.path}"', 0, self.place(item.span))]
        start = self.place(item.span)
        inside = self.model(item) if isinstance(item, t.ModelDefinition) else self.stack(item)
        head = (
            self.head(item, start)
            if isinstance(item, t.ModelDefinition)
            else [Line(f"stack {item.name.text} {{", 0, start)]
        )
        return [*head, *inside, Line("}", 0, item.span.end - 1, closing=True)]

    def head(self, model: t.ModelDefinition, start: int) -> list[Line]:
        shown = [
            a.name.text + ("" if a.default is None else f" = {expression(a.default)}")
            for a in model.arguments
        ]
        line = f"model {model.name.text}" + (f"({', '.join(shown)})" if shown else "") + " {"
        if not _scattered(model.arguments, line):
            return [Line(line, 0, start)]
        brace = re.compile(r"(\s|#.*|\))*\{").match(self.text, model.arguments[-1].span.end)
        ends = ["," for _ in shown[1:]] + [""]
        middle = [
            Line(x + end, 2, a.span.start)
            for x, end, a in zip(shown, ends, model.arguments, strict=True)
        ]
        return [
            Line(f"model {model.name.text}(", 0, start),
            *middle,
            Line(") {", 0, brace.end() - 1 if brace else start),
        ]

    def model(self, model: t.ModelDefinition) -> list[Line]:
        lines: list[Line] = []
        for kind, run in groupby(model.statements, type):
            members = list(run)
            if kind is t.UnitDeclaration:
                lines += self.units([s for s in members if isinstance(s, t.UnitDeclaration)])
            elif kind is t.ParameterDeclaration:
                lines += self.parameters(
                    [s for s in members if isinstance(s, t.ParameterDeclaration)]
                )
            else:
                lines += [line for s in members for line in self.statement(s)]
        return lines

    def units(self, units: list[t.UnitDeclaration]) -> Iterator[Line]:
        roles = max(len(u.role) for u in units)
        named = [u.name.text + shape(u.shape) for u in units]
        width = max(map(len, named))
        for u, name in zip(units, named, strict=True):
            yield Line(
                f"{u.role:{roles}} {name:{width}} : {call(u.type, bare=True)}",
                1,
                self.place(u.span),
            )

    def parameters(self, parameters: list[t.ParameterDeclaration]) -> Iterator[Line]:
        """Parameters of one `param` on one line of the source stay together."""
        together: list[list[t.ParameterDeclaration]] = []
        for p in parameters:
            before = together[-1][-1].span if together else None
            joined = (
                before is not None
                and before.source == p.span.source
                and before.source.text[before.end : p.span.start].strip(" \t") == ","
            )
            if joined:
                together[-1].append(p)
            else:
                together.append([p])
        for group in together:
            yield Line(
                "param " + ", ".join(map(_parameter, group)),
                1,
                self.keyword(self.place(group[0].span)),
            )

    def statement(self, s: t.Statement) -> Iterable[Line]:
        start = self.place(s.span)
        match s:
            case t.EnergyStatement():
                return self.energy(s, start)
            case t.GraphDeclaration():
                return [Line(f"graph {s.name.text} = {expression(s.value)}", 1, start)]
            case t.LayersStatement():
                return [Line("layers " + " -- ".join(g.text for g in s.groups), 1, start)]
            case t.BiasStatement():
                return [Line("bias " + ", ".join(g.text for g in s.groups), 1, start)]
            case t.DataBlock():
                return self.data(s, start)
            case t.TrainBlock():
                return self.block(s.settings, start, s.span.end - 1)
            case _:
                raise TypeError(type(s).__name__)

    def data(self, s: t.DataBlock, start: int) -> list[Line]:
        named = "" if s.path is None else f' "{s.path.value}"'
        keys = [
            e.name.text + (f"({', '.join(map(_columns, e.among))})" if e.among else "")
            for e in s.entries
        ]
        width = max((len(e.name.text) for e in s.entries), default=0)
        inside = [
            Line(f"{k:{width}} = {', '.join(map(_columns, e.columns))}", 2, self.place(e.span))
            for k, e in zip(keys, s.entries, strict=True)
        ]
        end = max(s.span.end - 1, self.at)
        return [Line(f"data{named} {{", 1, start), *inside, Line("}", 1, end, closing=True)]

    def energy(self, s: t.EnergyStatement, start: int) -> list[Line]:
        head = f"energy {s.operator} "
        addends = [_addend(a) for a in s.addends]
        line = head + " ".join(addends)
        if not _scattered(s.addends, line):
            return [Line(line, 1, start)]
        places = [start, *(self.place(a.span) for a in s.addends[1:])]
        heads = [head, *(" " * len(head) for _ in addends[1:])]
        return [Line(h + a, 1, p) for h, a, p in zip(heads, addends, places, strict=True)]

    def block(self, settings: Sequence[t.Setting | t.Name], start: int, end: int) -> list[Line]:
        if all(isinstance(s, t.Name) for s in settings):
            words = "".join(f"{s.text} " for s in settings if isinstance(s, t.Name))
            return [Line(f"train {{ {words}}}", 1, start)]
        width = max((len(s.key) for s in settings if isinstance(s, t.Setting)), default=0)
        inside = [
            Line(s.text if isinstance(s, t.Name) else _setting(s, width), 2, self.place(s.span))
            for s in settings
        ]
        return [Line("train {", 1, start), *inside, Line("}", 1, max(end, self.at), closing=True)]

    def stack(self, stack: t.StackDefinition) -> list[Line]:
        width = max((len(p.name.text) for p in stack.layers), default=0)
        lines = []
        for p in stack.layers:
            on = f" on {p.below.text}.{p.group.text}" if p.below and p.group else ""
            lines.append(
                Line(
                    f"{p.name.text:{width}} : {call(p.model, bare=True)}{on}", 1, self.place(p.span)
                )
            )
        if stack.train:
            start = self.text.rfind("train", 0, stack.train[0].span.start)
            lines += self.block(
                stack.train, start, max(self.text.rfind("}", 0, stack.span.end - 1), 0)
            )
        return lines


def _parameter(p: t.ParameterDeclaration) -> str:
    init = ""
    if p.init is not None:
        sign, size = (
            (p.init.operator, p.init.operand) if isinstance(p.init, t.Unary) else ("", p.init)
        )
        init = f" init {sign}{expression(size, POWER)}"
    return (
        p.name.text
        + shape(p.shape or ())
        + init
        + "".join(f" {m.text if isinstance(m, t.Name) else call(m)}" for m in p.modifiers)
    )


def _columns(c: t.Columns) -> str:
    ends = (c.first,) if c.last is None else (c.first, c.last)
    return "..".join(x.text if isinstance(x, t.Name) else f'"{x.value}"' for x in ends)


def _addend(a: t.Addend) -> str:
    clauses = f" for {', '.join(map(clause, a.clauses))}" if a.clauses else ""
    return f"{a.sign} {expression(a.expression, TERM, energy=True)}{clauses}"


def _setting(s: t.Setting, width: int) -> str:
    values = ", ".join(expression(v) for v in s.values)
    return f"{s.key:{width}} " + (f"{s.target.text} = {values}" if s.target else values)


def _scattered(parts: Sequence[t.Addend | t.ArgumentDeclaration], line: str) -> bool:
    """Whether the parts go on lines of their own: the user wrote them so, or one line is
    too long.
    """
    return len(parts) > 1 and (len(line) > WIDTH or len({p.span.line for p in parts}) > 1)


def _with_comments(lines: list[Line], file: t.File) -> list[Line]:
    """The lines with comments behind them and between them, in the order of the source."""
    before: dict[int, list[Line]] = {}
    behind: dict[int, list[str]] = {}
    for c in file.comments:
        at, text = c.span.start, c.text.rstrip()
        previous = max((k for k, line in enumerate(lines) if line.start < at), default=None)
        if _first_on_its_line(file.source.text, at) or previous is None:
            following = next((k for k, line in enumerate(lines) if line.start > at), len(lines))
            below = lines[following] if following < len(lines) else Line("", 0, 0)
            hanging = len(below.text) - len(below.text.lstrip())
            before.setdefault(following, []).append(
                Line(" " * hanging + text, below.depth + below.closing, at)
            )
        else:
            behind.setdefault(previous, []).append(text)
    out: list[Line] = []
    for k, line in enumerate(lines):
        out += before.get(k, [])
        *above, last = behind.get(k, [""])
        out += [
            Line(text, line.depth + line.closing, line.start) for text in above
        ]  # several comments behind what is now one line
        out.append(replace(line, behind=last))
    return out + before.get(len(lines), [])


def _first_on_its_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


def _blank_before(text: str, at: int) -> bool:
    """Whether the line before the one that starts with this place is blank."""
    lines = text[:at].split("\n")
    return len(lines) > 2 and not lines[-1].strip() and not lines[-2].strip()


def _written(lines: list[Line], text: str) -> str:
    """The lines indented, comments behind them aligned, one blank line where the user left some,
    and between definitions.
    """
    shown = ["  " * line.depth + line.text for line in lines]
    column = _comment_columns(lines, shown)
    out: list[str] = []
    for k, (line, words) in enumerate(zip(lines, shown, strict=True)):
        if k > 0 and _blank_between(lines[k - 1], line, text):
            out.append("")
        out.append(f"{words:{column(k)}}  {line.behind}" if line.behind else words)
    return "".join(x.rstrip() + "\n" for x in out)


def _blank_between(above: Line, line: Line, text: str) -> bool:
    if line.closing or above.start == line.start or above.text.endswith(("{", "(")):
        return False
    ended = above.depth == 0 and (
        above.closing
        or (above.text.startswith(HEADERS) and above.text.split()[0] != line.text.split()[0])
    )
    return ended or _blank_before(text, line.start)


def _comment_columns(lines: list[Line], shown: list[str]) -> Callable[[int], int]:
    """Line → width up to its comment: one column a definition."""
    definition, widths = 0, dict[int, int]()
    of: list[int] = []
    for line, words in zip(lines, shown, strict=True):
        of.append(definition)
        if line.behind and len(words) <= COMMENT_WIDTH:
            widths[definition] = max(widths.get(definition, 0), len(words))
        definition += line.depth == 0 and (line.closing or line.text.startswith(HEADERS))
    return lambda k: widths.get(of[k], 0)

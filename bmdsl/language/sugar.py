"""`layers` and `bias` are a rewrite into plain statements: they have no path of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count, islice

from .diagnostics import Diagnostic, fail, near
from .parse import parse
from .source import Source
from .tree import (
    BiasStatement,
    File,
    LayersStatement,
    ModelDefinition,
    Name,
    ParameterDeclaration,
    Statement,
    UnitDeclaration,
)


def expand(file: File) -> File:
    """The file with every `layers` and `bias` written out."""
    return replace(
        file,
        definitions=tuple(
            _model(d) if isinstance(d, ModelDefinition) else d for d in file.definitions
        ),
    )


@dataclass
class _Written:
    """What of a model the rewriting has made, and the words that it must mind."""

    declared: frozenset[str]
    """Parameters that the text declares itself: no `param` is written for them."""
    arguments: frozenset[str]
    parameters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Parameter → the groups that it stands for."""

    def letters(self) -> Iterator[str]:
        """`i0`, `i1`, …; an argument of that name would be a number in a subscript."""
        return (x for n in count() if (x := f"i{n}") not in self.arguments)

    def is_new(self, name: str, groups: tuple[str, ...], place: Name) -> bool:
        """Whether this parameter is still to be written.

        BmError BM110 where it stands for other groups already.
        """
        if name not in self.parameters:
            self.parameters[name] = groups
            return True
        if self.parameters[name] != groups:
            (a, b), (x, y) = self.parameters[name], groups
            raise fail(
                "BM110",
                f"the weight between `{x}` and `{y}` would be called `{name}`, as that between"
                f" `{a}` and `{b}` is",
                place.span,
                help=(
                    "rename a group, or write one of the two terms out: `param V` and `energy += -"
                    " V[i,j] ...`"
                ),
            )
        return False


def _model(d: ModelDefinition) -> ModelDefinition:
    groups = {s.name.text: s for s in d.statements if isinstance(s, UnitDeclaration)}
    declared = frozenset(s.name.text for s in d.statements if isinstance(s, ParameterDeclaration))
    out: list[Statement] = []
    written = _Written(declared, frozenset(a.name.text for a in d.arguments))
    for s in d.statements:
        if not isinstance(s, LayersStatement | BiasStatement):
            out.append(s)
            continue
        if unknown := tuple(n for n in s.groups if n.text not in groups):
            out.append(replace(s, groups=unknown))  # told by the checker, with all else
        text: list[str] = []
        for name in s.groups:
            text += _bias(groups[name.text], written) if name.text in groups else []
        if isinstance(s, LayersStatement):
            for a, b in zip(s.groups, s.groups[1:], strict=False):
                if a.text in groups and b.text in groups:
                    text += _weight(groups[a.text], groups[b.text], written, b)
        made = parse(
            Source(
                f"<{s.span.text}>", "model rewritten {\n" + "\n".join(text) + "\n}", sugar=s.span
            )
        ).definitions[0]
        assert isinstance(made, ModelDefinition)
        out += made.statements
    return replace(d, statements=tuple(out))


def unknown_layers(d: ModelDefinition) -> Iterator[Diagnostic]:
    """BM101 of every name that `layers` and `bias` were left with, as it is no group."""
    groups = [s.name.text for s in d.statements if isinstance(s, UnitDeclaration)]
    for s in d.statements:
        for name in s.groups if isinstance(s, LayersStatement | BiasStatement) else ():
            close = near(name.text, groups)
            helps = (f"did you mean `{close}`?",) if close else ()
            what = f"unknown unit `{name.text}`"
            yield Diagnostic("BM101", what, name.span, "not declared", helps=helps)


def _axes(g: UnitDeclaration) -> int:
    """Subscripts of a group; a one-of-K type's state is one."""
    return len(g.shape) + (g.type.function.text == "categorical")


def _indexed(name: str, letters: list[str]) -> str:
    return f"{name}[{', '.join(letters)}]" if letters else name


def _bias(g: UnitDeclaration, written: _Written) -> list[str]:
    name = f"b_{g.name.text}"
    if g.role == "given" or not written.is_new(name, (g.name.text,), g.name):
        return []
    letters = list(islice(written.letters(), _axes(g)))
    line = f"energy += - {_indexed(name, letters)} {_indexed(g.name.text, letters)}"
    return [line] if name in written.declared else [f"param {name}", line]


def _weight(a: UnitDeclaration, b: UnitDeclaration, written: _Written, place: Name) -> list[str]:
    name = f"W_{a.name.text}_{b.name.text}"
    if not written.is_new(name, (a.name.text, b.name.text), place):
        return []
    letters = written.letters()
    x, y = list(islice(letters, _axes(a))), list(islice(letters, _axes(b)))
    line = (
        f"energy += - {_indexed(name, x + y)} {_indexed(a.name.text, x)} {_indexed(b.name.text, y)}"
    )
    return [line] if name in written.declared else [f"param {name}", line]

"""`layers` and `bias` are a rewrite into plain statements: they have no path of their own."""

from __future__ import annotations

from dataclasses import replace

from .diagnostics import fail, near
from .parse import parse
from .source import Source
from .tree import BiasStatement, File, LayersStatement, ModelDefinition, Name, ParameterDeclaration, Statement, UnitDeclaration


def expand(file: File) -> File:
    """The file with every `layers` and `bias` written out."""
    return replace(file, definitions=tuple(_model(d) if isinstance(d, ModelDefinition) else d for d in file.definitions))


def _model(d: ModelDefinition) -> ModelDefinition:
    groups = {s.name.text: s for s in d.statements if isinstance(s, UnitDeclaration)}
    declared = {s.name.text for s in d.statements if isinstance(s, ParameterDeclaration)}
    out: list[Statement] = []
    written: set[str] = set()
    for s in d.statements:
        if not isinstance(s, LayersStatement | BiasStatement):
            out.append(s)
            continue
        text: list[str] = []
        for name in s.groups:
            text += _bias(_group(name, groups), written, declared)
        if isinstance(s, LayersStatement):
            for a, b in zip(s.groups, s.groups[1:], strict=False):
                text += _weight(_group(a, groups), _group(b, groups), written, declared)
        made = parse(Source(f"<{s.span.text}>", "model rewritten {\n" + "\n".join(text) + "\n}")).definitions[0]
        assert isinstance(made, ModelDefinition)
        out += made.statements
    return replace(d, statements=tuple(out))


def _group(name: Name, groups: dict[str, UnitDeclaration]) -> UnitDeclaration:
    if name.text not in groups:
        close = near(name.text, groups)
        raise fail("BM101", f"unknown unit `{name.text}`", name.span, "not declared", help=f"did you mean `{close}`?" if close else "")
    return groups[name.text]


def _letters(g: UnitDeclaration, taken: int) -> list[str]:
    """One letter an axis; a one-of-K type's state is an axis."""
    count = len(g.shape) + (g.type.function.text == "categorical")
    return [f"i{taken + k}" for k in range(count)]


def _indexed(name: str, letters: list[str]) -> str:
    return f"{name}[{', '.join(letters)}]" if letters else name


def _bias(g: UnitDeclaration, written: set[str], declared: set[str]) -> list[str]:
    name = f"b_{g.name.text}"
    if name in written or g.role == "given":
        return []
    written.add(name)
    letters = _letters(g, 0)
    line = f"energy += - {_indexed(name, letters)} {_indexed(g.name.text, letters)}"
    return [line] if name in declared else [f"param {name}", line]


def _weight(a: UnitDeclaration, b: UnitDeclaration, written: set[str], declared: set[str]) -> list[str]:
    name = f"W_{a.name.text}_{b.name.text}"
    if name in written:
        return []
    written.add(name)
    x = _letters(a, 0)
    y = _letters(b, len(x))
    line = f"energy += - {_indexed(name, x + y)} {_indexed(a.name.text, x)} {_indexed(b.name.text, y)}"
    return [line] if name in declared else [f"param {name}", line]

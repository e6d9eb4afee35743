"""Unit types' arguments as the user wrote them: `gaussian(sigma = 1 / a)` has sigma = 1/a, not 1."""

from __future__ import annotations

from functools import lru_cache

from ..compiler.plan import GroupPlan
from ..language.diagnostics import BmError
from ..language.model import Group
from ..language.parse import parse
from ..language.source import Source
from ..language.tree import ModelDefinition, UnitDeclaration
from .notation import Monomial, monomial_of


def option_constants(g: GroupPlan, group: Group) -> dict[str, Monomial]:
    """Option → its constant: with its names where it is a monomial of them, else its number."""
    names = [o.name for o in g.unit.options if o.name != g.unit.states]
    written = _written(group.span.text if group.span else "")
    out: dict[str, Monomial] = {}
    for k, (name, value) in enumerate(zip(names, g.arguments, strict=True)):
        own = written.get(name) or written.get(str(k)) if g.unit.states is None else written.get(name)
        out[name] = own or (value, ())
    return out


@lru_cache(maxsize=64)
def _written(declaration: str) -> dict[str, Monomial]:
    """Options of a unit declaration, by name, or by place as a text."""
    try:
        definition = parse(Source("", f"model m {{ {declaration} }}")).definitions[0]
    except BmError:
        return {}
    assert isinstance(definition, ModelDefinition)
    statement = definition.statements[0]
    assert isinstance(statement, UnitDeclaration)
    found = {a.name.text if a.name else str(k): monomial_of(a.value) for k, a in enumerate(statement.type.arguments)}
    return {name: one for name, one in found.items() if one is not None}

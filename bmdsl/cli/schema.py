"""JSON Schemas (draft 2020-12) of what verbs print with `--json`, made of types."""

from __future__ import annotations

import inspect
import types
import typing
from typing import Annotated, Any, Literal, NotRequired

from .documents.forms import FORMS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}

Schema = dict[str, Any]


def verbs() -> list[str]:
    """Verbs that have `--json`, in the order of `bm --help`."""
    return list(dict.fromkeys(verb_of(form) for form in FORMS))


def verb_of(form: str) -> str:
    """`bm eval --rank` → `eval`."""
    return form.split()[1].rstrip(",")


def schema_of(verb: str, closed: bool = False) -> Schema:
    """The schema of all that a verb prints; `closed` allows no key that it does not name."""
    defs: dict[str, Schema] = {}
    made = [
        {"title": form, **_schema(kind, defs, closed)}
        for form, kind in FORMS.items()
        if verb_of(form) == verb
    ]
    body = made[0] if len(made) == 1 else {"anyOf": made}
    title = {"$schema": DIALECT, "title": f"bm {verb} --json"}
    return title | {n: x for n, x in body.items() if n != "title"} | {"$defs": defs}


def schema_of_form(form: str, closed: bool = False) -> Schema:
    """The schema of one entry of FORMS."""
    defs: dict[str, Schema] = {}
    return {"$schema": DIALECT, **_schema(FORMS[form], defs, closed), "$defs": defs}


def keys_of(kind: Any) -> tuple[list[str], list[str]]:
    """Keys of a document, or of each entry of an array: those that are always there, the others."""
    (kind,) = typing.get_args(kind) or (kind,)
    hints = typing.get_type_hints(kind, include_extras=True)
    sometimes = [n for n, hint in hints.items() if typing.get_origin(hint) is NotRequired]
    return [n for n in hints if n not in sometimes], sometimes


def _schema(kind: Any, defs: dict[str, Schema], closed: bool) -> Schema:
    """The schema of a type; of a TypedDict, a reference to its entry of `defs`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return {**_schema(arguments[0], defs, closed), "description": arguments[1]}
    if origin is NotRequired:
        return _schema(arguments[0], defs, closed)
    if kind is Any:
        return {}
    if kind in PLAIN:
        return {"type": PLAIN[kind]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_schema(one, defs, closed) for one in arguments]}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], defs, closed)}
    if origin is tuple:
        entries = [_schema(one, defs, closed) for one in arguments]
        count = len(entries)
        return {"type": "array", "prefixItems": entries, "minItems": count, "maxItems": count}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], defs, closed)}
    if kind.__name__ not in defs:
        defs[kind.__name__] = {}  # it may hold itself
        defs[kind.__name__] = _object(kind, defs, closed)
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _object(kind: Any, defs: dict[str, Schema], closed: bool) -> Schema:
    """The schema of a TypedDict."""
    hints = typing.get_type_hints(kind, include_extras=True)
    described = " ".join((inspect.getdoc(kind) or "").split())
    return {
        "type": "object",
        **({"description": described} if kind.__doc__ else {}),
        "properties": {name: _schema(hint, defs, closed) for name, hint in hints.items()},
        "required": keys_of(kind)[0],
        **({"additionalProperties": False} if closed else {}),
    }

"""Errors as plain text, so that what rank 0 raised can be raised on the other ranks.

A pickled error could run code where it is read, and not every error can be pickled.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from ..language.diagnostics import BmError, Diagnostic, Label
from ..language.source import Source, Span


class _Form(NamedTuple):
    """How one kind of error becomes JSON, and an error again."""

    parts: Callable[[Any], Any]
    error: Callable[[Any], Exception]


def _span(span: Span) -> list[Any]:
    return [span.source.name, span.source.text, span.start, span.end]


def _span_of(parts: list[Any]) -> Span:
    return Span(Source(*parts[:2]), *parts[2:])


def _diagnostic(d: Diagnostic) -> dict[str, Any]:
    others = [(_span(other.span), other.text) for other in d.others]
    return {**vars(d), "span": d.span and _span(d.span), "others": others}


def _diagnostic_of(parts: dict[str, Any]) -> Diagnostic:
    tuples = {k: tuple(v) for k, v in parts.items() if isinstance(v, list)}
    others = tuple(Label(_span_of(span), text) for span, text in parts["others"])
    span = parts["span"] and _span_of(parts["span"])
    return Diagnostic(**{**parts, **tuples, "span": span, "others": others})


FORMS: dict[type[Exception], _Form] = {
    BmError: _Form(
        lambda e: [_diagnostic(d) for d in e.diagnostics] or str(e),
        lambda x: BmError(x) if isinstance(x, str) else BmError(*map(_diagnostic_of, x)),
    ),
    OSError: _Form(
        lambda e: [e.errno, e.strerror, e.filename and str(e.filename)] if e.errno else [str(e)],
        lambda x: OSError(*x),  # of the subclass that belongs to the number
    ),
    **{
        kind: _Form(str, kind)
        for kind in (MemoryError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError)
    },
}
"""Kinds that keep their kind, by the first that an error belongs to; any other is a RuntimeError
that names its kind.
"""


def written(error: Exception) -> str:
    """An error as text, for `read`."""
    for kind, form in FORMS.items():
        if isinstance(error, kind):
            return json.dumps([kind.__name__, form.parts(error)])
    return json.dumps([RuntimeError.__name__, f"{type(error).__name__}: {error}"])


def read(text: str) -> Exception:
    """The error that `written` wrote, without its traceback."""
    name, parts = json.loads(text)
    return next(form for kind, form in FORMS.items() if kind.__name__ == name).error(parts)

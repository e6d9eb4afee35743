"""Printed routines as statements: what `bm emit` prints names the model's lines in its comments."""

from __future__ import annotations

import ast
import functools


@functools.cache
def statements(text: str) -> frozenset[str]:
    """The statements of a module's text, without comments."""
    return frozenset(ast.unparse(x) for x in ast.parse(text).body)

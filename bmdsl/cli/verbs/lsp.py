"""`bm lsp`: the language server of editors."""

from __future__ import annotations

import importlib.util

from ..options import KNOWN, Units

PLACE = KNOWN, 4


def run(units: Units = None) -> None:
    """Serve an editor over standard input and output: diagnostics, hovers, completion, rename."""
    from ...language.diagnostics import fail

    if importlib.util.find_spec("pygls") is None:
        raise fail(
            "BM986",
            "the language server needs the package `pygls`, which is not installed",
            help='pip install "bmdsl[lsp]"',
        )
    from ...editor.server import serve

    serve()

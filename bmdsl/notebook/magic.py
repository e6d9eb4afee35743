"""`%load_ext bmdsl`, and cells of `.bm` text: `%%bm`."""

from __future__ import annotations

import sys
from typing import Any

from ..language.diagnostics import fail

USAGE = "`%%bm`, `%%bm NAME`, or with arguments `%%bm NAME D=64 H=100`"


def load(shell: Any) -> None:
    """Registers the cell magic with an IPython shell."""

    def bm(line: str, cell: str) -> Any:
        """Makes the model, or the stack, of the cell's text: a variable of its own name, or NAME.

        %%bm [NAME] [ARGUMENT=NUMBER ...]
        """
        made = model_of_cell(line, cell)
        for lint in getattr(made[1].checked, "lints", ()):
            print(f"{lint}\n", file=sys.stderr)
        shell.push({made[0]: made[1]})
        return made[1]

    shell.register_magic_function(bm, "cell", "bm")


def model_of_cell(line: str, cell: str) -> tuple[str, Any]:
    """The variable's name, and the model or stack of a cell.

    Raises BM980 for a line that is none of `%%bm`, and BmError with all that is wrong in the text.
    """
    from .. import driver
    from ..api import Model, StackModel
    from ..language.source import Source

    variable, arguments = _parsed(line)
    source = Source("<cell>", cell)
    made: Model | StackModel
    if driver.is_stack(driver.tree_of(source), None):
        if arguments:
            raise fail(
                "BM980",
                "a stack takes no arguments",
                help="write the layers' arguments into the stack",
            )
        made = StackModel(source)
    else:
        made = Model(source, arguments)
    return variable or made.name, made


def _parsed(line: str) -> tuple[str, dict[str, float]]:
    """The name and the arguments of a magic's line."""
    words = line.split()
    name = words.pop(0) if words and "=" not in words[0] else ""
    arguments: dict[str, float] = {}
    for word in words:
        key, _, text = word.partition("=")
        try:
            value = float(text.replace("_", ""))
        except ValueError:
            raise fail("BM980", f"`{word}` is not of the form NAME=NUMBER", help=USAGE) from None
        arguments[key] = int(value) if value.is_integer() else value
    if name and not name.isidentifier():
        raise fail("BM980", f"`{name}` is no name of a variable", help=USAGE)
    return name, arguments

"""A trained stack: a row a layer."""

from __future__ import annotations

from ...language.vocabulary import Word
from ...markup.fragments import heading, rows
from ...stacks.stack_machine import StackMachine

WORD = Word("StackMachine", summary="the layers, from the data up")


def html(stack: StackMachine) -> str:
    """Each layer's model, groups and number of parameters."""
    table = [
        (
            layer.name,
            layer.machine.model.name,
            ", ".join(map(str, layer.machine.model.groups)),
            f"{sum(x.size for x in layer.machine.params.values()):,}",
        )
        for layer in stack.layers
    ]
    head = ("layer", "model", "groups", "parameters")
    return heading(f"Stack {stack.name}") + rows(table, head, words=True)

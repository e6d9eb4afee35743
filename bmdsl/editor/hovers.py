"""What is said of the word under the pointer, as Markdown."""

from __future__ import annotations

import re

from .. import driver, units
from ..language import tree as t
from ..language.diagnostics import BmError
from ..language.model import Model
from ..language.vocabulary import Option, Word
from ..report.derivation import conditional_text
from ..report.model_facts import parameters
from .document import Document
from .names import NamedThing, thing_at

WORD = re.compile(r"[^\W\d]\w*")
KEYWORDS = {
    "language": "the version of the language that the text is written in, once and first",
    "visible": "units that data give values to",
    "hidden": "units that are summed out",
    "given": "units that are always clamped: P(visible, hidden | given)",
    "param": "parameters, with `init`, `fixed`, `symmetric`, `nonnegative`",
    "energy": "E(x): letters that repeat in a term are summed, P(x) = exp(−E(x)) / Z",
    "layers": "groups coupled one to the next, with biases",
    "bias": "a bias for each of these groups",
    "graph": "edges that terms run over",
    "train": "how the model is trained",
    "stack": "models one on another, each trained on the hidden means of the one below",
}


def hover(document: Document, offset: int) -> str | None:
    """None where there is nothing to say."""
    found = None if document.tree is None else thing_at(document.tree, offset)
    if found is not None:
        return _of_thing(document, found)
    word = word_at(document.text, offset)
    return None if word is None else of_word(word)


def word_at(text: str, offset: int) -> str | None:
    """The word that covers a place."""
    for found in WORD.finditer(text):
        if found.start() <= offset <= found.end():
            return found[0]
    return None


def of_word(word: str) -> str | None:
    """A unit type, a word of a train block, or a keyword."""
    if word in units.names():
        unit = units.get(word)
        options = f"({', '.join(o.name for o in unit.options)})" if unit.options else ""
        return f"**{word}**{options}, {unit.domain}\n\n{unit.summary}"
    for kind, known in _words().items():
        if word in known:
            return described(kind, known[word])
    return f"**{word}**: {KEYWORDS[word]}" if word in KEYWORDS else None


def _words() -> dict[str, dict[str, Word]]:
    v = driver.vocabulary()
    kinds = ("positive", "negative", "objective", "optimizer", "schedule", "penalty", "pretrain")
    return {kind: dict(getattr(v, kind)) for kind in (*kinds, "transform")}


def described(kind: str, word: Word) -> str:
    """A word with its options and what it does."""
    options = ", ".join(map(_option, word.options))
    return f"**{word.name}**({options}): {kind}\n\n{word.summary}"


def _option(o: Option) -> str:
    return o.name if o.default is None else f"{o.name} = {o.default}"


def _of_thing(document: Document, found: NamedThing) -> str:
    owner = found.owner.name.text if found.owner is not None else found.name
    model = document.models.get(owner)
    if found.kind == "group" and model is not None:
        return _of_group(model, found.name)
    if found.kind == "parameter" and model is not None:
        return _of_parameter(model, found.name)
    if found.kind == "model" and model is not None:
        groups = ", ".join(f"{g.role} {g}" for g in model.groups)
        return f"**model {found.name}**: {groups}"
    if found.kind == "letter":
        return f"`{found.name}`: a letter, summed over the axis where it stands"
    if found.kind == "argument" and isinstance(found.node, t.ArgumentDeclaration):
        default = found.node.default
        text = default.span.text if default is not None else "read from the data"
        return f"**{found.name}**: argument of `{owner}`, {text}"
    return f"**{found.name}**: {found.kind}"


def _of_group(model: Model, name: str) -> str:
    """Role, shape and type, and the conditional that follows from the energy."""
    g = model.group(name)
    head = f"**{g}**: {g.role}, {g.unit}\n\n{units.get(g.unit).summary}"
    try:
        plan = driver.plan_of(model)
        lines = conditional_text(plan, name) if g.role != "given" else []
    except BmError:
        return head
    return head + ("\n\n```text\n" + "\n".join(lines) + "\n```" if lines else "")


def _of_parameter(model: Model, name: str) -> str:
    """Shape, start and number."""
    try:
        table = parameters(driver.plan_of(model))
    except BmError:
        return f"**{name}**: parameter"
    row = next((r for r in table if r[0] == name), None)
    if row is None:
        return f"**{name}**: parameter"
    return f"**{name}**: parameter, shape {row[1]}, {row[3]} numbers, starts as `{row[2]}`"

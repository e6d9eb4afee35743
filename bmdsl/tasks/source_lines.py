"""Which lines of a model's text the calls of a printed routine come from."""

from __future__ import annotations

from collections.abc import Iterable

from ..emit.routine import Origin
from ..language.model import Model
from ..language.shapes import nested
from ..language.source import Span
from ..plan.identifiers import identifier
from ..schedule.ops import Access, Heading, Op
from ..training.composing import word_text

OF_PARAMETERS = (("parameter",), ("gradient",))
"""How what arrays are bound to begins that belong to a parameter."""
MOST = 3
"""Lines of one call that are named: more say nothing."""


def origin_of(model: Model) -> Origin:
    """Heading or op → the lines of the text that it comes from, as `line 9`; empty if there are
    none, or too many to say anything.

    An op that reads a parameter or adds to its gradient comes from the energy's terms that hold the
    parameter, one of a unit type from the line that declares its group, a phase, an objective, a
    penalty and the step from their words in the train block.
    """
    parameters: dict[str, list[Span]] = {}
    for term in model.terms:
        spans = [term.span] if term.span else []
        for name in (f.parameter for part, _ in nested(term) for f in part.parameters):
            parameters.setdefault(name, []).extend(spans)
    groups = {identifier(g.name): [g.span] for g in model.groups if g.span}
    words = _words(model)
    main = _main(span for spans in (*groups.values(), *parameters.values()) for span in spans)

    def origin(node: Heading | Op) -> str:
        if isinstance(node, Heading):
            return _lines(words.get(node.text, []), main)
        if node.kind.origin == "module":
            return _lines(groups.get(node.kind.name.rpartition("_")[2], []), main)
        if any(v.source[:1] == ("optimizer",) for v in node.used(*Access)):
            return ""  # the step's own line stands above
        names = [v.source[1] for v in node.used(*Access) if v.source[:1] in OF_PARAMETERS]
        return _lines([x for n in dict.fromkeys(names) for x in parameters.get(n, [])], main)

    return origin


def _words(model: Model) -> dict[str, list[Span]]:
    """The text above a part of an update → the word that it carries out."""
    t = model.training
    heads = [("positive phase", t.positive), ("negative phase", t.negative)]
    heads += [("objective", t.objective), ("step", t.optimizer)]
    heads += [("penalty", x) for x in t.penalty]
    return {f"{head}: {word_text(x)}": [x.span] for head, x in heads if x and x.span}


def _main(spans: Iterable[Span]) -> str:
    """The name of the text that most of the model is written in."""
    names = [x.source.name for x in spans]
    return max(dict.fromkeys(names), key=names.count, default="")


def _lines(spans: Iterable[Span], main: str) -> str:
    """Lines in order, as they are told to a reader; those of another text with its name."""
    found = sorted({(x.source.name != main, x.source.name, x.line) for x in spans})
    own = [str(line) for other, _, line in found if not other]
    others = [f"{name}:{line}" for other, name, line in found if other]
    if not found or len(found) > MOST:
        return ""
    told = [f"line{'s' if len(own) > 1 else ''} {', '.join(own)}"] if own else []
    return ", ".join([*told, *others])

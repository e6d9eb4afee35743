"""Which lines of a model's text the calls of a printed routine come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..emit.routine import Origin
from ..language.model import Model
from ..language.shapes import nested
from ..language.source import Span
from ..plan.identifiers import VERBS
from ..plan.plan import Plan
from ..schedule.module_ops import terms_of
from ..schedule.ops import Access, Heading, Number, Op, walk
from ..schedule.schedule import Schedule
from ..schedule.values import Content, Life
from ..training.headings import CENTRING, GRADIENT, MODIFIERS, MONITORED, PREPARED, word_heading

OF_PARAMETERS = (("parameter",), ("gradient",))
"""How what arrays are bound to begins that belong to a parameter."""
MAX_NAMED = 3
"""Lines that are named one by one; of more, the first and the last."""
ALL_OF_WORD = ("step", "penalty", "centred gradient")
"""How the headings of parts begin all of whose calls are their word's."""
Spans = tuple[Span, ...]


def origin_of(plan: Plan, schedule: Schedule) -> Origin:
    """Heading or op, and the headings so far → the lines of the text that it comes from, as `line
    9`; empty if the text says nothing of it.

    An op comes from the energy's terms whose parameters it reads or whose gradient it adds to, and
    one of a unit type from the line that declares its group. All ops of a step, a penalty and the
    centred gradient come from their words in the train block, others of a phase or an objective as
    well if they have no lines of their own. What then is left makes room or sums for other ops, and
    comes from where these do.
    """
    model = plan.model
    words = _words(model)
    own = _Own(plan)
    near = _near(schedule, own)
    declared = {p.name: p.span for p in model.parameters}
    main = _main(model)

    def origin(node: Heading | Op, above: Sequence[Heading]) -> str:
        if isinstance(node, Heading):
            return _lines(words.get(node.text, ()), main)
        section = next((x.text for x in reversed(above) if x.text in words), "")
        if section == MODIFIERS:
            return _lines((s for n in _parameters(node) if (s := declared[n])), main)
        if section.startswith(ALL_OF_WORD):
            return _lines(words[section], main)
        return _lines(own.of(node) or words.get(section, ()) or near.get(node, ()), main)

    return origin


class _Own:
    """The lines that an op has by what it is and by what it reads and writes."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.keys = {name: key for key, name in plan.functions.items()}
        self.groups = {g.name: (g.span,) for g in plan.model.groups if g.span}
        self.temperatures = {t.group: (t.span,) for t in plan.model.training.temperature if t.span}
        self.terms = [(t.span,) if t.span else () for t in plan.model.terms]
        self.parameters: dict[str, Spans] = {}
        for term, spans in zip(plan.model.terms, self.terms, strict=True):
            for name in (f.parameter for part, _ in nested(term) for f in part.parameters):
                self.parameters[name] = self.parameters.get(name, ()) + spans

    def is_of_unit(self, op: Op) -> bool:
        """Whether it is what a unit type does: a mean, a draw, a log-partition."""
        return op.kind.origin == "module" and self.keys[op.kind.name][0] in VERBS

    def of(self, op: Op) -> Spans:
        """Its lines, none if it works on scratch arrays alone."""
        if op.kind.origin == "module":
            key = self.keys[op.kind.name]
            if self.is_of_unit(op):
                return self.groups.get(key[1], ())
            return tuple(x for n in terms_of(self.plan, key) for x in self.terms[n])
        for v in op.used(*Access):
            if v.source[:1] == ("usage",):
                return self.groups.get(v.source[1], ())
        numbers = " ".join(str(x) for x in op.operands if isinstance(x, Number))
        for group, spans in self.temperatures.items():
            if f"temperature_{group}[" in numbers:
                return spans
        return tuple(x for n in _parameters(op) for x in self.parameters.get(n, ()))


def _parameters(op: Op) -> tuple[str, ...]:
    """The parameters that an op reads, moves, or adds to the gradient of."""
    used = op.used(*Access)
    return tuple(dict.fromkeys(v.source[1] for v in used if v.source[:1] in OF_PARAMETERS))


def _near(schedule: Schedule, own: _Own) -> dict[Op, Spans]:
    """Op → its own lines, or those of the nearest ops that share with it what it writes, or else
    what it reads; terms come before units.
    """
    ops = tuple(dict.fromkeys(walk(schedule.body)))
    lines = {op: spans for op in ops if (spans := own.of(op))}
    of_terms = {op: spans for op, spans in lines.items() if not own.is_of_unit(op)}
    return _spread(ops, {**_spread(ops, of_terms), **lines})


def _spread(ops: tuple[Op, ...], found: dict[Op, Spans]) -> dict[Op, Spans]:
    """The lines that are `found`, and those that they give to the ops around them."""
    while True:
        of_value: dict[str, dict[Span, None]] = {}
        for op, spans in found.items():
            for v in op.used(*Access):
                if (v.content, v.life) != (Content.CONSTANT, Life.GIVEN):
                    of_value.setdefault(v.name, {}).update(dict.fromkeys(spans))
        more: dict[Op, Spans] = {}
        for how in ((Access.WRITE, Access.UPDATE), (Access.READ,)):
            for op in ops if not more else ():
                names = {v.name: None for v in op.used(*how)}
                spans = tuple(x for n in names for x in of_value.get(n, ()))
                if op not in found and spans:
                    more[op] = spans
        if not more:
            return found
        found = {**found, **more}


def _words(model: Model) -> Mapping[str, Spans]:
    """The heading of every part of an update → the words that it carries out; none for parts of
    no word.
    """
    t = model.training
    heads = [("positive phase", t.positive), ("negative phase", t.negative)]
    heads += [("objective", t.objective), ("step", t.optimizer)]
    heads += [("penalty", x) for x in t.penalty]
    out = {word_heading(head, x): (x.span,) if x.span else () for head, x in heads if x}
    out |= dict.fromkeys((PREPARED, GRADIENT, MODIFIERS, MONITORED), ())
    return {**out, CENTRING: (t.center_span,) if t.center_span else ()}


def _main(model: Model) -> str:
    """The name of the text that most of the model is written in."""
    spans = [x.span for of in (model.groups, model.terms) for x in of if x.span]
    names = [x.written.source.name for x in spans]
    return max(dict.fromkeys(names), key=names.count, default="")


def _lines(spans: Iterable[Span], main: str) -> str:
    """Lines in order, as they are told to a reader; those of another text with its name."""
    lines: dict[str, set[int]] = {}
    for x in (x.written for x in spans):
        lines.setdefault(x.source.name, set()).add(x.line)
    told = []
    for name in sorted(lines, key=lambda name: (name != main, name)):
        found = sorted(lines[name])
        numbers = (
            f"{found[0]}–{found[-1]}" if len(found) > MAX_NAMED else ", ".join(map(str, found))
        )
        if name != main:
            told.append(f"{name}:{numbers}")
        else:
            told.append(f"line{'s' if len(found) > 1 else ''} {numbers}")
    return ", ".join(told)

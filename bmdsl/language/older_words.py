"""Words in the spelling of an earlier version: read as today's, told, and rewritten on request.

A word that is renamed keeps its old name in `formerly`, beside its new one; there is no other list
but that of settings. A name that means something today is never taken for an older spelling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from . import tree as t
from .diagnostics import Diagnostic
from .graphs import KINDS
from .training_block import LISTS, SETTINGS, SETTINGS_FORMERLY, WORDS
from .vocabulary import Option, UnitWord, Vocabulary, Word

Words = Mapping[str, Word] | Mapping[str, UnitWord]


@dataclass(frozen=True)
class OlderName:
    """A name as an earlier version spelled it, and its spelling now."""

    written: t.Name
    now: str

    @property
    def warning(self) -> Diagnostic:
        """BM962, with the new spelling."""
        return Diagnostic(
            "BM962",
            f"`{self.written.text}` is the spelling of an earlier version",
            self.written.span,
            helps=(f"it is now spelled `{self.now}`", "`bm fmt --upgrade FILE` rewrites it"),
            level="warning",
        )


def respelled(
    model: t.ModelDefinition, vocabulary: Vocabulary
) -> tuple[t.ModelDefinition, tuple[OlderName, ...]]:
    """A model in today's spelling, and the names that were older ones, in the text's order."""
    older: list[OlderName] = []
    statements: list[t.Statement] = []
    for s in model.statements:
        if isinstance(s, t.UnitDeclaration):
            kind = _call(s.type, vocabulary.units, older)
            s = replace(s, type=kind) if isinstance(kind, t.Call) else s
        elif isinstance(s, t.GraphDeclaration):
            drawn = _call(s.value, {n: word for n, (word, _) in KINDS.items()}, older)
            s = replace(s, value=drawn) if isinstance(drawn, t.Call) else s
        elif isinstance(s, t.TrainBlock):
            s = replace(s, settings=tuple(_setting(x, vocabulary, older) for x in s.settings))
        statements.append(s)
    return (replace(model, statements=tuple(statements)) if older else model), tuple(older)


def respelled_stack(
    stack: t.StackDefinition, vocabulary: Vocabulary
) -> tuple[t.StackDefinition, tuple[OlderName, ...]]:
    """A stack's own train block likewise."""
    older: list[OlderName] = []
    settings = tuple(
        _setting(s, vocabulary, older) if isinstance(s, t.Setting) else s for s in stack.train
    )
    return (replace(stack, train=settings) if older else stack), tuple(older)


def older_names(file: t.File, vocabulary: Vocabulary) -> Iterator[OlderName]:
    """Those of a text, in its order."""
    for d in file.definitions:
        if isinstance(d, t.ModelDefinition):
            yield from respelled(d, vocabulary)[1]
        else:
            yield from respelled_stack(d, vocabulary)[1]


def rewritten(text: str, names: Sequence[OlderName]) -> str:
    """The text with its older names in today's spelling, and nothing else changed."""
    for name in sorted(names, key=lambda n: n.written.span.start, reverse=True):
        span = name.written.span
        text = text[: span.start] + name.now + text[span.end :]
    return text


def _setting(s: t.Setting, v: Vocabulary, older: list[OlderName]) -> t.Setting:
    formerly = {old: new for new, names in SETTINGS_FORMERLY.items() for old in names}
    name = s.name if s.name.text in SETTINGS else _name(s.name, formerly, older)
    if name.text not in (*WORDS, *LISTS):
        return replace(s, name=name)
    words: Mapping[str, Word] = getattr(v, name.text)
    return replace(s, name=name, values=tuple(_call(x, words, older) for x in s.values))


def _call(e: t.Expression, words: Words, older: list[OlderName]) -> t.Expression:
    """A word, with its options or alone."""
    if isinstance(e, t.Ref):
        return replace(e, name=_word(e.name, words, older)) if e.subscripts is None else e
    if not isinstance(e, t.Call):
        return e
    function = _word(e.function, words, older)
    known = words.get(function.text)
    options = () if known is None else known.options
    given = tuple(
        a if a.name is None else replace(a, name=_option(a.name, options, older))
        for a in e.arguments
    )
    return replace(e, function=function, arguments=given)


def _word(name: t.Name, words: Words, older: list[OlderName]) -> t.Name:
    formerly = {old: n for n, word in words.items() for old in word.formerly}
    return name if name.text in words else _name(name, formerly, older)


def _option(name: t.Name, options: Sequence[Option], older: list[OlderName]) -> t.Name:
    formerly = {old: o.name for o in options for old in o.formerly}
    return name if name.text in (o.name for o in options) else _name(name, formerly, older)


def _name(name: t.Name, formerly: Mapping[str, str], older: list[OlderName]) -> t.Name:
    if name.text not in formerly:
        return name
    older.append(OlderName(name, formerly[name.text]))
    return replace(name, text=formerly[name.text])

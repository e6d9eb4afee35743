"""What may stand at a place, also while the text does not parse: the words before it decide."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .. import driver, units
from ..language.training_block import SETTINGS
from ..markup.lexer import ROLES
from .hovers import KEYWORDS

STATEMENTS = (*ROLES, "param", "energy", "graph", "layers", "bias", "train")
FUNCTIONS = ("sum", "for", "in")
STARTS = ("normal", "uniform", "glorot", "signs", "logit_mean", "mean")
MODIFIERS = ("fixed", "symmetric", "nonnegative")
DECLARED = re.compile(
    r"\b(?:visible|hidden|given|graph)\s+([^\W\d]\w*)|\bparam\s+([^\n]*)|\bmodel\s+\w+\s*\(([^)]*)\)"
)
NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Completion:
    """A word that may stand here, its kind, and what it means."""

    label: str
    kind: str
    detail: str = ""


def completions(text: str, offset: int) -> list[Completion]:
    """All that may stand at a place; the editor picks those that begin as what was typed."""
    before = re.sub(r"#[^\n]*|\"[^\"\n]*\"", lambda m: " " * len(m[0]), text[:offset])
    if re.search(r"#[^\n]*\Z", text[:offset]):
        return []
    before = before[: len(before) - len(_typed(before))]
    block = _block(before)
    if block is None:
        first = () if before.strip() else ("language",)
        words = ("model", "stack", "import", *first)
        return [Completion(w, "keyword", KEYWORDS.get(w, "")) for w in words]
    if block == "train":
        return _in_train(before)
    if block == "stack":
        return [Completion(n, "model") for n in re.findall(r"\bmodel\s+([^\W\d]\w*)", text)]
    return _in_model(before, text)


def _typed(before: str) -> str:
    found = re.search(r"[^\W\d]\w*$", before)
    return found[0] if found else ""


def _block(before: str) -> str | None:
    """Of the innermost brace that is open: `model`, `stack` or `train`; None outside all."""
    open_words: list[str] = []
    for found in re.finditer(r"(model|stack|train)\b[^{}]*\{|\{|\}", before):
        if found[0] == "}":
            if open_words:
                open_words.pop()
        else:
            open_words.append(found[1] or "model")
    if open_words[-2:] == ["stack", "train"]:
        return "train"
    return open_words[-1] if open_words else None


def _in_train(before: str) -> list[Completion]:
    line = before.rpartition("\n")[2].rpartition("{")[2].strip()
    found = NAME.match(line)
    if found is None:
        return [Completion(name, "setting") for name in SETTINGS]
    name = found[0]
    v = driver.vocabulary()
    known = getattr(v, name, None)
    if known is not None and "(" in line and not line.endswith((",", ")")):
        word = known.get(next(iter(NAME.findall(line[len(name) :])), ""))
        return [] if word is None else [Completion(o.name, "option") for o in word.options]
    if known is not None:
        return [Completion(w.name, "word", w.summary) for w in known.values()]
    if name == "data":
        from ..data.load import names

        return [Completion(n, "data set", text) for n, text in names().items()]
    return [Completion("on", "word")] if name == "center" else []


def _in_model(before: str, text: str) -> list[Completion]:
    line = before.rpartition("\n")[2]
    if re.search(r":\s*$", line):
        return [
            Completion(n, "type", f"{units.get(n).domain}: {units.get(n).summary}")
            for n in units.names()
        ]
    if re.search(r"\binit\s*$", line):
        return [Completion(w, "function") for w in STARTS]
    if re.match(r"\s*param\s+[^\W\d]\w*\s", line):
        return [Completion(w, "keyword") for w in ("init", *MODIFIERS)]
    if not line.strip().rpartition("{")[2].strip() and not _in_energy(before):
        return [Completion(w, "keyword", KEYWORDS.get(w, "")) for w in STATEMENTS]
    names = [Completion(n, "name") for n in _declared(text)]
    words = () if line.strip() else STATEMENTS
    return [*names, *(Completion(w, "keyword") for w in (*FUNCTIONS, *words))]


def _in_energy(before: str) -> bool:
    """Whether the last statement that was begun is an energy."""
    begun = re.findall(rf"^\s*({'|'.join(STATEMENTS)})\b", before, re.M)
    return bool(begun) and begun[-1] == "energy"


def _declared(text: str) -> list[str]:
    """Names that declarations bring, in order."""
    out: list[str] = []
    for found in DECLARED.finditer(text):
        if found[1]:
            out.append(found[1])
        elif found[2]:
            parts = re.split(r",(?![^\[(]*[\])])", found[2])
            out += [m[0] for part in parts if (m := NAME.match(part.strip()))]
        elif found[3]:
            out += [m[0] for part in found[3].split(",") if (m := NAME.match(part.strip()))]
    return list(dict.fromkeys(out))

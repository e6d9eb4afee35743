"""Texts that the grammar derives: the bytes of an input choose rules and words, so that each text
is parsed and what follows the parser is met.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

MOST_WORDS = 48
"""Words of a kind that a byte chooses from, the most frequent ones."""
MOST_SYMBOLS = 4000
"""Symbols of a derivation, after which every rule is the shortest."""
GROWING = 128
"""A byte below takes the shortest rule: derivations end before their bytes do."""

OWN = 200
"""A byte below takes one of the words that the model has in this place."""

ANYWHERE = ""
Words = dict[tuple[str, str], list[str]]
"""(rule, terminal) → words that stand there."""


class Symbol(NamedTuple):
    """What a rule holds: another rule's name, or a terminal within this one."""

    name: str
    is_terminal: bool
    rule: str


class Frame(NamedTuple):
    """A model without its last brace, and the words that stand in it."""

    text: str
    words: Words


def _words(trees: Iterable[Any]) -> Words:
    """The most frequent words of trees by rule and terminal."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for tree in trees:
        for node in tree.iter_subtrees():
            for child in node.children:
                if hasattr(child, "type"):
                    counts[str(node.data), child.type][str(child)] += 1
                    counts[ANYWHERE, child.type][str(child)] += 1
    return {key: [w for w, _ in found.most_common(MOST_WORDS)] for key, found in counts.items()}


class Bytes:
    """Bytes one after another, zeros after the last."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    @property
    def remain(self) -> bool:
        return self._at < len(self._content)

    def next(self) -> int:
        """The next one."""
        self._at += 1
        return self._content[self._at - 1] if self._at <= len(self._content) else 0


class Derivations:
    """Bytes → a text: one of the sound texts, each of one model, with statements more."""

    EVEN = "statement"
    """What is chosen with equal chances, and again and again until the bytes end."""

    def __init__(self, sound: list[str]) -> None:
        from bmdsl.language.parse import _parser

        parser = _parser()
        trees = [parser.parse(text) for text in sound]
        self._all = _words(trees)
        self._frames = [
            Frame(text.rstrip()[:-1], _words([tree]))
            for text, tree in zip(sound, trees, strict=True)
        ]
        self._rules: dict[str, list[tuple[Symbol, ...]]] = defaultdict(list)
        for rule in parser.rules:
            shown = rule.alias or rule.origin.name
            self._rules[rule.origin.name].append(
                tuple(Symbol(s.name, s.is_term, shown) for s in rule.expansion)
            )
        self._literal = {
            t.name: t.pattern.value.replace("\\", "")
            for t in parser.terminals
            if t.pattern.type == "str"
        }
        for t in parser.terminals:  # words that are words of the language in some places alone
            if word := re.match(r"[a-z]+(?=\(\?=)", t.pattern.value):
                self._literal[t.name] = word[0]
        self._sort()

    def _sort(self) -> None:
        """The rules of each name, that of the fewest terminals first."""
        size = dict.fromkeys(self._rules, 1 << 30)
        for _ in self._rules:
            for name, rules in self._rules.items():
                size[name] = min(sum(self._size(s, size) for s in rule) for rule in rules)
        for rules in self._rules.values():
            rules.sort(key=lambda rule: sum(self._size(s, size) for s in rule))

    def _size(self, symbol: Symbol, size: dict[str, int]) -> int:
        return 1 if symbol.is_terminal else size[symbol.name] + 1

    def text(self, content: bytes) -> str:
        """The text of these bytes."""
        left = Bytes(content)
        frame = self._frames[left.next() % len(self._frames)]
        out = [frame.text]
        todo: list[Symbol] = []
        while todo or left.remain:
            symbol = todo.pop() if todo else Symbol(self.EVEN, False, "")
            if symbol.is_terminal:
                out.append(self._word(symbol, frame, left))
                continue
            rules = self._rules[symbol.name]
            byte = left.next() if len(rules) > 1 and len(out) < MOST_SYMBOLS else 0
            if symbol.name != self.EVEN:
                byte = max(0, byte - GROWING)
            todo += reversed(rules[byte % len(rules)])
        return " ".join((*out, "}"))

    def _word(self, symbol: Symbol, frame: Frame, left: Bytes) -> str:
        if symbol.name in self._literal:
            return self._literal[symbol.name]
        key = symbol.rule, symbol.name
        byte = left.next()
        keys = (key, (ANYWHERE, symbol.name))
        places = (frame.words, self._all) if byte < OWN else (self._all, frame.words)
        known = next(words[k] for words in places for k in keys if k in words)
        return known[byte % len(known)]

"""What is fuzzed, one target a part of the package: bytes → `fine` or `refused`, anything else is a
fault. All in one process; what is read from a path lies in the system's memory.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from bmdsl.language.diagnostics import BmError

from . import fuzz_files, fuzz_texts
from .derived_texts import Derivations
from .made_run import MadeRun

Examine = Callable[[bytes], str]
WORD = re.compile(r'"[^"\n]*"|\d[\d_.]*(?:[eE][+-]?\d+)?|[^\W\d]\w*|\.\.|\+=|--|\n|[^\w\s]')
MAX_CHARACTERS = 128
MAX_FRAME = 45
"""Words of a text that statements are added to."""
MAX_WORDS = 120
"""Words of a text that the targets of words begin with: short texts are checked fastest."""


@dataclass(frozen=True)
class Target:
    """`begin(folder)` gives the sound contents to begin with, and what examines one; the folder is
    its own, and empty.
    """

    area: str
    begin: Callable[[Path], tuple[list[bytes], Examine]]
    max_bytes: int = 256
    share: int = 1
    """Of the time of a campaign."""


def _judged(read: Callable[[], object]) -> str:
    try:
        read()
    except BmError as error:
        str(error), json.dumps([d.as_dict() for d in error.diagnostics])
        return "refused"
    return "fine"


@cache
def _texts() -> list[str]:
    return fuzz_texts.texts()


@cache
def _short_texts() -> list[list[str]]:
    """Words of the short texts of models in tests and documentation."""
    found = [WORD.findall(re.sub("#.*", "", text)) for text in _texts()]
    return sorted((words for words in found if len(words) <= MAX_WORDS), key=len)


@cache
def vocabulary() -> list[str]:
    """The most frequent words of the short texts, 256 at most: a byte of an input is a word."""
    from collections import Counter

    count = Counter(word for words in _short_texts() for word in words)
    return [word for word, _ in sorted(count.items(), key=lambda x: (-x[1], x[0]))[:256]]


def of_words(content: bytes) -> str:
    """The text that bytes stand for, a word each."""
    known = vocabulary()
    return " ".join(known[b % len(known)] for b in content)


def parsed(text: str) -> None:
    """Text → tree → text; the formatted text is parsed to a tree that is formatted alike."""
    from bmdsl import driver
    from bmdsl.language.format import format
    from bmdsl.language.source import Source

    once = format(driver.tree_of(Source("<text>", text)))
    twice = format(driver.tree_of(Source("<text>", once)))
    if once != twice:
        raise AssertionError("formatting twice is not formatting once")


def checked(text: str, planned: bool) -> None:
    """Text → models, and their plans."""
    from bmdsl import driver
    from bmdsl.language.source import Source
    from bmdsl.language.tree import StackDefinition

    tree = driver.tree_of(Source("<text>", text))
    for d in driver.definitions_of(tree):
        if isinstance(d, StackDefinition):
            driver.stack_of(d, tree, None)
        else:
            model = driver.model_of(d, {}, None)
            if planned and not model.unbound:
                driver.plan_of(model)


def _characters(folder: Path) -> tuple[list[bytes], Examine]:
    texts = [t for t in _texts() if len(t) <= MAX_CHARACTERS]
    return [t.encode() for t in texts], lambda x: _judged(
        lambda: parsed(x.decode("utf-8", "replace"))
    )


def _words(planned: bool, folder: Path) -> tuple[list[bytes], Examine]:
    known = {word: k for k, word in enumerate(vocabulary())}
    whole = [words for words in _short_texts() if all(word in known for word in words)]
    return [bytes(known[word] for word in words) for words in whole], lambda x: _judged(
        lambda: checked(of_words(x), planned)
    )


@cache
def _derivations() -> Derivations:
    """Of the short texts that are sound, of one model each."""
    sound = []
    for words in _short_texts():
        if len(words) > MAX_FRAME:
            break
        text = " ".join(words)
        if text.count("model ") == 1 and "stack" not in text and "import" not in text:
            with suppress(BmError):
                checked(text, True)
                sound.append(text)
    return Derivations(sound)


def text_of(name: str, content: bytes) -> str | None:
    """The model that an input of a target stands for, which changes with the texts of the tests;
    None where the input is what is read.
    """
    if name in ("words", "plans"):
        return of_words(content)
    return _derivations().text(content) if name in ("statements", "planned statements") else None


def planned_text(content: bytes) -> str:
    """The answer to a model's text."""
    return _judged(lambda: checked(content.decode("utf-8", "replace"), True))


def _derived(planned: bool, folder: Path) -> tuple[list[bytes], Examine]:
    """Bytes that choose a sound text and what the grammar adds to it."""
    texts, rng = _derivations(), random.Random(1)
    sound = [rng.randbytes(length) for length in (1, 4, 8, 12, 16, 24) for _ in range(20)]
    return sound, lambda x: _judged(lambda: checked(texts.text(x), planned))


def _contents(kind: str, name: str, folder: Path) -> tuple[list[bytes], Examine]:
    """Every sound file of this kind and name."""
    (made := folder / "made").mkdir()
    (tried := folder / "tried").mkdir()
    sound = [content for k, n, content in fuzz_files.seeds(made) if (k, n) == (kind, name)]
    return sound, partial(fuzz_files.examine, kind, tried, name)


def _packed(kind: str, name: str, folder: Path) -> tuple[list[bytes], Examine]:
    """Contents before they are packed."""
    sound, examine = _contents(kind, name, folder)
    return [gzip.decompress(x) for x in sound], lambda x: examine(gzip.compress(x, 1))


def _edges(name: str, folder: Path) -> tuple[list[bytes], Examine]:
    from bmdsl.language.edge_lists import read_edge_list

    return [fuzz_files.EDGES[name]], lambda x: _judged(lambda: read_edge_list(name, x, None, 4))


def _starts(name: str, folder: Path) -> tuple[list[bytes], Examine]:
    """A parameter's start, of a model that is checked once."""
    from bmdsl.language.source import Source
    from bmdsl.model import Model
    from bmdsl.runtime.initial_files import read_start

    sound, _ = _contents("init", name, folder)
    path = folder / "tried" / name
    path.write_bytes(sound[0])
    text = fuzz_files.text_of("init", name)
    model = Model(Source("<text>", text), folder=path.parent).checked
    (parameter,) = model.parameters

    def read(content: bytes) -> None:
        path.write_bytes(content)
        read_start(model, parameter, path, "")

    return sound, lambda x: _judged(partial(read, x))


def _of_run(file: str, sealed: bool, folder: Path) -> tuple[list[bytes], Examine]:
    run = MadeRun(folder / "run")
    return [run.content(file)], lambda x: _judged(partial(run.read, file, x, sealed))


def _reader(kind: str, name: str, packed: bool = False) -> Target:
    return Target("readers", partial(_packed if packed else _contents, kind, name))


TARGETS: dict[str, Target] = {
    **{
        f"run's {file}": Target("run files", partial(_of_run, file, True), 4096, share=2)
        for file in MadeRun.FILES
    },
    "text": Target("parser", _characters, 128, share=8),
    "words": Target("checker", partial(_words, False), 64, share=4),
    "plans": Target("planner", partial(_words, True), 64, share=4),
    "statements": Target("checker", partial(_derived, False), 32, share=8),
    "planned statements": Target("planner", partial(_derived, True), 32, share=8),
    **{name: _reader("data", name) for name in fuzz_files.TABLES},
    **{f"{name}.gz": _reader("data", f"{name}.gz", True) for name in fuzz_files.TABLES},
    **{
        name: _reader("data", name, False)
        for name in ("a.npy", "a.npz:x", "s.npz", "a.h5:g/y", "a.parquet")
    },
    "idx": _reader("idx", "a.gz", True),
    "norb": _reader("norb", "a.mat"),
    "png": _reader("image", "a.png"),
    **{name: Target("readers", partial(_edges, name)) for name in fuzz_files.EDGES},
    **{
        f"start {name}": Target("readers", partial(_starts, name))
        for name in ("a.npy", "a.npz", "a.safetensors", "matrix.txt", "weighted.csv")
    },
}
"""Name → target: a new one is a line here."""

"""Mutated model texts through the whole pipeline: what is neither fine nor a diagnostic is told.

    python -m tests.reliability.fuzz_texts --count 100000 --seed 1

Every text is parsed, checked and planned and, one in some, formatted, emitted and explained.
"""

from __future__ import annotations

import ast
import random
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.reliability.study import options, study

ROOT = Path(__file__).parents[2]
EXPLAINED = 8
"""One text in this many is explained and emitted too, which takes most of the time."""
NUMBERS = (
    *("0", "1", "2", "3", "7", "8", "20", "400", "65536", "1000000", "16777217", "4294967296"),
    *(
        "9007199254740993",
        "1e15",
        "1e299",
        "1e400",
        "1e-320",
        "0.5",
        "1" + "0" * 400,
        "1_0",
        "9" * 18,
    ),
)
PIECES = (
    *"()[]{}+-*/^,:=<>.#\"'\\;@\n\t",
    *("..", "+=", " for i < j", " for i in 0..9", " for <i,j> in G", "sum[i] ", "sum[j,k] "),
    *("wrap(x+1)", "pad(x-1)", "exp(v[i])", "square(v[i])", "log1p(exp(v[i]))", " symmetric"),
    *(" fixed", " nonnegative", " init normal(0, 1)", ' init "w.csv"', 'import "rbm.bm"\n'),
    *("visible x[3] : spin\n", "hidden g : categorical(3)\n", "graph G = complete(9)\n"),
    *("graph G = regular(3, 10000000)\n", "graph G = grid(3, 3)\n", "layers v -- h\n", "bias v\n"),
    *("param W\n", "energy = - b[i] v[i]\n", "energy += v[i]^8\n", "train { epochs 3 }\n"),
    *("stack s { one : m }\n", "binary", "gaussian", "categorical(5)", "poisson", "é", "µ", "ſ"),
    *("\u202e", "\x1b[31m", "\0", "\ufeff", "𝔳", "²"),
)
MODEL = r"(model|stack) \w+.*\{[^{}]*\b(energy|layers)\b"
WORD = re.compile(r"\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|[^\W\d]\w*|\s+|\.\.|\+=|.", re.S)


def texts() -> list[str]:
    """Every shipped model, and every text with a model in the tests and the documentation."""
    files = [*(ROOT / "models").glob("*.bm"), *(ROOT / "tests").rglob("*.bm")]
    found = [p.read_text(encoding="utf-8", errors="replace") for p in sorted(files)]
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    for path in sorted((ROOT / "docs").rglob("*.md")):
        found += re.findall(r"```bm\n(.*?)```", path.read_text(encoding="utf-8"), re.S)
    return [t for t in dict.fromkeys(found) if len(t) < 20_000 and re.search(MODEL, t)]


def mutated(known: list[str], rng: random.Random) -> str:
    """One text with one to six changes: of words, numbers, lines, characters and nesting."""
    words: list[str] = WORD.findall(rng.choice(known)) or [" "]
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        at = rng.randrange(len(words) + 1)
        match rng.choice((*range(12), 2, 2, 2, 3, 3, 5, 9, 10)):
            case 0:
                del words[at : at + rng.choice((1, 1, 2, 5))]
            case 1:
                words.insert(at, rng.choice(PIECES))
            case 2:
                places = [k for k, w in enumerate(words) if w[:1].isdigit()]
                if places:
                    words[rng.choice(places)] = rng.choice(NUMBERS)
            case 3:
                names = [k for k, w in enumerate(words) if w[:1].isalpha()]
                if len(names) > 1:
                    a, b = rng.sample(names, 2)
                    words[a] = words[b]
            case 4:
                other = WORD.findall(rng.choice(known))
                start = rng.randrange(len(other) + 1)
                words[at:at] = other[start : start + rng.choice((1, 4, 20))]
            case 5:
                lines = "".join(words).split("\n")
                lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
                words = WORD.findall("\n".join(lines))
            case 6:
                lines = "".join(words).split("\n")
                del lines[rng.randrange(len(lines))]
                words = WORD.findall("\n".join(lines))
            case 7:
                deep = rng.choice((3, 30, 300, 3000))
                words[at:at] = [rng.choice("([{") * deep]
            case 8:
                deep, end = rng.choice((2, 20, 400, 2000)), at + rng.choice((1, 3, 9))
                part = "".join(words[at:end])
                words[at:end] = ["(" * deep, part, ")" * deep]
            case 9:
                end = at + rng.choice((1, 5, 12))
                part = "".join(words[at:end])
                words[at:end] = [part * rng.choice((2, 3, 40, 400))]
            case 10:
                part = "".join(words[at : at + 6])
                words[at : at + 6] = ["(", part, ")^", str(rng.randrange(1, 12))]
            case 11 if any(words):
                k = rng.choice([k for k, w in enumerate(words) if w])
                w = list(words[k])
                w[rng.randrange(len(w))] = chr(
                    rng.choice((rng.randrange(128), rng.randrange(0xD7FF)))
                )
                words[k] = "".join(w)
    return "".join(words)


def examine(text: str, explained: bool) -> str:
    """Takes a text through the pipeline: `fine` or `refused`; anything else raises."""
    from bmdsl import driver
    from bmdsl.language.diagnostics import BmError
    from bmdsl.language.source import Source
    from bmdsl.language.tree import StackDefinition
    from bmdsl.model import Model
    from bmdsl.report import derivation, model_facts

    try:
        source = Source("<text>", text)
        tree = driver.tree_of(source)
        whole = driver.whole_of(tree)
        for d in tree.definitions:
            if isinstance(d, StackDefinition):
                driver.stack_of(d, tree, None)
                continue
            model = Model(source, {}, d.name.text, whole=whole)
            plan = model.plan
            if explained:
                model.expand()
                model.emit("python")
                for part in (derivation, model_facts):
                    part.as_text(plan), part.as_latex(plan)
    except BmError as error:
        str(error), [d.as_dict() for d in error.diagnostics]
        return "refused"
    return "fine"


def _is_fine(text: str) -> bool:
    try:
        return examine(text, False) == "fine"
    except Exception:
        return False


def cases(seed: int, few: bool = False) -> Iterator[tuple[bytes, Callable[[], str]]]:
    """Texts without end, five of six made of a sound one; of the first few texts, for a test."""
    rng, known = random.Random(seed), texts()[: 40 if few else None]
    sound = [t for t in known if _is_fine(t)]
    number = 0
    while True:
        text = mutated(known if number % 6 == 0 else sound, rng)
        explained = number % EXPLAINED == 0
        yield text.encode("utf-8", "surrogatepass"), partial(examine, text, explained)
        number += 1


if __name__ == "__main__":
    sys.exit(study(cases, options(__doc__, 10_000)) > 0)

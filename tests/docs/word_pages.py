"""A page for every kind of word of a train block: `python -m tests.docs.word_pages` writes
docs/words/ anew, from what the words' own files say.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from types import ModuleType

from bmdsl.language.vocabulary import Option, Word
from bmdsl.registry import discover

from .generated import cell, page, table, write


@dataclass(frozen=True)
class Kind:
    """Words that stand after one setting of a train block; none for what looks on by itself."""

    title: str
    package: str
    intro: str
    setting: str = ""


KINDS = {
    "negative": Kind(
        "Negative phases",
        "bmdsl.training.negative",
        "How the expectation under the model is estimated: `negative pcd(steps = 1, chains = 100)`."
        " [One of your own](../new-negative-phase.md) is one file.",
        "negative",
    ),
    "positive": Kind(
        "Positive phases",
        "bmdsl.training.positive",
        "How the expectation under the data is worked out, with visible units clamped."
        " [One of your own](../new-positive-phase.md) is one file.",
        "positive",
    ),
    "objective": Kind(
        "Objectives",
        "bmdsl.training.objectives",
        "What an update climbs in place of the likelihood; there are no phases then."
        " [One of your own](../new-objective.md) is one file.",
        "objective",
    ),
    "penalty": Kind(
        "Penalties",
        "bmdsl.training.penalties",
        "What is taken off the objective, or bounds that parameters are put back to; several stand"
        " in a list, `penalty l2(W, 1e-4), maxnorm(W, 3)`. [One of your own](../new-penalty.md) is"
        " one file.",
        "penalty",
    ),
    "optimizer": Kind(
        "Optimizers",
        "bmdsl.training.optimizers",
        "How a gradient becomes a step. [One of your own](../new-optimizer.md) is one file.",
        "optimizer",
    ),
    "schedule": Kind(
        "Schedules",
        "bmdsl.training.schedules",
        "What the optimizer's rate is multiplied by as training goes on."
        " [One of your own](../new-schedule.md) is one file.",
        "schedule",
    ),
    "pretrain": Kind(
        "Pretraining",
        "bmdsl.training.pretrain",
        "What goes before the training of a deep machine."
        " [One of your own](../new-pretraining.md) is one file.",
        "pretrain",
    ),
    "transform": Kind(
        "Transforms",
        "bmdsl.data.transforms",
        "What is done to data before the machine sees them, learned from the training cases alone;"
        " `transform scale, binarize` for all groups, `transform(a) standardize` for one,"
        " `transform none` for none. [One of your own](../new-transform.md) is one file.",
        "transform",
    ),
    "monitor": Kind(
        "Monitors",
        "bmdsl.training.monitors",
        "What looks at a training from time to time, all by themselves; `monitor 0.05` is the share"
        " of the time that they may take, `monitor 0` turns them off. Their figures stand in the"
        " metrics, in `bm watch` and in the report. [One of your own](../new-monitor.md) is one"
        " file.",
    ),
    "tracker": Kind(
        "Trackers",
        "bmdsl.training.trackers",
        "Where figures are written besides: `bm train --log tensorboard`, or a name among the"
        " [callbacks](../python.md#callbacks). [One of your own](../new-tracker.md) is one file.",
    ),
}
TAKES = {
    "number": "a number",
    "integer": "a whole number",
    "name": "a word",
    "parameter": "a parameter",
    "group": "a group",
    "boolean": "true or false",
}


def shown(value: object) -> str:
    """A default as the language writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def usage(kind: Kind, word: Word) -> str:
    """`negative pcd(steps = 1, chains = 100)`: required options by name, others with defaults."""
    options = [
        o.name if o.required or o.default is None else f"{o.name} = {shown(o.default)}"
        for o in word.options
    ]
    call = f"{word.name}({', '.join(options)})" if options else word.name
    return f"{kind.setting} {call}".strip()


def bounds(option: Option) -> str:
    """`from 0, below 1`."""
    low, high = option.low, option.high
    parts = [f"one of {', '.join(f'`{c}`' for c in option.choices)}"] if option.choices else []
    if low is not None:
        parts.append(f"above {low:g}" if option.open_low else f"at least {low:g}")
    if high is not None:
        parts.append(f"below {high:g}" if option.open_high else f"at most {high:g}")
    return ", ".join(parts)


def default(option: Option) -> str:
    """Its default, or that it must be given."""
    if option.required:
        return "must be given"
    return "" if option.default is None else f"`{shown(option.default)}`"


def description(module: ModuleType) -> str:
    """The docstring of the word's file, outside of backticks without meaning for Markdown."""
    text = inspect.getdoc(module) or ""
    pieces = re.split(r"\n\s*\n", text)
    return "\n\n".join(cell(p).replace("\\|", "|") for p in pieces)


def section(kind: Kind, module: ModuleType) -> str:
    """A word: summary, what its file says, how it is written, options."""
    word = module.WORD
    rows = [(f"`{o.name}`", TAKES.get(o.kind, o.kind), bounds(o), default(o)) for o in word.options]
    further = "Further options are `PARAMETER = number`." if word.open_keys else ""
    several = "The first option may be given several times." if word.repeated else ""
    return page(
        f"## {word.name}",
        f"```text\n{usage(kind, word)}\n```" if kind.setting else "",
        f"*{cell(word.summary)}*".replace("\\|", "|") if word.summary else "",
        description(module),
        table(("option", "takes", "bounds", "default"), rows),
        " ".join(x for x in (several, further) if x),
    )


def kind_page(kind: Kind) -> str:
    """All words of a kind: a table, then a section each."""
    found = discover(kind.package)
    rows = [(f"[{n}](#{n})", m.WORD.summary) for n, m in found.items()]
    sections = [section(kind, m) for m in found.values()]
    return page(f"# {kind.title}", kind.intro, table(("word", "what it is"), rows), *sections)


def pages() -> dict[str, str]:
    """Path below docs/ → page."""
    return {f"words/{name}.md": kind_page(kind) for name, kind in KINDS.items()}


if __name__ == "__main__":
    write(pages())

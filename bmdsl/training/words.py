"""A train block's words looked up."""

from __future__ import annotations

from types import ModuleType

from ..language.diagnostics import fail, near
from ..language.model import Choice, Training
from ..registry import discover
from ..registry import register as enter
from .contracts import CONTRACTS, verify_word


def register(folder: str, module: ModuleType) -> ModuleType:
    """Adds a word of one's own: `register("negative", module)`. Returns the module.

    `folder` is one of positive, negative, objectives, penalties, optimizers, schedules, pretrain,
    monitors.
    Raises BM896 for another folder, and if the module lacks what such a word defines.
    """
    if folder not in CONTRACTS:
        known = ", ".join(CONTRACTS)
        raise fail("BM896", f"there are no words of `{folder}`", help=f"known: {known}")
    verify_word(folder, module)
    enter(f"bmdsl.training.{folder}", module)
    return module


def module_of(kind: str, folder: str, choice: Choice) -> ModuleType:
    """The module that defines the word. Raises BM750, which names the known ones."""
    known = discover(f"bmdsl.training.{folder}")
    if choice.name not in known:
        close = near(choice.name, known)
        way = f"did you mean `{close}`?" if close else f"known: {', '.join(known)}"
        raise fail("BM750", f"training has no {kind} `{choice.name}`", choice.span, help=way)
    return known[choice.name]


Penalties = tuple[tuple[ModuleType, Choice], ...]


def words_of(
    training: Training, positive: Choice | None
) -> tuple[dict[str, ModuleType], Penalties]:
    """The modules of a train block's words by their part in an update, and its penalties with
    theirs.

    Raises BM750 for an unknown word.
    """
    modules = {
        "optimizer": module_of("optimizer", "optimizers", training.optimizer),
        "schedule": module_of("schedule", "schedules", training.schedule),
    }
    if training.objective is not None:
        modules["objective"] = module_of("objective", "objectives", training.objective)
    elif positive is not None:
        modules["positive"] = module_of("positive phase", "positive", positive)
        modules["negative"] = module_of("negative phase", "negative", training.negative)
    return modules, tuple((module_of("penalty", "penalties", x), x) for x in training.penalty)

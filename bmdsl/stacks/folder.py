"""The folder of a trained stack: a run's folder a layer, and the file that says which."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data.preparing import Preparation
from ..files import file_names, put_text
from ..language.diagnostics import fail
from ..model import Model
from ..runs.opening import open_run
from ..runs.run_folder import STACK
from .joint import Trained
from .stack_machine import StackMachine
from .stack_model import StackModel

FORMAT = "bmdsl stack 1"


def write_stack(folder: Path, stack: StackModel, layers: Sequence[Trained], data: str) -> None:
    """The file that says which run folders are the stack's layers."""
    facts = {
        "format": FORMAT,
        "name": stack.name,
        "data": data,
        "source_name": stack.source.name,
        "source": stack.text,
        "layers": [{"name": x.name, "below": x.below, "group": x.group} for x in layers],
    }
    put_text(folder / STACK, json.dumps(facts, indent=1) + "\n")


def is_stack(folder: Path) -> bool:
    """Whether this is the folder of a trained stack."""
    return (folder / STACK).is_file()


def layers_of(folder: Path) -> list[str]:
    """The names of a trained stack's layers, each a run's folder in this one.

    BmError BM870 where its file is damaged.
    """
    return [x["name"] for x in _facts(folder)["layers"]]


def layer_folders(folder: Path) -> list[Path]:
    """The layers' run folders in that of their stack, from the first up."""
    folders = file_names(layers_of(folder))
    return [folder / folders[name] for name in layers_of(folder)]


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / STACK).read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise ValueError(f"its format is `{facts['format']}`")
        names = [str(x["name"]) for x in facts["layers"]]
        if not all(re.fullmatch(r"[^\W\d]\w*", name) for name in names):
            raise ValueError("a layer's name is no name")  # it is a folder's name too
        return {
            **facts,
            "layers": [
                {"name": str(x["name"]), "below": x["below"], "group": x["group"]}
                for x in facts["layers"]
            ],
        }
    except (ValueError, KeyError, TypeError) as error:
        raise fail(
            "BM870", f"`{folder / STACK}` does not say what a stack is", note=str(error)
        ) from None


def open_stack(
    folder: Path, kind: type[Model] = Model
) -> tuple[StackMachine, str, dict[str, tuple[int, ...]]]:
    """A trained stack, the set or file it was trained on (empty where that was an array), and the
    shapes of its data as images.
    """
    facts = _facts(folder)
    folders = file_names(x["name"] for x in facts["layers"])
    runs = [open_run(folder / folders[x["name"]], kind) for x in facts["layers"]]
    for x, run in zip(facts["layers"], runs, strict=True):
        run.machine.takes_means |= x["below"] is not None
        if x["below"] is not None:
            run.machine.preparation = Preparation(run.machine.model, {}, fed=True)
    layers = tuple(
        Trained(x["name"], x["below"], x["group"], run.machine)
        for x, run in zip(facts["layers"], runs, strict=True)
    )
    return StackMachine(facts["name"], layers), facts["data"], runs[0].images

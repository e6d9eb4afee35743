"""The folder of a trained stack: a run's folder a layer, and the file that says which."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..data.preparing import Preparation
from ..files import file_names, put_text
from ..language.decoding import decoding, json_in
from ..language.diagnostics import fail
from ..language.source import Source
from ..model import Model
from ..runs import checksums
from ..runs.checkpoints import damaged
from ..runs.opening import open_run
from ..runs.run_folder import STACK
from .joint import Trained
from .stack_machine import StackMachine
from .stack_model import StackModel

FORMATS = ("bmdsl stack 1", "bmdsl stack 2")
"""Those of the first had no checksum, and were written when all layers were trained."""


@dataclass(frozen=True)
class StackRun:
    """The training of a stack: its text and settings, its data, and whether it has ended."""

    run: str
    name: str
    source: Source
    """The text without imports, under the name of the file that it comes from."""
    folder: str
    """Where files that the text names are."""
    settings: Mapping[str, Any]
    dtype: str
    layers: Sequence[Mapping[str, str | None]]
    facts: Mapping[str, str]
    """Of its data: their place and SHA-256."""
    finished: bool = False

    @classmethod
    def of(cls, run: str, stack: StackModel, dtype: str, facts: Mapping[str, str]) -> StackRun:
        """A training that begins."""
        layers = [{"name": x.name, "below": x.below, "group": x.group} for x in stack.layers]
        place = str(Path(stack.source.name).resolve().parent)
        source = replace(stack.source, text=stack.text)
        return cls(
            run,
            stack.name,
            source,
            place,
            {n: x.item() if hasattr(x, "item") else x for n, x in stack.settings.items()},
            dtype,
            layers,
            facts,
        )

    def model(self, kind: type[StackModel] = StackModel) -> StackModel:
        """The stack's text, checked again."""
        source, place = self.source, Path(self.folder)
        if Path(source.name).resolve().parent != place:  # begun from another folder
            source = replace(source, name=str(place / Path(source.name).name))
        return kind(source, self.name, place, dict(self.settings))


def write_stack(folder: Path, run: StackRun) -> None:
    """The file that says which run folders are the stack's layers, and how they are trained."""
    facts = {
        "format": FORMATS[-1],
        "name": run.name,
        "run": run.run,
        "finished": run.finished,
        "data": run.facts.get("data", ""),
        "facts": dict(run.facts),
        "source_name": run.source.name,
        "source": run.source.text,
        "file": run.source.file,
        "file_sha256": run.source.sha256,
        "folder": run.folder,
        "settings": dict(run.settings),
        "dtype": run.dtype,
        "layers": list(run.layers),
    }
    put_text(folder / STACK, json.dumps(checksums.sealed(facts), indent=1) + "\n")


def read_stack(folder: Path) -> StackRun | None:
    """The training of the stack in a folder; None if an earlier version wrote it, at its end.

    BmError BM870 or BM834 where its file is damaged.
    """
    facts = _facts(folder)
    if facts["format"] == FORMATS[0]:
        return None
    with _decoded(folder):
        return StackRun(
            facts["run"],
            facts["name"],
            Source(facts["source_name"], facts["source"], facts["file"], facts["file_sha256"]),
            facts["folder"],
            dict(facts["settings"]),
            facts["dtype"],
            facts["layers"],
            dict(facts["facts"]),
            facts["finished"],
        )


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


def _decoded(folder: Path) -> AbstractContextManager[None]:
    return decoding("BM870", f"`{folder / STACK}` does not say what a stack is")


def _facts(folder: Path) -> dict[str, Any]:
    with _decoded(folder):
        facts = json_in(folder / STACK)
        if facts["format"] not in FORMATS:
            raise ValueError(f"its format is `{facts['format']}`")
        if not checksums.is_whole(facts) and (
            facts["format"] != FORMATS[0] or checksums.SEAL in facts
        ):
            raise damaged(folder / STACK)
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


def open_stack(
    folder: Path, kind: type[Model] = Model
) -> tuple[StackMachine, str, dict[str, tuple[int, ...]]]:
    """A trained stack, the set or file it was trained on (empty where that was an array), and the
    shapes of its data as images. BmError BM916 if some of it is not trained yet.
    """
    facts = _facts(folder)
    if not facts.get("finished", True):
        raise fail(
            "BM916",
            f"the stack in `{folder}` is not trained to its end",
            help=f"`bm resume {folder}` goes on with it",
        )
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

"""A run's folder, or a machine's file, opened: the machine with the model that it is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..data.preparing import Preparation
from ..files import parameters
from ..inference.machine import Machine
from ..language.decoding import json_in, json_of
from ..language.diagnostics import BmError, fail
from ..language.source import Source
from ..model import Model
from ..runtime import gate
from ..units.unit_files import verify_units
from .checkpoints import Checkpoint, damaged
from .earlier_run import holds_run
from .run_folder import ATTACHED, MACHINE, STACK, RunFolder, verify_belongs
from .storage import Saved, read_machine, saved_as

MAX_NAMED = 4
"""Folders that a message names."""


@dataclass(frozen=True)
class Opened:
    """A saved machine with the handle of its model and what its file says of its making."""

    model: Model
    machine: Machine
    metadata: Mapping[str, str]

    @property
    def data(self) -> str:
        """The set or file it was trained on; empty where that was an array."""
        return self.metadata.get("data", "")

    @property
    def images(self) -> dict[str, tuple[int, ...]]:
        """Group → image shape, where its units form one."""
        return {
            name: tuple(shape) for name, shape in json_of(self.metadata.get("images", "{}")).items()
        }


def open_run(path: Path, kind: type[Model] = Model) -> Opened:
    """A run's folder, or a file that `save` wrote, with a model of this kind. Nothing else is read.

    BmError where it is neither, BM842 where the machine is another run's than the folder.
    """
    if (path / STACK).exists():
        raise holds_a_stack(path, _first_layer(path))
    if path.is_dir() and not (path / MACHINE).exists():
        if holds_run(path):
            raise damaged(path / MACHINE, "`bm resume` makes it again")
        layers = [f"`{p.name}`" for p in sorted(path.iterdir()) if p.is_dir() and holds_run(p)]
        if layers:
            raise fail(
                "BM916",
                f"`{path}` is not the folder of a run; of its folders these are:"
                f" {', '.join(layers[:MAX_NAMED])}",
                help=f"name one of them; those of a stack have `{path / STACK}` beside them, which"
                " is not there: bring it back, or train the stack anew elsewhere",
            )
        raise fail(
            "BM916",
            f"`{path}` is not the folder of a run",
            help="a run is made by `bm train FILE --out DIR`",
        )
    if not path.exists():
        raise fail(
            "BM916", f"there is no run `{path}`", help="a run is made by `bm train FILE --out DIR`"
        )
    file = path / MACHINE if path.is_dir() else path
    saved = read_machine(file)
    if path.is_dir():
        verify_belongs(path, saved.metadata, file)
    return made_again(saved, kind)


def open_checkpoint(folder: RunFolder, kind: type[Model] = Model) -> Opened:
    """The machine of a run's last whole checkpoint, whatever became of the other files; that of the
    run's machine file in a run of an older format.
    """
    found = folder.checkpoint()
    if found is None or "source" not in found.metadata:
        return open_run(folder.path, kind)
    return made_again(_saved(found), kind)


def _saved(found: Checkpoint) -> Saved:
    """A checkpoint as the file of its machine."""
    prefixes = ("params/", ATTACHED)
    arrays = {
        n.removeprefix(p): x for p in prefixes for n, x in found.arrays.items() if n.startswith(p)
    }
    return saved_as(found.path, found.metadata, parameters(arrays))


def model_of(found: Checkpoint) -> Model | None:
    """The model that a checkpoint was trained with; None if the checkpoint does not say."""
    if "source" not in found.metadata:
        return None
    saved = _saved(found)
    verify_units(saved.origins)
    return _model(saved, Model)


def _model(saved: Saved, kind: type[Model]) -> Model:
    return kind(
        Source(
            saved.metadata["source_name"],
            saved.metadata["source"],
            bound=str((saved.folder or saved.path.parent).resolve()),
        ),
        saved.arguments,
        saved.metadata["model"],
        saved.folder,
        saved.settings,
        kept=saved.kept(),
    )


def made_again(saved: Saved, kind: type[Model] = Model, backend: str = "numba") -> Opened:
    """The machine that a file or a pickle holds."""
    verify_units(saved.origins)
    model = _model(saved, kind)
    saved.verify(model.checked)
    machine = model.compile(saved.seed, saved.metadata["dtype"], backend)
    for name, value in saved.parameters().items():
        machine.params[name] = gate.parameter(
            model.checked.parameter(name), value, value.shape, machine.dtype, str(saved.path)
        )
    machine.params.waiting = set(json_of(saved.metadata.get("waiting", "[]")))
    machine.pretrained = bool(json_of(saved.metadata.get("pretrained", "true")))
    machine.preparation = Preparation.stored(model.checked, saved.metadata, saved.arrays)
    return Opened(model, machine, saved.metadata)


def holds_a_stack(path: Path, layer: str) -> BmError:
    """What is wrong where one machine is asked for."""
    return fail(
        "BM916",
        f"`{path}` holds a stack, not one machine",
        help=f"name a layer's folder in it, as `{path / layer}`",
    )


def _first_layer(path: Path) -> str:
    return str(json_in(path / STACK)["layers"][0]["name"])

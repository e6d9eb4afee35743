"""A machine as one safetensors file: parameters, edges of graphs, and the text that made it in the
metadata. No pickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data.memory import verify_affordable
from ..files import parameters, put, tensors
from ..language.decoding import json_of
from ..language.diagnostics import BmError, fail, near
from ..language.graphs import kept_graph
from ..language.model import Model
from ..language.outside import EDGES, STATISTICS, Kept, Origin
from . import checksums

FORMATS = ("bmdsl 1", "bmdsl 2", "bmdsl 3")
WITHOUT_CHECKSUM = FORMATS[:2]
NEEDED = ("source", "source_name", "model", "arguments", "settings", "seed", "dtype")


def write_machine(
    path: Path, params: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Writes beside `path`, then renames, so that no reader sees half a file. The file holds a
    checksum of itself.
    """
    from safetensors.numpy import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = tensors(params)
    facts = {**metadata, checksums.SEAL: checksums.of_arrays(arrays, metadata)}
    put(path, lambda beside: save_file(arrays, beside, metadata=facts))


@dataclass(frozen=True)
class Saved:
    """What a machine's file holds."""

    path: Path
    metadata: Mapping[str, str]
    arrays: Mapping[str, np.ndarray]
    arguments: dict[str, float]
    settings: dict[str, Any]
    seed: int
    origins: tuple[Origin, ...]

    @property
    def folder(self) -> Path | None:
        """Where a file of `bmdsl 1` has its graphs and starts read from; later ones hold them."""
        return (
            Path(self.metadata["folder"])
            if self.metadata["format"] == FORMATS[0] and self.metadata.get("folder")
            else None
        )

    def parameters(self) -> dict[str, np.ndarray]:
        """Name → value."""
        return {n: x for n, x in self.arrays.items() if not n.startswith((EDGES, STATISTICS))}

    def kept(self) -> Kept:
        """What stands in the place of files that the model was made of.

        All parameters are in the file, so none starts from another.
        """
        if self.metadata["format"] == FORMATS[0]:
            return Kept(starts=self.parameters())
        of = {o.name.partition(":")[0]: o for o in self.origins if o.kind == "graph"}
        names = [n.removeprefix(EDGES) for n in self.arrays if n.startswith(EDGES)]
        return Kept(
            {n: kept_graph(n, self.arrays[EDGES + n], of.get(n)) for n in names},
            self.parameters(),
            self.origins,
        )

    def verify(self, model: Model) -> None:
        """BmError BM934 where a parameter has no tensor, BM935 where a tensor is no parameter, or
        of another type or shape than it.
        """
        known, found = {p.name: p for p in model.parameters}, self.parameters()
        missing = [n for n in known if n not in found]
        if missing:
            names = ", ".join(f"`{n}`" for n in missing)
            raise fail(
                "BM934",
                f"`{self.path}` holds no tensor for {names} of model `{model.name}`",
                help="save the machine again: a part of it is lost",
            )
        for name, x in found.items():
            if name not in known:
                close = near(name, known)
                hint = (
                    f"did you mean `{close}`?"
                    if close
                    else f"its parameters are {', '.join(known) or 'none'}"
                )
                raise fail(
                    "BM935",
                    f"`{self.path}` holds a tensor `{name}`, but model `{model.name}` has no such"
                    " parameter",
                    help=hint,
                )
            shape = tuple(known[name].shape)
            if x.shape != shape:
                raise fail(
                    "BM935",
                    f"tensor `{name}` of `{self.path}` has shape {x.shape}, the parameter has"
                    f" {shape}",
                    help="save the machine again",
                )
            if str(x.dtype) != self.metadata["dtype"]:
                raise fail(
                    "BM935",
                    f"tensor `{name}` of `{self.path}` is {x.dtype}, the machine is"
                    f" {self.metadata['dtype']}",
                    help="load the text, `compile(dtype=...)`, set `machine.params` and save",
                )


def read_machine(path: Path) -> Saved:
    """A machine's file. BmError BM869 if it is missing, BM870 if it is not one of ours."""
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        raise fail("BM869", f"file `{path}` does not exist")
    verify_affordable(f"`{path}`", path.stat().st_size)
    try:
        with safe_open(path, "numpy") as file:
            metadata = dict(file.metadata() or {})
            arrays = {name: np.asarray(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118  # not a dict
    except (
        SafetensorError,
        TypeError,
        ValueError,
        AttributeError,
        OSError,
    ) as error:  # damaged, or of a type that NumPy has not
        raise fail("BM870", f"`{path}` is not a safetensors file", note=str(error)) from None
    told = metadata.pop(checksums.SEAL, None)
    older = metadata.get("format") in WITHOUT_CHECKSUM and told is None
    if metadata.get("format", "").startswith("bmdsl ") and not older:
        if told != checksums.of_arrays(arrays, metadata):
            raise fail(
                "BM834",
                f"`{path}` is not as it was written: its checksum is another",
                help="take it from a copy; `bm resume RUN` makes that of a run again",
            )
    return saved_as(path, metadata, parameters(arrays))


def saved_as(path: Path, metadata: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> Saved:
    """What a file, or a copy in memory, says of its machine.

    BmError BM870 if it is not one of ours.
    """
    if not metadata.get("format", "").startswith("bmdsl "):
        raise fail(
            "BM870",
            f"`{path}` was not written by bmdsl",
            help="a machine is written by `machine.save(path)`",
        )
    if metadata["format"] not in FORMATS:
        raise fail(
            "BM870",
            f"`{path}` is of format `{metadata['format']}`, written by a later bmdsl",
            help="pip install --upgrade bmdsl",
        )
    missing = [key for key in NEEDED if key not in metadata]
    if missing:
        raise _damaged(path, f"it has no `{missing[0]}`")
    try:
        origins = tuple(Origin(**o) for o in json_of(metadata.get("origins", "[]")))
        arguments, settings, seed = (
            dict(json_of(metadata["arguments"])),
            dict(json_of(metadata["settings"])),
            int(metadata["seed"]),
        )
    except (ValueError, TypeError) as error:
        raise _damaged(path, str(error)) from None
    return Saved(path, metadata, arrays, arguments, settings, seed, origins)


def _damaged(path: Path, why: str) -> BmError:
    return fail("BM870", f"what `{path}` says of its machine is damaged", note=why)

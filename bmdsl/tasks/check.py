"""What a saved machine or a run was made of: its files, as they were and as they are now.

What `bm check` does beside checking a text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..language.outside import Origin


@dataclass(frozen=True)
class Made:
    """A machine that opens, and its files. It needs none of them."""

    path: str
    model: str
    origins: tuple[Origin, ...]

    def lines(self) -> list[str]:
        """A sentence, then a file a line."""
        head = f"{self.path}: model `{self.model}` is fine, as it was saved"
        width = max((len(o.name) for o in self.origins), default=0)
        return [
            head,
            *(
                f"  {o.kind:6} {o.name:{width}}  sha256 {o.sha256[:12] or '?':12}  {o.state()}"
                for o in self.origins
            ),
        ]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "path": self.path,
            "model": self.model,
            "origins": [{**vars(o), "state": o.state()} for o in self.origins],
        }


def is_saved(path: str) -> bool:
    """Whether this is a run's folder or a saved machine, not a text."""
    return Path(path).is_dir() or Path(path).suffix == ".safetensors"


def verify_compiles(models: Iterable[Any]) -> None:
    """Plans every model, so that a term which cannot be compiled is told before anything is.

    BmError for it.
    """
    from ..driver import plan_of

    for model in (m.checked for m in models):
        if hasattr(model, "terms"):
            plan_of(model)


def verify_starts(models: Iterable[Any]) -> None:
    """Reads the files that parameters of these models start from, where their sizes are known.

    BmError for the first that gives no start.
    """
    checked = [m.checked for m in models]
    for model in checked:
        if (
            any(p.init.kind == "file" for p in getattr(model, "parameters", ()))
            and not model.unbound
        ):
            import numpy as np

            from ..runtime.initial import verify_files

            verify_files(model, np.dtype("float32"))


def made_of(path: str) -> list[Made]:
    """The machine of a file or folder, or all of a stack's. BmError where it does not open."""
    from ..runs.opening import open_run
    from ..stacks.folder import is_stack, layers_of

    folders = (
        [Path(path) / name for name in layers_of(Path(path))]
        if is_stack(Path(path))
        else [Path(path)]
    )
    opened = [(folder, open_run(folder)) for folder in folders]
    return [
        Made(str(folder), run.model.name, run.model.origins(run.machine)) for folder, run in opened
    ]

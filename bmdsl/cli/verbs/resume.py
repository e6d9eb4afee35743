"""`bm resume DIR`: go on where a run stopped."""

from __future__ import annotations

from ..options import USE, Json, RunFolder, Settings, Threads, Units, overrides
from ..outcome import finish

PLACE = USE, 2


def run(folder: RunFolder, settings: Settings = None, units: Units = None, threads: Threads = None, as_json: Json = False) -> None:
    """Go on with a run from its checkpoint; `--set train.epochs=40` makes it longer."""
    from ...fitting import resume

    finish(resume(folder, overrides(settings)), as_json)

"""How a run was made: the command, the versions and the machine, with a name and tags, under `made`
of run.json.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
import shlex
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..language.diagnostics import BmError, BmWarning, Diagnostic
from ..language.version import VERSION
from .run_folder import read_facts

PACKAGES = ("numpy", "scipy", "numba")


@dataclass(frozen=True)
class Label:
    """What a user calls a run; an empty name is that of its folder."""

    name: str = ""
    tags: tuple[str, ...] = ()


def making(label: Label, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What is known now. Of a run that goes on, `before` is what it said of its beginning: name and
    tags stay if no others are given, and so does the first command.
    """
    earlier = before or {}
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    made = {
        "name": label.name or earlier.get("name", ""),
        "tags": list(label.tags or earlier.get("tags", ())),
        "command": earlier.get("command", command()),
        "begun": earlier.get("begun", now),
        "versions": {
            "bmdsl": VERSION,
            "python": platform.python_version(),
            **{name: _version(name) for name in PACKAGES},
        },
        "machine": {
            "system": platform.platform(),
            "processor": processor_name(),
            "hardware_threads": os.cpu_count() or 1,
        },
    }
    return made if not earlier else {**made, "resumed": now, "resumed_by": command()}


def made_before(run: Path) -> dict[str, Any]:
    """What run.json says of a run's beginning. Warns BM843 if it is damaged: it is written anew."""
    try:
        return dict(read_facts(run).get("made") or {})
    except BmError as error:
        warnings.warn(
            BmWarning(
                Diagnostic(
                    "BM843",
                    f"{error.diagnostics[0].message}: it is written anew, and name, tags and first"
                    " command of the run are lost",
                    None,
                    level="warning",
                )
            ),
            stacklevel=2,
        )
        return {}


def command() -> str:
    """The line that was typed; `python` where a script or a notebook trains."""
    words: Sequence[str] = sys.argv
    if words and Path(words[0]).name in ("bm", "bm.exe"):
        return shlex.join(["bm", *words[1:]])
    return f"python {Path(words[0]).name}" if words and words[0] else "python"


def processor_name() -> str:
    """The model of the processor, as the system calls it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        found = re.search(r"^model name\s*: (.*)$", text, re.M)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""

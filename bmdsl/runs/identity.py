"""Which training a file belongs to: the id of the run, and hashes of its model, settings and
cases, in the metadata of every file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from ..language.model import Model, Training

RUN, MODEL, SETTINGS, CASES = "run", "model_sha256", "settings_sha256", "cases_sha256"
KEYS = (RUN, MODEL, SETTINGS, CASES)
"""What ties the files of a run together."""
FREE = frozenset({"epochs", "updates", "patience", "monitor", "checkpoint", "data"})
"""Settings of which a resume may have others: they say how far it goes, how often it looks, and
where cases lie, which have a hash of their own.
"""
OUTSIDE = frozenset({"training", "init", "factor_text"})
"""Fields of a model that say nothing of its energy: settings, starts, how a factor is written."""


def new_run() -> str:
    """The id of a run that begins: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def identity(model: Model, run: str) -> dict[str, str]:
    """Metadata of a run's files; the hash of its cases comes with their provenance."""
    return {
        RUN: run,
        MODEL: fingerprint(model, OUTSIDE),
        SETTINGS: fingerprint(model.training),
    }


def ties(metadata: Mapping[str, str]) -> dict[str, str]:
    """The part of a file's metadata that other files of the run must share."""
    return {key: metadata[key] for key in KEYS if key in metadata}


def fingerprint(value: Any, without: Collection[str] = ()) -> str:
    """SHA-256 of a frozen value: classes, numbers, arrays and the fields that make two values
    differ, but for those of these names.
    """
    made = hashlib.sha256()

    def walk(x: Any) -> None:
        if dataclasses.is_dataclass(x) and not isinstance(x, type):
            made.update(f"{type(x).__name__}(".encode())
            for f in dataclasses.fields(x):
                if (f.compare or f.name == "edges") and f.name not in without:
                    made.update(f"{f.name}=".encode())
                    walk(getattr(x, f.name))
            made.update(b")")
        elif isinstance(x, np.ndarray):
            exact = x.astype(np.int64) if x.dtype.kind in "iu" else x
            made.update(f"{exact.dtype.str}{x.shape}".encode())
            made.update(np.ascontiguousarray(exact).tobytes())
        elif isinstance(x, Mapping):
            walk(tuple(x.items()))
        elif isinstance(x, tuple | list):
            made.update(b"[")
            for y in x:
                walk(y)
            made.update(b"]")
        else:
            made.update(f"{x!r},".encode())

    walk(value)
    return made.hexdigest()


def verify_same_model(before: Model, now: Model, folder: object) -> None:
    """Raises BM832 if a checkpoint's model is another than the one that is to go on from it."""
    hashes = [fingerprint(m, OUTSIDE) for m in (before, now)]
    if hashes[0] != hashes[1]:
        raise fail(
            "BM832",
            f"the run `{folder}` was trained with another model than this `{now.name}`: SHA-256"
            f" {hashes[0][:12]}, this one's {hashes[1][:12]}",
            help=f"`bm resume {folder}`, or `bmdsl.open({str(folder)!r})`, goes on with the run's",
        )


def verify_same_settings(
    before: Training, now: Training, chosen: Collection[str], folder: object
) -> None:
    """Raises BM833 if a setting differs from the run's and was not `chosen` to."""
    for f in dataclasses.fields(Training):
        if f.name in FREE or f.name in chosen:
            continue
        old, new = getattr(before, f.name), getattr(now, f.name)
        if fingerprint(old) != fingerprint(new):
            raise fail(
                "BM833",
                f"the run `{folder}` was trained with another `{f.name}` than this text has"
                f" ({_shown(old)}, here {_shown(new)})",
                help=(
                    f"name it in the call to change it: `train(..., resume=True, {f.name}=...)`;"
                    f" `bm resume {folder}` and `bmdsl.open(RUN)` have the run's own settings"
                ),
            )


def verify_same_seed(metadata: Mapping[str, str], seed: int, dtype: str, folder: object) -> None:
    """Raises BM833 if a machine draws other numbers, or computes with others, than the run did."""
    for name, now in (("seed", str(seed)), ("dtype", dtype)):
        if metadata.get(name, now) != now:
            raise fail(
                "BM833",
                f"the run `{folder}` was trained with {name} {metadata[name]}, this machine has"
                f" {now}",
                help=f"compile it so, or `bmdsl.open({str(folder)!r})`",
            )


def _shown(value: Any) -> str:
    return str(getattr(value, "name", value))

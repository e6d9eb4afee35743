"""What a run remembers of the data it was trained on, their place and SHA-256, and whether others
are the same.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..data.series import split_windows
from ..data.streams.listings import changes, digest_of
from ..data.streams.source import ShardSource
from ..data.weights import Weights
from ..language.decoding import json_of
from ..language.diagnostics import BmError, BmWarning, Diagnostic, fail
from ..language.outside import digest
from ..registry import discover
from .run_folder import RunFolder, read_facts

Facts = Mapping[str, str]
Cases = Mapping[str, np.ndarray] | ShardSource
SETS = "bmdsl.data.sets"
SHARDS, SURVEY = "shards", "survey"
"""Metadata of a run on a stream: a line for each shard with its name, cases, bytes and fingerprint;
and what was found when all of them were read.
"""
SHOWN = 12
"""Digits of a SHA-256 in a message."""


def provenance(data: Any, arrays: Cases, weights: Any = None) -> dict[str, str]:
    """Where cases came from, for a resume: a set by its name, a file by its whole path; the SHA-256
    of the file, and of the cases as read.

    Arrays leave only the latter. Of a stream it is that of the fingerprints of its shards.
    `weights` are a file too, or an array.
    """
    shards = {SHARDS: json.dumps(arrays.listing)} if isinstance(arrays, ShardSource) else {}
    return {
        "data": absolute(str(data)) if isinstance(data, str | Path) else "",
        "data_sha256": "" if shards else file_sha256(data),
        "cases_sha256": cases_sha256(arrays),
        **shards,
        "weights": absolute(str(weights)) if isinstance(weights, str | Path) else "",
        "weights_sha256": "" if weights is None else weights_sha256(weights),
    }


def absolute(spec: str) -> str:
    """A path from the root; a named set as it is."""
    file, frames = split_windows(spec)
    if frames is not None:
        return f"{absolute(file)} windows({frames})"
    path, colon, key = _parted(spec)
    there = Path(path).is_file() or (Path(path).is_dir() and spec not in discover(SETS))
    return f"{Path(path).resolve()}{colon}{key}" if there else spec


def file_sha256(spec: Any) -> str:
    """Of a file that is named, in hexadecimal, with the name of the array in it; empty for sets,
    folders and arrays.
    """
    if not isinstance(spec, str | Path):
        return ""
    path, colon, key = _parted(split_windows(str(spec))[0])
    return f"{digest(Path(path))}{colon}{key}" if Path(path).is_file() else ""


def cases_sha256(arrays: Cases) -> str:
    """Of arrays by group as they were read: names, types, shapes and numbers; of the fingerprints
    of a stream's shards; empty for none.
    """
    if isinstance(arrays, ShardSource):
        return digest_of(arrays.listing)
    if not arrays:
        return ""
    made = hashlib.sha256()
    for name in sorted(arrays):
        x = np.ascontiguousarray(arrays[name])
        made.update(f"{name} {x.dtype.str} {x.shape}\n".encode())
        made.update(x.reshape(-1).view(np.uint8).data)
    return made.hexdigest()


def weights_sha256(weights: Any) -> str:
    """Of case weights as numbers, whether they come from a file or an array."""
    from ..data.load import read_file

    values = read_file(str(weights)) if isinstance(weights, str | Path) else weights
    return cases_sha256({"weights": np.asarray(values, np.float64).reshape(-1)})


def recorded(folder: Path) -> Facts:
    """What the run in a folder says of its making. BmError where there is none."""
    facts: Facts = read_facts(folder).get("metadata", {})
    if not facts:
        RunFolder(folder, {}).read_state()
    return facts


def is_same(facts: Facts, spec: Any, arrays: Cases) -> bool | None:
    """Whether these are the cases that the run was trained on, by their SHA-256; None where the run
    does not say.
    """
    if not facts.get("cases_sha256"):
        return None
    return (facts["data_sha256"] != "" and facts["data_sha256"] == file_sha256(spec)) or facts[
        "cases_sha256"
    ] == cases_sha256(arrays)


def require_place(facts: Facts, folder: Path, verb: str) -> str:
    """The set or file that a run was trained on.

    BM912 or BM913 where that was an array, BM783 where the file is gone.
    """
    spec = facts.get("data", "")
    if not spec:
        why = (
            "was trained on an array"
            if "data" in facts
            else "was written by an early version, which did not note its data"
        )
        if verb == "resume":
            raise fail(
                "BM912",
                f"the run `{folder}` {why}, so its data are not known here",
                help=(
                    f"name them, `bm resume {folder} DATA`; from Python `bmdsl.open(RUN).train(x,"
                    " out=RUN, resume=True)`"
                ),
            )
        raise fail(
            "BM913",
            f"the run {why}, so its data are not known here",
            help=f"name a set or a file: `bm {verb} RUN DATA`",
        )
    path = Path(_parted(split_windows(spec)[0])[0])
    if path.is_absolute() and not path.exists():
        raise fail(
            "BM783",
            f"`{spec}`, which the run was trained on, is no longer there (SHA-256"
            f" {_short(facts.get('data_sha256', ''))})",
            help=f"name it where it is now: `bm {verb} {folder} DATA`",
        )
    return spec


def say_differs(facts: Facts, spec: Any, arrays: Cases, what: str) -> None:
    """Warns BM784: these are other cases than the run was trained on."""
    warnings.warn(
        BmWarning(
            Diagnostic("BM784", _differ(facts, spec, arrays), None, helps=(what,), level="warning")
        ),
        stacklevel=3,
    )


def differs(facts: Facts, spec: Any, arrays: Cases, help: str) -> BmError:
    """The error BM785."""
    return fail("BM785", _differ(facts, spec, arrays), help=help)


def verify_weights(facts: Facts, weights: Any, named: bool) -> None:
    """BM785 where these are not the case weights that the run was trained with; the warning BM784
    where they were `named`.
    """
    before, now = facts.get("weights_sha256", ""), weights_sha256(weights)
    if not before or before == now:
        return
    name = f"`{absolute(str(weights))}`" if isinstance(weights, str | Path) else "the array"
    text = (
        f"the case weights of {name} (SHA-256 of the numbers {_short(now)}) are not those that the"
        f" run was trained with ({_short(before)})"
    )
    if not named:
        raise fail(
            "BM785",
            text,
            help=f"name them to go on with them as they are now: `--weights {weights}`",
        )
    warnings.warn(BmWarning(Diagnostic("BM784", text, None, level="warning")), stacklevel=3)


def _differ(facts: Facts, spec: Any, arrays: Cases) -> str:
    """Both by their file's SHA-256, or both by that of their cases; shards by their names."""
    if isinstance(arrays, ShardSource) and SHARDS in facts:
        before = json_of(facts[SHARDS])
        return f"`{arrays.place}` is not what the run was trained on: " + changes(
            before, arrays.listing
        )
    files = facts.get("data_sha256", ""), file_sha256(spec)
    old, new = files if all(files) else (facts["cases_sha256"], cases_sha256(arrays))
    name = f"`{absolute(str(spec))}`" if isinstance(spec, str | Path) else "the array"
    before = f"`{facts['data']}`" if facts.get("data") else "an array"
    if name == before:
        return (
            f"{name} has changed since the run was trained on it: SHA-256 {_short(new)}, then"
            f" {_short(old)}"
        )
    return (
        f"{name} (SHA-256 {_short(new)}) is not what the run was trained on: {before} (SHA-256"
        f" {_short(old)})"
    )


def _short(sha256: str) -> str:
    return sha256[:SHOWN] or "unknown"


def _parted(spec: str) -> tuple[str, str, str]:
    """Path, colon and key of a spec."""
    return (
        spec.rpartition(":")
        if not Path(spec).exists() and Path(spec.rpartition(":")[0] or spec).exists()
        else (spec, "", "")
    )


def run_weights(facts: Mapping[str, str], folder: Path, verb: str) -> Weights:
    """The file of the case weights that a run was trained with, None if it had none.

    Raises BM941 where they are gone or were an array.
    """
    file = facts.get("weights", "")
    if file and Path(file).exists():
        return Path(file)
    if file or facts.get("weights_sha256"):
        what = f"of `{file}`, which is no longer there" if file else "of an array"
        raise fail(
            "BM941",
            f"the run was trained with the case weights {what}",
            help=f"name them: `bm {verb} {folder} DATA --weights FILE`",
        )
    return None

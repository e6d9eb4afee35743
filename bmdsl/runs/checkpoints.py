"""Checkpoints of a run: the last three, each one file of arrays and a manifest that says what
belongs to it, with a checksum of every file.

`checkpoints/000012.safetensors` is written first, `checkpoints/000012.json` after it: a checkpoint
without its manifest was never finished. A checkpoint that is damaged is passed over for the one
before, and that is said. Between two of them stand the states at validations.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data.memory import verify_affordable
from ..files import put, put_text, sync
from ..language.decoding import decoding, json_in, json_of
from ..language.diagnostics import BmError, BmWarning, Diagnostic, fail
from . import checksums, validation_states
from .identity import RUN, ties
from .validation_states import State

FOLDER = "checkpoints"
FORMAT = "bmdsl checkpoint 1"
KEPT_CHECKPOINTS = 3
Array = np.ndarray


@dataclass(frozen=True)
class Checkpoint:
    """A run at one moment, as a file holds it.

    `lines`: bytes of the metrics that had been written by then; None in a run that was written
    before checkpoints had manifests.
    """

    path: Path
    arrays: dict[str, Array]
    counters: dict[str, Any]
    metadata: dict[str, str]
    lines: int | None


def write(
    run: Path,
    arrays: Mapping[str, Array],
    counters: Mapping[str, Any],
    metadata: Mapping[str, str],
    lines: Mapping[str, Any],
    metrics: str,
) -> int:
    """A new checkpoint of a run, and its number; of the earlier ones the last two stay.

    `lines`: bytes and SHA-256 of the metrics that belong to it, in the file `metrics`.
    """
    from safetensors.numpy import save_file

    folder = run / FOLDER
    if not folder.is_dir():
        folder.mkdir()
        sync(run)
    number = max(_numbers(folder), default=0) + 1
    state, manifest = _paths(folder, number)
    facts = {**metadata, "counters": json.dumps(counters)}
    found: dict[str, str] = {}

    def save(beside: Path) -> None:
        save_file({n: np.asarray(x, order="C") for n, x in arrays.items()}, beside, metadata=facts)
        found["sha256"] = checksums.of_file(beside)

    put(state, save)
    names = {
        f"{FOLDER}/{state.name}": {"bytes": state.stat().st_size, **found},
        metrics: dict(lines),
    }
    told = {
        "format": FORMAT,
        "update": counters.get("updates", 0),
        **ties(metadata),
        "files": names,
    }
    put_text(manifest, json.dumps(checksums.sealed(told), indent=1) + "\n")
    for old in sorted(_numbers(folder))[:-KEPT_CHECKPOINTS]:
        for path in reversed(_paths(folder, old)):  # the manifest first
            path.unlink(missing_ok=True)
    return number


def newest(run: Path, metrics: str) -> Checkpoint | None:
    """The last checkpoint whose files are whole; None if there has never been one.

    Warns BM835 of those that are damaged. Raises BM836 if all are.
    """
    wrong = list[str]()
    for place in _last_first(run / FOLDER):
        try:
            found = (
                _read(run, place, metrics)
                if isinstance(place, int)
                else _of_validation(run, place, metrics)
            )
        except BmError as error:
            wrong.append(error.diagnostics[0].message)
            continue
        if found is None:
            continue
        if wrong:
            warnings.warn(
                BmWarning(
                    Diagnostic(
                        "BM835",
                        "; ".join(wrong),
                        None,
                        helps=(
                            f"the checkpoint before is taken: update"
                            f" {found.counters.get('updates', 0):,}",
                        ),
                        level="warning",
                    )
                ),
                stacklevel=2,
            )
        return found
    if wrong:
        raise fail(
            "BM836",
            f"no checkpoint of `{run}` is whole: {'; '.join(wrong)}",
            help=_way_out(run, wrong, metrics),
        )
    return None


def _last_first(folder: Path) -> list[int | State]:
    """The numbers of finished checkpoints, and states at validations after each of them."""
    finished = [n for n in _numbers(folder) if _paths(folder, n)[1].exists()]
    order: list[tuple[int, int, int | State]] = [(n, -1, n) for n in finished]
    order += [(s.after, s.update, s) for s in validation_states.states(folder)]
    return [place for *_, place in sorted(order, key=lambda x: x[:2], reverse=True)]


def _of_validation(run: Path, state: State, metrics: str) -> Checkpoint | None:
    """The state at a validation; None where it was not finished, or is another run's."""
    found = state.read()
    if found is None:
        return None
    arrays, counters, metadata = found
    with suppress(BmError):
        if _manifest(_paths(run / FOLDER, state.after)[1]).get(RUN) != metadata.get(RUN):
            return None
    lines = _verified_lines(run / metrics, state.lines, state.sha256, state.update)
    return Checkpoint(state.path, arrays, counters, metadata, lines)


def _verified_lines(path: Path, lines: int, sha256: str, update: int) -> int:
    """The bytes of the metrics that belong to a checkpoint, none where the file is gone. BmError
    BM834 where they are not as they were written.
    """
    if lines and not path.exists():
        _say_lines_are_gone(path, update)
        return 0
    if checksums.of_file(path, max(lines, 0)) != sha256:
        raise damaged(path, _first_bad_line(path, lines))
    return lines


def _way_out(run: Path, wrong: list[str], metrics: str) -> str:
    if all(f"`{run / metrics}`" in text for text in wrong):
        return f"remove `{run / metrics}` to go on without the lines that it had"
    return "put the files back from a copy, or begin anew: `bm train ... --overwrite`"


def _read(run: Path, number: int, metrics: str) -> Checkpoint:
    """A checkpoint, every file of it verified. BmError BM834 that names the one that is damaged."""
    from safetensors import safe_open

    state, manifest = _paths(run / FOLDER, number)
    told = _manifest(manifest)
    with decoding("BM834", f"`{manifest}` does not say what belongs to its checkpoint"):
        own = told["files"].get(f"{FOLDER}/{state.name}")
        length, wanted = own and int(own["bytes"]), own and str(own["sha256"])
        update = int(told["update"])
        lines, sha256 = int(told["files"][metrics]["bytes"]), str(told["files"][metrics]["sha256"])
    size = state.stat().st_size if state.exists() else -1
    if own is None or size != length or checksums.of_file(state) != wanted:
        raise damaged(state)
    verify_affordable(f"`{state}`", size)
    lines = _verified_lines(run / metrics, lines, sha256, update)
    with decoding("BM834", f"`{state}` is no checkpoint"):
        with safe_open(state, "numpy") as file:
            metadata = dict(file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        counters = dict(json_of(metadata.pop("counters")))
    if ties(metadata) != {k: v for k, v in told.items() if k in ties(metadata)}:
        raise damaged(state, "it is of another run than its manifest")
    return Checkpoint(state, arrays, counters, metadata, lines)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        told = json_in(path)
        if checksums.is_whole(told) and told["format"] == FORMAT:
            return dict(told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise damaged(path)


def damaged(path: Path, why: str = "") -> BmError:
    """The error for a file that is not as it was written."""
    if path.exists():
        what = "is not as it was written" if path.stat().st_size else "is empty"
    else:
        what = "is gone"
    return fail("BM834", f"`{path}` {what}{f' ({why})' if why else ''}")


def _first_bad_line(path: Path, count: int) -> str:
    """What is wrong with the first bytes of the metrics, by line where a line shows it."""
    last = 0
    with path.open("rb") as file:
        data = file.read(count)
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line:
            continue
        try:
            update = json_of(line)["update"]
            if not isinstance(update, int) or update < last:
                return f"line {number}"
            last = update
        except (ValueError, KeyError, TypeError):
            return f"line {number}"
    return f"it has {len(data):,} bytes of {count:,}" if len(data) < count else ""


def _say_lines_are_gone(path: Path, update: int) -> None:
    warnings.warn(
        BmWarning(
            Diagnostic(
                "BM837",
                f"`{path}` is gone: its lines up to update {update:,} are lost, training goes on"
                " exactly",
                None,
                level="warning",
            )
        ),
        stacklevel=2,
    )


def _paths(folder: Path, number: int) -> tuple[Path, Path]:
    """A checkpoint's arrays and its manifest."""
    return folder / f"{number:06d}.safetensors", folder / f"{number:06d}.json"


def _numbers(folder: Path) -> set[int]:
    """The numbers of checkpoints of which there is a file."""
    if not folder.is_dir():
        return set()
    names = (p.stem for p in folder.iterdir() if p.suffix in (".safetensors", ".json"))
    return {int(n) for n in names if n.isdecimal()}


def last(run: Path) -> int:
    """The number of the last finished checkpoint; 0 if there is none."""
    folder = run / FOLDER
    finished = (n for n in _numbers(folder) if _paths(folder, n)[1].exists())
    return max(finished, default=0)


def are_in(run: Path) -> bool:
    """Whether a folder has a checkpoint that was finished."""
    return any(_paths(run / FOLDER, n)[1].exists() for n in _numbers(run / FOLDER))


def clear(run: Path) -> None:
    """Removes all checkpoints of a run; other files in their folder stay."""
    folder = run / FOLDER
    for name in validation_states.FILES:
        (folder / name).unlink(missing_ok=True)
    for number in sorted(_numbers(folder)):
        for path in reversed(_paths(folder, number)):
            path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()

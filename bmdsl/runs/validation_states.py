"""A run's state at its last validation, written over in place: what a process that is killed goes
on from.

It does not wait for the disk, so that it costs about what the validation does. A power cut may
leave it neither old nor new, which its checksum shows; the last checkpoint, which did wait, is
there then. Two files take turns: one is whole while the other one is written.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data.memory import verify_affordable
from ..files import named
from ..language.decoding import json_of

FILES = ("validation_a.safetensors", "validation_b.safetensors")
KIND, FORMAT = "state", "bmdsl validation 1"
"""The key beside the machine's own metadata, its `format` among them, and what stands there."""
SEAL, UNSEALED = "crc32", "00000000"
"""The key of the checksum of all that follows the file's first 8 bytes, and what stands in its
place while it is taken.
"""
BEGIN = f'{{"__metadata__": {{"{SEAL}": "'.encode()
TYPES = {
    **{f"<f{n}": f"F{8 * n}" for n in (2, 4, 8)},
    **{
        f"{'|' if n == 1 else '<'}{s}{n}": f"{s.upper()}{8 * n}" for s in "iu" for n in (1, 2, 4, 8)
    },
    "|b1": "BOOL",
}
"""safetensors' names of NumPy's types."""
MOST_PARTS = 1000
"""Of one call of the system: POSIX grants 16, Linux and macOS 1,024."""
LONGEST_HEADER = 100_000_000
"""Bytes, as safetensors has it."""
DAMAGED = (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError, MemoryError)
"""What reading a file that is not as it was written may raise."""


@dataclass(frozen=True)
class State:
    """A file, not yet read to its end: the checkpoint that it comes after, by number, the bytes and
    SHA-256 of its metrics, and its update.
    """

    path: Path
    after: int
    update: int
    lines: int
    sha256: str

    def read(self) -> tuple[dict[str, np.ndarray], dict[str, Any], dict[str, str]] | None:
        """Arrays, counters and metadata; None where the file is not as it was written.

        It is read, not mapped: another process may be writing it.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            verify_affordable(f"`{self.path}`", self.path.stat().st_size)
            content = self.path.read_bytes()
            end = 8 + int.from_bytes(content[:8], "little")
            header = content[8:end]
            if _sealed(header, [memoryview(content)[end:]]) != header:
                return None
            metadata = _metadata(header)
            del metadata[SEAL], metadata[KIND], metadata["after"]
            counters = dict(json_of(metadata.pop("counters")))
            return load(content), counters, metadata
        except (SafetensorError, *DAMAGED):
            return None


def states(folder: Path) -> list[State]:
    """Those in a folder of checkpoints whose beginning can be read."""
    out = []
    for path in (folder / name for name in FILES):
        with suppress(*DAMAGED), path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            facts = _metadata(file.read(min(length, LONGEST_HEADER)))
            told, counters = json_of(facts["after"]), json_of(facts["counters"])
            if facts[KIND] == FORMAT:
                after, update = int(told["checkpoint"]), int(counters["updates"])
                out.append(State(path, after, update, int(told["bytes"]), str(told["sha256"])))
    return out


def _metadata(header: bytes) -> dict[str, str]:
    return dict(json_of(header)["__metadata__"])


class ValidationStates:
    """Writes them into a folder of checkpoints, which must be there when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._paths = {name: folder / name for name in FILES}
        self._open: dict[str, int] = {}
        self._next = FILES[0]
        self._void = False
        """Whether a checkpoint has come after all of them."""

    def go_on_after(self, path: Path) -> None:
        """Has the file that a training goes on from be written over last."""
        if path.name in FILES:
            self._next = _other(path.name)

    def write(
        self,
        arrays: Mapping[str, np.ndarray],
        counters: Mapping[str, Any],
        metadata: Mapping[str, str],
        after: Mapping[str, Any],
    ) -> None:
        """`after`: the number of the last checkpoint, bytes and SHA-256 of the metrics."""
        name = self._next
        path = self._paths[name]
        facts = {
            SEAL: UNSEALED,
            **metadata,
            KIND: FORMAT,
            "after": json.dumps(dict(after)),
            "counters": json.dumps(dict(counters)),
        }
        whole = {n: np.asarray(x, order="C") for n, x in arrays.items()}
        parts = [x.reshape(-1).view(np.uint8).data for x in whole.values() if x.size]
        header = _sealed(_header(facts, whole), parts)
        with named(path):
            if name not in self._open:
                # made anew: what stands there may be a link to what is not the run's
                path.unlink(missing_ok=True)
                flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
                self._open[name] = os.open(path, flags, 0o666)
            _write(self._open[name], [len(header).to_bytes(8, "little"), header, *parts])
        self._next, self._void = _other(name), False

    def passed(self) -> None:
        """A checkpoint has come after what was written."""
        self._void = True

    def close(self) -> None:
        """Files that a checkpoint has come after are removed."""
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()
        if self._void:
            for path in self._paths.values():
                with suppress(OSError):
                    path.unlink()


def _other(name: str) -> str:
    return FILES[1 - FILES.index(name)]


def _header(facts: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> bytes:
    """What safetensors has before the numbers, which stand in places of 8 bytes after it."""
    told: dict[str, Any] = {"__metadata__": facts}
    end = 0
    for name, x in arrays.items():
        begin, end = end, end + x.nbytes
        offsets = [begin, end]
        told[name] = {"dtype": TYPES[x.dtype.str], "shape": x.shape, "data_offsets": offsets}
    text = json.dumps(told).encode()
    return text + b" " * (-len(text) % 8)


def _sealed(header: bytes, parts: Iterable[Any]) -> bytes:
    """A header with the checksum of itself and these parts in its place."""
    place = len(BEGIN), len(BEGIN) + len(UNSEALED)
    before, after = header[: place[0]], header[place[1] :]
    made = zlib.crc32(before + UNSEALED.encode() + after)
    for part in parts:
        made = zlib.crc32(part, made)
    return before + f"{made:08x}".encode() + after


def _write(descriptor: int, parts: list[Any]) -> None:
    """Has a file hold these parts and no more."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    size = sum(map(len, parts))
    at_once = hasattr(os, "writev") and len(parts) <= MOST_PARTS
    done = os.writev(descriptor, parts) if at_once else 0
    if done != size:
        rest = memoryview(b"".join(parts))[done:]
        while len(rest):
            rest = rest[os.write(descriptor, rest) :]
    os.ftruncate(descriptor, size)

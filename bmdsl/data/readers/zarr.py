"""Zarr: one array chosen by `folder.zarr:array`. Needs the package zarr, which is optional."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..keys import choose_key
from ..memory import verify_affordable
from ..packages import needed
from ..streams.chunked import ChunkedRows
from ..streams.rows import ShardRows

WORD = Word("zarr", summary="Zarr arrays: folder.zarr:group/array (needs zarr)")
KEYED = True
FOLDER = True
"""A store is a folder of this ending."""
KEYS = ("compressor", "filters", "codecs", "index_codecs", "serializer", "compressors")
CODECS = frozenset(
    "blosc zstd lz4 gzip zlib bz2 lzma shuffle delta bitround fixedscaleoffset quantize packbits"
    " astype crc32 crc32c adler32 fletcher32 bytes transpose sharding_indexed".split()
)
"""What chunks may be coded by: none of these runs what a file says, as a pickle does."""


def read(path: Path, key: str | None = None) -> np.ndarray:
    """The array `key`, or the only one there is, read into memory."""
    name, array = _chosen(path, key)
    verify_affordable(f"the array `{name}` of `{path}`", array.size * array.dtype.itemsize)
    return np.asarray(array[...])


def rows(path: Path, key: str | None = None) -> ShardRows:
    """The cases of an array, some at a time; a chunk of them is decoded at once."""
    return ChunkedRows(_chosen(path, key)[1])


def names(path: Path) -> list[str]:
    """The arrays of a store; none of one that is an array itself."""
    zarr, found = _opened(path)
    return [] if isinstance(found, zarr.Array) else list(_arrays(zarr, found))


def _opened(path: Path) -> tuple[Any, Any]:
    zarr = needed("zarr", "zarr", f"reading `{path}`", "'bmdsl[zarr]'")
    return zarr, zarr.open(path, mode="r")


def _arrays(zarr: Any, found: Any) -> dict[str, Any]:
    return {n: x for n, x in found.members(max_depth=None) if isinstance(x, zarr.Array)}


def _chosen(path: Path, key: str | None) -> tuple[str, Any]:
    zarr, found = _opened(path)
    if isinstance(found, zarr.Array):
        name, array = key or path.name, found
        if key:
            what = f"`{path}` holds one array, so `:{key}` names nothing"
            raise fail("BM704", what, help=f"write `{path}`")
    else:
        arrays = _arrays(zarr, found)
        name = choose_key(path, key, list(arrays))
        array = arrays[name]
    if array.dtype.kind not in "biuf":
        raise fail(
            "BM710",
            f"the array `{name}` of `{path}` holds `{array.dtype}`, not real numbers",
            help="store integers, floats or booleans",
        )
    odd = sorted(set(_codecs(array.metadata.to_dict())) - CODECS)
    if odd:
        raise fail(
            "BM971",
            f"the chunks of the array `{name}` of `{path}` are coded by `{odd[0]}`, which is not"
            " among the codecs that only unpack",
            help="store it with blosc, zstd, lz4 or gzip",
        )
    return name, array


def _codecs(metadata: Any, inside: bool = False) -> Iterator[str]:
    """The names of all codecs in an array's metadata, those in shards too."""
    if isinstance(metadata, dict):
        if inside and isinstance(name := metadata.get("id", metadata.get("name")), str):
            yield name.removeprefix("numcodecs.")
        for key, value in metadata.items():
            if key != "attributes":
                yield from _codecs(value, key in KEYS)
    elif isinstance(metadata, list | tuple):
        for value in metadata:
            yield from _codecs(value, inside)
    elif inside and metadata is not None and hasattr(metadata, "get_config"):
        yield str(metadata.get_config().get("id"))
    elif inside and metadata is not None and hasattr(metadata, "to_dict"):
        yield from _codecs(metadata.to_dict(), True)

"""Damaged and crafted files through every reader: of data, of graphs, of starts of parameters, of
public sets. What is neither read nor a diagnostic is told.

    python -m tests.reliability.fuzz_files --count 20000 --seed 1
"""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from tests.reliability.study import options, study

EXTREMES = (0, 1, -1, 127, 255, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1)
TEXTS = (
    *(
        b"nan",
        b"inf",
        b"-1",
        b"1e999",
        b"9" * 30,
        b"9" * 5000,
        b"[" * 3000,
        b"\0",
        b"\xff\xfe",
        b'"',
    ),
    *(
        b"1",
        b"0",
        b",",
        b"\t",
        b"\n",
        b">",
        b"<",
        b"<!DOCTYPE x>",
        b"&amp;",
        b"{",
        b"}",
        b"(1" * 99,
    ),
)


def array(shape: tuple[int, ...] = (5, 4), dtype: str = "<f8") -> bytes:
    """An `.npy` file's bytes."""
    out = io.BytesIO()
    np.save(out, np.arange(np.prod(shape)).reshape(shape).astype(dtype))
    return out.getvalue()


def archive(compressed: bool, **arrays: np.ndarray) -> bytes:
    """An `.npz` file's bytes."""
    out = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def header(shape: str, descr: str = "'<f8'", tail: bytes = b"") -> bytes:
    """An `.npy` file with this header."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) & 0xFFFF) + text + tail


def hdf5(folder: Path, **changes: object) -> bytes:
    """An HDF5 file's bytes: plain, chunked and compressed arrays, and links."""
    import h5py

    path = folder / "made.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(20.0).reshape(5, 4)
        file.create_dataset("g/y", data=np.arange(40).reshape(10, 4), chunks=(5, 4), compression=4)
        file["g/soft"] = h5py.SoftLink("/x")
        file.attrs["n"] = 3
    return path.read_bytes()


def tensors() -> bytes:
    """A safetensors file's bytes."""
    from safetensors.numpy import save

    return save({"W": np.arange(12, dtype=np.float32).reshape(4, 3), "b": np.zeros(4, np.float32)})


def parquet() -> bytes:
    """A Parquet file's bytes."""
    import pyarrow as arrow
    import pyarrow.parquet

    out = io.BytesIO()
    arrow.parquet.write_table(arrow.table({"a": [1.0, 2.0, None], "b": [1, 2, 3]}), out)
    return out.getvalue()


def sparse() -> bytes:
    """A sparse matrix's bytes, as SciPy writes it."""
    import scipy.sparse

    out = io.BytesIO()
    scipy.sparse.save_npz(out, scipy.sparse.random(5, 4, 0.5, "csr", random_state=0))
    return out.getvalue()


def image() -> bytes:
    """A PNG's bytes."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(out, "PNG")
    return out.getvalue()


GRAPHML = b"""<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="d0" for="edge" attr.name="weight" attr.type="double"/>
<graph edgedefault="undirected"><node id="n0"/><node id="n1"/><node id="n2"/><node id="n3"/>
<edge source="n0" target="n1"><data key="d0">0.5</data></edge>
<edge source="n1" target="n2"><data key="d0">-1</data></edge></graph></graphml>"""
EDGES = {
    "plain.txt": b"0 1\n1 2\n2 3\n",
    "weighted.csv": b"i,j,w\n0,1,0.5\n1,2,-1\n0,0,2\n",
    "gset.txt": b"4 3\n1 2 1\n2 3 -1\n3 4 1\n",
    "dimacs.col": b"c x\np edge 4 3\ne 1 2\ne 2 3\ne 3 4\n",
    "qubo.qubo": b"p qubo 0 4 1 2\n0 0 2.5\n0 1 -1\n1 2 3\n",
    "market.mtx": b"%%MatrixMarket matrix coordinate real symmetric\n4 4 2\n2 1 0.5\n3 2 1\n",
    "graph.graphml": GRAPHML,
}
TABLES = {
    "a.csv": b"a,b,c\n1,2,3\n4,,6\n7,8,9\n",
    "a.tsv": b"1\t2\t3\n4\t5\t6\n",
    "a.jsonl": b'[1, 2, 3]\n{"a": 1}\n[null, 2, 3]\n',
    "b.jsonl": b'{"a": 1, "b": 2}\n{"b": 3, "a": null}\n',
    "a.fasta": b">one\nACDEFGHIKL\n>two\nAC-EFGHIKL\n",
    "a.a3m": b">one\nACDeFG\n>two\nAC-FG\n",
    "a.sto": b"# STOCKHOLM 1.0\none ACDEFG\ntwo AC-EFG\n#=GC RF xxxx.x\n//\n",
}
IDX = gzip.compress(struct.pack(">HBBII", 0, 8, 2, 3, 4) + bytes(range(12)))
NORB = struct.pack("<iiiii", 0x1E3D4C55, 2, 3, 4, 1) + bytes(range(12))


def seeds(folder: Path) -> list[tuple[str, str, bytes]]:
    """(what reads it, a file's name, its sound content)."""
    made = [("data", name, content) for name, content in TABLES.items()]
    made += [("data", f"{name}.gz", gzip.compress(content)) for name, content in TABLES.items()]
    for dtype in ("<f8", ">f4", "|b1", "<i8", "<f2"):
        made += [(kind, "a.npy", array(dtype=dtype)) for kind in ("data", "init")]
    made += [
        (kind, "a.npy", header(shape, descr, b"\0" * 64))
        for kind in ("data", "init")
        for shape, descr in (
            *(("(4, 3)", "'<f8'"), ("(99999999999999, 9)", "'<f8'"), ("(-1, 4)", "'<f8'")),
            *(("(1000000000000000000000,)", "'<f8'"), ("(4,", "'<f8'"), ("4", "'<f8'")),
            *(("(2, 2)", "'|O'"), ("(2, 2)", "'<U900000000'"), ("(2,)", "[('a', '<f8')]")),
            *(("(2, 2)", "'|V16'"), ("(0, 3)", "'<f8'"), ("(" * 400 + "4", "'<f8'")),
        )
    ]
    x, y = np.arange(12.0).reshape(4, 3), np.arange(4)
    for packed in (False, True):
        made += [
            ("data", "a.npz:x", archive(packed, x=x, y=y)),
            ("init", "a.npz", archive(packed, W=x)),
        ]
    made += [("data", "s.npz", sparse()), ("init", "s.npz", sparse())]
    made += [("data", "a.parquet", parquet()), ("init", "a.safetensors", tensors())]
    content = hdf5(folder)
    made += [("data", f"a.h5:{key}", content) for key in ("x", "g/y", "g/soft", "")]
    made += [(kind, name, text) for kind in ("graph", "init") for name, text in EDGES.items()]
    made += [("init", "matrix.txt", b"1 2 3\n4 5 6\n7 8 9\n1 1 1\n"), ("idx", "a.gz", IDX)]
    return [
        *made,
        ("norb", "a.mat", NORB),
        ("norb", "a.mat.gz", gzip.compress(NORB)),
        ("image", "a.png", image()),
    ]


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The content with one to four damages: bits, bytes, lengths, lost and doubled parts."""
    out = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(9):
            case 0 if out:
                out[at % len(out)] ^= 1 << rng.randrange(8)
            case 1 if out:
                out[at % len(out)] = rng.randrange(256)
            case 2:
                del out[at:]
            case 3:
                del out[at : at + rng.choice((1, 4, 40))]
            case 4:
                out[at:at] = out[at : at + rng.choice((1, 8, 60))] * rng.choice((1, 2, 50))
            case 5:
                order, kind = rng.choice("<>"), rng.choice("HIQ")
                size = struct.calcsize(kind)
                number = rng.choice(EXTREMES) & ((1 << 8 * size) - 1)
                out[at : at + size] = struct.pack(order + kind, number)
            case 6:
                out[at:at] = rng.choice(TEXTS)
            case 7:
                end = at + rng.choice((1, 3, 8))
                out[at:end] = rng.choice(TEXTS)
            case 8:
                out[at : at + 6] = rng.randbytes(6)
    return bytes(out)


def crafted(name: str, content: bytes, rng: random.Random) -> bytes:
    """Damage to a file, or to what is packed in it."""
    if name.endswith(".gz") and rng.random() < 0.6:
        return gzip.compress(damaged(gzip.decompress(content), rng), 1)
    if ".npz" in name and rng.random() < 0.5:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", 8) as new:
            for one in old.namelist():
                new.writestr(one, damaged(old.read(one), rng))
        return out.getvalue()
    return damaged(content, rng)


UNITS = "model m {{ visible s[4] : spin\n graph G = {}\n param J {}\n energy = {} for <i,j> in G }}"
PAIRS = "- J[i,j] s[i] s[j]"
MODEL = (
    "model m {{ visible v[4] : binary\n hidden h[3] : binary\n {}\n energy = - W[i,j] v[i] h[j] }}"
)


def text_of(kind: str, name: str) -> str:
    """A model that names the file as its graph, or as a parameter's start."""
    if kind == "graph":
        return UNITS.format(f'"{name}"', "", PAIRS)
    if name in EDGES:
        return UNITS.format("complete(4)", f'init "{name}"', PAIRS)
    return MODEL.format(f'param W init "{name}"')


def examine(kind: str, folder: Path, name: str, content: bytes) -> str:
    """Reads one file as the verbs do: `fine` or `refused`; anything else raises."""
    from bmdsl import driver
    from bmdsl.data.idx import read_idx
    from bmdsl.data.image_folder import load_images
    from bmdsl.data.load import read_contents
    from bmdsl.data.norb import read_matrix
    from bmdsl.language.diagnostics import BmError
    from bmdsl.language.source import Source
    from bmdsl.model import Model
    from bmdsl.runtime.initial import verify_files

    (folder / name.partition(":")[0]).write_bytes(content)
    try:
        if kind == "data":
            np.asarray(read_contents(str(folder / name)).values).sum()
        elif kind == "idx":
            read_idx(folder / name)
        elif kind == "norb":
            read_matrix(folder / name)
        elif kind == "image":
            load_images(folder)
        else:
            model = Model(Source("<text>", text_of(kind, name)), folder=folder)
            driver.plan_of(model.checked)
            verify_files(model.checked, np.dtype("float32"))
    except BmError as error:
        str(error), json.dumps([d.as_dict() for d in error.diagnostics])
        return "refused"
    finally:
        (folder / name.partition(":")[0]).unlink()
    return "fine"


def cases(seed: int) -> Iterator[tuple[bytes, Callable[[], str]]]:
    """Damaged files without end, every kind as often."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as made:
        known = seeds(Path(made))
        (folder := Path(made) / "tried").mkdir()
        for kind, name, content in known:
            yield content, partial(examine, kind, folder, name, content)
        while True:
            kind, name, content = rng.choice(known)
            bad = crafted(name, content, rng)
            yield f"{kind} {name}\n".encode() + bad, partial(examine, kind, folder, name, bad)


if __name__ == "__main__":
    sys.exit(study(cases, options(__doc__, 10_000)) > 0)

"""A damaged or crafted file is a diagnostic, whatever the library that decodes it raises, and takes
no memory without bound.
"""

from __future__ import annotations

import gzip
import itertools
import tokenize
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bmdsl import BmError
from bmdsl.data import load, memory
from bmdsl.data.idx import read_idx
from bmdsl.data.readers import npy
from bmdsl.language.edge_lists import read_edge_list
from tests.reliability import fuzz_files
from tests.reliability.study import SOUND, judged


def refused(code: str, spec: str | Path) -> str:
    with pytest.raises(BmError) as error:
        load.read_contents(str(spec))
    assert error.value.diagnostics[0].code == code, error.value
    return str(error.value)


def test_every_damaged_file_is_read_or_refused() -> None:
    """The by-hand study's first inputs: every format sound, then damaged."""
    inputs = itertools.islice(fuzz_files.cases(1), 500)
    answers = [(judged(examine, 5.0)[0], content[:80]) for content, examine in inputs]
    assert [x for x in answers if x[0] not in SOUND] == []
    assert {kind for kind, _ in answers} == set(SOUND)


@pytest.mark.parametrize(
    "error", [tokenize.TokenError("odd"), RuntimeError("odd"), OverflowError("odd"), OSError("odd")]
)
def test_what_a_library_raises_stands_in_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def read(path: Path, key: str | None = None) -> np.ndarray:
        raise error

    monkeypatch.setattr(npy, "read", read)
    (tmp_path / "a.npy").write_bytes(b"")
    text = refused("BM703", tmp_path / "a.npy")
    assert "odd" in text and "numpy.save" in text


@pytest.mark.parametrize("name", ["a.csv.gz", "a.fasta.gz", "a.jsonl.gz", "a.sto.gz"])
def test_a_small_file_does_not_unpack_to_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(memory, "FREE_BYTES", 1 << 16)
    (tmp_path / name).write_bytes(gzip.compress(b"0" * (1 << 20)))
    assert "unpack it first" in refused("BM970", tmp_path / name)
    with pytest.raises(BmError, match="BM970"):
        read_idx(tmp_path / name)


def test_a_packed_table_of_usual_size_is_read(tmp_path: Path) -> None:
    text = "\n".join("0,0,0,0,1" for _ in range(10_000))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert load.read_file(str(tmp_path / "a.csv.gz")).shape == (10_000, 5)


def test_an_archive_declares_no_more_than_there_is_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(1 << 20))
    monkeypatch.setattr(memory, "memory_limit", lambda: 1 << 20)
    assert "limit is 1.05 MB" in refused("BM970", tmp_path / "a.npz")


def test_a_sparse_matrix_writes_nowhere_outside_itself(tmp_path: Path) -> None:
    import scipy.sparse

    matrix = scipy.sparse.csr_matrix(np.eye(3))
    scipy.sparse.save_npz(tmp_path / "a.npz", matrix)
    with np.load(tmp_path / "a.npz") as archive:
        parts = dict(archive)
    for k, bad in enumerate((7, -9, 1 << 30)):
        indices = np.array([0, bad, 2], parts["indices"].dtype)
        np.savez(tmp_path / f"b{k}.npz", **{**parts, "indices": indices})  # type: ignore[arg-type]
        refused("BM703", tmp_path / f"b{k}.npz")


def test_numbers_of_other_files_are_not_read(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    (tmp_path / "secret").write_bytes(b"12345678" * 4)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["y"] = np.zeros(4)
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "y", (4,))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        secret = [(str(tmp_path / "secret"), 0, 32)]
        file.create_dataset("x", (4,), "f8", external=secret)
        file.create_virtual_dataset("v", layout)
        file["l"] = h5py.ExternalLink("other.h5", "y")
        file.create_dataset("huge", (1 << 40,), "f8", chunks=(1 << 20,))
        file["text"] = "abc"
    refused("BM971", f"{tmp_path}/a.h5:x")
    refused("BM971", f"{tmp_path}/a.h5:v")
    refused("BM704", f"{tmp_path}/a.h5:l")
    refused("BM970", f"{tmp_path}/a.h5:huge")
    refused("BM710", f"{tmp_path}/a.h5:text")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_graph_declares_no_entities_in_any_encoding(encoding: str) -> None:
    text = '<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a "aaaa">]><graphml>&a;</graphml>'
    with pytest.raises(BmError, match="BM610.*declares entities"):
        read_edge_list("a.graphml", text.encode(encoding), None)


def test_isolated_nodes_of_graphml_are_nodes() -> None:
    text = fuzz_files.GRAPHML.replace(b'<node id="n0"/>', b'<node id="n5"/><node id="n0"/>')
    found = read_edge_list("a.graphml", text, None)
    assert found.nodes == 6 and len(found.edges) == 2
    few = read_edge_list("a.graphml", fuzz_files.GRAPHML, None, wanted=4)
    assert few.nodes == 4


def test_a_packed_member_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", fuzz_files.header("(2, 2)", "'|O'", b"\0" * 64))
    refused("BM703", tmp_path / "a.npz")

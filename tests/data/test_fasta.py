"""FASTA alignments as letters' numbers."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from bmdsl.data.load import load
from bmdsl.language.diagnostics import BmError

ALIGNMENT = ">one kinase\nAC-D\nEY\n>two\nac.xey\n"


def test_letters_are_their_numbers_and_gaps_are_0(tmp_path: Path) -> None:
    (tmp_path / "a.fasta").write_text(ALIGNMENT)
    assert load(str(tmp_path / "a.fasta")).values.tolist() == [
        [1, 2, 0, 3, 4, 20],
        [1, 2, 0, 0, 4, 20],
    ]
    (tmp_path / "b.fasta.gz").write_bytes(gzip.compress(b">r\nACGU-N\n"))
    assert load(str(tmp_path / "b.fasta.gz")).values.tolist() == [[1, 2, 3, 4, 0, 0]]
    (tmp_path / "c.fa").write_text(">d\nACGT-\n")
    assert load(str(tmp_path / "c.fa")).values.tolist() == [[1, 2, 3, 4, 0]]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (">a\nACDE\n>b\nACD\n", "BM711"),
        (">a\nAC1E\n", "BM710"),
        ("ACDE\n", "BM703"),
        ("", "BM703"),
        (">a\nÅCDE\n", "BM703"),
    ],
)
def test_what_is_no_alignment_is_refused(text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "a.fasta").write_text(text, encoding="utf-8")
    with pytest.raises(BmError, match=code):
        load(str(tmp_path / "a.fasta"))


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.fasta.gz").write_bytes(b"nothing")
    with pytest.raises(BmError, match="BM703"):
        load(str(tmp_path / "a.fasta.gz"))


@pytest.mark.skipif(
    "BMDSL_DATA" not in os.environ, reason="BMDSL_DATA names no folder with alignments"
)
@pytest.mark.parametrize(
    ("name", "shape", "letters"),
    [("WW_domain_MSA", (17_233, 31), 21), ("RF00379", (3_827, 136), 5)],
)
def test_published_alignments(name: str, shape: tuple[int, int], letters: int) -> None:
    path = Path(os.environ["BMDSL_DATA"]) / "protein-msa" / f"{name}.fasta.gz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    values = load(str(path)).values
    assert values.shape == shape and set(np.unique(values)) == set(range(letters))

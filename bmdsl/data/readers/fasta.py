"""Aligned sequences in FASTA, plain or gzipped: every letter's number in its alphabet, the gap first.

The alphabet is read off the letters: `-ACGU` (RNA), `-ACGT` (DNA), or `-ACDEFGHIKLMNPQRSTVWY` (proteins), as in direct-coupling analysis. A letter
that stands for several (B, J, N, O, U, X, Z of proteins; N, R, Y, ... of nucleotides) is a gap, and so is a dot; small letters are capitals.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word

WORD = Word("fasta", summary="aligned sequences, a letter a place; also .fasta.gz")
KEYED = False
GZIP = True
ALSO = ("fa", "fas")
PROTEIN, RNA, DNA = "-ACDEFGHIKLMNPQRSTVWY", "-ACGU", "-ACGT"
AMBIGUOUS = {PROTEIN: "BJOUXZ.*", RNA: "NRYSWKMBDHVT.", DNA: "NRYSWKMBDHVU."}


def read(path: Path, key: str | None = None) -> np.ndarray:
    """float32 [sequences, places]. BmError for sequences of different lengths or a letter of no alphabet."""
    try:
        with gzip.open(path, "rt", encoding="ascii") if path.suffix.lower() == ".gz" else open(path, encoding="ascii") as file:
            names, sequences = _records(file)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError) as problem:
        raise fail("BM703", f"`{path}` is no FASTA text: {problem}") from None
    if not sequences:
        raise fail("BM703", f"`{path}` has no sequence", help="a line `>name`, then the letters")
    length = len(sequences[0])
    for name, s in zip(names, sequences, strict=True):
        if len(s) != length:
            raise fail("BM711", f"sequence `{name}` of `{path}` has {len(s)} letters, the first has {length}", help="align the sequences first")
    letters = set().union(*map(set, sequences))
    alphabet = alphabet_of(letters)
    strange = letters - set(alphabet) - set(AMBIGUOUS[alphabet])
    if strange:
        raise fail("BM710", f"`{path}` has the letter `{min(strange)}`, which is in no alphabet", note=f"read as {alphabet}")
    table = np.zeros(128, np.float32)
    table[[ord(c) for c in alphabet]] = np.arange(len(alphabet))
    return table[np.frombuffer("".join(sequences).encode("ascii"), np.uint8)].reshape(len(sequences), length)


def alphabet_of(letters: set[str]) -> str:
    """Nucleotides where there is nothing else than A, C, G, U or T, N and gaps; else proteins."""
    if letters <= set("-.ACGUN"):
        return RNA if "U" in letters else DNA
    return DNA if letters <= set("-.ACGTN") else PROTEIN


def _records(file) -> tuple[list[str], list[str]]:  # type: ignore[no-untyped-def]  # a text file, plain or gzipped
    names: list[str] = []
    parts: list[list[str]] = []
    for line in file:
        if line.startswith(">"):
            names.append(line.strip().lstrip(">").split()[0] if line.strip(" >\n") else str(len(names) + 1))
            parts.append([])
        elif line.strip() and not line.startswith(";"):
            if not parts:
                raise fail("BM703", "a FASTA file begins with a line `>name`")
            parts[-1].append(line.strip().upper())
    return names, ["".join(p) for p in parts]

"""Aligned sequences in FASTA, plain or gzipped: every letter's number in its alphabet, the gap
first.

The alphabet is read off the letters and told: `-ACGU` (RNA), `-ACGT` (DNA), or
`-ACDEFGHIKLMNPQRSTVWY` (proteins). A letter that stands for several (N, R, Y, ... of nucleotides;
B, J, O, U, X, Z of proteins) is a gap, and so is a dot; small letters are capitals. `.a3m` and
`.a2m` are read by `a3m`, which leaves insertions out.
"""

from __future__ import annotations

from pathlib import Path

from ...language.vocabulary import Word
from ..alignment import numbered, records
from ..reading import Reading
from ..text_lines import read_text

WORD = Word("fasta", summary="aligned sequences, a letter a place; also .fasta.gz")
KEYED = False
GZIP = True
ALSO = ("fa", "fas", "afa", "fna", "faa")


def read(path: Path, key: str | None = None) -> Reading:
    """float32 [sequences, places].

    Raises BM703 for no FASTA, BM711 for different lengths, BM710 for a strange letter.
    """
    return numbered(path, *records(path, read_text(path, "FASTA text", "ascii").splitlines()))

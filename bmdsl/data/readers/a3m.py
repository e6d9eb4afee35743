"""Alignments in A3M and A2M (HH-suite, HMMER): match columns are kept, insertions (small letters
and dots) are left out.
"""

from __future__ import annotations

from pathlib import Path

from ...language.vocabulary import Word
from ..alignment import numbered, records, without_insertions
from ..reading import Reading
from ..text_lines import read_text

WORD = Word(
    "a3m",
    summary="aligned sequences with insertions in small letters, which are left out; also .a2m",
)
KEYED = False
GZIP = True
ALSO = ("a2m",)


def read(path: Path, key: str | None = None) -> Reading:
    """float32 [sequences, match columns]. Raises BM703, BM711 or BM710 as for FASTA."""
    names, sequences = records(path, read_text(path, "A3M text", "ascii").splitlines())
    return numbered(path, names, without_insertions(path, sequences))

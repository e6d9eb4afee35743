"""Alignments in Stockholm format (Pfam, Rfam): match columns are kept, insertions are left out."""

from __future__ import annotations

from pathlib import Path

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..alignment import numbered
from ..notice import say
from ..reading import Reading
from ..text_lines import read_text

WORD = Word(
    "sto",
    summary="aligned sequences in Stockholm format, insertions left out; also .stk, .stockholm",
)
KEYED = False
GZIP = True
ALSO = ("stk", "stockholm")
_INSERTION = frozenset(".-~_")
"""Marks of the reference line (`#=GC RF`) at columns that are insertions."""


def read(path: Path, key: str | None = None) -> Reading:
    """float32 [sequences, match columns]: those of `#=GC RF` if it is there, else columns without
    small letters.

    Raises BM703 for no Stockholm text, BM711 for sequences of different lengths, BM710 for a letter
    of no alphabet.
    """
    lines = read_text(path, "Stockholm text", "utf-8").splitlines()
    if not lines or not lines[0].startswith("# STOCKHOLM"):
        raise fail(
            "BM703", f"`{path}` is no Stockholm text", help="its first line is `# STOCKHOLM 1.0`"
        )
    sequences: dict[str, str] = {}
    reference = ""
    for line in lines:
        if line.startswith("//"):
            break
        words = line.split()
        if line.startswith("#=GC RF") and len(words) == 3:
            reference += words[2]
        elif words and not line.startswith("#"):
            if len(words) != 2 or not words[1].isascii():
                raise fail(
                    "BM703",
                    f"`{path}` has a line that is no sequence: `{line.strip()[:40]}`",
                    help="a name, then the letters",
                )
            sequences[words[0]] = sequences.get(words[0], "") + words[1]
    return numbered(
        path, list(sequences), _match_columns(path, list(sequences.values()), reference)
    )


def _match_columns(path: Path, sequences: list[str], reference: str) -> list[str]:
    lengths = {len(s) for s in sequences}
    if len(lengths) > 1:
        return sequences  # the check of lengths names the first that differs
    if reference and lengths == {len(reference)}:
        match = [c not in _INSERTION for c in reference]
    elif any(c.islower() for s in sequences for c in s) and any(
        c.isupper() for s in sequences for c in s
    ):
        match = [not any(c.islower() for c in column) for column in zip(*sequences, strict=True)]
    else:
        return sequences
    if not all(match):
        say(
            f"`{path.name}`: {match.count(False):,} of {len(match):,} columns are insertions and"
            " left out"
        )
    return ["".join(c for c, kept in zip(s, match, strict=True) if kept) for s in sequences]

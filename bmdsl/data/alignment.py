"""Aligned sequences of letters → the letters' numbers in their alphabet, the gap first, as in
direct-coupling analysis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..language.diagnostics import fail
from .notice import say
from .reading import Reading


@dataclass(frozen=True)
class Alphabet:
    """`letters` begins with the gap.

    `same` are letters read as another, `ambiguous` those that stand for several.
    """

    name: str
    letters: str
    ambiguous: str
    same: tuple[tuple[str, str], ...] = ()


PROTEIN = Alphabet("protein", "-ACDEFGHIKLMNPQRSTVWY", "BJOUXZ*")
RNA = Alphabet("RNA", "-ACGU", "NRYSWKMBDHVX*", (("T", "U"),))
DNA = Alphabet("DNA", "-ACGT", "NRYSWKMBDHVX*", (("U", "T"),))
MIN_NUCLEOTIDE_SHARE = 0.5
"""Share of A, C, G, T, U and N from which letters that IUPAC's code has are nucleotides: a protein
has about 0.27.
"""


def numbered(path: Path, names: Sequence[str], sequences: Sequence[str]) -> Reading:
    """float32 [sequences, places], a letter's number in the alphabet that the letters show; the
    alphabet is told.

    A letter that stands for several is a gap. Raises BM703 without sequences, BM711 for different
    lengths, BM710 for a letter of no alphabet.
    """
    if not sequences:
        raise fail("BM703", f"`{path}` has no sequence", help="a line `>name`, then the letters")
    length = len(sequences[0])
    for name, s in zip(names, sequences, strict=True):
        if len(s) != length:
            message = f"sequence `{name}` of `{path}` has {len(s)} letters, the first has {length}"
            raise fail("BM711", message, help="align the sequences first")
    counts = Counter("".join(sequences).upper().replace(".", "-").replace("~", "-"))
    alphabet = alphabet_of(counts)
    same = dict(alphabet.same)
    strange = set(counts) - set(alphabet.letters) - set(alphabet.ambiguous) - set(same)
    if strange:
        note = f"read as {alphabet.name}, {alphabet.letters}"
        raise fail(
            "BM710", f"`{path}` has the letter `{min(strange)}`, which is in no alphabet", note=note
        )
    table = np.zeros(128, np.float32)
    for place, letter in enumerate(alphabet.letters):
        table[[ord(letter), ord(letter.lower())]] = place
    for letter, other in same.items():
        table[[ord(letter), ord(letter.lower())]] = alphabet.letters.index(other)
    codes = table[np.frombuffer("".join(sequences).encode("ascii"), np.uint8)]
    _tell(path, alphabet, counts, len(sequences), length)
    return Reading(codes.reshape(len(sequences), length), len(alphabet.letters))


def alphabet_of(counts: Counter[str]) -> Alphabet:
    """Nucleotides if all letters are IUPAC's and at least half of them A, C, G, T, U or N; else
    proteins.
    """
    plain = sum(counts[x] for x in "ACGTUN")
    total = sum(n for x, n in counts.items() if x not in "-*")
    if set(counts) <= set("-ACGTU" + DNA.ambiguous) and plain >= MIN_NUCLEOTIDE_SHARE * total:
        return RNA if counts["U"] > counts["T"] else DNA
    return PROTEIN


def _tell(path: Path, alphabet: Alphabet, counts: Counter[str], n: int, length: int) -> None:
    several = {x: counts[x] for x in sorted(counts) if x in alphabet.ambiguous}
    text = (
        f"`{path.name}`: {n:,} sequences of {length} places, {alphabet.name},"
        f" {len(alphabet.letters)} states {alphabet.letters}"
    )
    for x, other in alphabet.same:
        if counts[x]:
            text += f"; {counts[x]:,} {x} read as {other}"
    if several:
        shown = ", ".join(f"{n:,} {x}" for x, n in several.items())
        text += f"; letters that stand for several are gaps: {shown}"
    say(text)


def without_insertions(path: Path, sequences: Sequence[str]) -> list[str]:
    """Match columns alone: capitals and `-` are kept; small letters and dots are insertions (A2M
    and A3M).
    """
    kept = ["".join(c for c in s if c == "-" or not (c.islower() or c == ".")) for s in sequences]
    dropped = sum(map(len, sequences)) - sum(map(len, kept))
    if dropped:
        say(
            f"`{path.name}`: {dropped:,} small letters and dots are insertions and left out, match"
            " columns are kept"
        )
    return kept


def records(path: Path, lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names and sequences, letters as written, of a text with a line `>name` before each sequence.

    Raises BM703.
    """
    names: list[str] = []
    parts: list[list[str]] = []
    for line in lines:
        text = line.strip()
        if text.startswith(">"):
            names.append((text[1:].split() or [str(len(names) + 1)])[0])
            parts.append([])
        elif text and not text.startswith((";", "#")):
            if not parts:
                raise fail("BM703", f"`{path}` does not begin with a line `>name`")
            parts[-1].append("".join(text.split()))
    return names, ["".join(p) for p in parts]

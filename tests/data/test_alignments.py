"""Alignments: the alphabet that letters show, insertions, and what is told about both."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.data.alignment import DNA, PROTEIN, RNA
from bmdsl.data.load import load
from bmdsl.language.diagnostics import BmError
from bmdsl.tasks.training_data import bound


def written(folder: Path, name: str, *sequences: str) -> str:
    path = folder / name
    path.write_text("".join(f">s{k}\n{s}\n" for k, s in enumerate(sequences)))
    return str(path)


@given(
    st.text("ACGU-", min_size=12, max_size=12),
    st.sampled_from(RNA.ambiguous.replace("*", "")),
    st.integers(0, 11),
)
@settings(max_examples=40, deadline=None)
def test_nucleotides_with_any_letter_of_iupac_stay_nucleotides(
    tmp_path_factory, text: str, letter: str, place: int
):
    folder = tmp_path_factory.mktemp("rna")
    path = written(folder, "a.fasta", "ACGUACGUACGU", text[:place] + letter + text[place + 1 :])
    found = load(path)
    expected = ["-ACGU".index(c) for c in text]
    expected[place] = 0
    assert found.states == 5 and found.values[1].tolist() == expected


def test_t_and_u_are_one_letter(tmp_path: Path):
    values = load(written(tmp_path, "a.fasta", "ACGT", "ACGU", "UUUU")).values
    assert values.tolist() == [[1, 2, 3, 4], [1, 2, 3, 4], [4, 4, 4, 4]]


@given(st.lists(st.text(PROTEIN.letters, min_size=63, max_size=63), min_size=2, max_size=5))
@settings(max_examples=30, deadline=None)
def test_a_protein_stays_a_protein(tmp_path_factory, sequences: list[str]):
    found = load(written(tmp_path_factory.mktemp("aa"), "a.fasta", PROTEIN.letters * 3, *sequences))
    assert found.states == 21
    assert found.values[1].tolist() == [PROTEIN.letters.index(c) for c in sequences[0]]


def test_a_protein_of_letters_that_nucleotides_have_too_is_a_protein(tmp_path: Path):
    assert load(written(tmp_path, "a.fasta", "DKHSRVWYMNDKHSRVWYMN")).states == 21


def test_insertions_of_a3m_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = written(tmp_path, "a.a3m", "ACDE", "AaaC-E", "-CwDE")
    with caplog.at_level(logging.INFO, "bmdsl"):
        values = load(path).values
    assert values.tolist() == [[1, 2, 3, 4], [1, 2, 0, 4], [0, 2, 3, 4]]
    assert "3 small letters and dots are insertions" in caplog.text
    assert (
        load(written(tmp_path, "b.a2m", "AC..DE", "AC.wDE")).values.tolist() == [[1, 2, 3, 4]] * 2
    )


@pytest.mark.parametrize("reference", ["#=GC RF xx.xx\n", ""])
def test_insertions_of_stockholm_are_left_out(tmp_path: Path, reference: str):
    text = f"# STOCKHOLM 1.0\n#=GF ID x\n\none  AC.D\ntwo  ACaD\n\none  E\ntwo  -\n{reference}//\n"
    (tmp_path / "a.sto").write_text(text)
    assert load(str(tmp_path / "a.sto")).values.tolist() == [[1, 2, 3, 4], [1, 2, 3, 0]]


@pytest.mark.parametrize("text", ["", "ACDE\n", "# STOCKHOLM 1.0\none AC DE\n"])
def test_what_is_no_stockholm_text_is_refused(tmp_path: Path, text: str):
    (tmp_path / "a.sto").write_text(text)
    with pytest.raises(BmError, match="BM703"):
        load(str(tmp_path / "a.sto"))


def test_the_alphabet_and_what_became_gaps_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = written(tmp_path, "a.fasta", "ACGURRNT")
    with caplog.at_level(logging.INFO, "bmdsl"):
        load(path)
    assert (
        "1 sequences of 8 places, RNA, 5 states -ACGU; 1 T read as U" in caplog.text
        or "DNA" in caplog.text
    )
    assert "gaps: 1 N, 2 R" in caplog.text


def test_states_of_a_model_come_from_the_alphabet(tmp_path: Path):
    for name, sequence, states in (("a.fasta", "ACGU-", 5), ("b.fasta", "ACDEF", 21)):
        model = bound(bmdsl.load("potts"), written(tmp_path, name, sequence, sequence))
        assert (model.arguments["L"], model.arguments["q"]) == (5, states)


def test_alphabets_agree_with_their_codes():
    for alphabet in (DNA, RNA, PROTEIN):
        assert alphabet.letters[0] == "-" and len(set(alphabet.letters)) == len(alphabet.letters)
        assert not set(alphabet.letters) & set(alphabet.ambiguous)
    assert np.all([len(a.letters) == n for a, n in ((DNA, 5), (RNA, 5), (PROTEIN, 21))])

"""Cells that look like marks of missing ones are told, and a mark that is named is none of the
values, from the description of a table to what its machine makes of it.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.data.describing import describe
from bmdsl.data.encoding import encode, learn
from bmdsl.data.missing_marks import suspected
from bmdsl.data.number_forms import NumberForm
from bmdsl.data.table import Column, number_text, of_columns
from bmdsl.sklearn import BoltzmannImputer
from bmdsl.tasks.new_from_table import model_text
from tests.cli.command import Bm

RNG = np.random.default_rng(0)
AGES = [str(x) for x in RNG.integers(18, 81, 300)]
SCALE = [str(x) for x in RNG.integers(1, 6, 300)]
YES_NO = RNG.choice(["yes", "no"], 300).tolist()
PARTY = RNG.choice(["left", "right", "centre"], 300).tolist()
MEASURED = [f"{x:.2f}" for x in RNG.normal(0, 1, 300)]


@pytest.mark.parametrize(
    ("cells", "extra", "marks"),
    [
        (AGES, ["-9"] * 6, {"-9": 6}),
        (AGES, ["999"] * 6 + ["998"] * 3, {"999": 6, "998": 3}),
        (AGES, ["99"] * 30, {"99": 30}),
        (AGES, ["99", "99"], {}),  # two people of 99 among those of 80
        (AGES, ["999"], {}),  # a slip rather than a mark
        (AGES, ["refused"] * 4, {"refused": 4}),
        (AGES, ["-9.0"] * 4, {"-9": 4}),
        (AGES, [".", "?", "n/a"], {}),  # missing among numbers without a word
        (SCALE, ["9"] * 5, {"9": 5}),
        (SCALE, ["-1"] * 5, {"-1": 5}),
        (SCALE, ["7"] * 5, {}),
        (SCALE, ["0"] * 5, {}),
        (YES_NO, ["."] * 5, {".": 5}),
        (YES_NO, ["missing"] * 5, {"missing": 5}),
        (PARTY, ["Unknown"] * 5 + ["-"] * 2, {"Unknown": 5, "-": 2}),
        (PARTY, ["other"] * 5, {}),
        (MEASURED, ["-999.0"] * 5, {"-999": 5}),
        (MEASURED, ["-1"] * 5, {}),  # others are negative too
        (["0", "1"] * 50, ["9"] * 5, {"9": 5}),
        (["0", "1"] * 50, ["-1"] * 50, {}),
    ],
)
def test_marks_are_suspected_by_word_and_by_distance(
    cells: list[str], extra: list[str], marks: dict[str, int]
) -> None:
    whole = [*cells, *extra]
    assert suspected(Column("a", tuple(whole))) == marks
    if all(_is_number(x) for x in whole):
        assert suspected(Column("a", numbers=np.array(whole, float))) == marks
    assert suspected(Column("a", tuple(whole)), tuple(marks)) == {}  # told already


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_a_mark_of_numbers_is_itself_however_it_is_written() -> None:
    column = Column("a", ("-9.0", "-9", " -9.00", "9", "x"))
    assert column.missing(("-9",)).tolist() == [True, True, True, False, False]
    assert Column("a", ("-9,0", "1,5"), form=NumberForm(",")).missing(("-9",)).tolist() == [
        True,
        False,
    ]
    checked = bmdsl.parse(
        'model m { visible s : categorical(3)  data { s = s  missing = "refused" }'
        "  param b  energy = - b[k] s[k] }"
    ).checked
    table = of_columns({"s": ["1.0", "2", "refused", "3", "1"]}, "t")
    made = encode(table, learn(table, checked), checked)
    np.testing.assert_array_equal(made["s"], [0, 1, np.nan, 2, 0])


TABLE = {
    "nr": [f"p{k}" for k in range(200)],
    "age": [*AGES[:188], *["-9"] * 12],
    "mood": [*SCALE[:190], *["9"] * 10],
    "well": [*["missing"] * 9, *YES_NO[:191]],
    "notes": [f"text {k}" if k % 5 else "-" for k in range(200)],
}
DATA = "age = age  mood = mood  well = well  id = nr"
MARKS = 'missing = -9, 9, "missing"'
MODEL = f"""model m(H = 2) {{
  visible age : gaussian(sigma = 2)
  visible mood : categorical(5)
  visible well : binary
  hidden  h[H] : binary
  data {{ {DATA}  {MARKS} }}
  layers age -- h
  layers mood -- h
  layers well -- h
  train {{ transform(age) standardize  positive gibbs  negative cd  batch 50  epochs 2 }}
}}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("marks") / "people.csv"
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([list(TABLE), *zip(*TABLE.values(), strict=True)])
    return path


def test_a_description_tells_of_marks_and_takes_them_once_they_are_named(file: Path) -> None:
    made = describe(file)
    told = {s.mark: (s.columns, s.cells) for s in made.proposal.suspects}
    assert told == {
        "-9": (("age",), 12),
        "9": (("mood",), 10),
        "missing": (("well",), 9),
    }
    lines = "\n".join(made.doubts())
    assert "--missing -9 --missing 9 --missing missing" in lines and MARKS in lines
    assert [s["mark"] for s in made.as_dict()["suspects"]] == ["-9", "9", "missing"]
    text = model_text(made, "people", "people.csv")
    assert "# `-9` in age (12 cells): a mark of missing cells? Then `missing = -9` below" in text
    named = describe(file, ["-9", "9", "missing"])
    assert named.doubts() == []
    assert {s.name: s.missing for s in named.proposal.columns}["mood"] == 10
    assert {s.name: s.kind.name for s in named.proposal.columns} == {
        **{"nr": "id", "age": "whole numbers", "mood": "scale", "well": "yes/no"},
        "notes": "text",
    }
    block = "\n".join(named.proposal.block("people.csv"))
    assert MARKS in block


def test_a_named_mark_is_missing_in_training_and_in_every_answer(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bmdsl")
    machine = bmdsl.parse(MODEL).bind_to(str(file)).compile(seed=0, dtype="float64")
    machine.train(str(file), progress=False)
    assert "mark of missing" not in caplog.text
    rows = machine.table(str(file))
    gone = {n: np.isnan(x.reshape(200, -1)[:, 0]) for n, x in rows.arrays.items()}
    assert {n: int(x.sum()) for n, x in gone.items()} == {"age": 12, "mood": 10, "well": 9}
    full = rows.impute(steps=5).to_dict()
    assert "-9" not in map(str, full["age"]) and 9 not in full["mood"]
    assert set(full["well"]) == {"yes", "no"} and full["notes"] == TABLE["notes"]
    assert np.isfinite(rows.log_likelihood().to_dict()["log_likelihood"]).all()
    predicted = rows.predicted("mood").scored()
    assert predicted.cases == 190
    # a new table with the same marks
    part = {n: x[-20:] for n, x in TABLE.items()}
    assert np.isnan(machine.table(part).arrays["age"]).sum() == 12


def test_a_mark_that_is_not_named_is_told_when_the_table_is_learned(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bmdsl")
    checked = bmdsl.parse(
        "model m { visible age : gaussian  data { age = age }  param b  energy = - b age }"
    ).checked
    learn(of_columns(TABLE, "t"), checked)
    assert "missing in" not in caplog.text  # `well` is no data of this model
    assert "`-9` in age (12 cells) of t: a mark of missing cells?" in caplog.text
    assert "`missing = -9` in the data block" in caplog.text


def test_an_imputer_fills_marks_that_its_columns_name() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({n: x for n, x in TABLE.items() if n != "notes"})
    frame["age"] = frame["age"].astype(float)
    text = MODEL.replace(f"data {{ {DATA}  {MARKS} }}", "")
    imputer = BoltzmannImputer(text, columns=f"{DATA}  {MARKS}", steps=5, random_state=0)
    full = imputer.fit(frame).transform(frame)
    assert isinstance(full, type(frame)) and full["age"].min() > 0
    assert set(full["well"]) == {"yes", "no"} and "9" not in set(map(str, full["mood"]))
    known = [number_text(float(x)) for x in full["age"][:188]]
    assert known == TABLE["age"][:188]


def test_the_command_line_says_so_and_writes_the_named_marks(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bm = Bm(tmp_path, monkeypatch, capsys)

    def call(*args: object) -> str:
        done = bm(*args)
        assert done.returncode == 0
        return done.stdout

    out = call("data", "describe", file)
    assert "perhaps marks of missing cells: `-9` in age (12 cells)" in out
    marks = ("--missing", "-9", "--missing", "9", "--missing", "missing")
    out = call("data", "describe", file, *marks)
    assert "perhaps" not in out and "--missing -9 --missing 9 --missing missing` writes" in out
    assert json.loads(call("data", "describe", file, "--json"))["suspects"][0] == {
        "mark": "-9",
        "columns": ["age"],
        "cells": 12,
    }
    call("new", "people", "--from", file, *marks)
    assert MARKS in (tmp_path / "people.bm").read_text()

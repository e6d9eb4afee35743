"""Columns of dates are recognised, never taken for categories or numbers in silence, and learned as
days where a transform says so; results have dates again.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.data.column_kinds import kind_of
from bmdsl.data.dates import date_text
from bmdsl.data.describing import describe
from bmdsl.data.levels import TableCode
from bmdsl.data.marks import Marks
from bmdsl.data.missing_marks import suspected
from bmdsl.data.table import Column, number_text, of_columns, typed
from bmdsl.language.diagnostics import BmError, BmWarning
from tests.cli.command import Bm

DAYS = [dt.date(2021, 1, 1) + dt.timedelta(days=17 * k) for k in range(60)]
FORMS = {
    "%Y-%m-%d": "%Y-%m-%d",
    "%Y/%m/%d": "%Y/%m/%d",
    "%d.%m.%Y": "%d.%m.%Y",
    "%d/%m/%Y": "%d/%m/%Y",
    "%m/%d/%Y": "%m/%d/%Y",
    "%d %b %Y": "%d %b %Y",
    "%d-%b-%Y": "%d-%b-%Y",
    "%B %d, %Y": "%b %d, %Y",
    "%Y%m%d": "%Y%m%d",
    "%Y-%m-%dT00:00:00Z": "%Y-%m-%d",
    "%Y-%m-%d 13:45": "%Y-%m-%d %H:%M",
    "%m/%d/%Y 01:45:30 pm": "%m/%d/%Y %H:%M:%S",
}


@pytest.mark.parametrize("form", FORMS)
def test_dates_are_days_since_1970_and_are_written_as_they_were(form: str) -> None:
    column = Column("d", tuple(x.strftime(form) for x in DAYS))
    found = column.dates()
    assert found is not None and found.pattern == FORMS[form] and not found.wrong
    whole = np.array([(x - dt.date(1970, 1, 1)).days for x in DAYS])
    hours = {"%Y-%m-%d 13:45": 13.75, "%m/%d/%Y 01:45:30 pm": 13.75 + 30 / 3600}.get(form, 0.0)
    assert np.allclose(found.days, whole + hours / 24, rtol=0, atol=1e-9)
    again = Column("d", tuple(date_text(x, found.pattern) for x in found.days)).dates()
    assert again is not None and np.allclose(again.days, found.days, rtol=0, atol=1e-9)
    kind = kind_of(column)
    assert kind.name == ("dates and times" if hours else "dates") and not kind.unit
    assert kind.dated[0][:10] == "2021-01-01"


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["01/02/2021", "03/04/2021", "11/12/2022"], "no cell tells the day from the month"),
        (["31.01.21", "28.02.21", "05.03.22"], "years have two digits"),
    ],
)
def test_dates_that_are_not_certain_are_left_out_with_the_reason(
    cells: list[str], why: str
) -> None:
    kind = kind_of(Column("d", tuple(cells * 10)))
    assert (kind.name, kind.unit, kind.why) == ("dates", "", why)


@pytest.mark.parametrize(
    "cells",
    [
        [f"{x}" for x in range(20210001, 20210090)],  # no days of the calendar
        ["1.5", "2.5", "3.5"] * 10,
        ["12:30", "08:15", "23:59"] * 10,
        ["555-12-1234", "555-13-9999", "123-45-6789"] * 10,
        ["v1.2.2021", "v1.3.2021", "v1.4.2021"] * 10,
    ],
)
def test_what_is_no_date_is_not_taken_for_one(cells: list[str]) -> None:
    assert not kind_of(Column("d", tuple(cells))).dated


def test_times_of_day_are_no_categories() -> None:
    kind = kind_of(typed("t", ["12:30", "08:15", "23:59"] * 20))
    assert kind.name == "times" and not kind.unit


def test_what_is_no_date_among_dates_and_the_end_of_time_are_marks() -> None:
    cells = [x.isoformat() for x in DAYS]
    found = suspected(Column("d", (*cells, "unknown", "unknown", "9999-12-31", "9999-12-31")))
    assert found == {"unknown": 2, "9999-12-31": 2}
    assert suspected(Column("d", tuple(cells))) == {}


def model(transform: str, unit: str = "gaussian(sigma = 2)") -> str:
    return (
        f"model m(H = 2) {{\n  visible d : {unit}\n  hidden h[H] : binary\n  layers d -- h\n"
        f'  data {{ d = when  id = who  missing(when) = "?!" }}\n'
        f"  train {{ {transform}\n epochs 2\n positive gibbs }}\n}}\n"
    )


def table(**more: list[object]) -> dict[str, list[object]]:
    cells: list[object] = [x.strftime("%d.%m.%Y") for x in DAYS]
    cells[3:5] = ["?!", ""]
    return {"who": list(range(60)), "when": cells, **more}


def test_dates_are_learned_as_days_and_come_back_as_dates() -> None:
    machine = bmdsl.parse(model("transform(d) days, standardize")).compile(seed=0)
    machine.train(table(), progress=False)
    first = machine.preparation.known()["d"].steps[0].learned["first"]
    assert first == (DAYS[0] - dt.date(1970, 1, 1)).days
    rows = machine.table(table())
    full = rows.impute(steps=20)
    before, after = table()["when"], full["when"].shown
    assert [a for a, b in zip(after, before, strict=True) if b not in ("?!", "")] == [
        b for b in before if b not in ("?!", "")
    ]
    for k in (3, 4):  # near the mean of all, and a date
        assert 2021 <= dt.datetime.strptime(after[k], "%d.%m.%Y").year <= 2023
    drawn = machine.as_table(machine.sample(5, steps=5))
    assert all(dt.datetime.strptime(x, "%d.%m.%Y") for x in drawn["when"].shown)
    predicted = rows.predict("when", steps=20).to_dict()
    assert all(dt.datetime.strptime(x, "%d.%m.%Y") for x in predicted["predicted_when"])
    other = {"who": [1, 2], "when": ["05.06.2021", "07.06.2021"]}  # read as it was learned
    days = machine.preparation.outward("d", machine.table(other).arrays["d"])
    assert np.allclose(days, [18783, 18785], atol=0.01)
    with pytest.raises(BmError, match="BM744"):
        machine.table({"who": [1], "when": ["soon"]})


@pytest.mark.parametrize("transform", ["", "transform(d) standardize"])
def test_dates_for_numbers_are_refused_with_the_transform(transform: str) -> None:
    with pytest.raises(BmError, match=r"holds dates.*transform\(d\)|transform\(when\) days") as e:
        bmdsl.parse(model(transform)).compile(seed=0).train(table(), progress=False)
    assert e.value.diagnostics[0].code == "BM744"


def test_days_of_a_column_without_dates_are_refused() -> None:
    with pytest.raises(BmError, match="holds no dates"):
        machine = bmdsl.parse(model("transform(d) days")).compile(seed=0)
        machine.train({"who": [1, 2, 3], "when": ["a", "b", "c"]}, progress=False)


@pytest.mark.parametrize(
    ("unit", "transform", "cells"),
    [
        ("categorical(3)", "", ["2021-01-31", "2022-01-31", "2023-01-31"]),
        ("gaussian(sigma = 2)", "transform(d) standardize", [20210131, 20220131, 20230131]),
    ],
)
def test_dates_as_categories_or_as_numbers_are_warned_of(
    unit: str, transform: str, cells: list[object]
) -> None:
    machine = bmdsl.parse(model(transform, unit)).compile(seed=0)
    with pytest.warns(BmWarning, match="BM749"):
        machine.train({"who": list(range(60)), "when": cells * 20}, progress=False)


def test_frames_have_dates_of_their_own_and_get_them_back() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"who": range(60), "when": pandas.to_datetime(DAYS)})
    frame.loc[3, "when"] = pandas.NaT
    assert describe(frame).proposal.columns[1].kind.dated == ("2021-01-01", "2023-10-01")
    machine = bmdsl.parse(model("transform(d) days, standardize")).compile(seed=0)
    machine.train(frame, progress=False)
    full = machine.table(frame).impute(steps=20)
    assert full["when"].notna().all() and full["when"].dtype.kind == "M"
    seen = frame["when"].notna()
    assert (full["when"][seen] == frame["when"][seen]).all()


def test_marks_of_one_column_are_values_in_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    ages = [str(x) for x in rng.integers(18, 81, 100)] + ["-9"] * 6
    cold = [str(x) for x in rng.integers(-15, 5, 106)]
    assert "-9" in cold
    found = describe(of_columns({"age": ages, "cold": cold}, "the table"))
    (doubt,) = found.proposal.suspects
    assert doubt.options == ("age=-9",) and doubt.entry(found.proposal.marks) == "missing(age) = -9"
    with open(tmp_path / "t.csv", "w", newline="") as file:
        csv.writer(file).writerows([["age", "cold"], *zip(ages, cold, strict=True)])
    bm = Bm(tmp_path, monkeypatch, capsys)
    told = bm("data", "describe", "t.csv", "--missing", "age=-9").stdout
    assert "missing(age) = -9" in told and "perhaps" not in told
    shown = json.loads(bm("data", "describe", "t.csv", "--missing", "age=-9", "--json").stdout)
    assert [c["missing"] for c in shown["columns"]] == ["6", ""]
    assert bm("new", "t", "--from", "t.csv", "--missing", "age=-9").returncode == 0
    machine = bmdsl.load(tmp_path / "t.bm").compile(seed=0)
    machine.train(tmp_path / "t.csv", epochs=1, progress=False)
    missing = np.isnan(machine.table(tmp_path / "t.csv").arrays["x"]).sum(0)
    assert missing.tolist() == [6, 0]
    code = machine.preparation.code
    assert code is not None and TableCode.of_json(code.to_json()) == code


def test_a_mark_of_a_column_that_is_not_there_is_refused() -> None:
    table = of_columns({"age": ["20", "30", "x=1"]}, "the table")
    assert describe(table, ["x=1"]).proposal.marks.common == ("x=1",)
    with pytest.raises(BmError, match="BM740.*agee"):
        describe(table, ["agee=-9"])


def test_a_new_model_learns_the_dates_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [["when", "n"], *([x.isoformat(), number_text(k)] for k, x in enumerate(DAYS))]
    with open(tmp_path / "t.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    bm = Bm(tmp_path, monkeypatch, capsys)
    assert "--days when" in bm("data", "describe", "t.csv").stdout
    assert bm("new", "t", "--from", "t.csv", "--days", "when").returncode == 0
    assert "transform(when) days, standardize" in (tmp_path / "t.bm").read_text()
    machine = bmdsl.load(tmp_path / "t.bm").compile(seed=0)
    machine.train(tmp_path / "t.csv", epochs=1, progress=False)
    for wrong, code in (("n", "BM744"), ("whn", "BM740")):
        assert code in bm("new", "u", "--from", "t.csv", "--days", wrong).stderr


def test_marks_of_a_command_line_are_of_all_columns_or_of_those_it_names() -> None:
    names = ("age", "income", "a,b", "c=d")
    found = Marks.given(["-9", "age,income=99", "a,b=7", "x=1"], names)
    assert found.common == ("-9", "x=1")
    assert found.own == {"age": ("99",), "income": ("99",), "a,b": ("7",)}
    assert found.of("age") == ("-9", "x=1", "99") and found.of("c=d") == ("-9", "x=1")

"""How tables write numbers: decimal commas, marks between thousands, units, durations; and texts
that are not in UTF-8.
"""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.data.clock_times import clock_of, clock_text, hours_of
from bmdsl.data.describing import describe
from bmdsl.data.encoding import encode, learn
from bmdsl.data.levels import TableCode
from bmdsl.data.number_forms import PLAIN, NumberForm, form_of
from bmdsl.data.table import Table, of_columns
from bmdsl.data.table_files import load_table
from bmdsl.data.tabulating import completed, states_table
from bmdsl.language.diagnostics import BmError


def numbers(cells: list[str], separator: str = ",", commas: bool = False) -> list[float | None]:
    form = form_of(cells, separator, commas)
    made = []
    for x in cells:
        try:
            made.append(float(form.plain(x)))
        except ValueError:
            made.append(None)
    return made


@pytest.mark.parametrize(
    ("cells", "separator", "found"),
    [
        (["1.5", "2", "-3e2"], ",", [1.5, 2, -300]),
        (["1,5", "2", "-0,25"], ";", [1.5, 2, -0.25]),
        (["1,5", "2,25"], ",", [1.5, 2.25]),
        (["1,234", "567"], ";", [1.234, 567]),
        (["1,234", "567"], ",", [1234, 567]),
        (["0,234", "1,567"], ",", [0.234, 1.567]),
        (["2.107,20", "861,74", "-12"], ";", [2107.2, 861.74, -12]),
        (["1.234.567", "800"], ";", [1234567, 800]),
        (["1,234.50", "99"], ",", [1234.5, 99]),
        (["1'234.5", "1’000"], ",", [1234.5, 1000]),
        (["1 234,5", "12\u00a0000", "3"], ";", [1234.5, 12000, 3]),
        (["41 min", "9 min", "7"], ",", [41, 9, 7]),
        (["75.2 kg", "80kg", "-9"], ",", [75.2, 80, -9]),
        (["$1,359.50", "-$20.00"], ",", [1359.5, -20]),
        (["1.359,50 €", "20,00 €"], ";", [1359.5, 20]),
        (["95%", "4.5 %"], ",", [95, 4.5]),
        (["12 °C", "\u22123 °C"], ",", [12, -3]),
        (["1 day", "3 days", "2 days"], ",", [1, 3, 2]),
        (["1,62", "k.A.", "1,80"], ";", [1.62, None, 1.8]),
        (["0:41:30", "27:00"], ",", [0.6916666666666667, 27.0]),
        (["9:30 pm", "12:15 am"], ",", [21.5, 0.25]),
    ],
)
def test_numbers_are_read_as_they_are_written(cells, separator, found) -> None:
    assert numbers(cells, separator) == found


@pytest.mark.parametrize(
    "cells",
    [
        ["Q1", "Q2", "Q3"],
        ["P0001", "P0002"],
        ["0041 x", "0042 x"],  # names of digits
        ["7a", "8b", "9a"],
        ["1st", "2nd", "3rd"],
        ["18-25", "26-35"],
        ["31.12.2024", "01.02.2023"],
        ["1 = never", "2 = often"],
        ["yes", "no"],
        ["12 Main Street", "3 High Street"],
        ["10 kg", "2 lb", "7 oz", "3 st"],  # of several units
    ],
)
def test_names_with_digits_stay_texts(cells: list[str]) -> None:
    form = form_of(cells)
    column = of_columns({"x": cells}, "t")["x"]
    assert column.as_numbers() is None
    assert form == PLAIN or column.form == form


def test_a_point_is_between_thousands_where_commas_are_before_fractions(tmp_path: Path) -> None:
    text = "people;share\n83.240;1,5\n9.100;2\n900;0,25\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    found = load_table(tmp_path / "t.csv").to_dict()
    assert found == {"people": [83240, 9100, 900], "share": [1.5, 2.0, 0.25]}
    (tmp_path / "t.csv").write_text(text.replace(",", "."), encoding="utf-8")
    assert load_table(tmp_path / "t.csv").to_dict()["people"] == [83.24, 9.1, 900.0]


FORMS = [
    NumberForm(","),
    NumberForm(",", "."),
    NumberForm(".", ","),
    NumberForm(",", " ", "", " €"),
    NumberForm(".", ",", "$"),
    NumberForm(".", "", "", " kg"),
    NumberForm(clock="H:MM:SS"),
    NumberForm(clock="HH:MM:SS pm"),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.shown)
def test_a_number_that_is_written_is_read_again(form: NumberForm) -> None:
    rng = np.random.default_rng(0)
    high = 23 if form.clock else 3000
    for x in (0.0, 0.5, 1000.0, 2107.25, *rng.uniform(0, high, 50).round(2)):
        x = float(x) % high
        text = form.written(repr(x))
        assert float(form.plain(text)) == pytest.approx(x, abs=1 / 3600 if form.clock else 1e-9)
    assert form.written("") == "" and form.written("many") == "many"


@pytest.mark.parametrize("clock", ["H:MM", "HH:MM", "H:MM:SS", "H:MM pm", "HH:MM PM"])
def test_times_come_back_as_they_were(clock: str) -> None:
    for minutes in (0, 1, 59, 60, 719, 720, 721, 1439):
        text = clock_text(minutes / 60, clock)
        assert hours_of(text) == pytest.approx(minutes / 60, abs=1e-12)
    assert clock_of([clock_text(x / 7, clock) for x in range(60)]) == clock
    assert clock_text(-0.75, "H:MM") == "-0:45" and hours_of("-0:45") == -0.75
    assert clock_text(26.5, "H:MM") == "26:30" and hours_of("1 day, 2:30:00") == 26.5


def table() -> Table:
    rng = np.random.default_rng(1)
    rows = range(60)
    return of_columns(
        {
            "weight": [f"{x:.1f} kg" for x in rng.normal(70, 10, 60)],
            "dose": [f"{x} mg" for x in rng.choice([10, 20, 40], 60)],
            "way": [f"{x // 60}:{x % 60:02d}" for x in rng.integers(5, 200, 60)],
            "height": ["n. d." if k < 3 else f"{1.6 + k / 200:.3f}" for k in rows],
        },
        "the table",
    )


def test_a_table_with_units_is_described_learned_and_written_as_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = describe(table())
    kinds = {row[0]: (row[1], row[4]) for row in found.rows()[1:]}
    assert kinds["weight"] == ("numbers (kg)", "gaussian")
    assert kinds["dose"] == ("codes (mg)", "categorical(3)")
    assert kinds["way"] == ("times", "left out: a time of day goes round")
    assert kinds["height"] == ("numbers", "gaussian")
    assert "--hours way" in " ".join(found.of_hours())
    assert found.doubts() == ["named as a mark of missing cells: `n. d.` in height (3 cells)"]
    assert any('missing(height) = "n. d."' in x for x in found.declarations())
    with_hours = describe(table(), hours=["way"])
    assert {g.name: g.columns for g in with_hours.proposal.groups} == {
        "x": ("weight", "way", "height"),
        "dose": ("dose",),
    }
    with pytest.raises(BmError, match="BM744.*holds no durations"):
        describe(table(), hours=["dose"])
    block = "\n".join(with_hours.proposal.block(None))
    text = (
        "model m { visible x[3] : gaussian(sigma = 2) visible dose : categorical(3) param B0"
        f" energy = - B0 {block} train {{ transform(x) standardize }} }}"
    )
    checked = bmdsl.parse(text).checked
    caplog.set_level(logging.INFO, "bmdsl")
    code = learn(table(), checked)
    assert " hours" in caplog.text
    assert TableCode.of_json(code.to_json()) == code
    arrays = encode(table(), code, checked)
    first = table().columns
    assert arrays["x"][0, 0] == float((first[0].texts or ("",))[0].removesuffix(" kg"))
    assert np.isnan(arrays["x"][:3, 2]).all() and not np.isnan(arrays["x"][3:]).any()
    arrays["dose"] = np.eye(3)[arrays["dose"].astype(int)]
    again = states_table(code, arrays)
    for name in ("weight", "dose", "way"):
        assert again[name].shown == tuple(x.replace(".0 ", " ") for x in table()[name].shown)
    filled = completed(table(), code, {**arrays, "x": np.full((60, 3), 1.5)})
    assert filled["height"].shown[:4] == ("1.5", "1.5", "1.5", "1.615")
    assert filled["weight"].shown == table()["weight"].shown


def test_durations_of_data_frames_are_hours_and_come_back() -> None:
    cells = [dt.timedelta(minutes=20 + 7 * k) for k in range(30)]
    found = of_columns({"way": [None, *cells]}, "t")
    assert describe(found).rows()[1][1] == "durations (hours)"
    assert describe(found).proposal.groups[0].unit == "gaussian(sigma = 2)"
    np.testing.assert_allclose(found["way"].as_numbers()[1:4], np.array([20, 27, 34]) / 60)
    assert found.to_dict()["way"] == [None, *cells]


def test_a_frame_has_its_texts_again_where_samples_and_files_have_numbers(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("narwhals")
    frame = pandas.DataFrame({"a": ["1,5", "2,25", ""], "b": ["1 kg", "2 kg", "3 kg"]})
    checked = bmdsl.parse(
        "model m { visible x[2] : gaussian param B0 energy = - B0 data { x = a, b } }"
    ).checked
    table = load_table(frame)
    code = learn(table, checked)
    arrays = {"x": np.array([[1.5, 1.0], [2.25, 2.0], [3.125, 3.0]])}
    filled = completed(table, code, arrays)
    assert filled.to_dict() == {"a": ["1,5", "2,25", "3,125"], "b": ["1 kg", "2 kg", "3 kg"]}
    samples = states_table(code, arrays)
    assert samples.to_dict() == {"a": [1.5, 2.25, 3.12], "b": ["1 kg", "2 kg", "3 kg"]}
    again = load_table(samples.write(tmp_path / "s.csv")).to_dict()
    assert again == samples.to_dict()


def test_numbers_with_a_unit_are_neither_ids_nor_counts() -> None:
    found = describe(of_columns({"no": [f"{k} kg" for k in range(1, 40)]}, "t"))
    assert [(g.unit, g.columns) for g in found.proposal.groups] == [
        ("gaussian(sigma = 2)", ("no",))
    ]


def test_texts_that_stand_in_one_row_each_are_no_categories() -> None:
    rare = [f"I said {k}" for k in range(20)] + ["fine"] * 40 + ["so so"] * 40
    kind = describe(of_columns({"said": rare}, "t")).proposal.columns[0].kind
    assert kind.name == "text" and "20 of 22 different texts stand in one row each" in kind.why


TEXT = "größe;stadt\n1,6;Köln\n1,7;Ulm\n;\n1,8;Köln\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_tables_of_spreadsheets_are_read(
    tmp_path: Path, encoding: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bmdsl")
    (tmp_path / "t.csv").write_bytes(TEXT.replace("\n", "\r\n").encode(encoding))
    found = load_table(tmp_path / "t.csv").to_dict()
    assert found == {"größe": [1.6, 1.7, 1.8], "stadt": ["Köln", "Ulm", "Köln"]}
    assert ("has `größe`" in caplog.text) == (encoding == "windows-1252")
    assert "1 line of `t.csv` without a value left out" in caplog.text


def test_what_is_no_text_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b\n\x00\xff\xfe,1\n")
    with pytest.raises(BmError, match="BM703.*UTF-8") as caught:
        load_table(tmp_path / "t.csv")
    assert "CSV UTF-8" in str(caught.value)

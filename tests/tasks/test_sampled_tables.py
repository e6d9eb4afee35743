"""Samples of a machine of a table are rows of such a table: its columns in its order, its words and
categories, whole numbers where it has them; and a table without the column that predictions are
held against is told what to do.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.data.encoding import encode, learn
from bmdsl.data.levels import Coded, TableCode
from bmdsl.data.table import of_columns
from bmdsl.data.tabulating import completed, states_table
from tests.cli.command import Bm
from tests.tasks.test_tables import TEXT


@pytest.fixture(scope="module")
def table() -> dict[str, list[str]]:
    rng = np.random.default_rng(0)
    return {
        "height [cm]": [str(x) for x in rng.integers(150, 201, 40)],
        "nr": [f"p{k}" for k in range(40)],
        "mood": rng.choice(["bad", "fair", "good"], 40).tolist(),
        "p": rng.choice(["yes", "no"], 40).tolist(),
        "q": rng.choice(["yes", "no"], 40).tolist(),
    }


@pytest.fixture(scope="module")
def folder(table: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sampled")
    _write(folder / "t.csv", table)
    machine = bmdsl.parse(TEXT).bind_to(folder / "t.csv").compile(seed=0, dtype="float64")
    machine.train(folder / "t.csv", out=folder / "run", progress=False)
    return folder


def _write(path: Path, table: dict[str, list[str]]) -> None:
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([list(table), *zip(*table.values(), strict=True)])


def test_samples_have_the_units_of_the_file(folder: Path) -> None:
    machine = bmdsl.open(folder / "run")
    samples = machine.sample(40, steps=3)
    made = machine.as_table(samples).to_dict()
    assert list(made) == ["height [cm]", "mood", "p", "q"]  # as in the file, without ids
    assert set(made["mood"]) <= {"bad", "fair", "good"} and set(made["p"]) <= {"yes", "no"}
    assert all(isinstance(x, int) for x in made["height [cm]"])
    mean, std = (machine.preparation.outward("a", np.array([x]))[0] for x in (0.0, 1.0))
    wanted = [round(float(x)) for x in mean + (std - mean) * samples["a"]]
    assert made["height [cm]"] == wanted and len(set(wanted)) > 5


def test_decimals_and_order_are_learned_and_kept_with_a_machine() -> None:
    checked = bmdsl.parse(
        "model m { visible x[4] : gaussian  data { x = d, c, b, a  missing = -9 }"
        "  param b  energy = - b[i] x[i] }"
    ).checked
    cells = {
        "a": ["1.25", "-9.000", *["3"] * 10],
        "b": [str(k * k % 35) for k in range(12)],
        "c": ["1e-3", *["2.5"] * 11],
        "d": [0.25, 1.5, *[2.0] * 10],
    }
    code = learn(of_columns(cells, "t"), checked)
    assert [(c.column, c.whole, c.decimals) for c in code.groups["x"]] == [
        ("d", False, 2),
        ("c", False, None),
        ("b", True, 0),
        ("a", False, 2),
    ]
    assert TableCode.of_json(code.to_json()) == code
    made = states_table(code, {"x": np.array([[0.123456789, 0.5, 1.6, 2.345678]])})
    assert [c.shown[0] for c in made.columns] == ["2.35", "2", "0.5", "0.12"]
    assert made.names == ("a", "b", "c", "d")


def test_filled_cells_of_whole_numbers_are_whole() -> None:
    """A count stays a count, and 0 and 1 stay 0 and 1: the filled table is one of the model too."""
    checked = bmdsl.parse(
        "model m { visible n : poisson  visible v : binary  visible x : gaussian"
        "  data { n = n  v = v  x = x }  param b  energy = - b n }"
    ).checked
    cells = {
        "n": ["3", "", "12", "0"],
        "v": ["0", "", "1", "1"],
        "x": ["1.5", "", "2.25", "0.75"],
    }
    for columns in (
        cells,
        {n: [None if c == "" else float(c) for c in x] for n, x in cells.items()},
    ):
        table = of_columns(columns, "t")
        code = learn(table, checked)
        values = {n: np.array([9.0, 1.61, 9, 9]) for n in ("n", "x")} | {"v": np.full(4, 0.437)}
        full = completed(table, code, values)
        assert [c.shown[1] for c in full.columns] == ["2", "0", "1.61"]
        encode(full, code, checked)


def test_codes_of_earlier_files_are_read() -> None:
    code = TableCode.of_json(
        '{"groups": {"x": [["a", [], [], true]]}, "ids": [], "missing": [], "states": {}}'
    )
    assert code.groups["x"] == (Coded("a", (), (), True),) and code.order == ()
    assert states_table(code, {"x": np.array([1.6])})["a"].shown == ("2",)


@pytest.fixture
def bm(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bm:
    return Bm(folder, monkeypatch, capsys)


def test_bm_sample_writes_and_shows_rows_of_the_table(bm: Bm) -> None:
    done = bm("sample", "run", "-n", 5, "--steps", 2)
    assert done.returncode == 0 and "run/samples.csv" in done.stdout
    with (bm.folder / "run" / "samples.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["height [cm]", "mood", "p", "q"] and len(rows) == 6
    shown = [line.split()[-5:] for line in done.stdout.splitlines()[:4]]
    assert shown == [[row[k] for row in rows[1:]] for k in range(4)]
    assert {row[0].isdigit() for row in rows[1:]} == {True}
    with np.load(bm.folder / "run" / "samples.npz") as archive:
        assert set(archive) == {"v", "s", "a", "h", "z"}
    found = json.loads(bm("sample", "run", "-n", 5, "--steps", 2, "--json").stdout)
    assert found["out"] == "run/samples.npz" and "run/samples.csv" in found["files"]


def test_eval_of_a_table_without_the_column_points_to_infer(
    bm: Bm, table: dict[str, list[str]]
) -> None:
    _write(bm.folder / "new.csv", {n: x for n, x in table.items() if n != "mood"})
    done = bm("eval", "run", "new.csv", "--predict", "mood")
    assert done.returncode == 1 and "error[BM740]: `new.csv` has no column `mood`" in done.stderr
    command = "bm infer run new.csv --predict mood --out predicted.csv"
    assert f"`{command}` writes the predictions" in done.stderr
    assert bm(*command.split()[1:]).returncode == 0
    # another column is missing, or the column has no values
    _write(bm.folder / "other.csv", {n: x for n, x in table.items() if n != "q"})
    done = bm("eval", "run", "other.csv", "--predict", "mood")
    assert "no column `q`" in done.stderr and "column of empty cells" in done.stderr
    _write(bm.folder / "empty.csv", {**table, "mood": [""] * 40})
    done = bm("eval", "run", "empty.csv", "--predict", "mood")
    assert done.returncode == 0 and "no row has a value of `mood`" in done.stdout


def test_pairs_of_columns_are_a_table_of_data_beside_samples(
    bm: Bm, folder: Path, table: dict[str, list[str]]
) -> None:
    done = bm("eval", folder / "run", "--associations", "pairs.csv", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    with open(told["out"], newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == told["rows"] == 15 - 3  # of 6 names all but those of one column's levels
    assert [abs(float(r["data"])) for r in rows] == sorted(
        (abs(float(r["data"])) for r in rows), reverse=True
    )
    (row,) = [r for r in rows if {r["first"], r["second"]} == {"p", "mood=bad"}]
    first = np.array([x == "yes" for x in table["p"]], float)
    second = np.array([x == "bad" for x in table["mood"]], float)
    assert float(row["data"]) == pytest.approx(np.corrcoef(first, second)[0, 1], abs=6e-5)
    assert row["rows"] == "40" and abs(float(row["samples"])) < 1
    refused = bm("eval", folder / "nowhere", "--associations", "pairs.csv")
    assert "BM916" in refused.stderr
    report = bm("report", folder / "run")
    assert report.returncode == 0, report.stderr
    text = (folder / "run" / "report.html").read_text(encoding="utf-8")
    assert "What goes together?" in text and "mood=bad" in text

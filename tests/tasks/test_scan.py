"""Scans: an axis is read, a table and a picture are written, every value goes on from the last."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from bmdsl.language.diagnostics import BmError
from bmdsl.tasks.scan import Axis, Scan, axis_of, scan


def run(axis: Axis, out: Path, source: str = "ising", steps: int = 100) -> Scan:
    define = {"L": 8.0} if source == "ising" else {}
    return scan(source, define, 1, axis, 64, steps, 20, ("auto", "gibbs"), out, False)


def test_an_axis_is_a_name_and_evenly_spaced_values() -> None:
    assert axis_of("beta=0.3:0.6:4") == Axis("beta", tuple(np.linspace(0.3, 0.6, 4)))
    assert axis_of("J=1:0:3").values == (1.0, 0.5, 0.0)


@pytest.mark.parametrize("text", ["beta", "beta=1", "beta=1:2", "b=1:2:3:4", "b=x:2:3"])
def test_an_axis_without_a_span_or_a_number_of_values_is_refused(text: str) -> None:
    with pytest.raises(BmError, match="is not of the form NAME=FROM:TO:COUNT"):
        axis_of(text)


@pytest.mark.parametrize(
    ("text", "why"), [("b=1:2:1", "has COUNT 1"), ("b=1:1:3", "goes from 1 to 1")]
)
def test_an_axis_without_a_step_says_why(text: str, why: str) -> None:
    with pytest.raises(BmError, match=f"{why}, and so no step from one value to another"):
        axis_of(text)


def test_a_table_and_a_picture_are_written(tmp_path: Path) -> None:
    found = run(axis_of("J=0.2:0.6:3"), tmp_path / "curve")
    assert found.path == tmp_path / "curve.csv" and found.picture.stat().st_size > 10_000
    with found.path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(r["J"]) for r in rows] == pytest.approx([0.2, 0.4, 0.6])
    magnetization = [float(r["abs_magnetization"]) for r in rows]
    assert magnetization == sorted(magnetization) and magnetization[-1] > 0.8
    assert float(rows[0]["binder_error"]) == pytest.approx(found.points[0].figures["binder"].error)


def test_beta_multiplies_the_energy_as_an_argument_would(tmp_path: Path) -> None:
    by_beta = run(Axis("beta", (0.5, 1.0)), tmp_path / "a.csv", steps=400)
    by_argument = run(Axis("J", (0.5 * 0.44068679, 0.44068679)), tmp_path / "b.csv", steps=400)
    for x, y in zip(by_beta.points, by_argument.points, strict=True):
        for name in ("abs_magnetization", "specific_heat", "binder"):
            (a, da), (b, db) = x.figures[name], y.figures[name]
            assert abs(a - b) < 5 * np.hypot(da, db), name


def test_a_name_that_is_no_argument_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BmError, match="`K` is neither `beta`, `temperature` nor an argument of the model"
    ):
        run(Axis("K", (0.1, 0.2)), tmp_path / "x.csv")


def test_a_scan_over_beta_has_a_curve_between_its_values(tmp_path: Path) -> None:
    found = run(axis_of("beta=0.3:0.6:3"), tmp_path / "curve")
    assert found.curve is not None and len(found.curve.at) == 17
    for name, points in found.curve.figures.items():
        for k, point in ((0, found.points[0]), (16, found.points[2])):
            here = point.figures[name]
            assert abs(points[k].value - here.value) < 5 * (points[k].error + here.error)
    with (tmp_path / "curve_curve.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 17


def test_values_that_lie_far_apart_have_no_curve_between_them(tmp_path: Path) -> None:
    found = run(axis_of("beta=0.01:4:2"), tmp_path / "far")
    assert found.curve is None and not (tmp_path / "far_curve.csv").exists()


def test_a_temperature_is_one_over_beta(tmp_path: Path) -> None:
    hot = run(Axis("temperature", (1.0, 2.0)), tmp_path / "t.csv")
    cold = run(Axis("beta", (1.0, 0.5)), tmp_path / "b.csv")
    assert [p.figures for p in hot.points] == [p.figures for p in cold.points]
    assert [p.at for p in hot.points] == [1.0, 2.0]
    assert hot.path.read_text().startswith("temperature,energy,")
    with pytest.raises(BmError, match="above 0"):
        run(Axis("temperature", (-1.0, 1.0)), tmp_path / "c.csv")


def test_an_argument_may_be_called_temperature(tmp_path: Path) -> None:
    own = tmp_path / "own.bm"
    own.write_text(
        "model own(temperature = 1) {\n  visible s[8] : spin\n"
        "  energy = - 2 / temperature s[x] s[wrap(x+1)]\n}\n"
    )
    found = run(Axis("temperature", (1.0, 4.0)), tmp_path / "o.csv", str(own))
    energies = [p.figures["energy"].value for p in found.points]
    assert energies[0] < -1.5 and -0.5 < energies[1] < 0  # in units of kT, as it is written
    assert found.curve is None

"""What `bm infer` writes: every visible group, in the format of the data, with heading and ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.files import with_ending
from bmdsl.language.diagnostics import BmError
from bmdsl.runs.results import write_results
from bmdsl.tasks import train as fitting
from bmdsl.tasks.export import export
from bmdsl.tasks.ground import ground
from bmdsl.tasks.infer import infer
from bmdsl.tasks.sample import Chosen, draw, subject

TABLE = ",a,b,c,d\n" + "".join(f"{k},{k % 2},1,{(k + 1) % 2},0\n" for k in range(12))
TEXT = """model m { visible v[4] : binary  visible y : categorical(2)  hidden h[2] : binary
  param W, A  energy = - W[i,j] v[i] h[j] - A[k,j] y[k] h[j]  train { epochs 1
  negative exact } }"""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    (folder / "t.csv").write_text(TABLE)
    model = bmdsl.load("rbm", H=2).bind({"epochs": 1})
    fitting.start(model, str(folder / "t.csv"), folder / "run", None, "float64")
    return folder


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labelled")
    rng = np.random.default_rng(0)
    v = (rng.random((10, 4)) < 0.5).astype(float)
    np.savez(folder / "d.npz", v=v, y=np.eye(2)[v[:, 0].astype(int)])
    fitting.start(bmdsl.parse(TEXT), str(folder / "d.npz"), folder / "run", None, "float64")
    return folder


def test_a_table_keeps_its_heading_its_ids_and_what_was_known(table: Path) -> None:
    lines = TABLE.splitlines()
    lines[3] = "2,0,,1,0"  # case 2 misses b
    lines[5] = "4,0,1,1,NA"
    (table / "gaps.csv").write_text("\n".join(lines) + "\n")
    found = infer(table / "run", str(table / "gaps.csv"), None, None, impute="nan", steps=6)
    assert found.path == table / "run" / "imputed.csv"
    got = found.path.read_text().splitlines()
    assert got[0] == lines[0] and len(got) == len(lines)
    for k, (now, was) in enumerate(zip(got[1:], lines[1:], strict=True)):
        for x, y in zip(now.split(","), was.split(","), strict=True):
            assert x == y or (k in (2, 4) and y in ("", "NA") and 0 < float(x) < 1)
    again = infer(table / "run", str(table / "gaps.csv"), None, table / "x.npy", impute="nan")
    assert np.load(again.path).shape == (12, 4)


def test_values_that_a_transform_changed_are_written_as_they_are_used(tmp_path: Path) -> None:
    """Known entries of a table that are not those of the result are no text to keep."""
    (tmp_path / "t.csv").write_text(",a,b\n0,3,\n1,5,4\n")
    values = np.array([[0.25, 0.5], [1.0, 0.75]])
    path = write_results(tmp_path / "o", {"v": values}, str(tmp_path / "t.csv"), ".csv")
    assert path.read_text() == ",a,b\n0,0.25,0.5\n1,1,0.75\n"


def test_all_visible_groups_are_written(labelled: Path, tmp_path: Path) -> None:
    with np.load(labelled / "d.npz") as file:
        v, y = file["v"].copy(), file["y"].copy()
    v[0, 1] = y[1] = np.nan
    np.savez(tmp_path / "gaps.npz", v=v, y=y)
    found = infer(
        labelled / "run", str(tmp_path / "gaps.npz"), None, tmp_path / "f", impute="nan", steps=4
    )
    assert found.path == tmp_path / "f.npz" and found.shapes == {"v": (10, 4), "y": (10, 2)}
    with np.load(found.path) as got:
        for n, x in (("v", v), ("y", y)):
            seen = ~np.isnan(x)
            np.testing.assert_array_equal(got[n][seen], x[seen])
            assert np.isfinite(got[n]).all()
    mask = {"v": np.array([1, 0, 0, 0]), "y": np.ones((10, 2))}
    np.savez(tmp_path / "mask.npz", **mask)
    found = infer(
        labelled / "run", None, None, tmp_path / "g.npz", impute=str(tmp_path / "mask.npz"), steps=4
    )
    with np.load(found.path) as got, np.load(labelled / "d.npz") as was:
        np.testing.assert_array_equal(got["v"][:, 1:], was["v"][:, 1:])
        assert ((got["v"][:, 0] > 0) & (got["v"][:, 0] < 1)).all()
        assert ((got["y"] > 0) & (got["y"] < 1)).all()
    np.savez(tmp_path / "mask.npz", h=np.ones(2), v=np.ones(4))
    with pytest.raises(BmError, match="BM930.*`h`, which is not visible"):
        infer(labelled / "run", None, None, None, impute=str(tmp_path / "mask.npz"))


def test_features_of_what_was_seen_are_written_and_it_is_said(table: Path, tmp_path: Path) -> None:
    v = np.array([[1.0, np.nan, 0, 1], [0, 1, 1, 0]])
    np.save(tmp_path / "v.npy", v)
    found = infer(table / "run", str(tmp_path / "v.npy"), None, tmp_path / "f.npy")
    both = np.repeat(v[:1], 2, axis=0)
    both[:, 1] = 0, 1
    m = bmdsl.open(table / "run")
    f = -m.free_energy(v=both)
    wanted = np.exp(f - np.logaddexp(*f)) @ m.posterior(v=both)["h"]
    np.testing.assert_allclose(np.load(found.path)[0], wanted, atol=1e-9)
    assert "1 case with missing values" in found.notes[0] and "exactly" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "endings", "wanted"),
    [
        ("x", (".npz",), "x.npz"),
        ("x.npz", (".npz",), "x.npz"),
        ("x.NPZ", (".npz",), "x.NPZ"),
        ("beta0.5", (".npz",), "beta0.5.npz"),
        ("x.csv", (".npz",), None),
        ("x.npy", (".npz",), None),
        ("x.npz.csv", (".npz",), None),
        ("x.onnx", (".npy", ".csv"), None),
        ("x.csv", (".npy", ".csv"), "x.csv"),
    ],
)
def test_a_name_has_the_ending_of_what_is_written(
    name: str, endings: tuple[str, ...], wanted: str | None
) -> None:
    if wanted is not None:
        assert with_ending(Path("d") / name, endings) == Path("d") / wanted
        return
    with pytest.raises(BmError, match=f"BM787.*`{name}`"):
        with_ending(Path("d") / name, endings)


def test_every_verb_that_writes_refuses_another_ending(table: Path, labelled: Path) -> None:
    s = subject(str(table / "run"), {}, None)
    for call in (
        lambda: infer(table / "run", None, None, table / "f.json"),
        lambda: infer(table / "run", None, None, table / "f.png", denoise=True),
        lambda: infer(labelled / "run", None, None, table / "f.csv", impute="nan"),
        lambda: draw(s, 1, table / "s.csv", Chosen(steps=1)),
        lambda: ground(s, 1, 1, (0.1, 1.0), "geometric", (), table / "s.npy", False),
        lambda: export(s.machine, "torch", table / "net.onnx"),
    ):
        with pytest.raises(BmError, match="BM787|BM930"):
            call()
    assert not [p for p in table.iterdir() if p.name.count(".") > 1]

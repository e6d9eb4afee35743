"""A table before a trained machine: the same rows, ids and names come back, whatever the order of
the columns, and numbers are those of the arrays that the rows stand for.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.data.table import of_columns
from bmdsl.tasks.tables import MachineTable, rows_of_part

TEXT = """model m(D, K) {
  visible v[D] : binary  visible s : categorical(K)  visible a : gaussian
  hidden h[2] : binary  hidden z : categorical(2)
  param W, U, q, b, c, d, e init normal(0, 0.5)
  energy = - W[i,j] v[i] h[j] - U[k,l] s[k] z[l] - q[j] a h[j] - b[i] v[i] - c[j] h[j]
           - d[k] s[k] - e a
  data { v = p, q  s = mood  a = "height [cm]"  id = nr }
  train { transform(a) standardize  negative cd  epochs 1  seed 1  positive gibbs(steps = 2) }
}"""
COLUMNS = {
    "nr": ["a", "b", "c", "d", "e", "f"],
    "p": ["yes", "no", "no", "yes", None, "no"],
    "q": ["no", "no", "yes", "yes", "yes", "no"],
    "mood": ["good", "bad", "good", None, "fair", "bad"],
    "height [cm]": [180, 165.5, None, 171, 190, 158],
    "note": ["", "x", "", "", "", ""],
}


@pytest.fixture(scope="module")
def machine() -> bmdsl.Machine:
    table = of_columns(COLUMNS, "t")
    made = bmdsl.parse(TEXT).bind_to(table).compile(seed=0, dtype="float64")
    made.train(table, progress=False)
    return made


@pytest.fixture(scope="module")
def rows(machine: bmdsl.Machine) -> MachineTable:
    return machine.table(of_columns(COLUMNS, "t"))


def test_open_lengths_and_states_are_those_of_the_columns(machine: bmdsl.Machine) -> None:
    assert {g.name: g.axes for g in machine.model.groups if g.role == "visible"} == {
        "v": (2,),
        "s": (3,),
        "a": (),
    }


def test_rows_are_their_arrays_wherever_a_column_stands(
    machine: bmdsl.Machine, rows: MachineTable
) -> None:
    nan = np.nan
    v = [[1, 0], [0, 0], [0, 1], [1, 1], [nan, 1], [0, 0]]
    s = np.eye(3)[[2, 0, 2, 0, 1, 0]]
    s[3] = nan
    height = np.array([180, 165.5, nan, 171, 190, 158])
    a = (height - np.nanmean(height)) / np.nanstd(height)
    for other in (rows, machine.table({n: COLUMNS[n] for n in reversed(COLUMNS) if n != "nr"})):
        np.testing.assert_array_equal(other.arrays["v"], v)
        np.testing.assert_array_equal(other.arrays["s"], s)
        np.testing.assert_allclose(other.arrays["a"], a, atol=1e-12)


def test_likelihoods_are_those_of_the_arrays_beside_ids(
    machine: bmdsl.Machine, rows: MachineTable
) -> None:
    made = rows.log_likelihood().to_dict()
    assert list(made) == ["nr", "log_likelihood"] and made["nr"] == COLUMNS["nr"]
    wanted = machine.log_likelihood(dict(rows.arrays))
    np.testing.assert_allclose(made["log_likelihood"], wanted, atol=1e-9)


def test_features_have_the_hidden_units_names(machine: bmdsl.Machine, rows: MachineTable) -> None:
    made = rows.features().to_dict()
    assert list(made) == ["nr", "h0", "h1", "z0", "z1"]
    means = machine.transform(dict(rows.arrays))
    np.testing.assert_allclose(np.array([made[n] for n in list(made)[1:]], float).T, means)
    whole = rows_of_part(rows, np.array([5, 0])).features("data").to_dict()
    assert list(whole) == ["nr", "p", "q", "mood=bad", "mood=fair", "mood=good", "height [cm]"]
    assert whole["nr"] == ["f", "a"] and whole["mood=bad"] == [1, 0]


def test_gaps_alone_are_filled_in_and_samples_have_names(
    machine: bmdsl.Machine, rows: MachineTable
) -> None:
    full = rows.impute(steps=20).to_dict()
    assert list(full) == list(COLUMNS) and full["note"] == COLUMNS["note"]
    for name, cells in COLUMNS.items():
        for before, after in zip(cells, full[name], strict=True):
            assert before in (None, "") or after == before
    assert full["p"][4] in ("yes", "no") and full["mood"][3] in ("good", "bad", "fair")
    assert 100 < full["height [cm]"][2] < 250
    drawn = machine.as_table(machine.sample(30, steps=3)).to_dict()
    assert set(drawn["mood"]) <= {"good", "bad", "fair"} and set(drawn["p"]) <= {"yes", "no"}
    assert 100 < np.mean(drawn["height [cm]"]) < 250


def test_a_saved_machine_reads_tables_as_before(
    machine: bmdsl.Machine, rows: MachineTable, tmp_path: Path
) -> None:
    machine.save(tmp_path / "m.safetensors")
    again = bmdsl.open(tmp_path / "m.safetensors")
    assert again.preparation.code == machine.preparation.code
    made = again.table(of_columns(COLUMNS, "t"))
    for name, x in rows.arrays.items():
        np.testing.assert_array_equal(made.arrays[name], x)


def test_what_training_did_not_have_is_refused(machine: bmdsl.Machine) -> None:
    for change, code in (
        ({"mood": ["awful"] * 6}, "BM745.*`awful`.*row 1"),
        ({"height [cm]": ["tall"] * 6}, "BM744.*`tall`"),
    ):
        with pytest.raises(bmdsl.BmError, match=f"(?s){code}"):
            machine.table({**COLUMNS, **change})
    without = {n: x for n, x in COLUMNS.items() if n != "q"}
    with pytest.raises(bmdsl.BmError, match="(?s)BM740.*`q`"):
        machine.table(without)
    plain = bmdsl.load("rbm", D=2, H=2).compile(backend="reference")
    with pytest.raises(bmdsl.BmError, match="BM738"):
        plain.table(COLUMNS)
    with pytest.raises(bmdsl.BmError, match="BM738"):
        plain.as_table({"v": np.zeros((1, 2))})


def test_columns_may_be_named_from_outside(machine: bmdsl.Machine, tmp_path: Path) -> None:
    of_columns(COLUMNS, "t").write(tmp_path / "t.csv")
    text = TEXT.replace('data { v = p, q  s = mood  a = "height [cm]"  id = nr }', "")
    columns = 'v = p..q  s = mood  a = "height*"  id = nr'
    model = bmdsl.parse(text).bind({"columns": columns}).bind_to(tmp_path / "t.csv")
    made = model.compile(dtype="float64")
    made.train(tmp_path / "t.csv", progress=False)
    assert made.preparation.code == machine.preparation.code
    with pytest.raises(bmdsl.BmError, match="BM517"):
        bmdsl.parse(text).bind({"columns": "v = p } train { epochs 3"})


def minus_free_energy(machine: bmdsl.Machine, v: np.ndarray, s: np.ndarray, a: float) -> float:
    """log Σ over h and z of exp(−E), state by state, as the text's energy says."""
    p = {n: np.asarray(x, float) for n, x in machine.params.items()}
    total = -np.inf
    for h in itertools.product((0.0, 1.0), repeat=2):
        for z in np.eye(2):
            e = v @ p["W"] @ h + s @ p["U"] @ z + a * (p["q"] @ h)
            total = np.logaddexp(total, e + p["b"] @ v + p["c"] @ h + p["d"] @ s + p["e"] * a)
    return float(total)


def test_a_column_follows_from_the_others_by_bayes_rule(
    machine: bmdsl.Machine, rows: MachineTable
) -> None:
    names, made = ["bad", "fair", "good"], rows.predict("mood").to_dict()
    assert list(made)[:3] == ["nr", "mood", "predicted_mood"] and made["mood"] == COLUMNS["mood"]
    for k in (0, 1, 3, 4, 5):  # in case 2 a real number is missing
        v, a = rows.arrays["v"][k], float(rows.arrays["a"][k])
        filled = [v] if k != 4 else [np.array([x, v[1]]) for x in (0.0, 1.0)]
        joint = np.exp(
            [[minus_free_energy(machine, w, s, a) for w in filled] for s in np.eye(3)]
        ).sum(1)
        found = [made[f"P(mood={n})"][k] for n in names]
        np.testing.assert_allclose(found, joint / joint.sum(), atol=1e-9)
        assert made["predicted_mood"][k] == names[int(np.argmax(joint))]


def test_a_prediction_needs_no_cell_of_its_column_and_is_judged_where_there_is_one(
    machine: bmdsl.Machine, rows: MachineTable
) -> None:
    bare = {n: x for n, x in COLUMNS.items() if n != "q"}
    other, same = machine.table(bare, predict="q").predicted("q"), rows.predicted("q")
    assert same.probabilities is not None and other.scored().cases == 0
    np.testing.assert_array_equal(other.probabilities, same.probabilities)
    known = np.array([0, 0, 1, 1, 1, 0])
    own = same.probabilities[np.arange(6), known]
    scores = same.scored()
    assert scores.figures["log_loss"] == pytest.approx(-np.log(own).mean())
    assert scores.figures["accuracy"] == pytest.approx((own > 0.5).mean())
    assert scores.figures["log_loss_of_shares"] == pytest.approx(np.log(2))
    age = rows.predicted("height [cm]", steps=4)
    assert age.scored().cases == 5 and "error" in age.scored().figures
    with pytest.raises(bmdsl.BmError, match="BM740.*no column `moood`"):
        rows.predict("moood")
    with pytest.raises(bmdsl.BmError, match="BM740"):
        machine.table(bare)

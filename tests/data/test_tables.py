"""Tables of named columns: which columns form a group, what their cells mean, and back."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.data.describing import describe
from bmdsl.data.encoding import encode, learn
from bmdsl.data.levels import TableCode
from bmdsl.data.plain_tables import column_notices
from bmdsl.data.selecting import select
from bmdsl.data.table import ENDINGS, of_columns
from bmdsl.data.table_files import load_table
from bmdsl.data.tabulating import completed, states_table
from bmdsl.language.diagnostics import BmError, BmWarning

TEXT = """id,smokes,drinks,sat,age,city
P1,no,yes,4,44.5,Ulm
P2,yes,no,1,,Bern
P3,,yes,5,30,none
P4,no,Yes,,18,
"""
BLOCK = "v = smokes, drinks  s = sat  a = age  c = city  id = id"
UNITS = """visible v[2] : binary  visible s : categorical(5)  visible a : gaussian
  visible c : categorical(K)  given g[0] : binary"""


def model(units: str, block: str, train: str = "", arguments: str = ""):
    energy = "energy = " + " ".join(
        f"- B{k}" for k in range(1)
    )  # what is in the energy does not matter here
    text = (
        f"model m{arguments} {{ {units} param B0 {energy} data {{ {block} }} train {{ {train} }} }}"
    )
    return bmdsl.parse(text).checked


def survey():
    return model(
        "visible v[2] : binary visible s : categorical(5) visible a : gaussian"
        " visible c : categorical(K)",
        BLOCK,
        "transform(a) standardize",
        "(K)",
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_yes_and_no_categories_and_numbers_of_one_table_are_its_groups(file: Path) -> None:
    table, m = load_table(file), survey()
    code = learn(table, m)
    made = encode(table, code, m)
    nan = np.nan
    np.testing.assert_array_equal(made["v"], [[0, 1], [1, 0], [nan, 1], [0, 1]])
    np.testing.assert_array_equal(made["s"], [3, 0, 4, nan])  # 1 to 5 are states 0 to 4
    np.testing.assert_array_equal(made["a"], [44.5, nan, 30, 18])
    np.testing.assert_array_equal(made["c"], [1, 0, 2, nan])  # `none` is a category of texts
    assert code.ids == ("id",) and code.states == {"s": 5, "c": 3}
    assert TableCode.of_json(code.to_json()) == code
    assert code.unit_names("s") == [f"sat={k}" for k in range(1, 6)]


def test_a_completed_table_changes_gaps_alone_and_names_levels(file: Path) -> None:
    table, m = load_table(file), survey()
    code = learn(table, m)
    one_hot = np.eye(5)[[0, 0, 0, 2]] * 0.6 + 0.08
    made = completed(
        table,
        code,
        {
            "v": np.array([[0.9, 0.1]] * 4),
            "s": one_hot,
            "a": np.full(4, 33.25),
            "c": np.eye(3)[[0, 1, 1, 2]],
        },
    )
    rows = [x.split(",") for x in TEXT.splitlines()[1:]]
    rows[1][4], rows[2][1], rows[3][3], rows[3][5] = "33.25", "yes", "3", "none"
    assert [list(r) for r in zip(*(c.texts for c in made.columns), strict=True)] == rows
    drawn = states_table(code, {"v": np.eye(2), "a": np.array([1.5, np.nan])})
    assert drawn.to_dict() == {"smokes": ["yes", "no"], "drinks": ["no", "yes"], "age": [1.5, None]}


@pytest.mark.parametrize("ending", [e for e in ENDINGS if e != ".xlsx"])
def test_a_written_table_is_read_again(tmp_path: Path, ending: str) -> None:
    table = of_columns({"id": ["a", "b"], "n": [1, None], "x": [0.5, 2.25]}, "t")
    path = table.write(tmp_path / f"t{ending}")
    assert load_table(path).to_dict() == table.to_dict()


def test_a_workbook_is_written_and_read(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    table = of_columns({"id": ["a", "b"], "n": [1, None], "x": [0.5, 2.25]}, "t")
    assert load_table(table.write(tmp_path / "t.xlsx")).to_dict() == table.to_dict()


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_data_frame_is_read_as_its_file(library: str, file: Path) -> None:
    pytest.importorskip("narwhals")
    kind = pytest.importorskip(library)
    columns = {n: list(x) for n, x in load_table(file).to_dict().items()}
    frame = kind.table(columns) if library == "pyarrow" else kind.DataFrame(columns)
    m, table = survey(), load_table(frame)
    made, wanted = encode(table, learn(table, m), m), load_table(file)
    for name, x in encode(wanted, learn(wanted, m), m).items():
        np.testing.assert_array_equal(made[name], x)


def test_ordered_categories_of_pandas_keep_their_order() -> None:
    pytest.importorskip("narwhals")
    pd = pytest.importorskip("pandas")
    order = ["low", "mid", "high"]
    frame = pd.DataFrame({"q": pd.Categorical(["high", "low", None], order, ordered=True)})
    m = model("visible q : binomial(2)", "q = q")
    table = load_table(frame)
    np.testing.assert_array_equal(encode(table, learn(table, m), m)["q"], [2, 0, np.nan])


@pytest.mark.parametrize(
    ("units", "cells", "wanted"),
    [
        ("binary", ["yes", "no", ""], [1, 0, np.nan]),
        ("binary", ["m", "f", "m"], [1, 0, 1]),
        ("binary", [1, 2, 2], [0, 1, 1]),
        ("binary", [True, False, None], [1, 0, np.nan]),
        ("spin", ["no", "yes", "no"], [-1, 1, -1]),
        ("spin", [0, 1, 1], [-1, 1, 1]),
        ("spin", [-1, 1, 1], [-1, 1, 1]),
        ("binomial(4)", [1, 5, 3], [0, 4, 2]),
        ("binomial(4)", [0, 4, 3], [0, 4, 3]),
        ("categorical(3)", [0, 2, 1], [0, 2, 1]),
        ("categorical(3)", [1, 3, 2], [0, 2, 1]),
        ("categorical(3)", [11, 35, 20], [0, 2, 1]),
        ("categorical(3)", ["a", "c", "b"], [0, 2, 1]),
        ("gaussian", ["1.5", "none", "-"], [1.5, np.nan, np.nan]),
    ],
)
def test_cells_become_states_of_their_units(units: str, cells: list, wanted: list) -> None:
    m = model(f"visible x : {units}", "x = x")
    table = of_columns({"x": cells}, "t")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = encode(table, learn(table, m), m)["x"]
    np.testing.assert_array_equal(made, wanted)


def test_a_state_a_column_is_one_of_k() -> None:
    m = model("visible x : categorical(3)", "x = a..c")
    table = of_columns({"a": [1, 0], "b": [0, 0], "c": [0, 1]}, "t")
    code = learn(table, m)
    np.testing.assert_array_equal(encode(table, code, m)["x"], [[1, 0, 0], [0, 0, 1]])
    assert code.unit_names("x") == ["a", "b", "c"]
    back = completed(of_columns({"a": [None], "b": [0], "c": [0]}, "t"), code, {"x": np.eye(3)[:1]})
    assert back.to_dict() == {"a": [1], "b": [0], "c": [0]}


@pytest.mark.parametrize(
    ("units", "block", "cells", "message"),
    [
        (
            "a : gaussian",
            "a = city",
            {"city": ["Ulm", "Bern", "Ulm"] * 3},
            "BM744.*visible city : binary",
        ),
        ("a : binary", "a = q", {"q": ["a", "b", "c"]}, "BM745.*3 categories"),
        ("a : categorical(3)", "a = q", {"q": [1, 5, 9, 12]}, "BM745.*4 categories.*categorical.4"),
        ("v[2] : binary", "v = a..c", {"a": [0], "b": [1], "c": [1]}, "BM743.*2 units.*v.3."),
        ("v[1] : binary", "v = smoks", {"smokes": [0, 1]}, "BM740.*did you mean `smokes`"),
        ("v[2] : binary", "v = b..a", {"a": [0], "b": [1]}, "BM741.*a..b"),
        ("v[2] : binary", 'v = "q*"', {"a": [0], "b": [1]}, "BM741.*fits `q"),
        ("v[2] : binary", "v = a..b id = a", {"a": [0], "b": [1]}, "BM742.*`v` and `id`"),
        ("v[2] : binary", "v = a, a", {"a": [0], "b": [1]}, "BM742.*`v` twice"),
        ("v : binary", "v = a", {"a": [0, 1, 9]}, "BM715.*`a`.*9 in row 3.*missing = .9"),
        ("v : binary", "v = a", {"a": [0, 0.5]}, "BM715.*0.5 in row 2"),
    ],
)
def test_what_does_not_fit_is_said_with_a_cure(
    units: str, block: str, cells: dict, message: str
) -> None:
    with pytest.raises(BmError, match=f"(?s){message}"):
        learn(of_columns(cells, "t"), model(f"visible {units}", block))


def test_two_columns_of_one_name_and_an_unknown_level_are_told(file: Path) -> None:
    twice = file.with_name("twice.csv")
    twice.write_text("a,b,a\n1,2,3\n", encoding="utf-8")
    with pytest.raises(BmError, match="BM746"):
        load_table(twice)
    code = learn(load_table(file), survey())
    other = file.with_name("other.csv")
    other.write_text(TEXT.replace("Bern", "Rom"), encoding="utf-8")
    with pytest.raises(BmError, match="(?s)BM745.*`Rom` in line 3, column `city`"):
        encode(load_table(other), code, survey())


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([1, 2, 3, 4, 5] * 20, "BM747.*binomial.4."),
        ([0, 1] * 50, "BM747.*binary"),
        ([11, 12, 21, 22, 35] * 20, "BM749.*categorical.5."),
        (list(range(100)), "BM748.*id = x"),
        (np.random.default_rng(0).normal(size=100).tolist(), None),
        (np.random.default_rng(0).integers(18, 90, 100).tolist(), None),
    ],
)
def test_numbers_that_are_hardly_measured_are_told(cells: list, code: str | None) -> None:
    m = model("visible g : gaussian", "g = x", "transform standardize")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        learn(of_columns({"x": cells}, "t"), m)
    found = [str(w.message) for w in told if issubclass(w.category, BmWarning)]
    assert len(found) == (code is not None)
    if code is not None:
        import re

        assert re.search(f"(?s){code}", found[0])


def test_a_pattern_takes_what_nothing_else_names() -> None:
    m = model("visible v[D] : binary  visible a : gaussian", 'v = "*"  a = age  id = id', "", "(D)")
    assert m.table is not None
    found = select(m.table, ("id", "q1", "age", "q2"), "t")
    assert found.groups == {"v": ("q1", "q2"), "a": ("age",)} and found.ids == ("id",)
    asked = model("visible v : binary", 'v = "Do you smoke?"')
    assert asked.table is not None
    names = ("Do you smoke?", "Do you smoke!")
    assert select(asked.table, names, "t").groups == {"v": names[:1]}


def test_decimal_commas_are_read_and_written_as_they_came(tmp_path: Path) -> None:
    text = "id;kg;note\nP1;61,5;a,b\nP2;;c\nP3;70;d\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    table, m = load_table(tmp_path / "t.csv"), model("visible a : gaussian", "a = kg  id = id")
    code = learn(table, m)
    np.testing.assert_array_equal(encode(table, code, m)["a"], [61.5, np.nan, 70])
    path = completed(table, code, {"a": np.array([1.0, 65.25, 1.0])}).write(tmp_path / "u.csv")
    assert path.read_text(encoding="utf-8") == text.replace("P2;;", "P2;65,25;")


def test_a_table_that_is_taken_whole_has_its_notices_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {
        "nr": list(range(40)),
        "x": rng.normal(size=40).tolist(),
        "q": rng.integers(1, 4, 40).tolist(),
    }
    path = of_columns(columns, "t").write(tmp_path / "t.csv")
    real = bmdsl.load("gbrbm", D=3, H=2).checked
    ids, few = map(str, column_notices(str(path), real))
    assert "BM748" in ids and "`nr`" in ids and "-C 'v = x, q' -C 'id = nr'" in ids
    assert "BM747" in few and "`q`" in few
    assert column_notices(str(path), bmdsl.load("rbm", D=3, H=2).checked) == []
    bare = of_columns({str(k): x for k, x in enumerate(columns.values())}, "t")
    assert column_notices(str(bare.write(tmp_path / "u.csv")), real) == []
    assert column_notices(rng.normal(size=(4, 3)), real) == []


def test_a_given_group_is_always_known() -> None:
    m = model("given y : gaussian  visible v : binary", "y = y  v = v")
    table = of_columns({"y": [0.5, None], "v": [0, 1]}, "t")
    with pytest.raises(BmError, match="(?s)BM713.*column `y`.*row 2"):
        encode(table, learn(table, m), m)


def test_marks_of_missing_cells_are_those_of_the_block() -> None:
    m = model("visible a : gaussian  visible v : binary", 'a = a  v = v  missing = -9, "refused"')
    table = of_columns({"a": ["-9", "3"], "v": ["refused", "yes"]}, "t")
    made = encode(table, learn(table, m), m)
    np.testing.assert_array_equal(made["a"], [np.nan, 3])
    np.testing.assert_array_equal(made["v"], [np.nan, 1])


def test_a_description_guesses_kinds_and_its_declarations_learn(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = {
        "nr": list(range(1, 61)),
        "sex": rng.choice(["f", "m"], 60).tolist(),
        "happy": rng.choice(["yes", "no", ""], 60).tolist(),
        "q1": rng.choice([1, 2, 3], 60).tolist(),
        "q2": rng.choice([1, 2, 3], 60).tolist(),
        "for": rng.normal(size=60).tolist(),
        "income": np.exp(rng.normal(8, 1, 60)).tolist(),
        "visits": rng.poisson(6, 60).tolist(),
        "same": ["x"] * 60,
    }
    made = describe(of_columns(table, "t"))
    kinds = {s.name: (s.kind.name, s.kind.unit) for s in made.proposal.columns}
    assert kinds["nr"][0] == "id" and kinds["same"][0] == "constant"
    assert kinds["sex"] == ("two categories", "binary")
    assert kinds["happy"] == ("yes/no", "binary")
    assert kinds["q1"] == ("scale", "categorical") and kinds["visits"][1] == "poisson"
    assert kinds["for"] == ("numbers", "gaussian")
    assert kinds["income"] == ("skewed numbers", "gaussian")
    text = "\n".join(made.declarations())
    assert 'x    = "for"' in text or '"for"' in text  # a word of the language stands in quotes
    m = bmdsl.parse("model m {\n" + text + "\n param B energy = - B }").checked
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code = learn(of_columns(table, "t"), m)
    assert code.ids == ("nr",) and set(encode(of_columns(table, "t"), code, m)) == set(code.groups)

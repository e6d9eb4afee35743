"""The types that docs/new-unit.md builds: exact moments, chains against what is known, and caught
where they are wrong.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import special
from scipy import stats as st

import bmdsl
from bmdsl import units
from bmdsl.language.diagnostics import BmError
from bmdsl.tasks.units import examine

PAGE = Path(__file__).parents[2] / "docs" / "new-unit.md"


def written(name: str, tmp_path: Path, edit: tuple[str, str] = ("", "")) -> ModuleType:
    """The page's block `# NAME.py` as a module, one text in it replaced by another."""
    code = next(
        c
        for c in re.findall(
            r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S
        )
        if c.startswith(f"# {name}.py")
    )
    assert edit[0] in code
    file = tmp_path / f"{name}.py"
    file.write_text(code.replace(*edit), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    units.names()
    monkeypatch.setattr(units, "_registry", dict(units._registry))
    yield


@pytest.mark.parametrize(("file", "kind"), [("blume", "Triple"), ("angles", "VonMises")])
def test_a_class_of_the_page_is_under_40_lines(file: str, kind: str, tmp_path: Path) -> None:
    code = written(file, tmp_path).__file__ or ""
    body = Path(code).read_text(encoding="utf-8").split(f"class {kind}")[1].split("\n\n\n")[0]
    assert len(body.splitlines()) < 40


@pytest.mark.parametrize(("file", "kind"), [("blume", "Triple"), ("angles", "VonMises")])
def test_types_of_the_page_pass_every_check(file: str, kind: str, tmp_path: Path) -> None:
    unit = getattr(written(file, tmp_path), kind)
    units.register(unit)
    findings, wrong = examine(unit.name)
    assert not wrong and [f for f in findings if not f.passed] == []


@pytest.mark.parametrize("k", [0.0, 0.1, 1.0, 5.0, 30.0, 80.0, 1e4])
def test_von_mises_is_the_density_on_the_circle(k: float, tmp_path: Path) -> None:
    unit = written("angles", tmp_path).VonMises
    eta, out = k * np.array([0.6, 0.8]), np.empty(2)
    assert unit.log_partition(eta) == pytest.approx(
        np.log(2 * np.pi * special.i0e(k)) + k, rel=1e-10
    )
    unit.mean(eta, out)
    np.testing.assert_allclose(
        out, special.i1e(k) / special.i0e(k) * np.array([0.6, 0.8]), atol=1e-10
    )
    angles = []
    for u in np.random.default_rng(0).random(4000):
        unit.sample(eta, u, out)
        angles.append(np.angle((out[0] + 1j * out[1]) * (0.6 - 0.8j if k else 1.0)))
    assert (
        st.kstest(angles, st.vonmises(k).cdf if k else st.uniform(-np.pi, 2 * np.pi).cdf).pvalue
        > 1e-6
    )


def test_an_open_chain_of_angles_has_the_correlations_of_bessel_functions(tmp_path: Path) -> None:
    """⟨s_i · s_{i+n}⟩ = (I1(J)/I0(J))^n on an open chain."""
    units.register(written("angles", tmp_path).VonMises)
    machine = bmdsl.parse(
        "model m { visible s[4] : von_mises  param J  energy = - J s[i,c] s[pad(i+1),c] }"
    ).compile(seed=3)
    machine.params["J"] = 1.3
    s = machine.sample(4000, steps=60)["s"].astype(float)
    r = special.i1(1.3) / special.i0(1.3)
    for n in (1, 2, 3):
        assert (s[:, 0] * s[:, n]).sum(-1).mean() == pytest.approx(r**n, abs=5 / 4000**0.5)


def test_a_product_of_one_units_components_is_refused(tmp_path: Path) -> None:
    units.register(written("angles", tmp_path).VonMises)
    with pytest.raises(BmError, match="BM863"):
        bmdsl.parse(
            "model m { visible s[4] : von_mises  param J  energy = - J s[i,c] s[j,d] }"
        ).compile()


@pytest.mark.parametrize(
    ("file", "kind", "edit", "said"),
    [
        (
            "blume",
            "Triple",
            ("return m if", "return 0.9 * m if"),
            r"`mean` gives 0\.177352, but A′ at η = 0\.3 is 0\.197057",
        ),
        (
            "blume",
            "Triple",
            ("return side if at < 1.0", "return side if at < 1.1"),
            r"`sample` gives .* but the mean at η",
        ),
        (
            "blume",
            "Triple",
            ("def sample(eta, u):", "def sample(eta):"),
            r"cannot be evaluated: TypeError",
        ),
        (
            "blume",
            "Triple",
            ("    def variance(eta)", "    def spread(eta)"),
            r"it has no `variance`",
        ),
        (
            "angles",
            "VonMises",
            (
                "out[0], out[1] = cos(a) * x - sin(a) * y",
                "out[0], out[1] = cos(a) * x + sin(a) * y",
            ),
            r"`sample` leaves the domain",
        ),
        (
            "angles",
            "VonMises",
            ("for _ in range(6 if k < 50.0 else 0)", "for _ in range(0)"),
            r"`sample` gives .* but the mean of component",
        ),
    ],
)
def test_a_wrong_type_is_refused_with_the_function_and_the_numbers(
    file: str, kind: str, edit: tuple[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(BmError) as caught:
        units.register(getattr(written(file, tmp_path, edit), kind))
    assert caught.value.diagnostics[0].code == "BM852"
    assert re.search(said, str(caught.value)), str(caught.value)


def test_a_pair_of_a_unit_with_itself_needs_the_statistic():
    with pytest.raises(BmError, match=r"(?s)BM863.*x\^2 is no statistic of `poisson`"):
        bmdsl.parse(
            "model m { visible x[4] : poisson  param W  energy = W[i,j] x[i] x[j] }"
        ).compile()


def test_an_installed_package_brings_its_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an entry point of the group `bmdsl.units`, found when types are first asked for."""
    triple = written("blume", tmp_path).Triple

    monkeypatch.setattr(units, "brought", lambda group: [triple] if group == "bmdsl.units" else [])
    monkeypatch.setattr(units, "_registry", {})
    monkeypatch.setattr(units, "_searched", False)
    assert "triple" in units.names() and "binary" in units.names()
    assert bmdsl.parse("model m { visible s[3] : triple  param b  energy = - b[i] s[i] }").compile(
        backend="reference"
    ).sample(2)["s"].shape == (2, 3)

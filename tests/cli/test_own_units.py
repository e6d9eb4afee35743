"""`--units my_units.py`: a type of a user's own, from the command line."""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl import units

from .command import Bm

UNIT = '''
"""A coin that is -1 or 2."""
from bmdsl.units import UnitType
from bmdsl.units.scalars import sigmoid, softplus
import numpy as np

class Lopsided(UnitType):
    name = "lopsided"
    summary = "-1 or 2"
    domain = "{-1, 2}"
    @staticmethod
    def log_partition(eta: float) -> float:
        return softplus(3.0 * eta) - eta
    @staticmethod
    def mean(eta: float) -> float:
        return 3.0 * sigmoid(3.0 * eta) - 1.0
    @staticmethod
    def variance(eta: float) -> float:
        return 9.0 * sigmoid(3.0 * eta) * sigmoid(-3.0 * eta)
    @staticmethod
    def sample(eta: float, u: float) -> float:
        return 2.0 if u < sigmoid(3.0 * eta) else -1.0
    @staticmethod
    def log_base(x: float) -> float:
        return 0.0
    @classmethod
    def support(cls, *arguments):
        return np.array([-1.0, 2.0])
    @classmethod
    def contains(cls, x, *arguments):
        return (x == -1) | (x == 2)
'''


@pytest.fixture
def own(bm: Bm, monkeypatch: pytest.MonkeyPatch) -> Bm:
    units.names()
    monkeypatch.setattr(units, "_registry", dict(units._registry))
    (bm.folder / "mine.py").write_text(UNIT)
    (bm.folder / "m.bm").write_text(
        (bm.folder / "rbm.bm").read_text().replace("v[D] : binary", "v[D] : lopsided")
    )
    return bm


@pytest.mark.slow  # docs/new-unit.md, which is run too, goes the same way
def test_a_type_of_ones_own_checks_trains_and_samples(own: Bm):
    assert "BM" in own("check", "m.bm").stderr
    assert own("check", "m.bm", "--units", "mine.py").returncode == 0
    assert "{-1, 2}" in own("units", "--units", "mine.py").stdout
    np.save(own.folder / "coins.npy", np.where(np.load("data.npy") > 0, 2.0, -1.0))
    done = own("train", "m.bm", "coins.npy", "--out", "r", "--units", "mine.py")
    assert done.returncode == 0, done.stderr
    assert own("sample", "r", "--steps", "2", "--units", "mine.py").returncode == 0
    assert set(np.unique(np.load(own.folder / "r" / "samples.npz")["v"])) <= {-1.0, 2.0}


@pytest.mark.parametrize(
    ("text", "code"),
    [("x = ", "BM903"), ("1 / 0", "BM903"), ("x = 1", "BM904")],
    ids=["no syntax", "breaks", "no type"],
)
def test_a_file_that_brings_no_type_is_a_diagnostic(own: Bm, text: str, code: str):
    (own.folder / "bad.py").write_text(text)
    assert code in own("check", "m.bm", "--units", "bad.py").stderr
    assert "BM902" in own("check", "m.bm", "--units", "missing.py").stderr

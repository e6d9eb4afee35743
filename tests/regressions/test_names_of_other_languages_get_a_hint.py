"""`sum_i`, `Σ`, `%`, `;` and units named `ising` or `bernoulli` were unknown without a way out."""

from __future__ import annotations

import pytest

import bmdsl
from bmdsl import units
from bmdsl.language.foreign import SIGNS, instead_of_name

TEXT = "model m {{ visible v[3] : {unit}  param b  energy = - {sum} b[i] v[i] }}"


@pytest.mark.parametrize("name", units.names())
def test_every_type_is_found_by_what_it_is_called_elsewhere(name: str) -> None:
    for other in units.get(name).also:
        for spelled in (other, other.upper()):
            with pytest.raises(bmdsl.BmError, match="BM105") as told:
                bmdsl.parse(TEXT.format(unit=spelled, sum=""))
            (one,) = told.value.diagnostics
            assert one.helps == (f"did you mean `{name}`?",)


def test_no_name_stands_for_two_types_or_is_one() -> None:
    others = [x for name in units.names() for x in units.get(name).also]
    assert len(set(others)) == len(others) and not set(others) & set(units.names())


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_of_elsewhere_has_a_way_out(sign: str) -> None:
    with pytest.raises(bmdsl.BmError) as told:
        bmdsl.parse(TEXT.format(unit="binary", sum=sign))
    (one,) = told.value.diagnostics
    assert one.code == "BM006" and one.helps == (SIGNS[sign],)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("sum_i", "sum[i]"),
        ("Σ", "sum[i]"),
        ("Σ_jk", "sum[j] sum[k]"),
        ("Sum", "sum[i]"),
        ("summand", ""),
        ("sigma", ""),
        ("assumed", ""),
    ],
)
def test_a_name_that_means_a_sum_is_answered_by_one(name: str, letters: str) -> None:
    assert (letters in instead_of_name(name)) if letters else instead_of_name(name) == ""
    if letters:
        with pytest.raises(bmdsl.BmError, match="BM101") as told:
            bmdsl.parse(TEXT.format(unit="binary", sum=name))
        assert f"`{letters} ...`" in str(told.value)


def test_a_superscript_is_answered_by_a_power() -> None:
    with pytest.raises(bmdsl.BmError, match=r"written `\^`"):
        bmdsl.parse("model m { visible v[3] : gaussian  energy = - v[i]² }")

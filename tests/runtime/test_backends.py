"""`compile(backend=...)`: compiled code, or NumPy."""

from __future__ import annotations

import copy

import pytest

import bmdsl


def test_an_unknown_backend_is_refused_by_name() -> None:
    with pytest.raises(bmdsl.BmError, match="BM889.*cuda") as error:
        bmdsl.load("rbm", D=3, H=2).compile(backend="cuda")
    assert "numba or reference" in str(error.value)


def test_the_reference_backend_compiles_nothing_and_a_copy_keeps_it() -> None:
    model = bmdsl.load("rbm", D=3, H=2)
    machine = model.compile(backend="reference")
    assert machine.program.plain and copy.deepcopy(machine).program.plain
    assert not model.compile().program.plain

"""Every transform and every reader of the registry is what its contract says."""

from __future__ import annotations

import inspect

import pytest

from bmdsl.data.contracts import Reader, ReaderMay, Transform, TransformMay
from bmdsl.language.vocabulary import Word
from bmdsl.registry import discover

TRANSFORMS = discover("bmdsl.data.transforms")
FUNCTIONS = {
    name: function
    for contract in (Transform, TransformMay)
    for name, function in vars(contract).items()
    if inspect.isfunction(function) and not name.startswith("_")
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_is_what_its_contract_says(name: str) -> None:
    module = TRANSFORMS[name]
    assert isinstance(module.WORD, Word) and hasattr(module, "apply")
    options = [o.name for o in module.WORD.options]
    for function, declared in FUNCTIONS.items():
        if hasattr(module, function):
            wanted = list(inspect.signature(declared).parameters)[1:-1]  # self, options
            found = list(inspect.signature(getattr(module, function)).parameters)
            assert found == [*wanted, *options], function
    assert isinstance(getattr(module, "MEANS", False), bool)
    assert not hasattr(module, "fit_parts") or hasattr(module, "fit")


READERS = discover("bmdsl.data.readers")


@pytest.mark.parametrize("name", READERS)
def test_a_reader_is_what_its_contract_says(name: str) -> None:
    module = READERS[name]
    assert isinstance(module.WORD, Word) and isinstance(module.KEYED, bool)
    for contract in (Reader, ReaderMay):
        for function, declared in vars(contract).items():
            if inspect.isfunction(declared) and function[0] != "_" and hasattr(module, function):
                found = list(inspect.signature(getattr(module, function)).parameters)
                assert found == list(inspect.signature(declared).parameters)[1:], function
    assert hasattr(module, "read")
    assert isinstance(getattr(module, "ALSO", ()), tuple)
    assert isinstance(getattr(module, "GZIP", False), bool)

"""Every transform of the registry is what its contract says."""

from __future__ import annotations

import inspect

import pytest

from bmdsl.data.contracts import Transform, TransformMay
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

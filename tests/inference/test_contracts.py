"""Every observable and every move is what the contract of its folder says."""

from __future__ import annotations

import inspect

import pytest

from bmdsl.inference.contracts import CONTRACTS
from bmdsl.language.vocabulary import Word
from bmdsl.registry import discover

WORDS = [(folder, name) for folder in CONTRACTS for name in discover(f"bmdsl.inference.{folder}")]


@pytest.mark.parametrize(("folder", "name"), WORDS)
def test_a_word_is_what_its_contract_says(folder: str, name: str) -> None:
    module = discover(f"bmdsl.inference.{folder}")[name]
    assert isinstance(module.WORD, Word)
    declared = {
        n: (x, need)
        for c, need in zip(CONTRACTS[folder], (True, False), strict=True)
        if c
        for n, x in vars(c).items()
        if inspect.isfunction(x) and n[0] != "_"
    }
    for function, (wanted, need) in declared.items():
        own = getattr(module, function, None)
        if own is None:  # the machine's own sweeps
            assert not need or (folder, name) == ("moves", "gibbs")
            continue
        known = list(inspect.signature(wanted).parameters)[1:]
        if "groups" in known:  # names of their own, as `group` and `other`
            known.remove("groups")
            taken = [x for x in inspect.signature(own).parameters if x in known]
        else:
            taken = list(inspect.signature(own).parameters)
        assert taken == known, function

"""Every word is what the contract of its folder says; a module that is not is refused by name."""

from __future__ import annotations

from types import ModuleType

import pytest

import bmdsl
from bmdsl import registry
from bmdsl.language.vocabulary import Word
from bmdsl.training.contracts import CONTRACTS, breaches
from bmdsl.training.words import register

WORDS = [
    (folder, name) for folder in CONTRACTS for name in registry.discover(f"bmdsl.training.{folder}")
]


@pytest.mark.parametrize(("folder", "name"), WORDS)
def test_a_word_is_what_its_contract_says(folder: str, name: str) -> None:
    assert breaches(folder, registry.discover(f"bmdsl.training.{folder}")[name]) == []


def module(**facts: object) -> ModuleType:
    made = ModuleType("mine")
    vars(made).update(facts)
    return made


@pytest.mark.parametrize(
    ("folder", "facts", "says"),
    [
        ("schedules", {}, "it has no `WORD`"),
        ("schedules", {"WORD": Word("mine")}, "it has no function `factor`"),
        ("schedules", {"WORD": Word("mine"), "factor": lambda t: 1.0}, "`factor` takes (t), not"),
        ("steps", {"WORD": Word("mine")}, "there are no words of `steps`"),
    ],
)
def test_a_module_that_is_no_word_is_refused(
    folder: str, facts: dict[str, object], says: str
) -> None:
    with pytest.raises(bmdsl.BmError) as error:
        register(folder, module(**facts))
    assert "BM896" in str(error.value) and says in str(error.value)
    assert "mine" not in registry.discover("bmdsl.training.schedules")


def test_a_registered_word_is_one_of_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    half = module(WORD=Word("half"), factor=lambda choice, update, total: 0.5)
    register("schedules", half)
    model = bmdsl.load("rbm", D=3, H=2).bind({"schedule": "half"})
    assert model.checked.training.schedule.name == "half"
    assert list(registry.discover("bmdsl.training.schedules")) == sorted(
        registry.discover("bmdsl.training.schedules")
    )


def test_a_word_of_an_installed_package_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    half = module(WORD=Word("half"), factor=lambda choice, update, total: 0.5)
    package = "bmdsl.training.schedules"

    monkeypatch.setattr(registry, "brought", lambda group: [half] if group == package else [])
    registry._found.cache_clear()
    try:
        assert registry.discover(package)["half"] is half
        assert "constant" in registry.discover(package)
    finally:
        registry._found.cache_clear()

"""Models of the literature, written from their papers, against exact sums: see `harness.py`."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module

import pytest

import bmdsl
import tests.literature as folder

from .checks import annealing, checks_of
from .examination import Examination
from .harness import REGISTRY
from .training_checks import learns

HELPERS = {
    "harness",
    "units",
    "reference",
    "checks",
    "draws",
    "examination",
    "training_checks",
}
for module in pkgutil.iter_modules(folder.__path__):
    if module.name not in HELPERS and not module.name.startswith("test_"):
        import_module(f"{folder.__name__}.{module.name}")


@cache
def examined(name: str) -> Examination:
    """The entry's machine, made once."""
    return Examination(REGISTRY[name])


def check(name: str, what: str) -> None:
    """One check, which must be refused with a diagnostic if the entry says so."""
    entry, x = REGISTRY[name], examined(name)
    if what not in entry.refused:
        checks_of(entry)[what](x)
        return
    with pytest.raises(bmdsl.BmError):
        checks_of(entry)[what](x)
        pytest.fail(f"`{what}` is no longer refused: take it out of `refused`")


def marked(names: list[str]) -> list[object]:
    return [pytest.param(n, marks=pytest.mark.slow) if REGISTRY[n].slow else n for n in names]


@pytest.mark.parametrize(
    "name", marked([n for n, e in REGISTRY.items() if "model" not in e.faults])
)
def test_a_model_of_the_literature_has_the_right_numbers(name):
    entry = REGISTRY[name]
    known = {*checks_of(entry), "annealing", "learns"}
    assert entry.refused | set(entry.faults) <= known, (
        f"no such check: {(entry.refused | set(entry.faults)) - known}"
    )
    wrong = []
    for what in checks_of(entry):
        if what in entry.faults:
            continue
        try:
            check(name, what)
        except (Exception, pytest.fail.Exception) as error:
            wrong.append(f"{what}: {type(error).__name__}: {error}")
    assert not wrong, f"{entry.source}\n" + "\n".join(wrong)


FAULTS = [
    pytest.param(
        name,
        what,
        marks=pytest.mark.xfail(strict=fault.strict, reason=fault.reason),
        id=f"{name}-{what.replace(' ', '-')}",
    )
    for name, entry in REGISTRY.items()
    for what, fault in entry.faults.items()
    if what not in ("annealing", "learns")
]


@pytest.mark.parametrize(("name", "what"), FAULTS)
def test_a_known_fault_of_the_package(name, what):
    if what == "model":
        for each in checks_of(REGISTRY[name]):
            check(name, each)
    else:
        check(name, what)


def by_hand(what: str) -> list[object]:
    """Entries for a check that runs by hand; a known fault of it is an expected failure."""
    found = []
    for name, entry in REGISTRY.items():
        if "model" not in entry.faults and not (what == "annealing" and entry.given):
            fault = entry.faults.get(what)
            mark = [pytest.mark.xfail(strict=fault.strict, reason=fault.reason)] if fault else []
            found.append(pytest.param(name, marks=mark))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", by_hand("annealing"))
def test_annealed_importance_sampling_finds_log_z_within_its_error(name):
    checked_by_hand(name, "annealing", annealing)


@pytest.mark.slow
@pytest.mark.parametrize("name", by_hand("learns"))
def test_training_by_chains_climbs_the_exact_gradient(name):
    checked_by_hand(name, "learns", learns)


def checked_by_hand(name: str, what: str, run: Callable[[Examination], None]) -> None:
    """The check, which must end with a diagnostic if the entry says so."""
    if what in REGISTRY[name].refused:
        with pytest.raises(bmdsl.BmError):
            run(examined(name))
    else:
        run(examined(name))

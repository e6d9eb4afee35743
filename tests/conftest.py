"""What all tests begin with: the backend, and cores divided among processes side by side.

A test whose claim is not about compiled code runs without compiling: by default machines of the
folders below are made with `backend="reference"`, where each op is its NumPy meaning. That compiled
routines give the same is held by `schedule`, `kernels` and `runtime`, for every shipped model and
every kind of op. `pytest.mark.compiled` on a module or a test gives it compiled machines.

The longest tests come first, so that no worker is left with one of them when the others have ended.
"""

from __future__ import annotations

import gc
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from bmdsl import api, model, units
from bmdsl.runs import opening

gc.set_threshold(100_000, 20, 100)  # as the command line has it: a tenth of the time to compile
HERE = Path(__file__).parent
PLAIN = {
    "data",
    "exports",
    "notebook",
    "language",
}
"""Folders whose tests make machines that compile nothing."""
LONG = (
    "tests/test_wheel.py",
    "tests/cli/test_interrupts.py",
    "tests/cli/test_mpirun.py",
    "tests/docs/test_code_blocks.py::test_the_code_of_a_page_runs[docs/command-line.md]",
    "tests/docs/test_code_blocks.py::test_the_code_of_a_page_runs[docs/tutorial.md]",
    "tests/docs/test_code_blocks.py::test_the_code_of_a_page_runs[README.md]",
    "tests/docs/test_site.py::test_the_site_builds_strictly",
    "tests/test_end_to_end.py::test_every_shipped_model_learns",
)
"""Tests that take ten seconds and more in empty caches, by what their ids begin with."""
MAKES = (model.Model.compile, api.Model.compile, opening.made_again)
"""What takes a backend."""


def _use(backend: str) -> None:
    """Makes this backend the one that is taken where none is named."""
    for function in MAKES:
        given = function.__defaults__ or ()
        function.__defaults__ = tuple(backend if x in ("numba", "reference") else x for x in given)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long tests first, in each of the halves that two workers begin with."""
    long = [x for x in items if x.nodeid.startswith(LONG)]
    rest = [x for x in items if not x.nodeid.startswith(LONG)]
    files = list(dict.fromkeys(x.nodeid.partition("::")[0] for x in long))
    one, other = (
        [x for x in long if files.index(x.nodeid.partition("::")[0]) % 2 == k] for k in (0, 1)
    )
    half = max(0, len(items) // 2 - len(one))
    items[:] = [*one, *rest[:half], *other, *rest[half:]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    folder = item.path.relative_to(HERE).parts[0]
    plain = folder in PLAIN and item.get_closest_marker("compiled") is None
    _use("reference" if plain else "numba")
    return (yield)


@pytest.fixture(scope="session", autouse=True)
def _divided_cores() -> None:
    """Two pools of threads on the same cores wait for one another."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        import numba

        from bmdsl.runtime.threads import prefer_openmp

        prefer_openmp()
        numba.set_num_threads(max(1, numba.config.NUMBA_NUM_THREADS // workers))


@pytest.fixture(scope="session", autouse=True)
def _unsynced() -> Iterator[None]:
    """What tests write need not outlast a power cut: a training syncs some thirty times."""
    fsync, os.fsync = os.fsync, lambda descriptor: None
    yield
    os.fsync = fsync


@pytest.fixture(scope="session", autouse=True)
def _nothing_generated_is_left_to_numba() -> Iterator[None]:
    """Whatever the compiler prints, the translation knows, but for functions of a test's own unit
    types: numba takes ten times as long, and a function that it had to compile would go unnoticed.
    """
    from bmdsl.native import functions
    from bmdsl.native.kinds import Untranslatable

    compiled = functions._compiled
    shipped = [x.name for x in pkgutil.iter_modules(units.__path__)]

    def checked(name: str, function: FunctionType, *rest: Any) -> bytes:
        try:
            return compiled(name, function, *rest)
        except Untranslatable as reason:
            word = function.__qualname__
            own = "_units" in word and not any(word.startswith(f"{n}_units") for n in shipped)
            if function.__module__.startswith(functions.GENERATED) and not own:
                raise AssertionError(
                    f"{function.__qualname__} is not translated: {reason}"
                ) from None
            raise

    functions._compiled = checked
    yield
    functions._compiled = compiled

"""What ranks can do together, where threads are ranks."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from bmdsl.language.diagnostics import BmError, Diagnostic, Label, fail
from bmdsl.language.source import Source, Span
from bmdsl.ranks import errors, messages
from bmdsl.ranks.by_threads import in_threads
from bmdsl.ranks.interface import Alone, share
from bmdsl.ranks.launch import launched, threads_of_rank
from bmdsl.ranks.world import world
from bmdsl.tasks.ranks import as_ranks


@pytest.mark.parametrize("count", [0, 1, 5, 12])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_shares_are_all_rows_once_in_order_and_differ_by_one_at_most(count: int, size: int) -> None:
    parts = [share(count, rank, size) for rank in range(size)]
    assert [k for lo, hi in parts for k in range(lo, hi)] == list(range(count))
    lengths = [hi - lo for lo, hi in parts]
    assert max(lengths) - min(lengths) <= 1


def test_threads_exchange_copies_in_the_order_of_ranks() -> None:
    def work() -> list[Any]:
        ranks = world()
        own = np.full(2, float(ranks.rank))
        told = [ranks.all(own), ranks.first(own), ranks.most(ranks.rank), ranks.gathered(own)]
        own[:] = 9
        ranks.barrier()
        shared = np.array([float(ranks.rank)])
        ranks.agree_on({"x": shared})
        return [*told, shared, ranks.size]

    for every, first, most, gathered, shared, size in in_threads(3, work):
        assert size == 3 and most == 2 and shared == 0
        np.testing.assert_array_equal(every, [[0, 0], [1, 1], [2, 2]])
        np.testing.assert_array_equal(first, [0, 0])
        np.testing.assert_array_equal(gathered, [0, 0, 1, 1, 2, 2])


def test_threads_of_processes_are_ranks_of_all_of_them() -> None:
    def process() -> list[tuple[int, list[int]]]:
        outer = world()
        return in_threads(2, lambda: (world().rank, world().all(world().rank)), outer)

    found = [x for part in in_threads(2, process) for x in part]
    assert found == [(rank, [0, 1, 2, 3]) for rank in range(4)]


def test_what_rank_0_cannot_do_fails_on_all_of_them() -> None:
    def make() -> None:
        raise fail("BM757", "there is no checkpoint")

    def work() -> str:
        with pytest.raises(BmError) as found:
            world().from_first(make)
        return found.value.diagnostics[0].message

    assert in_threads(3, work) == ["there is no checkpoint"] * 3


VALUES = [
    None,
    [True, 3, 1 << 80, -0.0, float("inf"), "é"],
    ({"a": np.arange(6.0).reshape(2, 3)[:, ::2], "b": (np.float32(0.1), b"\x00\xff")}, {3: []}),
    [np.array("2026", "M8[Y]"), np.zeros((0, 4), ">i2"), np.array(["ab"]), np.array(2.0)],
]


@pytest.mark.parametrize("value", VALUES)
def test_messages_hold_what_ranks_tell_one_another(value: Any) -> None:
    found = messages.read(messages.written(value))
    assert repr(found) == repr(value)


def test_messages_hold_numbers_of_every_bit_and_name_what_they_do_not_hold() -> None:
    x = np.array([np.nan, -0.0, 1e-310]).view(np.uint64)
    assert (messages.read(messages.written(x.view(float))).view(np.uint64) == x).all()
    for wrong in ({1, 2}, np.array([print], object), print):
        with pytest.raises(TypeError, match="not (set|object|builtin_function)"):
            messages.written(wrong)


class OfAUser(Exception):
    """A kind that is in no table."""


@pytest.mark.parametrize(
    "error",
    [
        fail("BM101", "no", Span(Source("m.bm", "model m {\n"), 6, 7), "here", help="a", note="b"),
        BmError(Diagnostic("BM1", "x", others=(Label(Span(Source("n", "ab"), 0, 1), "y"),))),
        BmError("said elsewhere"),
        FileNotFoundError(2, "No such file or directory", "a.npy"),
        OSError("plain"),
        MemoryError(),
        ValueError("here"),
    ],
)
def test_errors_are_the_same_on_other_ranks(error: Exception) -> None:
    found = errors.read(errors.written(error))
    assert (type(found), str(found)) == (type(error), str(error))
    assert getattr(found, "diagnostics", None) == getattr(error, "diagnostics", None)
    assert getattr(found, "filename", None) == getattr(error, "filename", None)


def test_an_error_of_an_unknown_kind_names_it() -> None:
    found = errors.read(errors.written(OfAUser("too late")))
    assert (type(found), str(found)) == (RuntimeError, "OfAUser: too late")


def test_a_rank_that_fails_ends_the_others() -> None:
    def work() -> None:
        if world().rank == 1:
            raise ValueError("here")
        world().barrier()
        world().barrier()

    with pytest.raises(ValueError, match="here"):
        in_threads(3, work)
    assert threading.active_count() < 20
    assert isinstance(world(), Alone)


def test_launchers_say_how_many_processes_they_started() -> None:
    assert launched({}) == 1
    assert launched({"OMPI_COMM_WORLD_SIZE": "4"}) == 4
    assert launched({"PMI_SIZE": "3"}) == 3
    assert launched({"SLURM_STEP_NUM_TASKS": "8"}) == 1  # the shell of an allocation
    assert launched({"SLURM_STEP_NUM_TASKS": "8", "PMIX_RANK": "2"}) == 8
    assert threads_of_rank({}) is None
    given = {"OMPI_COMM_WORLD_SIZE": "4", "NUMBA_NUM_THREADS": "2"}
    assert threads_of_rank(given) is None


def test_ranks_that_processes_cannot_share_evenly_are_refused() -> None:
    def work() -> str:
        with pytest.raises(BmError) as found:
            as_ranks(3, lambda: None)
        return found.value.diagnostics[0].code

    assert in_threads(2, work) == ["BM997", "BM997"]

"""Every kind of op: its compiled twin gives what its meaning in NumPy gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bmdsl.kernels import table
from bmdsl.schedule import builder  # noqa: F401  # fills KINDS
from bmdsl.schedule.laid_ops import layout_shape
from bmdsl.schedule.ops import KINDS, Access, Kind

from . import bit_samples, code_samples, expert_samples, past_samples, rank_samples, samples

SAMPLES = {
    **samples.SAMPLES,
    **expert_samples.SAMPLES,
    **past_samples.SAMPLES,
    **bit_samples.SAMPLES,
    **code_samples.SAMPLES,
    **rank_samples.SAMPLES,
}
table.load_table()
LENGTHS = {"r": 70, "c": 33, "i": 130, "j": 150, "o": 1, "n": 1, "s": 2, "w": 40}
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
"""Numbers that an argument may hold, for arguments that may not hold any."""


def two_valued(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, 2, shape).astype(float)


def with_gaps(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.where(rng.random(shape) < 0.3, np.nan, rng.normal(size=shape))


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.random(shape) + 0.1


SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "step_sgd": dict.fromkeys(("theta", "g", "velocity"), (130, 150)) | {"sums": (2,)},
    "clip_columns": {"W": (130, 150)},
    "make_symmetric": {"W": (40, 40)},
    "tie_sides": {"g": (40, 40)},
    "clip_below": {"W": (13, 15)},
    "clear": {"out": (13, 15)},
    "rescale": {"x": (13, 15)},
    "count_up": {"count": (1,)},
    "mark": {"flag": (1,)},
    "tell": {"used": (1,), "figure": (1,)},
    "follow_entries": {"g": (13, 15), "places": (9,), "sums": (2, 9)},
    "move": {"new": (70, 30), "m": (70, 30), "moved": (70,)},
    "judge": {n: (70,) for n in ("moved", "place", "state", "chosen")} | {"going": (4,)},
    "put_rows": {"m": (50, 30), "state": (70,), "place": (70,), "out": (70, 30)},
    "keep_rows": {"x": (70, 30), "chosen": (70,), "going": (4,)},
    "keep_places": {n: (70,) for n in ("chosen", "place", "state")} | {"going": (4,)},
    "gather": {"values": (90,), "source": (150,), "out": (150,)},
    "add_listed": (
        {"x": (70, 33), "eta": (70, 4), "start": (5,), "other": (9,), "value": (9,)}
        | {"more": (5,), "more_value": (6,), "more_start": (7,), "more_other": (11,)}
    ),
    "join": {"x": (70, 30), "X": (70, 33)},
    "take_columns": {"x": (70, 30), "X": (70, 33)},
    "turn_into": {"x": (70, 30), "X": (33, 70)},
    "turn_back": {"x": (70, 30), "X": (33, 70)},
    "add_listed_moments": {"X": (33, 70), "begin": (5,), "column": (9,), "out": (4,)},
    "add_weighted_listed_moments": {
        "X": (33, 70),
        "begin": (5,),
        "column": (9,),
        "w": (70,),
        "out": (4,),
    },
    "add_listed_energies": {
        "X": (33, 70),
        "begin": (5,),
        "column": (9,),
        "values": (4,),
        "out": (70,),
    },
    "begin_energies": {"out": (70,)},
    "weigh_states": {"x": (132,), "w": (33,), "out": (132,)},
    "repeat_rows": {"x": (35, 30), "out": (70, 30)},
    "exchange": {
        "x": (42,),
        "uniforms": (3, 7),
        "betas": (6,),
        "place": (7, 6),
        "accepted": (5,),
        "tried": (5,),
    },
    "respace": {"betas": (6,), "accepted": (5,), "tried": (5,)},
    "take_betas": {"betas": (6,), "place": (7, 6), "out": (42,)},
    "count_trips": {"betas": (6,), "place": (7, 6), "was_hot": (7, 6), "trips": (1,)},
    "fill": {"out": (70,)},
    "find_rows": {"place": (7, 6), "rows": (7,)},
    "take_figures": {"x": (70,), "chosen": (40,), "out": (40,)},
    "take_rows": {"x": (70, 30), "chosen": (40,), "out": (40, 30)},
    "lay_columns": {"W": (130, 150), "eta": (70, 150), "laid": layout_shape(150, 130)},
    "lay_rows": {"W": (130, 150), "eta": (70, 130), "laid": layout_shape(130, 150)},
    "lay_nothing": {"laid": (2, 40)},
    "begin_iterations": (
        {"like": (70, 3)} | {n: (70,) for n in ("place", "state", "moved")} | {"going": (4,)}
    ),
}
"""Shapes of the arguments of kinds of op that do not name their axes; others are of one entry."""
INTEGERS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "place": lambda rng, shape: rng.permuted(np.broadcast_to(np.arange(shape[-1]), shape), axis=-1),
    "places": lambda rng, shape: rng.integers(0, 100, shape),
    "state": lambda rng, shape: rng.integers(0, 3, shape),
    "chosen": lambda rng, shape: np.sort(rng.permutation(shape[0])),
    "going": lambda rng, shape: np.array([50, 40, 30, 50]),
    "count": lambda rng, shape: np.array([3]),
    "source": lambda rng, shape: rng.integers(0, 90, shape),
    "start": lambda rng, shape: np.array([0, 2, 2, 5, 9]),
    "more": lambda rng, shape: np.array([0, 1, 4, 4, 6]),
    "more_start": lambda rng, shape: np.array([0, 2, 2, 5, 6, 8, 11]),
    "begin": lambda rng, shape: np.array([0, 2, 2, 6, 9]),
    "laid": lambda rng, shape: np.zeros(shape),
} | dict.fromkeys(("other", "more_other", "column"), lambda rng, shape: rng.integers(0, 33, shape))
SPECIAL: dict[str, Draw] = {"seen": with_gaps, "square": positive, "uniforms": positive}
NUMBERS = {
    "low": 0.0,
    "nesterov": 1,
    "beta1": 0.9,
    "beta2": 0.99,
    "decay": 0.9,
    "epsilon": 1e-8,
    "first": 0,
    "wanted": 1,
    "precision": 1.0,
    "share": 0.8,
    "target": 0.2,
    "update": 1,
    "every": 2,
}


def operands(kind: Kind, seed: int, dtype: np.dtype[Any]) -> list[Any]:
    rng = np.random.default_rng(seed)
    if kind.name in SAMPLES:
        sample = SAMPLES[kind.name](rng)
        types = {"F": dtype, "f8": np.dtype("float64"), "i8": np.dtype("int64")}
        types |= {"i4": np.dtype("int32"), "f4": np.dtype("float32")}
        return [
            np.asarray(sample[n], types[x.number]) if x.axes else sample[n]
            for n, x in kind.arguments
        ]
    assert kind.indices or kind.name in SHAPES, f"{kind.name} needs a sample of its operands"
    letters = iter(kind.indices)
    named = SHAPES.get(kind.name, {})
    out: list[Any] = []
    for name, takes in kind.arguments:
        if not takes.axes:
            number = NUMBERS.get(name, 0.3 if takes.number != "i8" else 2)
            out.append(int(number) if takes.number == "i8" else float(number))
            continue
        axes = next(letters, "")
        shape = named.get(name) or tuple(LENGTHS[x] for x in axes) or (1,) * takes.axes
        if takes.number in ("i8", "i4"):
            made = INTEGERS.get(name, lambda rng, shape: rng.integers(0, 2, shape))(rng, shape)
            out.append(np.asarray(made, np.int64 if takes.number == "i8" else np.int32))
            continue
        draw = SPECIAL.get(name, lambda rng, shape: rng.normal(size=shape))
        if "of_states" in kind.name and name == "x":
            draw = two_valued
        out.append(np.asarray(draw(rng, shape), np.float64 if takes.number == "f8" else dtype))
    return out


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_compiled_twin_gives_what_the_meaning_gives(name: str) -> None:
    kind, compiled = KINDS[name], table.TABLE[name]
    for seed in range(3):
        meant, made = (operands(kind, seed, np.dtype("float64")) for _ in range(2))
        kind.reference(*meant)
        for parallel in (False, True) if compiled.parallel_from is not None else (False,):
            given = [x.copy() if isinstance(x, np.ndarray) else x for x in made]
            table.function(kind, compiled, np.dtype("float64"), "kernel", parallel)(*given)
            for (argument, takes), x, y in zip(kind.arguments, meant, given, strict=True):
                if takes.access in (Access.WRITE, Access.UPDATE) and takes.number in (
                    "F",
                    "f8",
                    "f4",
                ):
                    np.testing.assert_allclose(y, x, rtol=1e-12, atol=1e-12, err_msg=argument)
                elif takes.access is not Access.NUMBER:  # words of bits and counts too
                    np.testing.assert_array_equal(y, x, err_msg=argument)


def test_every_kind_of_op_has_a_compiled_twin_with_its_arguments() -> None:
    assert set(KINDS) == set(table.TABLE)
    for name, kind in KINDS.items():
        code = table.TABLE[name].function.__code__
        assert code.co_varnames[: code.co_argcount] == tuple(n for n, _ in kind.arguments), name


@pytest.mark.parametrize(
    "name", sorted(n for n, x in table.TABLE.items() if x.parallel_from is not None)
)
def test_serial_and_parallel_forms_give_the_same_bits(name: str) -> None:
    kind = KINDS[name]
    results = []
    for parallel in (False, True):
        given = operands(kind, 5, np.dtype("float32"))
        table.function(kind, table.TABLE[name], np.dtype("float32"), "kernel", parallel)(*given)
        results.append([x for x in given if isinstance(x, np.ndarray)])
    for x, y in zip(*results, strict=True):
        np.testing.assert_array_equal(x, y)


ROWS: dict[str, dict[str, int]] = {
    "add_convolved_moment": {"y": 0, "x": 0, "w": 0},
    "add_listed_moments": {"X": 1},
    "add_moments_of_cells": {"x": 0, "w": 0},
    "add_weighted_listed_moments": {"X": 1, "w": 0},
    "add_moment_of_slices": {"x": 0, "y": 0, "z": 0},
    "add_shared_push": {"x": 0, "w": 0},
    "exchange": {"x": 0, "uniforms": 1, "place": 0},
}
"""The axis of rows of arguments of kinds of op that do not name their axes."""


@pytest.mark.parametrize("name", sorted(n for n, x in KINDS.items() if x.adds_to))
def test_a_sum_over_rows_is_the_sum_of_those_over_parts_of_them(name: str) -> None:
    kind, dtype = KINDS[name], np.dtype("float64")
    places = {argument: k for k, (argument, _) in enumerate(kind.arguments)}
    arrays = [argument for argument, takes in kind.arguments if takes.axes]
    letters = dict(zip(arrays, kind.indices, strict=False))
    rows = ROWS.get(name) or {
        n: next(k for k, x in enumerate(axes) if x in "rc")
        for n, axes in letters.items()
        if set(axes) & set("rc")
    }
    whole = operands(kind, 1, dtype)
    kind.reference(*whole)
    total = [np.zeros_like(whole[places[n]]) for n in kind.adds_to]
    for part in range(3):
        given = operands(kind, 1, dtype)
        for n, axis in rows.items():
            x = given[places[n]]
            ends = [x.shape[axis] * k // 7 for k in (0, 1, 1, 7)]  # one of them has no rows
            given[places[n]] = np.ascontiguousarray(
                np.take(x, range(ends[part], ends[part + 1]), axis)
            )
        for n in kind.adds_to if part else ():
            given[places[n]][...] = 0
        for n in kind.counts_once if part else ():
            given[places[n]] = 0.0
        kind.reference(*given)
        for out, n in zip(total, kind.adds_to, strict=True):
            out += given[places[n]]
    for out, n in zip(total, kind.adds_to, strict=True):
        np.testing.assert_allclose(out, whole[places[n]], rtol=1e-10, atol=1e-10)

"""A schedule carried out op by op, without its text: what a printed routine is held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bmdsl.schedule.ops import Node, Op, Repeat, Until
from bmdsl.schedule.schedule import Schedule
from bmdsl.schedule.values import Folded, Number, Part, Rest, Value, View, is_of_batch, length

Names = dict[str, Any]


def carry_out(
    schedule: Schedule, functions: Mapping[str, Any], given: Names, ragged: bool = False
) -> None:
    """Carries a routine out, in place. `given`: its numbers and arrays by the names that the
    schedule has for them, `first`, `last`, and `starts` of minibatches that differ in size.

    `functions`: those of the model's own module, by name.
    """
    env = {**given, **dict(schedule.streams)}
    if schedule.once:
        _carry_out_body(schedule.body, functions, env)
        return
    for t in range(given["last"] - given["first"]):
        env |= {"t": t, "update": given["first"] + t}
        low, high = (given["starts"][t : t + 2]) if ragged else (0, 0)
        if ragged:
            env["each"] = _each(schedule, given, t, high - low)
        for v in schedule.values:
            env[v.name] = _of_update(v, given[v.name], t, slice(low, high) if ragged else None)
            if ragged and v.source == ("even weights",):
                env[v.name][...] = _scalar(env["each"], t)
        _carry_out_body(schedule.body, functions, env)


def _each(schedule: Schedule, given: Names, t: int, cases: int) -> Any:
    """What every case weighs: over several ranks it comes with the call."""
    kinds = dict(schedule.numbers)
    return given["each"] if kinds.get("each") == "F[]" else 1.0 / cases


def _scalar(each: Any, t: int) -> float:
    return float(each[t]) if isinstance(each, np.ndarray) else float(each)


def _of_update(v: Value, x: np.ndarray, t: int, cases: slice | None) -> np.ndarray:
    """The array that the ops of update t see."""
    if v.per_update:
        return x[cases] if cases is not None and is_of_batch(v.shape[0]) else x[t]
    if cases is None or not any(map(is_of_batch, v.shape)):
        return x
    shape = [
        length(n, cases.stop - cases.start) if is_of_batch(n) else x.shape[k]
        for k, n in enumerate(v.shape)
    ]
    return x.reshape(-1)[: int(np.prod(shape))].reshape(shape)


def _carry_out_body(
    body: tuple[Node, ...], functions: Mapping[str, Callable[..., None]], env: Names
) -> None:
    for node in body:
        if isinstance(node, Op):
            own = node.kind.origin == "module"
            meaning = functions[node.kind.name] if own else node.kind.reference
            meaning(*(_value(x, env) for x in node.operands))
        elif isinstance(node, Repeat):
            for k in range(_number(node.count, env)):
                env[node.variable] = k
                _carry_out_body(node.body, functions, env)
        elif isinstance(node, Until):
            for k in range(_number(node.count, env)):
                going = env[node.going.name][0]
                if going == 0:
                    break
                env |= {node.variable: k, node.rows: going}
                _carry_out_body(node.body, functions, env)


def _number(x: Number, env: Names) -> Any:
    return eval(x.text, {"__builtins__": {"min": min, "max": max}}, env)


def _value(x: Any, env: Names) -> Any:
    """What an operand stands for."""
    match x:
        case Number():
            return _number(x, env)
        case Value():
            return env[x.name]
        case View(value, index):
            return env[value.name][_number(index, env) if isinstance(index, Number) else index]
        case Part(value, rows, None):
            return env[value.name][: _number(rows, env)]
        case Part(value, rows, index):
            return env[value.name][index, : _number(rows, env)]
        case Rest(value, start):
            return env[value.name][_number(start, env) :]
        case Folded(of, None):
            return _value(of, env).reshape(-1)
        case Folded(of, columns):
            return _value(of, env).reshape(-1, _number(columns, env))
    raise TypeError(f"{x} is no operand")

"""The oracle: a model's quantities by brute force, straight from the energy's definition.

Imports nothing that it judges.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np


def letters_of(
    term: Any, lengths: Mapping[str, int], edges: Mapping[str, np.ndarray]
) -> Iterator[tuple[dict[str, int], int]]:
    """All values of a term's letters that its conditions allow, with the edge's number (or −1)."""
    edge = [c for c in term.conditions if c.kind == "edge"]
    names = [x.name for x in term.letters]
    if edge:
        for number, (i, j) in enumerate(edges[edge[0].graph]):
            rest = [x for x in term.letters if x.name not in (edge[0].first, edge[0].second)]
            for values in itertools.product(*(range(x.start, int(x.stop)) for x in rest)):
                yield (
                    {
                        edge[0].first: int(i),
                        edge[0].second: int(j),
                        **dict(zip([x.name for x in rest], values, strict=True)),
                    },
                    number,
                )
        return
    for values in itertools.product(*(range(x.start, int(x.stop)) for x in term.letters)):
        at = dict(zip(names, values, strict=True))
        keep = True
        for c in term.conditions:
            keep = keep and (
                at[c.first] < at[c.second] if c.kind == "less" else at[c.first] != at[c.second]
            )
        if keep:
            yield at, -1


def place(subscripts: Any, at: Mapping[str, int], axes: tuple[int, ...]) -> tuple[int, ...] | None:
    """A full subscript's position, None where `pad` leaves the axis."""
    out = []
    for s, n in zip(subscripts, axes, strict=True):
        value = s.constant + sum(c * at[x] for x, c in s.letters)
        if s.edge == "wrap":
            value %= n
        elif s.edge == "pad" and not 0 <= value < n:
            return None
        assert 0 <= value < n
        out.append(value)
    return tuple(out)


def energy(model: Any, params: Mapping[str, np.ndarray], state: Mapping[str, np.ndarray]) -> Any:
    """E of one joint state (group → array of the group's axes), without base measures; of many,
    where a last axis numbers them.
    """
    total: Any = 0.0
    edges = {g.name: g.edges for g in model.graphs}
    for term in model.terms:
        for at, edge in letters_of(term, {}, edges):
            value: Any = float(term.coefficient)
            for p in term.parameters:
                array = params[p.parameter]
                if edge >= 0 and array.ndim == 1 and len(p.subscripts) == 2:
                    value *= float(array[edge]) ** p.power
                else:
                    where = place(p.subscripts, at, array.shape)
                    assert where is not None
                    value *= float(array[where]) ** p.power
            for u in term.units:
                where = place(u.subscripts, at, tuple(int(n) for n in model.group(u.group).axes))
                value = 0.0 if where is None else value * state[u.group][where] ** u.power
            total = total + value
    return total


def unit_states(unit: str, options: Mapping[str, float]) -> list[tuple[Any, float]]:
    """(value, log base measure) of every state of one finite unit; one-of-K values are one-hot
    rows.
    """
    if unit == "binary":
        return [(0.0, 0.0), (1.0, 0.0)]
    if unit == "spin":
        return [(-1.0, 0.0), (1.0, 0.0)]
    if unit == "categorical":
        return [(row, 0.0) for row in np.eye(int(options["K"]))]
    if unit == "binomial":
        n = int(options["N"])
        return [(float(x), math.log(math.comb(n, x))) for x in range(n + 1)]
    if (
        unit == "gaussian"
        # Gauss–Hermite nodes against exp(−x²/2σ²): exact for what a test asks of it up to
        # quadrature
        # error
    ):
        s = float(options["sigma"])
        x, w = np.polynomial.hermite_e.hermegauss(30)
        return [(float(s * a), math.log(s * b)) for a, b in zip(x, w, strict=True)]
    raise KeyError(unit)


def joint_states(model: Any, names: list[str]) -> Iterator[tuple[dict[str, np.ndarray], float]]:
    """All joint states of groups with their log base measure."""
    groups = [model.group(n) for n in names]
    single = []
    for g in groups:
        count = int(np.prod([int(n) for n in g.shape], dtype=int))
        single.append((g, [unit_states(g.unit, dict(g.options))] * count))
    flat = [s for _, units in single for s in units]
    for combination in itertools.product(*flat):
        state, at, base = {}, 0, 0.0
        for g, units in single:
            part = combination[at : at + len(units)]
            at += len(units)
            base += sum(b for _, b in part)
            state[g.name] = np.array([v for v, _ in part], float).reshape(
                tuple(int(n) for n in g.axes)
            )
        yield state, base


@functools.cache
def together(groups: tuple[Any, ...]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """All joint states of groups, [*axes, states], and their log base measures."""
    model = SimpleNamespace(group=lambda name: next(g for g in groups if g.name == name))
    states, base = zip(*joint_states(model, [g.name for g in groups]), strict=True)
    return {g.name: np.stack([s[g.name] for s in states], axis=-1) for g in groups}, np.array(base)


def weights(
    model: Any, params: Mapping[str, np.ndarray], names: list[str], rest: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """All joint states of groups with their log weights −E + log base measure, the others in the
    state `rest`.
    """
    states, base = together(tuple(model.group(n) for n in names))
    return states, base - energy(
        model, params, {**{n: np.asarray(x)[..., None] for n, x in rest.items()}, **states}
    )


def log_sum(values: np.ndarray) -> float:
    top = values.max()
    return float(top + math.log(np.exp(values - top).sum()))


def log_partition(model: Any, params: Mapping[str, np.ndarray]) -> float:
    """log Z."""
    return log_sum(weights(model, params, [g.name for g in model.groups], {})[1])


def free_energy(
    model: Any, params: Mapping[str, np.ndarray], v: Mapping[str, np.ndarray], base_v: float = 0.0
) -> float:
    """−log Σ_h exp(−E(v, h))."""
    hidden = [g.name for g in model.groups if g.role == "hidden"]
    return -base_v - log_sum(weights(model, params, hidden, v)[1])


def posterior(
    model: Any, params: Mapping[str, np.ndarray], v: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """E[h | v] of every hidden group."""
    return _means(*weights(model, params, [g.name for g in model.groups if g.role == "hidden"], v))


def model_means(model: Any, params: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """E[x] of every group under the model."""
    return _means(*weights(model, params, [g.name for g in model.groups], {}))


def _means(states: dict[str, np.ndarray], w: np.ndarray) -> dict[str, np.ndarray]:
    p = np.exp(w - log_sum(w))
    return {n: x @ p for n, x in states.items()}


def log_likelihood(
    model: Any,
    params: Mapping[str, np.ndarray],
    cases: list[dict[str, np.ndarray]],
    bases: list[float],
) -> float:
    """Mean log P(v) over cases."""
    z = log_partition(model, params)
    return float(
        np.mean([-free_energy(model, params, v, b) - z for v, b in zip(cases, bases, strict=True)])
    )


def free_energy_of_visibles(
    model: Any, params: Mapping[str, np.ndarray], hidden: Mapping[str, np.ndarray]
) -> float:
    """−log Σ_v exp(−E(v, h)), by quadrature where visible units are Gaussian."""
    return -log_sum(
        weights(model, params, [g.name for g in model.groups if g.role == "visible"], hidden)[1]
    )


def log_likelihood_given(
    model: Any, params: Mapping[str, np.ndarray], data: Mapping[str, np.ndarray]
) -> np.ndarray:
    """log P(v | x) of every case of the visible groups v and the given ones x, all other groups
    finite.
    """
    visible = [g.name for g in model.groups if g.role == "visible"]
    free = [g.name for g in model.groups if g.role != "given"]
    out = []
    for r in range(len(next(iter(data.values())))):
        case = {n: x[r] for n, x in data.items()}
        states, w = weights(model, params, free, case)
        same = np.all(
            [(states[n] == case[n][..., None]).reshape(-1, len(w)).all(0) for n in visible], axis=0
        )
        out.append(log_sum(w[same]) - log_sum(w))
    return np.array(out)


def slope(array: np.ndarray, at: tuple[int, ...], value: Any, step: float = 1e-5) -> float:
    """d value() / d array[at] by central differences; the entry is put back."""
    old, ends = float(array[at]), []
    for x in (old + step, old - step):
        array[at] = x
        ends.append(float(value()))
    array[at] = old
    return (ends[0] - ends[1]) / (2 * step)

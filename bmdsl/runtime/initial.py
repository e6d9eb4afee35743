"""Initial parameter values, drawn from the model's seed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from ..language.letters import plain_letters
from ..language.model import Model, Parameter
from ..language.outside import Origin, digest, is_file, verify_inside
from ..plan.streams import of_event
from . import gate
from .initial_files import read_start
from .symmetry import settled

CHUNK = 1 << 20
"""Numbers drawn at a time, so that a large parameter is never held in double precision too."""


def initial_parameters(
    model: Model, seed: int, dtype: np.dtype[Any], starts: Mapping[str, Any] | None = None
) -> dict[str, np.ndarray]:
    """Every parameter's start.

    `logit_mean` and `mean` wait for data and start at 0; `starts` take the place of files.
    """
    values = {}
    for number, p in enumerate(model.parameters):
        generator = of_event("PARAMETERS", seed, number)
        x = (
            _draw(p, generator, dtype)
            if p.init.kind != "file"
            else _of_file(model, p, dtype, None if starts is None else starts.get(p.name))
        )
        if p.symmetric and p.init.kind == "file":
            x = settled(p, x, f"`{p.init.arguments[0]}`")
        elif p.symmetric:
            x = np.triu(x, 1)
            x = x + x.T
        values[p.name] = np.abs(x) if p.nonnegative else x
    return values


def from_data(model: Model) -> tuple[str, ...]:
    """Names of the parameters that start from data."""
    return tuple(p.name for p in model.parameters if p.init.kind in ("mean", "logit_mean"))


def data_parameters(
    model: Model,
    data: Mapping[str, np.ndarray],
    names: Collection[str] | None = None,
    weights: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Values of the parameters that start from data, or of those among `names`: mean over cases
    (and axes a shared bias sums over), or its logit.

    `weights` [cases] weigh the cases. An entry that no case has a value for starts at 0.
    """
    values = {}
    for p in model.parameters:
        if p.name in (from_data(model) if names is None else names):
            group = str(p.init.arguments[0])
            x = np.asarray(data[group], np.float64)
            if weights is None:
                known, total = (~np.isnan(x)).sum(axis=0), np.nansum(x, axis=0)
            else:
                known, total = (
                    np.tensordot(weights, ~np.isnan(x), 1),
                    np.tensordot(weights, np.nan_to_num(x), 1),
                )
            mean = np.divide(
                total,
                known,
                out=np.full(x.shape[1:], 0.5 if p.init.kind == "logit_mean" else 0.0),
                where=known > 0,
            )
            mean = _over_shared(model, p, group, mean)
            shape = tuple(int(n) for n in p.shape)
            if mean.shape != shape:
                raise fail(
                    "BM811",
                    f"`init {p.init.kind}({group})` gives shape {mean.shape}, parameter `{p.name}`"
                    f" has {shape}",
                    p.span,
                    help=(
                        f"the start of a bias: of a term of {p.name} and {group} alone, {p.name}"
                        f" with all or some of {group}'s letters"
                    ),
                )
            if p.init.kind == "logit_mean":
                mean = np.clip(mean, 0.01, 0.99)  # a pixel that never changes would start at ±inf
                mean = np.log(mean / (1 - mean))
            values[p.name] = mean
    return values


def _over_shared(model: Model, p: Parameter, group: str, mean: np.ndarray) -> np.ndarray:
    """The mean over the axes that a bias shares: those of the group's letters that `a[c]` of `a[c]
    v[c,x,y]` does not have.
    """
    for term in model.terms:
        if (
            [u.group for u in term.units] == [group]
            and [f.parameter for f in term.parameters] == [p.name]
            and not term.conditions
        ):
            own, all_ = (plain_letters(x.subscripts) for x in (term.parameters[0], term.units[0]))
            if (
                own is not None
                and all_ is not None
                and len(all_) == mean.ndim
                and set(own) <= set(all_)
            ):
                kept = [x for x in all_ if x in own]
                mean = mean.mean(axis=tuple(k for k, x in enumerate(all_) if x not in own))
                return np.transpose(mean, [kept.index(x) for x in own])
    return mean


def _draw(p: Parameter, generator: np.random.Generator, dtype: np.dtype[Any]) -> np.ndarray:
    shape = tuple(int(n) for n in p.shape)

    def filled(draw: Callable[[int], np.ndarray]) -> np.ndarray:
        out = np.empty(int(np.prod(shape, dtype=int)), dtype)
        for lo in range(0, len(out), CHUNK):
            out[lo : lo + CHUNK] = draw(min(CHUNK, len(out) - lo))
        return out.reshape(shape)

    a = p.init.arguments
    match p.init.kind:
        case "normal":
            return filled(lambda n: generator.normal(float(a[0]), float(a[1]), n))
        case "uniform":
            return filled(lambda n: generator.uniform(float(a[0]), float(a[1]), n))
        case "glorot":
            fans = (
                shape[0] + int(np.prod(shape[1:], dtype=int))
                if len(shape) > 1
                else 2 * max(shape, default=1)
            )
            bound = np.sqrt(6.0 / fans)
            return filled(lambda n: generator.uniform(-bound, bound, n))
        case "signs":
            return filled(lambda n: generator.choice(np.array([-1.0, 1.0]), n))
        case "constant":
            return np.full(shape, float(a[0]), dtype)
        case _:
            return np.zeros(shape, dtype)


def start_files(model: Model, starts: Mapping[str, Any]) -> tuple[Origin, ...]:
    """The files that parameters start from, those aside whose `starts` are given.

    BmError BM812 for one that cannot be read.
    """
    found = []
    for p in model.parameters:
        if p.init.kind == "file" and p.name not in starts:
            path, key = _path(p)
            try:
                found.append(
                    Origin(
                        "init",
                        f"{p.name}: {path.name}{f':{key}' if key else ''}",
                        str(path.resolve()),
                        digest(path),
                    )
                )
            except OSError as error:
                raise fail(
                    "BM812",
                    f"file `{path}` of `init` for `{p.name}` cannot be read: {error.strerror}",
                    p.span,
                ) from None
    return tuple(found)


def _path(p: Parameter) -> tuple[Path, str]:
    path, key = (
        Path(str(p.init.arguments[0])),
        str(p.init.arguments[1]) if len(p.init.arguments) > 1 else "",
    )
    verify_inside(path, p.span)
    if not is_file(path):
        raise fail("BM812", f"file `{path}` of `init` for `{p.name}` does not exist", p.span)
    return path, key


def _of_file(model: Model, p: Parameter, dtype: np.dtype[Any], start: Any) -> np.ndarray:
    """The value in the parameter's file, or the `start` that stands for it."""
    shape = tuple(int(n) for n in p.shape)
    if start is not None:
        return gate.parameter(p, start, shape, dtype)
    path, key = _path(p)
    return gate.parameter(
        p, read_start(model, p, path, key), shape, dtype, f"{path}:{key}" if key else str(path)
    )


def verify_files(model: Model, dtype: np.dtype[Any]) -> None:
    """Reads the files that parameters start from, as compiling does.

    BmError for the first that gives none.
    """
    for p in model.parameters:
        if p.init.kind == "file" and all(isinstance(n, int) for n in p.shape):
            x = _of_file(model, p, dtype, None)
            if p.symmetric:
                settled(p, x, f"`{p.init.arguments[0]}`")

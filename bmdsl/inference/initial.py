"""Initial parameter values, drawn from the model's seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from ..language.model import Model, Parameter
from .symmetry import settled

CHUNK = 1 << 20
"""Numbers drawn at a time, so that a large parameter is never held in double precision too."""


def initial_parameters(model: Model, seed: int, dtype: np.dtype[Any]) -> dict[str, np.ndarray]:
    """Every parameter's start. `logit_mean` and `mean` wait for data and start at 0."""
    values = {}
    for number, p in enumerate(model.parameters):
        generator = np.random.Generator(np.random.Philox(key=[seed, number]))
        x = _draw(p, generator, dtype)
        if p.symmetric and p.init.kind == "file":
            x = settled(p, x, f"`{p.init.arguments[0]}`")
        elif p.symmetric:
            x = np.triu(x, 1)
            x = x + x.T
        values[p.name] = np.abs(x) if p.nonnegative else x
    return values


def data_parameters(model: Model, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Values of the parameters that start from data: mean over cases (and axes a shared bias sums over), or its logit."""
    values = {}
    for p in model.parameters:
        if p.init.kind in ("mean", "logit_mean"):
            group = str(p.init.arguments[0])
            mean = _over_shared(model, p, group, np.nanmean(np.asarray(data[group], np.float64), axis=0))
            shape = tuple(int(n) for n in p.shape)
            if mean.shape != shape:
                raise fail("BM811", f"`init {p.init.kind}({group})` gives shape {mean.shape}, parameter `{p.name}` has {shape}", p.span,
                           help=f"the start of a bias: of a term of {p.name} and {group} alone, {p.name} with all or some of {group}'s letters")  # fmt: skip
            if p.init.kind == "logit_mean":
                mean = np.clip(mean, 0.01, 0.99)  # a pixel that never changes would start at ±inf
                mean = np.log(mean / (1 - mean))
            values[p.name] = mean
    return values


def _over_shared(model: Model, p: Parameter, group: str, mean: np.ndarray) -> np.ndarray:
    """The mean over the axes that a bias shares: those of the group's letters that `a[c]` of `a[c] v[c,x,y]` does not have."""
    for term in model.terms:
        if [u.group for u in term.units] == [group] and [f.parameter for f in term.parameters] == [p.name] and not term.conditions:
            own, all_ = ([s.letter for s in x.subscripts] for x in (term.parameters[0], term.units[0]))
            if None not in (*own, *all_) and len(set(all_)) == mean.ndim and set(own) <= set(all_):
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
            fans = shape[0] + int(np.prod(shape[1:], dtype=int)) if len(shape) > 1 else 2 * max(shape, default=1)
            bound = np.sqrt(6.0 / fans)
            return filled(lambda n: generator.uniform(-bound, bound, n))
        case "signs":
            return filled(lambda n: generator.choice(np.array([-1.0, 1.0]), n))
        case "constant":
            return np.full(shape, float(a[0]), dtype)
        case "file":
            return _read(p, shape)
        case _:
            return np.zeros(shape, dtype)


def _read(p: Parameter, shape: tuple[int, ...]) -> np.ndarray:
    path, key = Path(str(p.init.arguments[0])), str(p.init.arguments[1]) if len(p.init.arguments) > 1 else ""
    if not path.exists():
        raise fail("BM812", f"file `{path}` of `init` for `{p.name}` does not exist", p.span)
    if path.suffix == ".safetensors":
        from safetensors.numpy import load_file

        value = load_file(path)[key or p.name]
    else:
        value = np.load(path, allow_pickle=False)
    if value.shape != shape:
        raise fail("BM803", f"parameter `{p.name}` has shape {shape}, `{path}` holds {value.shape}", p.span)
    return np.asarray(value, np.float64)

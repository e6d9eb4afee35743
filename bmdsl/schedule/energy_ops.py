"""Kinds of op that energies and objectives are made of: sums over a row in double precision,
weights of states, residuals.
"""

from __future__ import annotations

import numpy as np

from .ops import double, op, reads, real, updates, whole, writes

Array = np.ndarray


@op("{out} = 0", out=writes(1, "f8"))
def begin_energies(out: Array) -> None:
    """Every row's sum begins at 0."""
    out[:] = 0


@op("{out} += {x} · {b}", indices="rj oj r", x=reads(), b=reads(), out=updates(1, "f8"))
def add_row_dots(x: Array, b: Array, out: Array) -> None:
    """Adds Σ_p x[r, p] b[p], for a single row b."""
    out += x.astype(np.float64) @ b[0].astype(np.float64)


@op("{out} += {x} · {y}", indices="rj rj r", x=reads(), y=reads(), out=updates(1, "f8"))
def add_pair_dots(x: Array, y: Array, out: Array) -> None:
    """Adds Σ_p x[r, p] y[r, p]."""
    out += np.einsum("rp,rp->r", x, y, dtype=np.float64)


@op("{out} += {scale} {x}", indices="r r", x=reads(1, "f8"), scale=double(), out=updates(1, "f8"))
def add_energies(x: Array, scale: float, out: Array) -> None:
    """Adds a multiple of other sums of the same rows."""
    out += scale * x


@op(
    "{figure} = {w} · {x}",
    indices="r r n",
    x=reads(1, "f8"),
    w=reads(1),
    figure=writes(1, "f8"),
    adds_to="figure",
)
def tell_mean(x: Array, w: Array, figure: Array) -> None:
    """The weighted mean of a number of every row, as a figure of the update."""
    figure[0] = w.astype(np.float64) @ x


@op(
    "{out} = {w} softmax({x}) over the states of a case",
    indices="s c s",
    x=reads(1, "f8"),
    w=reads(1),
    out=writes(1),
)
def weigh_states(x: Array, w: Array, out: Array) -> None:
    """Weights of states, exp(x) normalized over the len(x) / len(w) states of each case, times the
    case's weight.
    """
    rows = x.reshape(len(w), -1)
    p = np.exp(rows - rows.max(axis=1, keepdims=True))
    out[:] = (w[:, None] * (p / p.sum(axis=1, keepdims=True))).reshape(-1)


@op("{out} = {x}, every row for all states", indices="cj sj", x=reads(), out=writes())
def repeat_rows(x: Array, out: Array) -> None:
    """Every row of x as many times, one after another, as `out` has room for."""
    out[...] = np.repeat(x, len(out) // max(1, len(x)), axis=0)


@op("{out} = {x} − {out}", indices="rj rj", x=reads(), out=updates())
def subtract_from(x: Array, out: Array) -> None:
    """What is left of x."""
    np.subtract(x, out, out=out)


@op("{out} = {x} + {t} {r}", indices="rj rj rj", x=reads(), r=reads(), t=real(), out=writes())
def step_along(x: Array, r: Array, t: float, out: Array) -> None:
    """x moved along r."""
    out[...] = x + out.dtype.type(t) * r


@op(
    "{out} = {factor} {v} {d}",
    indices="rj rj rj",
    v=reads(),
    d=reads(),
    factor=real(),
    out=writes(),
)
def set_change(v: Array, d: Array, factor: float, out: Array) -> None:
    """What changes d of fields come to in means whose slopes are v, times a number."""
    np.multiply(v, out.dtype.type(factor) * d, out=out)


@op(
    "{out} = {m} + {v} {d}",
    indices="rj rj rj rj",
    m=reads(),
    v=reads(),
    d=reads(),
    out=writes(),
)
def move_means(m: Array, v: Array, d: Array, out: Array) -> None:
    """Means m whose slopes are v after changes d of their fields."""
    np.add(m, v * d, out=out)


@op(
    "{out} = p ({out} − Σ p {out}) of every unit, p = {p}",
    indices="rj rj",
    p=reads(),
    states=whole(),
    out=updates(),
)
def change_of_states(p: Array, states: int, out: Array) -> None:
    """How the probabilities p of one-of-K units change with changes `out` of their fields."""
    q, d = (x.reshape(len(x), -1, states) for x in (p, out))
    out[...] = (q * (d - (q * d).sum(axis=2, keepdims=True))).reshape(out.shape)

"""The kinds of op that every model can use, and what they mean, in NumPy.

Arrays are [row, column]; biases are [1, column], parameters matrices. Each has a compiled twin of
the same name in `bmdsl.kernels`.
"""

from __future__ import annotations

import numpy as np

from .ops import double, op, reads, real, updates, writes

Array = np.ndarray


@op("{eta} = {b}", indices="oj rj", b=reads(), eta=writes())
def set_rows(b: Array, eta: Array) -> None:
    """Every row is b."""
    eta[...] = b


@op("{out} = 0", out=writes())
def clear(out: Array) -> None:
    """All entries are 0."""
    out[...] = 0


@op("{out} = {x}", indices="rj rj", x=reads(), out=writes())
def copy(x: Array, out: Array) -> None:
    """The entries of x."""
    out[...] = x


@op("{out} += {scale} {x}", indices="rj rj", x=reads(), scale=real(), out=updates())
def add_scaled(x: Array, scale: float, out: Array) -> None:
    """Adds a multiple of x."""
    out += out.dtype.type(scale) * x


@op("{out} = {x}²", indices="rj rj", x=reads(), out=writes())
def square(x: Array, out: Array) -> None:
    """The squares of the entries of x."""
    np.multiply(x, x, out=out)


@op("{x} *= {scale}", x=updates(), scale=real())
def rescale(x: Array, scale: float) -> None:
    """Every entry times a number."""
    x *= x.dtype.type(scale)


@op("{out} = diag({w}) {x}", indices="rj r rj", x=reads(), w=reads(1), out=writes())
def weigh_rows(x: Array, w: Array, out: Array) -> None:
    """Every row of x times its weight."""
    np.multiply(x, w[:, None], out=out)


@op(
    "{eta} += {scale} {x} {W}",
    indices="ri ij rj",
    x=reads(),
    W=reads(),
    scale=real(),
    eta=updates(),
)
def add_forward(x: Array, W: Array, scale: float, eta: Array) -> None:
    """Adds scale · x W."""
    eta += (x @ W) * eta.dtype.type(scale)


@op(
    "{eta} += {scale} {x} {W}ᵀ",
    indices="rj ij ri",
    x=reads(),
    W=reads(),
    scale=real(),
    eta=updates(),
)
def add_backward(x: Array, W: Array, scale: float, eta: Array) -> None:
    """Adds scale · x Wᵀ."""
    eta += (x @ W.T) * eta.dtype.type(scale)


@op(
    "{out} += {scale} {x}ᵀ {y}",
    indices="ri rj ij",
    x=reads(),
    y=reads(),
    scale=real(),
    out=updates(),
    adds_to="out",
)
def add_moment(x: Array, y: Array, scale: float, out: Array) -> None:
    """Adds scale · Σ over rows of x ⊗ y."""
    out += (x.T @ y) * out.dtype.type(scale)


@op(
    "{eta} += {scale} {x} {W}",
    indices="ri ij rj",
    x=reads(),
    low=real(),
    W=reads(),
    scale=real(),
    eta=updates(),
)
def add_forward_of_states(x: Array, low: float, W: Array, scale: float, eta: Array) -> None:
    """Adds scale · x W for states x that are `low` or 1."""
    eta += (x @ W) * eta.dtype.type(scale)


@op(
    "{eta} += {scale} {x} {W}ᵀ",
    indices="rj ij ri",
    x=reads(),
    low=real(),
    W=reads(),
    scale=real(),
    eta=updates(),
)
def add_backward_of_states(x: Array, low: float, W: Array, scale: float, eta: Array) -> None:
    """Adds scale · x Wᵀ for states x that are `low` or 1."""
    eta += (x @ W.T) * eta.dtype.type(scale)


@op(
    "{out} += {scale} {x}ᵀ {y}",
    indices="ri rj ij",
    x=reads(),
    low=real(),
    y=reads(),
    scale=real(),
    out=updates(),
    adds_to="out",
)
def add_moment_of_states(x: Array, low: float, y: Array, scale: float, out: Array) -> None:
    """Adds scale · Σ over rows of x ⊗ y for states x that are `low` or 1."""
    out += (x.T @ y) * out.dtype.type(scale)


@op("{out} += {scale} Σ {x}", "rj oj", adds_to="out", x=reads(), scale=real(), out=updates())
def add_sum(x: Array, scale: float, out: Array) -> None:
    """Adds scale · Σ over rows of x."""
    out += out.dtype.type(scale) * x.sum(axis=0)


@op(
    "{out} += {scale} {w} · {x}",
    indices="rj r oj",
    x=reads(),
    w=reads(1),
    scale=real(),
    out=updates(),
    adds_to="out",
)
def add_weighted_sum(x: Array, w: Array, scale: float, out: Array) -> None:
    """Adds scale · Σ over rows of w x."""
    out += out.dtype.type(scale) * (w @ x)


@op(
    "{out} = {b2} where the base measure holds it",
    indices="oj oj",
    b2=reads(),
    precision=double(),
    share=double(),
    out=writes(),
)
def keep_width(b2: Array, precision: float, share: float, out: Array) -> None:
    """A field on x² that leaves units a share of their base measure's precision, else 0."""
    own = b2.astype(np.float64)
    out[...] = np.where(precision - 2 * own > share * precision, own, 0)

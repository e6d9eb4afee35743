"""Kinds of op that an update ends with: penalties and bounds, what monitors follow, centring, and
the optimizers' steps.
"""

from __future__ import annotations

import numpy as np

from .ops import double, op, reads, real, updates, whole, writes

Array = np.ndarray


@op(
    "u = {momentum} u + {rate} g;  θ += u",
    theta=updates(),
    g=updates(),
    velocity=updates(),
    rate=real(),
    momentum=real(),
    nesterov=whole(),
    sums=writes(1, "f8"),
)
def step_sgd(
    theta: Array,
    g: Array,
    velocity: Array,
    rate: float,
    momentum: float,
    nesterov: int,
    sums: Array,
) -> None:
    """A step up the gradient with momentum; leaves the gradient 0. sums = Σ g², Σ θ²."""
    real = theta.dtype.type
    move = real(rate) * g
    if velocity.size:
        velocity[...] = real(momentum) * velocity + move
        move = real(momentum) * velocity + move if nesterov else velocity
    theta += move
    sums[0], sums[1] = (g.astype(np.float64) ** 2).sum(), (theta.astype(np.float64) ** 2).sum()
    g[...] = 0


@op(
    "m += (1 − β₁)(g − m);  s += (1 − β₂)(g² − s);  θ += rate m / (√(s / correction) + δ)",
    indices="ij ij ij ij n s",
    theta=updates(),
    g=updates(),
    mean=updates(),
    square=updates(),
    count=updates(1, "i8"),
    rate=real(),
    beta1=double(),
    beta2=double(),
    epsilon=real(),
    sums=writes(1, "f8"),
)
def step_adam(
    theta: Array,
    g: Array,
    mean: Array,
    square: Array,
    count: Array,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    sums: Array,
) -> None:
    """A step of Adam; `count` is the number of steps taken, this one included.

    Leaves the gradient 0.
    """
    real = theta.dtype.type
    taken = int(count[0])
    mean += real(1 - beta1) * (g - mean)
    square += real(1 - beta2) * (g * g - square)
    size = real(rate / (1 - beta1**taken))
    theta += size * mean / (np.sqrt(square / real(1 - beta2**taken)) + real(epsilon))
    sums[0], sums[1] = (g.astype(np.float64) ** 2).sum(), (theta.astype(np.float64) ** 2).sum()
    g[...] = 0


@op(
    "s += (1 − ρ)(g² − s);  θ += {rate} g / (√s + δ)",
    indices="ij ij ij s",
    theta=updates(),
    g=updates(),
    square=updates(),
    rate=real(),
    decay=double(),
    epsilon=real(),
    sums=writes(1, "f8"),
)
def step_rmsprop(
    theta: Array,
    g: Array,
    square: Array,
    rate: float,
    decay: float,
    epsilon: float,
    sums: Array,
) -> None:
    """A step of RMSprop; leaves the gradient 0."""
    real = theta.dtype.type
    square += real(1 - decay) * (g * g - square)
    theta += real(rate) * g / (np.sqrt(square) + real(epsilon))
    sums[0], sums[1] = (g.astype(np.float64) ** 2).sum(), (theta.astype(np.float64) ** 2).sum()
    g[...] = 0


@op("{count} += 1", count=updates(1, "i8"))
def count_up(count: Array) -> None:
    """One more."""
    count[0] += 1


@op("{g} −= {strength} sign({W})", indices="ij ij", W=reads(), strength=real(), g=updates())
def subtract_signs(W: Array, strength: float, g: Array) -> None:
    """Takes strength · sign(W) off, sign(0) = 0."""
    g -= g.dtype.type(strength) * np.sign(W)


@op("{W}_j *= min(1, {bound} / ‖{W}_j‖)", W=updates(), bound=real())
def clip_columns(W: Array, bound: float) -> None:
    """Scales columns that are longer than `bound` back to it."""
    length = np.sqrt((W.astype(np.float64) ** 2).sum(axis=0))
    W *= np.where(length > bound, bound / np.maximum(length, bound), 1.0).astype(W.dtype)


@op("{W} = max({W}, 0)", W=updates())
def clip_below(W: Array) -> None:
    """Negative entries become 0."""
    np.maximum(W, 0, out=W)


@op("{W} = ({W} + {W}ᵀ) / 2, diagonal 0", W=updates())
def make_symmetric(W: Array) -> None:
    """The mean of both sides, and no diagonal."""
    W[...] = (W + W.T) / 2
    np.fill_diagonal(W, 0)


@op("{g} = {g} + {g}ᵀ, diagonal 0", g=updates())
def tie_sides(g: Array) -> None:
    """The gradient of the free entries W_ij = W_ji."""
    g += g.T.copy()
    np.fill_diagonal(g, 0)


@op(
    "{mu} += {slide} ((⟨{x}⟩ + ⟨{y}⟩) / 2 − {mu})",
    indices="rj r cj c n oj",
    x=reads(),
    wx=reads(1),
    y=reads(),
    wy=reads(1),
    slide=double(),
    begun=reads(1, "i8"),
    mu=updates(2, "f8"),
    adds_to="mu",
)
def follow_middle(
    x: Array, wx: Array, y: Array, wy: Array, slide: float, begun: Array, mu: Array
) -> None:
    """Moves offsets to the middle of two weighted means of rows; sets them while `begun` is 0."""
    middle = (wx.astype(np.float64) @ x + wy.astype(np.float64) @ y) / 2
    mu[...] = (1 - slide) * mu + slide * middle if begun[0] else middle


@op(
    "{g} −= {scale_x} {plain_x}ᵀ {mu_y} + {scale_y} {mu_x}ᵀ {plain_y};"
    " {g_x} −= {scale_x} {g} {mu_y}; {g_y} −= {scale_y} {mu_x} {g}",
    indices="oi oi oj oj ij oi oj",
    plain_x=reads(),
    mu_x=reads(2, "f8"),
    scale_x=real(),
    plain_y=reads(),
    mu_y=reads(2, "f8"),
    scale_y=real(),
    g=updates(),
    g_x=updates(),
    g_y=updates(),
)
def centre(
    plain_x: Array,
    mu_x: Array,
    scale_x: float,
    plain_y: Array,
    mu_y: Array,
    scale_y: float,
    g: Array,
    g_x: Array,
    g_y: Array,
) -> None:
    """Makes a coupling's gradient, and its two biases', those of centred units."""
    real = g.dtype.type
    left, right = mu_x[0].astype(g.dtype), mu_y[0].astype(g.dtype)
    g -= real(scale_x) * np.outer(plain_x[0], right) + real(scale_y) * np.outer(left, plain_y[0])
    g_x -= real(scale_x) * (g @ right)
    g_y -= real(scale_y) * (left @ g)


@op(
    "g_b += rate (target − ⟨{x}⟩)",
    is_moment=False,
    indices="rj r oj",
    x=reads(),
    w=reads(1),
    rate=double(),
    target=double(),
    g=updates(),
    adds_to="g",
    counts_once="target",
)
def add_push(x: Array, w: Array, rate: float, target: float, g: Array) -> None:
    """Adds rate · (target − the weighted mean of x) to a bias's gradient."""
    g += (rate * (target - w.astype(np.float64) @ x)).astype(g.dtype)


@op(
    "g_b += rate Σ over the units of an entry (target − ⟨{x}⟩)",
    is_moment=False,
    x=reads(),
    w=reads(1),
    rate=double(),
    target=double(),
    entries=reads(1, "i8"),
    g=updates(1),
    adds_to="g",
    counts_once="target",
)
def add_shared_push(
    x: Array, w: Array, rate: float, target: float, entries: Array, g: Array
) -> None:
    """Adds every unit's rate · (target − its weighted mean) to the entry of a bias that
    it shares.
    """
    push = rate * (target - w.astype(np.float64) @ x)
    g += np.bincount(entries, push, len(g)).astype(g.dtype)


@op(
    "signal and noise of {g}",
    g=reads(),
    places=reads(1, "i8"),
    sums=updates(2, "f8"),
)
def follow_entries(g: Array, places: Array, sums: Array) -> None:
    """Adds some entries of a gradient, and their squares, to sums[0] and sums[1]."""
    taken = g.reshape(-1)[places].astype(np.float64)
    sums[0] += taken
    sums[1] += taken**2


@op("{flag} = 1", flag=updates(1, "i8"))
def mark(flag: Array) -> None:
    """Says that something has begun."""
    flag[0] = 1

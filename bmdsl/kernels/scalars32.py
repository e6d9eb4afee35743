"""The stable scalars of `bmdsl.units.scalars` in single precision: without branches, so that a
compiler can run 8 or 16 at once.

A float32 module calls these under the same names. Each is within 2e-7 of the true value (relative
for exp, sigmoid and log, absolute for the rest; a normal quantile within 4e-7 of its size),
measured over the whole range by the tests.
Polynomials: Cephes (Moshier 1989), summed in pairs (Estrin 1960), a chain half as long as Horner's.
What keeps them in vector registers: `min` and `max`, which are one instruction where `a if a < b
else b` may become a branch, and `np.int32` around every difference and shift, whose result numba
takes for 64 bits otherwise. The generated module compiles them with a multiplication and an
addition in one rounding where the processor has that.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

__all__ = [
    "below_sigmoid",
    "digamma",
    "exp",
    "log",
    "log1p",
    "logcosh",
    "normal_quantile",
    "sigmoid",
    "softplus",
    "sqrt",
    "tanh",
]


def exp(x):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """e^x; x is held to [−87, 88], so nothing overflows and nothing is 0; NaN stays NaN."""
    x = max(
        min(np.float32(x), np.float32(88.0)), np.float32(-87.0)
    )  # in double the magic number below would round nothing
    n = (x * np.float32(1.44269504) + np.float32(12582912.0)) - np.float32(
        12582912.0
    )  # 1.5·2²³: adding it rounds to a whole number
    r = x - n * np.float32(0.693359375)
    r = r + n * np.float32(2.12194440e-4)
    s = r * r
    y = (
        np.float32(5.0000001201e-1)
        + np.float32(1.6666665459e-1) * r
        + s * (np.float32(4.1665795894e-2) + np.float32(8.3334519073e-3) * r)
    )
    y = y + s * s * (np.float32(1.3981999507e-3) + np.float32(1.9875691500e-4) * r)
    y = y * s + (r + np.float32(1.0))
    return y * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


def log(x):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """Natural logarithm of a positive, normal number."""
    bits = np.float32(x).view(np.int32)
    e = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))  # mantissa in [√½, √2)
    m = np.int32(bits - np.int32(e << np.int32(23))).view(np.float32) - np.float32(1.0)
    s = m * m
    a = np.float32(3.3333331174e-1) + np.float32(-2.4999993993e-1) * m
    b = np.float32(2.0000714765e-1) + np.float32(-1.6668057665e-1) * m
    c = np.float32(1.4249322787e-1) + np.float32(-1.2420140846e-1) * m
    d = (
        np.float32(1.1676998740e-1)
        + np.float32(-1.1514610310e-1) * m
        + np.float32(7.0376836292e-2) * s
    )
    y = (a + b * s) + s * s * (c + d * s)
    scale = np.float32(e)
    y = y * (s * m) - np.float32(2.12194440e-4) * scale - np.float32(0.5) * s
    return m + y + np.float32(0.693359375) * scale


def digamma(x):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """The slope of log Γ at x ≥ 1: raised by 4, then Stirling's series."""
    one = np.float32(1.0)
    a, b = x * (x + np.float32(3.0)), (x + one) * (x + np.float32(2.0))
    below = (np.float32(2.0) * x + np.float32(3.0)) * (
        one / a + one / b
    )  # 1/x + 1/(x+3) + 1/(x+1) + 1/(x+2)
    y = x + np.float32(4.0)
    r = one / y
    s = r * r
    return (
        log(y)
        - np.float32(0.5) * r
        - s * (np.float32(1.0 / 12.0) - s * (np.float32(1.0 / 120.0) - s * np.float32(1.0 / 252.0)))
        - below
    )


def log1p(x):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """log(1 + x) for x ≥ 0, absolute error of float32."""
    return log(np.float32(1.0) + x)


def normal_quantile(u):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """Φ⁻¹(u) for 0 < u < 1, relative error 4e-7: (2u − 1) P(w), w = −log 4u(1 − u).

    P is a polynomial of w, and beyond 6.25 one of 1/√w times √w, both fitted to the least largest
    relative error.
    """
    u = np.float32(u)
    w = -log(np.float32(4.0) * u * (np.float32(1.0) - u))
    a = w - np.float32(3.0)
    s = a * a
    q = s * s
    near = (
        (np.float32(2.2960352952) + np.float32(3.4171701107e-1) * a)
        + s * (np.float32(-8.1158381792e-3) + np.float32(-1.1826311441e-3) * a)
        + q
        * (
            (np.float32(2.7660668409e-4) + np.float32(-1.7922991738e-5) * a)
            + s * (np.float32(-2.6974038567e-6) + np.float32(6.2433592151e-7) * a)
            + q * (np.float32(-4.2926469470e-9) + np.float32(-7.1559607518e-9) * a)
        )
    )
    root = sqrt(max(w, np.float32(6.25)))
    b = np.float32(1.0) / root - np.float32(0.25)
    s = b * b
    q = s * s
    far = root * (
        (np.float32(1.3575686628) + np.float32(-2.8026967970e-1) * b)
        + s * (np.float32(1.1382969144e-1) + np.float32(7.9254748030e-1) * b)
        + q
        * (
            (np.float32(-7.3076273485e-1) + np.float32(9.8352223776) * b)
            + s * (np.float32(42.027548945) + np.float32(-27.519761713) * b)
            + q * np.float32(-633.68063249)
        )
    )
    return (np.float32(2.0) * u - np.float32(1.0)) * (near if w < np.float32(6.25) else far)


def sigmoid(x):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """1/(1 + e^−x)."""
    return np.float32(1.0) / (np.float32(1.0) + exp(-x))


def below_sigmoid(u, x):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """Whether u < σ(x), without a division."""
    return u * (np.float32(1.0) + exp(-x)) < np.float32(1.0)


def tanh(x):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """2σ(2x) − 1."""
    return np.float32(2.0) / (np.float32(1.0) + exp(np.float32(-2.0) * x)) - np.float32(1.0)


def softplus(x):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """log(1 + e^x) = max(x, 0) + log(1 + e^−|x|)."""
    return max(x, np.float32(0.0)) + log(np.float32(1.0) + exp(-abs(x)))


def logcosh(x):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """log(2 cosh x)."""
    return abs(x) + log(np.float32(1.0) + exp(np.float32(-2.0) * abs(x)))

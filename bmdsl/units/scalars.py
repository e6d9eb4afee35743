"""Stable scalar functions for unit types.

The compiler copies their source, so each is self-contained plain Python on floats.
"""

from __future__ import annotations

from math import asin, cos, erfc, exp, expm1, lgamma, log, log1p, sin, sqrt, tanh

__all__ = [
    "asin",
    "below_sigmoid",
    "binomial_quantile",
    "cos",
    "digamma",
    "dilogarithm",
    "erfc",
    "erfcx",
    "exp",
    "expm1",
    "lgamma",
    "log",
    "log1p",
    "log_of_product",
    "logcosh",
    "normal_quantile",
    "sigmoid",
    "sin",
    "softplus",
    "sqrt",
    "tanh",
]


def sigmoid(x: float) -> float:
    """1/(1 + e^−x), without overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)


def below_sigmoid(u: float, x: float) -> bool:
    """Whether u < σ(x): true with probability σ(x) for a uniform u."""
    return u < sigmoid(x)


def softplus(x: float) -> float:
    """log(1 + e^x), without overflow and without losing a tiny e^x."""
    if x > 0.0:
        return x + log1p(exp(-x))
    return log1p(exp(x))


def log_of_product(x: float) -> float:
    """log x, of a product of numbers that are 1 or more."""
    return log(x)


def logcosh(x: float) -> float:
    """log(2 cosh x) = |x| + log(1 + e^−2|x|)."""
    a = abs(x)
    return a + log1p(exp(-2.0 * a))


def digamma(x: float) -> float:
    """The slope of log Γ(x) for x > 0: raised to 10 by ψ(x) = ψ(x + 1) − 1/x, then Stirling's
    series (absolute error below 1e-11).
    """
    total = 0.0
    while x < 10.0:
        total -= 1.0 / x
        x += 1.0
    s = 1.0 / (x * x)
    return (
        total
        + log(x)
        - 0.5 / x
        - s * (1.0 / 12.0 - s * (1.0 / 120.0 - s * (1.0 / 252.0 - s * (1.0 / 240.0 - s / 132.0))))
    )


def normal_quantile(u: float) -> float:
    """Φ⁻¹(u) for 0 < u < 1, relative error about 1e-16 (Wichura 1988, algorithm AS 241, PPND16)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        a = (
            (
                (
                    (
                        (
                            (2509.0809287301226727 * r + 33430.575583588128105) * r
                            + 67265.770927008700853
                        )
                        * r
                        + 45921.953931549871457
                    )
                    * r
                    + 13731.693765509461125
                )
                * r
                + 1971.5909503065514427
            )
            * r
            + 133.14166789178437745
        ) * r + 3.387132872796366608
        b = (
            (
                (
                    (
                        (
                            (5226.495278852545925 * r + 28729.085735721942674) * r
                            + 39307.89580009271061
                        )
                        * r
                        + 21213.794301586595867
                    )
                    * r
                    + 5394.1960214247511077
                )
                * r
                + 687.1870074920579083
            )
            * r
            + 42.313330701600911252
        ) * r + 1.0
        return q * a / b
    r = sqrt(-log(u if q < 0.0 else 1.0 - u))
    if r <= 5.0:
        r -= 1.6
        a = (
            (
                (
                    (
                        (
                            (0.00077454501427834140764 * r + 0.0227238449892691845833) * r
                            + 0.24178072517745061177
                        )
                        * r
                        + 1.27045825245236838258
                    )
                    * r
                    + 3.64784832476320460504
                )
                * r
                + 5.7694972214606914055
            )
            * r
            + 4.6303378461565452959
        ) * r + 1.42343711074968357734
        b = (
            (
                (
                    (
                        (
                            (1.05075007164441684324e-9 * r + 0.0005475938084995344946) * r
                            + 0.0151986665636164571966
                        )
                        * r
                        + 0.14810397642748007459
                    )
                    * r
                    + 0.68976733498510000455
                )
                * r
                + 1.6763848301838038494
            )
            * r
            + 2.05319162663775882187
        ) * r + 1.0
    else:
        r -= 5.0
        a = (
            (
                (
                    (
                        (
                            (2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
                            + 0.0012426609473880784386
                        )
                        * r
                        + 0.026532189526576123093
                    )
                    * r
                    + 0.29656057182850489123
                )
                * r
                + 1.7848265399172913358
            )
            * r
            + 5.4637849111641143699
        ) * r + 6.6579046435011037772
        b = (
            (
                (
                    (
                        (
                            (2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r
                            + 1.8463183175100546818e-5
                        )
                        * r
                        + 0.0007868691311456132591
                    )
                    * r
                    + 0.0148753612908506148525
                )
                * r
                + 0.13692988092273580531
            )
            * r
            + 0.59983220655588793769
        ) * r + 1.0
    return -a / b if q < 0.0 else a / b


def binomial_quantile(u: float, n: float, p: float, q: float) -> float:
    """The count at u of Binomial(n, p), q = 1 − p, where n p q is large: Cornish and Fisher's
    expansion to the fifth cumulant.

    The expansion is of Y with count = round(Y): its cumulants are the binomial's less those of
    rounding (Sheppard's corrections 1/12, −1/120).
    """
    z = normal_quantile(u)
    v = n * p * q
    s = sqrt(v - 1.0 / 12.0)
    k3 = v * (q - p) / (s * s * s)
    k4 = (v * (1.0 - 6.0 * p * q) + 1.0 / 120.0) / (s * s * s * s)
    k5 = v * (q - p) * (1.0 - 12.0 * p * q) / (s * s * s * s * s)
    z2 = z * z
    w = (
        z
        + k3 * (z2 - 1.0) / 6.0
        + k4 * z * (z2 - 3.0) / 24.0
        - k3 * k3 * z * (2.0 * z2 - 5.0) / 36.0
    )
    w += (
        k5 * ((z2 - 6.0) * z2 + 3.0) / 120.0
        - k3 * k4 * ((z2 - 5.0) * z2 + 2.0) / 24.0
        + k3 * k3 * k3 * ((12.0 * z2 - 53.0) * z2 + 17.0) / 324.0
    )
    return min(n, max(0.0, float(int(n * p + s * w + 0.5))))


def erfcx(x: float) -> float:
    """e^{x²} erfc(x) for x ≥ −5: the definition below 3, Laplace's continued fraction above
    (relative error below 1e-13).
    """
    if x < 3.0:
        return exp(x * x) * erfc(x)
    below = x
    for k in range(60, 0, -1):
        below = x + 0.5 * k / below
    return 0.5641895835477563 / below


def dilogarithm(x: float) -> float:
    """−Li₂(−e^x) = ∫ softplus from −∞ to x, by Bernoulli's series in log(1 + e^−|x|) and Li₂'s
    inversion.
    """
    t = log1p(exp(-abs(x)))
    s = t * t
    y = -4.0647616451442255e-11 + s * 8.921691020456452e-13
    y = 1.8978869988971e-09 + s * y
    y = -9.185773074661963e-08 + s * y
    y = 4.72411186696901e-06 + s * y
    y = -2.777777777777778e-04 + s * y
    y = 2.777777777777778e-02 + s * y
    y = t + 0.25 * s + t * s * y
    return y if x <= 0.0 else 1.6449340668482264 + 0.5 * x * x - y

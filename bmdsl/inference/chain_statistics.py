"""How good a mean over Markov chains is: autocorrelation time, effective sample size, split R-hat.

Formulas of Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021 (Rank-normalization, folding, and
localization, eqs. 1–4 and 10–13), without ranks: the quantities that Stan and ArviZ call `ess` of
the mean and split R-hat. Traces are [chains, draws].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Summary:
    """Of one observable: mean and standard deviation over all draws, standard error of the mean,
    autocorrelation time in sweeps, effective
    sample size, split R-hat. The last four are NaN where a trace is too short or never changes."""

    name: str
    mean: float
    sd: float
    error: float
    autocorrelation: float
    ess: float
    rhat: float


def summarize(name: str, trace: Array, thin: int = 1) -> Summary:
    """The summary of a trace whose draws are `thin` sweeps apart."""
    trace = np.asarray(trace, np.float64)
    sd = float(trace.std())
    if trace.shape[1] < 4 or sd == 0:
        return Summary(name, float(trace.mean()), sd, *[float("nan")] * 4)
    ess = effective_sample_size(trace)
    return Summary(
        name,
        float(trace.mean()),
        sd,
        sd / ess**0.5,
        thin * trace.size / ess,
        ess,
        split_rhat(trace),
    )


def split(trace: Array) -> Array:
    """Both halves of every chain as chains of their own: [2 · chains, draws // 2]."""
    half = trace.shape[1] // 2
    return np.concatenate([trace[:, :half], trace[:, -half:]])


def split_rhat(trace: Array) -> float:
    """√(var⁺/W) over half chains: 1 where they agree, above 1.01 where they have not mixed."""
    x = split(trace)
    n = x.shape[1]
    within = x.var(axis=1, ddof=1).mean()
    between = n * x.mean(axis=1).var(ddof=1)
    return float(np.sqrt((between / within + n - 1) / n))


def effective_sample_size(trace: Array) -> float:
    """M N/τ̂ over half chains, τ̂ by Geyer's initial monotone sequence: how many independent draws
    give the mean as well.
    """
    x = split(trace)
    chains, n = x.shape
    covariance = autocovariance(x)
    mean_variance = covariance[:, 0].mean() * n / (n - 1)
    total = mean_variance * (n - 1) / n + (x.mean(axis=1).var(ddof=1) if chains > 1 else 0.0)
    rho = 1 - (mean_variance - covariance.mean(axis=0)) / total
    rho[0] = 1.0
    pairs = [(1.0, float(rho[1]))]
    for t in range(
        2,
        n - 2,
        2,
        # sums of two neighbours are positive and fall, in truth: noise begins where they no longer
        # do
    ):
        if sum(pairs[-1]) <= 0:
            break
        pairs.append((float(rho[t]), float(rho[t + 1])))
    last = pairs.pop() if len(pairs) > 1 else (0.0, 0.0)
    sums = np.minimum.accumulate([sum(p) for p in pairs])
    tau = -1 + 2 * float(sums.sum()) + (last[0] if sum(last) >= 0 else max(last[0], 0.0))
    return float(chains * n / max(tau, 1 / np.log10(chains * n)))


def autocovariance(x: Array) -> Array:
    """Of every row at every lag, [rows, draws], by the fast Fourier transform."""
    n = x.shape[1]
    size = 1 << (2 * n - 1).bit_length()
    f = np.fft.rfft(x - x.mean(axis=1, keepdims=True), size, axis=1)
    return np.fft.irfft(f * np.conj(f), size, axis=1)[:, :n] / n

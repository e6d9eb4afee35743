"""log |∂ transformed / ∂ x|: from the density of what a machine learns to that of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..api import Machine

STEP = 1e-4
REAL = ("gaussian", "rectified", "nrelu", "exponential")
"""Unit types with a density rather than probabilities."""


def log_jacobian(machine: Machine, X: Any) -> np.ndarray | float:
    """Of every case, over the values that are there; 0 for units that have probabilities, and where
    nothing is transformed.

    Transforms are affine (one determinant), or act on each feature by itself.
    """
    group = machine.model.group(machine.visible[0])
    training = machine.model.training
    if not training.transform or group.unit not in REAL or machine.model.table is not None:
        return 0.0
    x = np.asarray(X, np.float64)
    seen = ~np.isnan(x)
    base = np.where(seen, x, 0.0)
    width = x.shape[1]
    if not seen.all():
        means = np.where(seen.any(0), base.sum(0) / np.maximum(seen.sum(0), 1), 0.0)
        base = np.where(seen, x, means)
    apart = _is_by_feature(machine, base[0])
    if apart:
        scale = np.maximum(np.abs(base), 1.0) * STEP
        slope = (_prepared(machine, base + scale) - _prepared(machine, base - scale)) / (2 * scale)
        with np.errstate(divide="ignore"):
            return np.where(seen, np.log(np.abs(slope)), 0.0).sum(1)
    origin = _prepared(machine, base[:1])
    matrix = _prepared(machine, base[:1] + np.eye(width)) - origin
    return float(np.linalg.slogdet(matrix)[1])


def _is_by_feature(machine: Machine, x: np.ndarray) -> bool:
    """Whether a step of one feature moves no other: seen at one case, two features."""
    step = np.zeros((2, len(x)))
    step[1, 0] = max(1.0, abs(float(x[0]))) * STEP
    moved = _prepared(machine, x + step)
    return bool(np.array_equal(moved[0, 1:], moved[1, 1:]))


def _prepared(machine: Machine, x: np.ndarray) -> np.ndarray:
    made = machine.prepare(x)
    return np.asarray(made, np.float64).reshape(len(x), -1)

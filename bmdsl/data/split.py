"""Which cases are held out for validation."""

from __future__ import annotations

import numpy as np

from ..language.diagnostics import fail
from ..plan.streams import of_cases, reading_order


def split(n: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(training indices, validation indices), each sorted; the same for the same n, fraction and
    seed on every machine.

    At least one case is on either side; a fraction of 0 holds none out.
    """
    if not 0 <= fraction < 1:
        raise fail(
            "BM730",
            f"the share of cases held out for validation is {fraction:g}, but must be at least 0"
            " and below 1",
        )
    if fraction == 0:
        return np.arange(n), np.arange(0)
    if n < 2:
        raise fail(
            "BM730",
            f"{n} case{'s' * (n != 1)} cannot be divided into training and validation",
            help="set `validate 0`",
        )
    n_validation = min(max(round(n * fraction), 1), n - 1)
    # NumPy promises the raw stream of a bit generator to stay as it is, which it does not promise
    # of `permutation`.
    keys = reading_order("DATA_SPLIT", seed, n)
    order = np.argsort(keys, kind="stable")
    return np.sort(order[n_validation:]), np.sort(order[:n_validation])


def split_rows(count: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the training cases and of a random `fraction` for validation, both in order.

    BM751 where no training case is left.
    """
    held = round(fraction * count)
    if held and held == count:
        raise fail("BM751", f"`validate {fraction}` leaves none of the {count} cases for training")
    order = of_cases("SPLIT", seed).permutation(count) if held else np.arange(count)
    return np.sort(order[held:]), np.sort(order[:held])

"""Functions copied into a generated module: their helpers meet no word of the module's, their own
variables no number of their file's.
"""

from __future__ import annotations

from bmdsl.emit.inline import Inliner
from bmdsl.plan.identifiers import RESERVED

scale = 2.0


def kernel(x: float) -> float:
    """A helper called as the module's decorator is."""
    return x + 1


def max(x: float, y: float) -> float:  # noqa: A001  # as Python's own
    """A helper called as a function of Python's is, which the copied function below means."""
    return 10 * x + y


def shadowed(x: float) -> float:
    """Has a variable that is a number outside."""
    scale = 3 * x
    return kernel(scale) + max(x, 1.0)


def outside(x: float) -> float:
    """Reads that number."""
    return scale * x


def test_copied_functions_compute_what_they_did() -> None:
    inliner = Inliner(single=False, taken=RESERVED | {"bias_h_1"})
    inliner.add(shadowed, "one_mean")
    inliner.add(outside, "two_mean")
    space: dict[str, object] = {"kernel": lambda function: function}
    exec("\n".join(inliner.sources()), space)
    assert space["one_mean"](2.0) == shadowed(2.0) == 28  # type: ignore[operator]
    assert space["two_mean"](2.0) == 4  # type: ignore[operator]
    assert not RESERVED & set(inliner.done)

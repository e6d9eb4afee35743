"""A unit type is an exponential family: p(x | η) = base(x) exp(η·t(x) − A(η)).

Everything else is derived from it.

The functions are plain Python on scalars, written with names from `bmdsl.units.scalars`; the
compiler copies their source into the generated module, so they need no numba. Unit arguments come
last, in the order of `options`.

* One statistic: `eta` is a number. Two statistics (`x`, `x^2`): `eta, eta2` are two numbers.
* A one-of-K type (`states` set), and a vector (`components` set), K numbers each: `eta` is a 1-D
  array of K fields; `mean`, `variance` and `sample` write K numbers into `out`; the base measure is
  constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..language.vocabulary import Option, UnitWord

FAR = 1e3
"""A value so far out that a domain's bounds show."""


def _zero(x: Any, *arguments: float) -> float:
    return 0.0


class UnitType:
    """The whole extension interface.

    Subclass, set the attributes, write the static functions, register.
    """

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    also: ClassVar[tuple[str, ...]] = ()
    """What the type is called elsewhere, for a message: `ising` for `spin`."""
    formerly: ClassVar[tuple[str, ...]] = ()
    """What it was called in earlier versions: such names are read, with a warning."""
    options: ClassVar[tuple[Option, ...]] = ()
    statistics: ClassVar[tuple[str, ...]] = ("x",)
    reduces: ClassVar[Mapping[int, int]] = {}
    """power → power it equals on the domain (0: the constant 1), so that `binary` x² is x and
    `spin` x² is 1.
    """
    states: ClassVar[str | None] = None
    components: ClassVar[int | None] = None
    """Length of x where a unit's state is a vector, as (cos a, sin a) of an angle a: its statistics
    are its components.
    """
    domain: ClassVar[str] = ""
    """How the domain reads in a message and in `bm units`: `{0, 1}`."""
    draws_within: ClassVar[float] = 0.0
    """How far the mean of draws may be from `mean`, where A only approximates what is drawn."""
    formulas: ClassVar[Mapping[str, str]] = {}
    """A, mean, variance and density as expressions, for `bm explain`: keys `log_partition`, `mean`,
    `variance`, `density`, and `log_base`,
    `mean_square`, `precision` where the type has them. Optional: a function without one stands by
    its name.

    Written in Python: `log(1 + exp(eta))`, in `eta`, `eta2`, `x`, `pi`, the type's arguments,
    `precision`, the functions exp, log, sqrt, tanh, cosh, sinh, sigmoid, abs, phi and Phi (of the
    normal distribution), Li2, binom, factorial, and `sum(... for i in upto(x))`, `prod(... for n in
    naturals)`. Of a type whose state is a vector, `eta[k]` and `x[k]` with `sum(... for k in
    states)`; in `mean` k is the component.
    """

    activation: ClassVar[str | None] = None
    """The function of neural networks that A′ is, where it is one: `sigmoid`, `tanh`, `softplus`,
    `softmax`, `identity`.
    """

    # A(η), A'(η) = E[x], A''(η) = Var[x]
    log_partition: ClassVar[Any]
    mean: ClassVar[Any]
    variance: ClassVar[Any]
    # one draw by inversion of one uniform 0 < u < 1
    sample: ClassVar[Any]
    # draws of many units of a type with K numbers side by side, optional: eta and out are [K, n], u
    # is [n]; eta and u are used up
    sample_block: ClassVar[Any] = None
    # log base measure at x; a type whose base measure is 1 leaves it out, and nothing is compiled
    # for it
    log_base: ClassVar[Any] = staticmethod(_zero)
    # its slope in x, wherever x may be a mean: what layers trained jointly hand down; types with a
    # base measure that leave it out cannot be
    base_slope: ClassVar[Any] = None
    # E[x²], only for types with the statistic `x^2`
    mean_square: ClassVar[Any] = None
    # A(η) = peak(η) + log rest(η), 1 ≤ rest ≤ 2, of a type with one field that has such parts: the
    # rests of many units are multiplied before one logarithm is taken; peak(NaN) is NaN
    peak: ClassVar[Any] = None
    rest: ClassVar[Any] = None

    @classmethod
    def has_base(cls) -> bool:
        """Whether the type's base measure is not 1 everywhere."""
        return cls.log_base is not _zero

    @classmethod
    def support(cls, *arguments: float) -> np.ndarray | None:
        """All states as a 1-D array of x where finite (a one-of-K type: [K, K] one-hot rows), else
        None.
        """
        return None

    @classmethod
    def contains(cls, x: np.ndarray, *arguments: float) -> np.ndarray:
        """Which entries of `x` lie in the domain (a one-of-K type: [..., K] → [...] is one-hot)."""
        raise NotImplementedError(
            f"{cls.__name__}.contains"
        )  # the conformance check reports a type that lacks it

    @classmethod
    def ends(cls, *arguments: float) -> tuple[float, float]:
        """The least and the largest value of a unit; ±inf where there is none.

        Means lie between them.
        """
        if cls.states is not None or cls.components is not None:
            return (0.0, 1.0) if cls.states is not None else (-1.0, 1.0)
        support = cls.support(*arguments)
        if support is not None:
            return float(np.min(support)), float(np.max(support))
        inside = np.asarray(cls.contains(np.array([-FAR, FAR]), *arguments))
        fields = (0.0,) if "x^2" in cls.statistics else ()
        return (
            -np.inf if inside[0] else float(cls.mean(-1e4, *fields, *arguments)),
            np.inf if inside[1] else float(cls.mean(1e4, *fields, *arguments)),
        )

    @classmethod
    def word(cls) -> UnitWord:
        """What the checker of the language must know of this type."""
        powers = tuple(1 if s == "x" else int(s.removeprefix("x^")) for s in cls.statistics)
        return UnitWord(
            cls.name,
            cls.options,
            powers,
            dict(cls.reduces),
            cls.states,
            cls.components,
            cls.summary,
            cls.ends,
            cls.also,
            cls.formerly,
        )


def reduced_power(unit: type[UnitType], power: int) -> int:
    """The power that x^power equals on the unit's domain, by `reduces`: 0 for the constant 1."""
    while power >= 2 and 2 in unit.reduces:
        power += unit.reduces[2] - 2
    return power

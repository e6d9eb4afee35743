"""Where numbers enter a machine: of the right shape, exact in its type, finite, in their domain."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import registry
from ..data.arrays import exact, place, real, verify_finite
from ..language.diagnostics import BmError, fail
from ..language.model import Model, Parameter
from ..plan.plan import GroupPlan
from ..units.interface import UnitType
from .domain import ends

if TYPE_CHECKING:
    from .program import Program

Array = np.ndarray
Kind = Literal["states", "means", "numbers"]
"""States of the units; what their means can be; any finite number, as one seen through noise is."""
TRANSFORMS = "bmdsl.data.transforms"
SLACK = 1e-6
"""Share of a unit's range by which rounding may carry a value past its ends."""
SUMS_TO_ONE = 1e-3
"""How far the means of a one-of-K unit may sum from 1, in single precision and over many states."""


def values(
    program: Program, name: str, given: Any, kind: Kind = "states", *, nan: bool = True
) -> Array:
    """What a user gives for a group, as [cases, size] in the machine's type.

    With `nan`, entries may be missing: NaN passes, and lies in every domain. BmError BM806 for
    another shape, BM770 to BM773 for what are no finite real numbers, BM774 for values that no
    unit of the group has, BM819 for what cannot be means.
    """
    g = program.plan.group(name)
    axes = tuple(int(a) for a in g.axes)
    x = real(given, f"`{name}`")
    flat = x.ndim == 2 and len(axes) > 1 and x.shape[1] == prod(axes)
    if x.ndim == 0 or (x.shape[1:] != axes and not flat):
        raise fail(
            "BM806",
            f"`{name}` has shape {x.shape}, expected (cases{''.join(f', {a}' for a in axes)})",
            help=f"or flat, (cases, {prod(axes)})" if len(axes) > 1 else "",
        )
    out = program.flat(name, exact(x, program.dtype, f"`{name}`", nan=nan))
    if kind != "numbers":
        verify_domain(g, out, x.shape, means=kind == "means")
    return out


def verify_domain(g: GroupPlan, x: Array, shape: tuple[int, ...], means: bool) -> None:
    """Refuses the first entry of x [cases, size] that is no state, or no mean, of its unit.

    `shape` is that of the array as it was given. BmError BM774 for states, BM819 for means.
    """
    if means and g.states is None and _lie_between(x, *ends(g)) and not _are_codes(g, x):
        return  # see `ends_are_enough`
    k = 1 if g.states is None else int(g.states)
    units = x if g.states is None else x.reshape(len(x), -1, k)
    with np.errstate(invalid="ignore"):
        inside = _means_inside(g, units) if means else _states_inside(g, units)
        if not inside.all():
            inside = np.logical_or(
                inside, np.isnan(x) if g.states is None else np.isnan(units).any(2)
            )
    if not inside.all():
        case, unit = (int(i) for i in np.unravel_index(int(np.argmax(~inside)), inside.shape))
        at = tuple(int(i) for i in np.unravel_index(case * x.shape[1] + unit * k, shape))
        raise _outside(g, units[case, unit], at if g.states is None else at[:-1], means, x)
    if means and _are_codes(g, x):
        raise _outside(g, np.zeros(()), (), False, x)


def ends_are_enough(g: GroupPlan) -> bool:
    """Whether any numbers between the ends of a group's units are means of them."""
    return g.states is None and not _has_one_without_zero(g.unit, g.arguments)  # type: ignore[arg-type]  # a type is hashable


def _lie_between(x: Array, low: float, high: float) -> bool:
    """Whether all entries do, none of them NaN."""
    if not x.size:
        return True
    return bool(low <= np.minimum.reduce(x, axis=None) and np.maximum.reduce(x, axis=None) <= high)


def _states_inside(g: GroupPlan, x: Array) -> Array:
    inside = np.array(g.unit.contains(x, *g.arguments))
    if inside.all() or g.states is not None:
        return inside
    low, high = ends(g)
    near = np.clip(x, low, high).astype(np.float64)
    reach = SLACK * (high - low) if np.isfinite(high - low) else SLACK
    return inside | ((np.abs(x - near) <= reach) & np.asarray(g.unit.contains(near, *g.arguments)))


def _means_inside(g: GroupPlan, x: Array) -> Array:
    low, high = ends(g)
    slack = 1e-4 * (high - low) if np.isfinite(high - low) else 0.0
    inside = np.asarray((x >= low - slack) & (x <= high + slack))
    if g.states is None:  # a state is a mean, though ends that are no states are known but nearly
        return inside if inside.all() else inside | np.asarray(g.unit.contains(x, *g.arguments))
    inside = np.all(inside, axis=2)
    return inside & (np.abs(x.sum(2) - 1) <= SUMS_TO_ONE) if g.unit.states is not None else inside


def _are_codes(g: GroupPlan, x: Array) -> bool:
    """Whether entries are 0 and 1 throughout, where a unit has the state 1 but not 0.

    Those are spins written as bits, no means of spins.
    """
    if g.states is not None or not x.size or not _has_one_without_zero(g.unit, g.arguments):  # type: ignore[arg-type]  # a type is hashable
        return False
    zero, one = x == 0, x == 1
    return bool(zero.any() and one.any() and (zero | one | np.isnan(x)).all())


@lru_cache(1 << 10)
def _has_one_without_zero(unit: type[UnitType], arguments: tuple[float, ...]) -> bool:
    support = unit.support(*arguments)
    return support is not None and 0 not in support and 1 in support


def _outside(g: GroupPlan, value: Array, at: tuple[int, ...], means: bool, x: Array) -> BmError:
    shown = (
        f"[{', '.join(f'{v:g}' for v in value[:8])}{', ...' if value.size > 8 else ''}]"
        if value.ndim
        else f"{value:g}"
    )
    low, high = ends(g)
    if means:
        many = (
            "means of them sum to 1"
            if g.unit.states is not None
            else f"run from {low:g} to {high:g}"
        )
        return fail(
            "BM819",
            f"`{g.name}` holds {shown} in case {at[0]},{place(at)}: "
            f"its units, {g.unit.name}, {many}",
            help=(
                "give the data as training has them, transformed; "
                "missing entries are filled in by `machine.impute`"
            ),
        )
    domain = g.unit.domain or f"{low:g} to {high:g}"
    return fail(
        "BM774",
        f"`{g.name}` holds {shown}{place(at)}: its units, {g.unit.name}, take {domain}",
        help=_cure(g, x),
    )


def _cure(g: GroupPlan, x: Array) -> str:
    if g.unit.states is not None:
        return "one-hot rows: `np.eye(K)[numbers]`"
    seen = x[~np.isnan(x)]
    support = g.unit.support(*g.arguments)
    if (
        support is not None
        and {-1, 1} == set(np.asarray(support).ravel())
        and ((seen == 0) | (seen == 1)).all()
    ):
        return "bits as spins: `2 * x - 1`"
    if support is not None and {0, 1} == set(np.asarray(support).ravel()):
        if ((seen == -1) | (seen == 1)).all():
            return "spins as bits: `(x + 1) / 2`"
        return "`x > 0.5`, or `transform as_means` in the train block where they are probabilities"
    return "give the data as training has them, transformed"


def takes_means(model: Model) -> bool:
    """Whether the model's transforms leave means of its visible units, not states."""
    known = registry.discover(TRANSFORMS)
    steps = (model.training.transform, *(own for _, own in model.training.transform_of))
    return any(
        getattr(known[c.name], "MEANS", False) for own in steps for c in own if c.name in known
    )


def parameter(
    p: Parameter, given: Any, shape: tuple[int, ...], dtype: np.dtype[Any], source: str = ""
) -> Array:
    """What a user or a file (`source`) gives for a parameter, in the machine's type.

    BmError BM803 for another shape, BM770 to BM773 for what are no finite real numbers, BM776 for
    negative ones of a `nonnegative` parameter.
    """
    what = f"parameter `{p.name}`{f' from `{source}`' if source else ''}"
    x = real(given, what, p.span if source else None)
    span = p.span if source else None
    if x.shape != shape:
        holder = f"`{source}` holds" if source else "the value has"
        raise fail(
            "BM803",
            f"parameter `{p.name}` has shape {shape}, {holder} {x.shape}",
            span,
        )
    out = exact(x, dtype, what, nan=False, span=span)
    if p.nonnegative and (out < 0).any():
        at = tuple(int(i) for i in np.unravel_index(int(np.argmax(out < 0)), out.shape))
        raise fail(
            "BM776",
            f"{what} holds {out[at]:g}{place(at)}, but it is `nonnegative`",
            span,
            help="leave `nonnegative` out, or give values of at least 0",
        )
    return out


def verify_parameters(params: Mapping[str, Array]) -> None:
    """BmError BM773 for the first parameter that is not finite, wherever it was written."""
    for name, x in params.items():
        verify_finite(x, f"parameter `{name}`", nan=False)


def mask(
    given: Any, shape: tuple[int, ...], name: str, units: tuple[int, ...] | None = None
) -> Array:
    """Entries to be filled in, as booleans of the data's shape.

    `units` is the shape of one entry a unit, which a mask of one-of-K units may have too.
    BmError BM777 for another shape or values other than 0 and 1.
    """
    x = real(given, "the mask")
    if x.dtype.kind != "b" and not ((x == 0) | (x == 1)).all():
        raise fail(
            "BM777",
            "a mask is True (or 1) where an entry is to be filled in, else False (or 0)",
            help="`mask = np.isnan(x)`, for instance",
        )
    x = x.astype(bool)
    units = shape if units is None else units
    for whole in (units, shape):
        if x.ndim and x.shape in (
            whole[1:],
            whole,
            (1, *whole[1:]),
        ):  # no axis is taken for another
            x = x[..., None] if whole != shape else x
            return np.broadcast_to(x, shape)
        if x.shape == (whole[0], prod(whole[1:])):
            x = x.reshape(whole)
            return np.broadcast_to(x[..., None] if whole != shape else x, shape)
    one = units != shape and x.ndim < len(shape)  # one entry a unit is spread over its numbers
    try:
        return np.broadcast_to(np.broadcast_to(x, units)[..., None] if one else x, shape)
    except ValueError:
        raise fail(
            "BM777",
            f"the mask has shape {x.shape}, `{name}` has {shape}",
            help=f"one entry a unit, {units[1:]}, or one for every case",
        ) from None

"""Products of blocks of tiles, between which the parts of the next block are laid out.

The unit that multiplies tiles works for sixteen turns on one product, while the processor's other
units are free: they split numbers into parts meanwhile.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils

from ..native import deferred as numba
from .lanes import INNER, LONG, SIDE, function, number
from .tile_layouts import GROUP, GROUPS, split_group
from .tiles import DEPTH, PARTS, TILE, multiply


def _split_groups(
    builder: Any,
    begin: Any,
    end: Any,
    x: Any,
    deep: Any,
    far: Any,
    step: Any,
    beside: Any,
    out: Any,
) -> None:
    with cgutils.for_range_slice(builder, begin, end, number(1), intp=LONG) as (g, _):
        q, r = builder.lshr(g, number(2)), builder.and_(g, number(GROUPS - 1))
        rows = builder.mul(builder.mul(r, number(GROUP)), step)
        at = builder.add(builder.add(x, builder.mul(q, deep)), rows)
        tile = builder.mul(q, number(2 * TILE * PARTS))
        row = builder.mul(r, number(4 * SIDE * GROUP))
        split_group(builder, PARTS, at, far, step, beside, builder.add(builder.add(out, tile), row))


def _block(left_parts: int, right_parts: int) -> Any:
    """The product of a block. Its successor has three parts."""

    def build(
        builder: Any,
        count: Any,
        left: Any,
        right: Any,
        group: Any,
        each: Any,
        last: Any,
        x: Any,
        deep: Any,
        far: Any,
        step: Any,
        beside: Any,
        out: Any,
    ) -> None:
        place = cgutils.alloca_once_value(builder, group)
        with cgutils.for_range(builder, count, intp=LONG) as steps:
            shift = builder.mul(steps.index, number(2 * TILE))
            own = [
                builder.add(begin, builder.mul(shift, number(k)))
                for begin, k in ((left, left_parts), (right, right_parts))
            ]
            multiply(builder, left_parts, right_parts, *own)
            if max(left_parts, right_parts) > 1:
                begin = builder.load(place)
                end = builder.add(begin, each)
                end = builder.select(builder.icmp_signed("<", end, last), end, last)
                builder.store(end, place)
                _split_groups(builder, begin, end, x, deep, far, step, beside, out)

    build.__name__ = f"block_{left_parts}_{right_parts}"
    return function(12, build)


_block_1_1, _block_1_3 = _block(1, 1), _block(1, PARTS)
_block_3_1, _block_3_3 = _block(PARTS, 1), _block(PARTS, PARTS)


@numba.njit(**INNER)
def multiply_block(left_parts, right_parts, work, following):  # type: ignore[no-untyped-def]  # typed by numba
    """Sums += left · right, for work = (tiles of summands, left, right, group, each, last, out):
    after every tile of summands `each` groups of the block that follows are laid out at `out`, from
    `group` to `last` - 1; none if that block has one part.

    following: as `tile_layouts.lay` takes it.
    """
    count, left, right, g, each, last, out = work
    x, step, along, high, _, _, _ = following
    deep, far, beside = 4 * DEPTH * step, 4 * SIDE * step, 4 * high
    if along:
        deep, far, beside = 4 * DEPTH, 4 * SIDE, 4 * high * step
    step *= 4
    if left_parts == 1:
        if right_parts == 1:
            _block_1_1(count, left, right, g, each, last, x, deep, far, step, beside, out)
        else:
            _block_1_3(count, left, right, g, each, last, x, deep, far, step, beside, out)
    elif right_parts == 1:
        _block_3_1(count, left, right, g, each, last, x, deep, far, step, beside, out)
    else:
        _block_3_3(count, left, right, g, each, last, x, deep, far, step, beside, out)

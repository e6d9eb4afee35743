"""One contraction of two arrays known by their letters: a matrix product where letters allow it,
else a product of every entry.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..plan.contraction import Letters, Path
from . import products

Array = np.ndarray


def follow(path: Path, arrays: list[Array], letters: list[Letters], plain: bool) -> Array:
    """The path's result, its axes in the order of the last step's letters."""
    arrays, letters = list(arrays), list(letters)
    for step in path.steps:
        if step.right is None:
            gone = tuple(k for k, x in enumerate(letters[step.left]) if x not in step.letters)
            kept = tuple(x for x in letters[step.left] if x in step.letters)
            made = np.transpose(
                arrays[step.left].sum(axis=gone) if gone else arrays[step.left],
                [kept.index(x) for x in step.letters],
            )
        else:
            made = pair(
                arrays[step.left],
                letters[step.left],
                arrays[step.right],
                letters[step.right],
                step.letters,
                plain,
            )
        arrays.append(made)
        letters.append(step.letters)
    return arrays[-1]


def pair(a: Array, la: Letters, b: Array, lb: Letters, out: Letters, plain: bool) -> Array:
    """Σ a b over the letters of both that are not in `out`; every letter of only one is
    in `out`.
    """
    both = tuple(x for x in la if x in lb)
    batch = tuple(x for x in both if x in out)
    summed = tuple(x for x in both if x not in out)
    left, right = tuple(x for x in la if x not in both), tuple(x for x in lb if x not in both)
    lengths = dict(zip((*la, *lb), (*a.shape, *b.shape), strict=True))

    def sizes(*groups: Letters) -> list[int]:
        return [prod(lengths[x] for x in g) for g in groups]

    if not summed:
        x = _ordered(a, la, (*batch, *left)).reshape(
            [*(lengths[q] for q in (*batch, *left)), *(1 for _ in right)]
        )
        y = _ordered(b, lb, (*batch, *right)).reshape(
            [*(lengths[q] for q in batch), *(1 for _ in left), *(lengths[q] for q in right)]
        )
        made = x * y
    elif not batch:
        made = _matrix(
            a, la, left, b, lb, right, summed, tuple(sizes(left, right, summed)), plain
        ).reshape([lengths[q] for q in (*left, *right)])
    else:
        x = _ordered(a, la, (*batch, *left, *summed)).reshape(sizes(batch, left, summed))
        y = _ordered(b, lb, (*batch, *summed, *right)).reshape(sizes(batch, summed, right))
        made = np.matmul(x, y).reshape([lengths[q] for q in (*batch, *left, *right)])
    now = (*batch, *left, *right)
    return np.asarray(
        np.transpose(made, [now.index(q) for q in out]), order="C"
    )  # ascontiguousarray would give a number an axis


def _matrix(
    a: Array,
    la: Letters,
    left: Letters,
    b: Array,
    lb: Letters,
    right: Letters,
    summed: Letters,
    sizes: tuple[int, ...],
    plain: bool,
) -> Array:
    """[left, right] by the kind of product that leaves the larger array where it lies."""
    m, n, k = sizes
    out = np.zeros((m, n), np.result_type(a, b))
    if la == (*summed, *left):
        products.moment(
            _flat(a, k, m), _flat(_ordered(b, lb, (*summed, *right)), k, n), out, 1.0, plain
        )
    elif lb == (*right, *summed):
        products.backward(
            _flat(_ordered(a, la, (*left, *summed)), m, k), _flat(b, n, k), out, 1.0, plain
        )
    else:
        products.forward(
            _flat(_ordered(a, la, (*left, *summed)), m, k),
            _flat(_ordered(b, lb, (*summed, *right)), k, n),
            out,
            1.0,
            plain,
        )
    return out


def _flat(x: Array, rows: int, columns: int) -> Array:
    return np.ascontiguousarray(x).reshape(rows, columns)


def _ordered(x: Array, letters: Letters, wanted: Letters) -> Array:
    return np.transpose(x, [letters.index(q) for q in wanted])

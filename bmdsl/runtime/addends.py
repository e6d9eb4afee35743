"""Terms of an energy far out as arrays: products of units, and experts that grow like a power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Addends:
    """Products c · Π units: `places` and `powers` [n, order] (the last column of all stands for the
    number 1), `values` c [n], `terms` [n].
    """

    places: Array
    powers: Array
    values: Array
    terms: Array

    def picked(self, which: Array) -> Addends:
        """Those at `which`, a mask or numbers."""
        return Addends(
            self.places[which], self.powers[which], self.values[which], self.terms[which]
        )

    @staticmethod
    def joined(parts: list[Addends], one: int) -> Addends:
        """All of them as one, padded with the number 1."""
        order = max((p.places.shape[1] for p in parts), default=1)
        wide = [
            Addends(_padded(p.places, order, one), _padded(p.powers, order, 1), p.values, p.terms)
            for p in parts
        ]
        if not wide:
            none = np.zeros((0, order), np.int64)
            return Addends(none, none, np.zeros(0), np.zeros(0, np.int64))
        return Addends(
            *(
                np.concatenate([getattr(w, name) for w in wide])
                for name in ("places", "powers", "values", "terms")
            )
        )


def _padded(x: Array, order: int, fill: int) -> Array:
    return np.hstack([x, np.full((len(x), order - x.shape[1]), fill, np.int64)])


@dataclass(frozen=True)
class Rows:
    """Experts of one degree d ≥ 2: E grows like up · (m·x)^d where m·x > 0 and like down · |m·x|^d
    where m·x < 0, `matrix` [rows, columns].
    """

    degree: int
    matrix: Array
    up: Array
    down: Array
    term: int

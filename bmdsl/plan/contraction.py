"""The order in which a product of arrays is summed over its letters, chosen by counted operations
and memory.

An array is known by its letters, a batch of cases by the letter `ROWS`. The search is exact: of all
orders of pairwise contractions the one of least cost, by dynamic programming over subsets of the
arrays, of which a term has few. Of many arrays the cheapest pair is taken again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import prod

Letters = tuple[str, ...]
ROWS = "·"
"""The letter of cases or chains: no letter of a model can be written so."""
MAX_SEARCHED_ARRAYS = 8
"""Arrays up to which all orders are looked at: 3^8 pairs of subsets take 10 ms, 3^12 a second for
every field.
"""
MOVE = 16
"""A number written and read again costs about as much as so many operations."""


@dataclass(frozen=True)
class Step:
    """Contracts the arrays at two places of the list (the second absent: letters are summed away)
    and appends the result to the list.
    """

    left: int
    right: int | None
    letters: Letters


@dataclass(frozen=True)
class Path:
    """Steps in order; operations (two for a multiplication and addition) and the most numbers of
    one intermediate result.
    """

    steps: tuple[Step, ...]
    operations: int
    numbers: int


def best_path(arrays: Sequence[Letters], out: Letters, lengths: Mapping[str, int]) -> Path:
    """The cheapest order for Σ Π arrays over all letters that are not in `out`, which must be among
    theirs.
    """
    count = len(arrays)
    if count > MAX_SEARCHED_ARRAYS:
        return _pair_by_pair(arrays, out, lengths)
    everything = (1 << count) - 1

    def size(letters: Letters) -> int:
        return prod(lengths[x] for x in letters)

    @cache
    def kept(subset: int) -> Letters:
        """Letters of a subset's product that are still needed: by an array outside it, or by the
        result.
        """
        outside = set(out) | {x for k in range(count) if not subset >> k & 1 for x in arrays[k]}
        inside = dict.fromkeys(x for k in range(count) if subset >> k & 1 for x in arrays[k])
        return tuple(x for x in inside if x in outside)

    @cache
    def best(subset: int) -> tuple[int, int, int, int]:
        """(cost, operations, most numbers, left half) of a subset's contraction."""
        if subset & (subset - 1) == 0:
            return 0, 0, 0, 0
        found: tuple[int, int, int, int] | None = None
        left = (subset - 1) & subset
        while left:
            right = subset ^ left
            if left > right:  # each pair of halves once
                a, b = best(left), best(right)
                pair = 2 * size(tuple(set(kept(left)) | set(kept(right))))
                made = size(kept(subset))
                choice = (
                    a[0] + b[0] + pair + MOVE * made,
                    a[1] + b[1] + pair,
                    max(a[2], b[2], made),
                    left,
                )
                if found is None or choice < found:
                    found = choice
            left = (left - 1) & subset
        assert found is not None
        return found

    steps: list[Step] = []
    places = {1 << k: k for k in range(count)}

    def write(subset: int) -> int:
        if subset in places:
            at = places[subset]
            if len(kept(subset)) < len(
                arrays[at]
            ):  # a letter of this array alone: summed before anything meets it
                steps.append(Step(at, None, kept(subset)))
                places[subset] = count + len(steps) - 1
                return places[subset]
            return at
        left = best(subset)[3]
        a, b = write(left), write(subset ^ left)
        steps.append(Step(a, b, out if subset == everything else kept(subset)))
        places[subset] = count + len(steps) - 1
        return places[subset]

    if count == 1:
        return Path((Step(0, None, out),), 0, size(out))
    write(everything)
    _, operations, numbers, _ = best(everything)
    return Path(tuple(steps), operations, numbers)


def _pair_by_pair(arrays: Sequence[Letters], out: Letters, lengths: Mapping[str, int]) -> Path:
    """The path that contracts, at each step, the two arrays that cost least."""
    left = dict(enumerate(arrays))
    steps: list[Step] = []
    operations = numbers = 0

    def needed(places: tuple[int, ...]) -> Letters:
        """Letters of a product of these arrays that another one, or the result, still has."""
        outside = set(out) | {x for k, letters in left.items() if k not in places for x in letters}
        return tuple(x for x in dict.fromkeys(x for k in places for x in left[k]) if x in outside)

    for k, letters in list(left.items()):
        if len(needed((k,))) < len(letters):
            steps.append(Step(k, None, needed((k,))))
            made = needed((k,))
            del left[k]
            left[len(arrays) + len(steps) - 1] = made
    while len(left) > 1:
        costs = []
        for a, b in combinations(left, 2):
            pair = 2 * prod(lengths[x] for x in {*left[a], *left[b]})
            costs.append((pair + MOVE * prod(lengths[x] for x in needed((a, b))), pair, a, b))
        _, pair, a, b = min(costs)
        made = needed((a, b)) if len(left) > 2 else out
        del left[a], left[b]
        steps.append(Step(a, b, made))
        left[len(arrays) + len(steps) - 1] = made
        operations, numbers = operations + pair, max(numbers, prod(lengths[x] for x in made))
    return Path(tuple(steps), operations, numbers)


def written(path: Path, names: Sequence[str]) -> str:
    """A path as text: `v A → [·, f]`, step by step, what was made before in brackets by
    its number.
    """
    known, parts = list(names), []
    for n, step in enumerate(path.steps, 1):
        pair = known[step.left] if step.right is None else f"{known[step.left]} {known[step.right]}"
        parts.append(f"{n}. {pair} → [{', '.join(step.letters)}]")
        known.append(f"({n})")
    return "  ".join(parts)

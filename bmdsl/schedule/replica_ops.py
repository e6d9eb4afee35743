"""Kinds of op for replicas at a ladder of inverse temperatures whose chains are bits, in words of
one beta.

B is that of `bit_ops`: of R temperatures and W words each, B[p, k W + w] has ladders 64w, …,
64w + 63 at betas[k]. What exchanges its temperature moves from word to word, in the ladders that a
mask has bits for; place[c, r] says at which temperature replica r of ladder c is.

−E of a chain is `constant` + Σ weight[r] · (how many of the items first[r], …, first[r + 1] − 1 are
1). Item e is the sum modulo 2 of the literals near[start[e]], …, near[start[e + 1] − 1], and of
`both[e]` too if that is not −1: then both are 1, or the item is not. Literals are those of
`bit_ops`; weights and sums are float64, so that sums of whole multiples of one number are exact.
"""

from __future__ import annotations

import numpy as np

from .bit_ops import _ALL, _bits, _word
from .ops import double, op, reads, updates, whole, writes

Array = np.ndarray


@op(
    "{x} = −E of all chains in {B}",
    B=reads(2, "i8"),
    first=reads(1, "i8"),
    weight=reads(1, "f8"),
    start=reads(1, "i8"),
    near=reads(1, "i4"),
    both=reads(1, "i4"),
    constant=double(),
    x=updates(1, "f8"),
)
def sum_bit_terms(
    B: Array,
    first: Array,
    weight: Array,
    start: Array,
    near: Array,
    both: Array,
    constant: float,
    x: Array,
) -> None:
    """Counts of every chain's items that are 1, run after run, times the runs' weights."""
    bits = B.view(np.uint64)

    def literal(n: int) -> Array:
        return bits[n >> 1] ^ (_ALL if n & 1 else np.uint64(0))

    total = np.zeros(64 * B.shape[1])
    for r, w in enumerate(weight):
        count = np.zeros(64 * B.shape[1], np.int64)
        for e in range(int(first[r]), int(first[r + 1])):
            v = np.zeros(B.shape[1], np.uint64)
            for n in near[int(start[e]) : int(start[e + 1])].astype(np.int64):
                v = v ^ literal(int(n))
            if both[e] >= 0:
                v = v & literal(int(both[e]))
            count += _bits(v).ravel()
        total += w * count
    x[...] = total + constant


@op(
    "{masks}: exchanges of neighbours, of probability min(1, exp((β − β′)(E − E′))), −E = {x}",
    x=reads(1, "f8"),
    first=whole(),
    uniforms=reads(2, "f8"),
    betas=reads(1, "f8"),
    place=updates(2, "i8"),
    masks=writes(2, "i8"),
    accepted=updates(1, "f8"),
    tried=updates(1, "f8"),
)
def choose_exchanges(
    x: Array,
    first: int,
    uniforms: Array,
    betas: Array,
    place: Array,
    masks: Array,
    accepted: Array,
    tried: Array,
) -> None:
    """Bits of masks[k] are the ladders in which temperatures k and k + 1 exchange, every second k
    from `first` on; uniforms have a row a pair.
    """
    ladders, words = len(place), masks.shape[1]
    by_beta, by_place = x.reshape(len(betas), -1)[:, :ladders], np.argsort(place, axis=1)
    masks[...] = 0
    for row, k in enumerate(range(first, len(betas) - 1, 2)):
        gain = (betas[k] - betas[k + 1]) * (by_beta[k + 1] - by_beta[k])
        swap = np.log(uniforms[row]) < gain
        a, b = by_place[swap, k], by_place[swap, k + 1]
        place[swap, a], place[swap, b] = k + 1, k
        padded = np.zeros(64 * words, bool)
        padded[:ladders] = swap
        masks[k] = _word(padded.reshape(words, 64)).view(np.int64)
        accepted[k] += swap.sum()
        tried[k] += ladders


@op(
    "{B} of pairs of neighbours exchanged where {masks} has bits",
    first=whole(),
    masks=reads(2, "i8"),
    B=updates(2, "i8"),
)
def swap_words(first: int, masks: Array, B: Array) -> None:
    """Words k and k + 1 of every unit, every second k from `first` on."""
    words = masks.shape[1]
    for k in range(first, len(masks), 2):
        a, b = (slice(j * words, (j + 1) * words) for j in (k, k + 1))
        differs = (B[:, a] ^ B[:, b]) & masks[k]
        B[:, a] ^= differs
        B[:, b] ^= differs


@op(
    "{C} = the words of {B} at β number {k}",
    B=reads(2, "i8"),
    k=whole(),
    C=writes(2, "i8"),
)
def take_words(B: Array, k: int, C: Array) -> None:
    """All units of one temperature."""
    words = C.shape[1]
    C[...] = B[:, k * words : (k + 1) * words]


@op(
    "{best} = the lowest state of every ladder so far, −E = {best_x}",
    x=reads(1, "f8"),
    B=reads(2, "i8"),
    now=whole(),
    best_x=updates(1, "f8"),
    best=updates(2, "i8"),
    found=updates(1, "i8"),
)
def keep_best(x: Array, B: Array, now: int, best_x: Array, best: Array, found: Array) -> None:
    """A ladder's state at any of its temperatures is kept if its −E is larger than best_x; `found`
    says when.
    """
    words = best.shape[1]
    for k, own in enumerate(x.reshape(-1, 64 * words)):
        better = own > best_x
        best_x[better], found[better] = own[better], now
        mask = _word(better.reshape(words, 64)).view(np.int64)
        best ^= (best ^ B[:, k * words : (k + 1) * words]) & mask

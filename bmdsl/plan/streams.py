"""Every stream of random numbers: one table that says who draws at which keys.

A number is a function of its key alone, so that results do not depend on threads, and a resumed run
goes on as the run would have. Keys lie in spaces that have nothing in common, because each has an
algorithm or a seeding of its own:

| space    | key                                                      | numbers made by       |
|----------|----------------------------------------------------------|-----------------------|
| units    | seed, GROUPS · stream + group, update, step, chain, unit | `fill_uniforms`       |
| units    | the first four of these, for units that experts see      | `of_key`              |
| events   | seed, stream · 2³² + index                               | `of_event`            |
| orders   | seed, stream, index                                      | `of_cases`,           |
|          |                                                          | `reading_order`       |
| constant | a number in the program                                  | `fixed_generator`     |

Update, step, chain and unit enter the units' key modulo 2³². A model of so many groups that it ran
into the next stream is refused (BM974). An event's index is taken modulo 2³² as well: after that
many updates a stream repeats its own numbers, and never has another one's. Two seeds that differ in
their high 32 bits alone have each other's streams in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

GROUPS = 1 << 10
"""Most groups of a model: the units of group g draw from GROUPS · stream + g."""
BONDS, CLUSTERS = GROUPS - 1, GROUPS - 2
"""In the place of a group: bonds between units of all groups, and the clusters that they make."""
INDEX_BITS = 32
"""Bits of an event's index."""

Space = Literal["units", "events", "orders", "constant"]


@dataclass(frozen=True)
class Stream:
    """Who draws, from which numbers of a space, at which keys.

    `count` numbers from `number` on belong to the stream; None: all from there on.
    """

    space: Space
    number: int
    keys: str
    purpose: str
    count: int | None = 1


STREAMS = MappingProxyType(
    {
        # sampling
        "SAMPLE": Stream("units", 1, "call, sweep", "Gibbs sweeps of `sample` and what is like it"),
        "INITIAL": Stream("units", 2, "call", "where chains begin: draws from the biases alone"),
        "CHOSEN_START": Stream("units", 8, "call, sweep", "units that a chosen start leaves open"),
        "NOISE": Stream("units", 16, "first sweep, sweep", "sweeps given noisy values"),
        # training
        "POSITIVE": Stream("units", 3, "update, sweep", "hidden units given the data"),
        "NEGATIVE": Stream("units", 4, "update, sweep", "the model's chains"),
        "CHAIN": Stream("units", 5, "0", "where persistent chains begin"),
        "POSITIVE_START": Stream("units", 6, "update", "where the positive phase's chains begin"),
        "NEGATIVE_START": Stream("units", 7, "update", "where the chains of `cd` begin"),
        "PAST": Stream(
            "units", 20, "update, sweep", "chains of a kept machine: 20 + its place", None
        ),
        # annealed importance sampling
        "FORWARD": Stream("units", 10, "minibatch, temperature", "chains from independent units"),
        "REVERSE": Stream("units", 11, "minibatch, temperature", "chains back to them"),
        "PILOT": Stream("units", 12, "0, temperature", "the run that spaces temperatures"),
        "SETTLE": Stream("units", 13, "minibatch, sweep", "starts of the reverse chains"),
        "BASE": Stream("units", 14, "0, sweep", "chains whose means the base distribution gets"),
        # decisions about whole states, one generator an event
        "PARAMETERS": Stream("events", 0, "parameter's place", "where parameters start"),
        "EXACT_SAMPLE": Stream("events", 2, "call", "samples by elimination"),
        "TRANSFORM": Stream("events", 1, "0, or block", "transforms of the training data"),
        "TRAINING_EXCHANGE": Stream("events", 5, "update", "exchanges in a negative phase"),
        "EXCHANGE": Stream("events", 9, "call", "exchanges of tempered sampling"),
        "RESAMPLE": Stream("events", 13, "minibatch", "ends of forward chains picked by weight"),
        "PSEUDO_LIKELIHOOD": Stream("events", 15, "epoch", "the unit of each case"),
        # orders of cases
        "SHUFFLE": Stream("orders", 0, "epoch, window + 1", "order of the training cases"),
        "SPLIT": Stream("orders", 1, "block + 1", "cases held out in training"),
        "DATA_SPLIT": Stream("orders", 0x73706C6974, "", "cases held out of a data set"),
        "PROBE": Stream("orders", 2, "", "order of the cases of a probe"),
        "INWARD": Stream(
            "orders", 3, "", "transforms of values that are given in the data's units"
        ),
        "VERIFIED": Stream("orders", 4, "", "parameters and given values of a verified copy"),
        # always the same: no seed of the user's enters
        "TRAINING_PATCHES": Stream("constant", 0, "", "places of patches, training part"),
        "TEST_PATCHES": Stream("constant", 1, "", "places of patches, test part"),
        "SUNK": Stream("constant", 0, "", "starts of a power iteration"),
        "RAYS": Stream("constant", 0, "", "directions along which an energy may fall"),
        "SINKS": Stream("constant", 1, "", "states whose least eigenvalues are looked at"),
        "OVERLAPS": Stream("constant", 0, "", "pairs of records of neighbouring temperatures"),
        "TIMED": Stream("constant", 0, "", "cases of the doctor's benchmark"),
        "VERIFIED_DRAWS": Stream("constant", 3, "", "states that samplers are checked at"),
        "VERIFIED_FIELDS": Stream("constant", 5, "", "fields that unit types are checked at"),
        "VERIFIED_STATES": Stream("constant", 7, "", "states that energies are compared at"),
    }
)
"""Name → stream. No two of `units`, `events` and `orders` share a key."""

SAMPLE_STREAM = STREAMS["SAMPLE"].number
INITIAL_STREAM = STREAMS["INITIAL"].number
CHOSEN_START_STREAM = STREAMS["CHOSEN_START"].number
NOISE_STREAM = STREAMS["NOISE"].number
POSITIVE_STREAM = STREAMS["POSITIVE"].number
NEGATIVE_STREAM = STREAMS["NEGATIVE"].number
CHAIN_STREAM = STREAMS["CHAIN"].number
POSITIVE_START_STREAM = STREAMS["POSITIVE_START"].number
NEGATIVE_START_STREAM = STREAMS["NEGATIVE_START"].number
PAST_STREAM = STREAMS["PAST"].number
FORWARD_STREAM = STREAMS["FORWARD"].number
REVERSE_STREAM = STREAMS["REVERSE"].number
PILOT_STREAM = STREAMS["PILOT"].number
SETTLE_STREAM = STREAMS["SETTLE"].number
BASE_STREAM = STREAMS["BASE"].number


def stream_name(number: int) -> str:
    """The name of a stream of the units' space."""
    return next(n for n, x in STREAMS.items() if x.space == "units" and x.number == number)


def of_event(name: str, seed: int, index: int = 0) -> np.random.Generator:
    """The generator of an event of a run, as the exchanges of one update."""
    low = index & ((1 << INDEX_BITS) - 1)
    key = np.array([seed, (_number(name, "events") << INDEX_BITS) + low], np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def of_key(key: Sequence[int]) -> np.random.Generator:
    """The generator of one update of one group: (seed, GROUPS · stream + group, update, step)."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([int(k) for k in key])))


def of_cases(name: str, seed: int, *index: int) -> np.random.Generator:
    """The generator of an order of cases. NumPy's seeding takes zeros at the end for nothing."""
    number = _number(name, "orders")
    return np.random.default_rng((seed, number, *index) if number or index else seed)


def reading_order(name: str, seed: int, count: int) -> np.ndarray:
    """`count` raw 64-bit numbers, which no release of NumPy changes: their order is that
    of cases.
    """
    entropy = [_number(name, "orders"), seed & (2**64 - 1)]
    return np.random.Philox(np.random.SeedSequence(entropy)).random_raw(count)


def fixed_generator(name: str) -> np.random.Generator:
    """A generator that is the same for every seed: for searches, and for data sets cut from
    pictures.
    """
    return np.random.default_rng(_number(name, "constant"))


def _number(name: str, space: Space) -> int:
    stream = STREAMS[name]
    if stream.space != space:
        raise ValueError(f"stream {name} is in the space of {stream.space}, not of {space}")
    return stream.number

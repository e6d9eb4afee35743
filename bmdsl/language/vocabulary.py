"""The words a text may use that are not the language's own: unit types, phases, optimizers,
penalties, functions.

The checker takes a Vocabulary as an argument, so that a new unit type or penalty needs no edit
here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["number", "integer", "name", "parameter", "group", "boolean"]


@dataclass(frozen=True)
class Option:
    """One argument of a word. `default` None with `required` True must be given.

    Bounds are inclusive unless `open_low` or `open_high`. A whole number without `high` is at most
    2³¹ − 1: as many sweeps or chains take longer than any machine lasts.
    """

    name: str
    kind: Kind = "number"
    default: float | int | str | bool | None = None
    required: bool = False
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    """Names that earlier versions had for it: read, with a warning."""


@dataclass(frozen=True)
class Word:
    """A name with its arguments, in order.

    `open_keys`: takes any further `PARAMETER = number` (as `equal_norms(W1 = 0.1)`).
    """

    name: str
    options: tuple[Option, ...] = ()
    summary: str = ""
    open_keys: bool = False
    repeated: bool = False
    """The first option may be given several times (`glorot()` has none, `l2(W, 1e-4)` one)."""
    formerly: tuple[str, ...] = ()
    """Names that earlier versions had for it: read, with a warning."""


@dataclass(frozen=True)
class UnitWord:
    """What the checker must know of a unit type: arguments, powers of x that terms may use, and
    whether it is one-of-K.
    """

    name: str
    options: tuple[Option, ...] = ()
    powers: tuple[int, ...] = (1,)
    """Powers that are statistics: `x` is 1, `x^2` is 2."""
    reduces: Mapping[int, int] = field(default_factory=dict)
    """power → power it equals on the domain, 0 for the constant 1: binary {2: 1}, spin {2: 0}."""
    states: str | None = None
    """Name of the argument that is the number of states of a one-of-K type; its state is the unit's
    last subscript.
    """
    components: int | None = None
    """Length of the vector that a unit's state is, where it is one: the unit's last subscript runs
    over it.
    """
    summary: str = ""
    ends: Callable[..., tuple[float, float]] | None = None
    """The least and the largest value that a unit with these arguments has."""
    also: tuple[str, ...] = ()
    """What the type is called elsewhere: such a name is no type, but a message can say which is
    meant.
    """
    formerly: tuple[str, ...] = ()
    """Names that earlier versions had for it: read, with a warning."""


@dataclass(frozen=True)
class Vocabulary:
    """All words by kind, name → word."""

    units: Mapping[str, UnitWord] = field(default_factory=dict)
    positive: Mapping[str, Word] = field(default_factory=dict)
    negative: Mapping[str, Word] = field(default_factory=dict)
    optimizer: Mapping[str, Word] = field(default_factory=dict)
    schedule: Mapping[str, Word] = field(default_factory=dict)
    penalty: Mapping[str, Word] = field(default_factory=dict)
    objective: Mapping[str, Word] = field(default_factory=dict)
    pretrain: Mapping[str, Word] = field(default_factory=dict)
    transform: Mapping[str, Word] = field(default_factory=dict)

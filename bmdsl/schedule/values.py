"""Values of a schedule: named arrays that say what their numbers are and how they lie."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

BATCH = "batch"
"""The axis whose length is the number of a minibatch's cases."""
CHAINS = "chains"
"""The first word of an axis whose length is the number of chains that a rank has."""


def times_batch(count: int) -> str:
    """The axis of `count` rows for every case, those of a case together."""
    return BATCH if count == 1 else f"{BATCH} * {count}"


def is_of_batch(axis: int | str) -> bool:
    """Whether an axis is as long as a minibatch, or a multiple of that."""
    return str(axis).split()[0] == BATCH


def chain_rows(own: int, every: int, count: int = 1) -> str:
    """The axis of `count` rows for each of `own` chains, those that a rank has of `every` one."""
    return f"{CHAINS} {own} of {every} * {count}"


def is_spread(axis: int | str) -> bool:
    """Whether an axis is of rows that ranks have each their own of: cases of a minibatch, or
    chains.
    """
    return str(axis).split()[:1] in ([BATCH], [CHAINS])


def times(axis: int | str, count: int) -> int | str:
    """The axis of `count` rows for each row of another one."""
    if isinstance(axis, int):
        return axis * count
    words = axis.split()
    if words[0] == CHAINS:
        return chain_rows(int(words[1]), int(words[3]), int(words[5]) * count)
    return times_batch(count * length(axis, 1))


def length(axis: int | str, batch: int) -> int:
    """How long an axis is for a minibatch of this size, on one rank."""
    words = str(axis).split()
    if words[0] == CHAINS:
        return int(words[1]) * int(words[5])
    return batch * int((words + ["*", "1"])[2]) if is_of_batch(axis) else int(axis)


def full_length(axis: int | str, batch: int) -> int:
    """How long an axis of rows is on all ranks together, for a minibatch of so many cases."""
    words = str(axis).split()
    return int(words[3]) * int(words[5]) if words[0] == CHAINS else length(axis, batch)


class Content(Enum):
    """What an array's numbers are. Kernels are chosen by it; none looks at numbers to find out."""

    STATES = "states"
    MEANS = "means"
    FIELD = "field"
    PROJECTION = "arguments of experts"
    BIAS = "bias"
    WEIGHTS = "weights of cases"
    PARAMETER = "parameter"
    MATRIX = "couplings made from parameters"
    LAYOUT = "parameter laid out for products"
    GRADIENT = "gradient"
    MOMENT = "sufficient statistic"
    SLOT = "slot of an optimizer or a penalty"
    MASK = "observed values, NaN for free units"
    FIGURE = "figures of updates"
    CONSTANT = "numbers of the model"


class Life(Enum):
    """Who gives an array and who keeps it."""

    GIVEN = "given"
    """Comes with every call and is only read."""
    KEPT = "kept"
    """Goes on from call to call: parameters, chains, slots."""
    SCRATCH = "scratch"
    """Nothing of it is of use after an update."""


@dataclass(frozen=True)
class Value:
    """An array of a routine. Rows are cases or chains, columns a group's flattened axes.

    `per_update` marks an argument of one more axis, of which update t takes entry t.
    """

    name: str
    content: Content
    shape: tuple[int | str, ...]
    life: Life = Life.SCRATCH
    number: str = "F"
    """`F` for the machine's real type, `f8`, `i8`, or `i4`."""
    levels: tuple[float, float] | None = None
    """The two values that states have, if they have but two."""
    per_update: bool = False
    labels: tuple[str, ...] = ()
    """What each axis runs over: a group's name, `batch`, `chains`; empty where nothing is said of
    it.
    """
    source: tuple[str, ...] = ()
    """What the array is bound to: `("parameter", "W")`, `("chain", "v")`, `("data", "v")`."""

    @property
    def axes(self) -> int:
        """The number of axes that an op sees."""
        return len(self.shape)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class View:
    """A part of a value, as `eta_v[0]`: the field on x of units that have a field on x² too; or as
    `betas[step]`, a row that a loop has come to.
    """

    value: Value
    index: int | Number

    @property
    def axes(self) -> int:
        """The number of axes that an op sees."""
        return self.value.axes - 1

    @property
    def content(self) -> Content:
        """What the numbers are."""
        return self.value.content

    @property
    def number(self) -> str:
        """The type of the numbers."""
        return self.value.number

    @property
    def levels(self) -> tuple[float, float] | None:
        """The two values that states have, if they have but two."""
        return self.value.levels

    def __str__(self) -> str:
        return f"{self.value.name}[{self.index}]"


@dataclass(frozen=True)
class Part:
    """The first rows of a value, as `m_h[:going]`: the cases that an iteration still works on."""

    value: Value
    rows: Number
    index: int | None = None
    """Of a value of three axes, which of its matrices."""

    @property
    def axes(self) -> int:
        """The number of axes that an op sees."""
        return self.value.axes - (0 if self.index is None else 1)

    @property
    def content(self) -> Content:
        """What the numbers are."""
        return self.value.content

    @property
    def number(self) -> str:
        """The type of the numbers."""
        return self.value.number

    @property
    def levels(self) -> tuple[float, float] | None:
        """The two values that states have, if they have but two."""
        return self.value.levels

    def __str__(self) -> str:
        start = "" if self.index is None else f"{self.index}, "
        return f"{self.value.name}[{start}:{self.rows}]"


@dataclass(frozen=True)
class Rest:
    """The entries of a value of one axis from `start` on, as `couplings[first_1:]`."""

    value: Value
    start: Number

    axes = 1
    levels = None

    @property
    def content(self) -> Content:
        """What the numbers are."""
        return self.value.content

    @property
    def number(self) -> str:
        """The type of the numbers."""
        return self.value.number

    def __str__(self) -> str:
        return f"{self.value.name}[{self.start}:]"


@dataclass(frozen=True)
class Number:
    """A scalar operand: a literal, or a variable of the routine such as `update` or `rate[t]`."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Folded:
    """The numbers of a matrix in rows of another length, as `eta_h_by_z.reshape(-1, n_h)`.

    `columns` None: all of them in a row, an array of one axis.
    """

    of: Value | Part
    columns: Number | None = None

    @property
    def value(self) -> Value:
        """The value that has the numbers."""
        return self.of if isinstance(self.of, Value) else self.of.value

    @property
    def axes(self) -> int:
        """The number of axes that an op sees."""
        return 1 if self.columns is None else 2

    @property
    def content(self) -> Content:
        """What the numbers are."""
        return self.value.content

    @property
    def number(self) -> str:
        """The type of the numbers."""
        return self.value.number

    @property
    def levels(self) -> tuple[float, float] | None:
        """The two values that states have, if they have but two."""
        return self.value.levels

    def __str__(self) -> str:
        return f"{self.of}.reshape({'-1' if self.columns is None else f'-1, {self.columns}'})"


Array = Value | View | Part | Folded | Rest
Operand = Value | View | Part | Folded | Rest | Number


def base(operand: Array) -> Value:
    """The value that an array operand is, or is a part of."""
    return operand if isinstance(operand, Value) else operand.value

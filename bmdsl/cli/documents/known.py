"""What verbs print of data, unit types and the installation."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict


class DataSet(TypedDict):
    """A named set."""

    name: str
    summary: str


class TableColumn(TypedDict):
    """A column, for readers."""

    column: str
    kind: str
    values: str
    missing: str
    units: str


class Suspect(TypedDict):
    """Cells that look like marks of missing ones."""

    mark: str
    columns: list[str]
    cells: int


class DescribedTable(TypedDict):
    """What is in a table, and the declarations that fit it."""

    file: str
    rows: int
    columns: list[TableColumn]
    declarations: list[str]
    suspects: list[Suspect]


class ShardArray(TypedDict):
    """An array of shards."""

    name: str
    type: str
    shape: Annotated[list[int], "of a case"]
    values: str
    missing: int
    cases_seen: int


class DescribedShards(TypedDict):
    """What is in a folder of shards."""

    place: str
    shards: int
    cases: int
    bytes: int
    arrays: list[ShardArray]
    window: int
    blocks: int


class Unit(TypedDict):
    """A unit type."""

    name: str
    domain: str
    summary: str
    options: list[str]


class UnitCheck(TypedDict):
    """A function of a unit type beside another that says the same."""

    what: str
    error: float
    tolerance: float
    where: str
    passed: bool


class CheckedUnit(TypedDict):
    """A unit type that was examined."""

    name: str
    checks: list[UnitCheck]
    problems: list[str]


class Doctor(TypedDict):
    """The installation."""

    ok: bool
    facts: dict[str, str]
    problems: dict[str, str]
    update_seconds: NotRequired[Annotated[float, "of an update of the RBM that is timed"]]
    products_seconds: NotRequired[Annotated[float, "of its matrix products by NumPy"]]

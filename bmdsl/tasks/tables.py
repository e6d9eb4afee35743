"""A table before a trained machine: its rows completed, described by features, and judged, each as
a table with the same ids and names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.finding import find, flatten
from ..data.frame_tables import like
from ..data.levels import TableCode
from ..data.preparing import prepare
from ..data.streams.view import in_memory
from ..data.table import Table, of_columns
from ..data.tabulating import beside_ids, completed, states_table, unit_names
from ..inference.gaps import Gaps
from ..language.diagnostics import BmError, fail
from ..report.affordable import affordable
from ..report.table_columns import Pair, associations_of_machine
from .predicting import Predicted, find_target, predict

if TYPE_CHECKING:
    from ..inference.machine import Machine

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class MachineTable:
    """Rows of a table with a machine that was trained on such a table.

    Results are tables of the kind that the rows came in: a data frame of the same library, else a
    `Table`, which has `write(path)` and `to_dict()`.
    """

    machine: Machine
    table: Table
    code: TableCode
    arrays: Arrays
    """Group → the rows in the machine's units, missing cells NaN."""

    def impute(self, steps: int = 200) -> Any:
        """The table with its missing cells filled in: numbers by their means over the second half
        of `steps` sweeps given the rest of the row, to whole ones in a column of such, levels by
        the likeliest.
        """
        return _native(completed(self.table, self.code, self.imputed(steps)))

    def imputed(self, steps: int = 200) -> dict[str, np.ndarray]:
        """Group → rows in the data's own units, without gaps; probabilities where units have
        levels.
        """
        machine = self.machine
        if any(np.isnan(x).any() for x in self.arrays.values()):
            filled = machine.impute(dict(self.arrays), None, steps)
        else:
            filled = {n: self.arrays[n] for n in machine.visible}
        groups = filled if isinstance(filled, dict) else {machine.visible[0]: filled}
        return {n: machine.preparation.outward(n, x) for n, x in groups.items()}

    def features(self, features: str = "means") -> Any:
        """Features of every row beside its ids: `means` of hidden units, `responsibilities`, ..."""
        return _native(self.featured(features))

    def featured(self, features: str = "means") -> Table:
        """The features as a `Table`."""
        made = self.machine.transform(dict(self.arrays), features)
        names = feature_names(self.machine, self.code, features, made.shape[1])
        return beside_ids(self.table, self.code, dict(zip(names, made.T, strict=True)))

    def predict(self, column: str, steps: int = 200) -> Any:
        """A column from all others of its row, beside the ids: `predicted_NAME`, and P(NAME=level)
        of every level, exact where free energies are; of numbers the mean over `steps` sweeps.

        What the table says of the column is used for none of this, and may be empty: then
        `machine.table(source, predict=column)` takes a table without it. Raises BM740 for a
        column that the model does not have.
        """
        return _native(beside_ids(self.table, self.code, self.predicted(column, steps).columns()))

    def predicted(self, column: str, steps: int = 200) -> Predicted:
        """The same as arrays, with how good it is."""
        return predict(
            self.machine, self.arrays, find_target(self.machine, self.code, column), steps
        )

    def responsibilities(self) -> Any:
        """P(z | row) of the hidden one-of-K unit, beside the ids."""
        return self.features("responsibilities")

    def log_likelihood(self, method: str | None = None, **options: Any) -> Any:
        """log P(row) in nats beside its ids, of what was seen of it.

        A second column says of which rows it is a lower bound, where there are any. `method`:
        `exact`, `ais`; by default exact where that is possible. `options` are those of
        `machine.log_partition`.
        """
        return _native(self.judged(method, **options).table)

    def associations(self, samples: int = 2000, steps: int | None = None) -> Any:
        """How columns go together: a row a pair, strongest first, with the correlation over the
        `rows` that have both, in `data` and in so many `samples` of as many sweeps as `steps`.

        A column of categories has a name for each: `satisfaction=4`. BmError BM738 for a model
        with given groups, whose samples depend on them.
        """
        made = self.associated(samples, steps)
        native = self.table.native
        return made if native is None else like(native, made.to_dict(), aligned=False)

    def associated(self, samples: int = 2000, steps: int | None = None) -> Table:
        """The same as a `Table`."""
        sweeps = affordable(self.machine, samples, 200) if steps is None else steps
        found = associations_of_machine(self.machine, self.arrays, samples, sweeps)
        if found is None:
            raise fail(
                "BM738",
                f"`{self.machine.model.name}` has given groups, which samples depend on",
                help="`machine.sample(..., given={...})` of one value, or a model without them",
            )
        pairs = found.pairs()
        columns: dict[str, Any] = {n: [getattr(p, n) for p in pairs] for n in Pair._fields}
        for name in ("data", "samples"):
            columns[name] = [round(x, 4) for x in columns[name]]
        return of_columns(columns, "the pairs of columns")

    def judged(self, method: str | None = None, **options: Any) -> Judged:
        """The same as a `Table`, with how log Z was found."""
        values, bound, how = row_likelihoods(self.machine, self.arrays, method, **options)
        columns: dict[str, Any] = {"log_likelihood": values}
        if bound.any():
            columns["is_bound"] = bound.astype(float)
        return Judged(beside_ids(self.table, self.code, columns), how)


class Judged(NamedTuple):
    """log P of every row beside its ids, and how log Z was found."""

    table: Table
    how: str


def machine_table(machine: Machine, source: Any, lacking: str | None = None) -> MachineTable:
    """The rows of `source`, a file, data frame or dict of columns, as the machine's training table
    was read; without the column `lacking`, which is to be predicted, its cells are missing.

    Raises BM738 where training had no table, BM740 for a column that is not there, BM745 for an
    unknown level.
    """
    code = machine.preparation.code
    if code is None:
        raise fail(
            "BM738",
            f"the machine of `{machine.model.name}` was trained on no table of named columns",
            help='a data block in the model names them: `data "FILE" { v = first..last }`',
        )
    if lacking is not None:
        target = find_target(machine, code, lacking)
        code = replace(code, may_lack=frozenset(target.names))
    found = find(source, machine.model, code=code)
    if found.table is None:
        raise fail("BM738", "this is no table of named columns", help="a file or a data frame")
    ready = prepare(
        flatten(found.arrays, machine.model),
        machine.model,
        found.source,
        machine.model.training.seed,
        kept=machine.preparation,
    ).arrays
    return MachineTable(machine, found.table, code, ready)


def sample_table(machine: Machine, groups: Arrays) -> Table:
    """Samples as a table of the training table's columns, levels by their names.

    BmError BM738 where training had no table.
    """
    if machine.preparation.code is None:
        raise fail(
            "BM738",
            f"the machine of `{machine.model.name}` was trained on no table of named columns",
            help="`--out samples.npz`",
        )
    own = {n: machine.preparation.outward(n, x) for n, x in groups.items()}
    return states_table(machine.preparation.code, own)


def feature_names(machine: Machine, code: TableCode | None, features: str, count: int) -> list[str]:
    """A name for every feature: `h0`, `h1`, ... of hidden means, `z0`, ... of responsibilities."""
    hidden = [
        name
        for g in machine.model.groups
        if g.role == "hidden"
        for name in unit_names(g.name, tuple(int(n) for n in g.axes))
    ]
    one = [n for n in machine.hidden if machine.program.plan.is_one_unit(n)]
    if features == "means" and len(hidden) == count:
        return hidden
    if features in ("responsibilities", "unnormalised") and one:
        return [f"{one[0]}{k}" for k in range(count)]
    if features == "data" and code is not None:
        names = [x for n in machine.visible if n in code.groups for x in code.unit_names(n)]
        if len(names) == count:
            return names
    return [f"{features}{k}" for k in range(count)]


def row_likelihoods(
    machine: Machine, arrays: Arrays, method: str | None = None, **options: Any
) -> tuple[np.ndarray, np.ndarray, str]:
    """log P of every case in nats (NaN where it has neither value nor bound), where it is a lower
    bound, and how log Z was found.
    """
    cases = len(next(iter(arrays.values())))
    whole = dict(arrays)
    if machine.given:
        values = machine.log_likelihood(whole, method or "exact", **options)
        return np.asarray(values), np.zeros(cases, bool), "log Z of each row's given values"
    scored, gaps = Gaps.of(machine, whole).scored(machine, whole)
    values = np.full(cases, np.nan)
    values[gaps.seen & ~gaps.left_out] = scored
    log_z, how = _log_partition(machine, whole, method, options)
    return values - log_z, gaps.bounded, how


def _log_partition(
    machine: Machine, data: Arrays, method: str | None, options: Mapping[str, Any]
) -> tuple[float, str]:
    if method in (None, "exact"):
        try:
            found = float(machine.log_partition("exact"))
            return found, f"log Z = {found:.4f} nats, exactly"
        except BmError:
            if method == "exact":
                raise
    data = in_memory(data)  # some of the cases, where they are a stream
    wholes = ~np.any([np.isnan(x).reshape(len(x), -1).any(1) for x in data.values()], axis=0)
    base = {n: x[wholes] for n, x in data.items()} if wholes.any() else None
    found = float(machine.log_partition("ais", data=base, **options))
    return found, f"log Z = {found:.4f} nats, by annealed importance sampling"


def _native(table: Table) -> Any:
    """A data frame where the rows came as one."""
    return table if table.native is None else like(table.native, table.to_dict())


def rows_of_part(of: MachineTable, rows: np.ndarray) -> MachineTable:
    """Some of the rows."""
    from ..data.table_files import rows_of

    arrays = {n: x[rows] for n, x in of.arrays.items()}
    return replace(of, table=rows_of(of.table, rows), arrays=arrays)

"""The machine that a user has: it trains, is saved and copied, beside all that the machine of
`inference` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.preparing import Preparation
from ..data.table import Table
from ..inference import machine
from ..language.diagnostics import fail
from ..language.outside import stored_edges
from ..plan.costs import refuse_too_large
from ..registry import Shown
from ..runs.storage import write_machine
from ..runtime.program import Program
from .resume import go_on
from .tables import MachineTable, machine_table, sample_table
from .train import fit

if TYPE_CHECKING:
    from ..api import Model
    from ..training.callbacks import Given
    from ..training.outcome import Run


class Machine(machine.Machine, Shown):
    """`params` are in the energy's subscript order; states go in and come out as [n, *axes],
    one-hot for one-of-K groups.
    """

    def __init__(
        self, source: Model, program: Program, seed: int, starts: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(source.checked, program, seed, starts)
        self.source = source
        """The text with its arguments that the machine was compiled from."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles: source, arguments, what was read from files, and arrays, as in a
        saved machine. Draws go on as here.
        """
        arrays, metadata = self._stored()
        self.params.settle()
        backend = "reference" if self.program.plain else "numba"
        facts = (metadata, arrays, backend, self.takes_means, self._calls)
        return type(self.source).copied, facts

    def train(
        self,
        data: Any = None,
        out: str | Path | None = None,
        *,
        restart: bool = False,
        overwrite: bool = False,
        resume: bool = False,
        weights: Any = None,
        progress: bool | None = None,
        callbacks: Sequence[Given] = (),
        **overrides: Any,
    ) -> Run:
        """Trains by the model's train block; keyword arguments replace its settings.

        Returns the run.

        A machine starts once: a further call goes on from its parameters, and values that were set
        before the first call stay. With `restart` all but `fixed` ones go back to their start,
        those that start from data to that of these data, and `pretrain` is carried out again. `out`
        must hold no run yet, unless it is to `overwrite`.
        With `resume` training goes on from the checkpoint in `out`. `weights`: one number a case,
        or the file that holds them. `progress`: True for a bar, False for silence; else a bar on a
        terminal or in a notebook, and lines at times elsewhere. `callbacks`
        (`bmdsl.training.callbacks`) look on and may stop the training: instances, functions called
        after every epoch, or names of trackers such as `csv`.
        """
        folder = None if out is None else Path(out)
        if restart:
            self.restart()
            self.preparation = Preparation.before(self.source.checked)
        if "pretrain" in overrides:  # asked for in this very call
            self.pretrained = False
        model = self.source.bind(overrides) if overrides else self.source
        refuse_too_large(self.program.plan, model.checked.training, self.dtype.itemsize)
        if resume:
            if folder is None:
                raise fail(
                    "BM757",
                    "a resume needs the folder of the run",
                    help="`machine.train(x, out=FOLDER, resume=True)`",
                )
            return go_on(model, self, data, folder, weights, progress, overrides, callbacks).run
        return fit(
            model,
            self,
            data,
            folder,
            weights,
            progress=progress,
            overwrite=overwrite,
            callbacks=callbacks,
        ).run

    def table(self, source: Any, predict: str | None = None) -> MachineTable:
        """Rows of a table that the machine was trained on, or of another with the same columns: a
        file, a data frame, a dict of columns.

        `machine.table(df).impute()`, `.predict("churn")`, `.features()`, `.responsibilities()` and
        `.log_likelihood()` are tables with the same ids and names. A column that is to be predicted
        may be absent if it is named, `predict="churn"`. Raises BM738 where training had no table,
        BM740 for a column that is not there, BM745 for an unknown level.
        """
        return machine_table(self, source, predict)

    def as_table(self, samples: Mapping[str, Any]) -> Table:
        """Samples, group → [n, *axes], as a table of the training table's columns: levels by name,
        numbers in their own units. BmError BM738 where training had no table.
        """
        return sample_table(self, samples)

    def save(self, path: str | Path) -> None:
        """Source, arguments and parameters as one safetensors file."""
        self.params.settle()
        arrays, metadata = self._stored()
        write_machine(Path(path), arrays, metadata)

    def _stored(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Arrays and metadata of the machine's file."""
        return {
            **self.params,
            **stored_edges(self.model),
            **self.preparation.arrays(),
        }, self.source.metadata(self)

"""How well a run describes data: what `bm eval` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ..data.streams.view import in_memory
from ..data.tabulating import beside_ids
from ..inference.baselines import baselines
from ..inference.conditional_likelihood import ConditionalLikelihood
from ..inference.figures import Figures, figures
from ..inference.likelihood import Likelihood, measure
from ..inference.machine import Machine
from ..language.diagnostics import fail
from ..ranks.world import world
from ..runs.run_folder import RunFolder
from ..runtime.missing import missing_cases
from ..training.progress import progress_line
from .run_cases import last_part, one_machine, ready_parts, run_table
from .tables import row_likelihoods


def evaluate(
    folder: Path, data: str | None, parts: Sequence[str] | None = None, weights: Path | None = None
) -> list[Figures]:
    """Figures of a run on data (None: those it was trained on), a part each where there are
    several; of a stack, layer by layer.

    `weights`: the file of the cases' weights; default: for the cases that the run was trained on,
    those that it had.
    """
    run, ready = ready_parts(folder, data, parts, weights, "streamed")
    out = []
    for part in ready:
        if isinstance(run.machine, Machine):
            out.append(_noted(figures(run.machine, part.data, part.name, part.weights), part.note))
        else:
            seen = run.machine.states(part.data)
            out += [
                figures(x.machine, seen[x.name], f"{x.name}, {part.name}", part.weights)
                for x in run.machine.layers
            ]
    return out


class Rows(NamedTuple):
    """Where log P of every row was written, and how log Z was found."""

    path: Path
    rows: int
    how: str


def write_rows(folder: Path, data: str | None, part: str | None, out: Path) -> Rows:
    """log P of every case in nats, beside the ids of a table, as a table."""
    found = run_table(folder, data, part)
    if found is not None:
        table, how = found[1].judged()
        return Rows(table.write(out) if world().leads else out, len(table), how)
    run, _, cases = last_part(folder, data, part, "streamed")
    values, bound, how = row_likelihoods(one_machine(run, folder), cases)
    columns: dict[str, Any] = {"log_likelihood": values} | (
        {"is_bound": bound * 1.0} if bound.any() else {}
    )
    path = beside_ids(None, None, columns).write(out) if world().leads else out
    return Rows(path, len(values), how)


def write_associations(folder: Path, data: str | None, part: str | None, out: Path) -> Rows:
    """How pairs of a table's columns go together, in the data and in samples, as a table.

    BmError BM738 for a run or data without named columns, or with given groups.
    """
    found = run_table(folder, data, part)
    if found is None:
        raise fail(
            "BM738",
            f"`{folder}` was trained on no table of named columns",
            help='a data block in the model names them: `data "FILE" { v = first..last }`',
        )
    made = found[1].associated()
    path = made.write(out) if world().leads else out
    return Rows(path, len(made), f"{len(made):,} pairs, the strongest first")


def _noted(found: Figures, note: str) -> Figures:
    return replace(found, notes=(*found.notes, note)) if note else found


def of_run(
    folder: Path,
    data: str | None,
    parts: Sequence[str] | None,
    chains: int,
    steps: int,
    progress: bool | None = None,
    weights: Path | None = None,
) -> Likelihood | ConditionalLikelihood:
    """The likelihood of a run on data (None: those it was trained on), reverse AIS from the run's
    persistent chains where it kept some.
    """
    run, ready = ready_parts(folder, data, parts, weights, "streamed")
    machine = one_machine(run, folder)
    kept = RunFolder(folder, {}).chains() if folder.is_dir() else {}
    start = {n: machine.program.shaped(n, x) for n, x in kept.items()} or None
    with progress_line(2 * steps, progress) as show:
        found = measure(
            machine,
            [(r.name, r.data) for r in ready],
            chains,
            steps,
            start,
            lambda done, total: show(2 * steps * done // total, {"temperature": done % steps}),
            [r.weights for r in ready],
        )
    if isinstance(found, ConditionalLikelihood):
        return found
    parts_in_memory = [in_memory(r.data) for r in ready]
    whole = [{n: x[~missing_cases(p)] for n, x in p.items()} for p in parts_in_memory]
    return replace(found, baselines=tuple(baselines(machine, data, whole[0]) for data in whole))

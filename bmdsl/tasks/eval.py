"""How well a machine describes data: reconstruction error, free energy, exact log-likelihood where states can be enumerated."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from ..chunks import by_chunks, chunks
from ..data.preparing import Preparation, steps_of
from ..inference.conditional_partition import distinct, exact_log_partitions
from ..inference.gaps import Gaps
from ..inference.machine import Machine
from ..inference.observed_scores import BITS
from ..language.diagnostics import BmError, BmWarning, Diagnostic, fail
from ..runs.provenance import absolute, is_same, recorded, require_place, say_differs
from ..training.cases import split_rows

if TYPE_CHECKING:
    from ..stacks.stacking import StackMachine
    from .train import Weights

HELD = "validation"
"""The part of a run's data that `validate` held out of its training."""


@dataclass(frozen=True)
class Figures:
    """Means over the cases: squared error of E[v | E[h | v]] an entry; F(v) and log P(v) in nats, None where not exact."""

    part: str
    cases: int
    reconstruction_error: float | None
    free_energy: float | None
    log_likelihood: float | None
    notes: tuple[str, ...] = field(default=())
    class_errors: Mapping[str, float] = field(default_factory=dict)
    """Visible one-of-K unit → share of the cases whose most probable state given the rest, P(y | v), is not theirs."""
    bound: bool = False
    """Whether −F of some cases, with missing values, is mean field's lower bound."""

    @property
    def note(self) -> str:
        return "; ".join(self.notes)

    def rows(self) -> list[tuple[str, ...]]:
        """Names and values, for a table."""
        return [
            ("cases", f"{self.cases:,}"),
            ("reconstruction error", _shown(self.reconstruction_error)),
            ("free energy", _shown(self.free_energy, " nats", "at most " * self.bound)),
            ("log-likelihood", _shown(self.log_likelihood, " nats", "at least " * self.bound)),
            *((f"error of {name}", f"{100 * share:.2f} %") for name, share in self.class_errors.items()),
        ]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"part": self.part, "cases": self.cases, "reconstruction_error": self.reconstruction_error, "free_energy": self.free_energy,
                "log_likelihood": self.log_likelihood, "class_errors": dict(self.class_errors), "notes": list(self.notes), "bound": self.bound}  # fmt: skip


def _shown(value: float | None, unit: str = "", side: str = "") -> str:
    return "not exact here" if value is None else f"{side}{value:.5g}{unit}"


def figures(machine: Machine, data: Mapping[str, np.ndarray], part: str, weights: np.ndarray | None = None) -> Figures:
    """Figures of prepared data, means with `weights`; of what was seen of cases with missing values. Cases of weight 0 are left out."""
    if weights is not None and not weights.all():
        data, weights = {n: x[weights > 0] for n, x in data.items()}, weights[weights > 0]
    gaps = Gaps.of(machine, data)
    seen, count = gaps.of_seen(data), int(gaps.seen.sum())
    if not count:
        return Figures(part, 0, None, None, None, tuple(gaps.notes()))
    of_seen = None if weights is None else weights[gaps.seen]
    wrong, notes = _squared_errors(machine, seen, gaps.missing[gaps.seen], of_seen) if machine.reconstructs else (None, [])
    mean = log_z = None
    if worth(machine, machine.hidden, count):
        values, gaps = gaps.scored(machine, data)
        rests = gaps.seen & ~gaps.left_out
        w = None if weights is None else weights[rests]
        if len(values):
            mean = -float(np.average(values, weights=w))
            log_z = _exact_log_z(machine, {n: x[rests] for n, x in data.items()}, w)
    likelihood = -mean - log_z if mean is not None and log_z is not None else None
    return Figures(part, count, wrong, mean, likelihood, (*gaps.notes(), *notes), _class_errors(machine, seen, of_seen), bool(gaps.bounded.any()))


def _exact_log_z(machine: Machine, data: Mapping[str, np.ndarray], weights: np.ndarray | None) -> float | None:
    """log Z, with given groups x the mean of log Z(x) over the cases; None where it takes too many states."""
    if not machine.given:
        return float(machine.log_partition()) if worth(machine, machine.free, 1) else None
    at = {n: machine.program.flat(n, data[n]) for n in machine.given}
    if not worth(machine, machine.free, len(next(iter(distinct(at)[0].values())))):
        return None
    return float(np.average(exact_log_partitions(machine, at), weights=weights))


def _squared_errors(machine: Machine, data: Mapping[str, np.ndarray], missing: np.ndarray,
                    weights: np.ndarray | None) -> tuple[float | None, list[str]]:  # fmt: skip
    """Mean over the cases of (E[v | E[h | seen]] − v)² an entry that was seen, of the first visible group; and what is left out."""
    first, graph = machine.visible[0], machine.program.plan.graph
    needs = {*graph.neighbours(first), *((first,) if graph.is_lateral(first) else ())} & set(machine.visible)
    notes: list[str] = []
    if missing.any() and any(np.isnan(data[n]).any() for n in needs):  # its means need values that were not seen
        notes.append(f"the reconstruction error is that of the {int((~missing).sum()):,} cases without missing values")
        data, weights = {n: x[~missing] for n, x in data.items()}, None if weights is None else weights[~missing]
    if not len(data[first]):
        return None, notes

    def errors(c: dict[str, np.ndarray]) -> np.ndarray:
        wrong = ((np.asarray(machine.reconstruct(c), np.float64) - c[first]) ** 2).reshape(len(c[first]), -1)
        seen = ~np.isnan(wrong)
        return np.asarray(np.where(seen, wrong, 0).sum(1) / np.where(seen.any(1), seen.sum(1), np.nan))

    wrong = by_chunks(errors, data)
    known = ~np.isnan(wrong)
    return (float(np.average(wrong[known], weights=None if weights is None else weights[known])) if known.any() else None), notes


def _class_errors(machine: Machine, data: Mapping[str, np.ndarray], weights: np.ndarray | None) -> dict[str, float]:
    """Errors of every visible one-of-K unit by its posterior given all other groups that are not hidden, over the cases whose state was seen."""
    out = {}
    for name in machine.visible:
        if machine.program.plan.is_one_unit(name) and len(machine.visible) > 1:
            seen = ~np.isnan(data[name]).any(1)
            others = {n: x[seen] for n, x in data.items() if n != name}
            if seen.any():
                told = np.concatenate([machine.posterior(**c)[name].argmax(1) for c in chunks(others)])
                right = told == data[name][seen].argmax(1)
                out[name] = 1 - float(np.average(right, weights=None if weights is None else weights[seen]))
    return out


def worth(machine: Machine, groups: Sequence[str], cases: int) -> bool:
    """Whether summing `groups` out takes few enough states: none, or 2^bits for all cases together."""
    from ..inference.enumeration import choose, log2_states

    try:
        chosen = choose(machine.program, groups, "this figure")
    except BmError:
        return False
    bits = sum(log2_states(machine.program, n) for n in chosen)
    return not bits or bits + log2(cases) <= BITS


class Ready(NamedTuple):
    """Prepared cases of one part of the data, their weights (None: all the same), and what is to be said of them."""

    name: str
    data: dict[str, np.ndarray]
    weights: np.ndarray | None = None
    note: str = ""


def evaluate(folder: Path, data: str | None, parts: Sequence[str] | None = None, weights: Path | None = None) -> list[Figures]:
    """Figures of a run on data (None: those it was trained on), a part each where there are several; of a stack, layer by layer.

    `weights`: the file of the cases' weights; default: for the cases that the run was trained on, those that it had.
    """
    run, ready = ready_parts(folder, data, parts, weights)
    out = []
    for part in ready:
        if isinstance(run.machine, Machine):
            out.append(_noted(figures(run.machine, part.data, part.name, part.weights), part.note))
        else:
            seen = run.machine.states(part.data)
            out += [figures(x.machine, seen[x.name], f"{x.name}, {part.name}", part.weights) for x in run.machine.layers]
    return out


def _noted(found: Figures, note: str) -> Figures:
    return replace(found, notes=(*found.notes, note)) if note else found


def ready_parts(folder: Path, data: str | None, parts: Sequence[str] | None, weights: Path | None = None) -> tuple[Subject, list[Ready]]:
    """A run, and the prepared cases of every part of the data. Cases that `validate` held out of training are the part `validation`.

    Raises BM942 where there is no such part.
    """
    run = opened(folder)
    spec = _spec(run, folder, data)
    known, made = _parts(spec), list[Ready]()
    for part in known if parts is None else dict.fromkeys("train" if p == HELD else p for p in parts):
        cases, same = _read(run, spec, part)
        one = _weighed(run, folder, Ready(part if len(known) > 1 else Path(spec).name, cases), weights, same)
        halves = _split(run, one) if same else [one]
        if len(halves) == 1 and part == "train" and HELD in (parts or ()):
            raise fail("BM942", f"no cases of `{spec}` were held out of this run's training", help="`validate 0.1` in the train block holds some out")
        made += halves if parts is None or len(halves) == 1 else [r for r in halves if r.name in parts]
    return run, made


def _weighed(run: Subject, folder: Path, part: Ready, weights: Path | None, same: bool) -> Ready:
    """With the weights of the file, or those that the run was trained with."""
    from ..data.weights import load_weights
    from .train import run_weights

    note, chosen = "", cast("Weights", weights)
    if weights is None and same:
        try:
            chosen = run_weights(run.facts, folder, "eval")
        except BmError as error:
            note = f"{error.diagnostics[0].message}: every case counts the same"
    values = None if chosen is None else load_weights(chosen, len(next(iter(part.data.values()))))
    return part._replace(weights=values, note=note)


def _split(run: Subject, part: Ready) -> list[Ready]:
    """The training cases and those that were held out of them, as training drew them: cases of weight 0 were not there."""
    training = run.machine.model.training
    there = np.arange(len(next(iter(part.data.values())))) if part.weights is None else np.flatnonzero(part.weights)
    rows, held = (there[k] for k in split_rows(len(there), training.validate, training.seed))
    if not len(held):
        return [part]

    def taken(name: str, k: np.ndarray) -> Ready:
        return Ready(name, {n: x[k] for n, x in part.data.items()}, None if part.weights is None else part.weights[k], part.note)

    return [taken("train", rows), taken(HELD, held)]


def labelled(folder: Path, data: str | None, labels: str | None) -> tuple[Subject, list[tuple[dict[str, np.ndarray], np.ndarray]]]:
    """A run, and for every part of the data its prepared cases with their labels, from the file `labels` where one is named.

    BmError BM928 where there are none, or not as many as cases.
    """
    from ..data.load import load

    run = opened(folder)
    spec, out = _spec(run, folder, data), []
    for part in (p for p in _parts(spec) if p != "valid"):  # a probe keeps validation cases of its own
        answers = load(labels).values if labels else load(spec, part).labels
        ready = _ready(run, spec, part)
        count = len(next(iter(ready.values())))
        if answers is None or np.shape(answers) != (count,):
            what = "has no labels" if answers is None else f"has {count:,} cases, the labels have the shape {np.shape(answers)}"
            raise fail("BM928", f"`{spec}` {what}", help="name a file with one number a case: `--labels labels.npy`")
        out.append((ready, np.asarray(answers)))
    return run, out


@dataclass(frozen=True)
class Subject:
    """What is judged: a machine or a stack of them, and the set or file it was trained on."""

    machine: Machine | StackMachine
    data: str
    images: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Group → the shape its cases have as pictures."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the run says of its making."""


def one_machine(run: Subject, folder: Path) -> Machine:
    """The run's machine; BmError BM916 where the folder holds a stack of them."""
    from ..model import holds_a_stack

    if not isinstance(run.machine, Machine):
        raise holds_a_stack(folder, run.machine.layers[0].name)
    return run.machine


def opened(folder: Path) -> Subject:
    """The machine of a run's folder, or the stack of one."""
    from ..model import open_run
    from ..stacks.stacking import is_stack, layer_folders, open_stack

    if is_stack(folder):
        return Subject(*open_stack(folder), facts=recorded(layer_folders(folder)[0]))
    run = open_run(folder)
    return Subject(run.machine, run.data, run.images, run.metadata)


def last_part(folder: Path, data: str | None, part: str | None) -> tuple[Subject, str, dict[str, np.ndarray]]:
    """A run, and the prepared cases of one part of the data with its name. None: the last that the set has, none of its cases apart."""
    if part in ("train", HELD):
        run, ready = ready_parts(folder, data, [part])
        return run, ready[0].name, ready[0].data
    run = opened(folder)
    spec = _spec(run, folder, data)
    chosen = part or _parts(spec)[-1]
    return run, chosen if len(_parts(spec)) > 1 else Path(spec).name, _ready(run, spec, chosen)


def _spec(run: Subject, folder: Path, data: str | None) -> str:
    return absolute(data) if data else require_place({**run.facts, "data": run.data}, folder, "eval")


def _ready(run: Subject, spec: str, part: str) -> dict[str, np.ndarray]:
    """A part of the data, transformed and checked as the training cases were."""
    return _read(run, spec, part)[0]


def _read(run: Subject, spec: str, part: str) -> tuple[dict[str, np.ndarray], bool]:
    """The same, and whether these are the cases that the run was trained on."""
    from .train import flatten, prepare, read

    checked, kept = run.machine.model, run.machine.preparation
    arrays, source = read(spec, checked, part)
    same = is_same(run.facts, spec, arrays) if part == "train" else False
    if same is False and spec == run.data and part == "train":
        say_differs(run.facts, spec, arrays, "its cases are taken as they are now")
    if kept.groups is None:  # the run was written before statistics were kept
        kept = _learned_again(run, spec, part)
    ready = prepare(flatten(arrays, checked), checked, source, checked.training.seed, kept=kept).arrays
    return ready, spec == run.data if same is None else same


def _learned_again(run: Subject, spec: str, part: str) -> Preparation:
    """What transforms learn from the training cases as they are now; from `spec` itself, with a warning, where nobody knows them."""
    from .train import flatten, prepare, read

    checked = run.machine.model
    if not run.data:
        names = ", ".join(f"`{name}`" for name, _ in steps_of(checked))
        warnings.warn(BmWarning(Diagnostic("BM782", f"{names}: the run holds no statistics of its training cases, those of `{spec}` are taken", None,
                                           level="warning", helps=("train again: a run keeps them now",))), stacklevel=2)  # fmt: skip
    arrays, source = read(run.data or spec, checked, "train" if run.data else part)
    return prepare(flatten(arrays, checked), checked, source, checked.training.seed).preparation


def _parts(spec: str) -> tuple[str, ...]:
    from ..registry import discover

    known = discover("bmdsl.data.sets")
    return tuple(known[spec].PARTS) if spec in known else ("train",)

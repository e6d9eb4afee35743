"""How well a machine describes data: reconstruction error, free energy, exact log-likelihood where states can be enumerated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .chunks import by_chunks, chunks
from .gaps import Gaps
from .inference.machine import Machine
from .inference.observed_scores import BITS
from .language.diagnostics import BmError, fail

if TYPE_CHECKING:
    from .stacking import StackMachine


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


def figures(machine: Machine, data: Mapping[str, np.ndarray], part: str) -> Figures:
    """Figures of prepared data; of what was seen of cases with missing values."""
    gaps = Gaps.of(machine, data)
    seen, count = gaps.of_seen(data), int(gaps.seen.sum())
    if not count:
        return Figures(part, 0, None, None, None, tuple(gaps.notes()))
    wrong, notes = _squared_errors(machine, seen, gaps.missing[gaps.seen]) if machine.reconstructs else (None, [])
    given = any(g.role == "given" for g in machine.model.groups)
    mean = likelihood = None
    if worth(machine, machine.hidden, count):
        values, gaps = gaps.scored(machine, data)
        mean = -float(values.mean()) if len(values) else None
    if mean is not None:
        if not given and worth(machine, (*machine.visible, *machine.hidden), 1):
            likelihood = -mean - float(machine.log_partition())
    return Figures(part, count, wrong, mean, likelihood, (*gaps.notes(), *notes), _class_errors(machine, seen), bool(gaps.bounded.any()))


def _squared_errors(machine: Machine, data: Mapping[str, np.ndarray], missing: np.ndarray) -> tuple[float | None, list[str]]:
    """Mean over the cases of (E[v | E[h | seen]] − v)² an entry that was seen, of the first visible group; and what is left out."""
    first, graph = machine.visible[0], machine.program.plan.graph
    needs = {*graph.neighbours(first), *((first,) if graph.is_lateral(first) else ())} & set(machine.visible)
    notes: list[str] = []
    if missing.any() and any(np.isnan(data[n]).any() for n in needs):  # its means need values that were not seen
        notes.append(f"the reconstruction error is that of the {int((~missing).sum()):,} cases without missing values")
        data = {n: x[~missing] for n, x in data.items()}
    if not len(data[first]):
        return None, notes

    def errors(c: dict[str, np.ndarray]) -> np.ndarray:
        wrong = ((np.asarray(machine.reconstruct(c), np.float64) - c[first]) ** 2).reshape(len(c[first]), -1)
        seen = ~np.isnan(wrong)
        return np.asarray(np.where(seen, wrong, 0).sum(1) / np.where(seen.any(1), seen.sum(1), np.nan))

    wrong = by_chunks(errors, data)
    return (None if np.isnan(wrong).all() else float(np.nanmean(wrong))), notes


def _class_errors(machine: Machine, data: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Errors of every visible one-of-K unit by its posterior given all other groups that are not hidden, over the cases whose state was seen."""
    out = {}
    for name in machine.visible:
        if machine.program.plan.is_one_unit(name) and len(machine.visible) > 1:
            seen = ~np.isnan(data[name]).any(1)
            others = {n: x[seen] for n, x in data.items() if n != name}
            if seen.any():
                told = np.concatenate([machine.posterior(**c)[name].argmax(1) for c in chunks(others)])
                out[name] = 1 - float((told == data[name][seen].argmax(1)).mean())
    return out


def worth(machine: Machine, groups: Sequence[str], cases: int) -> bool:
    """Whether summing `groups` out takes few enough states: none, or 2^bits for all cases together."""
    from .inference.enumeration import choose, log2_states

    try:
        chosen = choose(machine.program, groups, "this figure")
    except BmError:
        return False
    bits = sum(log2_states(machine.program, n) for n in chosen)
    return not bits or bits + log2(cases) <= BITS


def evaluate(folder: Path, data: str | None, parts: Sequence[str] | None = None) -> list[Figures]:
    """Figures of a run on data (None: those it was trained on), a part each where the set has several; of a stack, layer by layer."""
    run, ready = ready_parts(folder, data, parts)
    out = []
    for name, cases in ready:
        if isinstance(run.machine, Machine):
            out.append(figures(run.machine, cases, name))
        else:
            seen = run.machine.states(cases)
            out += [figures(x.machine, seen[x.name], f"{x.name}, {name}") for x in run.machine.layers]
    return out


def ready_parts(folder: Path, data: str | None, parts: Sequence[str] | None) -> tuple[Subject, list[tuple[str, dict[str, np.ndarray]]]]:
    """A run, and the prepared cases of every part of the data, by its name."""
    run = opened(folder)
    spec = _spec(run, data)
    several = len(_parts(spec)) > 1
    return run, [(part if several else Path(spec).name, _ready(run, spec, part)) for part in parts or _parts(spec)]


def labelled(folder: Path, data: str | None, labels: str | None) -> tuple[Subject, list[tuple[dict[str, np.ndarray], np.ndarray]]]:
    """A run, and for every part of the data its prepared cases with their labels, from the file `labels` where one is named.

    BmError BM928 where there are none, or not as many as cases.
    """
    from .data.load import load

    run = opened(folder)
    spec, out = _spec(run, data), []
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


def one_machine(run: Subject, folder: Path) -> Machine:
    """The run's machine; BmError BM916 where the folder holds a stack of them."""
    from .handle import holds_a_stack

    if not isinstance(run.machine, Machine):
        raise holds_a_stack(folder, run.machine.layers[0].name)
    return run.machine


def opened(folder: Path) -> Subject:
    """The machine of a run's folder, or the stack of one."""
    from .handle import open_run
    from .stacking import is_stack, open_stack

    if is_stack(folder):
        return Subject(*open_stack(folder))
    run = open_run(folder)
    return Subject(run.machine, run.data, run.images)


def last_part(folder: Path, data: str | None, part: str | None) -> tuple[Subject, str, dict[str, np.ndarray]]:
    """A run, and the prepared cases of one part of the data (None: the last that the set has) with its name."""
    run = opened(folder)
    spec = _spec(run, data)
    chosen = part or _parts(spec)[-1]
    return run, chosen if len(_parts(spec)) > 1 else Path(spec).name, _ready(run, spec, chosen)


def _spec(run: Subject, data: str | None) -> str:
    from .fitting import absolute

    spec = absolute(data) if data else run.data
    if not spec:
        raise fail("BM913", "the run was trained on an array, so its data are not known here", help="name a set or a file: `bm eval RUN DATA`")
    return spec


def _ready(run: Subject, spec: str, part: str) -> dict[str, np.ndarray]:
    """A part of the data, transformed and checked as the training cases were."""
    from .fitting import flatten, prepare, read

    checked = run.machine.model
    trained = None
    if checked.training.transform and run.data and not (spec == run.data and part == "train"):
        trained = flatten(read(run.data, checked)[0], checked)
    arrays, source = read(spec, checked, part)
    return prepare(flatten(arrays, checked), checked, source, checked.training.seed, reference=trained)


def _parts(spec: str) -> tuple[str, ...]:
    from .registry import discover

    known = discover("bmdsl.data.sets")
    return tuple(known[spec].PARTS) if spec in known else ("train",)

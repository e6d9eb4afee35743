"""Samples of a trained run or of a model as it is written, as files and pictures: what `bm sample`
does.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.load import read_file
from ..data.table import ENDINGS as TABLE_ENDINGS
from ..data.table import Table
from ..data.validate import as_one_hot
from ..files import put, with_ending, write_npz
from ..language.diagnostics import BmWarning, fail
from ..ranks.world import world
from ..runs.run_folder import RunFolder
from ..runtime import gate
from ..training.progress import progress_line
from .given import read_given, verify_given
from .tables import sample_table

if TYPE_CHECKING:
    from ..inference.machine import Machine
    from ..inference.observing import Trace


@dataclass(frozen=True)
class Subject:
    """A machine to draw from, where its files go, the images that its groups form, and whether its
    parameters were trained.
    """

    machine: Machine
    folder: Path
    images: Mapping[str, tuple[int, ...]]
    trained: bool
    chains: Mapping[str, np.ndarray]
    """The run's persistent chains, flat; empty for a model."""


@dataclass(frozen=True)
class Chosen:
    """How chains run: `steps` sweeps, at one inverse temperature or along `anneal`, from the biases
    where `fresh`; `exact` runs none.
    """

    steps: int = 1000
    beta: tuple[float, ...] = (1.0,)
    anneal: tuple[float, float] | None = None
    clamp: Sequence[str] = ()
    fresh: bool = False
    exact: bool = False
    given: Sequence[str] = ()


@dataclass(frozen=True)
class Drawn:
    """group → [n, *axes], and where they were written."""

    groups: Mapping[str, np.ndarray]
    path: Path
    picture: Path | None
    trace: Trace | None = None
    extra: tuple[Path, ...] = ()
    table: Table | None = None
    """The samples as rows of the table that the machine was trained on."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: x.shape for name, x in self.groups.items()}


def subject(path: str, define: Mapping[str, float], seed: int | None) -> Subject:
    """A run's folder, a saved machine, or a `.bm` file (shipped models by name), whose parameters
    then are at their start.
    """
    from ..model import load_named
    from ..runs.opening import open_run

    found = Path(path)
    if found.is_dir() or found.suffix == ".safetensors":
        if define:
            raise fail(
                "BM923",
                f"`{path}` is a trained machine: its arguments are given",
                help="leave -D out, or name the model's file",
            )
        run = open_run(found)
        run.machine.seed = run.machine.seed if seed is None else seed
        chains = RunFolder(found, {}).chains() if found.is_dir() else {}
        return Subject(run.machine, found if found.is_dir() else Path(), run.images, True, chains)
    model = load_named(path, None, define)
    for lint in model.checked.lints:
        warnings.warn(BmWarning(lint), stacklevel=2)
    machine = model.compile(seed=seed or 0)
    images = {
        g.name: tuple(int(a) for a in g.axes)
        for g in machine.model.groups
        if g.states is None and len(g.axes) == 2 and min(map(int, g.axes)) > 2
    }
    return Subject(machine, Path(), images, not machine.model.parameters, {})


def draw(s: Subject, n: int, out: Path | None, chosen: Chosen) -> Drawn:
    """`n` chains into `out` (None: samples.npz in the run's folder), with a picture beside it where
    units form an image.

    Chains start from the run's persistent ones where it kept some, unless `fresh`: then, and
    otherwise, from the biases alone. `clamp` holds groups at the cases of files (`v=labels.npy`),
    which then give the number of chains; so do those of `given`, but a single case, which serves
    all `n` chains.
    """
    held = _held(s, n, chosen)
    count = len(next(iter(held.values()))) if held else n
    if chosen.exact:
        groups = s.machine.exact_sample(n if chosen.given and count == 1 else count, clamp=held)
        return write_groups(s, groups, out, held, f"{count} independent samples")
    beta: float | np.ndarray = chosen.beta[-1]
    if chosen.anneal is not None:
        from ..inference.ladder import ladder

        beta = np.repeat(ladder(*chosen.anneal, max(1, chosen.steps))[:, None], count, axis=1)
    groups = s.machine.sample(
        count, steps=chosen.steps, clamp=held, init=_begin(s, count, chosen.fresh), beta=beta
    )
    return write_groups(s, groups, out, held, f"{count} samples after {chosen.steps:,} sweeps")


def draw_stack(folder: Path, n: int, steps: int, out: Path | None, seed: int | None) -> Drawn:
    """`n` cases of a trained stack: `steps` sweeps of its last layer, then means downwards, into
    `out` (None: samples.npz in its folder).
    """
    from ..stacks.folder import open_stack

    stack, _, images = open_stack(folder)
    if seed is not None:
        for layer in stack.layers:
            layer.machine.seed = seed
    first = stack.layers[0]
    subject = Subject(first.machine, folder, images, True, {})
    groups = {first.machine.visible[0]: stack.sample(n, steps)}
    return write_groups(
        subject,
        groups,
        out,
        {},
        f"{n} samples of {stack.name} after {steps:,} sweeps of its last layer",
        states=True,
    )


def observed(
    s: Subject,
    names: Sequence[str],
    n: int,
    out: Path | None,
    chosen: Chosen,
    thin: int,
    burn_in: int,
    arviz: Path | None,
    progress: bool | None = None,
) -> Drawn:
    """The same with traces of observables, a record every `thin` sweeps after `burn_in`; a picture
    of the traces, one of correlations and the like by their number; ArviZ's file where wanted.
    """
    from ..report.profile_picture import profile_picture
    from ..report.trace_picture import trace_picture

    held = _held(s, n, chosen)
    count = len(next(iter(held.values()))) if held else n
    draws = max(1, chosen.steps // thin)
    total = burn_in + draws * thin
    if arviz is not None:
        from ..exports.arviz import require

        require(arviz)
    with progress_line(total, progress) as show:
        trace = s.machine.observe(
            *names,
            n=count,
            draws=draws,
            thin=thin,
            burn_in=burn_in,
            beta=chosen.beta,
            clamp=held,
            init=_begin(s, count, chosen.fresh),
            progress=lambda sweep: show(sweep, {}),
        )
    drawn = write_groups(s, trace.state, out, held, f"{count} samples after {total:,} sweeps")
    if not world().leads:
        return drawn
    picture = drawn.path.with_name(f"{drawn.path.stem}_traces.png")
    trace_picture(trace, picture, s.machine.model.name)
    profiles = drawn.path.with_name(f"{drawn.path.stem}_profiles.png")
    by_number = profile_picture(trace.summary(), profiles, s.machine.model.name)
    extra = [picture, profiles] if by_number else [picture]
    if arviz is not None:
        from ..exports.arviz import write

        write(trace, arviz, s.machine.model.name)
        extra.append(arviz)
    return replace(drawn, trace=trace, extra=(*drawn.extra, *extra))


def _held(s: Subject, n: int, chosen: Chosen) -> dict[str, np.ndarray]:
    """Groups that are held fixed, one case per chain.

    BmError BM805 where a given group has no value.
    """
    clamped = clamps(s.machine, chosen.clamp)
    held = clamped | read_given(
        s.machine,
        chosen.given,
        len(next(iter(clamped.values()))) if clamped else 1 if chosen.exact else n,
    )
    verify_given(s.machine, held)
    return held


def _begin(s: Subject, count: int, fresh: bool) -> dict[str, np.ndarray]:
    kept = {} if fresh else s.chains
    return {n: s.machine.program.shaped(n, x[np.arange(count) % len(x)]) for n, x in kept.items()}


def write_groups(
    s: Subject,
    groups: Mapping[str, np.ndarray],
    out: Path | None,
    held: Mapping[str, np.ndarray],
    what: str,
    states: bool = False,
) -> Drawn:
    """Groups into `out` (None: samples.npz in the folder), in the data's own units, and a picture
    if units form an image; `what` is its title. Of a machine of a table a table too.
    """
    from ..report.plots import tiles

    path = out if out is not None else s.folder / "samples.npz"
    if not world().leads:
        return Drawn(groups, path, None)
    own = {name: s.machine.preparation.outward(name, x) for name, x in groups.items()}
    table = None if s.machine.preparation.code is None else sample_table(s.machine, groups)
    if path.suffix.lower() in TABLE_ENDINGS and table is not None:
        return Drawn(own, table.write(path), None, table=table)
    path = with_ending(path, (".npz",))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, lambda beside: write_npz(beside, own))
    except OSError as error:
        raise fail("BM914", f"`{path}` cannot be written: {error.strerror}") from None
    if table is not None:
        return Drawn(own, path, None, None, (table.write(path.with_suffix(".csv")),), table)
    shown = next((name for name in s.machine.visible if name in s.images), None)
    if shown is None:
        return Drawn(own, path, None)
    picture = path.with_suffix(".png")
    lateral = s.machine.program.meets(
        shown
    )  # a conditional mean given its own neighbours says little of a lattice: show the state
    free = (
        groups[shown]
        if states or lateral or shown in held
        else s.machine.conditional(shown, **groups)
    )
    tiles(
        s.machine.preparation.outward(shown, free[:64]),
        s.images[shown],
        picture,
        f"{s.machine.model.name}: {what}",
        diverging=False,
    )
    return Drawn(own, path, picture)


def clamps(machine: Machine, clamp: Sequence[str]) -> dict[str, np.ndarray]:
    """What `--clamp` holds, by group, in the machine's units, through the gate; files are in the
    units that samples are written in.

    State numbers of one-of-K units become one-hot rows. BmError BM716, BM806, BM770 to BM774.
    """
    held = {}
    for name, x in (_clamped(text) for text in clamp):
        if name in machine.program.sizes:  # else the machine says that there is no such group
            g = machine.program.plan.group(name)
            if g.unit.states is not None and x.ndim == len(g.axes):
                x = as_one_hot(x, int(g.axes[-1]), name, "--clamp")
            x = machine.preparation.inward(name, x, tuple(int(n) for n in g.axes))
            gate.values(
                machine.program,
                name,
                x,
                "means" if machine.takes_means and name not in machine.hidden else "states",
            )
        held[name] = x
    return held


def _clamped(text: str) -> tuple[str, np.ndarray]:
    name, sign, path = text.partition("=")
    if not sign or not path:
        raise fail(
            "BM915",
            f"`--clamp {text}` is not of the form GROUP=FILE",
            help="for instance `--clamp y=labels.npy`",
        )
    return name.strip(), read_file(path)

"""Several runs side by side: a table, and a page with their curves and their samples on common
axes. What `bm compare` does.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.preparing import steps_of
from ..files import put_text
from ..language.diagnostics import BmError, fail
from ..language.version import VERSION
from ..markup.svg_bars import bars
from ..markup.svg_curves import COLOURS, legend, panels
from ..report.answers import drawn_beside, made_beside_data, points_of
from ..report.curve_groups import curve_groups, panel_of
from ..report.page import Markup, Section, element, joined, page, table
from ..report.subject import Subject
from ..runs.opening import open_run
from ..runs.run_folder import RunFolder, read_metrics
from .run_cases import Ready, ready_parts
from .run_quality import Quality, quality_of
from .runs import ListedRun, listed
from .training_data import some_whole

if TYPE_CHECKING:
    from ..inference.machine import Machine

COMPARED = 1000
MAX_NAMED = 4

DEFAULT = "default"
"""What stands for a setting that a run left as the model has it."""


@dataclass(frozen=True)
class Compared:
    """One of the runs, with what is shown of it; `name` tells it from the others."""

    name: str
    listed: ListedRun
    metrics: Sequence[Mapping[str, Any]]
    quality: Quality
    parameters: int
    subject: Subject

    @property
    def choices(self) -> dict[str, str]:
        """Model, data, arguments and settings by name."""
        found = self.listed.as_dict()
        made = {"model": str(found["model"]), "data": Path(str(found["data"] or "an array")).name}
        for kind in ("arguments", "settings"):
            made |= {n: str(x) for n, x in dict(found[kind] or {}).items()}
        return made


def compare(
    folders: Sequence[Path], likelihood: bool = False, chains: int = 1000, steps: int = 1000
) -> list[Compared]:
    """The runs as they stand. With `likelihood`, AIS is run where log Z is not exact.

    Raises BM985 for fewer than two, BM916 for a folder without a run.
    """
    if len(folders) < 2:
        raise fail("BM985", "a comparison takes two runs or more", help="`bm compare RUN RUN`")
    names = _names(folders)
    return [_one(f, n, likelihood, chains, steps) for f, n in zip(folders, names, strict=True)]


def _names(folders: Sequence[Path]) -> list[str]:
    """Folders' names with as many of those above as tell them apart."""
    parts = [Path(f).absolute().parts for f in folders]
    for count in range(1, max(map(len, parts)) + 1):
        names = ["/".join(p[-count:]) for p in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{'/'.join(p[-1:])} ({k + 1})" for k, p in enumerate(parts)]


def _one(folder: Path, name: str, likelihood: bool, chains: int, steps: int) -> Compared:
    run, metrics = open_run(folder), read_metrics(folder)
    parts: list[Ready] = []
    try:
        parts = ready_parts(folder, None, None, reading="sampled")[1]
    except BmError:
        pass  # the data are not at hand: what the monitors said has to do
    quality = quality_of(run.machine, folder, parts, metrics, likelihood, chains, steps)
    cases = some_whole(parts[0].data, COMPARED) if parts else {}
    kept = RunFolder(folder, {}).chains()
    rows = parts[0].data if parts else {}
    subject = Subject(run.machine, run.images, metrics, kept, cases, rows)
    count = sum(x.size for x in run.machine.params.values())
    return Compared(name, listed(folder), metrics, quality, count, subject)


def rows(runs: Sequence[Compared]) -> list[tuple[str, ...]]:
    """A column a run: likelihood with its error and how it was found, baselines, figures, size,
    time, health, and every choice in which they differ.
    """
    out: list[tuple[str, ...]] = [("", *(r.name for r in runs))]

    def add(name: str, cells: Sequence[str]) -> None:
        if any(cells):
            out.append((name, *cells))

    add("log-likelihood", [r.quality.shown or "not measured" for r in runs])
    add("  of", [r.quality.part for r in runs])
    add("  found", [r.quality.how for r in runs])
    for name in dict.fromkeys(n for r in runs for n in r.quality.baselines):
        add(f"  of {name}", [_number(r.quality.baselines.get(name), 2) for r in runs])
    for name in ("reconstruction_error", "validation"):
        last = [r.listed.last.get(name) for r in runs]
        add(name.replace("_", " "), [_number(x, 5) for x in last])
    add("parameters", [f"{r.parameters:,}" for r in runs])
    add("epochs", [f"{r.listed.last.get('epoch', 0):,}" for r in runs])
    add("updates", [f"{r.listed.last.get('update', 0):,}" for r in runs])
    add("time", [f"{r.listed.last.get('seconds', 0):.1f} s" for r in runs])
    add("health", [r.listed.state for r in runs])
    add("tags", [" ".join(r.listed.tags) for r in runs])
    chosen = [r.choices for r in runs]
    for name in dict.fromkeys(n for c in chosen for n in c):
        cells = [c.get(name, DEFAULT) for c in chosen]
        if len(set(cells)) > 1 and name not in ("epochs", "updates"):
            add(name, cells)
    return out


def _number(value: float | None, digits: int) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if digits == 2 else f"{value:.{digits}g}"


def notes(runs: Sequence[Compared]) -> list[str]:
    """Why likelihoods of these runs are not of the same thing, if they are not: columns or groups
    that some lack, or that have other units or transforms.
    """
    each = [_measured(r.subject.machine) for r in runs]
    unlike = [
        n for n in dict.fromkeys(n for m in each for n in m) if len({m.get(n) for m in each}) > 1
    ]
    if not unlike:
        return []
    shown = ", ".join(f"`{n}`" for n in unlike[:MAX_NAMED]) + (
        ", ..." if len(unlike) > MAX_NAMED else ""
    )
    return [
        f"not the same data: {shown} (not in all runs, or with other units or transforms); their"
        " log-likelihoods cannot be held against one another"
    ]


def _measured(machine: Machine) -> dict[str, Any]:
    """Column or group → what a probability of it is of: its units and transforms."""
    code = machine.preparation.code
    made: dict[str, Any] = {}
    for g in machine.model.groups:
        if g.role == "visible":
            of = (g.unit, g.options, repr(steps_of(machine.model, g.name)))
            columns = (
                [c.column for c in code.groups[g.name]] if code and g.name in code.groups else []
            )
            made |= dict.fromkeys(columns, of) if columns else {g.name: (*of, g.axes)}
    return made


def as_dict(runs: Sequence[Compared]) -> list[dict[str, Any]]:
    """For `--json`."""
    return [
        {
            "name": r.name,
            **r.listed.as_dict(),
            "parameters": r.parameters,
            "log_likelihood": r.quality.value,
            "std_error": r.quality.error,
            "part": r.quality.part,
            "found": r.quality.how,
            "baselines": dict(r.quality.baselines),
        }
        for r in runs
    ]


def write_comparison(runs: Sequence[Compared], path: Path) -> Path:
    """The page: table, likelihoods as bars, curves on common axes, samples of each."""
    colours = {r.name: COLOURS[k % len(COLOURS)] for k, r in enumerate(runs)}
    known = {r.name: (r.quality.value, r.quality.error) for r in runs}
    shown = {n: (x, e) for n, (x, e) in known.items() if x is not None}
    told = [element("p", x) for x in notes(runs)]
    sections = [Section("Table", joined(table(rows(runs)), *told))]
    if shown:
        drawn = bars(shown, "log-likelihood in nats a case")
        sections.append(Section("How good is each?", Markup(drawn)))
    sections.append(Section("Curves", _curves(runs, colours)))
    points = {r.name: p for r in runs if (p := points_of(r.subject)) is not None}
    with tempfile.TemporaryDirectory() as place:
        made: list[Markup] = []
        for k, r in enumerate(runs):
            if r.name in points:
                continue
            own = Path(place) / str(k)
            own.mkdir()
            said, picture = made_beside_data(r.subject, own)
            made += [element("h3", r.name), element("p", said), picture] if said else []
    if points:
        said_of = (element("p", element("b", n), f": {p.said}") for n, p in points.items())
        made += [Markup(legend(list(points), colours)), drawn_beside(points, colours), *said_of]
    if made:
        sections.append(Section("What does each make?", joined(*made)))
    subtitle = f"{len(runs)} runs; bmdsl {VERSION}, {datetime.date.today():%d %B %Y}"
    title = " beside ".join(r.name for r in runs)
    path.parent.mkdir(parents=True, exist_ok=True)
    return put_text(path, page(title, subtitle, sections))


def _curves(runs: Sequence[Compared], colours: Mapping[str, str]) -> Markup:
    metrics = {r.name: r.metrics for r in runs}
    made = list[Markup]()
    for group in curve_groups(metrics):
        drawn = [panel_of(p.title.replace(" ", "_"), metrics, colours) or p for p in group.panels]
        made.append(element("div", element("h3", group.title), Markup(panels(drawn))))
    signs = Markup(legend(list(colours), colours))
    return joined(signs, element("div", *made, class_="curves"))

"""A run told in one HTML file: is it well, how good is it, what does it make, and what the model
means.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files import put_text
from ..language.diagnostics import BmError
from ..language.version import VERSION
from ..markup.svg_bars import bars
from ..markup.svg_curves import Panel, panels
from ..registry import discover
from ..report.answers import made_beside_data
from ..report.curve_groups import BETTER_HIGH, CurveGroup, curve_groups, figure_names
from ..report.page import (
    Markup,
    Section,
    drawing,
    element,
    joined,
    legible,
    model_text,
    page,
    prose,
    table,
    text,
    verdict,
)
from ..report.page import facts as page_facts
from ..report.run_pictures import write_pictures
from ..report.subject import Subject
from ..report.table_columns import Pair
from ..runs.run_folder import RunFolder, read_facts, read_metrics
from ..training.validation import score_name
from .run_cases import Ready, ready_parts
from .run_quality import Quality, quality_of
from .training_data import some_whole

COLUMNS = ("first epoch", "last epoch", "best")


def write_report(
    folder: Path, out: Path | None, likelihood: bool = False, chains: int = 1000, steps: int = 1000
) -> Path:
    """`report.html` in the run's folder, or `out`. With `likelihood`, AIS is run.

    The first screen answers three questions: is the training well, how good is the model, what does
    it make. BmError BM916 where the folder holds no run.
    """
    from ..runs.opening import open_run

    run = open_run(folder)
    metrics = read_metrics(folder)
    facts = read_facts(folder)
    parts: list[Ready] = []
    try:
        parts = ready_parts(folder, None, None, reading="sampled")[1]
    except BmError:
        pass  # trained on an array, or the data have gone: the report does without them
    quality = quality_of(run.machine, folder, parts, metrics, likelihood, chains, steps)
    subject = _subject(run, parts, metrics, folder)
    groups = curve_groups(metrics)
    validation = score_name(run.machine, run.machine.model.training)
    with tempfile.TemporaryDirectory() as place:
        sections = [
            Section(
                "Is the training going well?", _health(metrics, groups, validation), answer=True
            ),
            Section(
                "How good is the model?",
                quality_answer(run.model.name, folder, quality, groups),
                answer=True,
            ),
            *_made(subject, Path(place)),
            Section("Curves", _curves(groups)),
            Section("Figures", _figures(quality, metrics)),
            *_pairs(subject),
            *_pictures(subject, Path(place)),
            *_model(run, Path(place)),
            Section("Run", page_facts(run_facts(facts))),
        ]
    path = out or folder / "report.html"
    return put_text(
        path, page(f"{run.model.name}: {folder.name}", _subtitle(run, facts, metrics), sections)
    )


def run_facts(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What run.json says, in lines; the metadata of the machine are shown elsewhere."""
    rows: list[tuple[str, str]] = []
    for name, value in facts.items():
        if name == "metadata" or value in (None, "", [], {}):
            continue
        if name == "made":
            rows += run_facts(value)
        elif isinstance(value, Mapping):
            rows.append((name, ", ".join(f"{k} {v}" for k, v in value.items() if v)))
        elif isinstance(value, list):
            rows.append((name, " ".join(map(str, value))))
        else:
            shown = f"{value:.6g}" if isinstance(value, float) else str(value)
            rows.append((name.replace("_", " "), shown))
    return rows


def _subtitle(run: Any, facts: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]]) -> str:
    data = Path(run.data).name if run.data else "an array"
    written = f"bmdsl {VERSION}, {datetime.date.today():%d %B %Y}"
    if not metrics:
        return f"trained on {data}; no epoch was finished; {written}"
    return (
        f"{facts.get('cases', '?'):,} cases of {data}; {metrics[-1]['epoch']} epochs,"
        f" {metrics[-1]['update']:,} updates, {metrics[-1]['seconds']:.0f} s; {written}"
    )


def _health(
    metrics: Sequence[Mapping[str, Any]], groups: Sequence[CurveGroup], validation: str
) -> str:
    """The monitors' verdict, and the curve that says most, with what it is."""
    if not metrics:
        return element("p", "No epoch was finished.")
    line = next((str(m["health"]) for m in reversed(metrics) if m.get("health")), "")
    said = dict.fromkeys(
        str(m["health"]) for m in metrics if m.get("health") not in (None, "", "healthy")
    )
    earlier = [x for x in said if x != line]
    told = f"Said in earlier epochs: {'; '.join(earlier[:5])}"
    return joined(
        verdict(line or "no monitor looked", line == "healthy"),
        element("p", prose(told), class_="quiet") if earlier else "",
        *(element("p", _meaning(p.title, validation)) for p in _first(groups, TELLING)),
        Markup(panels(_first(groups, TELLING))),
    )


def _meaning(title: str, validation: str) -> str:
    """What a curve shows, and which way is better."""
    if title == "validation":
        return f"Below, {validation} of the cases that are held out: less is better."
    return f"Below, {MEANINGS[title]}."


def _first(groups: Sequence[CurveGroup], titles: Sequence[str]) -> list[Panel]:
    """The panel of the first of these titles that was drawn."""
    drawn = {p.title: p for g in groups for p in g.panels}
    return [drawn[title] for title in titles if title in drawn][:1]


TELLING = (
    "log likelihood",
    "bound",
    "validation",
    "reconstruction error",
    "pseudo likelihood",
    "gradient norm",
)
"""Figures whose course says most of a training, in this order."""
MEANINGS = {
    "log likelihood": "log P(v) of a case in nats: more is better",
    "bound": "a lower bound on log P(v) of a case in nats: more is better",
    "reconstruction error": "how far cases are from what their hidden units make of them: less is"
    " better, though not every better model has less",
    "pseudo likelihood": "log P of one unit given all others, in nats: more is better",
    "gradient norm": "the length of the gradient, which falls as the training settles",
}
"""What they are, but for `validation`, and which way is better."""
INSTEAD = {
    "pseudo likelihood": "log P of one unit given all others",
    "validation": "the score of the cases that are held out, where less is better",
}
"""Figures that stand in for a likelihood that was not measured, and what they are."""


def quality_answer(name: str, folder: Path, quality: Quality, groups: Sequence[CurveGroup]) -> str:
    """One sentence, and bars of the model and of the baselines, or the curve that comes nearest."""
    doubt = getattr(getattr(quality.told, "estimate", None), "doubt", "")
    sentence = element("p", prose(quality.sentence(str(folder))))
    body = joined(sentence, verdict(doubt, False) if doubt else "")
    if quality.value is None:
        near = _first(groups, tuple(INSTEAD))
        said = (f"Until then, the {p.title}: {INSTEAD[p.title]}." for p in near)
        return joined(body, *(element("p", x) for x in said), Markup(panels(near)))
    values: dict[str, tuple[float, float | None]] = {name: (quality.value, quality.error)}
    values |= {n: (x, None) for n, x in quality.baselines.items()}
    return joined(body, Markup(bars(values, "log-likelihood in nats a case")))


def _made(subject: Subject, place: Path) -> list[Section]:
    said, drawn = made_beside_data(subject, place)
    if not drawn:
        return []
    return [Section("What does it make?", joined(element("p", prose(said)), drawn), answer=True)]


def _curves(groups: Sequence[CurveGroup]) -> str:
    if not groups:
        return element("p", "No figure changed over the epochs.")
    drawn = (element("div", element("h3", g.title), Markup(panels(g.panels))) for g in groups)
    return element("div", *drawn, class_="curves")


def _figures(quality: Quality, metrics: Sequence[Mapping[str, Any]]) -> str:
    """Figures of every part of the data, then first, last and best of every figure of training."""
    body = element("p", "The data that the run was trained on are not at hand.")
    if quality.figures:
        rows = [("", *(f.part for f in quality.figures))]
        tables = [f.rows() for f in quality.figures]
        rows += [(row[0], *(t[k][1] for t in tables)) for k, row in enumerate(tables[0])]
        body = table(rows)
    if quality.told is not None:
        notes = (element("p", prose(note)) for note in quality.told.notes())
        body = joined(body, table(quality.told.rows()), *notes)
    rows = [("", *COLUMNS)]
    for name in figure_names(metrics):
        values = [float(m[name]) for m in metrics if name in m]
        best = max(values) if name in BETTER_HIGH else min(values)
        rows.append(
            (
                name.replace("_", " "),
                f"{values[0]:.4g}",
                f"{values[-1]:.4g}",
                f"{best:.4g}" if name in BETTER else "",
            )
        )
    words = {n: m.WORD.summary for n, m in discover("bmdsl.training.monitors").items()}
    legend = (element("li", element("b", n.replace("_", " ")), f": {s}") for n, s in words.items())
    return joined(body, table(rows), element("ul", *legend, class_="quiet"))


BETTER = (*BETTER_HIGH, "reconstruction_error", "validation")
"""Figures that have a best value."""


def _subject(
    run: Any, parts: Sequence[Ready], metrics: Sequence[Mapping[str, Any]], folder: Path
) -> Subject:
    cases = some_whole(parts[0].data, COMPARED) if parts else {}
    rows = parts[0].data if parts else {}
    return Subject(run.machine, run.images, metrics, RunFolder(folder, {}).chains(), cases, rows)


COMPARED = 1000
"""Cases that samples stand beside."""


def _pairs(subject: Subject) -> list[Section]:
    """The columns of a table that go together most, and those that samples have otherwise."""
    found = subject.associations
    pairs = [] if found is None else found.pairs()
    if not pairs:
        return []
    apart = sorted(pairs, key=lambda p: -abs(p.data - p.samples))[:FARTHEST]
    body = element("p", "Correlations of pairs of columns, the strongest of the data first.")
    body = joined(body, table(_pair_rows(pairs[:STRONGEST])))
    body = joined(body, element("p", "Where samples are farthest from the data:"))
    return [Section("What goes together?", joined(body, table(_pair_rows(apart))))]


def _pair_rows(pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    return [
        ("", "data", "samples", "rows"),
        *(
            (f"{p.first}, {p.second}", f"{p.data:+z.2f}", f"{p.samples:+z.2f}", f"{p.rows:,}")
            for p in pairs
        ),
    ]


STRONGEST, FARTHEST = 10, 5
"""Pairs of columns that the report names."""


def _pictures(subject: Subject, place: Path) -> list[Section]:
    """All but the curves, which the report draws itself."""
    captions = {n: m.WORD.summary for n, m in discover("bmdsl.report.pictures").items()}
    drawn = [
        (p, captions.get(p.stem.split("_")[0], p.stem)) for p in write_pictures(subject, place)
    ]
    body = joined(*(legible(p, f"{p.name}: {c}") for p, c in drawn if p.name != "curves.png"))
    return [Section("Pictures", body)] if body else []


def _model(run: Any, place: Path) -> list[Section]:
    from ..report import derivation, model_facts
    from ..report.graph_picture import draw_graph

    draw_graph(run.machine.model, place / "graph.svg")
    plan = run.model.plan
    given = ", ".join(f"{k} = {v:g}" for k, v in run.model.arguments.items())
    settings = ", ".join(f"{k} = {v}" for k, v in run.model.settings.items())
    heads = [(k, v) for k, v in (("arguments", given), ("settings", settings)) if v]
    return [
        Section("Model", joined(model_text(run.model.source.text), table(heads) if heads else "")),
        Section("Factor graph", drawing(place / "graph.svg")),
        Section(
            "What follows from the energy",
            joined(text(derivation.as_text(plan)), text(model_facts.as_text(plan))),
        ),
    ]

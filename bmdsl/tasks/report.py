"""A run told in one HTML file: is it well, how good is it, what has it learnt, and what the model
means.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files import put_text
from ..inference.figures import figures
from ..language.diagnostics import BmError
from ..registry import discover
from ..report.page import Section, drawing, element, joined, page, picture, table, text, verdict
from ..runs.run_folder import read_facts, read_metrics
from .run_cases import Ready, ready_parts

COLUMNS = ("first epoch", "last epoch", "best")


def write_report(
    folder: Path, out: Path | None, likelihood: bool = False, chains: int = 1000, steps: int = 1000
) -> Path:
    """`report.html` in the run's folder, or `out`. With `likelihood`, AIS is run.

    BmError BM916 where the folder holds no run.
    """
    from ..runs.opening import open_run

    run = open_run(folder)
    metrics = read_metrics(folder)
    facts = read_facts(folder)
    parts: list[Ready] = []
    try:
        parts = ready_parts(folder, None, None)[1]
    except BmError:
        pass  # trained on an array, or the data have gone: the report does without them
    sections = [
        Section("Is it well?", _health(metrics)),
        Section("Figures", _figures(run.machine, parts, folder, likelihood, chains, steps)),
    ]
    with tempfile.TemporaryDirectory() as place:
        sections += _pictures(run, parts, metrics, folder, Path(place))
        sections += _model(run, Path(place))
    sections.append(
        Section(
            "Run",
            table([(k, str(v)) for k, v in facts.items() if k != "metadata" and v is not None]),
        )
    )
    path = out or folder / "report.html"
    return put_text(
        path, page(f"{run.model.name}: {folder.name}", _subtitle(run, facts, metrics), sections)
    )


def _subtitle(run: Any, facts: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]]) -> str:
    data = run.data or "an array"
    if not metrics:
        return f"trained on {data}; no epoch was finished"
    return (
        f"{facts.get('cases', '?'):,} cases of {data}; {metrics[-1]['epoch']} epochs,"
        f" {metrics[-1]['update']:,} updates, {metrics[-1]['seconds']:.0f} s"
    )


def _health(metrics: Sequence[Mapping[str, Any]]) -> str:
    if not metrics:
        return element("p", "No epoch was finished.")
    line = str(metrics[-1].get("health", ""))
    said = dict.fromkeys(
        str(m["health"]) for m in metrics if m.get("health") not in (None, "", "healthy")
    )
    names = dict.fromkeys(
        n
        for m in metrics
        for n, x in m.items()
        if isinstance(x, int | float) and n not in ("epoch", "update", "seconds")
    )
    rows: list[tuple[str, ...]] = [("", *COLUMNS)]
    for name in names:
        values = [float(m[name]) for m in metrics if name in m]
        best = (
            max(values) if name in ("log_likelihood", "bound", "pseudo_likelihood") else min(values)
        )
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
    earlier = [x for x in said if x != line]
    told = f"Said in earlier epochs: {'; '.join(earlier[:5])}"
    return joined(
        verdict(line or "no monitor looked", line == "healthy"),
        element("p", told, class_="quiet") if earlier else "",
        table(rows),
        element("ul", *legend, class_="quiet"),
    )


BETTER = ("log_likelihood", "bound", "pseudo_likelihood", "reconstruction_error", "validation")
"""Figures that have a best value."""


def _figures(
    machine: Any, parts: Sequence[Ready], folder: Path, likelihood: bool, chains: int, steps: int
) -> str:
    if not parts:
        return element("p", "The data that the run was trained on are not at hand.")
    found = [figures(machine, p.data, p.name, p.weights) for p in parts]
    rows = [("", *(f.part for f in found))]
    tables = [f.rows() for f in found]
    rows += [(row[0], *(t[k][1] for t in tables)) for k, row in enumerate(tables[0])]
    body = table(rows)
    if likelihood:
        from .eval import of_run

        told = of_run(folder, None, None, chains, steps)
        body = joined(body, table(told.rows()), *(element("p", note) for note in told.notes()))
    return body


def _pictures(
    run: Any,
    parts: Sequence[Ready],
    metrics: Sequence[Mapping[str, Any]],
    folder: Path,
    place: Path,
) -> list[Section]:
    from ..report.run_pictures import write_pictures
    from ..report.subject import Subject
    from ..runs.run_folder import RunFolder
    from .train import PICTURED, some_whole

    cases = some_whole(parts[0].data, PICTURED) if parts else {}
    rows = parts[0].data if parts else {}
    subject = Subject(run.machine, run.images, metrics, RunFolder(folder, {}).chains(), cases, rows)
    captions = {n: m.WORD.summary for n, m in discover("bmdsl.report.pictures").items()}
    drawn = [
        (p, captions.get(p.stem.split("_")[0], p.stem)) for p in write_pictures(subject, place)
    ]
    body = joined(*(picture(p, f"{p.name}: {caption}") for p, caption in drawn))
    return [Section("Pictures", body)] if drawn else []


def _model(run: Any, place: Path) -> list[Section]:
    from ..report import derivation, model_facts
    from ..report.graph_picture import draw_graph

    draw_graph(run.machine.model, place / "graph.svg")
    plan = run.model.plan
    given = ", ".join(f"{k} = {v:g}" for k, v in run.model.arguments.items())
    settings = ", ".join(f"{k} = {v}" for k, v in run.model.settings.items())
    heads = [(k, v) for k, v in (("arguments", given), ("settings", settings)) if v]
    return [
        Section("Model", joined(text(run.model.source.text), table(heads) if heads else "")),
        Section("Factor graph", drawing(place / "graph.svg")),
        Section(
            "What follows from the energy",
            joined(text(derivation.as_text(plan)), text(model_facts.as_text(plan))),
        ),
    ]

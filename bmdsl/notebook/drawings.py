"""Pictures of models and runs as pieces of HTML."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..language.model import Model
from ..markup.fragments import image, on_paper
from ..training.outcome import Run


def graph_drawing(model: Model) -> str:
    """The factor graph as inline SVG, black on white."""
    from ..report.graph_picture import draw_graph
    from ..report.page import inline_svg

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "graph.svg"
        draw_graph(model, path)
        return on_paper(inline_svg(path))


def samples_drawing(run: Run) -> str:
    """Samples as in the run's folder, or drawn now; nothing where the cases are no images."""
    written = None if run.out is None else run.out / "samples.png"
    if written is not None and written.is_file():
        return image(written.read_bytes(), "samples")
    if not run.images:
        return ""
    from ..inference.machine import Machine
    from ..report.pictures.samples import draw
    from ..report.subject import Subject

    if not isinstance(run.machine, Machine):
        return ""
    subject = Subject(run.machine, run.images, run.metrics, run.chains)
    with tempfile.TemporaryDirectory() as place:
        return "".join(image(p.read_bytes(), "samples") for p in draw(subject, Path(place)))

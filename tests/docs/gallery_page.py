"""A page of all shipped models: `python -m tests.docs.gallery_page` writes docs/gallery.md anew,
and draws the factor graphs that are missing.

A model has the picture of its reproduction, or its factor graph; its words are those of its file.
"""

from __future__ import annotations

import re
import subprocess
import sys

from .generated import DOCS, cell, page, write
from .test_code_blocks import ROOT

REPRODUCED = {
    "rbm": ("mnist", "rbm-on-mnist"),
    "imrbm": ("implicit-mixture-five", "implicit-mixtures"),
    "dbm": ("dbm-filters", "deep-boltzmann-machines"),
    "convrbm": ("multinary-colour", "multinary"),
    "pot": ("pot-filters", "product-of-experts"),
    "ising": ("ising", "ising"),
    "glass": ("max-cut", "max-cut"),
    "potts": ("proteins", "proteins"),
}
"""Model → its picture in docs/images, and its page in docs/reproductions."""


def models() -> list[str]:
    """Shipped models by name."""
    return sorted(p.stem for p in (ROOT / "models").glob("*.bm"))


def words(name: str) -> str:
    """The comment at the head of a model's file."""
    text = (ROOT / "models" / f"{name}.bm").read_text(encoding="utf-8")
    lines = re.match(r"(?:#[^\n]*\n)*", text)
    assert lines is not None
    return " ".join(line.lstrip("# ") for line in lines[0].splitlines())


def picture(name: str) -> str:
    """Its place below docs/."""
    return (
        f"images/{REPRODUCED[name][0]}.png" if name in REPRODUCED else f"images/graphs/{name}.png"
    )


def entry(name: str) -> str:
    """A picture, the model's own words, and where to go on."""
    if name in REPRODUCED:
        target = f"reproductions/{REPRODUCED[name][1]}.md"
        what, way = f"what {name} makes", f"[Figures, and the commands that made them]({target})."
    else:
        what, way, target = f"the factor graph of {name}", "", ""
    image = f"![{what}]({picture(name)})"
    return page(
        '<div markdown="1">',
        f"[{image}]({target})" if target else image,
        f"**{name}**",
        cell(words(name)).replace("\\|", "|"),
        way,
        "</div>",
    )


def pages() -> dict[str, str]:
    """The one page."""
    head = (
        "# Gallery\n\nThe models that come with the package. `bm new mine --like NAME` copies one,"
        " to be changed, `bm explain NAME` says what follows from its energy, and `bm graph NAME"
        " --out graph.svg` draws it: circles are groups of units, squares the terms of the energy."
    )
    return {
        "gallery.md": page(
            head, '<div class="gallery" markdown="1">', *map(entry, models()), "</div>"
        )
    }


def draw_missing() -> None:
    """Factor graphs of models without a picture."""
    for name in models():
        path = DOCS / picture(name)
        if not path.is_file():
            path.parent.mkdir(exist_ok=True)
            code = "import sys; from bmdsl.cli.entry import main; main()"
            command = [sys.executable, "-c", code, "graph", name, "--out", str(path)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    draw_missing()
    write(pages())

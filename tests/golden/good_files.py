"""The pinned stages of mother.bm, the model with everything in it: `python -m
tests.golden.good_files` writes them anew.
"""

from __future__ import annotations

from pathlib import Path

import bmdsl
from bmdsl.plan.plan import Plan
from bmdsl.report.derivation import as_latex, as_text

FOLDER = Path(__file__).parent / "good"
STAGES = ("tree", "model", "graph", "plan", "python")
LENGTH = 3


def mother() -> bmdsl.Model:
    """Read under a name that does not depend on where the tests lie."""
    text = (FOLDER / "mother.bm").read_text(encoding="utf-8")
    from bmdsl.language.source import Source

    return bmdsl.Model(Source(str(FOLDER / "mother.bm"), text), {"D": LENGTH}, "mother", FOLDER)


def rendered() -> dict[str, str]:
    """File name → text of every stage, of the expansion and of the derivation."""
    model = mother()
    plan: Plan = model.plan
    texts = {f"mother.{stage}.txt": model.emit(stage) for stage in STAGES}
    texts |= {
        "mother.expanded.txt": model.expand(),
        "mother.explained.txt": as_text(plan),
        "mother.latex.txt": as_latex(plan),
    }
    return {
        name: text.replace(str(FOLDER) + "/", "").rstrip() + "\n" for name, text in texts.items()
    }


if __name__ == "__main__":
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(name)

"""The schedule and the routine in docs/how-it-works.md: `python -m tests.docs.printed_texts` writes
them anew.
"""

from __future__ import annotations

import re

import bmdsl
from bmdsl.tasks.emit import emitted

from .test_code_blocks import ROOT, blocks

PAGE = ROOT / "docs" / "how-it-works.md"
FIRST = {"schedule": "update: ", "python": "# random streams"}
"""Stage → what its printed part begins with."""


def shown(stage: str) -> str:
    """The block of the page."""
    return next(x for kind, x in blocks(PAGE) if kind == "text" and x.startswith(FIRST[stage]))


def printed(stage: str) -> str:
    """What is printed of the page's model."""
    model = bmdsl.parse(next(code for kind, code in blocks(PAGE) if kind == "bm"))
    text = emitted(model, stage)
    start = re.search(rf"^{re.escape(FIRST[stage])}", text, re.M)
    assert start is not None
    return text[start.start() :].rstrip() + "\n"


if __name__ == "__main__":
    for stage in FIRST:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(page.replace(shown(stage), printed(stage)), encoding="utf-8")
        print(stage)

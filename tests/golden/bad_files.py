"""The pinned diagnostics: NAME.bm is wrong, NAME.txt is all that is said of it.

`python -m tests.golden.bad_files` writes the texts anew.
"""

from __future__ import annotations

import os
from pathlib import Path

from bmdsl.language.diagnostics import BmError
from bmdsl.model import load_all

FOLDER = Path(__file__).parent / "bad"


def names() -> list[str]:
    return sorted(p.stem for p in FOLDER.glob("*.bm"))


def said_of(name: str) -> str:
    """What `bm check NAME.bm` says in the file's folder."""
    before = os.getcwd()
    os.chdir(FOLDER)
    try:
        load_all(f"{name}.bm", None, {})
    except BmError as error:
        return str(error).replace(str(FOLDER), "FOLDER") + "\n"
    finally:
        os.chdir(before)
    return ""


if __name__ == "__main__":
    for name in names():
        (FOLDER / f"{name}.txt").write_text(said_of(name), encoding="utf-8")

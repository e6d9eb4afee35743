"""The site: every page is in its navigation, and it builds strictly where MkDocs is installed."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bmdsl
import bmdsl.sklearn

from .test_code_blocks import ROOT

DOCS = ROOT / "docs"
CONFIG = DOCS / "site" / "mkdocs.yml"


def sections() -> dict[str, set[str]]:
    """Top-level key of the configuration → pages that it names."""
    parts = re.split(r"^(\w+):", CONFIG.read_text(encoding="utf-8"), flags=re.M)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    pattern = re.compile(r"[\w./-]+\.md$", re.M)
    return {key: set(pattern.findall(text)) for key, text in found.items()}


def pages() -> set[str]:
    """Pages of docs/, notebooks as the pages that they become."""
    files = [*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")]
    return {f.relative_to(DOCS).with_suffix(".md").as_posix() for f in files}


def test_every_page_is_in_the_navigation() -> None:
    named = sections()
    left_out = {page.lstrip("/") for page in named["not_in_nav"]}
    assert named["nav"] | left_out == pages()
    assert not named["nav"] & left_out


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="needs bmdsl[docs]")
def test_the_site_builds_strictly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(CONFIG)]
    done = subprocess.run([*command, "-d", str(tmp_path / "site")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "notebooks" / "survey" / "index.html").is_file()
    language = (tmp_path / "site" / "language" / "index.html").read_text(encoding="utf-8")
    assert '<span class="kt">visible</span>' in language  # the lexer of .bm text
    ising = (tmp_path / "site" / "notebooks" / "ising" / "index.html").read_text(encoding="utf-8")
    assert "<math" in ising and "arithmatex" not in ising
    survey = (tmp_path / "site" / "notebooks" / "survey" / "index.html").read_text(encoding="utf-8")
    assert "<mtable" in survey and "<mi>&</mi>" not in survey  # aligned, no literal ampersand
    for page in (tmp_path / "site").rglob("*.html"):  # a page needs no other host
        text = page.read_text(encoding="utf-8")
        found = re.findall(r"<(?:script|img|link|iframe)\b[^>]*", text)
        assert [x for x in found if re.search(r'(?:src|href)="(?:https?:)?//', x)] == [], page


def test_the_reference_names_what_exists_and_all_that_is_public() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in (DOCS / "api").glob("*.md"))
    for name in re.findall(r"^::: (\S+)$", text, re.M):
        pkgutil.resolve_name(name)
    public = [f"bmdsl.{n}" for n in bmdsl.__all__ if n != "__version__"]
    assert [n for n in public if n not in text] == []
    assert [n for n in bmdsl.sklearn.__all__ if f".{n}\n" not in text] == []


def test_the_reference_of_machines_has_what_the_page_on_python_shows() -> None:
    shown = re.findall(r"\| `machine\.(\w+)", (DOCS / "python.md").read_text(encoding="utf-8"))
    listed = re.findall(r"^        - (\w+)$", (DOCS / "api" / "machine.md").read_text(), re.M)
    assert set(shown) <= set(listed)
    assert [n for n in listed if n not in ("source", "preparation")] == [
        n for n in listed if hasattr(bmdsl.Machine, n)
    ]

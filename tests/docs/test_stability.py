"""Every name of the API reference has one mark in docs/api/stability.md, and no other name has."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

from bmdsl.language.version import VERSION

from .test_code_blocks import ROOT


def site_tool() -> ModuleType:
    """docs/site is no package."""
    path = ROOT / "docs" / "site" / "stability.py"
    spec = importlib.util.spec_from_file_location("stability", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_name_of_the_reference_has_a_mark_and_no_other() -> None:
    tool = site_tool()
    marks, listed = tool.marks(), tool.listed()
    entries = {n for n in listed if n.rpartition(".")[0] not in listed}
    assert sorted(entries - set(marks)) == [], "without a mark"
    assert sorted(set(marks) - set(listed)) == [], "marked, and not in the reference"
    assert {m.word for m in marks.values()} == {"stable", "provisional"}
    assert {m.since for m in marks.values()} <= versions()
    assert set(tool.by_path()) == {listed[name] for name in marks}


def versions() -> set[str]:
    """Those that the changes have a heading for; this one is among them."""
    text = (ROOT / "docs" / "changelog.md").read_text(encoding="utf-8")
    found = set(re.findall(r"^## (\d+\.\d+)", text, re.M))
    assert VERSION.rpartition(".")[0] in found
    return found

"""Every code block of README.md and docs/ runs as written: Python, shell lines that start with
`bm`, and models.

The blocks of a page share a folder and a namespace, in order. A bm block whose first line is `#
NAME.bm`, and a python block whose first line is `# NAME.py`, is saved under that name. `text`
blocks are output. A shell block after `<!-- not run: reason -->` is left out. Tables in a folder of
the page's name are there.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bmdsl import registry, units
from bmdsl.model import load_all
from tests.cli.command import Bm

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LEFT_OUT = ("python3 -m venv", ". .venv", "pip ", "python -m pytest")
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]+) -->\n)?^```(?P<kind>\w*)\n(?P<code>.*?)^```$", re.M | re.S
)


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    for m in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if not m["why"]:
            yield m["kind"], m["code"]


def saved(code: str, suffix: str) -> str | None:
    found = re.match(rf"# (\S+\.{suffix})\n", code)
    return found[1] if found else None


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_code_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bm = Bm(tmp_path, monkeypatch, capsys)
    beside = page.with_suffix("")
    if beside.is_dir() and any(beside.glob("*.csv")):
        shutil.copytree(beside, tmp_path, dirs_exist_ok=True)
    units.names()  # the built-in types are found first
    monkeypatch.setattr(units, "_registry", dict(units._registry))
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.syspath_prepend(str(tmp_path))  # a page's files, not those of the page before
    space: dict[str, object] = {}
    for kind, code in blocks(page):
        if kind == "python":
            name = saved(code, "py")
            if name:
                (tmp_path / name).write_text(code, encoding="utf-8")
            else:
                exec(compile(code, str(page), "exec"), space)
        elif kind == "sh":
            for line in code.splitlines():
                words = shlex.split(line, comments=True)
                if words and not line.startswith(LEFT_OUT):
                    assert words[0] == "bm", line
                    done = bm(*words[1:])
                    assert done.returncode == 0, f"{line}\n{done.stderr}"
        elif kind == "bm":
            file = tmp_path / (saved(code, "bm") or "block.bm")
            file.write_text(code, encoding="utf-8")
            assert load_all(str(file), None, {})
        else:
            assert kind in ("text", "latex", "toml"), f"a block of kind `{kind}` in {page.name}"


def test_images_of_the_pages_exist():
    for page in PAGES:
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_links_of_the_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(
            r"(?<!!)\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")
        ):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_there_is_a_page_for_every_built_in_unit_type():
    built_in = [n for n in units.names() if units.get(n).__module__.startswith("bmdsl.units.")]
    assert [n for n in built_in if not (ROOT / "docs" / "units" / f"{n}.md").is_file()] == []

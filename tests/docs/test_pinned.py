"""The versions that `.ci/versions` takes are those that the package names as its oldest."""

from __future__ import annotations

import re
import tomllib

from .test_code_blocks import ROOT


def test_the_oldest_versions_are_those_that_are_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [
        *project["dependencies"],
        *(x for name in ("test", "dask", "mpi") for x in extras[name]),
    ]
    text = (ROOT / ".ci" / "constraints" / "oldest.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.M))
    for wanted in asked:
        name, least = re.fullmatch(r"([\w.-]+)>=([\d.]+)(?:,.*)?", wanted).groups()  # type: ignore[union-attr]
        assert re.match(rf"{re.escape(least)}(\.|$)", pinned[name]), f"{wanted}: {pinned[name]}"
    assert len(asked) > 20

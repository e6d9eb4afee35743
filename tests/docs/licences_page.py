"""The licences of what the package needs: `python -m tests.docs.licences_page` writes
docs/licences.md anew, from the metadata of what is installed.

A package that is not installed keeps the row that it has.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib import metadata

from packaging.requirements import Requirement

from .generated import DOCS, page, table, write
from .test_code_blocks import ROOT

PAGE = "licences.md"
ROW = re.compile(r"^\| (\S+) \| (.+?) \| (.+?) \|$", re.M)
CLASSIFIER = "License :: OSI Approved :: "
NAMES = {
    "MIT License": "MIT",
    "BSD License": "BSD",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Python Software Foundation License": "PSF",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
}
"""What metadata call a licence → one name of it."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def extras() -> dict[str, list[Requirement]]:
    """Extra → what it asks for by itself; `` for a plain installation."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {"": project["dependencies"], **project["optional-dependencies"]}
    return {extra: [Requirement(x) for x in wanted] for extra, wanted in asked.items()}


def licence(name: str) -> str | None:
    """Of an installed package, by one name; None if it is not installed or does not say."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    found = told.get("License-Expression") or ""
    if not found:
        classes = told.get_all("Classifier") or []
        found = (
            " or ".join(x.removeprefix(CLASSIFIER) for x in classes if x.startswith(CLASSIFIER))
            or (told.get("License") or "").strip().partition("\n")[0]
        )
    return NAMES.get(found, found) or None


def needed(wanted: Iterable[Requirement]) -> set[str]:
    """Packages that these bring, with all that those bring, as far as they are installed."""
    found: set[str] = set()
    waiting = [r.name for r in wanted]
    while waiting:
        name = canonical(waiting.pop())
        if name in found:
            continue
        found.add(name)
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for text in requires:
            r = Requirement(text)
            if r.marker is None or r.marker.evaluate({"extra": ""}):
                waiting.append(r.name)
    return found


def brought() -> dict[str, str]:
    """Package → what brings it: every one of a plain installation, those that an extra names."""
    out: dict[str, list[str]] = {}
    for extra, wanted in extras().items():
        names = needed(wanted) if not extra else {canonical(r.name) for r in wanted}
        for name in names:
            out.setdefault(name, []).append(f"`{extra}`" if extra else "always")
    return {n: "always" if "always" in by else ", ".join(by) for n, by in sorted(out.items())}


def rows() -> dict[str, tuple[str, str]]:
    """Package → licence and what brings it, as the page has them."""
    found = (
        ROW.findall((DOCS / PAGE).read_text(encoding="utf-8")) if (DOCS / PAGE).is_file() else []
    )
    return {name: (lic, by) for name, lic, by in found if name not in ("package", "---")}


def pages() -> dict[str, str]:
    """The one page. Raises ValueError for a package of which nothing is known."""
    before, lines = rows(), []
    for name, by in brought().items():
        told = licence(name) or before.get(name, ("", ""))[0]
        if not told:
            raise ValueError(f"`{name}` is not installed, or says no licence")
        lines.append((name, told, by))
    head = (
        "# Licences\n\nbmdsl is under the MIT licence. What a plain installation brings, and what"
        " [each extra](contributing.md) asks for, is under these; a wheel of bmdsl holds none of"
        " it."
    )
    return {PAGE: page(head, table(("package", "licence", "brought by"), lines))}


if __name__ == "__main__":
    write(pages())

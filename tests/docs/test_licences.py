"""docs/licences.md names the licence of every package that is asked for, as installed metadata have
it.
"""

from __future__ import annotations

import re
from importlib import metadata

from . import licences_page as licences
from .test_code_blocks import ROOT


def test_every_package_that_is_asked_for_has_its_licence() -> None:
    rows = licences.rows()
    asked = {licences.canonical(r.name) for wanted in licences.extras().values() for r in wanted}
    assert sorted(asked - set(rows)) == []
    assert {by for _, by in rows.values() if by != "always"} == {
        by for n, by in licences.brought().items() if n in rows and by != "always"
    }


def test_licences_are_those_of_the_pinned_versions() -> None:
    """What is installed in another version may have another licence."""
    lock = (ROOT / ".ci" / "lock.txt").read_text(encoding="utf-8")
    versions = re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.M)
    names = [name for name, _ in versions]  # of several versions each is another Python's
    pinned = {(name, version) for name, version in versions if names.count(name) == 1}
    compared = 0
    for name, (licence, _) in licences.rows().items():
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        if (name, version) in pinned:
            assert licences.licence(name) == licence, name
            compared += 1
    assert compared > 10 or not pinned

"""A large library is imported when something of it is first used."""

from __future__ import annotations

import sys

import pytest

from bmdsl.language.late import Late


def test_a_library_is_imported_when_something_of_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    library = Late("colorsys")
    assert "colorsys" not in sys.modules
    assert library.rgb_to_hsv(0, 0, 1)[2] == 1
    assert sys.modules["colorsys"].rgb_to_hsv is library.rgb_to_hsv
    with pytest.raises(AttributeError, match="nothing"):
        library.nothing  # noqa: B018  # asked for

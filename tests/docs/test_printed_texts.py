"""The schedule and the routine that docs/how-it-works.md shows are what is printed."""

from __future__ import annotations

import pytest

from .printed_texts import FIRST, printed, shown


@pytest.mark.parametrize("stage", FIRST)
def test_a_printed_stage_is_as_the_page_shows_it(stage: str) -> None:
    assert printed(stage) == shown(stage)

"""What the page on data larger than memory prints of its shards is what is printed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bmdsl.data.load import load
from bmdsl.data.streams.describing import describe_shards

from .test_code_blocks import ROOT, blocks


def test_the_described_shards_are_those_of_the_page(tmp_path: Path) -> None:
    place = tmp_path / "shards"
    place.mkdir()
    for k, part in enumerate(np.array_split(load("digits").values, 4)):
        np.save(place / f"part-{k}.npy", part)
    found = describe_shards(str(place))
    shown = "\n".join([found.head(), "", *found.lines()]) + "\n"
    assert shown in [code for _, code in blocks(ROOT / "docs" / "large-data.md")]

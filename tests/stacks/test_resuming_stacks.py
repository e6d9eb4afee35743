"""A stack that was killed goes on between its layers and inside one, whether they are trained one
after another or all at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bmdsl
from bmdsl.training import keeping, loop
from tests.cli.command import Bm
from tests.reliability.runs import STACK, Kind, differences, ending


class Killed(BaseException):
    """An end that nothing catches."""


@pytest.mark.parametrize(
    ("block", "calls"),
    [("", 4), ("train { greedily jointly  epochs 2  batch 100  monitor 1 }", 3)],
    ids=["greedy", "joint too"],
)
def test_a_killed_stack_ends_as_the_whole_one(
    block: str, calls: int, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    Kind("stack", STACK.replace("TRAIN", block)).write(tmp_path, 6)
    text = (tmp_path / "m.bm").read_text().replace("batch 20", "batch 100")
    (tmp_path / "m.bm").write_text(text)
    bm = Bm(tmp_path, monkeypatch, capsys)
    monkeypatch.setattr("bmdsl.report.run_pictures.write_pictures", lambda *_: ())
    monkeypatch.setattr(keeping, "MIN_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(keeping, "MIN_TIMES_THEIR_COST", 0)
    call, left = loop._Loop._call, [calls]

    def some(*given: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return call(*given)

    monkeypatch.setattr(loop._Loop, "_count_of_call", lambda self, *_: min(2, self.total))
    assert bm("train", "m.bm", "x.npy", "--out", "whole").returncode == 0
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(loop._Loop, "_call", some)
        bm("train", "m.bm", "x.npy", "--out", "part")
    with pytest.raises(bmdsl.BmError, match="BM916.*not trained to its end(.|\n)*bm resume"):
        bmdsl.open_stack("part")
    assert "BM839" in bm("resume", "part/front").stderr
    assert "BM840" in bm("resume", "part", "--set", "train.epochs=9").stderr
    done = bm("resume", "part")
    assert done.returncode == 0 and "back:" in done.stdout, done.stderr
    assert differences(ending(tmp_path / "whole"), ending(tmp_path / "part")) == []
    assert "before" in bm("resume", "part").stdout
    assert bmdsl.load_stack("m.bm").train(out="part", resume=True).layers[0].name == "front"
    (tmp_path / "m.bm").write_text(text.replace("- c[j]", "+ c[j]"))
    with pytest.raises(bmdsl.BmError, match="BM832"):
        bmdsl.load_stack("m.bm").train(out="part", resume=True)

"""A few inputs of each target that the fuzzers go on from, and files of runs that are damaged and
sealed again.
"""

from __future__ import annotations

import csv
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bmdsl.language.diagnostics import BmError

from . import corpus, fuzz_files
from .distinct import Distinct
from .made_run import MadeRun
from .study import SOUND, judged
from .targets import TARGETS, planned_text

DOCS = Path(__file__).parents[2] / "docs"
DEEP = "[" * 3000
DAMAGED = 6
"""Damaged contents of each target; the fuzzers make thousands a second of them."""


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_target_reads_is_fine_or_refused(name: str, tmp_path: Path) -> None:
    sound, examine = TARGETS[name].begin(tmp_path)
    rng = random.Random(name)
    for content in (x for target, x in corpus.inputs() if target == name):
        assert examine(content) in SOUND
    for content in rng.sample(sound, min(2, len(sound))):
        assert examine(content) in SOUND
    for _ in range(DAMAGED):
        assert examine(fuzz_files.damaged(rng.choice(sound), rng)[:256]) in SOUND


def test_models_that_the_search_found_are_fine_or_refused() -> None:
    texts = [x for target, x in corpus.inputs() if target == corpus.MODEL]
    answers = {planned_text(x) for x in texts}
    assert len(texts) > 30 and answers == set(SOUND)


def test_the_page_of_reliability_has_the_sums_of_the_table_of_inputs() -> None:
    page = (DOCS / "reliability.md").read_text(encoding="utf-8")
    sums, fine = Counter[str](), Counter[str]()
    with open(DOCS / "tables" / "inputs_tried.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sums[row["part"]] += int(row["inputs"])
            fine[row["part"]] += int(row["fine"])
    assert all(f"| {n:,} | {fine[part]:,} |" in page for part, n in sums.items())
    assert f"{sums.total():,} inputs in all" in page


def test_different_inputs_are_counted_over_processes() -> None:
    one, other = Distinct(), Distinct()
    for k in range(3000):
        one.add(str(k).encode())
        other.add(str(k // 2 + 2000).encode())
    packed = Distinct.of_text(other.as_text())
    one.merge(packed)
    assert one.count() == pytest.approx(3500, rel=0.03)
    assert packed.count() == pytest.approx(1500, rel=0.03)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> MadeRun:
    return MadeRun(tmp_path_factory.mktemp("made") / "run")


def _changed(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The facts without a key, and with something else under it, on two levels."""
    for key, value in facts.items():
        yield {k: v for k, v in facts.items() if k != key}
        for other in (None, -1, 1e999, "x", [], {}, [[1]]):
            yield {**facts, key: other}
        if isinstance(value, dict):
            for changed in _changed(value):
                yield {**facts, key: changed}


@pytest.mark.parametrize("file", ["manifest", "run.json", "stack.json"])
def test_facts_that_are_sealed_but_lack_something_are_read_or_refused(
    run: MadeRun, file: str
) -> None:
    read = refused = 0
    for facts in _changed(json.loads(run.content(file))):
        try:
            run.read(file, json.dumps(facts).encode(), sealed=True)
            read += 1
        except BmError as error:
            assert str(run.folder) in str(error)
            refused += 1
    assert read and refused


@pytest.mark.parametrize("file", MadeRun.FILES)
def test_deep_nesting_is_refused(run: MadeRun, file: str) -> None:
    content = run.content(file)
    with pytest.raises(BmError):
        run.read(file, b'{"a": ' + DEEP.encode() + b"\n" + content, sealed=True)


def test_time_that_a_process_sleeps_is_not_its_own() -> None:
    """A machine that is busy with other things makes no input a hang."""

    def sleeps() -> str:
        time.sleep(0.2)
        return "fine"

    kind, spent = judged(sleeps, 0.1)
    assert kind == "fine" and spent < 0.1

"""Counts of answers by target: of one process, which keeps them in a file, and of a folder."""

from __future__ import annotations

import csv
import json
import os
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from .distinct import Distinct
from .study import SOUND

SECONDS_BETWEEN_COUNTS = 1.0


def file_name(target: str) -> str:
    """A target's name as that of a folder."""
    return re.sub(r"\W+", "_", target)


class Tally:
    """Answers of one target."""

    def __init__(self, target: str, folder: Path) -> None:
        self.target, self.folder = target, folder
        self.kinds: Counter[str] = Counter()
        self.distinct = Distinct()
        self.seconds = self.slowest = 0.0
        self._begun = self._told = time.process_time()
        self._shortest: dict[str, int] = {}
        (folder / "counts").mkdir(exist_ok=True)
        self._file = folder / "counts" / f"{file_name(target)}-{os.getpid()}-{time.time_ns()}.json"

    def add(self, kind: str, content: bytes, seconds: float) -> None:
        """One more input."""
        self.kinds[kind] += 1
        self.distinct.add(content)
        self.slowest = max(self.slowest, seconds)
        if kind not in SOUND and len(content) < self._shortest.get(kind, len(content) + 1):
            self._shortest[kind] = len(content)
            number = list(self._shortest).index(kind)
            keep_fault(self.folder, self.target, f"{os.getpid()}-{number}", content, kind)
        if time.process_time() - self._told > SECONDS_BETWEEN_COUNTS:
            self.tell()

    def tell(self) -> None:
        """Writes the counts."""
        self._told = time.process_time()
        self.seconds = self._told - self._begun
        beside = self._file.with_suffix(".part")
        beside.write_text(json.dumps(self.as_facts()))
        beside.replace(self._file)

    def as_facts(self) -> dict[str, Any]:
        """What is kept in a file."""
        return {
            **{"target": self.target, "seconds": self.seconds, "slowest": self.slowest},
            **{"kinds": self.kinds, "distinct": self.distinct.as_text()},
        }

    def merge(self, facts: dict[str, Any]) -> None:
        """Adds the counts of another process."""
        self.kinds.update(facts["kinds"])
        self.distinct.merge(Distinct.of_text(facts.get("distinct", "")))
        self.seconds += facts["seconds"]
        self.slowest = max(self.slowest, facts["slowest"])


def keep_fault(folder: Path, target: str, number: str, content: bytes, kind: str) -> None:
    """Writes the input of a fault, and beside it what happened."""
    place = folder / f"fault-{file_name(target)}-{number}"
    place.write_bytes(content)
    place.with_name(place.name + ".txt").write_text(kind)


def counted(folder: Path) -> dict[str, Tally]:
    """By target, over all processes of a folder. Files of processes that ended become one."""
    found: dict[str, Tally] = {}
    for path in sorted((folder / "counts").glob("*.json")):
        facts = json.loads(path.read_text())
        name = facts["target"]
        if name not in found:
            found[name] = Tally(name, folder)
        found[name].merge(facts)
    return found


def settle(folder: Path, target: str) -> Tally:
    """Adds the counts of its processes, which have ended, to the file of a target."""
    place = folder / "counts" / f"{file_name(target)}.json"
    whole = Tally(target, folder)
    ended = list((folder / "counts").glob(f"{file_name(target)}-*.json"))
    for path in (*ended, *([place] if place.exists() else [])):
        whole.merge(json.loads(path.read_text()))
    if ended:
        beside = place.with_suffix(".part")
        beside.write_text(json.dumps(whole.as_facts()))
        beside.replace(place)
    for path in ended:
        path.unlink()
    return whole


def told(tallies: dict[str, Tally]) -> str:
    """Counts as lines, the most frequent kinds of fault below their target."""
    lines = []
    for name, tally in tallies.items():
        kinds = tally.kinds
        faults = sum(n for kind, n in kinds.items() if kind not in SOUND)
        lines.append(
            f"{name:24} {kinds.total():11,} inputs, {tally.distinct.count():11,} different,"
            f" {kinds['fine']:10,} fine, {faults:6,} faults, {tally.seconds:6.0f} s of the"
            f" processor, slowest {tally.slowest:.1f} s"
        )
        lines += [f"    {n:9,}  {k}" for k, n in kinds.most_common() if k not in SOUND]
    total = sum(t.kinds.total() for t in tallies.values())
    different = sum(t.distinct.count() for t in tallies.values())
    return "\n".join([*lines, f"{total:,} inputs, {different:,} of them different"])


COLUMNS = ("campaign", "part", "target", "inputs", "different", "fine", "faults", "seconds")


def tabulate(tallies: dict[str, Tally], areas: dict[str, str], campaign: str, path: Path) -> None:
    """Puts the counts of a campaign in a table of several, in the place of those it had there."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["campaign"] != campaign]
    for name, tally in tallies.items():
        kinds = tally.kinds
        faults = sum(n for kind, n in kinds.items() if kind not in SOUND)
        counts = kinds.total(), tally.distinct.count(), kinds["fine"], faults, round(tally.seconds)
        values = (campaign, areas[name], name, *map(str, counts))
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)

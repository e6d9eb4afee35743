"""Damages every file of a run in every way, and looks at what commands then do:

    OMP_NUM_THREADS=1 python -m tests.reliability.damage_runs
    OMP_NUM_THREADS=1 python -m tests.reliability.damage_runs --killed
    OMP_NUM_THREADS=1 python -m tests.reliability.damage_runs --stack

`resume` must end as if nothing had happened. It may refuse and name `stack.json`, and metrics all
of whose checkpoints have the damaged line: without them it must then go on, as its help says.
`eval` must give the same figures, or refuse and name the file. Damages: a bit flipped at places of
every kind in a file, the file cut short, emptied, gone, filled with zeros, or with another run's
file in its place.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import signal
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bmdsl.report import run_pictures

from .runs import RBM, STACK, Kind, differences, ending

KIND = Kind("damaged", RBM.replace("NEGATIVE", "negative pcd(chains = 10)  validate 0.2  PATIENCE"))
STACKED = Kind("damaged", STACK.replace("TRAIN", ""))
UPDATES = 60
"""Of the training; half of them are done when its files are damaged."""
Damage = Callable[[bytes], bytes | None]


def said(*words: str) -> tuple[int, str]:
    """Exit code and both outputs of `bm` with these words, in this process."""
    from bmdsl.cli import main

    sys.argv, out = ["bm", *words], io.StringIO()
    with redirect_stdout(out), redirect_stderr(out), warnings.catch_warnings():
        code = main.status()
    return code, out.getvalue()


def damages(data: bytes, other: bytes | None, flips: int) -> Iterator[tuple[str, Damage]]:
    """Ways to damage a file of these bytes, by name."""
    places = np.unique(np.linspace(0, max(0, len(data) - 1), flips).astype(int))
    header = int.from_bytes(data[:8], "little") if data[8:9] == b"{" else 0
    inside = [0, 4, 9, 8 + header // 2, 8 + header - 2] if header else []
    for place in sorted({*(int(x) for x in places), *(x for x in inside if x < len(data))}):
        for bit in (0, 6):
            yield f"bit {bit} of byte {place}", lambda x, p=place, b=bit: _flipped(x, p, b)
    for share in (0.1, 0.5, 0.9):
        yield f"cut to {share}", lambda x, s=share: x[: int(s * len(x))]
    yield "last byte gone", lambda x: x[:-1]
    yield "emptied", lambda x: b""
    yield "zeros", lambda x: bytes(len(x))
    yield "half zeros", lambda x: x[: len(x) // 2] + bytes(len(x) - len(x) // 2)
    yield "gone", lambda x: None
    yield "more behind it", lambda x: x + b"\x00" * 9
    if other is not None and other != data:
        yield "another run's", lambda x, o=other: o


def _flipped(data: bytes, place: int, bit: int) -> bytes:
    out = bytearray(data)
    if out:
        out[place] ^= 1 << bit
    return bytes(out)


def judged(folder: Path, command: str, wanted: Any, file: str) -> str:
    """What a command made of a damaged run: `exact`, `refused`, or what is wrong."""
    run = folder / "damaged"
    code, text = said(command, str(run), *(("--json",) if command == "eval" else ()))
    if "bug of bmdsl" in text or code not in (0, 1):
        return f"exit {code}: {text.strip()[:300]}"
    name = Path(file).name
    if code == 1:
        if name not in text:
            return f"refused without the name: {text.strip()[:200]}"
        if command == "resume" and name == "metrics.jsonl" and "BM836" in text:
            (run / file).unlink()  # the way out that the message has
            found = judged(folder, command, wanted, file)
            return found if found != "exact, and named" else "refused, exact without it"
        return "refused"
    if command == "resume":
        found = ending(run)
        if name == "metrics.jsonl" and "BM837" in text:  # its lines were said to be lost
            key = f"{Path(file).parent}/metrics"
            lines = wanted[key]
            wanted = {**wanted, key: lines[len(lines) - len(found[key]) :]}
        wrong = differences(wanted, found)
        if wrong == []:
            return "exact" if name not in text else "exact, and named"
        return f"differs: {wrong[:3]}"
    return "exact" if text[text.find("[") :] == wanted else f"differs: {text[:200]}"


def files_of(run: Path) -> list[str]:
    """Every file of a run but its pictures."""
    names = (p for p in sorted(run.rglob("*")) if p.is_file() and p.suffix != ".png")
    return [str(p.relative_to(run)) for p in names]


def begin(folder: Path, kind: Kind = KIND, killed: bool = False) -> tuple[Any, str]:
    """A run that was stopped half-way, in `folder`, or what a kill would have left of it; how it
    ends if nothing is damaged, and what `eval` says of it as it stands, unless it is a stack.
    """
    patience = "patience 1000" if killed else ""  # every epoch is validated
    replace(kind, text=kind.text.replace("PATIENCE", patience)).write(folder, UPDATES)
    layer = int(kind is STACKED)
    stopped(folder, "half", layer, killed)
    stopped(folder, "other", layer, killed, "--seed", "7")
    text = ""
    if not layer:
        code, text = said("eval", str(folder / "half"), "--json")
        assert code == 0, text
    shutil.copytree(folder / "half", folder / "damaged")
    assert said("resume", str(folder / "damaged"))[0] == 0
    return ending(folder / "damaged"), text[text.find("[") :]


def stopped(folder: Path, name: str, layer: int, killed: bool, *more: str) -> None:
    """A training with some checkpoints that a signal stops after half of the updates of a layer, or
    its folder as it was just before that.
    """
    from bmdsl.runtime.interrupts import Stopped
    from bmdsl.training import loop

    call, count_of = loop._Loop._call, loop._Loop._count_of_call
    halves = 0

    def half(self: Any, compiled: Any, first: int, count: int) -> Any:
        nonlocal halves
        halves += first == UPDATES // 2
        if halves > layer:
            shutil.copytree(folder / name, folder / f"{name} killed")
            raise Stopped(signal.SIGTERM, whole=True)
        self.checkpoint_due_inside = 1e9 if killed and first >= UPDATES // 4 else 0.0
        return call(self, compiled, first, count)

    def short(self: Any, compiled: Any, pace: Any) -> int:
        left = UPDATES // 2 - self.run_.updates
        return min(10, count_of(self, compiled, pace), left if left > 0 else 10)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(loop._Loop, "_call", half)
        patched.setattr(loop._Loop, "_count_of_call", short)
        words = ["train", str(folder / "m.bm"), str(folder / "x.npy"), "--out", str(folder / name)]
        code, text = said(*words, *more)
    assert code == 143, text
    if killed:
        shutil.rmtree(folder / name)
        shutil.move(folder / f"{name} killed", folder / name)


def outcome(folder: Path, file: str, damage: Damage, command: str, wanted: Any) -> str:
    """What a command makes of a run of which one file is damaged."""
    run = folder / "damaged"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(folder / "half", run)
    left = damage((run / file).read_bytes())
    if left is None:
        (run / file).unlink()
    else:
        (run / file).write_bytes(left)
    return judged(folder, command, wanted, file)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--flips", type=int, default=6, help="places in a file of flipped bits")
    parser.add_argument("--killed", action="store_true", help="what a kill leaves")
    parser.add_argument("--only", default="", help="files with this in their name")
    parser.add_argument("--stack", action="store_true", help="of two layers, by `resume` alone")
    told = parser.parse_args()
    run_pictures.write_pictures = lambda *_: ()  # which take most of the time
    totals: dict[tuple[str, str], Counter[str]] = {}
    wrong = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        wanted, figures = begin(folder, STACKED if told.stack else KIND, told.killed)
        for file in (x for x in files_of(folder / "half") if told.only in x):
            data = (folder / "half" / file).read_bytes()
            beside = folder / "other" / file
            other = beside.read_bytes() if beside.exists() else None
            for command, outcomes in (("resume", wanted), ("eval", figures)):
                if told.stack and command == "eval":
                    continue
                count = totals.setdefault((command, file), Counter())
                for name, damage in damages(data, other, told.flips):
                    found = outcome(folder, file, damage, command, outcomes)
                    count[found.split(":")[0]] += 1
                    refused = command == "eval" or file == "stack.json"
                    right = ("exact", "exact, and named", "refused, exact without it")
                    if found not in right and not (refused and found == "refused"):
                        wrong += 1
                        print(f"{command}, {file}, {name}: {found}", flush=True)
    for (command, file), count in totals.items():
        print(json.dumps([command, file, dict(count)]))
    total = sum((c for c in totals.values()), Counter[str]())
    print(f"damages: {sum(total.values())}; {dict(total)}; wrong: {wrong}")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()

"""A few inputs of each target that the guided search found, one for every way in which it ends: the
shortest for each diagnostic and place that it comes from. They run with the tests.

    python -m tests.reliability.corpus FOLDER      # of `guided`: makes corpus.txt anew
"""

from __future__ import annotations

import ast
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from bmdsl.language.diagnostics import BmError

from .study import Hung, judged
from .tally import file_name
from .targets import TARGETS, text_of

PLACE = Path(__file__).with_name("corpus.txt")
MOST = 16
"""Of one target."""
MOST_TRIED = 400
MODEL = "model"
"""What stands for a target where the input is a model's text."""
MAX_SECONDS = 0.05
"""Of one input: the tests are to be fast."""


def inputs() -> Iterator[tuple[str, bytes]]:
    """(target, input): a line each, the input as Python writes bytes."""
    for line in PLACE.read_text(encoding="ascii").splitlines():
        name, _, content = line.partition("\t")
        yield name, ast.literal_eval(content)


def way(examine: Callable[[bytes], str], content: bytes) -> str:
    """How an input ends: `fine`, or the diagnostic and where it was made."""
    found: list[str] = []
    made = BmError.__init__

    def noted(self: BmError, *given: object) -> None:
        made(self, *given)  # type: ignore[arg-type]
        frames = traceback.extract_stack()[:-1]
        names = [f"{Path(f.filename).name}:{f.name}" for f in frames if "/bmdsl/" in f.filename]
        found.append(f"{self.diagnostics[0].code} {names[-2:]}")

    BmError.__init__ = noted  # type: ignore[method-assign]
    try:
        ended = examine(content)
    finally:
        BmError.__init__ = made  # type: ignore[method-assign]
    return found[-1] if ended == "refused" and found else ended


def chosen(folder: Path, name: str, place: Path) -> list[bytes]:
    """The shortest input of a target for each way to end."""
    place.mkdir()
    _, examine = TARGETS[name].begin(place)
    files = [p.read_bytes() for p in (folder / "corpus" / file_name(name)).glob("*")]
    files = [x for x in files if len(x) <= TARGETS[name].max_bytes]
    if len(files) > MOST_TRIED:
        files = random.Random(0).sample(files, MOST_TRIED)
    shortest: dict[str, bytes] = {}
    for content in sorted(files, key=lambda x: (len(x), x)):
        begun = time.process_time()
        kind, _ = judged(lambda x=content: way(examine, x), 5.0)  # type: ignore[misc]
        if time.process_time() - begun < MAX_SECONDS:
            shortest.setdefault(kind, content)
    return list(shortest.values())[:MOST]


def main() -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Hung

    signal.signal(signal.SIGPROF, stop)
    warnings.simplefilter("ignore")
    lines = []
    with tempfile.TemporaryDirectory() as place:
        for number, name in enumerate(TARGETS):
            found = chosen(Path(sys.argv[1]), name, Path(place) / str(number))
            for content in found:
                text = text_of(name, content)
                line = (name, content) if text is None else (MODEL, text.encode())
                lines.append("{}\t{!r}\n".format(*line))
            print(f"{name}: {len(found)}", flush=True)
    PLACE.write_text("".join(lines), encoding="ascii")


if __name__ == "__main__":
    main()

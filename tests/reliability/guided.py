"""Coverage-guided inputs by Atheris (`pip install atheris`; the tests do without it): texts through
the pipeline, or contents of files through one reader each.

    python -m tests.reliability.guided texts CORPUS -runs=100000 -max_len=2000 -timeout=10
    python -m tests.reliability.guided files CORPUS -runs=100000

CORPUS is a folder that grows; the first call fills it. Any exception but a diagnostic stops the run
and leaves its input behind.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bmdsl"]):
    import bmdsl.data.load  # noqa: F401
    import bmdsl.driver  # noqa: F401
    import bmdsl.language.check  # noqa: F401
    import bmdsl.language.lints  # noqa: F401
    import bmdsl.plan.building  # noqa: F401
    import bmdsl.report.derivation  # noqa: F401
    import bmdsl.runtime.initial  # noqa: F401
    from tests.reliability import fuzz_files, fuzz_texts

EXPLAINED = 16
"""One text in this many is explained and emitted too."""


def texts(corpus: Path) -> Callable[[bytes], None]:
    """Bytes as a text of UTF-8."""
    for k, text in enumerate(fuzz_texts.texts()):
        (corpus / f"{k}.bm").write_text(text, encoding="utf-8")

    def one(content: bytes) -> None:
        text = content.decode("utf-8", "replace")
        fuzz_texts.examine(text, explained=len(content) % EXPLAINED == 0)

    return one


def files(corpus: Path) -> Callable[[bytes], None]:
    """The first byte chooses the reader, the others are the content."""
    folder = Path(tempfile.mkdtemp(prefix="guided-"))
    known = fuzz_files.seeds(folder)
    (folder / "tried").mkdir()
    for k, (_, _, content) in enumerate(known):
        (corpus / str(k)).write_bytes(bytes([k]) + content)

    def one(content: bytes) -> None:
        if content:
            kind, name, _ = known[content[0] % len(known)]
            fuzz_files.examine(kind, folder / "tried", name, content[1:])

    return one


def main() -> None:
    """Fills the corpus and runs until a fault or the end of `-runs`."""
    place = Path(sys.argv[2])
    place.mkdir(parents=True, exist_ok=True)
    one = {"texts": texts, "files": files}[sys.argv[1]](place)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""A diagnostic is a value: code, place, one plain sentence, a way out.

Rendered in one place, here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .printable import printable
from .source import Span

Level = Literal["error", "warning"]
MAX_SHOWN = 20
"""Most diagnostics of one error that are rendered."""
MAX_COLUMNS = 160
"""Columns of a user's line that are shown, around what is meant."""


@dataclass(frozen=True)
class Label:
    """A second place that explains the first, such as the declaration a use disagrees with."""

    span: Span
    text: str


@dataclass(frozen=True)
class Diagnostic:
    """One thing wrong (or worth a warning) in a user's text, data or settings.

    `span` is None only where there is no text to point at (a missing file, a data array).
    `label` stands after the carets; `helps` are ways out, `notes` are facts.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    helps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    others: tuple[Label, ...] = ()
    level: Level = "error"

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready form for `--json`."""
        place = {}
        if self.span is not None:
            place = {
                "file": self.span.source.name,
                "line": self.span.line,
                "column": self.span.column,
                "length": self.span.end - self.span.start,
            }
        return {
            "level": self.level,
            "code": self.code,
            "message": self.message,
            **place,
            "label": self.label,
            "help": list(self.helps),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        return render(self)


class BmError(Exception):
    """The user's text, data or settings are wrong.

    Carries every diagnostic found; `str` renders them all.
    """

    def __init__(self, *diagnostics: Diagnostic | str) -> None:
        self.diagnostics = tuple(d for d in diagnostics if isinstance(d, Diagnostic))
        shown = [d if isinstance(d, str) else render(d) for d in diagnostics[:MAX_SHOWN]]
        if len(diagnostics) > MAX_SHOWN:
            shown.append(f"and {len(diagnostics) - MAX_SHOWN:,} more")
        super().__init__("\n\n".join(shown))  # a text: one that comes from another process

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the user's line and the diagnostics, without our frames."""
        from .interactive import lines_of

        return lines_of(str(self), self.__traceback__)


class BmWarning(UserWarning):
    """Something of a run that a user should know of while it goes on; `str` renders it."""

    def __init__(self, diagnostic: Diagnostic | str) -> None:
        self.diagnostic = diagnostic if isinstance(diagnostic, Diagnostic) else None
        super().__init__(diagnostic if isinstance(diagnostic, str) else render(diagnostic))


def fail(
    code: str,
    message: str,
    span: Span | None = None,
    label: str = "",
    *,
    help: str = "",
    note: str = "",
) -> BmError:
    """The exception for one diagnostic: `raise fail("BM401", ...)`."""
    return BmError(
        Diagnostic(code, message, span, label, (help,) if help else (), (note,) if note else ())
    )


def counted(n: int, one: str, many: str = "") -> str:
    """`1 axis`, `2 axes`, `no axes`."""
    return f"{n or 'no'} {one if n == 1 else many or one + 's'}"


def render(diagnostic: Diagnostic) -> str:
    """The diagnostic as text: head, place, the user's lines with carets, notes and helps."""
    head = f"{diagnostic.level}[{diagnostic.code}]: {diagnostic.message}"
    marks = [] if diagnostic.span is None else [(diagnostic.span, "^", diagnostic.label)]
    marks += [(other.span, "-", other.text) for other in diagnostic.others]
    lines = [head]
    width = max((len(str(span.line)) for span, _, _ in marks), default=1)
    if diagnostic.span is not None:
        span = diagnostic.span
        lines.append(f"{' ' * width} --> {span.source.name}:{span.line}:{span.column}")
        lines.append(f"{' ' * width} |")
    previous = None
    for span, mark, label in sorted(
        marks, key=lambda m: (m[0].source.name != marks[0][0].source.name, m[0].line, m[0].start)
    ):
        text, cut = _window(span)
        if previous is not None and previous[0] != span.source.name:
            lines.append(f"{' ' * width} ::: {span.source.name}:{span.line}:{span.column}")
        if previous != (span.source.name, span.line):
            lines.append(f"{span.line:>{width}} | {text}")
        column = span.column - cut
        indent = "".join("\t" if c == "\t" else " " for c in text[: column - 1])
        length = max(1, min(span.end - span.start, len(text) - column + 1))
        lines.append(f"{' ' * width} | {indent}{mark * length}{' ' + label if label else ''}")
        previous = (span.source.name, span.line)
    lines += [f"{' ' * width} = note: {note}" for note in diagnostic.notes]
    lines += [f"{' ' * width} = help: {help}" for help in diagnostic.helps]
    return printable("\n".join(lines))


def _window(span: Span) -> tuple[str, int]:
    """The line that a span begins in, and how many columns are cut off before what is shown of it:
    a line may be as long as a file.
    """
    text = span.source.line(span.line)
    if len(text) <= MAX_COLUMNS:
        return text, 0
    start = max(0, min(span.column - MAX_COLUMNS // 3, len(text) - MAX_COLUMNS))
    shown = text[start : start + MAX_COLUMNS]
    if start + MAX_COLUMNS < len(text):
        shown = shown[:-1] + "…"
    return ("…" + shown[1:], start) if start else (shown, 0)


def near(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to `name` (case-insensitive, at most two or a third of the letters
    away), for "did you mean".
    """
    best: tuple[int, str] | None = None
    for candidate in known:
        distance = _edits(name.lower(), candidate.lower())
        if (
            distance <= max(1, min(2, len(name) // 3 + 1))
            and (len(name) > 1 or distance == 0)
            and (best is None or distance < best[0])
        ):
            best = (distance, candidate)
    return best[1] if best else None


def _edits(a: str, b: str) -> int:
    """Levenshtein distance with transpositions of neighbours counted once."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row, last = row, [i], before
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]

"""Source text and spans: where in which file something was written."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """One text a user wrote.

    `name` is what diagnostics print before the line number (a path, or `<text>`).
    """

    name: str
    text: str
    file: str = field(default="", repr=False, compare=False)
    """The whole path of the file that the text was read from; empty for a text that was given."""
    sha256: str = field(default="", repr=False, compare=False)
    """Of the file's bytes, in hexadecimal."""
    bound: str | None = field(default=None, repr=False, compare=False)
    """The folder that files named in the text must be in: that of a saved machine, which may come
    from anybody. None: a text that its user chose, which may name any file.
    """

    sugar: Span | None = field(default=None, repr=False, compare=False)
    """The statement that this text writes out, as `layers v -- h`; None: a user wrote the text."""

    def line(self, number: int) -> str:
        """The text of line `number` (1-based) without its line end; empty past the end of
        the file.
        """
        lines = self.text.split("\n")
        return lines[number - 1] if 1 <= number <= len(lines) else ""


@dataclass(frozen=True)
class Span:
    """Characters `start` (inclusive) to `end` (exclusive) of a source, 0-based offsets."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """1-based line of the first character."""
        return self.source.text.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int:
        """1-based column of the first character; a tab counts one."""
        return self.start - (self.source.text.rfind("\n", 0, self.start) + 1) + 1

    @property
    def text(self) -> str:
        """The user's own words."""
        return self.source.text[self.start : self.end]

    @property
    def written(self) -> Span:
        """Where a user wrote it: the statement that its text writes out, or the span itself."""
        return self if self.source.sugar is None else self.source.sugar.written

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other` (same source)."""
        return Span(self.source, self.start, max(self.end, other.end))

    def __repr__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

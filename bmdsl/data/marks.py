"""Marks of missing cells besides the usual ones: of all columns of a table, and of single ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Marks:
    """`common` marks hold for every column, `own` for the column of that name besides them."""

    common: tuple[str, ...] = ()
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, column: str) -> tuple[str, ...]:
        """All marks of one column."""
        return (*self.common, *self.own.get(column, ()))

    def and_of(self, column: str, marks: Sequence[str]) -> Marks:
        """With further marks of one column."""
        return Marks(self.common, {**self.own, column: (*self.own.get(column, ()), *marks)})

    @classmethod
    def given(cls, texts: Sequence[str], names: Sequence[str]) -> Marks:
        """Marks as a command line names them: `-9` of all columns, `age=-9` of the column `age` and
        `age,income=-9` of two, if there are such columns.
        """
        made = cls()
        for text in texts:
            before, equals, mark = text.partition("=")
            whole = before.strip()
            columns = [whole] if whole in names else [x.strip() for x in before.split(",")]
            if equals and set(columns) <= set(names):
                for column in columns:
                    made = made.and_of(column, (mark.strip(),))
            else:
                made = cls((*made.common, text), made.own)
        return made


def marks_of(marks: Marks | Sequence[str], column: str) -> tuple[str, ...]:
    """The marks of one column; a plain list holds for every column."""
    return marks.of(column) if isinstance(marks, Marks) else tuple(marks)

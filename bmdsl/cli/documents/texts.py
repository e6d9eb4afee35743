"""What verbs print of texts and models."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict


class Diagnostic(TypedDict):
    """An error or a warning, with its place if it points into a text."""

    level: Literal["error", "warning"]
    code: Annotated[str, "as the index of errors has it: BM001"]
    message: str
    label: Annotated[str, "what stands beside the caret"]
    help: list[str]
    notes: list[str]
    file: NotRequired[str]
    line: NotRequired[Annotated[int, "from 1 on"]]
    column: NotRequired[Annotated[int, "from 1 on"]]
    length: NotRequired[Annotated[int, "characters"]]


NewModel = TypedDict(
    "NewModel",
    {
        "out": Annotated[str, "the file that was written"],
        "from": Annotated[str, "the table, or the shipped model"],
    },
)


class Checked(TypedDict):
    """A text: whether it is right, and what is said of it."""

    ok: bool
    diagnostics: list[Diagnostic]
    models: NotRequired[Annotated[list[str], "models and stacks of a text that is right"]]


class CheckedFile(TypedDict):
    """One of several files."""

    file: str
    ok: bool
    diagnostics: NotRequired[list[Diagnostic]]
    models: NotRequired[list[str]]
    machines: NotRequired[list[SavedMachine]]


class CheckedFiles(TypedDict):
    """Several files: `ok` if all are."""

    ok: bool
    files: list[CheckedFile]


class Origin(TypedDict):
    """A file that a saved machine was made of."""

    kind: Literal["model", "import", "graph", "init", "units"]
    name: str
    path: str
    sha256: str
    state: Literal["as it was", "edited since", "no longer there", "not known"]


class SavedMachine(TypedDict):
    """A machine of a run, and the files it was made of."""

    path: str
    model: str
    origins: list[Origin]


class CheckedRun(TypedDict):
    """A run, or a saved machine."""

    ok: bool
    machines: list[SavedMachine]


class Formatted(TypedDict):
    """Files that were looked at, and those that were, or would be, rewritten."""

    files: list[str]
    changed: list[str]


class FormattedText(TypedDict):
    """Standard input in the one style."""

    changed: bool
    text: str


class Expanded(TypedDict):
    """A text with `layers` and imports written out."""

    file: str
    text: str


class Explained(TypedDict):
    """What follows from an energy."""

    model: str
    latex: Annotated[bool, "whether the text is LaTeX"]
    text: str


class Planned(TypedDict):
    """How a model is sampled, for readers."""

    model: str
    text: str


class GraphText(TypedDict):
    """The factor graph, for readers."""

    model: str
    level: Literal["groups", "units"]
    text: str


class GraphFiles(TypedDict):
    """The factor graph, drawn."""

    model: str
    level: Literal["groups", "units"]
    out: list[str]


class Emitted(TypedDict):
    """A stage of a model's translation."""

    model: str
    stage: str
    text: str


class Comparison(TypedDict):
    """A quantity beside brute force; `skipped` says why it was not compared."""

    what: str
    error: float
    tolerance: float
    where: str
    skipped: str
    passed: bool


class Verified(TypedDict):
    """A model that was shrunk and enumerated."""

    model: str
    sizes: dict[str, int]
    states: Annotated[int, "joint states that were enumerated"]
    checks: list[Comparison]
    passed: bool

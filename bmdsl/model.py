"""A model's text with its arguments, and every stage it can be taken to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from . import driver
from .files import find_model
from .language.constants import verify_seed
from .language.diagnostics import BmError, Diagnostic, fail
from .language.imports import Whole, self_contained
from .language.model import Model as CheckedModel
from .language.model import Stack
from .language.outside import Kept, Origin, folder_of
from .language.outside import read_source as read_text
from .language.overrides import Override, override
from .language.source import Source
from .language.tree import File, ModelDefinition, StackDefinition
from .units.unit_files import unit_origins

if TYPE_CHECKING:
    import numpy as np

    from .graph.factor_graph import FactorGraph
    from .inference.machine import Machine
    from .plan.plan import Plan
    from .runtime.program import Program


BACKENDS = ("numba", "reference")
"""What carries a machine's work out: compiled code, or NumPy, which compiles nothing."""
FORMAT = "bmdsl 3"
"""Of files that hold all they need and a checksum; those of `bmdsl 2` have none, those of `bmdsl 1`
read graphs, imports and starts again from their old places.
"""


class Model:
    """A model's source and arguments. Attributes that cost something are made when first asked for.

    Raises BmError with all diagnostics of the text.
    """

    def __init__(
        self,
        source: Source,
        arguments: Mapping[str, float] | None = None,
        name: str | None = None,
        folder: Path | None = None,
        settings: Mapping[str, Override] | None = None,
        *,
        whole: Whole | None = None,
        kept: Kept | None = None,
    ) -> None:
        self.source, self.folder, self._name = source, folder, name
        self.arguments = {n: _plain(x, n) for n, x in (arguments or {}).items()}
        self.settings = {
            n: x.item() if hasattr(x, "dtype") and hasattr(x, "item") else x
            for n, x in (settings or {}).items()
        }
        self.whole = whole if whole is not None else driver.whole_of(self.tree)
        """The text with its imports followed: they are read once, whatever becomes of the files."""
        self.kept = kept or Kept()
        written = driver.definition_of(self.whole.file, name)
        self._written = written
        self.definition = override(written, self.settings)
        self.checked: CheckedModel = driver.model_of(
            self.definition, self.arguments, folder_of(written.name.span, folder), self.kept
        )

    @cached_property
    def tree(self) -> File:
        """The text as it is written, imports not followed."""
        return driver.tree_of(self.source)

    @property
    def name(self) -> str:
        return self.checked.name

    def __repr__(self) -> str:
        """`Model rbm: v[D], h[500]`."""
        return f"Model {self.name}: {', '.join(map(str, self.checked.groups))}"

    @property
    def graphs(self) -> dict[str, np.ndarray | None]:
        """Graph name → integer array [edges, 2]."""
        return {g.name: g.edges for g in self.checked.graphs}

    def bind(self, settings: Mapping[str, Override] | None = None, /, **arguments: float) -> Self:
        """The same text with more arguments (and train settings) given."""
        kept = self.kept.beside(self.checked, arguments=bool(arguments))
        chosen = {**self.settings, **(settings or {})}
        return type(self)(
            self.source,
            {**self.arguments, **arguments},
            self._name,
            self.folder,
            chosen,
            whole=self.whole,
            kept=kept,
        )

    def bind_data(self, shapes: Mapping[str, tuple[int, ...]]) -> Self:
        """Arguments still open that are lengths of visible or given groups, taken from data shapes
        [cases, *axes].
        """
        found: dict[str, float] = {}
        for group in self.checked.groups:
            for length, size in zip(group.axes, shapes.get(group.name, (0,))[1:], strict=False):
                if isinstance(length, str) and length in self.checked.unbound:
                    found.setdefault(length, size)
        return self.bind(None, **found) if found else self

    @cached_property
    def graph(self) -> FactorGraph:
        return driver.graph_of(self.checked)

    @cached_property
    def plan(self) -> Plan:
        return driver.plan_of(self.checked)

    def expand(self) -> str:
        """The text with `layers` and `bias` written out, formatted; it means the same."""
        from .language.format import format
        from .language.sugar import expand

        return format(expand(self.tree))

    def emit(self, stage: str) -> str:
        """One stage as text: tree, model, graph, plan or python."""
        stages = {
            "tree": lambda: _pretty(self.tree),
            "model": lambda: _pretty(self.checked),
            "graph": lambda: str(self.graph),
            "plan": lambda: str(self.plan),
            "python": lambda: driver.python_of(self.checked),
        }
        if stage not in stages:
            raise fail("BM867", f"unknown stage `{stage}`", help=f"stages are {', '.join(stages)}")
        return stages[stage]()

    def compile(
        self,
        seed: int = 0,
        dtype: str = "float32",
        backend: str = "numba",
        memory_limit: int | None = None,
    ) -> Machine:
        """The machine with initial parameters.

        `backend="reference"` compiles nothing: the generated module and the printed routines run as
        plain Python, each op by its NumPy meaning. `memory_limit` is in bytes, by default 80 % of
        the machine's memory.

        Raises BM975 for a seed that is none, BM868 for an unknown dtype, BM889 for an unknown
        backend, BM865 while an argument has no value, and BM830 if more memory would be needed.
        """
        if dtype not in ("float32", "float64"):
            raise fail("BM868", f"unknown dtype `{dtype}`", help="float32 or float64")
        if backend not in BACKENDS:
            raise fail("BM889", f"unknown backend `{backend}`", help=" or ".join(BACKENDS))
        seed = verify_seed(seed)
        from .data.preparing import Preparation  # a text is checked without NumPy

        program = driver.program_of(self.checked, dtype, backend == "numba", memory_limit)
        machine = self._machine(program, seed)
        machine.preparation = Preparation.before(self.checked)
        return machine

    def _machine(self, program: Program, seed: int) -> Machine:
        """The machine of a bound program; what else a user's can do is not known here."""
        from .inference.machine import Machine

        return Machine(self.checked, program, seed, self.kept.starts)

    @cached_property
    def text(self) -> str:
        """The model's text without imports: what of them it uses is written out."""
        return self_contained(self.whole, self._written)

    def origins(self, machine: Machine) -> tuple[Origin, ...]:
        """The files that the model and its machine were made of, as they were when read."""
        if self.kept.origins is not None:
            return self.kept.origins
        texts = [
            Origin("import" if k else "model", Path(s.name).name, s.file, s.sha256)
            for k, s in enumerate(self.whole.sources)
            if s.file
        ]
        graphs = [g.origin for g in machine.model.graphs if g.origin is not None]
        return (*texts, *graphs, *machine.origins, *unit_origins(machine.model))

    def metadata(self, machine: Machine) -> dict[str, str]:
        """What a file needs to make this machine again, besides its parameters."""
        return {
            "format": FORMAT,
            "source": self.text,
            "source_name": self.source.name,
            "origins": json.dumps([vars(o) for o in self.origins(machine)]),
            "model": self.name,
            "arguments": json.dumps(self.arguments),
            "settings": json.dumps(self.settings),
            "seed": str(machine.seed),
            "dtype": str(machine.dtype),
            "waiting": json.dumps(sorted(machine.params.waiting)),
            "pretrained": json.dumps(machine.pretrained),
            **machine.preparation.facts(),
        }


@dataclass(frozen=True)
class Text:
    """A `.bm` file, read and parsed once: any of its models is made of it."""

    source: Source
    whole: Whole
    folder: Path

    def is_stack(self, name: str | None = None) -> bool:
        """Whether the definition of this name, or the last one, is a stack."""
        return driver.is_stack(self.whole.file, name)

    def model(
        self,
        name: str | None,
        arguments: Mapping[str, float],
        settings: Mapping[str, Override] | None = None,
    ) -> Model:
        """The model of this name, or the last one, with its arguments and settings of its train
        block.
        """
        return Model(self.source, arguments, name, self.folder, settings, whole=self.whole)


def text_of(path: str | Path) -> Text:
    """A `.bm` file, or a shipped model by its name.

    BmError with all syntax errors, or where it cannot be read.
    """
    source, found = read_source(path)
    return Text(source, driver.whole_of(driver.tree_of(source)), found.parent)


def load_named(path: str | Path, model: str | None, arguments: Mapping[str, float]) -> Model:
    """The model of this name in a `.bm` file (None: the last one), with its arguments as
    a mapping.
    """
    return text_of(path).model(model, arguments)


@dataclass(frozen=True)
class Stacked:
    """A checked stack: what `bm check` says of one."""

    name: str
    checked: Stack


def load_all(
    path: str | Path, model: str | None, arguments: Mapping[str, float]
) -> tuple[Model | Stacked, ...]:
    """Every model and stack that the file itself defines, or the model of this name.

    An argument goes to those models that have it.
    """
    if model is not None:
        return (load_named(path, model, arguments),)
    source, found = read_source(path)
    tree = driver.tree_of(source)
    text = Text(source, driver.whole_of(tree), found.parent)
    definitions = tree.definitions
    taken = [
        {a.name.text for a in d.arguments} if isinstance(d, ModelDefinition) else set()
        for d in definitions
    ]
    models: list[Model | Stacked] = []
    wrong: list[Diagnostic] = []
    for k, (d, own) in enumerate(zip(definitions, taken, strict=True)):
        unknown = set(arguments) - set().union(*taken) if k + 1 == len(definitions) else set()
        try:
            if isinstance(d, StackDefinition):
                models.append(Stacked(d.name.text, driver.stack_of(d, tree, found.parent)))
                continue
            models.append(
                text.model(d.name.text, {n: x for n, x in arguments.items() if n in own | unknown})
            )
        except BmError as error:
            wrong += [one for one in error.diagnostics if one not in wrong]
    if wrong:
        raise BmError(*wrong)
    return tuple(models) or (text.model(None, arguments),)


def read_source(path: str | Path) -> tuple[Source, Path]:
    """The text of a `.bm` file, or of a shipped model by its name, and the file it stands in."""
    found = find_model(str(path))
    try:
        return read_text(found, str(path)), found
    except OSError as error:
        raise fail("BM911", f"`{path}` cannot be read: {error.strerror}") from None


def _plain(value: Any, name: str) -> int | float:
    if type(value) is int:
        return value
    from .data.arrays import argument  # a text is checked without NumPy

    return argument(value, name)


def _pretty(value: object) -> str:
    import dataclasses

    def walk(x: object, depth: int) -> str:
        pad = "  " * depth
        if dataclasses.is_dataclass(x) and not isinstance(x, type):
            shown = [
                f for f in dataclasses.fields(x) if f.repr and f.name not in ("span", "source")
            ]
            parts = [
                f"{pad}  {f.name}: {walk(getattr(x, f.name), depth + 1).lstrip()}" for f in shown
            ]
            return f"{pad}{type(x).__name__}\n" + "\n".join(parts)
        if isinstance(x, tuple) and x and dataclasses.is_dataclass(x[0]):
            return "\n" + "\n".join(walk(y, depth + 1) for y in x)
        return f"{pad}{x!r}"

    return "\n".join(line.rstrip() for line in walk(value, 0).splitlines())

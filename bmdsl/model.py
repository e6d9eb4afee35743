"""What `bmdsl.load` returns: a model's text with its arguments, and every stage it can be taken to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import driver
from .files import find_model
from .language.diagnostics import BmError, Diagnostic, fail
from .language.imports import Whole, self_contained
from .language.model import Model as CheckedModel
from .language.model import Stack
from .language.outside import Kept, Origin, folder_of, stored_edges
from .language.outside import read_source as read_text
from .language.overrides import Override, override
from .language.source import Source
from .language.tree import ModelDefinition, StackDefinition
from .units.unit_files import unit_origins, verify_units

if TYPE_CHECKING:
    import numpy as np

    from .graph.factor_graph import FactorGraph
    from .inference.machine import Machine
    from .plan.plan import Plan
    from .runs.storage import Saved
    from .stacks.stacking import StackMachine, StackModel


FORMAT = "bmdsl 2"
"""Of files that hold all they need; those of `bmdsl 1` read graphs, imports and starts again from their old places."""


class Model:
    """A model's source and arguments. Attributes that cost something are made when first asked for.

    Raises BmError with all diagnostics of the text.
    """

    def __init__(self, source: Source, arguments: Mapping[str, float] | None = None, name: str | None = None, folder: Path | None = None,
                 settings: Mapping[str, Override] | None = None, *, whole: Whole | None = None, kept: Kept | None = None) -> None:  # fmt: skip
        self.source, self.folder, self._name = source, folder, name
        self.arguments = {n: _plain(x, n) for n, x in (arguments or {}).items()}
        self.settings = {n: x.item() if hasattr(x, "dtype") and hasattr(x, "item") else x for n, x in (settings or {}).items()}
        self.tree = driver.tree_of(source)
        self.whole = whole if whole is not None else driver.whole_of(self.tree)
        """The text with its imports followed: they are read once, whatever becomes of the files."""
        self.kept = kept or Kept()
        written = driver.definition_of(self.whole.file, name)
        self._written = written
        self.definition = override(written, self.settings)
        self.checked: CheckedModel = driver.model_of(self.definition, self.arguments, folder_of(written.name.span, folder), self.kept)

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

    def bind(self, settings: Mapping[str, Override] | None = None, /, **arguments: float) -> Model:
        """The same text with more arguments (and train settings) given."""
        kept = self.kept.beside(self.checked, arguments=bool(arguments))
        return Model(self.source, {**self.arguments, **arguments}, self._name, self.folder, {**self.settings, **(settings or {})}, whole=self.whole, kept=kept)

    def bind_data(self, shapes: Mapping[str, tuple[int, ...]]) -> Model:
        """Arguments still open that are lengths of visible or given groups, taken from data shapes [cases, *axes]."""
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

    def compile(self, seed: int = 0, dtype: str = "float32", jit: bool = True, memory_limit: int | None = None) -> Machine:
        """The machine with initial parameters. `jit=False` runs the generated module as plain Python.

        BmError where more than `memory_limit` bytes would be needed (default: 80 % of the machine's memory).
        """
        if dtype not in ("float32", "float64"):
            raise fail("BM868", f"unknown dtype `{dtype}`", help="float32 or float64")
        from .data.preparing import Preparation  # a text is checked without NumPy

        machine = driver.machine_of(self.checked, seed, dtype, self._save, self._train, jit, memory_limit, self.kept.starts)
        machine.preparation = Preparation.before(self.checked)
        return machine

    def _save(self, machine: Machine, path: Path | None) -> tuple[Any, ...] | None:
        """Writes the machine's file; without a path, what makes a copy of it instead, as pickle wants it."""
        from .runs.storage import write_machine

        arrays = {**machine.params, **stored_edges(machine.model), **machine.preparation.arrays()}
        metadata = self.metadata(machine)
        if path is None:
            machine.params.settle()
            return _copy, (metadata, arrays, not machine.program.plain, machine.takes_means, machine._calls)
        write_machine(path, arrays, metadata)
        return None

    @cached_property
    def text(self) -> str:
        """The model's text without imports: what of them it uses is written out."""
        return self_contained(self.whole, self._written)

    def origins(self, machine: Machine) -> tuple[Origin, ...]:
        """The files that the model and its machine were made of, as they were when read."""
        if self.kept.origins is not None:
            return self.kept.origins
        texts = [Origin("import" if k else "model", Path(s.name).name, s.file, s.sha256) for k, s in enumerate(self.whole.sources) if s.file]
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

    def _train(self, machine: Machine, data: Any, out: Path | None, overrides: Mapping[str, Any], restart: bool = False, overwrite: bool = False,
               resume: bool = False, weights: Any = None, progress: bool | None = None) -> Any:  # fmt: skip
        from .data.preparing import Preparation
        from .tasks.train import fit, go_on

        if restart:
            machine.restart()
            machine.preparation = Preparation.before(self.checked)
        if "pretrain" in overrides:  # asked for in this very call
            machine.pretrained = False
        model = self.bind(overrides) if overrides else self
        if resume:
            if out is None:
                raise fail("BM757", "a resume needs the folder of the run", help="`machine.train(x, out=FOLDER, resume=True)`")
            return go_on(model, machine, data, out, weights, progress).run
        return fit(model, machine, data, out, weights, progress=progress, overwrite=overwrite).run


def load(path: str | Path, /, model: str | None = None, **arguments: float) -> Model:
    """The model of a `.bm` file, or of a shipped one by its name. Raises BmError for what is wrong in it, all at once."""
    return load_named(path, model, arguments)


def load_named(path: str | Path, model: str | None, arguments: Mapping[str, float]) -> Model:
    """The model of this name in a `.bm` file (None: the last one), with its arguments as a mapping."""
    source, found = read_source(path)
    return Model(source, arguments, model, found.parent)


def is_stack(path: str | Path, name: str | None = None) -> bool:
    """Whether the definition of this name in a `.bm` file, or its last one, is a stack."""
    return driver.is_stack(driver.tree_of(read_source(path)[0]), name)


def load_stack(path: str | Path, stack: str | None = None) -> StackModel:
    """The stack of a `.bm` file: of this name, or its last definition."""
    from .stacks.stacking import StackModel

    source, found = read_source(path)
    return StackModel(source, stack, found.parent)


@dataclass(frozen=True)
class Stacked:
    """A checked stack: what `bm check` says of one."""

    name: str
    checked: Stack


def load_all(path: str | Path, model: str | None, arguments: Mapping[str, float]) -> tuple[Model | Stacked, ...]:
    """Every model and stack that the file itself defines, or the model of this name. An argument goes to those models that have it."""
    if model is not None:
        return (load_named(path, model, arguments),)
    source, found = read_source(path)
    tree = driver.tree_of(source)
    definitions = tree.definitions
    taken = [{a.name.text for a in d.arguments} if isinstance(d, ModelDefinition) else set() for d in definitions]
    models: list[Model | Stacked] = []
    wrong: list[Diagnostic] = []
    for k, (d, own) in enumerate(zip(definitions, taken, strict=True)):
        unknown = set(arguments) - set().union(*taken) if k + 1 == len(definitions) else set()
        try:
            if isinstance(d, StackDefinition):
                models.append(Stacked(d.name.text, driver.stack_of(d, tree, found.parent)))
                continue
            models.append(Model(source, {n: x for n, x in arguments.items() if n in own | unknown}, d.name.text, found.parent))
        except BmError as error:
            wrong += [one for one in error.diagnostics if one not in wrong]
    if wrong:
        raise BmError(*wrong)
    return tuple(models) or (Model(source, arguments, None, found.parent),)


def read_source(path: str | Path) -> tuple[Source, Path]:
    """The text of a `.bm` file, or of a shipped model by its name, and the file it stands in."""
    found = find_model(str(path))
    try:
        return read_text(found, str(path)), found
    except OSError as error:
        raise fail("BM911", f"`{path}` cannot be read: {error.strerror}") from None


def parse(text: str, /, model: str | None = None, **arguments: float) -> Model:
    """The model of a text."""
    return Model(Source("<text>", text), arguments, model)


def open_machine(path: str | Path) -> Machine:
    """A machine as `save` wrote it, or the one of a run's folder: same source, arguments and parameters."""
    return open_run(Path(path)).machine


def open_trained_stack(path: str | Path) -> StackMachine:
    """The layers of a stack's run folder. BmError BM916 where it is none."""
    from .stacks.stacking import is_stack, open_stack

    if not is_stack(Path(path)):
        raise fail("BM916", f"`{path}` is not the folder of a stack", help="one is made by `bm train STACK.bm --out DIR`")
    return open_stack(Path(path))[0]


@dataclass(frozen=True)
class Opened:
    """A saved machine with the handle of its model and what its file says of its making."""

    model: Model
    machine: Machine
    metadata: Mapping[str, str]

    @property
    def data(self) -> str:
        """The set or file it was trained on; empty where that was an array."""
        return self.metadata.get("data", "")

    @property
    def images(self) -> dict[str, tuple[int, ...]]:
        """Group → image shape, where its units form one."""
        return {name: tuple(shape) for name, shape in json.loads(self.metadata.get("images", "{}")).items()}


def open_run(path: Path) -> Opened:
    """A run's folder, or a file that `save` wrote. Nothing else is read. BmError where it is neither."""
    from .runs.storage import read_machine

    if (path / "stack.json").exists():
        raise holds_a_stack(path, _first_layer(path))
    if path.is_dir() and not (path / "params.safetensors").exists():
        raise fail("BM916", f"`{path}` is not the folder of a run", help="a run is made by `bm train FILE --out DIR`")
    if not path.exists():
        raise fail("BM916", f"there is no run `{path}`", help="a run is made by `bm train FILE --out DIR`")
    file = path / "params.safetensors" if path.is_dir() else path
    return _made_again(read_machine(file))


def _made_again(saved: Saved, jit: bool = True) -> Opened:
    """The machine that a file or a pickle holds."""
    from .data.preparing import Preparation
    from .runtime import gate

    verify_units(saved.origins)
    model = Model(Source(saved.metadata["source_name"], saved.metadata["source"]), saved.arguments, saved.metadata["model"], saved.folder, saved.settings,
                  kept=saved.kept())  # fmt: skip
    saved.verify(model.checked)
    machine = model.compile(saved.seed, saved.metadata["dtype"], jit)
    for name, value in saved.parameters().items():
        machine.params[name] = gate.parameter(model.checked.parameter(name), value, value.shape, machine.dtype, str(saved.path))
    machine.params.waiting = set(json.loads(saved.metadata.get("waiting", "[]")))
    machine.pretrained = bool(json.loads(saved.metadata.get("pretrained", "true")))
    machine.preparation = Preparation.stored(model.checked, saved.metadata, saved.arrays)
    return Opened(model, machine, saved.metadata)


def _copy(metadata: Mapping[str, str], arrays: Mapping[str, np.ndarray], jit: bool, takes_means: bool, calls: int) -> Machine:
    """A machine from what its pickle holds; no text of it is run but as a model."""
    from .runs.storage import saved_as

    machine = _made_again(saved_as(Path("the pickled machine"), metadata, arrays), jit).machine
    machine.takes_means, machine._calls = takes_means, calls
    return machine


def holds_a_stack(path: Path, layer: str) -> BmError:
    """What is wrong where one machine is asked for."""
    return fail("BM916", f"`{path}` holds a stack, not one machine", help=f"name a layer's folder in it, as `{path / layer}`")


def _first_layer(path: Path) -> str:
    return str(json.loads((path / "stack.json").read_text(encoding="utf-8"))["layers"][0]["name"])


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
            shown = [f for f in dataclasses.fields(x) if f.repr and f.name not in ("span", "source")]
            parts = [f"{pad}  {f.name}: {walk(getattr(x, f.name), depth + 1).lstrip()}" for f in shown]
            return f"{pad}{type(x).__name__}\n" + "\n".join(parts)
        if isinstance(x, tuple) and x and dataclasses.is_dataclass(x[0]):
            return "\n" + "\n".join(walk(y, depth + 1) for y in x)
        return f"{pad}{x!r}"

    return "\n".join(line.rstrip() for line in walk(value, 0).splitlines())

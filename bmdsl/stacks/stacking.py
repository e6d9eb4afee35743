"""Stacks: models one on top of another, trained greedily, each on the hidden means of a frozen one below, or all layers at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import driver
from ..chunks import by_chunks
from ..data.preparing import Preparation
from ..files import file_names, put_text
from ..language.diagnostics import fail
from ..language.imports import Whole, self_contained
from ..language.model import Model as CheckedModel
from ..language.overrides import Override, override_stack
from ..language.source import Source
from ..language.tree import Setting, StackDefinition
from ..model import Model
from ..runtime.interrupts import Stopped
from .joint import Trained, all_frozen, chain, down, hidden_means, reconstruct, up

if TYPE_CHECKING:
    from ..inference.machine import Machine
    from ..tasks.train import Outcome

FILE = "stack.json"
FORMAT = "bmdsl stack 1"
AT_START = 2000
"""Cases whose means the upper layers of a stack trained jointly start from: nothing is kept for all cases."""
Arrays = dict[str, np.ndarray]
OnLayer = Callable[[str, "Outcome"], None]


@dataclass(frozen=True)
class Layer:
    """A model of a stack; `group` of the layer `below` feeds it."""

    name: str
    model: Model
    below: str | None
    group: str | None


class StackModel:
    """A stack's text: what `bmdsl.load_stack` returns."""

    def __init__(self, source: Source, name: str | None = None, folder: Path | None = None, settings: Mapping[str, Override] | None = None, *,
                 whole: Whole | None = None) -> None:  # fmt: skip
        self.source, self.folder, self._name, self.settings = source, folder, name, dict(settings or {})
        self.whole = whole if whole is not None else driver.whole_of(driver.tree_of(source))
        tree = self.whole.file
        written = driver.stack_definition_of(tree, name)
        self.text = self_contained(self.whole, written)
        """The stack's text without imports: what of them it uses is written out."""
        definition = override_stack(written, self.settings)
        self.checked = driver.stack_of(definition, tree, folder)
        own = {s.name.text: s.span.text.strip().removeprefix(s.name.text).strip() for s in definition.train if isinstance(s, Setting)}
        self.layers = tuple(
            Layer(part.name, _handle(definition, part.name, part.model, self.whole).bind(own), part.below, part.group)
            for part in self.checked.parts
        )

    def __repr__(self) -> str:
        """`Stack digits: front, back`."""
        return f"Stack {self.name}: {', '.join(x.name for x in self.layers)}"

    @property
    def name(self) -> str:
        return self.checked.name

    def bind(self, settings: Mapping[str, Override] | None = None) -> StackModel:
        """The same stack with these settings in every layer's train block."""
        return StackModel(self.source, self._name, self.folder, {**self.settings, **(settings or {})}, whole=self.whole)

    def train(self, data: Any = None, out: str | Path | None = None, *, seed: int | None = None, dtype: str = "float32",
              on_layer: OnLayer | None = None, overwrite: bool = False, **settings: Override) -> StackMachine:  # fmt: skip
        """Trains layer after layer, each frozen before the next (Nair & Hinton 2008, section 4.2); all at once where the text says `jointly`,
        after that where it says `greedily jointly`. `data` None: the first layer's own.

        Layers above the first take hidden means as they are: their models' transforms are for data of their own. With `out`, a run folder a layer
        lies in it, and an earlier run there is only removed to `overwrite` it. `on_layer` gets each layer's outcome.
        """
        from ..runs.earlier_run import clear, verify_vacant
        from ..runs.provenance import absolute
        from ..tasks.train_jointly import fit_jointly

        settings = {**settings, **({} if seed is None else {"seed": seed})}
        stack = self.bind(settings) if settings else self
        spec = data if data is not None else self.layers[0].model.checked.training.data
        folder = None if out is None else Path(out)
        if folder is not None:
            verify_vacant(folder, overwrite)
            clear(folder)
        made = stack._layer_after_layer(spec, folder, dtype, on_layer, overwrite) if self.checked.greedily else stack._at_start(spec, dtype)
        if self.checked.jointly:
            made = fit_jointly(stack, made, spec, folder, on_layer)
        if folder is not None:
            write_stack(folder, self, made, absolute(str(spec)) if isinstance(spec, str | Path) else "")
        return StackMachine(self.name, tuple(made))

    def _layer_after_layer(self, spec: Any, folder: Path | None, dtype: str, on_layer: OnLayer | None, overwrite: bool) -> list[Trained]:
        from ..tasks.train import fit

        made: list[Trained] = []
        ready: dict[str, Arrays] = {}
        folders = file_names(x.name for x in self.layers)
        for layer in self.layers:
            given, model, machine = _begun(layer, made, ready, spec, dtype)
            own = None if folder is None else folder / folders[layer.name]
            outcome = fit(model, machine, given, own, prepared=layer.below is not None, overwrite=overwrite)
            made.append(Trained(layer.name, layer.below, layer.group, machine))
            ready[layer.name] = outcome.data
            if on_layer is not None:
                on_layer(layer.name, outcome)
            if outcome.run.interrupted:
                raise Stopped(outcome.run.signal, whole=True)
        return made

    def _at_start(self, spec: Any, dtype: str) -> list[Trained]:
        """Layers whose parameters are at their start; what comes from data, for layers above the first, from the means of AT_START cases below."""
        from ..tasks.train import ready_cases, some_whole

        made: list[Trained] = []
        ready: dict[str, Arrays] = {}
        for layer in self.layers:
            given, model, machine = _begun(layer, made, ready, spec, dtype)
            cases = given if layer.below is not None else ready_cases(machine, given)[1]
            machine.start_from(cases)
            ready[layer.name] = some_whole(cases, AT_START)
            made.append(Trained(layer.name, layer.below, layer.group, machine))
        return made


def _handle(definition: StackDefinition, name: str, checked: CheckedModel, whole: Whole) -> Model:
    """The handle of a layer's model, with the arguments that the stack gives it; its text may be another file's."""
    layer = next(x for x in definition.layers if x.name.text == name)
    found = next(d for d in whole.file.definitions if d.name.text == layer.model.function.text)
    source = found.name.span.source
    arguments = {a.name: a.value for a in checked.arguments if a.value is not None}
    return Model(source, arguments, found.name.text, Path(source.name).parent, whole=whole)


def _begun(layer: Layer, made: Sequence[Trained], ready: Mapping[str, Arrays], spec: Any, dtype: str) -> tuple[Any, Model, Machine]:
    """What a layer is trained on (`spec`, or the means of the one below), its model with lengths taken from that, and a new machine."""
    from ..tasks.train import bound

    given = spec
    if layer.below is not None:
        seen = next(g for g in layer.model.checked.groups if g.role == "visible")
        given = {seen.name: hidden_means(next(x.machine for x in made if x.name == layer.below), ready[layer.below], str(layer.group))}
    model = bound(layer.model, given)
    machine = model.compile(model.checked.training.seed, dtype)
    machine.takes_means |= layer.below is not None
    if layer.below is not None:
        machine.preparation = Preparation(model.checked, {}, fed=True)
    return given, model, machine


class StackMachine:
    """Trained layers. `transform` takes data up through all of them."""

    def __init__(self, name: str, layers: tuple[Trained, ...]) -> None:
        self.name, self.layers = name, layers

    def __repr__(self) -> str:
        """`Trained stack digits: front, back`."""
        return f"Trained stack {self.name}: {', '.join(x.name for x in self.layers)}"

    def __getitem__(self, name: str) -> Machine:
        """The machine of a layer. BmError BM629 where there is none of this name."""
        known = {x.name: x.machine for x in self.layers}
        if name not in known:
            raise fail("BM629", f"stack `{self.name}` has no layer `{name}`", help=f"its layers are {', '.join(known)}")
        return known[name]

    @property
    def model(self) -> CheckedModel:
        """The first layer's model: data are its visible units."""
        return self.layers[0].machine.model

    @property
    def preparation(self) -> Preparation:
        """What training did to the data: that of the first layer."""
        made: Preparation = self.layers[0].machine.preparation
        return made

    def prepare(self, data: Any) -> Any:
        """New data as the first layer's units take them, as `machine.prepare`."""
        return self.preparation.prepare(data)

    def restore(self, data: Any) -> Any:
        """Values of the first layer's visible units in the data's own units, as `machine.restore`."""
        return self.preparation.restore(data)

    def states(self, data: Any) -> dict[str, Arrays]:
        """What every layer sees: layer → group → [cases, *axes]; data first, then hidden means from below."""
        return up(self.layers, data)

    def reconstruct(self, data: Any) -> np.ndarray:
        """Up to the last layer's hidden means and down again: E[v | …] of the first visible group, [cases, *axes]."""
        with self.frozen():
            return by_chunks(lambda part: reconstruct(self.layers, part), self.states(data)[self.layers[0].name])

    def sample(self, n: int, steps: int = 1000) -> np.ndarray:
        """n cases of the first visible group, [n, *axes]: `steps` Gibbs sweeps of the last layer, then means downwards."""
        last = chain(self.layers)[-1].machine
        return down(self.layers, last.conditional(last.visible[0], **last.sample(n, steps=steps)))

    def transform(self, data: Any, features: str = "means") -> np.ndarray:
        """The last layer's features of every case: [cases, features]."""
        last = self.layers[-1]
        return last.machine.transform(self.states(data)[last.name], features)

    def frozen(self) -> AbstractContextManager[None]:
        """Inside, no layer's parameters must change."""
        return all_frozen(self.layers)


def write_stack(folder: Path, stack: StackModel, layers: Sequence[Trained], data: str) -> None:
    """The file that says which run folders are the stack's layers."""
    facts = {"format": FORMAT, "name": stack.name, "data": data, "source_name": stack.source.name, "source": stack.text,
             "layers": [{"name": x.name, "below": x.below, "group": x.group} for x in layers]}  # fmt: skip
    put_text(folder / FILE, json.dumps(facts, indent=1) + "\n")


def is_stack(folder: Path) -> bool:
    """Whether this is the folder of a trained stack."""
    return (folder / FILE).is_file()


def layers_of(folder: Path) -> list[str]:
    """The names of a trained stack's layers, each a run's folder in this one. BmError BM870 where its file is damaged."""
    return [x["name"] for x in _facts(folder)["layers"]]


def layer_folders(folder: Path) -> list[Path]:
    """The layers' run folders in that of their stack, from the first up."""
    folders = file_names(layers_of(folder))
    return [folder / folders[name] for name in layers_of(folder)]


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise ValueError(f"its format is `{facts['format']}`")
        return {**facts, "layers": [{"name": str(x["name"]), "below": x["below"], "group": x["group"]} for x in facts["layers"]]}
    except (ValueError, KeyError, TypeError) as error:
        raise fail("BM870", f"`{folder / FILE}` does not say what a stack is", note=str(error)) from None


def open_stack(folder: Path) -> tuple[StackMachine, str, dict[str, tuple[int, ...]]]:
    """A trained stack, the set or file it was trained on (empty where that was an array), and the shapes of its data as images."""
    from ..model import open_run

    facts = _facts(folder)
    folders = file_names(x["name"] for x in facts["layers"])
    runs = [open_run(folder / folders[x["name"]]) for x in facts["layers"]]
    for x, run in zip(facts["layers"], runs, strict=True):
        run.machine.takes_means |= x["below"] is not None
        if x["below"] is not None:
            run.machine.preparation = Preparation(run.machine.model, {}, fed=True)
    layers = tuple(Trained(x["name"], x["below"], x["group"], run.machine) for x, run in zip(facts["layers"], runs, strict=True))
    return StackMachine(facts["name"], layers), facts["data"], runs[0].images

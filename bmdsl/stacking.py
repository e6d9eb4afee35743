"""Stacks: models one on top of another, trained greedily, each on the hidden means of a frozen one below."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import driver
from .chunks import by_chunks
from .handle import Model
from .language.diagnostics import fail
from .language.model import Model as CheckedModel
from .language.source import Source
from .language.tree import Name, Setting, StackDefinition
from .overrides import Override
from .writing import put_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .fitting import Outcome
    from .inference.machine import Machine

FILE = "stack.json"
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Layer:
    """A model of a stack; `group` of the layer `below` feeds it."""

    name: str
    model: Model
    below: str | None
    group: str | None


class StackModel:
    """A stack's text: what `bmdsl.load_stack` returns."""

    def __init__(self, source: Source, name: str | None = None, folder: Path | None = None, settings: Mapping[str, Override] | None = None) -> None:
        self.source, self.folder, self._name, self.settings = source, folder, name, dict(settings or {})
        tree = driver.tree_of(source)
        definition = driver.stack_definition_of(tree, name)
        self.checked = driver.stack_of(definition, tree, folder)
        own = {s.name.text: s.span.text.strip().removeprefix(s.name.text).strip() for s in definition.train if isinstance(s, Setting)}
        for word in definition.train:
            if isinstance(word, Name) and word.text == "jointly":
                raise fail("BM864", "layers cannot be trained jointly yet", word.span, help="leave `jointly` out: each layer is trained on the one below")
        self.layers = tuple(
            Layer(part.name, _handle(definition, part.name, part.model, tree).bind({**own, **self.settings}), part.below, part.group)
            for part in self.checked.parts
        )

    @property
    def name(self) -> str:
        return self.checked.name

    def bind(self, settings: Mapping[str, Override] | None = None) -> StackModel:
        """The same stack with these settings in every layer's train block."""
        return StackModel(self.source, self._name, self.folder, {**self.settings, **(settings or {})})

    def train(self, data: Any = None, out: str | Path | None = None, *, seed: int | None = None, dtype: str = "float32",
              on_layer: Callable[[str, Outcome], None] | None = None, **settings: Override) -> StackMachine:  # fmt: skip
        """Trains layer after layer, each frozen before the next (Nair & Hinton 2008, section 4.2). `data` None: the first layer's own.

        Layers above the first take hidden means as they are: their models' transforms are for data of their own. With `out`, a run folder a layer
        lies in it. `on_layer` gets each layer's outcome.
        """
        from .fitting import absolute, bound, fit

        settings = {**settings, **({} if seed is None else {"seed": seed})}
        spec = data if data is not None else self.layers[0].model.checked.training.data
        made: list[Trained] = []
        ready: dict[str, Arrays] = {}
        folder = None if out is None else Path(out)
        for layer in self.layers:
            model = layer.model.bind(settings) if settings else layer.model
            fed = layer.below is not None
            given = _means(next(x for x in made if x.name == layer.below), ready[str(layer.below)], layer, model) if fed else spec
            model = bound(model, given)
            machine = model.compile(model.checked.training.seed, dtype)
            outcome = fit(model, machine, given, None if folder is None else folder / layer.name, prepared=fed)
            made.append(Trained(layer.name, layer.below, layer.group, machine))
            ready[layer.name] = outcome.data
            if on_layer is not None:
                on_layer(layer.name, outcome)
            if outcome.run.interrupted:
                raise KeyboardInterrupt
        stack = StackMachine(self.name, tuple(made))
        if folder is not None:
            _write(folder, self, made, absolute(str(spec)) if isinstance(spec, str | Path) else "")
        return stack


def _handle(definition: StackDefinition, name: str, checked: CheckedModel, tree: Any) -> Model:
    """The handle of a layer's model, with the arguments that the stack gives it; its text may be another file's."""
    layer = next(x for x in definition.layers if x.name.text == name)
    found = next(d for d in driver.definitions_of(tree) if d.name.text == layer.model.function.text)
    source = found.name.span.source
    arguments = {a.name: a.value for a in checked.arguments if a.value is not None}
    return Model(source, arguments, found.name.text, Path(source.name).parent)


def _means(below: Trained, data: Arrays, layer: Layer, model: Model) -> Arrays:
    seen = next(g for g in model.checked.groups if g.role == "visible")
    return {seen.name: hidden_means(below.machine, data, str(layer.group))}


def hidden_means(machine: Machine, data: Arrays, group: str) -> np.ndarray:
    """E[group | v] of every case, [cases, *axes], in single precision."""
    with machine.frozen():
        return by_chunks(lambda part: machine.posterior(**part)[group], data).astype(np.float32)


@dataclass(frozen=True)
class Trained:
    """A layer with its machine."""

    name: str
    below: str | None
    group: str | None
    machine: Machine


class StackMachine:
    """Trained layers. `transform` takes data up through all of them."""

    def __init__(self, name: str, layers: tuple[Trained, ...]) -> None:
        self.name, self.layers = name, layers

    def __getitem__(self, name: str) -> Machine:
        """The machine of a layer."""
        return next(x.machine for x in self.layers if x.name == name)

    @property
    def model(self) -> CheckedModel:
        """The first layer's model: data are its visible units."""
        return self.layers[0].machine.model

    def states(self, data: Any) -> dict[str, Arrays]:
        """What every layer sees: layer → group → [cases, *axes]; data first, then hidden means from below."""
        first = self.layers[0].machine
        out: dict[str, Arrays] = {self.layers[0].name: dict(data) if isinstance(data, Mapping) else {first.visible[0]: np.asarray(data)}}
        for layer in self.layers[1:]:
            below = self[str(layer.below)]
            out[layer.name] = {layer.machine.visible[0]: hidden_means(below, out[str(layer.below)], str(layer.group))}
        return out

    def transform(self, data: Any, features: str = "means") -> np.ndarray:
        """The last layer's features of every case: [cases, features]."""
        last = self.layers[-1]
        return last.machine.transform(self.states(data)[last.name], features)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside, no layer's parameters must change."""
        with ExitStack() as held:
            for layer in self.layers:
                held.enter_context(layer.machine.frozen())
            yield


def _write(folder: Path, stack: StackModel, layers: list[Trained], data: str) -> None:
    facts = {"format": "bmdsl stack 1", "name": stack.name, "data": data, "source_name": stack.source.name, "source": stack.source.text,
             "layers": [{"name": x.name, "below": x.below, "group": x.group} for x in layers]}  # fmt: skip
    put_text(folder / FILE, json.dumps(facts, indent=1) + "\n")


def is_stack(folder: Path) -> bool:
    """Whether this is the folder of a trained stack."""
    return (folder / FILE).is_file()


def open_stack(folder: Path) -> tuple[StackMachine, str]:
    """A trained stack and the set or file it was trained on (empty where that was an array)."""
    from .handle import open_run

    facts = json.loads((folder / FILE).read_text(encoding="utf-8"))
    layers = []
    for x in facts["layers"]:
        layers.append(Trained(x["name"], x["below"], x["group"], open_run(folder / x["name"]).machine))
    return StackMachine(facts["name"], tuple(layers)), facts["data"]

"""The words of train blocks as the registry finds them, each with a model that takes it.

Options that a word cannot do without get their values by kind (the first parameter, the first
hidden group, the middle of the bounds), and options of costs, as `chains`, by name. A word gets the
first of the models below that it takes; one that takes none needs a further model.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

import bmdsl
from bmdsl.language.diagnostics import BmError
from bmdsl.language.vocabulary import Option, Word
from bmdsl.registry import discover
from bmdsl.training.batch import Batch
from bmdsl.training.loop import train
from bmdsl.training.recipe import Recipe

Arrays = dict[str, np.ndarray]

FOLDERS = {
    "positive": "positive",
    "negative": "negative",
    "objective": "objectives",
    "optimizer": "optimizers",
    "schedule": "schedules",
    "penalty": "penalties",
}
"""Setting of a train block → the folder of its words."""
WORDS = {kind: discover(f"bmdsl.training.{name}") for kind, name in FOLDERS.items()}
MONITORS = discover("bmdsl.training.monitors")
EVERY = [(kind, name) for kind, found in WORDS.items() for name in found]
MODELS = (
    """model deep(D = 6, H = 4, G = 2) {
      visible v[D] : binary  hidden h[H] : binary  hidden g[G] : spin
      param W init normal(0, 0.3)  param V init normal(0, 0.3)  param b, c, d
      energy = - W[i,j] v[i] h[j] - V[j,k] h[j] g[k] - b[i] v[i] - c[j] h[j] - d[k] g[k] TRAIN }""",
    """model shallow(D = 6, H = 4) { visible v[D] : binary  hidden h[H] : binary
      param W init normal(0, 0.3)  param b, c
      energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] TRAIN }""",
    """model flat(D = 6) { visible v[D] : binary
      param U init normal(0, 0.3) symmetric  param b
      energy = - U[i,j] v[i] v[j] for i < j - b[i] v[i] TRAIN }""",
)
LARGE = {"D": 150, "H": 60, "G": 4}
"""Sizes at which kernels divide their work among threads."""
WIDE = {"chains": 64, "replicas": 3, "steps": 2}
FEW = {"chains": 6, "replicas": 3, "steps": 2}
MANY = {"chains": 10_000, "replicas": 3, "steps": 2}
LONG = {"steps": 200, "tol": 1e-12}
"""Options of any word that has them, by name: for many threads, cheap, many chains, settled."""
CASES, BATCH, STOP, UPDATES = 28, 4, 7, 15
BURN_IN = 30
"""Updates of a phase that keeps more than chains, whose own state has no exact start."""


def _middle(option: Option) -> float:
    low = 0.0 if option.low is None else option.low
    return (low + (low + 1 if option.high is None else option.high)) / 2


def spelled(word: Word, model: bmdsl.Model, options: Mapping[str, float]) -> str:
    """The word as a train block has it, with what it requires."""
    parameter = model.checked.parameters[0].name
    hidden = [g.name for g in model.checked.groups if g.role == "hidden"]
    required = {"parameter": parameter, "group": hidden[0] if hidden else "", "name": parameter}
    given = []
    for o in word.options:
        if o.name in options:
            given.append(f"{o.name} = {options[o.name]}")
        elif o.required:
            value = _middle(o) if o.kind == "number" else required.get(o.kind, 1)
            given.append(f"{o.name} = {value}")
    if word.open_keys:
        given.append(f"{parameter} = 0.5")
    return f"{word.name}({', '.join(given)})" if given else word.name


def bits(cases: int, size: int) -> np.ndarray:
    return (np.random.default_rng(3).random((cases, size)) < 0.4).astype(float)


@dataclass(frozen=True)
class Subject:
    """A model whose train block has the word, and cases for it."""

    model: bmdsl.Model
    data: Arrays

    def machine(self, dtype: str = "float32") -> bmdsl.Machine:
        """With parameters that are away from 0, which a penalty may treat as a place of its own."""
        machine = self.model.compile(seed=2, dtype=dtype)
        generator = np.random.default_rng(1)
        for p in machine.model.parameters:
            x = generator.normal(0, 0.4, machine.params[p.name].shape)
            machine.params[p.name] = np.triu(x, 1) + np.triu(x, 1).T if p.symmetric else x
        return machine

    def batch(self, machine: bmdsl.Machine, update: int = 3) -> Batch:
        count = len(next(iter(self.data.values())))
        weights = np.arange(1.0, count + 1) / (count * (count + 1) / 2)
        shaped = {n: np.asarray(x, machine.dtype) for n, x in self.data.items()}
        return Batch(shaped, weights.astype(machine.dtype), update)


def _words_of(kind: str, name: str, model: bmdsl.Model, options: Mapping[str, float]) -> str:
    own = spelled(WORDS[kind][name].WORD, model, options)
    settings = {"negative": "pcd(chains = 6)", "optimizer": "sgd(rate = 0.05, momentum = 0.5)"}
    return "  ".join(f"{k} {w}" for k, w in {**settings, kind: own}.items())


def subject_of(
    kind: str, name: str, options: Mapping[str, float], sizes: Mapping[str, int] | None = None
) -> Subject:
    """The first model that takes the word, at the first of the sizes at which it does."""
    refused = []
    for larger, text in itertools.product([sizes, None] if sizes else [None], MODELS):
        block = f"train {{ TRAIN  batch {BATCH}  updates {UPDATES} }}"
        model = bmdsl.parse(text.replace("TRAIN", "", 1))
        words = _words_of(kind, name, model, options)
        model = bmdsl.parse(text.replace("TRAIN", block.replace("TRAIN", words), 1))
        if larger is not None:
            model = model.bind(None, **{a.name: larger[a.name] for a in model.checked.arguments})
        size = prod(int(n) for n in model.checked.groups[0].axes)
        found = Subject(model, {"v": bits(CASES, size)})
        try:
            machine = found.machine()
            batch = found.batch(machine)
            Recipe.of(machine, model.checked.training, batch, UPDATES).gradient(batch)
        except BmError as error:
            refused.append(str(error.diagnostics[0].message))
            continue
        return found
    raise AssertionError(f"no model here takes `{name}`: {refused}")


def trained_by(subject: Subject, **more: Any) -> tuple[Arrays, Any]:
    machine = subject.machine()
    run = train(machine, subject.data, subject.model.checked.training, progress=False, **more)
    return {**machine.params, **{f"chain {n}": x for n, x in run.chains.items()}}, run


def verify_same_bits(found: Arrays, wanted: Arrays) -> None:
    assert set(found) == set(wanted)
    for name in wanted:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)

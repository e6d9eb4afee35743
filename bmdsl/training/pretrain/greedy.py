"""Layer by layer (Salakhutdinov & Hinton 2009, Deep Boltzmann Machines, section 3.1).

In the deep machine a middle layer gets fields from below and from above; while a layer is learnt
alone, one of them is missing. So the lowest RBM has its visible units twice, the highest its hidden
units twice, and the weights of those between count twice; each RBM trained by CD on the means of
the one below. Put together, every layer's field is then right: W₁ and W₂ as they are, a bias that
two RBMs have learnt as their mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...chunks import chunks
from ...language.diagnostics import fail
from ...language.model import (
    Choice,
    Group,
    Initial,
    Letter,
    Model,
    Parameter,
    Subscript,
    Term,
    Training,
)
from ...language.structure import depths
from ...language.vocabulary import Option, Word
from ...runs.run_folder import RunFolder
from ...runtime.interrupts import Stopped

if TYPE_CHECKING:
    from ...inference.machine import Machine

WORD = Word(
    "greedy",
    (Option("epochs", "integer", 10, low=1), Option("steps", "integer", 1, low=1)),
    summary="layer by layer, then all layers at once",
)
LETTERS = ("below′", "above′")
"""Letters that no text can hold, for the two copies of a layer's units."""
Arrays = dict[str, np.ndarray]


def pretrain(
    machine: Machine,
    choice: Choice,
    data: Mapping[str, np.ndarray],
    progress: bool | None = None,
    weights: np.ndarray | None = None,
    out: Path | None = None,
) -> None:
    """Sets the machine's parameters. `data`, `weights`: as in training. In `out`, a folder of each
    layer's own, checkpoints are kept, and gone on from.

    BmError BM766 where it has no second hidden layer; KeyboardInterrupt passes.
    """
    from ... import driver
    from ..loop import train

    model, depth = machine.model, depths(machine.model)
    top = max(depth.values(), default=0)
    if top < 2:
        raise fail(
            "BM766",
            f"`pretrain greedy` needs two hidden layers, `{model.name}` has"
            f" {'one' if top == 1 else 'none'}",
            choice.span,
            help="leave `pretrain` out: an RBM is trained at once",
        )
    found: dict[str, list[np.ndarray]] = {}
    below = dict(data)
    for layer in range(top):
        part, twice = part_of(model, layer, choice)
        small = driver.machine_of(part, machine.seed + layer, str(machine.dtype))
        small.takes_means = True
        for p in part.parameters:
            small.params[p.name] = machine.params[p.name]
        seen = {n: np.stack([x, x], axis=1) if n in twice else x for n, x in below.items()}
        if part.parameters:
            folder = None if out is None else RunFolder(out / str(layer + 1), {})
            with nullcontext() if folder is None else folder:
                begun = folder is not None and folder.checkpoint() is not None
                run = train(
                    small,
                    seen,
                    part.training,
                    folder,
                    weights=weights,
                    resume=begun,
                    progress=progress,
                )
            if run.interrupted:
                raise Stopped(run.signal, whole=True)
        for p in part.parameters:
            found.setdefault(p.name, []).append(small.params[p.name])
        if layer + 1 < top:
            means = [small.posterior(**part) for part in chunks(seen)]
            below = {n: np.concatenate([m[n] for m in means]) for n in means[0]}
    for name, values in found.items():
        machine.params[name] = np.mean(values, axis=0)


def part_of(model: Model, layer: int, choice: Choice) -> tuple[Model, tuple[str, ...]]:
    """The RBM of layers `layer` and `layer` + 1, and the groups of its lower layer that it has
    twice.
    """
    depth = depths(model)
    top = max(depth.values())
    lower = tuple(g.name for g in model.groups if depth.get(g.name) == layer)
    upper = tuple(g.name for g in model.groups if depth.get(g.name) == layer + 1)
    lowest, highest = layer == 0 < top - 1, layer == top - 1 > 0
    doubled = {n: LETTERS[0] for n in lower if lowest and model.group(n).role != "given"} | {
        n: LETTERS[1] for n in upper if highest
    }
    groups = tuple(
        _group(
            g, "visible" if g.name in lower and g.role == "hidden" else g.role, g.name in doubled
        )
        for g in model.groups
        if g.name in (*lower, *upper)
    )
    between = top > 1 and not lowest and not highest
    terms = []
    for term in model.terms:
        inside = {u.group for u in term.units}
        if inside and inside <= {*lower, *upper}:
            twofold = between and inside & set(lower) and inside & set(upper)
            terms.append(_term(term, doubled, 2.0 if twofold else 1.0))
    names = {p.parameter for t in terms for p in t.parameters}
    parameters = tuple(_parameter(p) for p in model.parameters if p.name in names)
    graphs = tuple(
        g for g in model.graphs if any(c.graph == g.name for t in terms for c in t.conditions)
    )
    made = Model(
        f"{model.name}, layer {layer + 1}",
        (),
        groups,
        parameters,
        tuple(terms),
        graphs,
        _training(model.training, choice),
    )
    return made, tuple(n for n in lower if n in doubled)


def _group(group: Group, role: Literal["visible", "hidden", "given"], twice: bool) -> Group:
    return replace(group, role=role, shape=(2, *group.shape) if twice else group.shape)


def _parameter(p: Parameter) -> Parameter:
    return replace(p, init=Initial("constant", (0.0,)))


def _term(term: Term, doubled: Mapping[str, str], factor: float) -> Term:
    letters = {doubled[u.group] for u in term.units if u.group in doubled}
    units = tuple(
        (
            replace(u, subscripts=(Subscript(((doubled[u.group], 1),)), *u.subscripts))
            if u.group in doubled
            else u
        )
        for u in term.units
    )
    return replace(
        term,
        coefficient=factor * term.coefficient,
        units=units,
        letters=(*(Letter(x, 2) for x in sorted(letters)), *term.letters),
    )


def _training(training: Training, choice: Choice) -> Training:
    return Training(
        negative=Choice("cd", (("steps", choice["steps"]), ("means", False))),
        optimizer=training.optimizer,
        schedule=training.schedule,
        batch=training.batch,
        epochs=int(choice["epochs"]),
        seed=training.seed,
    )

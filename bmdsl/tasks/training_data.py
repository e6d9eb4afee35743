"""The data of a training, found for a model and made ready for its machine; open lengths are taken
from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.arrays import verify_fits
from ..data.finding import Arrays, Found, find, flatten
from ..data.preparing import Preparation, prepare
from ..data.weights import Weights, load_weights
from ..language.diagnostics import fail
from ..language.model import Model as CheckedModel
from ..runtime import gate
from .streaming import streamed_cases

if TYPE_CHECKING:
    from ..inference.machine import Machine
    from ..model import Model
    from ..training.cases import Cases
    from ..training.streamed_cases import StreamedCases


@dataclass(frozen=True)
class Ready:
    """Data as a training takes them."""

    cases: Arrays | StreamedCases
    trained: Cases | StreamedCases
    """Those cases that are not held out for validation."""
    weights: np.ndarray | None
    """One of every case; None: all weigh the same."""
    shown: Arrays
    """The cases as they were read, those of weight 0 left out."""


def ready_to_train(
    machine: Machine,
    checked: CheckedModel,
    found: Found,
    weights: Weights,
    kept: Preparation | None,
    prepared: bool,
    facts: Mapping[str, str],
    progress: bool | None,
) -> Ready:
    """Data that were found, shaped, transformed and checked for the machine, which keeps what
    transforms learned.

    `prepared` data are taken as they are; `facts` are those of the checkpoint that a stream goes on
    from.
    """
    from ..training.cases import Cases

    arrays, source = found.arrays, found.source
    if found.shards is not None:
        gate.verify_parameters(machine.params)
        stream = streamed_cases(found, machine, checked, weights, kept, facts, progress)
        return Ready(stream, stream, None, arrays)
    given = None
    if weights is not None:
        given = load_weights(weights, len(next(iter(arrays.values()))))
    if given is not None and not given.all():  # a case of weight 0 is as good as not there
        arrays, given = {n: x[given > 0] for n, x in arrays.items()}, given[given > 0]
    seed = checked.training.seed
    if prepared:
        ready, machine.preparation = arrays, Preparation(checked, {}, fed=True)
    else:
        ready, machine.preparation = prepare(
            flatten(arrays, checked),
            checked,
            source,
            seed,
            kept=kept,
            weights=given,
            code=found.code,
        )
    for name, x in ready.items():
        verify_fits(x, machine.dtype, f"data for `{name}` from {source}")
    gate.verify_parameters(machine.params)
    trained = Cases.of(ready, given).split(checked.training.validate, seed)[0]
    return Ready(ready, trained, given, arrays)


def ready_cases(machine: Machine, spec: Any) -> tuple[Arrays, Arrays]:
    """A machine's data as they are read, and shaped, transformed and checked; every case is whole.

    The machine keeps what transforms learned.
    """
    model = machine.model
    kept = kept_preparation(machine, model)
    found = find(named_data(spec, model), model, code=None if kept is None else kept.code)
    ready, machine.preparation = prepare(
        flatten(found.arrays, model),
        model,
        found.source,
        model.training.seed,
        False,
        kept,
        code=found.code,
    )
    return found.arrays, ready


def kept_preparation(machine: Machine, model: CheckedModel) -> Preparation | None:
    """What the machine's parameters were trained with, if it is of this model's transforms."""
    made: Preparation | None = machine.preparation
    return made if made is not None and made.serves(model) else None


def some_whole(data: Arrays, most: int) -> Arrays:
    """At most so many cases without missing values, spread over all."""
    from ..training.cases import Cases

    return Cases.of(data, None).whole().spread(most).data


def named_data(data: Any, checked: CheckedModel) -> Any:
    """The data that are named, or the train block's own. Raises BM873 if there are none."""
    spec = data if data is not None else checked.training.data
    if spec is None:
        raise fail(
            "BM873",
            f"no data to train `{checked.name}` on",
            help="name a set or a file: `bm train FILE digits`",
        )
    return spec


def bound(model: Model, data: Any) -> Model:
    """The model with its open lengths taken from the data (None: the train block's own)."""
    spec = data if data is not None else model.checked.training.data
    if spec is None or not model.checked.unbound:
        return model
    found = find(spec, model.checked, streamed=model.checked.training.streaming.name)
    shapes = {n: x.shape for n, x in flatten(found.arrays, model.checked).items()}
    of_states = {
        n: (*shapes[n], k)
        for n, k in found.alphabets.items()
        if len(shapes[n]) == len(model.checked.group(n).axes)
    }
    made = model.bind_data(shapes | of_states)
    if made.checked.unbound:
        names, first = ", ".join(f"`{n}`" for n in made.checked.unbound), made.checked.unbound[0]
        seen = ", ".join(
            f"`{n}` has shape (cases, {', '.join(map(str, x[1:]))})" for n, x in shapes.items()
        )
        raise fail(
            "BM865",
            f"model `{model.name}` needs a value for {names}, which the data do not give: {seen}",
            help=f"`-D {first}=...` on the command line, `{first} = ...` in Python",
        )
    return made

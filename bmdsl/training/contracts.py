"""What the file of a word must define: one protocol a kind of word, and one for what it may define.

A word is a module. `WORD` says its name and options, so that a text is checked before anything is
imported that computes. Each piece of work is written twice: as NumPy on a machine (`expect`,
`add_gradient`, `step`), and as ops (`compose`) that are printed into the update and compiled. Both
must give the same numbers from the same random keys. A word without `compose` trains all the same,
but its updates are not compiled as a whole.

Whatever is to go on from update to update is returned by `start` as arrays by name. They are
changed in place, never replaced; the loop writes them into checkpoints and puts them back in a
resume. `compose` gets the same arrays by their keys: `("chain", name)` for a negative phase,
`("optimizer", name)` for an optimizer, `("penalty", f"{place}/{name}")` for a penalty.
"""

from __future__ import annotations

import inspect
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from ..language.diagnostics import fail
from ..language.vocabulary import Word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..language.model import Choice
    from ..schedule.builder import Gradient, Phase
    from ..schedule.values import Number
    from .batch import Batch, Expectation
    from .composing import Composer
    from .health import Finding, Look
    from .machine_protocol import Array, Machine, State, Sums


class Positive(Protocol):
    """A positive phase: rows that stand for the hidden units' distribution given the minibatch."""

    WORD: Word

    def expect(self, machine: Machine, choice: Choice, batch: Batch) -> Expectation:
        """Rows of all drawn groups, as many a case for every case, with weights of sum 1.

        Raises a diagnostic if the phase cannot be carried out; it is tried before training starts.
        """

    def compose(self, c: Composer, choice: Choice) -> Phase:
        """The same rows as values of the schedule."""


class Negative(Protocol):
    """A negative phase: rows that stand for the model's own distribution."""

    WORD: Word

    def start(self, machine: Machine, choice: Choice) -> State:
        """The arrays that go on from update to update, by name; chains under their groups' names.

        Empty if nothing does. Raises a diagnostic for a model that the phase does not serve.
        """

    def expect(
        self, machine: Machine, choice: Choice, batch: Batch, chains: State, positive: Expectation
    ) -> Expectation:
        """Rows of all drawn groups with weights of sum 1.

        `chains`, what `start` returned, in place.
        """

    def compose(self, c: Composer, choice: Choice, positive: Phase) -> Phase:
        """The same rows as values of the schedule."""


class NegativeMay(Protocol):
    """What a negative phase may define besides."""

    def after(
        self, machine: Machine, choice: Choice, chains: State, gradient: dict[str, Array]
    ) -> None:
        """Follows the likelihood's gradient, before penalties: fast weights do."""

    def compose_after(self, c: Composer, choice: Choice, gradient: Gradient) -> None:
        """The same as ops."""

    def uniforms(self, seed: int, choice: Choice, update: int) -> Array:
        """Numbers that an update draws outside the machine, for a value bound to
        `("uniforms",)`.
        """


class Objective(Protocol):
    """What an update climbs in place of the likelihood: no phases."""

    WORD: Word

    def verify(self, machine: Machine, choice: Choice, batch: Batch) -> None:
        """Raises a diagnostic for a model or data that it does not serve. `batch` is one case."""

    def add_gradient(
        self,
        machine: Machine,
        choice: Choice,
        batch: Batch,
        out: dict[str, Array],
        share: float,
    ) -> dict[str, float]:
        """out[θ] += share · the derivative; figures for the metrics, by name."""

    def compose(self, c: Composer, choice: Choice, gradient: Gradient) -> None:
        """The same as ops; figures go to `c.figure(name)`."""


class ObjectiveMay(Protocol):
    """What an objective may define besides."""

    def is_told(self, update: int, numbers: int) -> bool:
        """Whether an update of a minibatch of so many numbers works the objective's value out."""


class Penalty(Protocol):
    """What is taken off the objective, or a bound that parameters are put back to."""

    WORD: Word

    def compose(
        self, c: Composer, choice: Choice, gradient: Gradient, positive: Phase, place: int
    ) -> None:
        """Adds the penalty's part to the gradient.

        `place` is its number in the train block: two of a kind keep arrays of their own.
        """


class PenaltyMay(Protocol):
    """What a penalty may define besides: at least one of `add_gradient`, `follow` and `project`."""

    def add_gradient(
        self, machine: Machine, choice: Choice, gradient: dict[str, Array], positive: Expectation
    ) -> None:
        """gradient[θ] −= the penalty's derivative."""

    def start(self, machine: Machine, choice: Choice) -> dict[str, Array]:
        """The arrays that it keeps from update to update, by name."""

    def follow(
        self,
        machine: Machine,
        choice: Choice,
        gradient: dict[str, Array],
        state: dict[str, Array],
        rate: float,
    ) -> None:
        """`add_gradient` of a penalty that keeps arrays: `state`, in place, at this
        update's rate.
        """

    def project(self, machine: Machine, choice: Choice) -> None:
        """Puts parameters back within bounds, after the step."""

    def compose_projection(self, c: Composer, choice: Choice) -> None:
        """The same as ops."""

    def value(self, machine: Machine, choice: Choice, state: dict[str, Array]) -> float:
        """The penalty at the present parameters."""


class Optimizer(Protocol):
    """From a gradient to a step."""

    WORD: Word

    def start(self, params: dict[str, Array], choice: Choice) -> dict[str, Array]:
        """The arrays that it keeps, by name, for these trained parameters."""

    def step(
        self,
        params: dict[str, Array],
        gradient: dict[str, Array],
        state: dict[str, Array],
        choice: Choice,
        factor: float,
    ) -> Sums:
        """One step up, in place; (Σ g², Σ θ²) of every parameter. `factor` is the schedule's.

        The gradient may be used up. A module with `CLEARS = True` leaves it zero.
        """

    def compose(self, c: Composer, choice: Choice, gradient: Gradient, rate: Number) -> None:
        """The same as ops: gradients end zero, sums go to `c.sums(name)`."""


class ScheduleWord(Protocol):
    """How the step size changes."""

    WORD: Word

    def factor(self, choice: Choice, update: int, total: int) -> float:
        """What the optimizer's rate is multiplied by in this update of so many."""


class Pretraining(Protocol):
    """What goes before the training of a deep machine."""

    WORD: Word

    def pretrain(
        self,
        machine: Any,
        choice: Choice,
        data: Mapping[str, Array],
        progress: bool | None,
        weights: Array | None,
        out: Path | None,
    ) -> None:
        """Sets the machine's parameters. `data` and `weights` are those of the training; in the
        folder `out` it keeps what it needs to go on after a stop.
        """


class Monitor(Protocol):
    """What looks at the training from time to time."""

    WORD: Word

    def look(self, at: Look, memory: dict[str, Any]) -> Finding:
        """Figures for the metrics, and a sentence if something is wrong.

        `memory` is the monitor's own dict, empty at first. It goes into checkpoints, so it holds
        dicts with texts as keys, arrays, numbers, texts and lists of them.
        """


class MonitorMay(Protocol):
    """What a monitor may define besides."""

    def updates(self, machine: Any, training: Any) -> float:
        """What a look costs, in updates: such a monitor has an account of its own."""

    def follow(self, gradient: Mapping[str, Array], memory: dict[str, Any]) -> None:
        """Sees every update's gradient, if updates are not compiled."""

    def places(self, parameters: Mapping[str, Array]) -> dict[str, Array]:
        """Parameter → the entries of its gradient that compiled updates add up for `collect`."""

    def collect(self, sums: Mapping[str, Array], count: int, memory: dict[str, Any]) -> None:
        """Takes the sums [2, entries] of these entries and their squares over `count` updates, and
        clears them; called before a look.
        """


CONTRACTS: Mapping[str, tuple[type, type | None]] = MappingProxyType(
    {
        "positive": (Positive, None),
        "negative": (Negative, NegativeMay),
        "objectives": (Objective, ObjectiveMay),
        "penalties": (Penalty, PenaltyMay),
        "optimizers": (Optimizer, None),
        "schedules": (ScheduleWord, None),
        "pretrain": (Pretraining, None),
        "monitors": (Monitor, MonitorMay),
    }
)
"""Folder → the protocol of its words, and that of what they may define besides."""


def breaches(folder: str, module: ModuleType) -> list[str]:
    """In which ways a module is no word of this folder; empty if it is one."""
    if not isinstance(getattr(module, "WORD", None), Word):
        return ["it has no `WORD`"]
    must, may = CONTRACTS[folder]
    out = []
    for contract, required in ((must, True), (may, False)):
        for name, declared in vars(contract or object).items():
            if name.startswith("_") or not inspect.isfunction(declared):
                continue
            function = getattr(module, name, None)
            if function is None:
                if required and name != "compose":
                    out.append(f"it has no function `{name}`")
                continue
            wanted = list(inspect.signature(declared).parameters)[1:]
            names = list(inspect.signature(function).parameters)
            if names != wanted:
                out.append(f"`{name}` takes ({', '.join(names)}), not ({', '.join(wanted)})")
    return out


def verify_word(folder: str, module: ModuleType) -> None:
    """Raises BM896 if a module is no word of this folder."""
    found = breaches(folder, module)
    if found:
        raise fail(
            "BM896",
            f"`{module.__name__}` is no word of `{folder}`: {found[0]}",
            help="`bmdsl/training/contracts.py` has what each kind of word defines",
        )

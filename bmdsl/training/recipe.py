"""A train block's words looked up: the modules that one update is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from types import ModuleType

import numpy as np

from ..language.diagnostics import BmError, fail
from ..language.model import Choice, Training
from . import modifiers
from .batch import Batch, Expectation
from .centring import Centring
from .machine_protocol import Array, Machine, State
from .usage import Usage
from .words import module_of

MEAN_FIELD = Choice("meanfield", (("steps", 30), ("tol", 1e-4), ("damping", 0.0)))


FEW = 6
"""log2 of the states a case past which the exact positive phase is not chosen by itself."""
LINE, ENTRIES = 64, 16
"""Bytes of a cache line, and the entries of four bytes in it."""


def verify_together(training: Training) -> None:
    """BmError where settings exclude one another."""
    if training.objective is not None and training.center:
        raise fail(
            "BM755",
            "`center on` is defined for the likelihood's gradient alone",
            training.objective.span,
            help="center off",
        )


@dataclass
class Recipe:
    """What one update needs: phases, optimizer, schedule, penalties, centring, and their state."""

    machine: Machine
    training: Training
    positive: Choice | None
    modules: Mapping[str, ModuleType]
    penalties: tuple[tuple[ModuleType, Choice], ...]
    centring: Centring | None
    chains: State
    optimizer_state: dict[str, Array]
    total: int
    buffers: dict[str, Array]
    bounds: dict[str, float]
    """Σ θ² past which a parameter has blown up: an entry's root mean square above 1e4, and 1e3
    times that of the start.
    """
    usage: Usage
    penalty_state: dict[str, Array]
    """What penalties learn, under `number/name`."""
    gradients: Array
    """The memory of all `buffers`, which lie in it one after another."""
    last: tuple[Expectation, Expectation] | None = None
    """The positive and the negative phase of the last update."""
    clear: set[str] = field(default_factory=set)
    """Parameters whose buffer the last step left zero."""

    @classmethod
    def of(cls, machine: Machine, training: Training, probe: Batch, total: int) -> Recipe:
        """Looks the words up.

        `probe` is one case: where no positive phase is named, exact if it can be, else mean field.

        The positive phase is tried on the probe, so that one that cannot be carried out says so
        before training starts.
        """
        verify_together(training)
        if not machine.params:
            raise fail(
                "BM886",
                f"`{machine.model.name}` has no parameters: there is nothing to train",
                help=(
                    "write the numbers to be learnt as parameters: `param J  energy = - J s[i]"
                    " s[wrap(i+1)]`"
                ),
            )
        modules = {
            "optimizer": module_of("optimizer", "optimizers", training.optimizer),
            "schedule": module_of("schedule", "schedules", training.schedule),
        }
        positive, chains = training.positive, {}
        if training.objective is not None:
            modules["objective"] = module_of("objective", "objectives", training.objective)
            modules["objective"].verify(machine, training.objective, probe)
        else:
            positive = positive or _default_positive(machine, probe)
            modules["positive"] = module_of("positive phase", "positive", positive)
            modules["negative"] = module_of("negative phase", "negative", training.negative)
            modules["positive"].expect(machine, positive, probe)
            chains = modules["negative"].start(machine, training.negative)
        penalties = tuple((module_of("penalty", "penalties", c), c) for c in training.penalty)
        state = modules["optimizer"].start(modifiers.trained(machine), training.optimizer)
        gradients, buffers = _side_by_side(machine.params)
        bounds = {
            n: max(1e8 * x.size, 1e6 * float(np.vdot(x, x))) for n, x in machine.params.items()
        }
        centring = Centring(machine.model) if training.center else None
        learnt = {
            f"{k}/{n}": x
            for k, (m, c) in enumerate(penalties)
            if hasattr(m, "start")
            for n, x in m.start(machine, c).items()
        }
        return cls(
            machine,
            training,
            positive,
            modules,
            penalties,
            centring,
            chains,
            state,
            total,
            buffers,
            bounds,
            Usage(machine.model),
            learnt,
            gradients,
        )

    def gradient(
        self, batch: Batch, share: float = 1.0
    ) -> tuple[dict[str, Array], dict[str, float]]:
        """share · (⟨∂(−E)/∂θ⟩_data − ⟨∂(−E)/∂θ⟩_model), or that of the objective, penalties
        included; figures for the progress line.

        `share` is the batch's mean case weight over the data's. The arrays are the recipe's own:
        the next call overwrites them.
        """
        machine, out = self.machine, self.buffers
        for name, x in out.items():
            if name not in self.clear:
                x.fill(0)
        self.clear.clear()
        figures: dict[str, float] = {}
        with (
            machine.frozen(),
            machine.tempered(
                {
                    t.group: t.at(batch.update / max(1, self.total - 1))
                    for t in self.training.temperature
                }
            ),
        ):
            if self.training.objective is not None:
                figures = self.modules["objective"].add_gradient(
                    machine, self.training.objective, batch, out, share
                )
                positive = Expectation(batch.data, batch.weights)
            else:
                positive = self._phases(batch, out, share)
                figures = {**figures, **positive.figures}
        if self.training.objective is None:
            self.usage.add(positive)
        modifiers.tie(machine, out)
        rate = float(self.training.optimizer["rate"]) * self.factor(batch.update)
        for k, (module, choice) in enumerate(self.penalties):
            if hasattr(module, "add_gradient"):
                module.add_gradient(machine, choice, out, positive)
            if hasattr(module, "follow"):
                own = {
                    n.removeprefix(f"{k}/"): x
                    for n, x in self.penalty_state.items()
                    if n.startswith(f"{k}/")
                }
                module.follow(machine, choice, out, own, rate)
        return out, figures

    def factor(self, update: int) -> float:
        """The schedule's share of the rate."""
        return float(self.modules["schedule"].factor(self.training.schedule, update, self.total))

    def factors(self, first: int, count: int) -> Array:
        """The schedule's shares of the rate for updates `first`, ..., [count]."""
        factor, choice = self.modules["schedule"].factor, self.training.schedule
        updates = range(first, first + count)
        return np.fromiter((factor(choice, t, self.total) for t in updates), float, count)

    def _phases(self, batch: Batch, out: dict[str, Array], share: float) -> Expectation:
        """Adds both phases; the positive one."""
        machine = self.machine
        positive = self.modules["positive"].expect(machine, self.positive, batch)
        negative = self.modules["negative"].expect(
            machine, self.training.negative, batch, self.chains, positive
        )
        machine.accumulate(positive.rows, positive.weights, out, share)
        machine.accumulate(negative.rows, negative.weights, out, -share)
        if hasattr(self.modules["negative"], "after"):
            self.modules["negative"].after(machine, self.training.negative, self.chains, out)
        self.last = positive, negative
        if self.centring is not None:
            self.centring.follow(machine, positive, negative)
            self.centring.change(out)
        return positive

    def update(
        self,
        batch: Batch,
        share: float = 1.0,
        on_gradient: Callable[[dict[str, Array]], None] | None = None,
    ) -> dict[str, float]:
        """One step in place; figures for the progress line.

        FloatingPointError where the gradient or a parameter is not finite.
        """
        gradient, figures = self.gradient(batch, share)
        if on_gradient is not None:
            on_gradient(gradient)
        trained = modifiers.trained(self.machine)
        factor = self.factor(batch.update)
        sums = self.modules["optimizer"].step(
            trained, gradient, self.optimizer_state, self.training.optimizer, factor
        )
        if getattr(self.modules["optimizer"], "CLEARS", False):
            self.clear.update(trained)
        for name, (squares, norms) in sums.items():
            if not isfinite(squares):
                raise FloatingPointError(f"the gradient of `{name}` is not finite")
            if not norms < self.bounds[name]:
                raise FloatingPointError(
                    f"parameter `{name}` is not finite"
                    if not isfinite(norms)
                    else (
                        f"parameter `{name}` has grown to"
                        f" {(norms / max(1, trained[name].size)) ** 0.5:.3g} (root mean square)"
                    )
                )
        for module, choice in self.penalties:
            if hasattr(module, "project"):
                module.project(self.machine, choice)
        modifiers.hold(self.machine)
        norm = sum(squares for squares, _ in sums.values()) ** 0.5
        return {
            "gradient_norm": norm,
            "rate": float(self.training.optimizer["rate"]) * factor,
            **figures,
        }

    def arrays(self, copy: bool = True) -> dict[str, Array]:
        """Everything that an update changes, by name: what a bit-exact resume needs.

        Without `copy` the arrays are views where they can be.
        """
        offsets = self.centring.offsets if self.centring else {}
        parts = {**self._parts(), "offsets": offsets}
        return {
            f"{part}/{name}": np.array(x, order="C") if copy else np.asarray(x, order="C")
            for part, xs in parts.items()
            for name, x in xs.items()
        }

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Puts the arrays of `arrays()` back.

        KeyError or ValueError where a parameter is missing or not finite, or an array does not fit.
        """
        for name in self._parts()["params"]:
            if not np.isfinite(arrays[f"params/{name}"]).all():
                raise ValueError(f"parameter `{name}` is not finite")
        if self.centring:  # there are none before the first update
            self.centring.offsets.clear()
        for key, value in arrays.items():
            part, _, name = key.partition("/")
            if part == "offsets" and self.centring:
                self.centring.offsets[name] = value.copy()
            elif part in self._parts():
                own = self._parts()[part][name]
                if own.shape != value.shape or own.dtype != value.dtype:
                    what = f"{own.dtype} of shape {own.shape}"
                    raise ValueError(f"`{key}` is {value.dtype} of shape {value.shape}, not {what}")
                own[...] = value

    def _parts(self) -> dict[str, dict[str, Array]]:
        return {
            "params": self.machine.params,
            "optimizer": self.optimizer_state,
            "chains": self.chains,
            "penalties": self.penalty_state,
        }


def _side_by_side(like: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
    """An array of zeros, and its parts of these shapes, each beginning where a cache line does."""
    begins, end = {}, 0
    for name, x in like.items():
        begins[name] = end
        end += -(-x.size // ENTRIES) * ENTRIES
    dtype = next(iter(like.values())).dtype
    raw = np.zeros(end * dtype.itemsize + LINE, np.uint8)
    skip = -raw.ctypes.data % LINE
    whole = raw[skip : skip + end * dtype.itemsize].view(dtype)
    parts = {n: whole[begins[n] : begins[n] + x.size].reshape(x.shape) for n, x in like.items()}
    return whole, parts


def _default_positive(machine: Machine, probe: Batch) -> Choice:
    if probe.missing:
        return MEAN_FIELD
    try:
        machine.posterior_rows(probe.data, FEW)
    except BmError:
        return MEAN_FIELD
    return Choice("exact")

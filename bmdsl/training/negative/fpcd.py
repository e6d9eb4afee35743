"""Fast persistent contrastive divergence (Tieleman & Hinton 2009, Using fast weights to improve
persistent contrastive divergence).

The chains move at θ + F. F follows the same gradient at a rate of its own and decays at every
update, so that the energy rises where the chains are and they leave: they mix as if the learning
rate were large, whatever it is.
"""

from __future__ import annotations

import numpy as np

from ...language.model import Choice
from ...language.vocabulary import Option, Word
from ...plan.streams import CHAIN_STREAM, NEGATIVE_STREAM
from ...runs.run_folder import OWN
from ...schedule.builder import Gradient, Phase
from ...schedule.routines.phases import Sweep, sweep
from ...schedule.values import Content, Value
from ..batch import Batch, Expectation
from ..composing import Composer
from ..composing import trained as trained_of
from ..conditions import refuse_given
from ..machine_protocol import Array, Machine, State
from ..modifiers import trained

WORD = Word(
    "fpcd",
    (
        Option("steps", "integer", 1, low=1),
        Option("chains", "integer", 100, low=1),
        Option("rate", "number", 0.05, low=0),
        Option("decay", "number", 0.95, low=0, high=1),
    ),
    summary="persistent chains that fast weights drive on",
)
FAST = OWN + "fast/"


def start(machine: Machine, choice: Choice) -> State:
    """The chains, and F = 0 for every trained parameter."""
    refuse_given(machine, choice)
    chains = machine.initial_state(int(choice["chains"]), CHAIN_STREAM, 0)
    return chains | {FAST + name: np.zeros_like(x) for name, x in trained(machine).items()}


def expect(
    machine: Machine, choice: Choice, batch: Batch, chains: State, positive: Expectation
) -> Expectation:
    """Moves the chains at θ + F, then their average."""
    groups = {n: x for n, x in chains.items() if not n.startswith(OWN)}
    with machine.standing_at(
        {n: x + chains[FAST + n] if FAST + n in chains else x for n, x in machine.params.items()}
    ):
        rows = machine.sweep(groups, int(choice["steps"]), {}, batch.update, NEGATIVE_STREAM)
    count = int(choice["chains"])
    return Expectation(rows, np.full(count, 1 / count, machine.dtype))


def after(machine: Machine, choice: Choice, chains: State, gradient: dict[str, Array]) -> None:
    """F ← decay · F + rate · gradient."""
    for name in trained(machine):
        fast = chains[FAST + name]
        fast *= fast.dtype.type(float(choice["decay"]))
        fast += fast.dtype.type(float(choice["rate"])) * gradient[name]


def compose(c: Composer, choice: Choice, positive: Phase) -> Phase:
    """The chains moved by `steps` sweeps at θ + F, then their average."""
    b, moved = c.b, {}
    for name in trained_of(b.plan):
        theta = b.params[name]
        moved[name] = b.shared(f"{name}_moved", Content.PARAMETER, theta.shape)
        b.do("copy", theta, moved[name])
        b.do("add_scaled", _fast(c, name), 1.0, moved[name])
    how = Sweep(NEGATIVE_STREAM, c.update, {})
    with b.standing_at(moved, "moved"):
        c.terms.prepare(b)
        count = int(choice["chains"])
        rows = c.rows(count)
        phase = c.chains(count, rows)
        return sweep(b, c.terms, phase, int(choice["steps"]), how, rows, keep=True)


def compose_after(c: Composer, choice: Choice, gradient: Gradient) -> None:
    """F ← decay · F + rate · gradient."""
    c.b.heading("fast weights follow the gradient and decay")
    for name in trained_of(c.b.plan):
        c.b.do("rescale", _fast(c, name), float(choice["decay"]))
        c.b.do("add_scaled", gradient[name], float(choice["rate"]), _fast(c, name))


def _fast(c: Composer, name: str) -> Value:
    """F of a parameter."""
    key = ("chain", FAST + name)
    return c.b.bound_to(key) or c.word(f"fast_{name}", c.b.params[name].shape, key=key)

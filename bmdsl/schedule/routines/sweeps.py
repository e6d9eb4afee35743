"""Gibbs sweeps of chains as ops, many in a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...plan.plan import Plan
from ...plan.streams import INITIAL_STREAM, SAMPLE_STREAM
from ..builder import Builder, NotScheduled, Phase
from ..schedule import Composition
from ..values import BATCH, Content, Life, Number, Value
from .phases import Sweep, draw_from_biases, sweep, terms_of


@dataclass(frozen=True)
class Chains:
    """What chains are besides the model that they are drawn from."""

    held: tuple[str, ...] = ()
    """Groups that are held fixed as a whole."""
    seen: tuple[str, ...] = ()
    """Groups some of whose units are held fixed; the others are NaN in their array."""
    begin: bool = True
    """Whether the chains begin here, with units drawn from their biases alone."""
    means: frozenset[str] = frozenset()
    """Groups whose units may be held at means."""


def sweeps(plan: Plan, chains: Chains, precision: Mapping[str, float]) -> Composition:
    """The routine `sweeps`: `steps` Gibbs sweeps of all chains, block after block, numbered from
    `begin`.

    `precision`: group → that of its base measure, of units of any real number. Raises NotScheduled
    for a term that ops do not carry out, and for joint draws.
    """
    if plan.selector is not None:
        raise NotScheduled("joint draws of as many chains as a call asks for")
    b = Builder(plan, "sweeps", "Gibbs sweeps of chains, a row each")
    terms = terms_of(b)
    call = b.number("call", "i8")
    state: dict[str, Value] = {}
    for g in plan.model.groups:
        held, means = g.name in chains.held, g.name in chains.means
        life, what = (Life.GIVEN, "data") if held else (Life.KEPT, "chain")
        state[g.name] = b.state(g.name, g.name, BATCH, life, means=means, source=(what, g.name))
    free = tuple(n for n in state if n not in chains.held)
    seen = {n: _seen(b, n) for n in chains.seen}
    b.heading("what fields need from the parameters")
    terms.prepare(b)
    if chains.begin:
        b.heading("chains begin with units drawn from their biases alone")
        draw_from_biases(b, terms, free, state, INITIAL_STREAM, Number("0"), BATCH, precision)
        for name, x in seen.items():
            b.do("put_seen", x, state[name])
    b.heading("Gibbs sweeps")
    how = Sweep(SAMPLE_STREAM, call, {n: state[n] for n in chains.held}, seen)
    phase = Phase(state, Number("1.0"))
    with b.repeat(b.number("steps", "i8"), "step") as step:
        sweep(b, terms, phase, Number(f"{b.number('begin', 'i8')} + {step}"), how, BATCH, True)
    return b.composition()


def _seen(b: Builder, name: str) -> Value:
    shape = (BATCH, b.size(name))
    return b.value(f"{name}_seen", Content.MASK, shape, Life.GIVEN, source=("seen", name))

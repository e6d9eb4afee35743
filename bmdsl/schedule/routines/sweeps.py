"""Gibbs sweeps of chains as ops, many in a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...plan.plan import MANY_CHAINS, Plan
from ...plan.streams import INITIAL_STREAM
from ..builder import Builder, NotScheduled, Phase
from ..schedule import Composition
from ..streams import stream_argument
from ..values import BATCH, Content, Life, Number, Value, View
from .by_state import draws_jointly
from .conditionals import temper
from .experts import begin_steps, keep_steps
from .free_energy import RESULT
from .meeting import sweep_by_sites, sweep_side_by_side
from .phases import Sweep, draw_from_biases, is_alone_by_code, sweep
from .terms import Terms, terms_of

SWEEPS = "sweeps"
"""The axis of an array that has a row for every sweep of a call."""

FRESH = "fresh"
"""Of a call: 1 if couplings are to be made from the parameters, 0 if they are still there."""
MEAN, MEAN_SQUARE = (*RESULT, "mean"), (*RESULT, "mean square")
"""What the arrays of a group's E[x] and E[x²] at the end are bound to, before its name."""


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
    """Groups whose units may be at means."""
    averaged: tuple[str, ...] = ()
    """Groups that take their means in place of draws."""
    betas: int = 0
    """The axes of the inverse temperatures: 0 for none, 1 for one a row, 2 for a row of them for
    each sweep.
    """
    many: bool = False
    """Whether so many chains of listed terms are swept that they stand side by side."""
    ends: bool = False
    """Whether the hidden groups of the last block are wanted as means, given the others at
    the end.
    """
    whole: bool = False
    """Whether these are chains from their beginning to their end, in one or more calls: Hamiltonian
    steps are fitted, and one-of-K units drawn jointly with what they select, in such chains alone.
    """
    sites: bool = False
    """Whether many units of a colour are drawn at a time, in few chains."""
    codes: bool = True
    """Whether one-of-K units that act on one another are drawn as codes, where they can be."""
    cells: bool = False
    """Whether couplings follow from where units of a lattice stand, in the place of lists."""


def sweeps(plan: Plan, chains: Chains, precision: Mapping[str, float]) -> Composition:
    """The routine `sweeps`: `steps` Gibbs sweeps of all chains, block after block, numbered from
    `begin`.

    `precision`: group → that of its base measure, of units of any real number. Raises NotScheduled
    for a term that ops do not carry out, and for joint draws.
    """
    b = Builder(plan, "sweeps", "Gibbs sweeps of chains, a row each")
    terms = terms_of(b, cells=chains.cells)
    if chains.many:
        b.batch = MANY_CHAINS
    state = states_of(b, chains)
    free = tuple(n for block in plan.blocks for n in block if n not in chains.held)
    how = sweep_of(b, state, chains, b.number("call", "i8"), _betas(b) if chains.betas else None)
    seen = how.seen
    fitted = [n for n in free if keep_steps(b, n)] if chains.whole else []
    if fitted:
        how = replace(how, until=b.number("fitted", "i8"))
    if draws_jointly(b, how) is not None and not chains.whole:
        raise NotScheduled("joint draws of as many chains as a call asks for")
    prepare_once(b, terms)
    if chains.begin:
        b.heading("chains begin with units drawn from their biases alone")
        draw_from_biases(b, terms, free, state, INITIAL_STREAM, Number("0"), BATCH, precision)
        for name, x in seen.items():
            b.do("put_seen", x, state[name])
    b.heading("Gibbs sweeps")
    if chains.begin:
        begin_steps(b, fitted)
    phase = Phase(state, Number("1.0"))
    steps, begin = b.number("steps", "i8"), b.number("begin", "i8")
    repeat_sweeps(b, terms, phase, steps, how, free, chains, begin)
    if chains.ends:
        last = [n for n in plan.mean_block if n in free and n not in (*seen, *chains.averaged)]
        _tell_means(b, terms, phase, how, last, chains)
    return b.composition()


def prepare_once(b: Builder, terms: Terms) -> None:
    """What fields need from the parameters; matrices within groups in those calls alone that are
    told to by `fresh`, 1 or 0: the calls of a long run find what the first one left.
    """
    b.heading("what fields need from the parameters")
    if not any(g.lateral for g in b.plan.groups):
        terms.prepare(b)
        return
    with b.repeat(b.number(FRESH, "i8"), FRESH):
        terms.prepare(b)


def states_of(b: Builder, chains: Chains) -> dict[str, Value]:
    """The arrays of all groups: those that are held come with a call, the others go on."""
    state = {}
    for g in b.plan.model.groups:
        held, means = g.name in chains.held, g.name in (*chains.means, *chains.averaged)
        life, what = (Life.GIVEN, "data") if held else (Life.KEPT, "chain")
        state[g.name] = b.state(g.name, g.name, BATCH, life, means=means, source=(what, g.name))
    return state


def sweep_of(
    b: Builder, state: Mapping[str, Value], chains: Chains, update: Number, beta: Value | None
) -> Sweep:
    """How these chains are swept.

    Raises NotScheduled for units that experts see, of chains that come in parts.
    """
    if not chains.whole and any(g.expert for g in b.plan.groups):
        raise NotScheduled("chains of units that experts see, call by call")
    held = {n: state[n] for n in chains.held}
    seen = {n: _seen(b, n) for n in chains.seen}
    stream = stream_argument(b)
    return Sweep(
        stream,
        update,
        held,
        seen,
        chains.averaged,
        beta=beta,
        codes=chains.codes,
    )


def _betas(b: Builder) -> Value:
    return b.value("beta", Content.WEIGHTS, (SWEEPS, BATCH), Life.GIVEN, source=("beta",))


def repeat_sweeps(
    b: Builder,
    terms: Terms,
    phase: Phase,
    steps: Number,
    how: Sweep,
    free: tuple[str, ...],
    chains: Chains,
    begin: Number | None = None,
) -> None:
    """`steps` sweeps of the phase's rows in place, numbered from `begin`; `how.beta` has the rows
    of inverse temperatures that `chains` says.
    """
    betas = how.beta if isinstance(how.beta, Value) and how.beta.axes == 2 else None
    varying = betas if chains.betas == 2 else None
    fixed = replace(how, beta=View(betas, 0)) if betas is not None else how
    if chains.sites:
        sweep_by_sites(b, terms, phase, steps, fixed, free, begin, varying)
        return
    if chains.many:
        sweep_side_by_side(b, terms, phase, steps, fixed, BATCH, free, begin=begin, betas=varying)
        return
    if varying is None and is_alone_by_code(b, terms, phase, fixed):
        sweep(b, terms, phase, begin or Number("0"), fixed, BATCH, True, count=steps)
        return
    with b.repeat(steps, "step") as step:
        now = replace(how, beta=View(varying, step)) if varying is not None else fixed
        number = step if begin is None else Number(f"{begin} + {step}")
        sweep(b, terms, phase, number, now, BATCH, True)


def _tell_means(
    b: Builder, terms: Terms, phase: Phase, how: Sweep, last: list[str], chains: Chains
) -> None:
    """The means of these groups, and of their squares, as results."""
    if not last:
        return
    b.heading("means given the others, which nothing is drawn after")
    for name in last:
        eta = b.eta_of(name, BATCH)  # what the last draw was from
        if chains.many or chains.sites:
            place = Number("steps - 1") if chains.betas == 2 else 0
            terms.field(b, name, phase, BATCH)
            temper(b, name, eta, View(how.beta, place) if isinstance(how.beta, Value) else None)
        b.mean(name, eta, _result(b, f"m_{name}", MEAN, name))
        if b.group(name).square:
            b.mean_square(name, eta, _result(b, f"s2_{name}", MEAN_SQUARE, name))


def _result(b: Builder, word: str, source: tuple[str, ...], name: str) -> Value:
    facts = {"labels": (BATCH, name), "source": (*source, name)}
    return b.value(word, Content.MEANS, (BATCH, b.size(name)), Life.KEPT, **facts)


def _seen(b: Builder, name: str) -> Value:
    shape = (BATCH, b.size(name))
    return b.value(f"{name}_seen", Content.MASK, shape, Life.GIVEN, source=("seen", name))

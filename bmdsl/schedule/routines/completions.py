"""Missing units by their means over Gibbs sweeps given what was seen, as ops."""

from __future__ import annotations

from dataclasses import replace

from ...plan.plan import MANY_CHAINS, Plan
from ..builder import Builder, NotScheduled, Phase
from ..schedule import Composition
from ..values import BATCH, Content, Life, Number, Value
from .by_state import draws_jointly
from .meeting import sweep_side_by_side
from .phases import sweep
from .sweeps import MEAN, Chains, prepare_once, states_of, sweep_of
from .terms import terms_of


def completions(plan: Plan, chains: Chains, wanted: tuple[str, ...]) -> Composition:
    """The routine `completions`: `steps` sweeps, after each of which the means of the groups
    `wanted`, given all others, are added to their sums.

    Sweep k draws at update `call` + k. Raises NotScheduled for a term that ops do not carry out,
    and for joint draws.
    """
    b = Builder(plan, "completions", "Gibbs sweeps, and sums of the means of what is completed")
    terms = terms_of(b, cells=chains.cells)
    if chains.many:
        b.batch = MANY_CHAINS
    state = states_of(b, chains)
    free = tuple(n for block in plan.blocks for n in block if n not in chains.held)
    call, phase, none = b.number("call", "i8"), Phase(state, Number("1.0")), Number("0")
    how = sweep_of(b, state, chains, call, None)
    if draws_jointly(b, how) is not None:
        raise NotScheduled("joint draws of as many chains as a call asks for")
    sums = {n: _sum(b, n) for n in wanted}
    prepare_once(b, terms)
    with b.repeat(b.number("steps", "i8"), "step") as step:
        b.heading("a sweep given what was seen")
        now = replace(how, update=Number(f"{call} + {step}"))
        if chains.many:
            sweep_side_by_side(b, terms, phase, 1, now, BATCH, free)
        else:
            sweep(b, terms, phase, none, now, BATCH, True)
        b.heading("means given all others")
        for name, total in sums.items():
            mean = b.mean_of(name, BATCH, f"mean_{name}")
            b.mean(name, terms.field(b, name, phase, BATCH), mean)
            b.do("add_scaled", mean, 1.0, total)
    return b.composition()


def _sum(b: Builder, name: str) -> Value:
    facts = {"labels": (BATCH, name), "source": (*MEAN, name)}
    shape = (BATCH, b.size(name))
    return b.value(f"sum_{name}", Content.MEANS, shape, Life.KEPT, **facts)

"""Sums over all joint states as ops: some groups enumerated, the rest summed out by their
log-partitions.
"""

from __future__ import annotations

from dataclasses import replace

from ...plan.plan import Plan
from ..builder import Builder, NotScheduled, Phase
from ..values import Content, Life, Number, Value, times_batch
from .conditionals import conditional_means
from .terms import Terms

MOST = 1 << 24
"""Most numbers of one array of joint states."""


def enumerable(plan: Plan, free: tuple[str, ...]) -> tuple[str, ...]:
    """The groups to enumerate so that the others are independent.

    Raises NotScheduled if no such choice is finite.
    """
    couples = plan.graph.couples
    if not any(couples.has_edge(x, y) for x in free for y in free):
        return ()
    if not all(isinstance(n, int) for name in free for n in plan.group(name).axes):
        raise NotScheduled("a sum over the states of groups whose size is not given")
    chosen = plan.enumerated(free)
    if chosen is None:
        raise NotScheduled("a sum over infinitely many states")
    return chosen


def enumerated(
    b: Builder,
    terms: Terms,
    cases: Phase | None,
    weights: Value,
    share: Number,
    chosen: tuple[str, ...],
    rest: tuple[str, ...],
    word: str,
) -> Phase:
    """The distribution of the groups `chosen` and `rest` as weighted rows: all states of the chosen
    ones, the rest as means.

    `cases`: rows of the other groups, of which each gets all states; None if there are none.
    `weights`: those of the cases, [1] if there are none.
    """
    count = round(2 ** sum(b.group(n).log2_states() for n in chosen))
    rows = count if cases is None else times_batch(count)
    if count * max((b.group(n).size for n in (*chosen, *rest)), default=1) > MOST:
        raise NotScheduled(f"a sum over {count:,} joint states")
    terms, held = terms.untempered, dict[str, Value]()
    for n, x in ({} if cases is None else cases.rows).items():
        held[n] = x
        if count > 1:
            held[n] = b.shared(f"{n}_of_states", x.content, (rows, b.size(n)))
            b.do("repeat_rows", x, held[n])
    for n in chosen:
        held[n] = b.state(n, f"{n}_states", rows, Life.GIVEN, source=("joint states", n, *chosen))
    phase = conditional_means(b, terms, rest, Phase(held, share), rows, word)
    total = b.shared(f"log_weight_{word}", Content.FIGURE, (rows,), "f8")
    b.do("begin_energies", total)
    terms.add_minus_energy(b, Phase(held, share), total, rows)
    for n in chosen:
        b.add_log_base(n, held[n], total)
    for n in rest:
        b.add_log_partition(n, phase.fields[n], total)
    made = b.shared(f"weights_{word}", Content.WEIGHTS, (rows,))
    b.do("weigh_states", total, weights, made)
    return replace(phase, weights=made, fields={} if chosen else phase.fields)


def one_weight(b: Builder) -> Value:
    """The weight of the only case where there are none."""
    source = ("even weights", "of one case")
    found = b.bound_to(source)
    return found or b.value("one", Content.WEIGHTS, (1,), Life.GIVEN, source=source)

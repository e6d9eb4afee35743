"""Annealed importance sampling as ops, many inverse temperatures in a call (Neal 2001;
Salakhutdinov & Murray 2008).

    p_β(x) ∝ base(x) exp((1 − β) a·x − β E(x)),      log weight += log p*_β′(x) − log p*_β(x)

Every field is (1 − β) a + β η. Groups that are independent given the others are summed out of
p*_β: one product gives their fields, of which come the log-partitions at β and β′, and the draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from ...plan.plan import MANY_CHAINS, Plan
from ..builder import Builder, Phase
from ..meeting_ops import meets
from ..schedule import Composition
from ..streams import stream_argument, stream_of
from ..values import BATCH, Content, Life, Number, Value
from .free_energy import RESULT, verify_pairs
from .meeting import sweep_side_by_side
from .phases import Sweep, is_by_code, verify_fields
from .terms import Terms, terms_of

NOMINAL = 100
"""What a length is taken for while it has no value."""
Bases = Mapping[str, tuple[Value, ...]]
"""Group → a, and the field on x² that its base distribution has, one row each."""


@dataclass(frozen=True)
class Annealed:
    """How chains go from independent units to the model."""

    summed: tuple[str, ...]
    """Groups that are summed out of the weights."""
    given: tuple[str, ...] = ()
    """Groups that are held fixed."""
    means: frozenset[str] = frozenset()
    """Given groups whose values may be means."""
    many: bool = False
    """Whether so many chains of listed terms move that they stand side by side."""
    moves: bool = True
    """Whether chains move after a weight."""
    cells: bool = False
    """Whether couplings follow from where units of a lattice stand, in the place of lists."""


def summed_groups(plan: Plan, chains: int) -> tuple[str, ...]:
    """The block of groups to sum out of the weights: independent given the others, those of
    infinite domain before the largest; none where chains stand side by side.
    """
    if plan.all_listed and chains >= MANY_CHAINS:
        return ()

    def size(name: str) -> int:
        return prod(n if isinstance(n, int) else NOMINAL for n in plan.group(name).axes)

    def is_infinite(name: str) -> bool:
        g = plan.group(name)
        return g.states is None and g.unit.support(*g.arguments) is None

    groups = [[plan.group(n) for n in block] for block in plan.blocks]
    blocks = [tuple(g.name for g in b if not (meets(g) or g.expert)) for b in groups]
    fit = [b for b in blocks if b]
    return max(fit, key=lambda b: (any(map(is_infinite, b)), sum(map(size, b))), default=())


def ais_step(plan: Plan, path: Annealed) -> Composition:
    """The routine `ais_step`: weights from betas[k] to betas[k + 1], then a sweep at betas[k + 1].

    Sweep k draws at step `begin` + k · `stride`. Raises NotScheduled for a term that ops do not
    carry out.
    """
    b = Builder(plan, "ais_step", "Weights of annealed chains and their moves, β after β")
    verify_pairs(plan)
    terms = terms_of(b, cells=path.cells)
    verify_fields(b, (g.name for g in plan.groups))
    if path.many:
        b.batch = MANY_CHAINS
    state: dict[str, Value] = {}
    for g in plan.model.groups:
        given = g.name in path.given
        life, what = (Life.GIVEN, "data") if given else (Life.KEPT, "chain")
        means = given and g.name in path.means
        state[g.name] = b.state(g.name, g.name, BATCH, life, means=means, source=(what, g.name))
    kept = tuple(n for block in plan.blocks for n in block if n not in (*path.summed, *path.given))
    bases = {n: _base(b, n) for n in (*path.summed, *kept)}
    weights = b.value("log_weight", Content.FIGURE, (BATCH,), Life.KEPT, number="f8", source=RESULT)
    b.heading("what fields need from the parameters")
    terms.prepare(b)
    seen = Phase({n: x for n, x in state.items() if n not in path.summed}, Number("1.0"))
    excess = _excess(b, terms, kept, bases)
    betas = b.series("betas")
    begin, stride = b.number("begin", "i8"), b.number("stride", "i8")
    with b.repeat(b.number("steps", "i8"), "step") as step:
        low, high = Number(f"{betas}[{step}]"), Number(f"{betas}[{step} + 1]")
        b.heading("how much more likely every chain is at the next β")
        gap = b.shared("slope", Content.FIGURE, (BATCH,), "f8")
        b.do("begin_energies", gap)
        for bias in terms.biases:
            if bias.group in excess:
                x = b.power_of(bias.group, bias.power, seen, BATCH)
                b.do("add_row_dots", x, excess[bias.group][bias.power - 1], gap)
            elif bias.group in seen.rows:
                bias.add_minus_energy(b, seen, gap, BATCH)
        terms.add_coupling_energies(b, seen, gap, BATCH)
        formula = f"{weights} += (β′ − β) {gap}"
        b.do("add_energies", gap, Number(f"{high} - {low}"), weights, formula=formula)
        for name in path.summed:
            eta = terms.field(b, name, seen, BATCH)
            b.add_change(name, eta, bases[name], low, high, weights)
        if path.moves:
            key = b.number("call", "i8"), Number(f"{begin} + {step} * {stride}")
            b.heading("a sweep at that β")
            _sweep(b, terms, path.summed, kept, state, bases, high, key)
    return b.composition()


def _base(b: Builder, name: str) -> tuple[Value, ...]:
    powers = ("", "2") if b.group(name).square else ("",)
    return tuple(
        b.value(
            f"a_{name}{p}",
            Content.BIAS,
            (1, b.size(name)),
            Life.GIVEN,
            labels=("", name),
            source=("base", name + p),
        )
        for p in powers
    )


def _excess(b: Builder, terms: Terms, kept: tuple[str, ...], bases: Bases) -> Bases:
    """What the biases of groups have that their base distributions have not: the slope of log p*_β
    along each unit.
    """
    made = {}
    for name in kept:
        rows = []
        for power, a in enumerate(bases[name], 1):
            more = b.value(f"excess_{name}{'2' * (power - 1)}", Content.BIAS, a.shape)
            b.do("copy", terms.bias_row(b, name, power), more)
            b.do("add_scaled", a, -1.0, more)
            rows.append(more)
        made[name] = tuple(rows)
    return made


def _sweep(
    b: Builder,
    terms: Terms,
    summed: tuple[str, ...],
    kept: tuple[str, ...],
    state: Mapping[str, Value],
    bases: Bases,
    beta: Number,
    key: tuple[Number, Number],
) -> None:
    """One Gibbs sweep at β in place; the fields of the summed groups are there."""
    stream = stream_argument(b)
    phase = Phase(state, Number("1.0"))
    for name in summed:
        eta, out = b.eta_of(name, BATCH), state[name]
        b.draw_between(name, eta, bases[name], beta, out, stream_of(b, stream, name), *key)
    coupled = [n for n in kept if meets(b.group(n))]
    if coupled or b.batch:
        hot = b.shared("beta", Content.WEIGHTS, (BATCH,))
        b.do("fill", beta, hot)
        # such fields are multiplied by β when units are drawn: those of the base are divided by it
        rest = Number(f"(1.0 - {beta}) / {beta}")
    if b.batch:
        how = Sweep(stream, key[0], {}, beta=hot)
        rows = {n: _leaning(b, terms, n, bases[n], rest) for n in kept}
        sweep_side_by_side(b, terms, phase, 1, how, BATCH, kept, begin=key[1], biases=rows)
        return
    for name in kept:
        by_code = name in coupled and is_by_code(b, terms, name, phase, Sweep(stream, key[0], {}))
        eta = terms.field(b, name, phase, BATCH, inner=not by_code)
        if name not in coupled:
            out = state[name]
            b.draw_between(name, eta, bases[name], beta, out, stream_of(b, stream, name), *key)
            continue
        for part, a in zip(b.field_parts(name, eta), bases[name], strict=True):
            b.do("shift_rows", a, rest, part, formula=f"{part} += (1 − β) / β {a}")
        terms.draw(b, name, eta, state, stream_of(b, stream, name), *key, beta=hot, by_code=by_code)


def _leaning(
    b: Builder, terms: Terms, name: str, base: tuple[Value, ...], rest: Number
) -> tuple[Value, ...]:
    """Biases with those of the base distribution over β."""
    rows = []
    for power, a in enumerate(base, 1):
        row = b.shared(f"bias_{name}{'2' * (power - 1)}_at_beta", Content.BIAS, a.shape)
        b.do("copy", terms.bias_row(b, name, power), row)
        b.do("add_scaled", a, rest, row, formula=f"{row} += (1 − β) / β {a}")
        rows.append(row)
    return tuple(rows)

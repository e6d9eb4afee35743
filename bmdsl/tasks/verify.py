"""A model proved on a small copy of itself: shrink, compile, enumerate, compare.

What `bm verify` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import networkx as nx
import numpy as np

from .. import driver
from ..inference.machine import Machine
from ..language.diagnostics import BmError, fail
from ..language.model import Graph
from ..language.model import Model as CheckedModel
from ..language.tree import GraphDeclaration, ModelDefinition, String
from ..model import Model
from ..plan.plan import Plan
from ..plan.streams import of_cases
from ..verification.brute_force import BruteForce
from ..verification.checks import rows
from ..verification.nodes import Nodes, nodes_of
from ..verification.shrink import GraphFile, Size, shrink
from ..verification.subject import Row, Subject
from ..verification.unit_groups import UnitGroup, groups_of

SPREAD = 0.5
"""Standard deviation of the small copy's parameters: large enough to show, small enough for chains
to mix.
"""


@dataclass(frozen=True)
class Verified:
    """The sizes of the small copy, its number of joint states, and every comparison."""

    name: str
    sizes: Mapping[Size, int]
    states: int
    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        return all(r.passed for r in self.rows)


def verify(model: Model, sizes: Mapping[str, int] | None = None, seed: int = 0) -> Verified:
    """Every derived quantity of a small copy of `model` with random parameters against brute force.

    BmError BM876 where no copy can be enumerated, BM877 for a group whose states can be neither
    listed nor integrated, BM813 or BM891 where no small parameters leave a distribution.
    """
    *_, whole = each(model, sizes, seed)
    assert isinstance(whole, Verified)
    return whole


def each(
    model: Model, sizes: Mapping[str, int] | None = None, seed: int = 0
) -> Iterator[Verified | Row]:
    """The same, row after row as they are found; then the whole."""
    subject, small_sizes = _subject(model, sizes or {}, seed)
    found = []
    for row in rows(subject):
        found.append(row)
        yield row
    yield Verified(model.name, small_sizes, subject.brute.count, tuple(found))


def _subject(
    model: Model, sizes: Mapping[str, int], seed: int
) -> tuple[Subject, Mapping[Size, int]]:
    whole = _forms(model.plan)
    with TemporaryDirectory() as folder:

        def check(definition: ModelDefinition, arguments: Mapping[str, float]) -> CheckedModel:
            return driver.model_of(definition, arguments, Path(folder))

        graphs = {
            g.name: _graph_file(g, number, Path(folder))
            for number, g in enumerate(_from_files(model))
        }
        small = shrink(
            model.definition,
            model.arguments,
            sizes,
            check,
            _bits,
            lambda m: _forms(driver.plan_of(m)) == whole,
            graphs,
        )
    machine = driver.machine_of(small.model, seed, "float64")
    sampler = driver.machine_of(small.model, seed, "float32")
    groups = groups_of(small.model)
    generator = of_cases("VERIFIED", seed)
    given = {n: _given(g, generator) for n, g in groups.items() if g.role == "given"}
    nodes = _nodes(small.model)
    _set_parameters(machine, generator)
    for name, x in machine.params.items():
        machine.params[name] = x.astype(np.float32)
        sampler.params[name] = machine.params[name]
    return (
        Subject(
            machine, sampler, BruteForce(small.model, nodes, given, machine.params), nodes, given
        ),
        small.sizes,
    )


def _forms(plan: Plan) -> tuple[object, ...]:
    """What a plan's generated code depends on."""
    return (
        plan.listed,
        [t.groups for t in plan.multiway],
        [(g.name, g.lateral, g.woven) for g in plan.groups],
        [(c.key, c.direct) for c in plan.couplings],
    )


def _from_files(model: Model) -> list[Graph]:
    names = {
        s.name.text
        for s in model.definition.statements
        if isinstance(s, GraphDeclaration) and isinstance(s.value, String)
    }
    return [g for g in model.checked.graphs if g.name in names]


def _graph_file(graph: Graph, number: int, folder: Path) -> GraphFile:
    """Parts of a graph: the nodes nearest to one in the middle of its numbers, renumbered."""
    assert graph.edges is not None and graph.nodes is not None
    network = nx.Graph([(int(i), int(j)) for i, j in graph.edges])
    order = [graph.nodes // 2, *(j for _, j in nx.bfs_edges(network, graph.nodes // 2))]

    def part(count: int) -> str:
        place = {node: k for k, node in enumerate(order[:count])}
        lines = [f"{place[i]},{place[j]}" for i, j in network.edges if i in place and j in place]
        file = f"graph_{number}_{count}.csv"
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    return GraphFile(graph.nodes, part)


def _bits(model: CheckedModel) -> float:
    """log2 of a checked model's joint states, a quadrature's nodes counted."""
    total = 0.0
    for g in groups_of(model).values():
        if g.role != "given":
            n = nodes_of(g.unit, g.arguments, g.states, g.expert)
            total += g.count * math.log2(len(n.states) if n is not None else 2)
    return total


def _nodes(model: CheckedModel) -> dict[str, Nodes]:
    out = {}
    for g in groups_of(model).values():
        if g.role != "given":
            n = nodes_of(g.unit, g.arguments, g.states, g.expert)
            if n is None:
                raise fail(
                    "BM877",
                    f"units of `{g.name}` can be neither listed nor integrated, so nothing checks"
                    " them by brute force",
                    model.group(g.name).span,
                    help=f"`bm units --check {g.unit.name}` checks the type by itself",
                )
            out[g.name] = n
    return out


def _given(g: UnitGroup, generator: np.random.Generator) -> np.ndarray:
    """One state of a given group, drawn from its type at η = 0: of a quadrature's nodes, seldom one
    that is far out.
    """
    n = nodes_of(g.unit, g.arguments, g.states, g.expert)
    if n is None:
        return np.zeros((1, *g.axes))
    p = np.exp(n.log_weights - n.log_weights.max())
    return n.states[generator.choice(len(n.states), g.count, p=p / p.sum())].reshape(1, *g.axes)


def _set_parameters(machine: Machine, generator: np.random.Generator) -> None:
    """Random values, made smaller until the energy has a lower bound."""
    drawn = {}
    for p in machine.model.parameters:
        x = generator.normal(0, SPREAD, machine.params[p.name].shape)
        if p.symmetric:
            x = np.triu(x, 1) + np.triu(x, 1).T
        drawn[p.name] = np.abs(x) if p.nonnegative else x
    for _ in range(12):
        for name, x in drawn.items():
            machine.params[name] = x
        try:
            machine.initial_state(1)
            return
        except BmError:
            if not drawn:
                raise
            drawn = {n: 0.6 * x for n, x in drawn.items()}
    raise fail(
        "BM813",
        f"no small parameters leave `{machine.model.name}` a distribution",
        machine.model.terms[0].span,
    )

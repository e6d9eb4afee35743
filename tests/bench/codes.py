"""Sweeps of one-of-K units and of large random graphs: bmdsl beside thrml, in unit updates a
microsecond.

python -m tests.bench.codes           # the table of docs/performance.md
python -m tests.bench.codes numbers   # both layouts of one-of-K units, side by side
"""

from __future__ import annotations

import sys
from contextlib import ExitStack

import numpy as np

from . import harness

keep = ExitStack()
"""Contexts that stay open for the whole process."""
LATTICE = """model m(L, q, J = 1) { visible s[L, L] : categorical(q)
  energy = - J s[x,y,a] s[wrap(x+1),y,a] - J s[x,y,a] s[x,wrap(y+1),a] }"""
GLASS = "glass"
TABLE: list[tuple[dict, list[str]]] = [
    ({"model": "dense", "L": 100, "q": 21, "chains": 64, "sweeps": 50}, ["bmdsl", "thrml"]),
    ({"model": "dense", "L": 100, "q": 21, "chains": 256, "sweeps": 20}, ["bmdsl", "thrml"]),
    ({"model": "lattice", "L": 64, "q": 3, "chains": 64, "sweeps": 10}, ["bmdsl", "thrml"]),
    ({"model": "lattice", "L": 64, "q": 10, "chains": 64, "sweeps": 10}, ["bmdsl", "thrml"]),
    ({"model": "glass", "n": 100_000, "chains": 64, "sweeps": 10}, ["bmdsl", "thrml"]),
    ({"model": "glass", "n": 100_000, "chains": 1, "sweeps": 50}, ["bmdsl", "thrml"]),
]
"""The rows of the table, and who runs them."""


def units_of(settings: dict) -> int:
    """Units of a row's model."""
    square = settings["model"] == "lattice"
    return settings.get("n") or settings["L"] ** (2 if square else 1)


def dense_couplings(length: int, q: int) -> np.ndarray:
    """J[i,a,j,b] of a protein's size, the same both ways round."""
    rng = np.random.default_rng(0)
    return rng.normal(0, 0.1, (length, q, length, q)).astype(np.float32)


def bmdsl(settings):
    """`machine.sweep` as sampling calls it."""
    import bmdsl
    from bmdsl.runtime.threads import one_pool

    length, q = settings.get("L"), settings.get("q")
    if settings["model"] == "dense":
        machine = bmdsl.load("potts", L=length, q=q).compile()
        machine.params["J"] = dense_couplings(length, q)
    elif settings["model"] == "lattice":
        machine = bmdsl.parse(LATTICE, L=length, q=q).compile()
    else:
        machine = bmdsl.load("glass", n=settings["n"]).compile()
    machine.layout = settings.get("layout", "auto")
    state, count = machine.initial_state(settings["chains"]), 0
    keep.enter_context(machine.frozen())

    def sweep():
        nonlocal count
        count += 1
        machine.sweep(state, settings["sweeps"], {}, update=count)

    sweep()
    keep.enter_context(one_pool())
    return sweep


def thrml(settings):
    """Blocks of units that share no coupling, all chains by vmap, as its documentation does it."""
    import jax
    import jax.numpy as jnp
    import networkx as nx
    from thrml import Block, CategoricalNode, SamplingSchedule, SpinNode, sample_states
    from thrml.block_sampling import BlockGibbsSpec
    from thrml.factor import FactorSamplingProgram
    from thrml.models import CategoricalEBMFactor, IsingEBM, IsingSamplingProgram
    from thrml.models.discrete_ebm import CategoricalGibbsConditional

    units, chains, rng = units_of(settings), settings["chains"], np.random.default_rng(0)
    if settings["model"] == "dense":
        pairs = np.array([(i, j) for i in range(units) for j in range(i + 1, units)])
        blocks_of = np.arange(units)
        J = dense_couplings(units, settings["q"])
        weights = J[pairs[:, 0], :, pairs[:, 1], :] + J[pairs[:, 1], :, pairs[:, 0], :].transpose(
            0, 2, 1
        )
    elif settings["model"] == "lattice":
        at = np.arange(units).reshape(settings["L"], settings["L"])
        pairs = np.concatenate(
            [np.stack([at.ravel(), np.roll(at, -1, axis).ravel()], 1) for axis in (0, 1)]
        )
        blocks_of = np.indices(at.shape).sum(0).ravel() % 2
        weights = np.broadcast_to(np.eye(settings["q"]), (len(pairs),) + (settings["q"],) * 2)
    else:
        graph = nx.random_regular_graph(3, units, seed=1)
        pairs = np.array(graph.edges())
        colour = nx.greedy_color(graph)
        blocks_of = np.array([colour[i] for i in range(units)])
        weights = rng.choice([-1.0, 1.0], len(pairs))
    make = SpinNode if settings["model"] == "glass" else CategoricalNode
    nodes = [make() for _ in range(units)]
    colours = range(blocks_of.max() + 1)
    blocks = [Block([nodes[i] for i in np.flatnonzero(blocks_of == c)]) for c in colours]
    schedule = SamplingSchedule(settings["sweeps"], 1, 1)
    if make is SpinNode:
        edges = [(nodes[a], nodes[b]) for a, b in pairs]
        model = IsingEBM(nodes, edges, jnp.zeros(units), jnp.asarray(weights), jnp.asarray(1.0))
        program = IsingSamplingProgram(model, blocks, [])
        start = [jnp.asarray(rng.random((chains, len(b.nodes))) < 0.5) for b in blocks]
    else:
        q = settings["q"]
        ends = [Block([nodes[k] for k in pairs[:, m]]) for m in (0, 1)]
        factor = CategoricalEBMFactor(ends, jnp.asarray(weights, jnp.float32))
        types = {CategoricalNode: jax.ShapeDtypeStruct((), jnp.uint8)}
        spec = BlockGibbsSpec(blocks, [], types)
        conditionals = [CategoricalGibbsConditional(q) for _ in blocks]
        program = FactorSamplingProgram(spec, conditionals, [factor], [])
        start = [jnp.asarray(rng.integers(0, q, (chains, len(b.nodes))), jnp.uint8) for b in blocks]
    run = jax.jit(
        jax.vmap(lambda s, key: sample_states(key, program, schedule, s, [], [Block(nodes)]))
    )
    count = 0

    def sweep():
        nonlocal count
        count += 1
        jax.block_until_ready(run(start, jax.random.split(jax.random.key(count), chains)))

    return sweep


CONTENDERS = {"bmdsl": bmdsl, "thrml": thrml}


def rates(names, settings, blocks=3, seconds=0.5):
    """Unit updates a microsecond of each contender."""
    updates = units_of(settings) * settings["chains"] * settings["sweeps"]
    found = harness.compare("tests.bench.codes", names, settings, blocks, seconds)
    return {n: updates / t / 1e6 for n, t in found.items()}


def layouts() -> None:
    """Codes beside one-hot numbers."""
    for settings, _ in TABLE:
        if settings["model"] == "glass":
            continue
        found = {
            layout: rates(["bmdsl"], settings | {"layout": layout}, 5)["bmdsl"]
            for layout in ("numbers", "codes")
        }
        print(f"{settings}: {found['numbers']:.2f} as numbers, {found['codes']:.2f} as codes")


def main() -> None:
    if harness.served(CONTENDERS):
        return
    if sys.argv[1:2] == ["numbers"]:
        layouts()
        return
    for k, (settings, names) in enumerate(TABLE):
        if sys.argv[1:] and str(k) not in sys.argv[1:]:
            continue
        found = rates(names, settings)
        beside = (f"{found['bmdsl'] / found[n]:.1f} x {n}" for n in names[1:])
        shown = "  ".join(f"{n} {r:.3f}" for n, r in found.items())
        print(f"{settings}: {shown} unit updates a microsecond, {', '.join(beside)}", flush=True)


if __name__ == "__main__":
    main()

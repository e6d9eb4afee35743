"""Random graphs of random unit types against brute-force enumeration written here: energies,
conditionals, log Z by both exact ways, gradients.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.inference.elimination import Elimination

UNITS = {
    "binary": ([np.array([0.0]), np.array([1.0])], [0.0, 0.0]),
    "spin": ([np.array([-1.0]), np.array([1.0])], [0.0, 0.0]),
    "binomial(2)": ([np.array([x]) for x in (0.0, 1.0, 2.0)], [0.0, math.log(2), 0.0]),
    "multinary(1, gain = 0.5)": ([np.array([x]) for x in (0.0, 0.5, 1.0)], [0.0, math.log(2), 0.0]),
    "categorical(3)": (list(np.eye(3)), [0.0, 0.0, 0.0]),
}


@st.composite
def graphs(draw):  # type: ignore[no-untyped-def]  # a hypothesis strategy
    """(nodes, edges) of a graph without isolated nodes, 3 to 7 nodes."""
    n = draw(st.integers(3, 7))
    possible = list(itertools.combinations(range(n), 2))
    edges = set(
        draw(st.lists(st.sampled_from(possible), min_size=1, max_size=len(possible), unique=True))
    )
    edges |= {tuple(sorted((k, (k + 1) % n))) for k in range(n) if all(k not in e for e in edges)}
    return n, sorted(edges)


@settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(graphs(), st.sampled_from(sorted(UNITS)), st.integers(0, 1000))
def test_everything_on_a_random_graph_is_that_of_enumeration(graph, unit, seed):  # type: ignore[no-untyped-def]
    n, edges = graph
    states, bases = UNITS[unit]
    width = len(states[0])
    one = ",a" if width > 1 else ""
    with TemporaryDirectory() as folder:
        Path(folder, "g.csv").write_text(
            "\n".join(f"{b},{a}" for a, b in edges)
        )  # either direction is the same edge
        Path(folder, "m.bm").write_text(
            f'model m {{ graph G = "g.csv"  visible s[{n}] : {unit}  param J, h\n'
            f"  energy = - J[i,j] s[i{one}] s[j{one}] for <i,j> in G - h[i{one}] s[i{one}] }}"
        )
        m = bmdsl.load(Path(folder, "m.bm")).compile(
            seed=seed, dtype="float64", backend="reference"
        )
    generator = np.random.default_rng(seed)
    J, h = generator.normal(0, 0.7, len(edges)), generator.normal(0, 0.5, (n, width))
    m.params["J"], m.params["h"] = J, h.reshape(m.params["h"].shape)
    every = np.array(list(itertools.product(range(len(states)), repeat=n)))
    x = np.array(states)[every]
    w = (
        (x * h).sum((1, 2))
        + np.array(bases)[every].sum(1)
        + sum(j * (x[:, a] * x[:, b]).sum(1) for j, (a, b) in zip(J, edges, strict=True))
    )
    log_z = np.logaddexp.reduce(w)
    shaped = x if width > 1 else x[:, :, 0]
    np.testing.assert_allclose(m.energy(s=shaped), -w, atol=1e-10)
    assert m.log_partition() == pytest.approx(log_z, abs=1e-10)
    assert Elimination(m.program, m._fields(), {}, "log Z").log_z == pytest.approx(log_z, abs=1e-10)
    p = np.exp(w - log_z)
    np.testing.assert_allclose(
        m.marginals()["s"].reshape(n, width), np.tensordot(p, x, (0, 0)), atol=1e-10
    )
    pick = generator.integers(0, len(every), 3)
    found = m.conditional("s", s=shaped[pick]).reshape(3, n, width)
    for r, k in itertools.product(range(3), range(n)):
        alike = (every == every[pick[r]]).sum(1) - (every[:, k] == every[pick[r], k]) == n - 1
        q = np.exp(w[alike] - np.logaddexp.reduce(w[alike]))
        np.testing.assert_allclose(found[r, k], q @ x[alike][:, k], atol=1e-10)
    gradient = m.gradient(shaped[pick])
    pairs = np.stack([(x[:, a] * x[:, b]).sum(1) for a, b in edges], axis=1)
    np.testing.assert_allclose(gradient["J"], pairs[pick].mean(0) - p @ pairs, atol=1e-10)
    np.testing.assert_allclose(
        gradient["h"].reshape(n, width), x[pick].mean(0) - np.tensordot(p, x, (0, 0)), atol=1e-10
    )

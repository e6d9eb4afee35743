"""A graph's file in every format, and what the tests of files that are gone share."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np

EDGES = [(0, 1), (1, 2), (2, 3), (0, 3)]
OTHERS = [(0, 2), (1, 3), (0, 1), (2, 3)]
DATA = np.where(np.random.default_rng(0).random((15, 4)) < 0.4, -1.0, 1.0).astype("float32")


def write_graph(path: Path, edges: list[tuple[int, int]]) -> None:
    if path.suffix == ".graphml":
        nx.write_graphml(nx.Graph(edges), path)
    else:
        path.write_text(
            "\n".join(f"{i}{',' if path.suffix == '.csv' else ' '}{j}" for i, j in edges) + "\n"
        )

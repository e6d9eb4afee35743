"""`bm plan FILE`: who is sampled how, in which order."""

from __future__ import annotations

from ..options import Define, File, load


def run(file: File, define: Define = None) -> None:
    """Print the Gibbs blocks and their contractions."""
    print(load(file, define).plan)

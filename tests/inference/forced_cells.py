"""Lattices of any size whose couplings are not listed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from bmdsl.inference import chain_arrays
from bmdsl.runtime import stencil_couplings


@contextmanager
def cells() -> Iterator[None]:
    """Every lattice counts as a large one."""
    with (
        patch.object(chain_arrays, "MANY_BY_CELLS", 0),
        patch.object(chain_arrays, "SITES_BY_CELLS", 0),
        patch.object(stencil_couplings, "MANY_BY_CELLS", 0),
    ):
        yield

"""Traces as ArviZ's InferenceData, in a NetCDF or zarr file: for whoever looks at chains with
ArviZ. An extra: `pip install "bmdsl[arviz]"`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..language.diagnostics import fail

if TYPE_CHECKING:
    from ..inference.observing import Trace


def require(path: Path | None = None) -> None:
    """BmError BM924 where ArviZ, or what the file `path` needs, is not installed; BM925 where
    `path` is neither `.nc` nor `.zarr`.
    """
    if importlib.util.find_spec("arviz") is None:
        raise fail("BM924", "ArviZ is not installed", help='pip install "bmdsl[arviz]"')
    if path is not None and path.suffix not in (".nc", ".zarr"):
        raise fail(
            "BM925", f"`{path.name}` is neither a .nc nor a .zarr file", help="ArviZ reads both"
        )
    if path is not None and path.suffix == ".zarr" and importlib.util.find_spec("zarr") is None:
        raise fail("BM924", "zarr is not installed", help="pip install zarr, or write a .nc file")


def inference_data(trace: Trace, name: str = "") -> Any:
    """The trace as an `arviz.InferenceData`: its group `posterior` has the observables, dimensions
    chain and draw; `thin` is an attribute. Overlaps, which are of pairs of chains, are
    left out beside others.
    """
    require()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own coming changes
        import arviz

        most = max(len(x) for x in trace.values.values())  # fewer are those of pairs of chains
        kept = {n: x for n, x in trace.values.items() if len(x) == most}
        return arviz.from_dict(posterior=kept, attrs={"model": name, "sweeps_per_draw": trace.thin})


def write(trace: Trace, path: Path, name: str = "") -> None:
    """Writes `.nc` (NetCDF) or `.zarr`, beside and then renamed. BmError as `require`."""
    require(path)
    data = inference_data(trace, name)
    beside = path.with_name(f".part.{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".nc":
        data.to_netcdf(str(beside))
    else:
        data.to_zarr(str(beside))
        if path.is_dir():
            shutil.rmtree(path)
    os.replace(beside, path)

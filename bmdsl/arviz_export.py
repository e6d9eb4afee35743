"""Traces as ArviZ's InferenceData, in a NetCDF or zarr file: for whoever looks at chains with ArviZ. An extra: `pip install "bmdsl[arviz]"`."""

from __future__ import annotations

import importlib.util
import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .language.diagnostics import fail

if TYPE_CHECKING:
    from .inference.observing import Trace


def require() -> None:
    """BmError BM924 where ArviZ is not installed."""
    if importlib.util.find_spec("arviz") is None:
        raise fail("BM924", "ArviZ is not installed", help='pip install "bmdsl[arviz]"')


def inference_data(trace: Trace, name: str = "") -> Any:
    """The trace as an `arviz.InferenceData`: its group `posterior` has the observables, dimensions chain and draw; `thin` is an attribute."""
    require()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own coming changes
        import arviz

        return arviz.from_dict(posterior=dict(trace.values), attrs={"model": name, "sweeps_per_draw": trace.thin})


def write(trace: Trace, path: Path, name: str = "") -> None:
    """Writes `.nc` (NetCDF) or `.zarr`, beside and then renamed. BmError BM925 for another ending."""
    data = inference_data(trace, name)
    beside = path.with_name(f".part.{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".nc":
        data.to_netcdf(str(beside))
    elif path.suffix == ".zarr":
        if importlib.util.find_spec("zarr") is None:
            raise fail("BM924", "zarr is not installed", help="pip install zarr, or write a .nc file")
        data.to_zarr(str(beside))
        if path.is_dir():
            shutil.rmtree(path)
    else:
        raise fail("BM925", f"`{path.name}` is neither a .nc nor a .zarr file", help="ArviZ reads both")
    os.replace(beside, path)
